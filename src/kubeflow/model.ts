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

/** A set of equal replicas of a job: `Master`, `Worker`. */
export interface ReplicaSet {
  readonly role: string;
  readonly count: number;
  /** GPUs per replica, over all GPU resource names. */
  readonly gpus: number;
  /** Rank of its first replica. */
  readonly firstRank: number;
}

/** A training job as the tree, the launcher and the log console know it. Times are wall ms. */
export interface TrainingJob {
  readonly kind: string;
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
}

export interface ContainerState {
  readonly name: string;
  readonly init: boolean;
  readonly restarts: number;
  readonly state: "waiting" | "running" | "terminated" | "unknown";
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly exitCode: number | undefined;
  /** Memory limit as written, for «out of memory (32 Gi)». */
  readonly memoryLimit: string | undefined;
}

/** A pod of a training job. */
export interface JobPod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly job: string;
  readonly role: string;
  readonly index: number;
  readonly created: number;
  readonly deleting: boolean;
  readonly phase: string;
  readonly node: string | undefined;
  /** What the scheduler says while it finds no node. */
  readonly unschedulable: string | undefined;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly containers: readonly ContainerState[];
}

/** A warning about a job or one of its pods. */
export interface JobEvent {
  readonly uid: string;
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
