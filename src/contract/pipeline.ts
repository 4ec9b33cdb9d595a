// Messages between the page of a pipeline's graph and the extension: its tasks, how each stands, what is being done.
import * as v from "valibot";

/** Of a task's path; the longest are those of tasks in many groups. */
const PathSchema = v.pipe(v.string(), v.maxLength(8_192));

/** From the page. Anything else is refused, see panels/. */
export const FromPipelineSchema = v.variant("type", [
  /** The page is drawn and wants all that is known. */
  v.strictObject({ type: v.literal("ready") }),
  /** A task was pressed; `stay`: the page keeps the focus. */
  v.strictObject({ type: v.literal("open"), path: PathSchema, stay: v.boolean() }),
  /** Another pipeline of the file. */
  v.strictObject({ type: v.literal("choose"), name: v.pipe(v.string(), v.maxLength(1_000)) }),
  /** Of a run: the log of a task. */
  v.strictObject({ type: v.literal("logs"), path: PathSchema }),
  /** Of a run: an artifact's content is to be shown, not waited for any more, or saved to a file. */
  v.strictObject({
    type: v.literal("artifact"),
    id: v.pipe(v.string(), v.maxLength(200)),
    how: v.picklist(["show", "stop", "save"]),
  }),
  /** A button of the run, by its title. */
  v.strictObject({ type: v.literal("deed"), title: v.pipe(v.string(), v.maxLength(200)) }),
  /** A button of the status, by its place there. */
  v.strictObject({ type: v.literal("press"), step: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(9)) }),
]);
export type FromPipeline = v.InferOutput<typeof FromPipelineSchema>;

export type GraphKind = "container" | "importer" | "dag" | "loop" | "condition" | "exit handler";

/** Words that are shown beside each other; `task` is the path of the task that they name, where they do. */
export interface GraphFact {
  readonly name: string;
  readonly type: string;
  readonly words: string;
  readonly task?: string;
}

/** A task, and those in it. Paths are unique; those of neighbours differ after the last slash. */
export interface GraphTask {
  readonly path: string;
  readonly name: string;
  readonly kind: GraphKind;
  /** What distinguishes it at a glance: a short image, `quick == true`, `for each of items`. */
  readonly short: string;
  readonly image: string;
  readonly component: string;
  /** Paths of neighbours. */
  readonly after: readonly string[];
  /** Run also where what it comes after has failed. */
  readonly always: boolean;
  readonly caching: boolean;
  readonly retry: number;
  readonly inputs: readonly GraphFact[];
  readonly outputs: readonly GraphFact[];
  readonly children: readonly GraphTask[];
}

export interface Graph {
  readonly name: string;
  readonly description: string;
  readonly inputs: readonly GraphFact[];
  readonly tasks: readonly GraphTask[];
  /** It is so large that tasks were left out. */
  readonly isCut: boolean;
}

/** One word each, as in the tree. */
export type StepState =
  "Waiting" | "Running" | "Succeeded" | "Skipped" | "Failed" | "Stopping" | "Stopped" | "Suspended" | "Unknown";

/** How a task of a run stands. Times are wall ms, null where they are not known. */
export interface StepStatus {
  readonly state: StepState;
  readonly started: number | null;
  readonly finished: number | null;
  /** Its results are those of an earlier run. */
  readonly cached: boolean;
}

export interface GraphStatus {
  /** `failed`: the graph is not of what is there now. */
  readonly kind: "working" | "current" | "failed";
  readonly text: string;
  /** Buttons, by their titles. */
  readonly steps: readonly string[];
}

/** What a person sees first of a run. */
export interface RunHead {
  readonly name: string;
  readonly state: StepState;
  /** Wall ms. */
  readonly started: number | null;
  readonly finished: number | null;
  /** Where, and what is said of it. */
  readonly words: string;
  /** What can be done with it, by the buttons' titles. */
  readonly deeds: readonly string[];
  readonly failure: FailedStep | null;
}

export interface FailedStep {
  readonly path: string;
  readonly name: string;
  readonly why: string;
  /** The last of its log; empty where `noLog` says why there is none. */
  readonly lines: readonly string[];
  readonly noLog: string;
}

export interface ShownArtifact {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly uri: string;
  /** Scalars, and what else is said of it. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly tables: readonly ShownTable[];
}

/** The first row is a heading. */
export interface ShownTable {
  readonly name: string;
  readonly rows: readonly (readonly string[])[];
  readonly isCut: boolean;
}

/** One time that a task was carried out: in a loop there are several. */
export interface Round {
  /** `round 3`; empty where there is one alone. */
  readonly title: string;
  readonly inputs: readonly GraphFact[];
  readonly outputs: readonly GraphFact[];
  readonly read: readonly ShownArtifact[];
  readonly written: readonly ShownArtifact[];
}

/** What went into a task of a run, and what came out of it. */
export interface StepDetails {
  readonly message: string;
  readonly hasLog: boolean;
  readonly rounds: readonly Round[];
  /** Why nothing, or no more, is known of what went in and out. */
  readonly note: string;
}

export type ShownContent =
  | { readonly kind: "reading" }
  | { readonly kind: "text"; readonly text: string; readonly isCut: boolean }
  | { readonly kind: "scalars"; readonly facts: readonly (readonly [name: string, value: string])[] }
  | { readonly kind: "table"; readonly rows: readonly (readonly string[])[]; readonly isCut: boolean }
  /** In base 64. */
  | { readonly kind: "image"; readonly type: string; readonly data: string }
  /** It is not shown, and why. */
  | { readonly kind: "none"; readonly why: string };

/** To the page. */
export type ToPipeline =
  | {
      readonly type: "graph";
      /** Where it comes from: `pipeline.py`. */
      readonly file: string;
      /** Pipelines to choose from, `shown` among them. */
      readonly names: readonly string[];
      readonly shown: string;
      /** Null where there is none yet. */
      readonly graph: Graph | null;
      /** A task can be shown where it is made. */
      readonly hasSource: boolean;
    }
  | { readonly type: "status"; readonly status: GraphStatus }
  | { readonly type: "run"; readonly run: RunHead }
  | { readonly type: "step"; readonly path: string; readonly step: StepDetails }
  | { readonly type: "content"; readonly id: string; readonly content: ShownContent }
  | {
      readonly type: "states";
      /** Forget those that were told before. */
      readonly anew: boolean;
      /** By path; tasks without one have not been told of. */
      readonly states: Readonly<Record<string, StepStatus>>;
    };
