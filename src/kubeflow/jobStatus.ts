import { label } from "../core/sanitize.ts";
import { age, duration, plural, shorten } from "../core/text.ts";
import type { JobEvent, JobPod, JobState, Summary, TrainingJob } from "./model.ts";
import { warningText } from "./podWords.ts";
import { leaderOf, type Replica, replicasOf, replicaSummary, sourceWords } from "./replicas.ts";

/** True once nothing of the job will change any more. */
export function isFinished(job: TrainingJob): boolean {
  return job.condition === "Succeeded" || job.condition === "Failed";
}

/** True while the job may still use the cluster. */
export function isActive(job: TrainingJob): boolean {
  return !isFinished(job) && !job.deleting && !job.suspended;
}

/**
 * One sentence of state for a job, from its own conditions, its pods and warnings about it. `now` is wall ms.
 * Without `podsKnown`, as where they may not be read, its conditions alone count: no pods would look like a wait.
 */
export function jobSummary(
  job: TrainingJob,
  pods: Iterable<JobPod>,
  warnings: Iterable<JobEvent>,
  now: number,
  podsKnown = true,
): JobSummary {
  const known = podsKnown && job.partial !== true;
  const replicas = known ? replicasOf(job, pods) : [];
  const state = known ? stateOf(job, replicas) : ownState(job, podsKnown);
  const detail = job.partial === true ? age(now - job.created) : detailOf(state, job, replicas, warnings, now);
  const troubled = !isFinished(job) && replicas.some(({ pod }) => pod !== undefined && isTroubled(pod));
  return { state, detail, troubled };
}

/** The state alone, for counting. */
export function jobState(job: TrainingJob, pods: Iterable<JobPod>, podsKnown: boolean): JobState {
  const held = heldState(job);
  if (held !== undefined) return held;
  return podsKnown && job.partial !== true ? stateOf(job, replicasOf(job, pods)) : ownState(job, podsKnown);
}

/** A summary that also tells whether something is wrong though the job goes on. */
export interface JobSummary extends Summary {
  readonly troubled: boolean;
}

function isTroubled(pod: JobPod): boolean {
  const { state } = replicaSummary(pod);
  return state === "Failed" || state === "Restarting" || isStuck(pod);
}

/** It waits for more than its turn: the scheduler has said that no node fits, or its node cannot start it. */
function isStuck(pod: JobPod): boolean {
  if (replicaSummary(pod).state !== "Waiting") return false;
  return pod.unschedulable !== undefined || pod.node !== undefined;
}

/** What the job says of itself. A TrainJob says nothing between its creation and its end: without its pods nobody can tell. */
function ownState(job: TrainingJob, podsKnown: boolean): JobState {
  const held = heldState(job);
  if (held !== undefined) return held;
  if (job.condition === "Running" || job.condition === "Restarting") return job.condition;
  return job.kind === "TrainJob" && !podsKnown ? "Unknown" : "Waiting";
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
  // A job is Running as soon as one pod runs (operator); what counts for a person is its leading replica.
  const leader = leaderOf(replicas);
  const leading = leader && replicaSummary(leader.pod).state;
  if (leading === "Running" || leading === "Succeeded") return "Running";
  const states = new Set(replicas.map((replica) => replicaSummary(replica.pod).state));
  if (job.condition === "Restarting" || states.has("Restarting")) return "Restarting";
  // A rank has failed and its controller has not drawn the conclusion yet: with others at work the job itself goes on.
  const isAtWork = replicas.some(
    ({ source, pod }) => typeof source === "number" && ["Running", "Succeeded"].includes(replicaSummary(pod).state),
  );
  if (states.has("Failed") && isAtWork) return "Running";
  if (replicas.some(({ pod }) => pod !== undefined && isStuck(pod))) return "Waiting";
  if (states.has("Starting") || states.has("Running")) return "Starting";
  return job.restarts === undefined && !states.has("Failed") ? "Waiting" : "Restarting";
}

function detailOf(
  state: JobState,
  job: TrainingJob,
  replicas: readonly Replica[],
  warnings: Iterable<JobEvent>,
  now: number,
): string {
  const size = describeReplicas(job);
  const since = age(now - job.created);
  switch (state) {
    case "Succeeded":
      return joined(size, runTime(job, now));
    case "Failed":
      return joined(failureReason(job, replicas), job.finished === undefined ? "" : age(now - job.finished));
    case "Running":
    case "Restarting":
      return joined(size, notRunning(replicas), restartWords(job), progressWords(job), age(now - begun(job)));
    case "Waiting":
    case "Starting":
      return joined(shorten(waitingReason(job, replicas, warnings) ?? size, 120), since);
    case "Queued":
      return job.queue === undefined ? "" : joined(`in ${label(job.queue, 63)}`, since);
    case "Unknown":
      return joined("its pods cannot be read", size);
    case "Suspended":
    case "Stopping":
      return size;
  }
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" · ");
}

function begun(job: TrainingJob): number {
  return job.started ?? job.created;
}

function restartWords({ restarts = 0 }: TrainingJob): string {
  return restarts === 0 ? "" : plural(restarts, "restart");
}

function progressWords({ progress }: TrainingJob): string {
  return progress === undefined ? "" : `${progress} %`;
}

