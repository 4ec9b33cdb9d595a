import { joined } from "../core/text.ts";
import type { JobState } from "../kubeflow/model.ts";

/** A row as it is drawn, before it becomes a TreeItem. */
export interface Row {
  readonly label: string;
  readonly description: string;
  readonly icon: string;
  readonly colour?: string;
  /** Lines of plain text. */
  readonly tooltip: readonly string[];
  /** What it is and what can be done with it, for `when` clauses: see CONTEXT_VALUES. */
  readonly contextValue: string;
  /** What a screen reader says, complete without the rest of the row. */
  readonly spoken: string;
}

/** The icon of a state, and its colour; never the only sign of it (ux: table of states). */
export type StateIcon = readonly [icon: string, colour?: string];

export const STATE_ICONS: Readonly<Record<JobState | "Ready" | "Stopped", StateIcon>> = {
  Waiting: ["watch"],
  Queued: ["list-ordered"],
  Starting: ["loading~spin"],
  Running: ["play-circle", "charts.green"],
  Restarting: ["sync", "charts.yellow"],
  Suspended: ["debug-pause"],
  Stopped: ["debug-pause"],
  Succeeded: ["pass-filled", "testing.iconPassed"],
  Ready: ["pass-filled", "testing.iconPassed"],
  Failed: ["error", "testing.iconFailed"],
  Stopping: ["loading~spin"],
  Unknown: ["question"],
};

const UNITS: Readonly<Record<string, string>> = {
  ...{ Ki: "kibibytes", Mi: "mebibytes", Gi: "gibibytes", Ti: "tebibytes" },
  ...{ s: "seconds", min: "minutes", h: "hours", d: "days" },
};

/** What a screen reader says of a row: its parts, with pauses between them and units in words. */
export function spokenText(parts: readonly string[]): string {
  return joined(parts, ", ")
    .replaceAll(" · ", ", ")
    .replace(/\b(\d+(?:\.\d+)?) (Ki|Mi|Gi|Ti|s|min|h|d)(?![\w-])/g, (_, count: string, unit: string) => {
      const word = UNITS[unit] ?? unit;
      return `${count} ${count === "1" ? word.replace(/s$/, "") : word}`;
    });
}

/** What of a message stands in a row: its first sentence, and of a long one what stands before the reason. */
export function firstSentence(text: string): string {
  const [sentence = text] = text.split(/(?<=[.!?…]) (?=\p{Lu})/u);
  if (sentence.length <= 80) return sentence;
  const [what = ""] = sentence.split(/: /);
  return what.length < sentence.length ? `${what}…` : sentence;
}

/** For a spread into a Row. */
export function iconOf([icon, colour]: StateIcon): Pick<Row, "icon" | "colour"> {
  return { icon, ...(colour === undefined ? {} : { colour }) };
}
