// Why a job does not run as it should: the reasons in the order in which a person should look at them.
import { label } from "../core/sanitize.ts";
import { shorten } from "../core/text.ts";
import type { NodeUse } from "./gpuUse.ts";
import { describeReplicas, isFinished } from "./jobFacts.ts";
import { type Around, endingWords, firstFailed, mountFailure, warningFor } from "./jobStatus.ts";
import type { JobEvent, JobPod, Source, TrainingJob } from "./model.ts";
import { failedContainer, imageFailure, isImageWait, waitingText, warningText } from "./podWords.ts";
import { parseMissingQuota, parseQuota } from "./quota.ts";
import {
  leaderOf,
  type Replica,
  replicasOf,
  replicaSummary,
  sourceWords,
  unusualWait,
  waitsForLeader,
} from "./replicas.ts";
import { parseUnschedulable, unschedulableText } from "./scheduling.ts";

/** What a person may do about a reason; the tree makes buttons of them. */
export type NextStepId =
  | "logs"
  | "events"
  | "yaml"
  | "change-size"
  | "change-image"
  | "show-nodes"
  | "ask-admin"
  | "resume"
  | "install"
  | "wait";

export interface Reason {
  /** One plain sentence. */
  readonly text: string;
  /** The system's own words, harmless, on one line. */
  readonly detail?: string;
  readonly next?: { readonly id: NextStepId; readonly words: string };
  /** The replica that it is about first, where it is about replicas. */
  readonly source?: Source;
}

const MOST_REASONS = 8;
/** A scheduler's message may have 1,024 characters. */
const MAX_DETAIL = 1_100;
/** The controller makes its pods within seconds; said where it takes longer than this, in ms. */
const NO_PODS_AFTER_MS = 15_000;
/** What is being deleted for longer than this, in ms, may wait for a finalizer. */
const DELETING_AFTER_MS = 120_000;

const NOBODY: Replica = { source: 0, role: "", pod: undefined };

const NEXT: Readonly<Record<NextStepId, string>> = {
  logs: "Open its log",
  events: "Show events",
  yaml: "Open YAML",
  "change-size": "Change size",
  "change-image": "Change the image",
  "show-nodes": "Show nodes",
  "ask-admin": "Ask an administrator",
  resume: "Resume",
  install: "Install Kubeflow",
  wait: "Wait",
};

/**
 * The reasons, what matters most first; none where all is well. `events` are warnings about the job, its pods and what
 * stands between them, or all of a namespace; `now` is wall ms.
 */
export function whyOf(
  job: TrainingJob,
  pods: Iterable<JobPod>,
  events: Iterable<JobEvent>,
  now: number,
  around: Around = {},
): readonly Reason[] {
  if (job.condition === "Succeeded") return [];
  const warnings = [...events];
  const replicas = replicasOf(job, pods);
  if (!isFinished(job) && job.deleting) return deletion(replicas);
  if (!isFinished(job) && job.suspended) return [held(job)];
  const reasons = [
    ...failures(replicas),
    ...(job.condition === "Failed" ? [ending(job)] : waits(job, replicas, warnings, around, now)),
  ];
  return unique(reasons).slice(0, MOST_REASONS);
}

function waits(
  job: TrainingJob,
  replicas: readonly Replica[],
  warnings: readonly JobEvent[],
  { podsKnown = true, nodes }: Around,
  now: number,
): readonly Reason[] {
  const isMissing = podsKnown && replicas.some(({ pod }) => pod === undefined);
  const warning = warningFor(job, warnings);
  const nothing = replicas.every(({ pod }) => pod === undefined);
  return [
    ...(warning !== undefined && (isMissing || !podsKnown) ? [refusal(job, warning)] : []),
    ...takenAway(replicas),
    ...crashes(replicas),
    ...unplaced(replicas, nodes),
    ...stuck(replicas, warnings),
    ...rendezvous(replicas),
    ...(nothing && podsKnown && warning === undefined && now - job.created > NO_PODS_AFTER_MS ? [silence(job)] : []),
  ];
}

