import { label } from "../core/sanitize.ts";
import { age, ago, elapsed, joined, lasting, plural } from "../core/text.ts";
import { newestOf } from "../kubeflow/events.ts";
import type { Notebook, Said } from "../kubeflow/kinds/notebook.ts";
import type { JobEvent, JobPod } from "../kubeflow/model.ts";
import { crashWords, disruptionWords, imageFailure, mainContainer, warningText } from "../kubeflow/podWords.ts";
import { replicaSummary } from "../kubeflow/replicas.ts";
import { unschedulableRow, unschedulableText } from "../kubeflow/scheduling.ts";
import type { Reason } from "../kubeflow/why.ts";
import { closeToCulling, cullingWords, keepWords } from "./culling.ts";
import { type ClaimsKnown, volumeWords, waitsForVolume } from "./volumeWords.ts";

/** States of a notebook, each the word that is shown (ux: table of states). */
export type NotebookState = "Ready" | "Stopped" | "Starting" | "Restarting" | "Waiting" | "Failed" | "Stopping";

/** What took a notebook's pod away before the one that it has now. */
export interface LostPod {
  /** `evicted`, and the cluster's own words where there are more. */
  readonly words: string;
  /** Wall ms. */
  readonly at: number;
}

/** What a notebook's state is told by. */
export interface NotebookSight {
  readonly notebook: Notebook;
  /** Where it may be read. */
  readonly pod: JobPod | undefined;
  /** About the notebook, its StatefulSet and its pod. */
  readonly warnings: readonly JobEvent[];
  readonly claims: ClaimsKnown;
  readonly lost: LostPod | undefined;
  /** Ms without use after which it is stopped; undefined where nobody does, or that may not be read. */
  readonly cullAfter: number | undefined;
}

export interface NotebookSummary {
  readonly state: NotebookState;
  /** What matters next; empty where the state says it all. */
  readonly detail: string;
  /** Since when, or when; empty where nobody knows. */
  readonly when: string;
}

/** The controller has written a status by then, in ms (jupyter web app: 10 s). */
const NEW_MS = 10_000;
/** If it has not by then, in ms, there may be none. */
const UNSEEN_MS = 60_000;
/** Idle for less than this, in ms, is being used. */
const IDLE_MS = 300_000;
/** What ended its server is told for so long, in ms, after it has begun anew. */
const TOLD_MS = 3_600_000;
/** One that runs for this long, in ms, has not crashed of late. */
const STEADY_MS = 600_000;
/** Of a pod that has a node: the kubelet tries these again for ever, and no container begins before. */
const HOLDS_UP = new Set(["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"]);
/** They are warned of again every two minutes or so; what was warned of this long ago, in ms, is over. */
const HELD_MS = 300_000;
/** Said while an image is pulled and a container set up; nothing is wrong. */
const ORDINARY = new Set(["ContainerCreating", "PodInitializing"]);
/** Characters of a label, and of a StatefulSet's name: its pods have that in one, before a hash of ten. */
const [LONGEST_LABEL, LONGEST_NAME] = [63, 52];

/**
 * What a row says of a notebook. The order is the one of Kubeflow's own web app (jupyter/backend/apps/common/status.py):
 * new, stopped, being deleted, ready, what its container waits for, what a condition says, what was warned of. Its pod,
 * where it may be read, knows more than the notebook's own status, which is a copy of it. `now` is wall ms.
 */
export function notebookSummary(sight: NotebookSight, now: number): NotebookSummary {
  const { notebook, pod } = sight;
  const { created, stoppedAt } = notebook;
  // One that was stopped and started again has not waited since it was made.
  const begun = pod?.created ?? created;
  const when = lasting(now - begun);
  if (!notebook.hasStatus && pod === undefined && now - created < NEW_MS) return { state: "Waiting", detail: "", when };
  if (notebook.stopped) {
    const since = stoppedAt === undefined ? undefined : now - stoppedAt;
    const isLeaving = notebook.ready || pod !== undefined || notebook.runningSince !== undefined;
    if (isLeaving) return { state: "Stopping", detail: "", when: (since ?? 0) < UNSEEN_MS ? "" : lasting(since ?? 0) };
    return { state: "Stopped", detail: "", when: since === undefined ? "" : ago(since) };
  }
  if (notebook.deleting) return { state: "Stopping", detail: "being deleted", when: "" };
  // Its status is behind: its StatefulSet makes a new one.
  if (pod?.deleting === true) return { state: "Restarting", detail: disruptionWords(pod) ?? "", when: "" };
  if (notebook.ready && pod?.phase !== "Failed") {
    const use = useWords(sight, now);
    const detail = joined([troubles(sight, now).map(({ row }) => row)[0] ?? "", use], ", ");
    return { state: "Ready", detail, when: use === "" ? lasting(now - (notebook.runningSince ?? begun)) : "" };
  }
  const said = (pod && ofPod(pod, sight, now)) ?? ofStatus(notebook) ?? ofWarning(sight, now);
  return { ...said, when: said.state === "Failed" ? `started ${ago(now - begun)}` : when };
}

