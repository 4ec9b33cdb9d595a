// A namespace with jobs and notebooks of every kind in every state that the real controllers bring about in seconds.
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { kindOf } from "../../src/kubeflow/jobKinds.ts";
import { NOTEBOOK } from "../../src/kubeflow/kinds/notebook.ts";
import { POD } from "../../src/kubeflow/kinds/pod.ts";
import type { JobKind } from "../../src/kubeflow/model.ts";
import { notebookObject, STOPPED } from "../cluster/notebook.ts";
import { type Cleanup, PYTHON } from "../cluster/support.ts";
import { until } from "../editor/until.ts";
import { makeNode } from "../cluster/bareNodes.ts";

const WAIT =
  "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(1))\nprint('begun', flush=True)\ntime.sleep(900)";
const EAT = "a = []\nwhile True: a.append(bytearray(8_000_000))";

interface JobOf {
  readonly name: string;
  readonly code: string;
  readonly image?: string;
  readonly limits?: Readonly<Record<string, string>>;
  readonly workers?: number;
  readonly suspend?: boolean;
}

const KEYS: Readonly<Partial<Record<JobKind, readonly [replicas: string, role: string, container: string]>>> = {
  PyTorchJob: ["pytorchReplicaSpecs", "Master", "pytorch"],
  TFJob: ["tfReplicaSpecs", "Chief", "tensorflow"],
  XGBoostJob: ["xgbReplicaSpecs", "Master", "xgboost"],
};

function v1Job(kind: JobKind, namespace: string, job: JobOf): KubeObject {
  const [replicas, role, container] = KEYS[kind] ?? ["", "", ""];
  const { name, code, image = PYTHON, limits = {}, workers = 0, suspend = false } = job;
  const replica = (count: number): object => ({
    replicas: count,
    restartPolicy: "Never",
    template: {
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: container, image, command: ["python3", "-u", "-c", code], resources: { limits } }],
      },
    },
  });
  const specs = { [role]: replica(1), ...(workers === 0 ? {} : { Worker: replica(workers) }) };
  return {
    apiVersion: "kubeflow.org/v1",
    kind,
    metadata: { name, namespace },
    ...{ spec: { runPolicy: { suspend }, [replicas]: specs } },
  };
}

function trainJob(namespace: string, name: string, code: string, runtime = "torch-distributed"): KubeObject {
  return {
    apiVersion: "trainer.kubeflow.org/v1alpha1",
    kind: "TrainJob",
    metadata: { name, namespace },
    ...{
      spec: {
        runtimeRef: { name: runtime },
        trainer: { image: PYTHON, numNodes: 1, command: ["python3", "-u", "-c", code] },
      },
    },
  };
}

/** Makes all of it; what is outside the namespace goes with the cleanup. */
export async function fillZoo(cleanup: Cleanup, client: KubeClient, namespace: string): Promise<void> {
  const jobs: readonly (readonly [JobKind, JobOf])[] = [
    ["PyTorchJob", { name: "resnet-4f2a", code: WAIT, workers: 1 }],
    ["PyTorchJob", { name: "bert-91bc", code: EAT, limits: { memory: "32Mi" } }],
    ["PyTorchJob", { name: "gpt-0c1d", code: "import sys; print('loss nan'); sys.exit(3)" }],
    ["PyTorchJob", { name: "vit-77aa", code: WAIT, limits: { "nvidia.com/gpu": "2" } }],
    ["PyTorchJob", { name: "llama-3e5f", code: WAIT, image: "trainyard.local/missing:1" }],
    ["PyTorchJob", { name: "paused-aa10", code: WAIT, suspend: true }],
    ["PyTorchJob", { name: "done-5b6c", code: "print('done')" }],
    ["TFJob", { name: "mnist-tf", code: WAIT }],
    ["XGBoostJob", { name: "trees-xgb", code: "print('done')" }],
  ];
  let madeAt = 0;
  for (const [kind, job] of jobs) {
    const { metadata } = await client.create(kindOf(kind).resource, v1Job(kind, namespace, job));
    madeAt = Date.parse(metadata.creationTimestamp ?? "");
  }
  // Later than the others: ages are told apart by whole seconds.
  await until(
    "the next second",
    () => Promise.resolve(Date.now()),
    (now) => now >= madeAt + 1_000,
  );
  const trainer = kindOf("TrainJob").resource;
  await client.create(trainer, trainJob(namespace, "whisper-v2", WAIT));
  await client.create(trainer, trainJob(namespace, "clip-v2", "import sys; sys.exit(2)"));
  await client.create(NOTEBOOK, notebookObject("alice", namespace));
  await client.create(
    NOTEBOOK,
    notebookObject("bob", namespace, { annotations: { [STOPPED]: "2026-11-21T08:00:00Z" } }),
  );
  await client.create(NOTEBOOK, notebookObject("carol", namespace, { image: "trainyard.local/missing:1" }));
  await makeGpuNode(cleanup, client, namespace);
}

async function makeGpuNode(cleanup: Cleanup, client: KubeClient, namespace: string): Promise<void> {
  const name = `gpu-pool-x7k2-${namespace}`;
  await makeNode(cleanup, client, {
    name,
    pool: "gpu-pool",
    gpu: "nvidia-l4",
    instanceType: "g2-standard-48",
    has: { "nvidia.com/gpu": "4" },
  });
  await client.create<KubeObject>(POD, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "eve-0", namespace, labels: { "notebook-name": "eve" } },
    ...{
      spec: {
        nodeName: name,
        terminationGracePeriodSeconds: 0,
        tolerations: [{ operator: "Exists" }],
        containers: [{ name: "eve", image: PYTHON, resources: { limits: { "nvidia.com/gpu": "3" } } }],
      },
    },
  });
}
