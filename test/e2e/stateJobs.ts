// A namespace with training jobs in every state, as the real controllers, the scheduler and the kubelet bring them about.
// But for one: of pytorch-evicted, whose pod is on a node without a kubelet, a kubelet's words are written into its status.
import { isApiError } from "../../src/kube/errors.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { kindOf } from "../../src/kubeflow/jobKinds.ts";
import { V1_KINDS } from "../../src/kubeflow/kinds/v1Job.ts";
import { TRAIN_JOB } from "../../src/kubeflow/kinds/trainJob.ts";
import { POD } from "../../src/kubeflow/kinds/pod.ts";
import { QUEUE_LABEL } from "../../src/kubeflow/labels.ts";
import type { JobKind } from "../../src/kubeflow/model.ts";
import { type Cleanup, find, PYTHON, RESOURCE_QUOTA } from "../cluster/support.ts";
import { until } from "../editor/until.ts";

/** Ends at once when it is told to: Python as the first process of a container passes SIGTERM over by itself. */
const WAIT =
  "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\nprint('begun', flush=True)\ntime.sleep(900)";
const DONE = "print('done')";
const CRASH = "raise SystemExit(1)";
const EAT = "a = []\nwhile True: a.append(bytearray(8_000_000))";
const ALONE = "raise SystemExit('torch.distributed.elastic.rendezvous.api.RendezvousTimeoutError')";
const MISSING = "trainyard.local/missing:1";
const RUNTIME: ResourceKind = { ...TRAIN_JOB, plural: "trainingruntimes", kind: "TrainingRuntime" };
/** GPUs that the pods of the namespace may ask for, and more than that. */
const QUOTA = "24";
export const TOO_MANY = "32";
/** Keeps what is deleted until it is taken off. */
export const HOLD = "example.com/hold";

interface Part {
  readonly code: string;
  readonly count?: number;
  /** More fields of the container, of the pod, of the replica. */
  readonly container?: object;
  readonly pod?: object;
  readonly restart?: "Never" | "OnFailure";
}

interface Job {
  readonly kind: JobKind;
  readonly name: string;
  readonly parts: Readonly<Record<string, Part>>;
  readonly policy?: object;
  readonly queue?: string;
  readonly held?: true;
}

function podSpec(container: string, { code, container: own, pod }: Part): object {
  const main = { name: container, image: PYTHON, command: ["python3", "-u", "-c", code], ...own };
  return { terminationGracePeriodSeconds: 0, ...pod, containers: [main] };
}

function v1Job(namespace: string, job: Job): KubeObject {
  const { kind, name, parts, policy, queue, held } = job;
  const row = V1_KINDS.find((one) => one.kind === kind);
  if (row === undefined) throw new Error(`not a kind of the Training Operator: ${kind}`);
  const replicas = Object.entries(parts).map(([role, part]) => [
    role,
    {
      replicas: part.count ?? 1,
      restartPolicy: part.restart ?? "Never",
      template: { spec: podSpec(row.container, part) },
    },
  ]);
  return {
    apiVersion: "kubeflow.org/v1",
    kind,
    metadata: metadata(namespace, name, queue, held),
    ...{
      spec: {
        runPolicy: { cleanPodPolicy: "Running", suspend: queue !== undefined, ...policy },
        [row.replicas]: Object.fromEntries(replicas) as object,
      },
    },
  };
}

function metadata(namespace: string, name: string, queue?: string, held?: true): KubeObject["metadata"] {
  return {
    name,
    namespace,
    ...(queue === undefined ? {} : { labels: { [QUEUE_LABEL]: queue } }),
    ...(held === undefined ? {} : { finalizers: [HOLD] }),
  };
}

const gpus = (count: string): object => ({ resources: { limits: { "nvidia.com/gpu": count } } });
const claim = (claimName: string): object => ({
  volumes: [{ name: "data", persistentVolumeClaim: { claimName } }],
});
const secret = { env: [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "hub-token", key: "token" } } }] };
const slowStart = {
  initContainers: [{ name: "fetch-data", image: PYTHON, command: ["python3", "-c", WAIT] }],
};
/** A pod that is put onto a node without asking the scheduler. */
const onto = (node: string): object => ({ nodeName: node, tolerations: [{ operator: "Exists" }] });

