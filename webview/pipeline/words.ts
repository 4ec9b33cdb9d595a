// Every word that the page of a pipeline says by itself.
import type { GraphFact, GraphKind, GraphTask, StepStatus } from "../../src/contract/pipeline.ts";
import { duration, joined, plural } from "../../src/core/text.ts";

export const WORDS = {
  title: (name: string, file: string) => (name === "" || name === file ? file : `${name} · ${file}`),
  reading: "Reading…",
  pipeline: "Pipeline",
  pipelines: "Pipeline of the file",
  table: "Show as table",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  fit: "Fit",
  graph: (count: number) =>
    `Graph of ${plural(count, "task")}. Arrow keys go from task to task, Enter shows one, Space opens and closes a group; plus, minus and 0 zoom.`,
  drawn: (count: number) => `${plural(count, "task")}.`,
  kinds: {
    container: "container",
    importer: "importer",
    dag: "pipeline",
    loop: "loop",
    condition: "condition",
    "exit handler": "exit handler",
  } satisfies Readonly<Record<GraphKind, string>>,
  fold: (name: string, isOpen: boolean) => `${isOpen ? "Close" : "Open"} ${name}`,
  source: "Go to Source",
  after: "After",
  alwaysRuns: "runs also after a failure",
  cached: "cached",
  caching: "Caching",
  on: "on",
  off: "off",
  retries: "Retries",
  image: "Image",
  component: "Component",
  inputs: "Inputs",
  outputs: "Outputs",
  state: "State",
  none: "none",
  task: "Task",
  kind: "Kind",
  tableOf: (name: string) => `Tasks of ${name}`,
  cut: "It is so large that not all of its tasks are shown.",
  log: "Show Log",
  read: "Reads",
  written: "Writes",
  show: (name: string) => `Show ${name}`,
  stop: (name: string) => `Cancel reading ${name}`,
  cancel: "Cancel",
  save: (name: string) => `Download ${name}`,
  showShort: "Show",
  saveShort: "Download…",
  readingIt: "Reading…",
  brokenImage: "It begins as an image does, but cannot be drawn. It can be downloaded.",
  cutContent: "Only its beginning is shown.",
  failedAt: (name: string) => `${name} failed first`,
  lastLines: (name: string) => `Last lines of ${name}`,
  goToStep: "Show Step",
  chooseStep: "Press a step for its log, what went into it, and what came out.",
  chooseServed: "Press a task for its inputs and outputs.",
  choose: "Press a task for its inputs and outputs, and the place where it is made.",
} as const;

/** What the drawing shows by icons and lines: `container, after prepare`. */
export function alsoSpoken(task: GraphTask, names: ReadonlyMap<string, string>): string {
  const after = task.after.map((path) => names.get(path) ?? path).join(", ");
  return joined([WORDS.kinds[task.kind], after && `after ${after}`], ", ");
}

/** `Running · 2 min`, `Succeeded · cached`; empty where it has no state. */
export function stateWords(status: StepStatus | undefined, now: number): string {
  if (status === undefined) return "";
  const { state, started, finished, cached } = status;
  const took = started === null || state === "Waiting" ? "" : duration((finished ?? now) - started);
  return joined([state, cached ? WORDS.cached : took]);
}

/** `rows (integer): input rows`. */
export function factWords({ name, type, words }: GraphFact): string {
  return words === "" ? `${name} (${type})` : `${name} (${type}): ${words}`;
}
