import { label } from "../core/sanitize.ts";
import { ago, duration, joined, lasting } from "../core/text.ts";
import type { StoreState } from "../kube/store.ts";
import { contextValue, type RowFlags } from "../manifest.ts";
import type {
  Access,
  ListKind,
  PipelineItem,
  PipelineList,
  PipelineRun,
  RunState,
  RunTask,
} from "../pipelines/index.ts";
import type { Allowed } from "./allowed.ts";
import { staleWords } from "./clusterRows.ts";
import { iconOf, type Row, spokenText, STATE_ICONS, type StateIcon } from "./row.ts";

const ICONS: Readonly<Record<RunState, StateIcon>> = { ...STATE_ICONS, Skipped: ["debug-step-over"] };
const LISTS: Readonly<Record<ListKind, readonly [title: string, icon: string]>> = {
  runs: ["Runs", "play"],
  archived: ["Archived runs", "archive"],
  recurring: ["Recurring runs", "history"],
  pipelines: ["Pipelines", "type-hierarchy"],
  versions: ["Versions", "versions"],
};
/** States that last until somebody does something, or the run goes on. */
const UNDER_WAY: ReadonlySet<RunState> = new Set(["Waiting", "Running", "Stopping"]);

/** States that a pod may say more of. */
const WHY: ReadonlySet<RunState> = new Set(["Waiting", "Failed"]);

/** `standalone, by port-forward`, or what stands in the way. */
export function accessWords(access: Access | undefined, state: StoreState, now: number): string {
  if (state.kind === "stale") return staleWords(state, now);
  if (state.kind === "failed") return "cannot be reached";
  if (access === undefined) return state.kind === "loading" ? "loading" : "";
  const { multiUser, way, version } = access;
  const by = way === "gateway" ? "by the gateway’s sign-in" : multiUser ? `by ${way} with a token` : `by ${way}`;
  const words = `${multiUser ? "multi-user" : "standalone"}, ${by}`;
  return joined([words, version ?? ""]);
}

/** One of the lists: how many there are, and of runs how the last one stands. */
export function listRow(kind: ListKind, list: PipelineList | undefined, state: StoreState, now: number): Row {
  const [title, icon] = LISTS[kind];
  const words = listWords(list, state, now);
  return {
    label: title,
    description: words,
    icon,
    tooltip: [joined([title, words])],
    contextValue: contextValue("pipeline"),
    spoken: spokenText([title, "list", words]),
  };
}

function listWords(list: PipelineList | undefined, state: StoreState, now: number): string {
  if (state.kind === "stale") return staleWords(state, now);
  if (state.kind === "failed") return "cannot be read";
  if (list === undefined) return state.kind === "loading" ? "loading" : "";
  const count = list.total ?? list.items.length;
  const [last] = list.items;
  if (last?.kind !== "run") return String(count);
  const word = last.state.toLowerCase();
  if (UNDER_WAY.has(last.state)) return `${count} · last run is ${word}`;
  return `${count} · last run ${word} ${ago(now - (last.finished ?? last.created))}`;
}

export function spaceRow(namespace: string): Row {
  const name = label(namespace, 63);
  return {
    label: name,
    description: "",
    icon: "symbol-namespace",
    tooltip: [`Pipelines of ${name}`],
    contextValue: contextValue("pipeline", { name: true }),
    spoken: `${name}, namespace of pipelines`,
  };
}

/** `versions` is the state of a pipeline's list of them, which says its age when it cannot be read. */
export function itemRow(item: PipelineItem, now: number, versions?: StoreState, isArchived = false): Row {
  switch (item.kind) {
    case "run":
      return runRow(item, now, isArchived);
    case "recurring":
      return recurringRow(item, now);
    case "pipeline":
    case "version": {
      const stale = versions?.kind === "stale" ? staleWords(versions, now) : "";
      const kind = item.kind === "pipeline" ? "pipeline" : "version of a pipeline";
      const icon = item.kind === "pipeline" ? "type-hierarchy" : "git-commit";
      const flags = { open: true, upload: item.kind === "pipeline" };
      return plainRow(item, kind, joined([stale, made(item, now)]), icon, [label(item.description, 600)], flags);
    }
  }
}

