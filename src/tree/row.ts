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

/** For a spread into a Row. */
export function iconOf([icon, colour]: StateIcon): Pick<Row, "icon" | "colour"> {
  return { icon, ...(colour === undefined ? {} : { colour }) };
}

/** The parts that say something, one after the other. */
export function joined(parts: readonly string[], separator = " · "): string {
  return parts.filter((part) => part !== "").join(separator);
}
