import { label } from "../core/sanitize.ts";

/** States of a training job or a replica, each with one word that is shown (ux: table of states). */
export type JobState =
  | "Waiting"
  | "Queued"
  | "Starting"
  | "Running"
  | "Restarting"
  | "Suspended"
  | "Succeeded"
  | "Failed"
  | "Stopping"
  | "Unknown";

/** The kinds of training job that are known; jobKinds.ts says what each is. */
export type JobKind = "PyTorchJob" | "TFJob" | "MPIJob" | "XGBoostJob" | "PaddleJob" | "JAXJob" | "TrainJob";

/** A place in a job, as people call it: a rank, or the name of what has none, such as `dataset-initializer` or `ps-0`. */
export type Source = number | string;

/** `rank 0`, `dataset-initializer`. */
export function sourceWords(source: Source): string {
  return typeof source === "number" ? `rank ${source}` : label(source, 63);
}

/** A set of equal replicas of a job: `Master`, `Worker`. */
export interface ReplicaSet {
  readonly role: string;
  readonly count: number;
  /** GPUs per replica, over all GPU resource names. */
  readonly gpus: number;
  /** Rank of its first replica; undefined where its replicas have no rank. */
  readonly firstRank: number | undefined;
}

/** A training job as the tree, the launcher and the log console know it. Times are wall ms. */
export interface TrainingJob {
  readonly kind: JobKind;
  /** Empty where it is not known (`partial`). */
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly created: number;
  readonly started: number | undefined;
  readonly finished: number | undefined;
  readonly deleting: boolean;
  /** Asked to be suspended by its spec. */
  readonly suspended: boolean;
  readonly queue: string | undefined;
  /** Type of the condition that holds now, as the operator wrote it; undefined before the operator saw the job. */
  readonly condition: string | undefined;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly replicas: readonly ReplicaSet[];
  readonly launchId: string | undefined;
  readonly owner: string | undefined;
  readonly script: string | undefined;
  /** Read from a row of a table: its replicas and what a condition says are not known. */
  readonly partial?: true;
  /** Times that it was begun anew as a whole. */
  readonly restarts?: number;
  /** TrainJob: the runtime that it names. */
  readonly runtime?: string;
  /** TrainJob: what its code tells of itself, in percent. */
  readonly progress?: number;
}

/** Stands for a job of one cluster whatever is known of it. */
export function jobKey({ kind, namespace, name }: Pick<TrainingJob, "kind" | "namespace" | "name">): string {
  return `${kind}/${namespace}/${name}`;
}

/** A container that can be looked into. */
export interface ContainerRef {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface ContainerState {
  readonly name: string;
  readonly init: boolean;
  readonly restarts: number;
  readonly state: "waiting" | "running" | "terminated" | "unknown";
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly exitCode: number | undefined;
  /** When it ended, wall ms. */
  readonly ended: number | undefined;
  /** How its run before this one ended. */
  readonly last: { readonly exitCode: number | undefined; readonly reason: string | undefined } | undefined;
  readonly image: string | undefined;
  /** Memory limit as written, for «out of memory (32 Gi)». */
  readonly memoryLimit: string | undefined;
}

/** A pod of a training job. */
export interface JobPod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Kind and name of its job. */
  readonly kind: JobKind;
  readonly job: string;
  /** Uid of what made it: the job itself, or a TrainJob's batch Job. */
  readonly owner: string | undefined;
  /** Its replica set's role, in lower case. */
  readonly role: string;
  readonly index: number;
  readonly created: number;
  readonly deleting: boolean;
  readonly phase: string;
  readonly node: string | undefined;
  /** What the scheduler says while it finds no node. */
  readonly unschedulable: string | undefined;
  /** What it asks for, by resource name, as written; told while it finds no node. */
  readonly needs: Readonly<Record<string, string>> | undefined;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  /** Why Kubernetes takes it away: the reason of its condition DisruptionTarget. */
  readonly disruption: string | undefined;
  readonly containers: readonly ContainerState[];
}

/** A warning about any object of a namespace. */
export interface JobEvent {
  readonly uid: string;
  /** Of what it is about. */
  readonly namespace: string;
  readonly aboutKind: string;
  readonly aboutName: string;
  readonly aboutUid: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  /** Last time it was seen, wall ms. */
  readonly time: number;
}

/** What a row says: the word of the state, and what matters next. */
export interface Summary {
  readonly state: JobState;
  /** At most about 60 characters; empty where the state says it all. */
  readonly detail: string;
}