/** `idle for 2 h, stops in 22 h`; empty where it is used, or nobody knows. */
function useWords({ notebook: { lastActivity }, cullAfter }: NotebookSight, now: number): string {
  if (lastActivity === undefined) return "";
  const idle = now - lastActivity;
  if (idle < IDLE_MS && closeToCulling(lastActivity, cullAfter, now) === undefined) return "";
  return joined([`idle for ${elapsed(idle)}`, cullingWords(lastActivity, cullAfter, now)], ", ");
}

/** What a person should know of a notebook that is ready: a few words for its row, and in full. */
interface Trouble {
  readonly row: string;
  readonly reason: Reason;
}

function troubles({ notebook, pod, lost, cullAfter }: NotebookSight, now: number): readonly Trouble[] {
  const found: Trouble[] = [];
  const main = pod && mainContainer(pod);
  const isYoung = notebook.runningSince !== undefined && now - notebook.runningSince < STEADY_MS;
  if (main?.last !== undefined && main.restarts > 0 && isYoung) {
    const words = `has crashed ${plural(main.restarts, "time")}: ${crashWords(main).replace(/^keeps crashing: /, "")}`;
    found.push({ row: words, reason: { text: `It ${words}.`, next: { id: "logs", words: "Open its log" } } });
  }
  if (lost !== undefined && now - lost.at <= TOLD_MS) {
    const text =
      "Its pod was taken away, and a new one made: its kernels began anew. What was on its volumes is there.";
    found.push({
      row: `${label(lost.words.split(":", 1)[0] ?? "", 60)} ${ago(now - lost.at)}`,
      reason: { text, detail: label(lost.words, 300), next: { id: "events", words: "Show events" } },
    });
  }
  const { lastActivity = now } = notebook;
  const left = closeToCulling(lastActivity, cullAfter, now);
  if (left !== undefined && cullAfter !== undefined) {
    const stops = left <= 0 ? "about to be stopped" : `is stopped in ${elapsed(left)}`;
    const text = `It is idle for ${elapsed(now - lastActivity)}, and ${stops}. ${keepWords(notebook)}`;
    found.push({
      row: "",
      reason: { text, detail: `Here a notebook is stopped after ${age(cullAfter)} without use.` },
    });
  }
  return found;
}

/** What a pod, a status or a warning tells, without a time. */
type Told = Omit<NotebookSummary, "when">;

/** Why it does not serve, or not as it should; nothing where it does, or is on its way. `now` is wall ms. */
export function notebookWhy(sight: NotebookSight, now: number): readonly Reason[] {
  const { notebook, pod, warnings, claims } = sight;
  const summary = notebookSummary(sight, now);
  const { state } = summary;
  if (state === "Ready") return troubles(sight, now).map(({ reason }) => reason);
  if (state === "Stopped")
    return [{ text: "Somebody stopped it, or it was idle for too long.", next: { id: "resume", words: "Start" } }];
  if (state !== "Waiting" && state !== "Failed") return [];
  if (isUnseen(sight, now))
    return [
      {
        text: "No notebook controller has made anything of it: none is installed, or it does not run, or may make no StatefulSet.",
        next: { id: "install", words: "Install Kubeflow" },
      },
    ];
  const isForVolume = waitsForVolume(pod?.unschedulable);
  const detail =
    pod?.unschedulable === undefined || isForVolume ? summary.detail : unschedulableText(pod.unschedulable, pod.needs);
  const about = isForVolume
    ? newestOf(claims.warnings, ({ aboutName }) => notebook.claims.includes(aboutName))
    : undefined;
  const said = label(about?.message ?? pod?.unschedulable ?? causeOf(warnings)?.message ?? "", 600);
  return [
    {
      text: `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`,
      ...(said === "" ? {} : { detail: said }),
      next: state === "Failed" ? { id: "logs", words: "Open its log" } : { id: "events", words: "Show events" },
    },
  ];
}