/** Every state that a PyTorchJob can be in, and of Waiting and Failed every reason that can be had. */
function pyTorchJobs(node: string): readonly Job[] {
  const one = (name: string, master: Part, more: Omit<Partial<Job>, "parts"> = {}): Job => ({
    kind: "PyTorchJob",
    name: `pytorch-${name}`,
    parts: { Master: master },
    ...more,
  });
  const two = (name: string, master: Part, worker: Part): Job => ({
    ...one(name, master),
    parts: { Master: master, Worker: worker },
  });
  return [
    one("claim", { code: WAIT, pod: claim("imagenet") }),
    one("gpus", { code: WAIT, container: gpus("2") }),
    one("image", { code: WAIT, container: { image: MISSING } }),
    one("memory", { code: WAIT, container: { resources: { requests: { memory: "900Gi" } } } }),
    one("quota", { code: WAIT, container: gpus(TOO_MANY) }),
    one("secret", { code: WAIT, container: secret }),
    one("selector", { code: WAIT, pod: { nodeSelector: { "cloud.google.com/gke-nodepool": "a100" } } }),
    one("queued", { code: WAIT }, { queue: "team-gold" }),
    one("init", { code: WAIT, pod: slowStart }),
    one("placed", { code: WAIT, container: gpus("3"), pod: onto(node) }),
    two("running", { code: WAIT }, { code: WAIT }),
    two("half", { code: WAIT }, { code: WAIT, container: gpus("2") }),
    two("limps", { code: WAIT }, { code: CRASH, restart: "OnFailure" }),
    one("crashes", { code: CRASH, restart: "OnFailure" }),
    one("suspended", { code: WAIT }, { policy: { suspend: true } }),
    one("succeeded", { code: DONE }),
    one("oom", { code: EAT, container: { resources: { limits: { memory: "32Mi" } } } }),
    one("exit", { code: "import sys; print('loss nan'); sys.exit(3)" }),
    one("segfault", { code: "import os; os.abort()" }),
    one("typo", { code: WAIT, container: { command: ["pyhton3", "train.py"] } }),
    one("alone", { code: ALONE, container: { terminationMessagePolicy: "FallbackToLogsOnError" } }),
    one("deadline", { code: WAIT }, { policy: { activeDeadlineSeconds: 3 } }),
    one("evicted", { code: WAIT, pod: onto(node) }),
    one("stopping", { code: WAIT }, { held: true }),
  ];
}

/** The other kinds of the Training Operator, each in two states or three. */
function otherJobs(): readonly Job[] {
  const job = (kind: JobKind, name: string, parts: Job["parts"], policy: object = {}): Job => ({
    kind,
    name,
    parts,
    policy,
  });
  const waiting = { code: WAIT };
  const refused = { code: WAIT, container: { image: MISSING } };
  const failing = { code: "raise SystemExit(3)" };
  return [
    job("TFJob", "tf-running", { Chief: waiting, PS: waiting }),
    job("TFJob", "tf-failed", { Chief: failing }),
    job("MPIJob", "mpi-running", { Launcher: waiting, Worker: waiting }),
    job("MPIJob", "mpi-waiting", { Launcher: { code: WAIT, container: gpus("2") }, Worker: waiting }),
    job("XGBoostJob", "xgb-succeeded", { Master: { code: DONE } }),
    job("XGBoostJob", "xgb-failed", { Master: failing }),
    job("PaddleJob", "paddle-running", { Master: waiting }),
    job("PaddleJob", "paddle-suspended", { Master: waiting }, { suspend: true }),
    job("JAXJob", "jax-succeeded", { Worker: { code: DONE } }),
    job("JAXJob", "jax-waiting", { Worker: refused }),
  ];
}

/** A runtime of one step that trains, and of one that fetches data before where `data` says what it runs. */
function runtime(namespace: string, name: string, restart: "Never" | "OnFailure", data?: string): KubeObject {
  const part = (step: string, container: string, code: string, more: object): object => ({
    name: container,
    template: {
      metadata: { labels: { "trainer.kubeflow.org/trainjob-ancestor-step": step } },
      spec: {
        backoffLimit: restart === "Never" ? 0 : 100,
        template: { spec: { restartPolicy: restart, ...podSpec(container, { code }) } },
      },
    },
    ...more,
  });
  const after = { dependsOn: [{ name: "dataset-initializer", status: "Complete" }] };
  const replicatedJobs = [
    ...(data === undefined ? [] : [part("dataset-initializer", "dataset-initializer", data, {})]),
    part("trainer", "node", DONE, data === undefined ? {} : after),
  ];
  return {
    apiVersion: "trainer.kubeflow.org/v1alpha1",
    kind: "TrainingRuntime",
    metadata: { name, namespace },
    ...{ spec: { mlPolicy: { numNodes: 1 }, template: { spec: { replicatedJobs } } } },
  };
}