function runRow(run: PipelineRun, now: number, isArchived: boolean): Row {
  const { state } = run;
  const ofState = state === "Waiting" ? "Waiting" : "Failed";
  const named = run.tasks.filter((task) => task.state === ofState).map(({ name }) => label(name, 30));
  const lasted = lastedWords(run, now);
  const ended = UNDER_WAY.has(state) || run.created === 0 ? "" : ago(now - (run.finished ?? run.created));
  const more = [named.slice(0, 2).join(", "), lasted, ended];
  const name = label(run.name);
  return {
    label: name,
    description: joined([state, ...more]),
    ...iconOf(ICONS[state]),
    tooltip: [
      `${name} · run · ${state}`,
      ...(run.error === undefined ? [] : [label(run.error, 600)]),
      ...(named.length === 0 ? [] : [`${ofState}: ${named.slice(0, 10).join(", ")}`]),
      ...(lasted === "" ? [] : [lasted]),
      ...created(run),
    ],
    contextValue: contextValue("pipeline", {
      name: true,
      yaml: true,
      logs: state !== "Waiting" || run.tasks.length > 0,
      why: WHY.has(state),
      delete: true,
      open: true,
      run: true,
      stop: state === "Running" || state === "Waiting",
      retry: state === "Failed" || state === "Stopped",
      archive: isArchived || !UNDER_WAY.has(state),
    }),
    spoken: spokenText([name, "run", state.toLowerCase(), ...more]),
  };
}

/** `allowed` is what may be done with the pods of runs. */
export function taskRow(task: RunTask, now: number, allowed: Pick<Allowed, "events" | "shell">): Row {
  const name = label(task.name);
  const lasted = task.state === "Skipped" ? "" : lastedWords(task, now);
  const hasLog = task.started !== undefined && task.state !== "Skipped";
  return {
    label: name,
    description: joined([task.state, lasted]),
    ...iconOf(ICONS[task.state]),
    tooltip: [`${name} · task · ${task.state}`, ...(lasted === "" ? [] : [lasted])],
    contextValue: contextValue("pipeline", {
      name: true,
      events: task.pods.length > 0 && allowed.events,
      logs: hasLog,
      shell: task.state === "Running" && allowed.shell,
      why: WHY.has(task.state),
    }),
    spoken: spokenText([name, "task", task.state.toLowerCase(), lasted]),
  };
}

function recurringRow(item: PipelineItem & { kind: "recurring" }, now: number): Row {
  const state = stateWord(item);
  const words = joined([state, label(item.schedule, 60), made(item, now)]);
  return plainRow(item, "recurring run", words, item.enabled ? "history" : "debug-pause", [], {
    stop: item.enabled,
    start: !item.enabled,
  });
}

function plainRow(
  item: PipelineItem,
  what: string,
  words: string,
  icon: string,
  more: readonly string[],
  flags: RowFlags = {},
): Row {
  const name = label(item.name);
  return {
    label: name,
    description: words,
    icon,
    tooltip: [`${name} · ${what}`, words, ...more, ...created(item)].filter((line) => line !== ""),
    contextValue: contextValue("pipeline", { name: true, yaml: true, delete: true, run: true, ...flags }),
    spoken: spokenText([name, what, words]),
  };
}

/** The word that a filter by state means. */
export function stateWord(item: PipelineItem): string {
  return item.kind === "run" ? item.state : item.kind === "recurring" ? (item.enabled ? "Enabled" : "Disabled") : "";
}

/** `took 13 s`; while it is under way `for 14 min`. */
function lastedWords(
  { state, started, finished }: Pick<RunTask, "state" | "started" | "finished">,
  now: number,
): string {
  if (started === undefined) return "";
  if (UNDER_WAY.has(state)) return lasting(now - started);
  return finished === undefined ? "" : `took ${duration(finished - started)}`;
}

function made({ created: at }: PipelineItem, now: number): string {
  return at === 0 ? "" : `made ${ago(now - at)}`;
}

function created({ created: at }: PipelineItem): readonly string[] {
  return at === 0 ? [] : [`Created ${new Date(at).toLocaleString()}`];
}
