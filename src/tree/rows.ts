import { label } from "../core/sanitize.ts";
import { age, plural } from "../core/text.ts";
import type { ContextInfo } from "../kube/context.ts";
import type { StoreState } from "../kube/store.ts";
import { describeReplicas, isActive, jobSummary } from "../kubeflow/jobStatus.ts";
import type { JobEvent, JobPod, JobState, Summary, TrainingJob } from "../kubeflow/model.ts";
import { mainContainer, type Replica, replicaSummary } from "../kubeflow/replicas.ts";
import { CONTEXT_VALUES } from "../manifest.ts";

/** A row as it is drawn, before it becomes a TreeItem. */
export interface Row {
  readonly label: string;
  readonly description: string;
  readonly icon: string;
  readonly colour?: string;
  /** Lines of plain text. */
  readonly tooltip: readonly string[];
  readonly contextValue: string;
  /** What a screen reader says, complete without the rest of the row. */
  readonly spoken: string;
}

const ICONS: Readonly<Record<JobState, readonly [icon: string, colour?: string]>> = {
  Waiting: ["watch"],
  Queued: ["list-ordered"],
  Starting: ["loading~spin"],
  Running: ["play-circle", "charts.green"],
  Restarting: ["sync", "charts.yellow"],
  Suspended: ["debug-pause"],
  Succeeded: ["pass-filled", "testing.iconPassed"],
  Failed: ["error", "testing.iconFailed"],
  Stopping: ["loading~spin"],
  Unknown: ["question"],
};

export type ClusterState =
  | { readonly kind: "not-connected" }
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly version: string }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

export function clusterRow(context: ContextInfo, state: ClusterState): Row {
  const [words, icon, colour] = clusterWords(state);
  return {
    label: label(context.name),
    description: words,
    icon,
    ...(colour === undefined ? {} : { colour }),
    tooltip: [
      label(context.name),
      `Server: ${label(context.server)}`,
      `User: ${label(context.user)}`,
      `Kubeconfig: ${label(context.file, 600)}`,
      ...(state.kind === "failed" ? [label(state.message, 600)] : []),
    ],
    contextValue: state.kind === "failed" ? CONTEXT_VALUES.clusterFailed : CONTEXT_VALUES.cluster,
    spoken: `${label(context.name)}, cluster, ${words}`,
  };
}

function clusterWords(state: ClusterState): readonly [string, string, string?] {
  switch (state.kind) {
    case "not-connected":
      return ["not connected", "circle-outline"];
    case "connecting":
      return ["connecting", "loading~spin"];
    case "live":
      return [state.version === "" ? "live" : `live · ${label(state.version, 40)}`, "circle-filled", "charts.green"];
    case "failed":
      return [FAILURES[state.code] ?? "cannot be reached", "warning", "list.warningForeground"];
  }
}

const FAILURES: Readonly<Record<string, string>> = {
  unreachable: "unreachable",
  "untrusted-server": "server not trusted",
  "certificate-expired": "certificate expired",
  "sign-in-needed": "sign-in needed",
  "plugin-missing": "sign-in program missing",
  "plugin-failed": "sign-in failed",
  "plugin-timeout": "sign-in took too long",
  "plugin-output": "sign-in failed",
  kubeconfig: "kubeconfig entry unusable",
  "not-ready": "not ready yet",
  refused: "refused",
};

export function namespaceRow(namespace: string, isDefault: boolean): Row {
  const name = label(namespace);
  return {
    label: name,
    description: isDefault ? "current" : "",
    icon: "symbol-namespace",
    tooltip: [`Namespace ${name}`],
    contextValue: CONTEXT_VALUES.namespace,
    spoken: `${name}, namespace`,
  };
}

export function jobsRow(words: string): Row {
  return {
    label: "Training jobs",
    description: words,
    icon: "rocket",
    tooltip: [words === "" ? "Training jobs" : `Training jobs: ${words}`],
    contextValue: CONTEXT_VALUES.jobs,
    spoken: `Training jobs${words === "" ? "" : `, ${words}`}`,
  };
}

/** `2 running · 1 failed`, or what stands in the way of knowing. `states` has the state of every job. */
export function folderWords(store: StoreState, states: Iterable<JobState>, now: number): string {
  if (store.kind === "stale") return `stale for ${age(now - store.since)}: ${label(store.why, 80)}`;
  if (store.kind === "loading") return "loading";
  if (store.kind !== "live") return "";
  const counts = new Map<JobState, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return STATE_ORDER.flatMap((state) =>
    counts.has(state) ? [`${counts.get(state) ?? 0} ${state.toLowerCase()}`] : [],
  ).join(" · ");
}

/** What a person wants to know first. */
const STATE_ORDER: readonly JobState[] = [
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

export function jobRow(
  job: TrainingJob,
  pods: readonly JobPod[],
  warnings: Iterable<JobEvent>,
  mine: boolean,
  now: number,
  podsKnown = true,
): Row {
  const { state, detail: raw } = jobSummary(job, pods, warnings, now, podsKnown);
  const detail = label(raw);
  const name = label(job.name);
  const [icon, colour] = ICONS[state];
  const own = mine ? " · mine" : "";
  return {
    label: name,
    description: `${state}${detail === "" ? "" : ` · ${detail}`}${own}`,
    icon,
    ...(colour === undefined ? {} : { colour }),
    tooltip: [
      `${name} · ${label(job.kind)} · ${state}`,
      ...(detail === "" ? [] : [detail]),
      describeReplicas(job),
      ...(job.script === undefined ? [] : [`Script: ${label(job.script)}`]),
      ...(job.message === undefined ? [] : [label(job.message, 400)]),
      `Created ${new Date(job.created).toLocaleString()}`,
    ],
    contextValue: isActive(job) ? CONTEXT_VALUES.jobActive : CONTEXT_VALUES.jobEnded,
    spoken: `${name}, training job, ${state.toLowerCase()}${detail === "" ? "" : `, ${detail}`}${mine ? ", mine" : ""}`,
  };
}

/** Without `podsKnown` a rank without a pod says nothing of itself: its pod may only not be seen. */
export function replicaRow(replica: Replica, podsKnown = true): Row {
  const { state, detail }: Summary =
    podsKnown || replica.pod !== undefined
      ? replicaSummary(replica.pod)
      : { state: "Unknown", detail: "its pod cannot be read" };
  const [icon, colour] = ICONS[state];
  const restarts = replica.pod && (mainContainer(replica.pod)?.restarts ?? 0);
  const words = [
    state,
    label(detail),
    restarts === undefined || restarts === 0 ? "" : plural(restarts, "restart"),
  ].filter((part) => part !== "");
  return {
    label: `rank ${replica.rank}`,
    description: words.join(" · "),
    icon,
    ...(colour === undefined ? {} : { colour }),
    tooltip: [
      `rank ${replica.rank} (${label(replica.role)})`,
      ...(replica.pod === undefined
        ? podsKnown
          ? ["No pod yet"]
          : []
        : [
            `Pod ${label(replica.pod.name)}`,
            ...(replica.pod.node === undefined ? [] : [`Node ${label(replica.pod.node)}`]),
          ]),
      words.join(" · "),
    ],
    contextValue: CONTEXT_VALUES.replica,
    spoken: `rank ${replica.rank}, ${words.join(", ").toLowerCase()}`,
  };
}
