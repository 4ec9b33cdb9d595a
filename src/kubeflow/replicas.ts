import { label } from "../core/sanitize.ts";
import { LAUNCHER_ROLE } from "./kinds/v1Job.ts";
import type { ContainerRef, ContainerState, JobPod, ReplicaSet, Source, Summary, TrainingJob } from "./model.ts";
import { crashWords, disruptionWords, failureOf, isImageWait, mainContainer, waitingText } from "./podWords.ts";
import { unschedulableText } from "./scheduling.ts";

export { sourceWords } from "./model.ts";
export { mainContainer } from "./podWords.ts";

/** A place in a job: its rank or its name, and the newest pod that holds it, if there is one. */
export interface Replica {
  readonly source: Source;
  readonly role: string;
  readonly pod: JobPod | undefined;
}

/** A replica with what its row says. */
export interface ShownReplica extends Replica {
  readonly summary: Summary;
  readonly restarts: number;
  /** The one that runs the person's code. */
  readonly container: ContainerRef | undefined;
  /** Its container runs. */
  readonly running: boolean;
}

/** Without `podsKnown` a rank without a pod says nothing of itself: its pod may only not be seen. */
export function shownReplica(replica: Replica, podsKnown: boolean): ShownReplica {
  const { pod } = replica;
  const main = pod && mainContainer(pod);
  return {
    ...replica,
    summary: podsKnown || pod !== undefined ? replicaSummary(pod) : UNSEEN,
    restarts: main?.restarts ?? 0,
    container: pod && containerOf(pod),
    running: main?.state === "running",
  };
}

/** Where a pod's log and shell are. */
export function containerOf(pod: JobPod): ContainerRef | undefined {
  const main = mainContainer(pod);
  return main && { namespace: pod.namespace, pod: pod.name, container: main.name };
}

/** Every place of the job in order, with its newest pod: initializers first, then ranks. Pods of other jobs are ignored. */
export function replicasOf(job: TrainingJob, pods: Iterable<JobPod>): readonly Replica[] {
  const newest = new Map<Source, JobPod>();
  for (const pod of pods) {
    const source = belongsTo(job, pod) ? sourceOf(job, pod) : undefined;
    if (source === undefined) continue;
    const other = newest.get(source);
    if (other === undefined || pod.created >= other.created) newest.set(source, pod);
  }
  return job.replicas.flatMap((set) =>
    Array.from({ length: set.count }, (_, index) => {
      const source = sourceAt(set, index);
      return { source, role: set.role, pod: newest.get(source) };
    }),
  );
}

/** The replica whose state stands for the job's: a launcher, else rank 0, where it has ranks. */
export function leaderOf(replicas: readonly Replica[]): Replica | undefined {
  return (
    replicas.find(({ role }) => role === LAUNCHER_ROLE) ?? replicas.find(({ source }) => source === 0) ?? replicas[0]
  );
}

/** Whether the pod is this job's, and not one that an earlier job of the same name has left. */
export function belongsTo(job: TrainingJob, pod: JobPod): boolean {
  if (pod.job !== job.name || pod.kind !== job.kind || pod.namespace !== job.namespace) return false;
  // A TrainJob's pods are owned by Jobs below its JobSet.
  if (job.kind !== "TrainJob" && pod.owner !== undefined) return pod.owner === job.uid;
  return pod.created >= job.created - 1000;
}

/** Place of a pod in its job; undefined where the job has no such replica. */
export function sourceOf(job: TrainingJob, pod: JobPod): Source | undefined {
  const set = job.replicas.find((candidate) => candidate.role.toLowerCase() === pod.role);
  return set && sourceAt(set, pod.index);
}

function sourceAt({ firstRank, role, count }: ReplicaSet, index: number): Source {
  if (firstRank !== undefined) return firstRank + index;
  const name = label(role, 63).toLowerCase();
  return count === 1 ? name : `${name}-${index}`;
}

