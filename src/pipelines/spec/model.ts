// What a compiled pipeline is, as it is shown and asked for.

/** Types of values, as a form asks for them: `list` and `struct` are JSON. */
export type ValueType = "string" | "integer" | "number" | "boolean" | "list" | "struct";

/** A parameter of a pipeline. */
export interface PipelineInput {
  readonly name: string;
  readonly type: ValueType;
  /** JSON, of that type where an SDK has written it; undefined where it has none. */
  readonly default: unknown;
  /** True where a run needs no value for it: it has a default, or its code lives without. */
  readonly optional: boolean;
  readonly description: string;
  /** The only values that it may have; empty where it may have any (kfp ≥ 2.15, `Literal`). */
  readonly choices: readonly unknown[];
}

/** An artifact that a pipeline is given. A run that is made over REST cannot give one; a pipeline around it does. */
export interface ArtifactInput {
  readonly name: string;
  /** `Dataset`, `Model`; `Artifact` where nothing more is told. */
  readonly type: string;
  readonly isList: boolean;
  readonly optional: boolean;
  readonly description: string;
}

/** Where an input of a task comes from, looked up through all that stands around the task. */
export type Source =
  | { readonly kind: "constant"; readonly value: unknown }
  /** An input of the pipeline. */
  | { readonly kind: "input"; readonly name: string }
  /** `task` is the path of one. */
  | { readonly kind: "output"; readonly task: string; readonly name: string }
  /** What the loop `task` goes over, one by one. */
  | { readonly kind: "item"; readonly task: string }
  /** How the task `task` has ended. */
  | { readonly kind: "status"; readonly task: string }
  | { readonly kind: "unknown" };

export interface TaskInput {
  readonly name: string;
  /** A `ValueType` or an artifact's type. */
  readonly type: string;
  readonly isArtifact: boolean;
  readonly from: Source;
}

export interface TaskOutput {
  readonly name: string;
  /** A `ValueType` or an artifact's type, such as `Metrics`. */
  readonly type: string;
  readonly isArtifact: boolean;
}

/**
 * `dag` is a pipeline in a pipeline, `exit handler` what a task is run after in any case. A `condition` without a text
 * holds conditions that exclude each other.
 */
export type TaskKind = "container" | "importer" | "dag" | "loop" | "condition" | "exit handler";

export interface PipelineTask {
  /** Its key and those of the tasks around it: `exit-handler-1/for-loop-2/train`. */
  readonly path: string;
  /** Its own key, unique among its neighbours. */
  readonly key: string;
  /** As a person reads it. */
  readonly name: string;
  /** Of the specification, without `comp-`. */
  readonly component: string;
  readonly kind: TaskKind;
  /** Empty where it has none of its own. */
  readonly image: string;
  /** Paths of its neighbours that it comes after. */
  readonly dependsOn: readonly string[];
  /** True where it is run also when what it comes after has failed. */
  readonly always: boolean;
  /** `quick == true`; empty where it is run in any case. */
  readonly condition: string;
  readonly loop: { readonly over: Source; readonly parallelism: number | undefined } | undefined;
  readonly inputs: readonly TaskInput[];
  readonly outputs: readonly TaskOutput[];
  /** Whether results of an earlier run may stand for it. */
  readonly caching: boolean;
  /** How often it is tried again. */
  readonly retry: number;
  /** In an order in which they could be run. */
  readonly children: readonly PipelineTask[];
}

export interface PipelineSpec {
  /** The one that the server knows it by. */
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  /** `kfp-2.17.3`; may be empty. */
  readonly sdk: string;
  readonly inputs: readonly PipelineInput[];
  readonly artifacts: readonly ArtifactInput[];
  /** In an order in which they could be run. */
  readonly tasks: readonly PipelineTask[];
  /** True where it is so large that tasks were left out. */
  readonly isCut: boolean;
}
