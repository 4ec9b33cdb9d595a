import { label } from "../../core/sanitize.ts";
import type { KubeObject, ObjectMeta } from "../../kube/objects.ts";
import type { StoreDefinition } from "../../kube/store.ts";
import { type GpuAmounts, gpuAmounts, quantity, sumOf } from "../gpuNames.ts";
import { JOBSET_LABELS, OPERATOR_LABELS } from "../labels.ts";
import { fieldValue, type Json, list, record, text, time } from "../read.ts";
import { NOTEBOOK_LABEL } from "./notebook.ts";
import { POD } from "./pod.ts";

/** What a pod that holds GPUs is there for. */
export type HolderKind = "training job" | "notebook" | "other";

/** A pod that has a node and GPUs on it. */
export interface GpuPod {
  readonly uid: string;
  /** Its own name, as the API has it. */
  readonly pod: string;
  /** The first that asks for GPUs, or the first. */
  readonly container: string;
  /** That container runs. */
  readonly running: boolean;
  readonly node: string;
  readonly namespace: string;
  readonly gpus: GpuAmounts;
  readonly holder: HolderKind;
  /** Of the job or the notebook; of the pod's owner, else its own, where it is neither. Ready to be shown. */
  readonly name: string;
  /** When it was given to the node, or made; wall ms. */
  readonly since: number;
}

/** A finished pod has given its GPUs back (scheduler: only what is not Succeeded or Failed counts). */
const NOT_FINISHED = "status.phase!=Succeeded,status.phase!=Failed";

/** Pods that may hold GPUs, on any node. What is kept of a pod without any is null. */
export const SCHEDULED_PODS: StoreDefinition<GpuPod | null> = {
  kind: POD,
  fieldSelector: `spec.nodeName!=,${NOT_FINISHED}`,
  project: projectGpuPod,
};

/** The same on one node: the API server has an index for that. */
export function podsOnNode(name: string): StoreDefinition<GpuPod | null> {
  return { ...SCHEDULED_PODS, fieldSelector: `spec.nodeName=${fieldValue(name)},${NOT_FINISHED}` };
}

export function projectGpuPod({ metadata, ...rest }: KubeObject): GpuPod | null {
  const spec = record(record(rest)["spec"]);
  const gpus = podGpus(spec);
  const node = text(spec["nodeName"]);
  if (node === undefined || sumOf(gpus) === 0) return null;
  const status = record(record(rest)["status"]);
  const containers = list(spec["containers"]);
  const container =
    text((containers.find((one) => sumOf(asksOf(one, gpuAmounts)) > 0) ?? containers[0])?.["name"]) ?? "";
  const its = list(status["containerStatuses"]).find(({ name }) => name === container);
  return {
    uid: metadata.uid ?? "",
    pod: metadata.name,
    container,
    running: record(its?.["state"])["running"] !== undefined,
    node,
    namespace: label(metadata.namespace ?? "", 63),
    gpus,
    ...podHolder(metadata),
    since: time(status["startTime"]) ?? time(metadata.creationTimestamp) ?? 0,
  };
}

/** The job or the notebook that a pod is of; its owner, else itself, where it is of neither. */
export function podHolder(metadata: ObjectMeta): Pick<GpuPod, "holder" | "name"> {
  const labels = metadata.labels ?? {};
  const job = text(labels[OPERATOR_LABELS.job]) ?? text(labels[JOBSET_LABELS.jobSet]);
  const notebook = text(labels[NOTEBOOK_LABEL]);
  const owner = list(metadata.ownerReferences).find(({ controller }) => controller === true)?.["name"];
  return {
    holder: job !== undefined ? "training job" : notebook !== undefined ? "notebook" : "other",
    name: label(job ?? notebook ?? text(owner) ?? metadata.name, 63),
  };
}

/** What a pod holds, and for whom. */
export interface PodHold {
  readonly holder: string;
  /** By resource; `pods` is one. */
  readonly asks: GpuAmounts;
}

export function podHold(pod: KubeObject): PodHold {
  return { holder: podHolder(pod.metadata).name, asks: { pods: 1, ...podAsks(record(record(pod)["spec"])) } };
}

/** GPUs that a pod takes from its node. */
export function podGpus(spec: Json): GpuAmounts {
  return podSums(spec, gpuAmounts);
}

/** What a pod takes from its node: cores, bytes, GPUs; with what its runtime class takes for itself. */
export function podAsks(spec: Json): GpuAmounts {
  const overhead = computeAmounts(record(spec["overhead"]));
  const asks = podSums(spec, (resources) => ({ ...computeAmounts(resources), ...gpuAmounts(resources) }));
  const add = (name: string): number => (asks[name] ?? 0) + (overhead[name] ?? 0);
  return { ...asks, cpu: add("cpu"), memory: add("memory") };
}

/** Cores and bytes of a list of resources, such as `limits`; without what it does not name. */
export function computeAmounts(resources: Json): GpuAmounts {
  const [cpu, memory] = [quantity(resources["cpu"]), quantity(resources["memory"])];
  return { ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) };
}

/**
 * What a pod takes, as the scheduler counts (KEP-753): the containers together with those init containers that run on
 * beside them, or an init container with those that began before it, whichever is more.
 */
function podSums(spec: Json, amounts: (resources: Json) => GpuAmounts): GpuAmounts {
  const init = list(spec["initContainers"]).map((container) => ({
    staysOn: container["restartPolicy"] === "Always",
    asks: asksOf(container, amounts),
  }));
  const main = list(spec["containers"]).map((container) => asksOf(container, amounts));
  const held: Record<string, number> = {};
  for (const name of new Set([...init.map(({ asks }) => asks), ...main].flatMap((asks) => Object.keys(asks)))) {
    let beside = 0;
    let most = 0;
    for (const { staysOn, asks } of init) {
      most = Math.max(most, beside + (asks[name] ?? 0));
      if (staysOn) beside += asks[name] ?? 0;
    }
    held[name] = Math.max(
      most,
      main.reduce((sum, asks) => sum + (asks[name] ?? 0), beside),
    );
  }
  return held;
}

function asksOf(container: Json, amounts: (resources: Json) => GpuAmounts): GpuAmounts {
  const resources = record(container["resources"]);
  // Limits count where no request is written; for GPUs both must be the same.
  return { ...amounts(record(resources["limits"])), ...amounts(record(resources["requests"])) };
}
