import { label } from "../core/sanitize.ts";
import { joined } from "../core/text.ts";
import type { Workload, WorkloadState } from "../kubeflow/kinds/workload.ts";
import type { WorkloadSummary } from "../kubeflow/namespaceWorkloads.ts";
import type { WorkloadKind } from "../kubeflow/workloadKinds.ts";
import type { Reason } from "../kubeflow/why.ts";
import { contextValue } from "../manifest.ts";
import type { Allowed } from "./allowed.ts";
import { iconOf, type Row, spokenText, STATE_ICONS } from "./row.ts";

/** What a person wants to know first. */
export const WORKLOAD_STATES: readonly WorkloadState[] = [
  "Running",
  "Ready",
  "Failed",
  "Restarting",
  "Starting",
  "Waiting",
  "Succeeded",
  "Suspended",
  "Stopped",
  "Stopping",
];

/** What a row stands for, alone. */
export const ONE_OF: Readonly<Record<WorkloadKind, string>> = {
  experiments: "experiment",
  models: "model server",
  rayJobs: "Ray job",
};

export interface WorkloadSight {
  readonly what: WorkloadKind;
  readonly summary: WorkloadSummary;
  /** Shown where rows of several namespaces stand together. */
  readonly namespace: string;
  readonly allowed: Allowed;
  readonly why: readonly Reason[];
}

export function workloadRow(item: Workload, { what, summary, namespace, allowed, why }: WorkloadSight): Row {
  const { state, when } = summary;
  const name = label(item.name);
  const detail = label(summary.detail);
  const more = [detail, when, label(namespace, 63)];
  return {
    label: name,
    description: joined([state, ...more]),
    ...iconOf(STATE_ICONS[state]),
    tooltip: [
      `${name} · ${ONE_OF[what]} · ${state}`,
      ...(detail === "" ? [] : [detail]),
      ...item.facts.map((fact) => label(fact, 400)),
      ...why.map(({ text }) => text),
      `Created ${new Date(item.created).toLocaleString()}`,
    ],
    contextValue: contextValue("workload", {
      object: true,
      name: true,
      events: allowed.events,
      why: why.length > 0,
      logs: item.hasStatus && allowed.logs,
      delete: allowed.delete && !item.deleting,
    }),
    spoken: spokenText([name, ONE_OF[what], state.toLowerCase(), ...more]),
  };
}
