import { label } from "../core/sanitize.ts";
import { joined, lasting, plural } from "../core/text.ts";
import type { ClusterState } from "../engine.ts";
import type { ContextInfo } from "../kube/context.ts";
import type { StoreState } from "../kube/store.ts";
import { contextValue, type RowFlags } from "../manifest.ts";
import { ALL_NAMESPACES } from "../kubeflow/namespaceChoice.ts";
import type { FolderKind } from "./nodes.ts";
import { iconOf, type Row, spokenText, type StateIcon } from "./row.ts";

/** What a cluster's row says besides its state. */
export interface ClusterFacts {
  /** Such as `Trainer 2.3.0`. */
  readonly parts: readonly string[];
  /** Such as `3 of 8 GPUs free`; empty where nothing is known. */
  readonly gpus: string;
  readonly pinned: boolean;
  /** Where it was made from here; undefined for one that was not. */
  readonly made: "gke" | "eks" | "local" | undefined;
}

export function clusterRow(context: ContextInfo, state: ClusterState, facts: ClusterFacts, now: number): Row {
  const [words, icon] = clusterWords(state, facts.gpus, now);
  const why = state.kind === "failed" ? state.message : state.kind === "stale" ? state.why : undefined;
  const pinned = facts.pinned ? "pinned" : "";
  const host = label(URL.canParse(context.server) ? new URL(context.server).host : context.server, 80);
  return {
    label: label(context.name),
    // Once it is connected there is more to say than where.
    description: joined([words, state.kind === "not-connected" ? host : "", pinned]),
    ...iconOf(icon),
    tooltip: [
      label(context.name),
      `Server: ${label(context.server)}`,
      `User: ${label(context.user)}`,
      `Kubeconfig: ${label(context.file, 600)}`,
      ...(facts.parts.length === 0 ? [] : [`Kubeflow: ${facts.parts.join(", ")}`]),
      ...(facts.gpus === "" ? [] : [facts.gpus]),
      ...(why === undefined ? [] : [label(why, 600)]),
    ],
    contextValue: contextValue("cluster", {
      pin: true,
      failed: why !== undefined,
      ours: facts.made !== undefined,
      cloud: facts.made === "gke" || facts.made === "eks",
      eks: facts.made === "eks",
      name: true,
      // What its namespaces are is being asked for.
      open: state.kind !== "connecting",
    }),
    spoken: spokenText([label(context.name), "cluster", words, pinned, host === "" ? "" : `server ${host}`]),
  };
}

const WARNING: StateIcon = ["warning", "list.warningForeground"];

function clusterWords(state: ClusterState, gpus: string, now: number): readonly [string, StateIcon] {
  switch (state.kind) {
    case "not-connected":
      return ["not connected", ["circle-outline"]];
    case "connecting":
      return ["connecting", ["loading~spin"]];
    case "live":
      return [joined(["live", gpus, minor(state.version)]), ["circle-filled", "charts.green"]];
    case "stale":
      return [`stale ${lasting(now - state.since)}: ${FAILURES[state.code] ?? "cannot be reached"}`, WARNING];
    case "failed":
      return [joined([FAILURES[state.code] ?? "cannot be reached", because(state)]), WARNING];
  }
}

/** `nothing listens at 127.0.0.1:1` of `The cluster cannot be reached: nothing listens at 127.0.0.1:1. Is …`. */
function because({ code, message }: { readonly code: string; readonly message: string }): string {
  return code === "unreachable" ? label(/^[^:]*: (.*?)(?:\. |\.?$)/.exec(message)?.[1] ?? "", 60) : "";
}

/** `1.34` of `1.34.10`: the rest is in no one's way, and in nobody's plans. */
function minor(version: string): string {
  return label(/^\d+\.\d+/.exec(version)?.[0] ?? version, 20);
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
  "plugin-declined": "sign-in program not allowed",
  kubeconfig: "kubeconfig entry unusable",
  "not-ready": "not ready yet",
  refused: "refused",
};

/** The contexts of one server. */
export function groupRow(server: string, clusters: number): Row {
  const words = plural(clusters, "context");
  return {
    label: label(server.replace(/^https?:\/\//, "")),
    description: words,
    icon: "server",
    tooltip: [`Server: ${label(server)}`, words],
    contextValue: contextValue("group"),
    spoken: `${label(server)}, server, ${words}`,
  };
}

/** `word`: why it stands before others; empty where it does not. */
export function namespaceRow(namespace: string, word: string): Row {
  const all = namespace === ALL_NAMESPACES;
  const name = all ? "All namespaces" : label(namespace);
  return {
    label: name,
    description: word,
    icon: "symbol-namespace",
    tooltip: [all ? name : `Namespace ${name}`, ...(word === "" ? [] : [word])],
    contextValue: contextValue("namespace", {
      pin: !all,
      name: !all,
      create: true,
      spawn: !all,
    }),
    spoken: joined([name, all ? "" : "namespace", word], ", "),
  };
}

const FOLDERS: Readonly<Record<FolderKind, readonly [title: string, icon: string]>> = {
  jobs: ["Training jobs", "rocket"],
  notebooks: ["Notebooks", "notebook"],
  experiments: ["Experiments", "beaker"],
  models: ["Model servers", "server-process"],
  rayJobs: ["Ray jobs", "circuit-board"],
  pipelines: ["Pipelines", "type-hierarchy"],
  nodes: ["Nodes", "server-environment"],
  kubeflow: ["Kubeflow", "layers"],
};

export function folderRow(what: FolderKind, words: string, notes: readonly string[] = [], flags: RowFlags = {}): Row {
  const [title, icon] = FOLDERS[what];
  return {
    label: title,
    description: words,
    icon,
    tooltip: [words === "" ? title : `${title}: ${words}`, ...notes],
    contextValue: contextValue("folder", flags),
    spoken: spokenText([title, words]),
  };
}

/**
 * `2 running · 1 failed`, or what stands in the way of knowing. `counts` has how many are in each state; what is not
 * in `order` stands after it.
 */
export function folderWords(
  store: StoreState,
  counts: ReadonlyMap<string, number>,
  order: readonly string[],
  now: number,
): string {
  if (store.kind === "stale") return staleWords(store, now);
  if (store.kind === "loading") return "loading";
  if (store.kind !== "live") return "";
  const pace = store.everyMs === undefined ? "" : `read every ${store.everyMs / 1000} s`;
  const words = [...counts]
    .filter(([, count]) => count > 0)
    .sort(([a], [b]) => place(order, a) - place(order, b))
    .map(([state, count]) => `${count} ${state.toLowerCase()}`);
  // Whoever may list and not watch sees rows that may be so old.
  return joined([...words, pace]);
}

export function staleWords({ since, why }: StoreState & { kind: "stale" }, now: number): string {
  return `stale ${lasting(now - since)}: ${label(why, 80)}`;
}

function place(order: readonly string[], state: string): number {
  const at = order.indexOf(state);
  return at < 0 ? order.length : at;
}