/** Ranks in order, then those without. */
export function bySource(a: Source, b: Source): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return typeof a === typeof b ? String(a).localeCompare(String(b)) : typeof a === "number" ? -1 : 1;
}

const NO_POD: Summary = { state: "Waiting", detail: "no pod yet" };
const UNSEEN: Summary = { state: "Unknown", detail: "its pod cannot be read" };
/** A pod that changes is another object. */
const summaries = new WeakMap<JobPod, Summary>();

/** What a replica is doing, from its pod alone. */
export function replicaSummary(pod: JobPod | undefined): Summary {
  if (pod === undefined) return NO_POD;
  const known = summaries.get(pod);
  if (known !== undefined) return known;
  const summary = summaryOf(pod);
  summaries.set(pod, summary);
  return summary;
}

function summaryOf(pod: JobPod): Summary {
  const main = mainContainer(pod);
  if (pod.phase === "Succeeded" || (main?.state === "terminated" && main.exitCode === 0))
    return { state: "Succeeded", detail: nameOf(pod.node) };
  // The kubelet is about to start it once more: the same words as in the pause before.
  if (pod.phase !== "Failed" && main?.state === "terminated" && main.restarts > 0)
    return { state: "Restarting", detail: crashWords({ ...main, last: main }) };
  if (pod.phase === "Failed" || main?.state === "terminated") return { state: "Failed", detail: failureOf(pod) };
  if (pod.deleting) return { state: "Stopping", detail: disruptionWords(pod) ?? "" };
  if (main?.state === "running") return { state: "Running", detail: nameOf(pod.node) };
  if (pod.node === undefined) return { state: "Waiting", detail: unschedulableText(pod.unschedulable, pod.needs) };
  return starting(pod);
}

function starting(pod: JobPod): Summary {
  const waiting = unusualWait(pod);
  if (waiting !== undefined)
    return { state: isCrashing(waiting) ? "Restarting" : "Waiting", detail: waitWords(waiting) };
  const init = pod.containers.find((container) => container.init && container.state === "running");
  if (init === undefined) return { state: "Starting", detail: pod.node === undefined ? "" : `on ${nameOf(pod.node)}` };
  return { state: "Starting", detail: waitsForLeader(pod) ? "waiting for rank 0" : `running ${nameOf(init.name)}` };
}

/** The operator has a worker wait for its master's name (training-operator: pkg/controller.v1/pytorch/initcontainer.go). */
export function waitsForLeader(pod: JobPod): boolean {
  return pod.containers.some(({ name, init, state }) => init && state === "running" && name === "init-pytorch");
}

/** The container that waits for what time alone may not bring: the person's own before those beside it. */
export function unusualWait(pod: JobPod): ContainerState | undefined {
  const waiting = pod.containers.filter(({ state, reason }) => state === "waiting" && !isOrdinaryWait(reason));
  const main = mainContainer(pod);
  return waiting.find((container) => container === main) ?? waiting.find(isImageWait) ?? waiting[0];
}

function isCrashing({ reason }: ContainerState): boolean {
  return reason === "CrashLoopBackOff";
}

function waitWords(container: ContainerState): string {
  return isCrashing(container) ? crashWords(container) : waitingText(container);
}

/** What keeps a pod from its beginning, where that is nothing ordinary, or how it failed; else empty. */
export function whyNotRunning(pod: JobPod): string {
  if (pod.phase === "Failed") return failureOf(pod);
  if (pod.node === undefined && pod.unschedulable !== undefined) return unschedulableText(pod.unschedulable, pod.needs);
  const container = unusualWait(pod);
  return container === undefined ? "" : waitWords(container);
}

function isOrdinaryWait(reason: string | undefined): boolean {
  return reason === undefined || reason === "ContainerCreating" || reason === "PodInitializing";
}

/** A name of the cluster's, short and harmless. */
function nameOf(name: string | undefined): string {
  return label(name ?? "", 63);
}
