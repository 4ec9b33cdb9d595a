import { label } from "../core/sanitize.ts";
import { age, ago, duration, joined, lasting, plural, shorten } from "../core/text.ts";
import { describeReplicas, isFinished } from "./jobFacts.ts";
import { newestOf } from "./events.ts";
import type { NodeUse } from "./gpuUse.ts";
import type { JobEvent, JobPod, JobState, Summary, TrainingJob } from "./model.ts";
import { mainContainer, unstopped, warningText } from "./podWords.ts";
import { leaderOf, type Replica, replicasOf, replicaSummary, sourceWords } from "./replicas.ts";
import { unschedulableRow } from "./scheduling.ts";

/** What is known beside the job and what belongs to it. */
export interface Around {
  /** Without, its conditions alone count: no pods would look like a wait. */
  readonly podsKnown?: boolean;
  /** They are not known because they may not or cannot be read, not because they were not read yet. */
  readonly podsRefused?: boolean;
  /** The cluster's nodes, where it is known what all their pods hold. */
  readonly nodes?: readonly NodeUse[] | undefined;
}

/** One sentence of state for a job, from its own conditions, its pods and warnings about it. `now` is wall ms. */
export function jobSummary(
  job: TrainingJob,
  pods: Iterable<JobPod>,
  warnings: Iterable<JobEvent>,
  now: number,
  around: Around = {},
): JobSummary {
  const { podsKnown = true } = around;
  const known = podsKnown && job.partial !== true;
  const replicas = known ? replicasOf(job, pods) : [];
  const state = known ? stateOf(job, replicas) : ownState(job, podsKnown);
  const made = `made ${ago(now - job.created)}`;
  const detail = job.partial === true ? made : detailOf(state, job, replicas, warnings, now, around);
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
  { podsRefused = false, nodes }: Around,
): string {
  const size = describeReplicas(job);
  const since = lasting(now - job.created);
  const ended = job.finished === undefined ? "" : ago(now - job.finished);
  const unread = podsRefused ? "its pods cannot be read" : "";
  switch (state) {
    case "Succeeded":
      return joined([size, `took ${runTime(job, now)}`, ended]);
    case "Failed":
      return joined([failureReason(job, replicas), ended]);
    case "Running":
    case "Restarting":
      return joined([notRunning(replicas, nodes) || size, progressWords(job), sinceWords(state, job, replicas, now)]);
    case "Waiting":
    case "Starting":
      return joined([shorten(waitingReason(job, replicas, warnings, nodes) ?? joined([unread, size]), 72), since]);
    case "Queued":
      return job.queue === undefined ? "" : joined([`in ${label(job.queue, 63)}`, since]);
    case "Unknown":
      return joined([unread || "its pods are not read yet", size]);
    case "Suspended":
      return size;
    case "Stopping": {
      const left = replicas.filter(({ pod }) => pod !== undefined).length;
      return joined(["being deleted", left === 0 ? size : `${plural(left, "pod")} left`]);
    }
  }
}

/** `for 14 min`, `3 restarts in 14 min`. The job's own, and those of its pods' containers. */
function sinceWords(state: JobState, job: TrainingJob, replicas: readonly Replica[], now: number): string {
  const ms = now - begun(job);
  const own = replicas.map(({ pod }) => (pod && mainContainer(pod)?.restarts) ?? 0);
  const restarts = own.reduce((sum, count) => sum + count, job.restarts ?? 0);
  if (restarts === 0) return state === "Running" ? lasting(ms) : `started ${ago(ms)}`;
  return `${plural(restarts, "restart")}${ms < 60_000 ? "" : ` in ${age(ms)}`}`;
}

function begun(job: TrainingJob): number {
  return job.started ?? job.created;
}

function progressWords({ progress }: TrainingJob): string {
  return progress === undefined ? "" : `${progress} %`;
}

/** How long the job ran, or undefined before it started. */
export function runTime(job: TrainingJob, now: number): string {
  return duration((job.finished ?? now) - begun(job));
}

/** Why the job failed: the rank's reason that failed first, unless that was told to end; else the controller's words. */
function failureReason(job: TrainingJob, replicas: readonly Replica[]): string {
  const words = endingWords(job);
  if (words === DEADLINE) return words;
  const failed = firstFailed(replicas);
  if (failed !== undefined) return shorten(`${sourceWords(failed.source)}: ${replicaSummary(failed.pod).detail}`, 100);
  return words ?? shorten(unstopped(label(job.message ?? job.reason ?? "")), 100);
}

