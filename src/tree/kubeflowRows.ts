import { label } from "../core/sanitize.ts";
import { joined } from "../core/text.ts";
import type { InstallHealth, InstallView, PartView } from "../install/index.ts";
import { contextValue } from "../manifest.ts";
import { folderRow, staleWords } from "./clusterRows.ts";
import { iconOf, type Row, spokenText, STATE_ICONS } from "./row.ts";

/** `26.03.1 · all 5 healthy`, `26.03.1 · Katib is not ready`. */
export function installRow(install: Pick<InstallHealth, "value" | "state"> | undefined, now: number): Row {
  const { value: view, state } = install ?? {};
  if (view === undefined) return folderRow("kubeflow", "", [], { kubeflow: true });
  const words = state?.kind === "stale" ? staleWords(state, now) : viewWords(view);
  const ill = view.parts.filter((part) => part.state !== "Ready");
  const canGoOn = !view.isFinished && !view.isUnderWay && view.intent === "install";
  return folderRow("kubeflow", joined([label(view.release, 30), words]), ill.map(partWords), {
    kubeflow: true,
    unfinished: canGoOn,
  });
}

function viewWords({ intent, isUnderWay, isFinished, parts }: InstallView): string {
  if (intent === "uninstall") return isUnderWay ? "being taken away" : "not all taken away yet";
  if (!isFinished) return isUnderWay ? "being installed" : "not finished";
  const [first, ...more] = parts.filter(({ state }) => state !== "Ready");
  if (first === undefined) return parts.length === 1 ? "healthy" : `all ${parts.length} healthy`;
  if (first.state === "Unknown") return "its health may not be read";
  if (more.length === 0) return `${label(first.title, 40)} is not ready`;
  return `${more.length + 1} of ${parts.length} are not ready`;
}

export function partRow(part: PartView): Row {
  const { state, reasons, version } = part;
  const name = label(part.title, 60);
  // The row has room for what matters: which object it is about is said in full by the tooltip.
  const why = (reasons[0] ?? "").replace(/^[A-Z]\w+ \S+( in \S+)?: (.* · pod \S+: (\w+, )?)?/, "");
  return {
    label: name,
    description: joined([state, label(why, 60), label(version, 30)]),
    ...iconOf(STATE_ICONS[state]),
    tooltip: [joined([name, label(version, 30)], " "), state, ...reasons.map((reason) => label(reason, 600))],
    contextValue: contextValue("component", { why: state !== "Ready" && reasons.length > 0 }),
    spoken: spokenText([name, "component of Kubeflow", state.toLowerCase(), label(why), label(version, 30)]),
  };
}

function partWords({ title, state, reasons }: PartView): string {
  const words = `${label(title, 60)}: ${state.toLowerCase()}`;
  return reasons[0] === undefined ? words : `${words}. ${label(reasons[0], 300)}`;
}
