import type { KubeObject, ResourceKind } from "../kube/objects.ts";
import type { ListingDefinition, StoreDefinition } from "../kube/store.ts";
import type { TableRow } from "../kube/table.ts";
import { projectTrainJob, TRAIN_JOB } from "./kinds/trainJob.ts";
import { JOB_PODS, TRAINJOB_PODS } from "./kinds/pod.ts";
import { projectV1Job, V1_KINDS, type V1Kind } from "./kinds/v1Job.ts";
import type { JobKind, JobPod, TrainingJob } from "./model.ts";
import { list, record } from "./read.ts";

/** What is to be known of a kind of training job to list, follow, stop and delete it. */
export interface JobKindInfo {
  readonly kind: JobKind;
  readonly resource: ResourceKind;
  /** One constant each: stores tell definitions apart by identity. */
  readonly jobs: ListingDefinition<TrainingJob>;
  readonly pods: StoreDefinition<JobPod>;
  /** A merge patch of its spec that suspends it, or lets it go on. */
  readonly suspend: (on: boolean) => object;
  /** True where it is suspended and never was let go: not where somebody has stopped it since. */
  readonly isUnstarted: (object: KubeObject) => boolean;
}

/** In the order in which they are offered. */
export const JOB_KINDS: readonly JobKindInfo[] = [
  {
    kind: "TrainJob",
    resource: TRAIN_JOB,
    jobs: { kind: TRAIN_JOB, project: projectTrainJob, projectRow: rowsOf("TrainJob") },
    pods: TRAINJOB_PODS,
    suspend: (suspend) => ({ suspend }),
    // Letting it go changes its spec, which makes its generation 2; none of its conditions stays to tell.
    isUnstarted: (object) =>
      record(record(object)["spec"])["suspend"] === true && (object.metadata.generation ?? 1) < 2,
  },
  ...V1_KINDS.map(v1),
];

function v1(row: V1Kind): JobKindInfo {
  return {
    kind: row.kind,
    resource: row.resource,
    jobs: {
      kind: row.resource,
      project: (object: KubeObject) => projectV1Job(row, object),
      projectRow: rowsOf(row.kind),
    },
    pods: JOB_PODS,
    suspend: (suspend) => ({ runPolicy: { suspend } }),
    isUnstarted: (object) => {
      const { spec, status } = record(object);
      // The operator keeps the condition of a job that has run, with another status (training-operator v1.9.4: pkg/util/status.go).
      const hasRun = list(record(status)["conditions"]).some(
        ({ type }) => typeof type === "string" && HAS_RUN.has(type),
      );
      return record(record(spec)["runPolicy"])["suspend"] === true && !hasRun;
    },
  };
}

const HAS_RUN: ReadonlySet<string> = new Set(["Running", "Restarting", "Succeeded", "Failed"]);

function rowsOf(kind: JobKind): ListingDefinition<TrainingJob>["projectRow"] {
  return (row, whole) => jobFromRow(kind, row, whole);
}

/**
 * What the server prints of a job: its newest condition and its age. Where the whole job is known, that with the state as
 * it is now.
 */
export function jobFromRow(kind: JobKind, row: TableRow, whole?: TrainingJob): TrainingJob {
  const state = row.text("State");
  // A TrainJob that was let go keeps its condition Suspended, and the column does not say that it holds no more.
  const isHeld = state === "Suspended" && kind !== "TrainJob";
  const condition = state === "" || (state === "Suspended" && !isHeld) ? undefined : (CONDITIONS[state] ?? state);
  if (whole !== undefined) {
    if (condition === whole.condition || condition === undefined) return whole;
    return { ...whole, condition, reason: undefined, message: undefined };
  }
  return {
    kind,
    uid: "",
    name: row.name,
    namespace: row.namespace,
    created: row.time("Age") ?? 0,
    started: undefined,
    finished: undefined,
    deleting: false,
    suspended: isHeld,
    queue: undefined,
    condition,
    reason: undefined,
    message: undefined,
    replicas: [],
    launchId: undefined,
    owner: undefined,
    script: undefined,
    partial: true,
  };
}

/** Conditions of TrainJobs, as all other kinds call them. */
const CONDITIONS: Readonly<Record<string, string>> = { Complete: "Succeeded" };

const BY_NAME: ReadonlyMap<string, JobKindInfo> = new Map(JOB_KINDS.map((info) => [info.kind, info]));

export function isJobKind(name: unknown): name is JobKind {
  return typeof name === "string" && BY_NAME.has(name);
}

/** The row of a kind. */
export function kindOf(name: JobKind): JobKindInfo {
  const info = BY_NAME.get(name);
  if (info === undefined) throw new Error(`not a kind of training job: ${JSON.stringify(name)}`);
  return info;
}

/** The kind of a job that was named, or PyTorchJob: what was written down before there were others names none. */
export function kindOrDefault(name: unknown): JobKind {
  return isJobKind(name) ? name : "PyTorchJob";
}