const DEADLINE = "it ran longer than its deadline allows";
/** What controllers say of a job that has failed, and what that means. */
const ENDINGS: readonly (readonly [RegExp, string])[] = [
  [/DeadlineExceeded|longer than specified deadline/, DEADLINE],
  [/BackoffLimitExceeded|backoff limit/i, "its pods failed as often as its back-off limit allows"],
  [/ReachedMaxRestarts/, "it was begun anew as often as it may be"],
  [/RuntimeNotSupported/, "the runtime that it names is not one that this cluster has"],
];

/** Why a job has failed as its controller says, in plain words; undefined where it says nothing of the kind. */
export function endingWords({ reason = "", message = "" }: TrainingJob): string | undefined {
  const [, count, role = ""] = /because (\d{1,5}) (\w{1,20}) replica\(s\) failed/.exec(message) ?? [];
  if (count !== undefined) return `${plural(Number(count), `${role} replica`)} failed`;
  return ENDINGS.find(([pattern]) => pattern.test(`${reason} ${message}`))?.[1];
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
  nodes: readonly NodeUse[] | undefined,
): string | undefined {
  const all = [...warnings];
  const warning = warningFor(job, all);
  if (warning !== undefined && replicas.some((replica) => replica.pod === undefined)) return warningText(warning, "it");
  const waits = heldUp(replicas, nodes);
  if (waits !== undefined) return waits;
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
  return newestOf(warnings, ({ aboutUid, reason }) => aboutUid === pod.uid && MOUNT_FAILURES.has(reason));
}

const MOUNT_FAILURES = new Set(["FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox"]);

/** Warnings that stand in nobody's way: what the operator says of a template, and of what its conditions tell better. */
const IDLE_TALK = /^SettedPodTemplate|(?:Restarting|Failed)$/;
/** All that a TrainJob tells of objects that it could not make (trainer v2.3.0: pkg/controller/trainjob_controller.go). */
const CREATION_FAILED = "TrainJobResourcesCreationFailed";

/** The newest warning about this very job, or about what stands between it and its pods. */
export function warningFor(job: TrainingJob, warnings: Iterable<JobEvent>): JobEvent | undefined {
  return newestOf(warnings, (event) => {
    if (event.aboutUid !== job.uid && !isOfPart(job, event)) return false;
    return !IDLE_TALK.test(event.reason) || event.reason === CREATION_FAILED;
  });
}

/** JobSet and Jobs bear the TrainJob's name, pods begin with it; a name may be an older job's, its warnings are older too. */
function isOfPart(job: TrainingJob, { aboutKind, aboutName, time }: JobEvent): boolean {
  if (time < job.created) return false;
  if (aboutKind === "JobSet") return job.kind === "TrainJob" && aboutName === job.name;
  if (aboutKind === "Job") return job.kind === "TrainJob" && aboutName.startsWith(`${job.name}-`);
  return false;
}

/** The first replica that waits for more than to be given a pod, and for what. */
function heldUp(replicas: readonly Replica[], nodes: readonly NodeUse[] | undefined): string | undefined {
  for (const { pod, source } of replicas) {
    const { state, detail } = replicaSummary(pod);
    if (state !== "Waiting" || pod === undefined || detail === "") continue;
    const why = pod.unschedulable === undefined ? detail : unschedulableRow(pod.unschedulable, pod.needs, nodes);
    return `${sourceWords(source)}: ${why}`;
  }
  return undefined;
}

function notRunning(replicas: readonly Replica[], nodes: readonly NodeUse[] | undefined): string {
  const failed = firstFailed(replicas);
  if (failed !== undefined) return `${sourceWords(failed.source)}: ${replicaSummary(failed.pod).detail}`;
  const crashing = replicas.find((replica) => replicaSummary(replica.pod).state === "Restarting");
  if (crashing !== undefined) return `${sourceWords(crashing.source)} ${replicaSummary(crashing.pod).detail}`;
  const ranks = replicas.filter(({ source }) => typeof source === "number");
  const running = ranks.filter((replica) => ["Running", "Succeeded"].includes(replicaSummary(replica.pod).state));
  if (running.length === ranks.length) return "";
  const count = `${running.length} of ${ranks.length} ranks run`;
  const why = heldUp(replicas, nodes);
  return why === undefined ? count : ranks.length - running.length === 1 ? why : `${count}, ${why}`;
}
