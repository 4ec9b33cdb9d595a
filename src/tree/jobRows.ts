import { label } from "../core/sanitize.ts";
import { plural } from "../core/text.ts";
import { describeReplicas, isActive } from "../kubeflow/jobStatus.ts";
import type { JobState, Summary, TrainingJob } from "../kubeflow/model.ts";
import { mainContainer, type Replica, replicaSummary, sourceWords } from "../kubeflow/replicas.ts";
import { contextValue, type RowFlag } from "../manifest.ts";
import type { Allowed } from "./allowed.ts";
import { iconOf, joined, type Row, STATE_ICONS } from "./row.ts";

/** What a person wants to know first. */
export const JOB_STATES: readonly JobState[] = [
  "Running",
  "Starting",
  "Waiting",
  "Queued",
  "Restarting",
  "Failed",
  "Succeeded",
  "Suspended",
  "Stopping",
  "Unknown",
];

export interface JobSight {
  readonly summary: Summary;
  readonly mine: boolean;
  /** Shown where rows of several namespaces stand together. */
  readonly namespace: string;
  readonly allowed: Allowed;
  /** There is something to say about why it is as it is. */
  readonly why: boolean;
}

export function jobRow(job: TrainingJob, { summary, mine, namespace, allowed, why }: JobSight): Row {
  const { state } = summary;
  const detail = label(summary.detail);
  const name = label(job.name);
  const own = mine ? "mine" : "";
  const where = label(namespace, 63);
  return {
    label: name,
    description: joined([state, detail, where, own]),
    ...iconOf(STATE_ICONS[state]),
    tooltip: [
      `${name} · ${label(job.kind)} · ${state}`,
      ...(detail === "" ? [] : [detail]),
      ...(job.partial === true ? [] : [describeReplicas(job)]),
      ...(job.runtime === undefined ? [] : [`Runtime: ${label(job.runtime, 63)}`]),
      ...(job.progress === undefined ? [] : [`Progress: ${job.progress} %`]),
      ...(job.script === undefined ? [] : [`Script: ${label(job.script)}`]),
      ...(job.message === undefined ? [] : [label(job.message, 400)]),
      `Created ${new Date(job.created).toLocaleString()}`,
    ],
    contextValue: contextValue("job", jobFlags(job, state, allowed, why)),
    spoken: joined([name, "training job", state.toLowerCase(), detail, where, own], ", "),
  };
}

function jobFlags(job: TrainingJob, state: JobState, allowed: Allowed, why: boolean): readonly RowFlag[] {
  return [
    "object",
    ...(allowed.events ? (["events"] as const) : []),
    "name",
    ...(why ? (["why"] as const) : []),
    ...(allowed.logs ? (["logs"] as const) : []),
    ...(allowed.shell && state === "Running" ? (["shell"] as const) : []),
    ...(allowed.change && isActive(job) ? (["stop"] as const) : []),
    ...(allowed.change && job.suspended && !job.deleting ? (["start"] as const) : []),
    ...(allowed.delete ? (["delete"] as const) : []),
  ];
}

const TROUBLED: ReadonlySet<JobState> = new Set(["Waiting", "Failed", "Restarting", "Unknown"]);

/** Without `podsKnown` a rank without a pod says nothing of itself: its pod may only not be seen. */
export function replicaRow(replica: Replica, podsKnown: boolean, allowed: Allowed): Row {
  const { pod } = replica;
  const { state, detail }: Summary =
    podsKnown || pod !== undefined ? replicaSummary(pod) : { state: "Unknown", detail: "its pod cannot be read" };
  const main = pod && mainContainer(pod);
  const restarts = main?.restarts ?? 0;
  const words = joined([state, label(detail), restarts === 0 ? "" : plural(restarts, "restart")]);
  const name = sourceWords(replica.source);
  return {
    label: name,
    description: words,
    ...iconOf(STATE_ICONS[state]),
    tooltip: [
      `${name} (${label(replica.role)})`,
      ...(pod === undefined
        ? podsKnown
          ? ["No pod yet"]
          : []
        : [`Pod ${label(pod.name)}`, ...(pod.node === undefined ? [] : [`Node ${label(pod.node)}`])]),
      words,
    ],
    contextValue: contextValue("replica", [
      ...(pod === undefined ? [] : (["object", "name"] as const)),
      ...(pod !== undefined && allowed.events ? (["events"] as const) : []),
      ...(TROUBLED.has(state) ? (["why"] as const) : []),
      ...(pod !== undefined && allowed.logs ? (["logs"] as const) : []),
      ...(main?.state === "running" && allowed.shell ? (["shell"] as const) : []),
    ]),
    spoken: joined([name, words.replaceAll(" · ", ", ").toLowerCase()], ", "),
  };
}