/** The newest warning; of a pull, the cause and not what the kubelet says after it. */
function causeOf(warnings: readonly JobEvent[]): JobEvent | undefined {
  const newest = newestOf(warnings);
  if (newest === undefined || !/^(Error: (ErrImagePull|ImagePullBackOff)|Back-off pulling )/.test(newest.message))
    return newest;
  const { aboutUid: pod } = newest;
  return newestOf(warnings, (one) => one.aboutUid === pod && one.message.startsWith("Failed to pull ")) ?? newest;
}

/** Nothing at all has been done about it, or said. */
function isUnseen({ notebook, pod, warnings }: NotebookSight, now: number): boolean {
  const { hasStatus, name, created } = notebook;
  if (hasStatus || pod !== undefined || warnings.length > 0 || name.length > LONGEST_LABEL) return false;
  return now - created >= UNSEEN_MS;
}

/** A warning in plain words, without what the controllers between have put before it. */
function notebookWarning({ message }: JobEvent): string {
  const own = message
    .replace(/^Reissued from \S+: /, "")
    .replace(/^create Pod \S+ in StatefulSet \S+ failed error: /, "");
  return warningText({ message: own }, "it");
}

function ofPod(pod: JobPod, { notebook, warnings, claims }: NotebookSight, now: number): Told | undefined {
  const { state, detail } = replicaSummary(pod);
  switch (state) {
    case "Running":
      return { state: "Starting", detail: "its server is not ready yet" };
    case "Restarting":
    case "Failed":
      return { state: "Failed", detail };
    case "Succeeded":
      return { state: "Failed", detail: "its server has ended by itself" };
    case "Waiting":
      if (waitsForVolume(pod.unschedulable)) return { state, detail: volumeWords(notebook.claims, claims) };
      return { state, detail: pod.unschedulable ? unschedulableRow(pod.unschedulable, pod.needs) : detail };
    case "Starting": {
      const isOwn = ({ aboutUid, reason, time }: JobEvent): boolean =>
        aboutUid === pod.uid && HOLDS_UP.has(reason) && now - time < HELD_MS;
      // Its init containers have its volumes.
      const held = mainContainer(pod)?.reason === "PodInitializing" ? undefined : newestOf(warnings, isOwn);
      return held === undefined ? { state, detail } : { state: "Waiting", detail: notebookWarning(held) };
    }
    default:
      return undefined;
  }
}

function ofStatus({ waiting, condition }: Notebook): Told | undefined {
  if (waiting !== undefined) {
    if (ORDINARY.has(waiting.reason)) return { state: "Starting", detail: "" };
    if (waiting.reason === "CrashLoopBackOff") return { state: "Failed", detail: "keeps crashing" };
    if (!waiting.reason.includes("Image")) return { state: "Waiting", detail: words(waiting) };
    const why = imageFailure(waiting);
    return { state: "Waiting", detail: `the image cannot be pulled${why === undefined ? "" : ` (${why})`}` };
  }
  if (condition === undefined) return undefined;
  if (condition.reason === "Unschedulable") return { state: "Waiting", detail: unschedulableRow(condition.message) };
  return { state: "Waiting", detail: words(condition) };
}

function words({ reason, message = "" }: Said): string {
  return label(`${reason} ${message}`, 80);
}

function ofWarning(sight: NotebookSight, now: number): Told {
  const { notebook, warnings } = sight;
  const newest = newestOf(warnings);
  const { length } = notebook.name;
  // Beyond 63 not even its StatefulSet can be made, of which the controller tells nobody.
  if (length > LONGEST_LABEL || (length > LONGEST_NAME && /must be no more than 63 /.test(newest?.message ?? "")))
    return { state: "Waiting", detail: `its name has ${length} characters, ${LONGEST_NAME} are the most` };
  if (isUnseen(sight, now)) return { state: "Waiting", detail: "no controller has taken it up" };
  return { state: "Waiting", detail: newest === undefined ? "no pod yet" : notebookWarning(newest) };
}
