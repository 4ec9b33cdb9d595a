// How far each task of a run is: of the Workflow's nodes, else of what the server tells of tasks by their names.
import { isActive, type RunState, type RunTask } from "../model.ts";
import type { PipelineSpec, PipelineTask } from "../spec/model.ts";
import type { RunProgress, TaskProgress } from "./model.ts";
import { type NodePlace, placeOf, type RunWorkflow, type WorkflowNode } from "./workflow.ts";

/** Argo's phases of a node. */
const PHASES: Readonly<Record<string, RunState>> = {
  Pending: "Waiting",
  Running: "Running",
  Succeeded: "Succeeded",
  Skipped: "Skipped",
  Omitted: "Skipped",
  Failed: "Failed",
  Error: "Failed",
};

const IDLE: TaskProgress = {
  ...{ state: "Waiting", started: undefined, finished: undefined, cached: false },
  ...{ iterations: undefined, pods: [], message: "" },
};

/** The nodes of a task, in one round of the loops around it. */
interface Unit {
  readonly rounds: readonly number[];
  own?: WorkflowNode;
  driver?: WorkflowNode;
  /** All rounds of a loop. */
  group?: WorkflowNode;
  readonly executors: WorkflowNode[];
}

/** What a task stands in. */
interface Around {
  readonly state: RunState;
  /** Rounds that it will have; 0 outside of loops. */
  readonly expected: number;
  readonly isStopped: boolean;
}

/** Every task of a specification by its path, each after what is around it. */
export function tasksByPath(spec: PipelineSpec): ReadonlyMap<string, PipelineTask> {
  const found = new Map<string, PipelineTask>();
  const add = (tasks: readonly PipelineTask[]): void => {
    for (const task of tasks) {
      found.set(task.path, task);
      add(task.children);
    }
  };
  add(spec.tasks);
  return found;
}

/** Undefined where the Workflow does not carry its nodes. */
export function progressOfWorkflow(spec: PipelineSpec, workflow: RunWorkflow): RunProgress | undefined {
  if (workflow.nodes === undefined) return undefined;
  const tasks = tasksByPath(spec);
  const units = new Map<string, Map<string, Unit>>();
  for (const node of workflow.nodes) {
    const place = placeOf(node.name, workflow.name, tasks);
    if (place !== undefined) put(unitOf(units, place), place.role, node);
  }
  const progress = new Map<string, TaskProgress>();
  const fill = (children: readonly PipelineTask[], around: Around): void => {
    for (const task of children) {
      const known = [...(units.get(task.path)?.values() ?? [])].sort(byRounds);
      const own = known.length === 0 ? absent(around.state) : ofUnits(task, known, around);
      progress.set(task.path, own);
      fill(task.children, { ...around, state: own.state, expected: own.iterations?.of ?? around.expected });
    }
  };
  fill(spec.tasks, { state: stateOfWorkflow(workflow), expected: 0, isStopped: workflow.isStopped });
  return progress;
}

/** Of the whole. */
export function stateOfWorkflow({ phase, isStopped }: RunWorkflow): RunState {
  const state = stateOfPhase(phase);
  if (!isStopped || state === "Succeeded") return state;
  return isActive({ state }) ? "Stopping" : "Stopped";
}

/**
 * By the names that the server gives Argo's nodes, the keys of the tasks: a step whose key stands in several places of the
 * pipeline is told apart only as long as all of them are in one state. What is cached is not told.
 */
export function progressOfTasks(spec: PipelineSpec, tasks: readonly RunTask[], run: RunState): RunProgress {
  const byKey = Map.groupBy(tasksByPath(spec).values(), ({ key }) => key);
  const byName = Map.groupBy(tasks, ({ name }) => name.replace(/-iterations(\(\d+:[^)]*\))?$/, ""));
  const progress = new Map<string, TaskProgress>();
  const fill = (children: readonly PipelineTask[], around: RunState): void => {
    for (const task of children) {
      const told = byName.get(task.key) ?? [];
      const all = told.map(({ state, started, finished, pods }) => {
        return { ...IDLE, state, started, finished, pods: pods.filter(isOfCode) };
      });
      const isOne = (byKey.get(task.key)?.length ?? 0) <= 1 || new Set(told.map(({ state }) => state)).size <= 1;
      const own: TaskProgress =
        told.length === 0
          ? absent(around)
          : isOne
            ? together(all)
            : {
                ...IDLE,
                state: "Unknown",
                message: "Several steps have this name, and the server tells them no further.",
              };
      progress.set(task.path, own);
      fill(task.children, own.state);
      // Older servers have no entry for a group: it is as far as what is in it.
      const inside = task.children.flatMap(({ path }) => progress.get(path) ?? []);
      if (told.length === 0 && inside.some(({ started }) => started !== undefined))
        progress.set(task.path, { ...together(inside), pods: [] });
    }
  };
  fill(spec.tasks, run);
  return progress;
}

/** Nothing is known of it: it waits, or will never be. */
function absent(around: RunState): TaskProgress {
  return isActive({ state: around }) || around === "Unknown" || around === "Suspended"
    ? IDLE
    : { ...IDLE, state: "Skipped" };
}

