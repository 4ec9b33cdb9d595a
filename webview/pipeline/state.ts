// What the page of a pipeline knows. Pure.
import type {
  Graph,
  GraphStatus,
  GraphTask,
  RunHead,
  ShownContent,
  StepDetails,
  StepStatus,
  ToPipeline,
} from "../../src/contract/pipeline.ts";

export interface State {
  readonly file: string;
  readonly names: readonly string[];
  readonly shown: string;
  readonly graph: Graph | null;
  readonly hasSource: boolean;
  readonly status: GraphStatus | undefined;
  readonly states: ReadonlyMap<string, StepStatus>;
  /** Groups whose children are not drawn. */
  readonly closed: ReadonlySet<string>;
  readonly table: boolean;
  /** Path of the task whose particulars are shown. */
  readonly selected: string;
  /** Undefined where a file is shown, and no run. */
  readonly run: RunHead | undefined;
  /** By path, of those that were pressed. */
  readonly steps: ReadonlyMap<string, StepDetails>;
  /** Of artifacts, by their ids, that were asked for. */
  readonly contents: ReadonlyMap<string, ShownContent>;
}

export const START: State = {
  file: "",
  names: [],
  shown: "",
  graph: null,
  hasSource: false,
  status: undefined,
  states: new Map(),
  closed: new Set(),
  table: false,
  selected: "",
  run: undefined,
  steps: new Map(),
  contents: new Map(),
};

/** Larger graphs begin with their groups closed. */
const MOST_OPEN = 400;

/** What an earlier page had kept, as far as it can be read. */
export function restored(kept: unknown): Pick<State, "table" | "closed"> {
  const value: object = typeof kept === "object" && kept !== null ? kept : {};
  const closed: unknown = Reflect.get(value, "closed");
  return {
    table: Reflect.get(value, "table") === true,
    closed: new Set(Array.isArray(closed) ? closed.filter((path) => typeof path === "string") : []),
  };
}

export function take(state: State, message: ToPipeline): State {
  switch (message.type) {
    case "graph": {
      const { file, names, shown, graph, hasSource } = message;
      const isOther = state.graph === null || state.shown !== shown;
      const tasks = graph?.tasks ?? [];
      const isLarge = isOther && graph !== null && all(tasks).length > MOST_OPEN;
      const closed = isLarge ? new Set([...state.closed, ...groups(tasks)]) : state.closed;
      const selected = find(tasks, state.selected) === undefined ? "" : state.selected;
      return { ...state, file, names, shown, graph, hasSource, closed, selected };
    }
    case "status":
      return { ...state, status: message.status };
    case "run":
      return { ...state, run: message.run };
    case "step":
      return { ...state, steps: new Map([...state.steps, [message.path, message.step]]) };
    case "content":
      return { ...state, contents: new Map([...state.contents, [message.id, message.content]]) };
    case "states":
      return {
        ...state,
        states: new Map([...(message.anew ? [] : state.states), ...Object.entries(message.states)]),
      };
  }
}

export function fold(state: State, path: string): State {
  const closed = new Set(state.closed);
  if (!closed.delete(path)) closed.add(path);
  return { ...state, closed };
}

/** Each with how deep it stands; those in it after it. */
export function outline(tasks: readonly GraphTask[], level = 0): readonly (readonly [GraphTask, number])[] {
  return tasks.flatMap((task) => [[task, level] as const, ...outline(task.children, level + 1)]);
}

export function all(tasks: readonly GraphTask[]): readonly GraphTask[] {
  return outline(tasks).map(([task]) => task);
}

export function find(tasks: readonly GraphTask[], path: string): GraphTask | undefined {
  return all(tasks).find((task) => task.path === path);
}

function groups(tasks: readonly GraphTask[]): readonly string[] {
  return tasks.filter(({ children }) => children.length > 0).map(({ path }) => path);
}
