import { label } from "../core/sanitize.ts";
import { age, duration, plural, shorten } from "../core/text.ts";
import type { JobEvent, JobPod, JobState, Summary, TrainingJob } from "./model.ts";
import { parseQuota, quotaWords } from "./quota.ts";
import { type Replica, replicasOf, replicaSummary } from "./replicas.ts";

/** True once nothing of the job will change any more. */
export function isFinished(job: TrainingJob): boolean {
  return job.condition === "Succeeded" || job.condition === "Failed";
}

/** True while the job may still use the cluster. */
export function isActive(job: TrainingJob): boolean {
  return !isFinished(job) && !job.deleting && !job.suspended;
}

/**
 * One sentence of state for a job, from its own conditions, its pods and the operator's warnings. `now` is wall ms.
 * Without `podsKnown`, as where they may not be read, its conditions alone count: no pods would look like a wait.
 */
export function jobSummary(
  job: TrainingJob,
  pods: Iterable<JobPod>,
  warnings: Iterable<JobEvent>,
  now: number,
  podsKnown = true,
): Summary {
  const replicas = podsKnown ? replicasOf(job, pods) : [];
  const state = podsKnown ? stateOf(job, replicas) : (ownState(job) ?? "Waiting");
  return { state, detail: detailOf(state, job, replicas, warnings, now) };
}

/** What the job says of itself; undefined where that is nothing yet. */
function ownState(job: TrainingJob): JobState | undefined {
  return heldState(job) ?? (job.condition === "Running" || job.condition === "Restarting" ? job.condition : undefined);
}

/** A state in which its pods say nothing more. */
function heldState(job: TrainingJob): JobState | undefined {
  if (job.condition === "Succeeded" || job.condition === "Failed") return job.condition;
  if (job.deleting) return "Stopping";
  if (!job.suspended) return undefined;
  return job.queue === undefined ? "Suspended" : "Queued";
}

function stateOf(job: TrainingJob, replicas: readonly Replica[]): JobState {
  const held = heldState(job);
  if (held !== undefined) return held;
  const states = replicas.map((replica) => replicaSummary(replica.pod).state);
  // A job is Running as soon as one pod runs (operator); what counts for a person is its leading replica.
  if (states[0] === "Running" || states[0] === "Succeeded") return "Running";
  if (job.condition === "Restarting") return "Restarting";
  // A rank has failed and the operator has not drawn the conclusion yet: the job itself goes on.
  if (states.includes("Failed")) return "Running";
  if (states.includes("Starting") || states.includes("Running")) return "Starting";
  return "Waiting";
}

function detailOf(
  state: JobState,
  job: TrainingJob,
  replicas: readonly Replica[],
  warnings: Iterable<JobEvent>,
  now: number,
): string {
  const size = describeReplicas(job);
  switch (state) {
    case "Succeeded":
      return [size, runTime(job, now)].filter(Boolean).join(" · ");
    case "Failed":
      return [failureReason(job, replicas), job.finished === undefined ? "" : age(now - job.finished)]
        .filter(Boolean)
        .join(" · ");
    case "Running":
    case "Restarting":
      return [size, notRunning(replicas), age(now - (job.started ?? job.created))].filter(Boolean).join(" · ");
    case "Waiting":
    case "Starting":
      return [waitingReason(replicas, warningFor(job, warnings)) ?? size, age(now - job.created)]
        .filter(Boolean)
        .join(" · ");
    case "Queued":
      return job.queue === undefined ? "" : `in ${label(job.queue, 63)} · ${age(now - job.created)}`;
    case "Suspended":
    case "Stopping":
    case "Unknown":
      return size;
  }
}

/** `2 nodes × 1 GPU`, `1 node`. */
export function describeReplicas(job: TrainingJob): string {
  const nodes = job.replicas.reduce((sum, set) => sum + set.count, 0);
  const gpus = Math.max(0, ...job.replicas.map((set) => set.gpus));
  return `${plural(nodes, "node")}${gpus === 0 ? "" : ` × ${plural(gpus, "GPU")}`}`;
}

/** How long the job ran, or undefined before it started. */
export function runTime(job: TrainingJob, now: number): string {
  const from = job.started ?? job.created;
  return duration((job.finished ?? now) - from);
}

/** Why the job failed: the first failed rank's reason, else the operator's words. */
export function failureReason(job: TrainingJob, replicas: readonly Replica[]): string {
  for (const replica of replicas) {
    const summary = replicaSummary(replica.pod);
    if (summary.state === "Failed") return shorten(`rank ${replica.rank}: ${summary.detail}`, 80);
  }
  if (job.reason === "PyTorchJobFailed" || job.reason === undefined) return shorten(label(job.message ?? ""), 80);
  return shorten(label(job.message ?? job.reason), 80);
}

/** What holds the job up, as `rank 1: not enough GPUs (1 of the nodes)`; undefined where nothing unusual does. */
export function waitingReason(replicas: readonly Replica[], warning: JobEvent | undefined): string | undefined {
  if (warning !== undefined && replicas.some((replica) => replica.pod === undefined)) return warningText(warning);
  for (const replica of replicas) {
    const { state, detail } = replicaSummary(replica.pod);
    if (state === "Waiting" && replica.pod !== undefined && detail !== "") return `rank ${replica.rank}: ${detail}`;
  }
  const starting = replicas.find((replica) => replicaSummary(replica.pod).state === "Starting");
  return starting && `rank ${starting.rank} ${replicaSummary(starting.pod).detail}`;
}

/** The newest warning about this very job. */
export function warningFor(job: TrainingJob, warnings: Iterable<JobEvent>): JobEvent | undefined {
  let newest: JobEvent | undefined;
  for (const event of warnings) {
    if (event.aboutUid === job.uid && (newest === undefined || event.time >= newest.time)) newest = event;
  }
  return newest;
}

/** `Error creating: pods "x" is forbidden: exceeded quota: gpu, requested: …` without its wrapping. */
export function warningText(event: JobEvent): string {
  const quota = parseQuota(event.message);
  if (quota !== undefined) return `the ${quotaWords(quota)}`;
  return shorten(label(event.message.replace(/^Error creating: /, "").replace(/^pods "[^"]*" is /, "")), 120);
}

function notRunning(replicas: readonly Replica[]): string {
  const failed = replicas.find((replica) => replicaSummary(replica.pod).state === "Failed");
  if (failed !== undefined) return `rank ${failed.rank}: ${replicaSummary(failed.pod).detail}`;
  const missing = replicas.filter((replica) => !["Running", "Succeeded"].includes(replicaSummary(replica.pod).state));
  return missing.length === 0 ? "" : `${replicas.length - missing.length} of ${replicas.length} ranks run`;
}
