// Notebooks and nodes in every state, pods that hold GPUs, and an account that may see jobs and not their pods.
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { NOTEBOOK } from "../../src/kubeflow/kinds/notebook.ts";
import { POD } from "../../src/kubeflow/kinds/pod.ts";
import { CLAIM } from "../../src/kubeflow/kinds/resources.ts";
import { notebookObject, type NotebookOptions, STOPPED } from "../cluster/notebook.ts";
import { type Cleanup, PYTHON, SERVICE_ACCOUNT } from "../cluster/support.ts";
import { makeNode } from "../cluster/bareNodes.ts";
import { deleteHeld, HOLD, TOO_MANY } from "./stateJobs.ts";

const RBAC = { group: "rbac.authorization.k8s.io", version: "v1", namespaced: true };
const ROLE: ResourceKind = { ...RBAC, plural: "roles", kind: "Role" };
const ROLE_BINDING: ResourceKind = { ...RBAC, plural: "rolebindings", kind: "RoleBinding" };

/** When somebody last did something in a notebook (notebook-controller: pkg/culler). */
const ACTIVITY = "notebooks.kubeflow.org/last-activity";
const HOUR_MS = 3_600_000;

/** Makes notebooks in every state that the stand-in controller and the kubelet bring about. */
export async function fillWithNotebooks(cleanup: Cleanup, client: KubeClient, namespace: string): Promise<void> {
  const gpus = (count: string): object => ({ resources: { limits: { "nvidia.com/gpu": count } } });
  const never = { readinessProbe: { tcpSocket: { port: 1 }, periodSeconds: 1 } };
  const notebooks: Readonly<Record<string, NotebookOptions>> = {
    "nb-ready": {},
    "nb-idle": { annotations: { [ACTIVITY]: new Date(Date.now() - 2 * HOUR_MS).toISOString() } },
    "nb-stopped": { annotations: { [STOPPED]: "2026-11-21T08:00:00Z" } },
    "nb-starting": { container: never },
    "nb-image": { image: "trainyard.local/missing:1" },
    "nb-gpus": { container: gpus("2") },
    "nb-quota": { container: gpus(TOO_MANY) },
    "nb-crashes": { container: { command: ["python3", "-c", "raise SystemExit(1)"] } },
    "nb-claim": { claims: ["nb-home"] },
    "nb-stopping": {},
  };
  await client.create<KubeObject>(CLAIM, {
    ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "nb-home", namespace } },
    ...{
      spec: {
        ...{ storageClassName: "fast-ssd", accessModes: ["ReadWriteOnce"] },
        resources: { requests: { storage: "100Ti" } },
      },
    },
  });
  for (const [name, options] of Object.entries(notebooks)) {
    const object = notebookObject(name, namespace, options);
    const held = name === "nb-stopping" ? { finalizers: [HOLD] } : {};
    await client.create<KubeObject>(NOTEBOOK, { ...object, metadata: { ...object.metadata, ...held } });
  }
  await deleteHeld(cleanup, client, NOTEBOOK, namespace, "nb-stopping");
}

/** Nodes as a cluster with GPUs has them; resolves to the name of the one that is in order. */
export async function makeNodes(cleanup: Cleanup, client: KubeClient, namespace: string): Promise<string> {
  const l4 = { pool: "gpu-pool", gpu: "nvidia-l4", instanceType: "g2-standard-48" };
  const a100 = { pool: "a100-pool", gpu: "nvidia-tesla-a100", instanceType: "a2-highgpu-1g" };
  const name = `l4-ready-${namespace}`;
  await makeNode(cleanup, client, { name, ...l4, has: { "nvidia.com/gpu": "4" } });
  await makeNode(cleanup, client, {
    name: `l4-cordoned-${namespace}`,
    ...l4,
    has: { "nvidia.com/gpu": "4" },
    cordoned: true,
  });
  await makeNode(cleanup, client, {
    name: `l4-broken-${namespace}`,
    ...l4,
    has: { "nvidia.com/gpu": "4" },
    broken: "container runtime is down",
  });
  await makeNode(cleanup, client, { name: `mig-${namespace}`, ...a100, has: { "nvidia.com/mig-1g.5gb": "7" } });
  return name;
}

/** A pod of nobody's that holds a GPU of a node. */
export async function holdGpu(client: KubeClient, namespace: string, node: string): Promise<void> {
  await client.create<KubeObject>(POD, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "debug-gpu", namespace },
    ...{
      spec: {
        nodeName: node,
        terminationGracePeriodSeconds: 0,
        tolerations: [{ operator: "Exists" }],
        containers: [{ name: "shell", image: PYTHON, resources: { limits: { "nvidia.com/gpu": "1" } } }],
      },
    },
  });
}

/** The token of an account that may see a namespace's training jobs, and neither their pods nor anything else. */
export async function jobsOnly(client: KubeClient, namespace: string): Promise<string> {
  const name = "jobs-only";
  await client.create<KubeObject>(SERVICE_ACCOUNT, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace },
  });
  const verbs = ["get", "list", "watch"];
  const groups = ["kubeflow.org", "trainer.kubeflow.org"];
  await client.create<KubeObject>(ROLE, {
    apiVersion: `${RBAC.group}/v1`,
    kind: "Role",
    metadata: { name, namespace },
    ...{ rules: groups.map((group) => ({ apiGroups: [group], resources: ["pytorchjobs", "trainjobs"], verbs })) },
  });
  await client.create<KubeObject>(ROLE_BINDING, {
    apiVersion: `${RBAC.group}/v1`,
    kind: "RoleBinding",
    metadata: { name, namespace },
    ...{
      roleRef: { apiGroup: RBAC.group, kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    },
  });
  const spec = { expirationSeconds: 3600 };
  const answer = await client.json<{ status: { token: string } }>({
    method: "POST",
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec },
  });
  return answer.status.token;
}
