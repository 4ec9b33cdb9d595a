// What the page of one run shows: its graph's progress, what went into and came out of each step, how it failed.
import type { Disposable } from "../../core/dispose.ts";
import type { Event } from "../../core/events.ts";
import type { LiveReading } from "../../kube/liveReading.ts";
import type { StoreState } from "../../kube/store.ts";
import type { PipelineRun, RunState } from "../model.ts";
import type { RunLog } from "../runLogs.ts";
import type { PipelineSpec } from "../spec/model.ts";

/** How far a task of the specification is. Times are wall ms. */
export interface TaskProgress {
  readonly state: RunState;
  readonly started: number | undefined;
  readonly finished: number | undefined;
  /** Results of an earlier run stand for it. */
  readonly cached: boolean;
  /** Of a loop: how many of its rounds are over; `of` is 0 until that is known. */
  readonly iterations: { readonly done: number; readonly of: number } | undefined;
  /** Names of the pods with its code, in the order of their rounds and attempts. */
  readonly pods: readonly string[];
  /** Why it is as it is, where something was said; one line, harmless. */
  readonly message: string;
}

/** By the path of the task in the specification; every task has one. */
export type RunProgress = ReadonlyMap<string, TaskProgress>;

export interface RunDetails {
  readonly run: PipelineRun;
  /** Undefined where the server has it no more; `specWhy` says so then, else it is empty. */
  readonly spec: PipelineSpec | undefined;
  readonly specWhy: string;
  /** Empty without a specification. */
  readonly progress: RunProgress;
  /** `workflow`: watched, every change within a second. `server`: read every 2 s; what is cached the metadata tells. */
  readonly source: "workflow" | "server";
}

/** Harmless text; the first row is a heading. `isCut`: it goes on. */
export interface ArtifactTable {
  readonly name: string;
  readonly rows: readonly (readonly string[])[];
  readonly isCut: boolean;
}

export interface RunArtifact {
  /** The metadata's own; the same artifact may be the output of one task and the input of others. */
  readonly id: string;
  /** Of the input or output. */
  readonly name: string;
  /** `Metrics`, `Dataset`, `Model`, `HTML`. */
  readonly type: string;
  /** As it is in the metadata: hostile text. */
  readonly uri: string;
  readonly direction: "input" | "output";
  /** Scalars that the code logged. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What else is said of it, as text; JSON where it was a structure. */
  readonly properties: Readonly<Record<string, string>>;
  /** Curves and matrices that the code logged. */
  readonly tables: readonly ArtifactTable[];
  /** How its store is reached, in the server's words; empty for the server's own store. Never shown. */
  readonly session: string;
}

/** One execution of a task: a task of a loop has one for each round. */
export interface TaskMetadata {
  /** Rounds of the loops around it, outermost first. */
  readonly rounds: readonly number[];
  /** Parameters, as JSON. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly artifacts: readonly RunArtifact[];
  readonly cached: boolean;
}

/** By the path of the task; what has not begun has none. */
export type RunMetadata = ReadonlyMap<string, readonly TaskMetadata[]>;

/** What can be shown of an artifact; `isCut` where it goes on. */
export type ArtifactContent =
  | { readonly kind: "text" | "json"; readonly text: string; readonly isCut: boolean }
  | { readonly kind: "scalars"; readonly values: readonly (readonly [name: string, value: string])[] }
  /** The first row may be a heading. */
  | { readonly kind: "table"; readonly rows: readonly (readonly string[])[]; readonly isCut: boolean }
  | { readonly kind: "image"; readonly type: "image/png" | "image/jpeg" | "image/gif"; readonly bytes: Buffer }
  /** Only to be downloaded; `why` says it: `1.2 MB of no known form`. */
  | { readonly kind: "other"; readonly why: string };

export interface RunFailure {
  /** Path of the step that failed first. */
  readonly task: string;
  readonly name: string;
  /** The diagnosis, as rows have it: `out of memory (512 Mi)`. */
  readonly why: string;
  /** The last lines of its log, at most 20, harmless; empty where there is none, and `noLog` says why. */
  readonly lines: readonly string[];
  readonly noLog: string;
}

/** One run as somebody looks at it. Asks nothing before a look, and nothing while it rests; whoever opened it ends it. */
export interface RunReader extends Disposable {
  readonly value: RunDetails | undefined;
  readonly state: StoreState;
  /** The server has it no more: nothing is asked until `refresh`, and nothing can be done with it. */
  readonly isGone: boolean;
  /** Something of `value` or `state` is new. */
  readonly onDidChange: Event<void>;
  /** Read by its own looks, which `look` and `rest` here include; fails with a sentence where there is no metadata server. */
  readonly metadata: Pick<LiveReading<RunMetadata>, "value" | "state" | "onDidChange" | "refresh">;
  look(): void;
  rest(): void;
  /** A person wants it anew, or did something with the run. */
  refresh(): void;
  /** Logs of a task, by its path: one for each of its pods. Rejects as `runLogs` does. */
  logs(task: string, signal: AbortSignal): Promise<readonly RunLog[]>;
  /** Undefined where no step has failed. Rejects as KubeClient does. */
  failure(signal: AbortSignal): Promise<RunFailure | undefined>;
  /**
   * The beginning of it, at most 64 KB, or an image of at most 2 MB. Rejects with UserError `no-place` where its URI
   * cannot be read from here, `gone`, `no-rights`, `no-server`, `no-ready-pod` or `store`, with ConnectError or
   * CancelledError.
   */
  content(artifact: RunArtifact, signal: AbortSignal): Promise<ArtifactContent>;
  /** All of it into a file, which is whole or not there. `onBytes` hears how much there is. Rejects likewise. */
  download(artifact: RunArtifact, file: string, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<void>;
}
