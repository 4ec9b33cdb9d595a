import { label } from "../core/sanitize.ts";
import { age, ago, lasting } from "../core/text.ts";
import { newestOf } from "../kubeflow/events.ts";
import type { Notebook, Said } from "../kubeflow/kinds/notebook.ts";
import type { JobEvent, JobPod } from "../kubeflow/model.ts";
import { imageFailure, warningText } from "../kubeflow/podWords.ts";
import { replicaSummary } from "../kubeflow/replicas.ts";
import { unschedulableRow, unschedulableText } from "../kubeflow/scheduling.ts";
import type { Reason } from "../kubeflow/why.ts";

/** States of a notebook, each the word that is shown (ux: table of states). */
export type NotebookState = "Ready" | "Stopped" | "Starting" | "Waiting" | "Failed" | "Stopping";

export interface NotebookSummary {
  readonly state: NotebookState;
  /** What matters next; empty where the state says it all. */
  readonly detail: string;
  /** Since when, or when; empty where nobody knows. */
  readonly when: string;
}

/** The controller has written a status by then, in ms (jupyter web app: 10 s). */
const NEW_MS = 10_000;
/** Idle for less than this, in ms, is being used. */
const IDLE_MS = 300_000;
/** Said while an image is pulled and a container set up; nothing is wrong. */
const ORDINARY = new Set(["ContainerCreating", "PodInitializing"]);

/**
 * What a row says of a notebook. The order is the one of Kubeflow's own web app (jupyter/backend/apps/common/status.py):
 * new, stopped, being deleted, ready, what its container waits for, what a condition says, what was warned of. Its pod,
 * where it may be read, knows more than the notebook's own status, which is a copy of it. `now` is wall ms.
 */
export function notebookSummary(
  notebook: Notebook,
  pod: JobPod | undefined,
  warnings: Iterable<JobEvent>,
  now: number,
): NotebookSummary {
  const { created, lastActivity, stoppedAt } = notebook;
  // One that was stopped and started again has not waited since it was made.
  const begun = pod?.created ?? created;
  const when = lasting(now - begun);
  if (!notebook.hasStatus && pod === undefined && now - created < NEW_MS) return { state: "Waiting", detail: "", when };
  if (notebook.stopped) {
    const isLeaving = notebook.ready || pod !== undefined;
    if (isLeaving) return { state: "Stopping", detail: "", when: "" };
    return { state: "Stopped", detail: "", when: stoppedAt === undefined ? "" : ago(now - stoppedAt) };
  }
  if (notebook.deleting) return { state: "Stopping", detail: "being deleted", when: "" };
  if (notebook.ready) {
    const isIdle = lastActivity !== undefined && now - lastActivity >= IDLE_MS;
    const detail = isIdle ? `idle for ${age(now - lastActivity)}` : "";
    return { state: "Ready", detail, when: isIdle ? "" : lasting(now - (notebook.runningSince ?? begun)) };
  }
  const said = (pod && ofPod(pod)) ?? ofStatus(notebook) ?? ofWarning(warnings);
  return { ...said, when: said.state === "Failed" ? `started ${ago(now - begun)}` : when };
}

/** What a pod, a status or a warning tells, without a time. */
type Told = Omit<NotebookSummary, "when">;

/** Why it does not serve; nothing where it does, or is on its way. */
export function notebookWhy(
  summary: NotebookSummary,
  pod: JobPod | undefined,
  warnings: Iterable<JobEvent>,
): readonly Reason[] {
  const { state } = summary;
  const detail = pod?.unschedulable === undefined ? summary.detail : unschedulableText(pod.unschedulable, pod.needs);
  if (state === "Stopped")
    return [{ text: "Somebody stopped it, or it was idle for too long.", next: { id: "resume", words: "Start" } }];
  if (state !== "Waiting" && state !== "Failed") return [];
  const said = label(pod?.unschedulable ?? newestOf(warnings)?.message ?? "", 600);
  return [
    {
      text: `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`,
      ...(said === "" ? {} : { detail: said }),
      next: state === "Failed" ? { id: "logs", words: "Open its log" } : { id: "events", words: "Show events" },
    },
  ];
}

/** A warning in plain words, without what the controllers between have put before it. */
function notebookWarning({ message }: JobEvent): string {
  const own = message
    .replace(/^Reissued from \S+: /, "")
    .replace(/^create Pod \S+ in StatefulSet \S+ failed error: /, "");
  return warningText({ message: own }, "it");
}

function ofPod(pod: JobPod): Told | undefined {
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
      return { state, detail: pod.unschedulable ? unschedulableRow(pod.unschedulable, pod.needs) : detail };
    case "Starting":
    case "Stopping":
      return { state, detail };
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

function ofWarning(warnings: Iterable<JobEvent>): Told {
  const newest = newestOf(warnings);
  return { state: "Waiting", detail: newest === undefined ? "no pod yet" : notebookWarning(newest) };
}