/** `2 nodes × 1 GPU`, `1 node`; empty where it is not known. What has no rank is not counted. */
export function describeReplicas(job: TrainingJob): string {
  if (job.partial === true) return "";
  const sets = job.replicas.filter(({ firstRank }) => firstRank !== undefined);
  const nodes = sets.reduce((sum, set) => sum + set.count, 0);
  const gpus = Math.max(0, ...sets.map((set) => set.gpus));
  return `${plural(nodes, "node")}${gpus === 0 ? "" : ` × ${plural(gpus, "GPU")}`}`;
}

/** How long the job ran, or undefined before it started. */
export function runTime(job: TrainingJob, now: number): string {
  return duration((job.finished ?? now) - begun(job));
}

/** Why the job failed: the rank's reason that failed first, else the controller's words. */
export function failureReason(job: TrainingJob, replicas: readonly Replica[]): string {
  const failed = firstFailed(replicas);
  if (failed !== undefined) return shorten(`${sourceWords(failed.source)}: ${replicaSummary(failed.pod).detail}`, 100);
  return shorten(label(job.message ?? job.reason ?? ""), 100);
}

/** The replica whose end came first: the others may have failed for want of it. */
export function firstFailed(replicas: readonly Replica[]): Replica | undefined {
  const failed = replicas.filter(({ pod }) => replicaSummary(pod).state === "Failed");
  return failed.reduce<Replica | undefined>(
    (first, replica) => (first === undefined || endOf(replica) < endOf(first) ? replica : first),
    undefined,
  );
}

/** Wall ms; never where it is not known. */
function endOf({ pod }: Replica): number {
  return Math.min(Infinity, ...(pod?.containers.flatMap(({ ended }) => ended ?? []) ?? []));
}

/** What holds the job up, as `rank 1: needs 2 × GPU (…)`; undefined where nothing unusual does. */
function waitingReason(
  job: TrainingJob,
  replicas: readonly Replica[],
  warnings: Iterable<JobEvent>,
): string | undefined {
  const all = [...warnings];
  const warning = warningFor(job, all);
  if (warning !== undefined && replicas.some((replica) => replica.pod === undefined)) return warningText(warning);
  for (const replica of replicas) {
    const { state, detail } = replicaSummary(replica.pod);
    if (state === "Waiting" && replica.pod !== undefined && detail !== "")
      return `${sourceWords(replica.source)}: ${detail}`;
  }
  const starting = replicas.find((replica) => replicaSummary(replica.pod).state === "Starting");
  const step = replicas.find(
    ({ source, pod }) => typeof source === "string" && replicaSummary(pod).state === "Running",
  );
  if (starting === undefined) return step && `${sourceWords(step.source)} runs`;
  const stuck = mountFailure(starting, all);
  if (stuck !== undefined) return `${sourceWords(starting.source)}: ${warningText(stuck)}`;
  return `${sourceWords(starting.source)} ${replicaSummary(starting.pod).detail}`;
}

/** A volume that cannot be mounted, or a network that cannot be made, is told by a warning about the pod alone. */
export function mountFailure({ pod }: Replica, warnings: Iterable<JobEvent>): JobEvent | undefined {
  if (pod === undefined || pod.containers.some(({ state }) => state === "running" || state === "terminated"))
    return undefined;
  let newest: JobEvent | undefined;
  for (const event of warnings) {
    if (event.aboutUid !== pod.uid || !MOUNT_FAILURES.has(event.reason)) continue;
    if (newest === undefined || event.time >= newest.time) newest = event;
  }
  return newest;
}

const MOUNT_FAILURES = new Set(["FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox"]);

/** Warnings that stand in nobody's way: what the operator says of a template, and of what its conditions tell better. */
const IDLE_TALK = /^SettedPodTemplate|(?:Restarting|Failed)$/;
/** All that a TrainJob tells of objects that it could not make (trainer v2.3.0: pkg/controller/trainjob_controller.go). */
const CREATION_FAILED = "TrainJobResourcesCreationFailed";

/** The newest warning about this very job, or about what stands between it and its pods. */
export function warningFor(job: TrainingJob, warnings: Iterable<JobEvent>): JobEvent | undefined {
  let newest: JobEvent | undefined;
  for (const event of warnings) {
    if (event.aboutUid !== job.uid && !isOfPart(job, event)) continue;
    if (IDLE_TALK.test(event.reason) && event.reason !== CREATION_FAILED) continue;
    if (newest === undefined || event.time >= newest.time) newest = event;
  }
  return newest;
}

/** JobSet and Jobs bear the TrainJob's name, pods begin with it; a name may be an older job's, its warnings are older too. */
function isOfPart(job: TrainingJob, { aboutKind, aboutName, time }: JobEvent): boolean {
  if (time < job.created) return false;
  if (aboutKind === "JobSet") return job.kind === "TrainJob" && aboutName === job.name;
  if (aboutKind === "Job") return job.kind === "TrainJob" && aboutName.startsWith(`${job.name}-`);
  return false;
}

function notRunning(replicas: readonly Replica[]): string {
  const failed = firstFailed(replicas);
  if (failed !== undefined) return `${sourceWords(failed.source)}: ${replicaSummary(failed.pod).detail}`;
  const crashing = replicas.find((replica) => replicaSummary(replica.pod).state === "Restarting");
  if (crashing !== undefined) return `${sourceWords(crashing.source)} ${replicaSummary(crashing.pod).detail}`;
  const ranks = replicas.filter(({ source }) => typeof source === "number");
  const running = ranks.filter((replica) => ["Running", "Succeeded"].includes(replicaSummary(replica.pod).state));
  return running.length === ranks.length ? "" : `${running.length} of ${ranks.length} ranks run`;
}
