import { label } from "../core/sanitize.ts";
import { joined, plural } from "../core/text.ts";
import { describeReplicas, isActive } from "../kubeflow/jobFacts.ts";
import type { NodeUse } from "../kubeflow/gpuUse.ts";
import { type JobState, sourceWords, type Summary, type TrainingJob } from "../kubeflow/model.ts";
import type { ShownReplica } from "../kubeflow/replicas.ts";
import { unschedulableRow } from "../kubeflow/scheduling.ts";
import type { Reason } from "../kubeflow/why.ts";
import { contextValue, type RowFlags } from "../manifest.ts";
import type { Allowed } from "./allowed.ts";
import { iconOf, type Row, spokenText, STATE_ICONS } from "./row.ts";

/** What a person wants to know first. */
export const JOB_STATES: readonly JobState[] = [
  "Running",
  "Failed",
  "Restarting",
  "Starting",
  "Waiting",
  "Queued",
  "Succeeded",
  "Suspended",
  "Stopping",
  "Unknown",
];

export interface JobSight {
  readonly summary: Summary;
  readonly mine: boolean;
  /** Rows of several kinds stand together: each says its own. */
  readonly mixed: boolean;
  /** Shown where rows of several namespaces stand together. */
  readonly namespace: string;
  readonly allowed: Allowed;
  /** Why it is as it is, where that is asked: whole, since a row's end is often cut. */
  readonly why: readonly Reason[] | undefined;
}

export function jobRow(job: TrainingJob, { summary, mine, mixed, namespace, allowed, why }: JobSight): Row {
  const { state } = summary;
  const detail = label(summary.detail);
  const name = label(job.name);
  const own = mine ? "mine" : "";
  const where = label(namespace, 63);
  return {
    label: name,
    description: joined([state, detail, where, own, mixed ? job.kind : ""]),
    ...iconOf(STATE_ICONS[state]),
    tooltip: [
      `${name} · ${label(job.kind)} · ${state}`,
      ...(detail === "" ? [] : [detail]),
      ...(job.partial === true ? [] : [describeReplicas(job)]),
      ...(job.runtime === undefined ? [] : [`Runtime: ${label(job.runtime, 63)}`]),
      ...(job.progress === undefined ? [] : [`Progress: ${job.progress} %`]),
      ...(job.script === undefined ? [] : [`Script: ${label(job.script)}`]),
      ...(why ?? []).flatMap(({ text, detail: said }) => [text, ...(said === undefined ? [] : [`  ${said}`])]),
      ...(job.message === undefined ? [] : [label(job.message, 600)]),
      `Created ${new Date(job.created).toLocaleString()}`,
    ],
    contextValue: contextValue("job", jobFlags(job, state, allowed, why !== undefined)),
    spoken: spokenText([name, "training job", state.toLowerCase(), detail, where, own, job.kind]),
  };
}

function jobFlags(job: TrainingJob, state: JobState, allowed: Allowed, why: boolean): RowFlags {
  const { events, logs, change } = allowed;
  return {
    object: true,
    events,
    name: true,
    why,
    logs,
    shell: allowed.shell && state === "Running",
    stop: change && isActive(job),
    start: change && job.suspended && !job.deleting,
    delete: allowed.delete,
    pytorch: job.kind === "PyTorchJob",
  };
}

const TROUBLED: ReadonlySet<JobState> = new Set(["Waiting", "Failed", "Restarting", "Unknown"]);

/** `nodes` of the cluster, where it is known what all their pods hold. */
export function replicaRow(replica: ShownReplica, allowed: Allowed, nodes?: readonly NodeUse[]): Row {
  const { pod, restarts, running } = replica;
  const { state } = replica.summary;
  const isUnplaced = state === "Waiting" && pod?.unschedulable !== undefined;
  const detail = isUnplaced ? unschedulableRow(pod.unschedulable, pod.needs, nodes) : replica.summary.detail;
  const more = [label(detail), restarts === 0 ? "" : plural(restarts, "restart")];
  const words = joined([state, ...more]);
  const name = sourceWords(replica.source);
  return {
    label: name,
    description: words,
    ...iconOf(STATE_ICONS[state]),
    tooltip: [
      `${name} (${label(replica.role)})`,
      ...(pod === undefined
        ? []
        : [`Pod ${label(pod.name)}`, ...(pod.node === undefined ? [] : [`Node ${label(pod.node)}`])]),
      words,
      ...(isUnplaced ? [label(replica.summary.detail)] : []),
    ],
    contextValue: contextValue("replica", {
      object: pod !== undefined,
      name: pod !== undefined,
      events: pod !== undefined && allowed.events,
      why: TROUBLED.has(state),
      logs: pod !== undefined && allowed.logs,
      shell: running && allowed.shell,
    }),
    spoken: spokenText([name, state.toLowerCase(), ...more]),
  };
}