function ofUnits(task: PipelineTask, units: readonly Unit[], { state, expected, isStopped }: Around): TaskProgress {
  const read = (unit: Unit): TaskProgress => ofUnit(unit, task, isStopped);
  const depth = Math.min(...units.map(({ rounds }) => rounds.length));
  // A loop has a unit of its own, and one for each of its rounds.
  const wholes = task.kind === "loop" ? units.filter(({ rounds }) => rounds.length === depth) : units;
  const whole = together(wholes.map(read));
  // Rounds that have not begun have no nodes yet.
  const isPart = units.length < expected && isActive({ state });
  const own: TaskProgress =
    isPart && !isActive(whole) && whole.state !== "Failed"
      ? { ...whole, state: "Running", finished: undefined }
      : whole;
  if (task.kind !== "loop") return own;
  const rounds = units.filter((unit) => unit.rounds.length > depth);
  const told = wholes.reduce((sum, { driver }) => sum + (Number(driver?.outputs["iteration-count"]) || 0), 0);
  const done = rounds.filter((unit) => !isActive(read(unit))).length;
  return { ...own, iterations: { done, of: Math.max(told, rounds.length) } };
}

function ofUnit({ own, driver, group, executors }: Unit, { kind }: PipelineTask, isStopped: boolean): TaskProgress {
  const attempts = executors.filter(({ type }) => type === "Pod").sort((a, b) => attemptOf(a) - attemptOf(b));
  const code = executors.find(({ type }) => type === "Retry") ?? attempts.at(-1);
  const cached = driver?.outputs["cached-decision"] === "true";
  const whole = own ?? group;
  const isOver = whole !== undefined && !isActive({ state: stateOfPhase(whole.phase) });
  // What comes after a driver that failed is left out: it is the failure. Around code that has not begun, Argo runs.
  const hasFailed = driver !== undefined && stateOfPhase(driver.phase) === "Failed";
  const isCode = kind === "container" && whole?.type !== "Pod";
  const node = hasFailed ? driver : isOver ? whole : isCode ? code : whole;
  const read = node === undefined ? "Waiting" : stateOfPhase(node.phase);
  const state = read === "Failed" && isStopped ? "Stopped" : cached && read === "Skipped" ? "Succeeded" : read;
  const timed = state === "Skipped" ? undefined : cached ? driver : (code ?? node);
  return {
    state,
    started: timed?.started,
    finished: isActive({ state }) ? undefined : timed?.finished,
    cached,
    iterations: undefined,
    pods: (hasFailed ? [driver] : own?.type === "Pod" ? [own] : attempts).flatMap(({ pod }) => pod ?? []),
    message: wordsOf([node ?? driver, code, attempts.at(-1)], state),
  };
}

function attemptOf({ name }: WorkflowNode): number {
  return Number(/\((\d+)\)$/.exec(name)?.[1] ?? 0);
}

/** Several of them as one: the worst of what has ended counts, then what still goes on. */
function together(all: readonly TaskProgress[]): TaskProgress {
  const [only, ...others] = all;
  if (only === undefined) return IDLE;
  if (others.length === 0) return only;
  const states = new Set(all.map(({ state }) => state));
  const [first] = WORST.filter((state) => states.has(state));
  // Some have ended, some wait: it is on its way.
  const state = first === "Waiting" && states.size > 1 ? "Running" : (first ?? "Unknown");
  const times = (of: "started" | "finished"): readonly number[] => all.flatMap((one) => one[of] ?? []);
  return {
    state,
    started: times("started").length > 0 ? Math.min(...times("started")) : undefined,
    finished: !isActive({ state }) && times("finished").length > 0 ? Math.max(...times("finished")) : undefined,
    cached: all.every(({ cached, state: one }) => cached || one === "Skipped") && all.some(({ cached }) => cached),
    iterations: undefined,
    pods: all.flatMap(({ pods }) => pods),
    message: all.find((one) => one.state === state && one.message !== "")?.message ?? "",
  };
}

const WORST: readonly RunState[] = [
  ...(["Failed", "Stopping", "Running", "Waiting", "Stopped", "Suspended", "Unknown", "Succeeded", "Skipped"] as const),
];

/** What Argo says of a node, in words that tell something. */
function wordsOf(nodes: readonly (WorkflowNode | undefined)[], state: RunState): string {
  const said = nodes.flatMap((node) => node?.message ?? []).filter((text) => text !== "" && !CHILD.test(text));
  const [first = ""] = said;
  // Argo stops a step by a deadline: who stopped the run knows better.
  if (state === "Stopped") return "";
  if (state !== "Skipped") return state === "Succeeded" ? "" : first;
  if (/^when .* evaluated false$/.test(first)) return "Its condition was not met.";
  return /depends condition/.test(first) ? "What it comes after did not succeed." : first;
}

/** Of a group: which node in it has failed, by an id that tells nobody anything. */
const CHILD = /^child '.*' failed$/;

function put(unit: Unit, role: NodePlace["role"], node: WorkflowNode): void {
  if (role === "executor") {
    if (node.type !== "Skipped") unit.executors.push(node);
  } else if (role === "driver") unit.driver = node;
  else if (role === "rounds") unit.group = node;
  // One round is two nodes, of which the outer comes first by its name.
  else if (unit.own === undefined || node.name.length < unit.own.name.length) unit.own = node;
}

function unitOf(units: Map<string, Map<string, Unit>>, { path, rounds }: NodePlace): Unit {
  const ofTask = units.get(path) ?? new Map<string, Unit>();
  units.set(path, ofTask);
  const unit = ofTask.get(rounds.join()) ?? { rounds, executors: [] };
  ofTask.set(rounds.join(), unit);
  return unit;
}

function byRounds(one: Unit, other: Unit): number {
  const at = one.rounds.findIndex((round, index) => round !== other.rounds[index]);
  return at === -1 ? one.rounds.length - other.rounds.length : (one.rounds[at] ?? 0) - (other.rounds[at] ?? 0);
}

function stateOfPhase(phase: string): RunState {
  return (Object.hasOwn(PHASES, phase) && PHASES[phase]) || "Unknown";
}

/** Among the names that the server tells may be those of drivers. */
function isOfCode(pod: string): boolean {
  return !/-driver-\d+$/.test(pod);
}
