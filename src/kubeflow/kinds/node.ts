import { label } from "../../core/sanitize.ts";
import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import type { StoreDefinition } from "../../kube/store.ts";
import { type GpuAmounts, gpuAmounts, gpuModel } from "../gpuNames.ts";
import { list, record, text, time } from "../read.ts";

export const NODE: ResourceKind = { group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false };

/** A node as people compare them. Texts are ready to be shown; times are wall ms. */
export interface NodeInfo {
  readonly uid: string;
  /** As the cluster has it: through `label` before it is shown. */
  readonly name: string;
  readonly created: number;
  readonly ready: boolean;
  /** What its condition says while it is not ready. */
  readonly notReadyWhy: string | undefined;
  /** Cordoned: takes no new pods. */
  readonly unschedulable: boolean;
  /** `nvidia.com/gpu=present: NoSchedule`; those that only repeat that it is cordoned or not ready are left out. */
  readonly taints: readonly string[];
  readonly instanceType: string | undefined;
  readonly zone: string | undefined;
  /** Node pool or node group. */
  readonly pool: string | undefined;
  readonly gpuModel: string | undefined;
  /** What pods may have of it, by resource name. */
  readonly gpus: GpuAmounts;
}

const INSTANCE_LABELS = ["node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"];
const ZONE_LABELS = ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"];
/** GKE, EKS with node groups (its own and eksctl's), Karpenter and EKS Auto Mode, AKS. */
const POOL_LABELS = [
  "cloud.google.com/gke-nodepool",
  "eks.amazonaws.com/nodegroup",
  "alpha.eksctl.io/nodegroup-name",
  "karpenter.sh/nodepool",
  "kubernetes.azure.com/agentpool",
  "agentpool",
];
/** Taints shown; a node with more than a few is no node that a person reads. */
const MOST_TAINTS = 20;

export const NODES: StoreDefinition<NodeInfo> = { kind: NODE, project: projectNode };

export function projectNode({ metadata, ...rest }: KubeObject): NodeInfo {
  const body = record(rest);
  const spec = record(body["spec"]);
  const status = record(body["status"]);
  const labels = metadata.labels ?? {};
  const condition = list(status["conditions"]).find(({ type }) => type === "Ready") ?? {};
  const ready = condition["status"] === "True";
  return {
    uid: metadata.uid ?? "",
    name: metadata.name,
    created: time(metadata.creationTimestamp) ?? 0,
    ready,
    notReadyWhy: ready ? undefined : short(text(condition["message"]) ?? text(condition["reason"]), 200),
    unschedulable: spec["unschedulable"] === true,
    taints: taintsOf(spec["taints"]),
    instanceType: firstOf(labels, INSTANCE_LABELS),
    zone: firstOf(labels, ZONE_LABELS),
    pool: firstOf(labels, POOL_LABELS),
    gpuModel: gpuModel(labels),
    gpus: gpuAmounts(record(status["allocatable"])),
  };
}

function taintsOf(taints: unknown): readonly string[] {
  return list(taints)
    .filter(({ key }) => !String(key).startsWith("node.kubernetes.io/"))
    .slice(0, MOST_TAINTS)
    .map((taint) => {
      const value = text(taint["value"]);
      const key = `${text(taint["key"]) ?? ""}${value === undefined ? "" : `=${value}`}`;
      return label(`${key}: ${text(taint["effect"]) ?? ""}`, 150);
    });
}

function firstOf(labels: Readonly<Record<string, string>>, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = short(text(labels[key]), 63);
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

function short(value: string | undefined, max: number): string | undefined {
  return value === undefined ? undefined : label(value, max);
}