function reason(text: string, next?: NextStepId, detail?: string, source?: Source): Reason {
  const said = detail === undefined ? "" : label(detail, MAX_DETAIL);
  return {
    text: sentence(text),
    ...(said === "" ? {} : { detail: said }),
    ...(next === undefined ? {} : { next: { id: next, words: NEXT[next] } }),
    ...(source === undefined ? {} : { source }),
  };
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

function held(job: TrainingJob): Reason {
  if (job.queue === undefined) return reason("It is suspended: somebody stopped it, or it was never let go", "resume");
  return reason(`It waits in the queue ${label(job.queue, 63)} until there is room`, "wait");
}

function deletion(replicas: readonly Replica[]): readonly Reason[] {
  const left = replicas.filter(({ pod }) => pod !== undefined).length;
  const since = DELETING_AFTER_MS / 60_000;
  const text = left > 0 ? `It is being deleted; ${left} of its pods are still there` : "It is being deleted";
  return [reason(text, "wait", `Where that takes longer than ${since} min, a finalizer in its YAML may hold it.`)];
}

/** Replicas that have failed: the one that failed first before all others. */
function failures(replicas: readonly Replica[]): readonly Reason[] {
  const first = firstFailed(replicas);
  if (first === undefined) return [];
  const rest = replicas.filter((replica) => replica !== first && replicaSummary(replica.pod).state === "Failed");
  return [[first], ...groupedBy(rest)].map((members, at) => failure(members, at === 0 && rest.length > 0));
}

function failure(members: readonly Replica[], isFirst: boolean): Reason {
  const { pod, source } = members[0] ?? NOBODY;
  const container = pod && failedContainer(pod);
  const isMemory = container?.reason === "OOMKilled";
  const { detail } = replicaSummary(pod);
  const text = `${whoWords(members)} ${isFirst ? "failed first" : "failed"}: ${detail}`;
  const said = [pod?.message, container?.message].filter(Boolean).join(" · ");
  return reason(text, isMemory ? "change-size" : "logs", said, source);
}

/** Replicas of which the same is to be said. */
function groupedBy(replicas: readonly Replica[]): readonly (readonly Replica[])[] {
  return [...Map.groupBy(replicas, ({ pod }) => replicaSummary(pod).detail).values()];
}

/** What the controllers say of a job that has failed. */
function ending(job: TrainingJob): Reason {
  const { reason: why, message } = job;
  const words = endingWords(job);
  const isWritten = /deadline|runtime/.test(words ?? "");
  if (words !== undefined) return reason(words, isWritten ? "yaml" : "logs", message);
  return reason(shorten(`its controller says: ${label(message ?? why ?? "it has failed")}`, 240), "events");
}

function refusal(job: TrainingJob, warning: JobEvent): Reason {
  const text = `no pods can be made: ${warningText(warning)}`;
  const { message } = warning;
  if (parseQuota(message) !== undefined || parseMissingQuota(message) !== undefined)
    return reason(text, "change-size", message);
  const isRule = /violates PodSecurity|admission webhook|usage per (?:Container|Pod)/.test(message);
  if (isRule) return reason(text, "ask-admin", message);
  return reason(
    job.kind === "TrainJob" ? `its parts cannot be made: ${warningText(warning)}` : text,
    "events",
    message,
  );
}

/** Replicas that Kubernetes ends for reasons of its own. */
function takenAway(replicas: readonly Replica[]): readonly Reason[] {
  const leaving = replicas.filter(({ pod }) => pod?.deleting === true && replicaSummary(pod).detail !== "");
  return groupedBy(leaving).map((members) => {
    const { source, pod } = members[0] ?? NOBODY;
    const text = `${whoWords(members)} ${members.length === 1 ? "is" : "are"} taken away: ${replicaSummary(pod).detail}`;
    return reason(text, "show-nodes", undefined, source);
  });
}

function crashes(replicas: readonly Replica[]): readonly Reason[] {
  const crashing = replicas.filter(({ pod }) => replicaSummary(pod).state === "Restarting");
  return groupedBy(crashing).map((members) => {
    const { detail } = replicaSummary(members[0]?.pod);
    return reason(`${whoWords(members)} ${detail}`, "logs", undefined, members[0]?.source);
  });
}

function unplaced(replicas: readonly Replica[], nodes: readonly NodeUse[] | undefined): readonly Reason[] {
  const waiting = replicas.filter(({ pod }) => pod?.node === undefined && pod?.unschedulable !== undefined);
  const wordsOf = ({ pod }: Replica): string => unschedulableText(pod?.unschedulable, pod?.needs, nodes);
  return [...Map.groupBy(waiting, wordsOf)].map(([words, members]) => {
    const { pod, source } = members[0] ?? NOBODY;
    const short = parseUnschedulable(pod?.unschedulable ?? "")?.short.length ?? 0;
    const text = `${whoWords(members)} ${members.length === 1 ? "finds" : "find"} no node: ${words}`;
    return reason(text, short > 0 ? "show-nodes" : "events", pod?.unschedulable, source);
  });
}

/** Pods that have a node and cannot start on it: image, configuration, volumes. */
function stuck(replicas: readonly Replica[], warnings: readonly JobEvent[]): readonly Reason[] {
  const found = replicas.flatMap((replica) => {
    const { pod } = replica;
    const { state } = replicaSummary(pod);
    if (pod?.node === undefined || (state !== "Waiting" && state !== "Starting")) return [];
    const container = unusualWait(pod);
    if (container !== undefined) {
      const isImage = isImageWait(container);
      const words = isImage ? imageWords(container) : waitingText(container);
      return [{ replica, words, detail: container.message, next: isImage ? "change-image" : "events" } as const];
    }
    const mount = mountFailure(replica, warnings);
    return mount === undefined
      ? []
      : [{ replica, words: warningText(mount), detail: mount.message, next: "events" } as const];
  });
  return [...Map.groupBy(found, ({ words }) => words).values()].flatMap((group) => {
    const [one] = group;
    if (one === undefined) return [];
    const text = `${whoWords(group.map(({ replica }) => replica))} cannot start: ${one.words}`;
    return [reason(text, one.next, one.detail, one.replica.source)];
  });
}

function imageWords(container: {
  image: string | undefined;
  reason: string | undefined;
  message: string | undefined;
}): string {
  const why = imageFailure(container);
  return `the image ${label(container.image ?? "", 120)} cannot be pulled${why === undefined ? "" : `: ${why}`}`;
}

/** Ranks that run, or wait for their leader, while others are not there: nothing begins until all are. */
function rendezvous(replicas: readonly Replica[]): readonly Reason[] {
  const ranks = replicas.filter(({ source }) => typeof source === "number");
  const present = ranks.filter(({ pod }) => pod !== undefined && (isRunning(pod) || waitsForLeader(pod)));
  const leader = leaderOf(ranks);
  const isAwaited = (replica: Replica): boolean =>
    ["Waiting", "Starting", "Restarting"].includes(replicaSummary(replica.pod).state) &&
    (replica.pod === undefined || !waitsForLeader(replica.pod));
  // Without the leader all others wait; else all wait for whoever is missing.
  const awaited = leader !== undefined && isAwaited(leader) ? [leader] : ranks.filter(isAwaited);
  const waiting = present.filter((replica) => !awaited.includes(replica));
  const [first] = awaited;
  if (waiting.length === 0 || first === undefined) return [];
  const { detail, state } = replicaSummary(first.pod);
  const what = detail === "" ? `is ${state.toLowerCase()}` : detail === "no pod yet" ? "has no pod yet" : detail;
  const verb = waiting.length === 1 ? "waits" : "wait";
  const glue = awaited.length === 1 ? `${whoWords(awaited)}, which` : `${whoWords(awaited)}:`;
  return [reason(`${whoWords(waiting)} ${verb} for ${glue} ${glueWords(what)}`, "wait", undefined, first.source)];
}

/** `on gpu-1` as `starts on gpu-1`, `the image …` as `says: the image …`. */
function glueWords(what: string): string {
  if (/^(is|has|needs|keeps)\b/.test(what)) return what;
  return what.startsWith("on ") ? `starts ${what}` : `waits itself (${what})`;
}

function isRunning(pod: JobPod): boolean {
  return replicaSummary(pod).state === "Running";
}

function silence(job: TrainingJob): Reason {
  const controller = job.kind === "TrainJob" ? "Kubeflow Trainer" : "the training operator";
  const size = describeReplicas(job);
  return reason(
    `${controller} has made no pods${size === "" ? "" : ` for ${size}`} yet: it may not be running`,
    "ask-admin",
  );
}

/** `rank 0`, `ranks 0, 1 and 2`, `ranks 0, 1, 2 and 5 more`, `dataset-initializer`. */
function whoWords(replicas: readonly Replica[]): string {
  const named = replicas.flatMap(({ source }) => (typeof source === "number" ? [] : [sourceWords(source)]));
  const ranks = replicas.flatMap(({ source }) => (typeof source === "number" ? [source] : []));
  const shown = ranks.slice(0, 3).map(String);
  const more = ranks.length - shown.length;
  const all = more > 0 ? [...shown, `${more} more`] : shown;
  const list = all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all.at(-1) ?? ""}`;
  return [...named.slice(0, 3), ...(ranks.length === 0 ? [] : [`rank${ranks.length === 1 ? "" : "s"} ${list}`])].join(
    ", ",
  );
}

function unique(reasons: readonly Reason[]): readonly Reason[] {
  return [...new Map(reasons.map((one) => [one.text, one])).values()];
}
