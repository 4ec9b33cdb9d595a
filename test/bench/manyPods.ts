// A cluster as large as one wants: nodes, namespaces and running pods that kwok keeps and nothing runs.
import { setTimeout as delay } from "node:timers/promises";
import { say } from "../../scripts/steps.mjs";
import type { KubeClient } from "../../src/kube/client.ts";
import { isApiError } from "../../src/kube/errors.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { POD } from "../../src/kubeflow/kinds/pod.ts";
import { OPERATOR_LABELS } from "../../src/kubeflow/labels.ts";
import { listNamespaces } from "../../src/kubeflow/namespaces.ts";
import { AT_A_TIME, ensureNamespace, inParallel, makeJobs, nameOf } from "./manyJobs.ts";

export interface ClusterSize {
  readonly pods: number;
  readonly namespaces: number;
}

const NODE: ResourceKind = { group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false };
/** kwok keeps the nodes that carry it. */
const KWOK = "kwok.x-k8s.io/node";
/** The kubelet's default. */
const PODS_PER_NODE = 110;
/** One pod of so many has a GPU; it stands on one of kwok's own 20 nodes, which have eight each. */
const PODS_PER_GPU = 250;
const GPU_NODES = 20;
/** In the namespace that is opened. */
export const JOBS_THERE = 2;
const SLOW_MS = 15_000;

/** Namespaces of the benchmark stand first among those of a cluster. */
export function namespaceOf(index: number): string {
  return `bench-${String(index).padStart(4, "0")}`;
}

/** Makes what is missing: all is made in one order, so that what is there says where to go on. Resolves when all pods run. */
export async function fillCluster(client: KubeClient, { pods, namespaces }: ClusterSize): Promise<void> {
  const nodes = await count(client, NODE);
  await inParallel(Math.ceil(pods / PODS_PER_NODE), (index) => ignoreExisting(client.create(NODE, node(index))));
  say(`${nodes} nodes were there`);
  const known = new Set((await listNamespaces(client)).names);
  const missing = Array.from({ length: namespaces }, (_, index) => namespaceOf(index)).filter(
    (name) => !known.has(name),
  );
  await inParallel(missing.length, (at) => ensureNamespace(client, missing[at] ?? ""));
  await makeJobs(client, namespaceOf(0), JOBS_THERE);
  // Some of the last that were under way may be missing.
  const from = Math.max(0, (await count(client, POD)) - 2 * AT_A_TIME);
  const perNamespace = pods / namespaces;
  let said = performance.now();
  await inParallel(pods - from, async (at) => {
    const index = from + at;
    if (performance.now() - said > SLOW_MS) {
      said = performance.now();
      say(`${index} of ${pods} pods`);
    }
    await createPod(client, pod(index, namespaceOf(Math.floor(index / perNamespace))));
  });
  await allRun(client);
}

/** How many there are, by the server's own count; it reads one. */
export async function count(client: KubeClient, kind: ResourceKind): Promise<number> {
  const { items, metadata } = await client.list(kind, { limit: 1 });
  return items.length + (metadata.remainingItemCount ?? 0);
}

async function allRun(client: KubeClient): Promise<void> {
  for (;;) {
    const { items } = await client.list(POD, { limit: 1, fieldSelector: "status.phase!=Running" });
    if (items.length === 0) return;
    await delay(2_000);
  }
}

async function ignoreExisting(creating: Promise<unknown>): Promise<void> {
  try {
    await creating;
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
  }
}

/** A namespace is some moments old before it has the account that its pods need; till then the server forbids them. */
async function createPod(client: KubeClient, object: KubeObject): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await ignoreExisting(client.create(POD, object));
      return;
    } catch (error) {
      if (attempt === 60 || !isApiError(error, "Forbidden")) throw error;
      await delay(1_000);
    }
  }
}

function nodeName(index: number): string {
  return `pool-${String(index).padStart(4, "0")}`;
}

function node(index: number): KubeObject {
  const capacity = { cpu: "64", memory: "512Gi", pods: String(PODS_PER_NODE) };
  const metadata = { name: nodeName(index), annotations: { [KWOK]: "fake" }, labels: { type: "kwok" } };
  return Object.assign(
    { apiVersion: "v1", kind: "Node", metadata },
    {
      spec: { taints: [{ key: KWOK, value: "fake", effect: "NoSchedule" }] },
      status: { allocatable: capacity, capacity },
    },
  );
}

/** Given to its node at once, past the scheduler. Labelled as the training operator labels those of its jobs. */
function pod(index: number, namespace: string): KubeObject {
  const hasGpu = index % PODS_PER_GPU === 0;
  const labels = {
    [OPERATOR_LABELS.job]: nameOf(index % JOBS_THERE),
    [OPERATOR_LABELS.role]: "worker",
    [OPERATOR_LABELS.index]: String(index),
    [OPERATOR_LABELS.operator]: "pytorchjob-controller",
  };
  const limits = { cpu: "1", memory: "1Gi", ...(hasGpu ? { "nvidia.com/gpu": "1" } : {}) };
  const command = ["torchrun", "--nnodes=2", "train.py"];
  const image = "registry.example.test/team/train:1";
  const metadata = { name: `worker-${String(index).padStart(5, "0")}`, namespace, labels };
  return Object.assign(
    { apiVersion: "v1", kind: "Pod", metadata },
    {
      spec: {
        nodeName: hasGpu ? `kwok-${(index / PODS_PER_GPU) % GPU_NODES}` : nodeName(Math.floor(index / PODS_PER_NODE)),
        tolerations: [{ key: KWOK, operator: "Exists" }],
        automountServiceAccountToken: false,
        containers: [{ name: "pytorch", image, command, resources: { limits } }],
      },
    },
  );
}
