// TrainJob and what stands below it: a JobSet of its name, and that one's Jobs (trainer v2.3.0: pkg/apis/trainer/v1alpha1).
import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import type { StoreDefinition } from "../../kube/store.ts";
import { JOBSET_LABELS, TRAINJOB_STEP_LABEL } from "../labels.ts";
import type { JobPod, ReplicaSet, TrainingJob } from "../model.ts";
import { list, number, record, text, time, whole } from "../read.ts";
import { type Condition, count, identityOf, resourceGpus, templateGpus, trueConditions } from "./jobParts.ts";

export const TRAIN_JOB: ResourceKind = {
  group: "trainer.kubeflow.org",
  version: "v1alpha1",
  plural: "trainjobs",
  kind: "TrainJob",
  namespaced: true,
};

const JOB_SET: ResourceKind = {
  group: "jobset.x-k8s.io",
  version: "v1alpha2",
  plural: "jobsets",
  kind: "JobSet",
  namespaced: true,
};

const BATCH_JOB: ResourceKind = { group: "batch", version: "v1", plural: "jobs", kind: "Job", namespaced: true };

/** Container of a node, also of the launcher; that of an initializer bears the step's own name (SDK: constants.py). */
export const NODE_CONTAINER = "node";
const LAUNCHER = "launcher";
const INITIALIZER = /-initializer$/;
const MAX_RESTARTS = 100_000;

/** What a JobSet tells of its TrainJob. */
export interface JobSet {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly created: number;
  readonly restarts: number;
  readonly replicas: readonly ReplicaSet[];
}

/** What a Job below a JobSet tells. */
export interface BatchJob {
  readonly uid: string;
  readonly namespace: string;
  readonly created: number;
  readonly jobSet: string;
  readonly role: string;
  readonly started: number | undefined;
  /** Set once it has failed. */
  readonly failure: Condition | undefined;
}

export const JOB_SETS: StoreDefinition<JobSet> = { kind: JOB_SET, project: projectJobSet };
export const BATCH_JOBS: StoreDefinition<BatchJob> = {
  kind: BATCH_JOB,
  labelSelector: JOBSET_LABELS.jobSet,
  project: projectBatchJob,
};

/** The job as it tells of itself; its replicas may be a guess until its JobSet is known. */
export function projectTrainJob(object: KubeObject): TrainingJob {
  const body = record(object);
  const spec = record(body["spec"]);
  const status = record(body["status"]);
  const conditions = trueConditions(status["conditions"]);
  const ended = conditions.find(({ type }) => type === "Failed") ?? conditions.find(({ type }) => type === "Complete");
  const condition = ended ?? conditions.at(-1);
  const trainer = record(spec["trainer"]);
  const runtime = text(record(spec["runtimeRef"])["name"]);
  const progress = whole(record(status["trainerStatus"])["progressPercentage"], 100);
  const gpus = resourceGpus(record(trainer["resourcesPerNode"]));
  const roles = list(status["jobsStatus"]).map(({ name }) => text(name) ?? "");
  return {
    kind: "TrainJob",
    ...identityOf(object),
    started: resumedAt(status["conditions"]),
    finished: ended?.since,
    suspended: spec["suspend"] === true,
    // In the words that all other kinds have.
    condition: condition?.type === "Complete" ? "Succeeded" : condition?.type,
    reason: condition?.reason,
    message: condition?.message,
    replicas: ownReplicas(roles, count(trainer["numNodes"]) ?? 1, gpus),
    ...(runtime === undefined ? {} : { runtime }),
    ...(progress === undefined ? {} : { progress }),
  };
}

/** There is no start time: one that was suspended starts when it is let go (pkg/controller/trainjob_controller.go). */
function resumedAt(conditions: unknown): number | undefined {
  const suspended = list(conditions).find(({ type }) => type === "Suspended");
  return suspended?.["status"] === "False" ? time(suspended["lastTransitionTime"]) : undefined;
}

function ownReplicas(roles: readonly string[], nodes: number, gpus: number): readonly ReplicaSet[] {
  const steps = roles.filter((role) => INITIALIZER.test(role)).slice(0, 10);
  const launcher = roles.includes(LAUNCHER) ? 1 : 0;
  return inRankOrder([
    ...steps.map((role) => ({ role, count: 1, gpus: 0, isStep: true })),
    ...(launcher === 1 ? [{ role: LAUNCHER, count: 1, gpus, isStep: false }] : []),
    // Where the launcher is a node itself, it is one of them (pkg/runtime/framework/plugins/mpi).
    { role: "node", count: Math.max(0, nodes - launcher), gpus, isStep: false },
  ]);
}