function trainJobs(namespace: string): readonly KubeObject[] {
  const job = (name: string, trainer: object, more: object = {}, queue?: string, held?: true): KubeObject => ({
    apiVersion: "trainer.kubeflow.org/v1alpha1",
    kind: "TrainJob",
    metadata: metadata(namespace, `trainjob-${name}`, queue, held),
    ...{
      spec: {
        runtimeRef: { name: "plain", kind: "TrainingRuntime" },
        trainer: { image: PYTHON, command: ["python3", "-u", "-c", WAIT], ...trainer },
        ...more,
      },
    },
  });
  const runs = (code: string): object => ({ command: ["python3", "-u", "-c", code] });
  const by = (name: string): object => ({ runtimeRef: { name, kind: "TrainingRuntime" } });
  const needs = (limits: object): object => ({ resourcesPerNode: { limits } });
  return [
    job("gpus", needs({ "nvidia.com/gpu": "2" })),
    job("image", { image: MISSING }),
    job("quota", needs({ "nvidia.com/gpu": TOO_MANY })),
    job("queued", {}, { suspend: true }, "team-gold"),
    job("data", {}, by("with-data")),
    job("running", { numNodes: 2 }),
    job("crashes", runs(CRASH), by("again")),
    job("suspended", {}, { suspend: true }),
    job("succeeded", runs(DONE)),
    job("oom", { ...runs(EAT), ...needs({ memory: "32Mi" }) }),
    job("exit", runs("raise SystemExit(3)")),
    job("stopping", {}, {}, undefined, true),
  ];
}

/** Makes all jobs. `node` has GPUs and no kubelet. Resolves once each has been made, not once it has come to its state. */
export async function fillWithJobs(
  cleanup: Cleanup,
  client: KubeClient,
  namespace: string,
  node: string,
): Promise<void> {
  await client.create<KubeObject>(RESOURCE_QUOTA, {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "team-gpus", namespace },
    ...{ spec: { hard: { "requests.nvidia.com/gpu": QUOTA } } },
  });
  await client.create(RUNTIME, runtime(namespace, "plain", "Never"));
  await client.create(RUNTIME, runtime(namespace, "again", "OnFailure"));
  await client.create(RUNTIME, runtime(namespace, "with-data", "Never", WAIT));
  const objects = [
    ...[...pyTorchJobs(node), ...otherJobs()].map((job) => [kindOf(job.kind).resource, v1Job(namespace, job)] as const),
    ...trainJobs(namespace).map((object) => [TRAIN_JOB, object] as const),
  ];
  await Promise.all(objects.map(([kind, object]) => client.create(kind, object)));
  await evict(client, namespace, "pytorch-evicted-master-0");
  await stopHeld(cleanup, client, namespace);
}

/**
 * The operator of this release looks at a deadline only when something makes it look at the job: a change of a label does.
 * To be called once the deadline is over.
 */
export async function passDeadline(client: KubeClient, namespace: string): Promise<void> {
  const { resource } = kindOf("PyTorchJob");
  await client.patch(resource, "pytorch-deadline", namespace, { metadata: { labels: { looked: "at" } } });
}

/** What the kubelet says of a pod that it has evicted: the node that it is on has none. */
async function evict(client: KubeClient, namespace: string, pod: string): Promise<void> {
  await until(
    `pod ${pod}`,
    () => find(client, POD, pod, namespace),
    (found) => found !== undefined,
  );
  const message = "The node was low on resource: ephemeral-storage.";
  await client.json({
    method: "PATCH",
    path: `/api/v1/namespaces/${namespace}/pods/${pod}/status`,
    contentType: "application/merge-patch+json",
    body: { status: { phase: "Failed", reason: "Evicted", message } },
  });
}

/** Deletes what a finalizer holds back, and takes that off at the end. */
async function stopHeld(cleanup: Cleanup, client: KubeClient, namespace: string): Promise<void> {
  const held = [
    [kindOf("PyTorchJob").resource, "pytorch-stopping"],
    [TRAIN_JOB, "trainjob-stopping"],
  ] as const;
  for (const [kind, name] of held) await deleteHeld(cleanup, client, kind, namespace, name);
}

/** Deletes an object that has the finalizer, which is taken off it with the cleanup. */
export async function deleteHeld(
  cleanup: Cleanup,
  client: KubeClient,
  kind: ResourceKind,
  namespace: string,
  name: string,
): Promise<void> {
  cleanup.add(async () => {
    await client.patch(kind, name, namespace, { metadata: { finalizers: [] } }).catch((error: unknown) => {
      if (!isApiError(error, "NotFound")) throw error;
    });
  });
  const { metadata: made } = await client.get(kind, name, namespace);
  await client.delete(kind, name, namespace, made.uid ?? "");
}
