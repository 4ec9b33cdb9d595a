// Thousands of PyTorchJobs in one namespace, as long and as varied as people's, that no controller touches.
import type { KubeClient } from "../../src/kube/client.ts";
import { isApiError } from "../../src/kube/errors.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";

const NAMESPACE: ResourceKind = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
};

/** The server does about 600 writes a second; more at a time only wait. */
export const AT_A_TIME = 24;
/** Another controller's: the operator leaves it alone (training-operator v1.9: RunPolicy.ManagedBy). */
const MANAGED_BY = "kueue.x-k8s.io/multikueue";
const STATES = ["Created", "Running", "Succeeded", "Failed", "Suspended", "Restarting"];

/** Makes the namespace and its jobs, each with a status; what is there already is kept. Resolves when all are there. */
export async function makeJobs(client: KubeClient, namespace: string, count: number): Promise<void> {
  const { items } = await client.list(PYTORCH_JOB, { namespace, limit: count + 1 });
  if (items.length === count) return;
  if (items.length > 0) throw new Error(`${namespace} holds ${items.length} jobs: begin with a fresh one`);
  await ensureNamespace(client, namespace);
  await inParallel(count, async (index) => {
    const name = nameOf(index);
    await client.create<KubeObject>(PYTORCH_JOB, job(namespace, name, index));
    await setState(client, namespace, index, STATES[index % STATES.length] ?? "Running");
  });
}

export async function ensureNamespace(client: KubeClient, name: string): Promise<void> {
  try {
    await client.create(NAMESPACE, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
  }
}

export function nameOf(index: number): string {
  return `train-resnet-${String(index).padStart(5, "0")}`;
}

/** Writes the status as the operator would. */
export async function setState(client: KubeClient, namespace: string, index: number, state: string): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+/, "");
  const condition = (type: string, status: "True" | "False") => ({
    type,
    status,
    reason: `PyTorchJob${type}`,
    message: `PyTorchJob ${nameOf(index)} is ${type.toLowerCase()}.`,
    lastTransitionTime: now,
    lastUpdateTime: now,
  });
  const status = {
    startTime: now,
    conditions:
      state === "Created" ? [condition(state, "True")] : [condition("Created", "True"), condition(state, "True")],
    replicaStatuses: { Master: { active: state === "Running" ? 1 : 0 }, Worker: { active: 2, failed: 1 } },
  };
  await client.json({
    method: "PATCH",
    path: `/apis/kubeflow.org/v1/namespaces/${namespace}/pytorchjobs/${nameOf(index)}/status`,
    body: { status },
    contentType: "application/merge-patch+json",
  });
}

/** About 2 KB as the server keeps it. */
export function smallJob(namespace: string, index: number): KubeObject {
  const containers = [{ name: "pytorch", image: "registry.example.test/train:1", command: ["python3", "train.py"] }];
  const spec = {
    runPolicy: { managedBy: MANAGED_BY },
    pytorchReplicaSpecs: { Master: { replicas: 1, restartPolicy: "Never", template: { spec: { containers } } } },
  };
  const metadata = { name: nameOf(index), namespace };
  return Object.assign({ apiVersion: "kubeflow.org/v1", kind: "PyTorchJob", metadata }, { spec });
}

/** About 9 KB as the server keeps it: two replica types, environment, volumes, kubectl's own annotation. */
function job(namespace: string, name: string, index: number): KubeObject {
  const env = Array.from({ length: 12 }, (_, at) => ({ name: `OPTION_${at}`, value: `value-${index}-${at}` }));
  const replica = (replicas: number) => ({
    replicas,
    restartPolicy: "OnFailure",
    template: {
      spec: {
        containers: [
          {
            name: "pytorch",
            image: `registry.example.test/team/train:${index % 50}`,
            command: ["torchrun", "--nnodes=3", "train.py", `--learning-rate=0.${index}`, "--epochs=90"],
            env,
            resources: { limits: { cpu: "8", memory: "64Gi", "nvidia.com/gpu": "1" } },
            volumeMounts: [{ name: "data", mountPath: "/data" }],
          },
        ],
        volumes: [{ name: "data", persistentVolumeClaim: { claimName: `data-${index % 7}` } }],
      },
    },
  });
  const spec = {
    runPolicy: { cleanPodPolicy: "Running", managedBy: MANAGED_BY },
    pytorchReplicaSpecs: { Master: replica(1), Worker: replica(2) },
  };
  const annotations = {
    "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({ metadata: { name }, spec }),
  };
  const labels = { team: `team-${index % 9}`, "app.kubernetes.io/name": name };
  return Object.assign(
    { apiVersion: "kubeflow.org/v1", kind: "PyTorchJob", metadata: { name, namespace, labels, annotations } },
    { spec },
  );
}

/** Does `work` for 0 to `count` − 1, in this order and some at a time. */
export async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async () => {
      while (next < count) await work(next++);
    }),
  );
}