type Part = Omit<ReplicaSet, "firstRank"> & { readonly isStep: boolean };

/** Initializers first, without a rank; then the launcher, which is node 0; then the nodes. */
function inRankOrder(parts: readonly Part[]): readonly ReplicaSet[] {
  const sorted = [
    ...parts.filter(({ isStep }) => isStep),
    ...parts.filter(({ isStep, role }) => !isStep && role === LAUNCHER),
    ...parts.filter(({ isStep, role }) => !isStep && role !== LAUNCHER),
  ];
  let rank = 0;
  return sorted.map(({ role, count: size, gpus, isStep }) => {
    const firstRank = isStep ? undefined : rank;
    if (!isStep) rank += size;
    return { role, count: size, gpus, firstRank };
  });
}

export function projectJobSet(object: KubeObject): JobSet {
  const body = record(object);
  const { uid, name, namespace, created } = identityOf(object);
  const parts = list(record(body["spec"])["replicatedJobs"]).slice(0, 20);
  const restarts = whole(record(body["status"])["restarts"], MAX_RESTARTS) ?? 0;
  return { uid, name, namespace, created, restarts, replicas: inRankOrder(parts.map(partOf)) };
}

function partOf(part: Readonly<Record<string, unknown>>): Part {
  const role = text(part["name"]) ?? "";
  const template = record(part["template"]);
  const step = record(record(template["metadata"])["labels"])[TRAINJOB_STEP_LABEL];
  const job = record(template["spec"]);
  const pods = number(job["completions"]) ?? number(job["parallelism"]) ?? 1;
  return {
    role,
    count: count(pods * (count(part["replicas"]) ?? 1)) ?? 0,
    gpus: templateGpus(record(job["template"])),
    isStep: INITIALIZER.test(typeof step === "string" ? step : role),
  };
}

export function projectBatchJob(object: KubeObject): BatchJob {
  const status = record(record(object)["status"]);
  const { uid, namespace, created } = identityOf(object);
  return {
    uid,
    namespace,
    created,
    jobSet: text(object.metadata.labels?.[JOBSET_LABELS.jobSet]) ?? "",
    role: text(object.metadata.labels?.[JOBSET_LABELS.role]) ?? "",
    started: time(status["startTime"]),
    failure: trueConditions(status["conditions"]).find(({ type }) => type === "Failed"),
  };
}

/**
 * The job with at least as many nodes as it has pods: how many its runtime gives it, it does not say itself. `pods` are
 * its own.
 */
export function withPods(job: TrainingJob, pods: Iterable<JobPod>): TrainingJob {
  const most = new Map<string, number>();
  for (const { role, index } of pods) most.set(role, Math.max(most.get(role) ?? 0, index + 1));
  const grown = job.replicas.map((set) => ({
    ...set,
    count: Math.max(set.count, most.get(set.role) ?? 0),
    isStep: set.firstRank === undefined,
  }));
  const isSame = grown.every(({ count: size }, at) => size === job.replicas[at]?.count);
  return isSame ? job : { ...job, replicas: inRankOrder(grown) };
}

/** The job with what its JobSet and its Jobs tell more than it does itself. */
export function withParts(job: TrainingJob, jobSet: JobSet | undefined, jobs: readonly BatchJob[]): TrainingJob {
  const own = jobs.filter((one) => one.created >= job.created - 1000);
  const started = own.flatMap((one) => one.started ?? []).sort((a, b) => a - b)[0];
  const merged: TrainingJob = { ...job, started: job.started ?? started };
  const known =
    jobSet === undefined || jobSet.created < job.created - 1000
      ? merged
      : {
          ...merged,
          ...(jobSet.restarts === 0 ? {} : { restarts: jobSet.restarts }),
          replicas: jobSet.replicas.length === 0 ? job.replicas : jobSet.replicas,
        };
  const failed = own.find(({ failure }) => failure !== undefined);
  if (job.condition !== "Failed" || failed?.failure === undefined || job.reason === "DeadlineExceeded") return known;
  // The JobSet says only that a Job has failed.
  const { reason, message } = failed.failure;
  return { ...known, reason, message: message ?? job.message };
}
