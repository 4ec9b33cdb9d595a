import { label } from "../core/sanitize.ts";
import { shorten } from "../core/text.ts";
import type { ContainerState, JobPod, Summary, TrainingJob } from "./model.ts";

/** A place in a job: its rank, and the newest pod that holds it, if there is one. */
export interface Replica {
  readonly rank: number;
  readonly role: string;
  readonly pod: JobPod | undefined;
}

/** Every rank of the job in order, with its newest pod. Pods of other jobs are ignored. */
export function replicasOf(job: TrainingJob, pods: Iterable<JobPod>): readonly Replica[] {
  const newest = new Map<number, JobPod>();
  for (const pod of pods) {
    const rank = belongsTo(job, pod) ? rankOf(job, pod) : undefined;
    if (rank === undefined) continue;
    const other = newest.get(rank);
    if (other === undefined || pod.created >= other.created) newest.set(rank, pod);
  }
  return job.replicas.flatMap((set) =>
    Array.from({ length: set.count }, (_, index) => {
      const rank = set.firstRank + index;
      return { rank, role: set.role, pod: newest.get(rank) };
    }),
  );
}

/** Whether the pod is this job's, and not one that an earlier job of the same name has left. */
export function belongsTo(job: TrainingJob, pod: JobPod): boolean {
  return pod.job === job.name && pod.created >= job.created - 1000;
}

/** Rank of a pod in its job; undefined where the job has no such replica. */
export function rankOf(job: TrainingJob, pod: JobPod): number | undefined {
  const set = job.replicas.find((candidate) => candidate.role.toLowerCase() === pod.role);
  return set && set.firstRank + pod.index;
}

/** The container that runs the person's code: the first that is not an init container. */
export function mainContainer(pod: JobPod): ContainerState | undefined {
  return pod.containers.find((container) => !container.init);
}

/** What a replica is doing, from its pod alone. */
export function replicaSummary(pod: JobPod | undefined): Summary {
  if (pod === undefined) return { state: "Waiting", detail: "no pod yet" };
  const main = mainContainer(pod);
  if (pod.phase === "Succeeded" || (main?.state === "terminated" && main.exitCode === 0))
    return { state: "Succeeded", detail: nameOf(pod.node) };
  if (pod.phase === "Failed" || main?.state === "terminated") return { state: "Failed", detail: failureOf(pod) };
  if (pod.deleting) return { state: "Stopping", detail: "" };
  if (main?.state === "running") return { state: "Running", detail: nameOf(pod.node) };
  if (pod.node === undefined) return { state: "Waiting", detail: unschedulableText(pod.unschedulable) };
  return starting(pod);
}

/** Why a replica failed, in words that a person can act on. */
export function failureOf(pod: JobPod): string {
  const failed = pod.containers.find((container) => container.state === "terminated" && container.exitCode !== 0);
  if (failed?.reason === "OOMKilled" || failed?.exitCode === 137) {
    return failed.memoryLimit === undefined
      ? "out of memory or killed"
      : `out of memory (${label(memory(failed.memoryLimit), 20)})`;
  }
  if (pod.reason === "Evicted") return shorten(`evicted: ${label(pod.message ?? "")}`, 80);
  if (failed?.reason !== undefined && !["Error", "Completed"].includes(failed.reason)) {
    return label(`${failed.reason}${failed.message === undefined ? "" : `: ${failed.message}`}`, 80);
  }
  if (failed?.exitCode !== undefined) return `ended with exit code ${failed.exitCode}`;
  return label(pod.reason ?? "failed", 80);
}

function starting(pod: JobPod): Summary {
  const waiting = pod.containers.find(
    (container) => container.state === "waiting" && !isOrdinaryWait(container.reason),
  );
  if (waiting !== undefined) return { state: "Waiting", detail: waitingText(waiting) };
  const init = pod.containers.find((container) => container.init && container.state === "running");
  if (init !== undefined)
    return {
      state: "Starting",
      detail: init.name === "init-pytorch" ? "waiting for rank 0" : `running ${nameOf(init.name)}`,
    };
  return { state: "Starting", detail: pod.node === undefined ? "" : `on ${nameOf(pod.node)}` };
}

/** A name of the cluster's, short and harmless. */
function nameOf(name: string | undefined): string {
  return label(name ?? "", 63);
}

function isOrdinaryWait(reason: string | undefined): boolean {
  return reason === undefined || reason === "ContainerCreating" || reason === "PodInitializing";
}

function waitingText(container: ContainerState): string {
  switch (container.reason) {
    case "ErrImagePull":
    case "ImagePullBackOff":
    case "ErrImageNeverPull":
    case "InvalidImageName":
      return "the image cannot be pulled";
    case "CreateContainerConfigError":
      return shorten(`configuration: ${label(container.message ?? "")}`, 80);
    case "CrashLoopBackOff":
      return "keeps crashing";
    default:
      return shorten(label(`${container.reason ?? ""} ${container.message ?? ""}`), 80);
  }
}

/**
 * The scheduler's sentence in short: `0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 2 Insufficient memory. preemption: …`
 * becomes `not enough GPUs (1 of the nodes), memory (2 of the nodes)`.
 */
export function unschedulableText(message: string | undefined): string {
  if (message === undefined) return "not scheduled yet";
  const short = [...message.matchAll(/(\d+) Insufficient ([\w./-]*\w)/g)].map(
    ([, nodes = "", resource = ""]) => `${noun(resource)} (${nodes} of the nodes)`,
  );
  if (short.length > 0) return label(`not enough ${short.join(", ")}`, 120);
  const body = /nodes are available: (.*?)(?:\. (?:preemption|no new claims)|\.?$)/.exec(message)?.[1];
  return shorten(label(body ?? message), 80);
}

function noun(resource: string): string {
  if (resource === "nvidia.com/gpu") return "GPUs";
  return resource === "cpu" ? "CPUs" : resource;
}

/** `32Gi` as `32 Gi`. */
function memory(limit: string): string {
  return limit.replace(/^(\d+)/, "$1 ");
}
