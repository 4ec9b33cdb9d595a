import { label } from "../core/sanitize.ts";
import { age } from "../core/text.ts";
import type { Notebook, Said } from "../kubeflow/kinds/notebook.ts";
import type { JobEvent, JobPod } from "../kubeflow/model.ts";
import { imageFailure, warningText } from "../kubeflow/podWords.ts";
import { replicaSummary } from "../kubeflow/replicas.ts";
import { unschedulableText } from "../kubeflow/scheduling.ts";
import type { Reason } from "../kubeflow/why.ts";

/** States of a notebook, each the word that is shown (ux: table of states). */
export type NotebookState = "Ready" | "Stopped" | "Starting" | "Waiting" | "Failed" | "Stopping";

export interface NotebookSummary {
  readonly state: NotebookState;
  /** What matters next; empty where the state says it all. */
  readonly detail: string;
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
  const { created, lastActivity } = notebook;
  const since = age(now - created);
  if (!notebook.hasStatus && pod === undefined && now - created < NEW_MS) return { state: "Waiting", detail: since };
  if (notebook.stopped) return { state: notebook.ready || pod !== undefined ? "Stopping" : "Stopped", detail: "" };
  if (notebook.deleting) return { state: "Stopping", detail: "being deleted" };
  if (notebook.ready) {
    const idle =
      lastActivity !== undefined && now - lastActivity >= IDLE_MS ? `idle for ${age(now - lastActivity)}` : since;
    return { state: "Ready", detail: idle };
  }
  const { state, detail } = (pod && ofPod(pod)) ?? ofStatus(notebook) ?? ofWarning(warnings);
  return { state, detail: joined(detail, since) };
}

/** Why it does not serve; nothing where it does, or is on its way. */
export function notebookWhy(
  summary: NotebookSummary,
  pod: JobPod | undefined,
  warnings: Iterable<JobEvent>,
): readonly Reason[] {
  const { state, detail } = summary;
  if (state === "Stopped")
    return [{ text: "Somebody stopped it, or it was idle for too long.", next: { id: "resume", words: "Start" } }];
  if (state !== "Waiting" && state !== "Failed") return [];
  const said = label(pod?.unschedulable ?? newestWarning(warnings)?.message ?? "", 600);
  return [
    {
      text: `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`,
      ...(said === "" ? {} : { detail: said }),
      next: state === "Failed" ? { id: "logs", words: "Open its log" } : { id: "events", words: "Show events" },
    },
  ];
}

function newestWarning(warnings: Iterable<JobEvent>): JobEvent | undefined {
  let newest: JobEvent | undefined;
  for (const event of warnings) if (newest === undefined || event.time >= newest.time) newest = event;
  return newest;
}

/** A warning in plain words, without what the controllers between have put before it. */
function notebookWarning({ message }: JobEvent): string {
  const own = message
    .replace(/^Reissued from \S+: /, "")
    .replace(/^create Pod \S+ in StatefulSet \S+ failed error: /, "");
  return warningText({ message: own });
}

function ofPod(pod: JobPod): NotebookSummary | undefined {
  const { state, detail } = replicaSummary(pod);
  switch (state) {
    case "Running":
      return { state: "Starting", detail: "its server is not ready yet" };
    case "Restarting":
    case "Failed":
      return { state: "Failed", detail };
    case "Succeeded":
      return { state: "Failed", detail: "its server has ended by itself" };
    case "Starting":
    case "Waiting":
    case "Stopping":
      return { state, detail };
    default:
      return undefined;
  }
}

function ofStatus({ waiting, condition }: Notebook): NotebookSummary | undefined {
  if (waiting !== undefined) {
    if (ORDINARY.has(waiting.reason)) return { state: "Starting", detail: "" };
    if (waiting.reason === "CrashLoopBackOff") return { state: "Failed", detail: "keeps crashing" };
    if (!waiting.reason.includes("Image")) return { state: "Waiting", detail: words(waiting) };
    const why = imageFailure(waiting);
    return { state: "Waiting", detail: `the image cannot be pulled${why === undefined ? "" : ` (${why})`}` };
  }
  if (condition === undefined) return undefined;
  if (condition.reason === "Unschedulable") return { state: "Waiting", detail: unschedulableText(condition.message) };
  return { state: "Waiting", detail: words(condition) };
}

function words({ reason, message = "" }: Said): string {
  return label(`${reason} ${message}`, 80);
}

function ofWarning(warnings: Iterable<JobEvent>): NotebookSummary {
  const newest = newestWarning(warnings);
  return { state: "Waiting", detail: newest === undefined ? "no pod yet" : notebookWarning(newest) };
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" · ");
}
