// What every test of this ring needs: engines on the ring's kubeconfigs, namespaces of its own, launches, followers.
import { randomBytes } from "node:crypto";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { parse, stringify } from "yaml";
import { systemClock } from "../../src/core/clock.ts";
import { type Logger, silentLogger } from "../../src/core/log.ts";
import type { StateStore } from "../../src/core/storage.ts";
import { createEngine, type Engine, type EngineOptions } from "../../src/engine.ts";
import type { RunChoice, RunPlan } from "../../src/jobs/desk.ts";
import type { LaunchStep } from "../../src/jobs/journal.ts";
import type { JobIdentity, LaunchedJob } from "../../src/jobs/index.ts";
import { readWhole } from "../../src/kube/body.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { isApiError } from "../../src/kube/errors.ts";
import { CLAIM, VOLUME } from "../../src/kubeflow/kinds/resources.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import type { Store } from "../../src/kube/store.ts";
import type { Cluster } from "../../src/kubeflow/cluster.ts";
import { kindOf, kindOrDefault } from "../../src/kubeflow/jobKinds.ts";
import { JOB_PODS } from "../../src/kubeflow/kinds/pod.ts";
import type { JobPod, TrainingJob } from "../../src/kubeflow/model.ts";
import type { NamespaceJobs } from "../../src/kubeflow/namespaceJobs.ts";
import { until } from "../editor/until.ts";

export const PYTHON = "trainyard.local/python:1";
export const TORCH = "trainyard.local/torch:2";
export const VERSION = "9.8.7";

const VARIABLES = {
  admin: "TRAINYARD_KUBECONFIG",
  narrow: "TRAINYARD_KUBECONFIG_NARROW",
  reader: "TRAINYARD_KUBECONFIG_READER",
} as const;

export const NAMESPACE: ResourceKind = core("namespaces", "Namespace", false);
export const SECRET: ResourceKind = core("secrets", "Secret");
export const SERVICE_ACCOUNT: ResourceKind = core("serviceaccounts", "ServiceAccount");
export const RESOURCE_QUOTA: ResourceKind = core("resourcequotas", "ResourceQuota");
export const CONFIG_MAP: ResourceKind = core("configmaps", "ConfigMap");

/** Path of a kubeconfig that the ring has made. */
export function kubeconfigOf(user: keyof typeof VARIABLES): string {
  const file = process.env[VARIABLES[user]];
  if (file === undefined || file === "") throw new Error(`${VARIABLES[user]} is not set: run this through npm test`);
  return file;
}

/** Runs after a test or a suite, last first; a failure of one keeps no other from running. */
export class Cleanup {
  readonly #tasks: (() => Promise<void> | void)[] = [];

  add(task: () => Promise<void> | void): void {
    this.#tasks.push(task);
  }

  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (let task = this.#tasks.pop(); task !== undefined; task = this.#tasks.pop()) {
      try {
        await task();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0)
      throw new AggregateError(failures, `cleaning up failed: ${failures.map(String).join("; ")}`);
  }
}

/** A folder that goes when the cleanup runs. */
export async function temporaryFolder(cleanup: Cleanup): Promise<string> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-cluster-"));
  cleanup.add(() => fs.rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

export class MemoryState implements StateStore {
  readonly #values = new Map<string, unknown>();

  get(key: string): unknown {
    return this.#values.get(key);
  }

  set(key: string, value: unknown): Promise<void> {
    this.#values.set(key, value);
    return Promise.resolve();
  }
}

/** An engine on one kubeconfig, with the name of its only context. */
export interface Rig {
  readonly engine: Engine;
  readonly context: string;
  readonly client: KubeClient;
  readonly storage: string;
}

export async function openEngine(
  cleanup: Cleanup,
  kubeconfig: string,
  overrides: Partial<EngineOptions> = {},
): Promise<Engine> {
  const engine = createEngine({
    version: VERSION,
    installation: "cluster-ring",
    home: os.homedir(),
    env: process.env,
    storage: overrides.storage ?? (await temporaryFolder(cleanup)),
    state: new MemoryState(),
    kubeconfigPaths: () => [kubeconfig],
    proxy: () => undefined,
    log: process.env["TRAINYARD_TRACE"] === undefined ? silentLogger : loudLogger,
    ...overrides,
  });
  cleanup.add(() => engine.dispose());
  await engine.load();
  return engine;
}

export async function openRig(
  cleanup: Cleanup,
  kubeconfig: string,
  overrides: Partial<EngineOptions> = {},
): Promise<Rig> {
  const storage = overrides.storage ?? (await temporaryFolder(cleanup));
  const engine = await openEngine(cleanup, kubeconfig, { ...overrides, storage });
  const context = engine.contexts()[0]?.name;
  if (context === undefined) throw new Error(`${kubeconfig} has no context: ${JSON.stringify(engine.problems())}`);
  return { engine, context, client: engine.cluster(context).connection.client, storage };
}

/** Deletes exactly this job. */
export function deleteJob({ engine, context }: Rig, { kind, namespace, name, uid }: JobIdentity): Promise<void> {
  const { resource } = kindOf(kindOrDefault(kind));
  return engine.deleteObject(context, { resource, namespace, name, uid });
}

export function byUid(jobs: NamespaceJobs, uid: string): TrainingJob | undefined {
  return [...jobs.items].find((job) => job.uid === uid);
}

/** The PyTorchJobs of a namespace, and their pods. */
export function storesOf(cluster: Cluster, namespace: string): { jobs: Store<TrainingJob>; pods: Store<JobPod> } {
  return { jobs: cluster.store(kindOf("PyTorchJob").jobs, namespace), pods: cluster.store(JOB_PODS, namespace) };
}

interface Draft {
  [key: string]: unknown;
}

/** A kubeconfig in parts that a test may bend before it is written. */
export interface KubeconfigDraft {
  cluster: Draft;
  user: Draft;
  context: Draft;
}

/** Writes a variant of a kubeconfig; returns its path. */
export async function bendKubeconfig(
  cleanup: Cleanup,
  source: string,
  bend: (draft: KubeconfigDraft) => void,
): Promise<string> {
  const text = await fs.readFile(source, "utf8");
  const document = parse(text) as {
    clusters: [{ cluster: Draft }];
    users: [{ user: Draft }];
    contexts: [{ context: Draft }];
  };
  bend({ cluster: document.clusters[0].cluster, user: document.users[0].user, context: document.contexts[0].context });
  const file = path.join(await temporaryFolder(cleanup), "config");
  await fs.writeFile(file, stringify(document), { mode: 0o600 });
  return file;
}

/** Address of the API server that a kubeconfig names. */
export async function serverOf(kubeconfig: string): Promise<string> {
  const document = parse(await fs.readFile(kubeconfig, "utf8")) as { clusters: [{ cluster: { server: string } }] };
  return document.clusters[0].cluster.server;
}

/** Makes a namespace of this test's own, ready for pods; it goes with the cleanup. */
export async function makeNamespace(cleanup: Cleanup, client: KubeClient, prefix: string): Promise<string> {
  const name = `${prefix}-${randomBytes(3).toString("hex")}`;
  const made = await client.create<KubeObject>(NAMESPACE, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  cleanup.add(() => client.delete(NAMESPACE, name, undefined, made.metadata.uid ?? ""));
  // Pods are refused until the controller has made the account that they run as.
  await until(
    "the namespace's account",
    () => find(client, SERVICE_ACCOUNT, "default", name),
    (found) => found !== undefined,
  );
  return name;
}

/** A volume of the node's own disk that a claim without a class is given. */
export async function makeVolume(
  cleanup: Cleanup,
  client: KubeClient,
  mode: "ReadWriteOnce" | "ReadWriteMany",
): Promise<void> {
  const name = `disk-${randomBytes(4).toString("hex")}`;
  const made = await client.create<KubeObject>(VOLUME, {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    ...{
      spec: {
        capacity: { storage: "1Gi" },
        accessModes: [mode],
        persistentVolumeReclaimPolicy: "Retain",
        hostPath: { path: `/tmp/${name}`, type: "DirectoryOrCreate" },
      },
    },
  });
  cleanup.add(() => client.delete(VOLUME, name, undefined, made.metadata.uid ?? ""));
}

/** A claim to a volume that many nodes may write. */
export async function makeClaim(client: KubeClient, name: string, namespace: string): Promise<void> {
  await client.create<KubeObject>(CLAIM, {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace },
    ...{ spec: { accessModes: ["ReadWriteMany"], resources: { requests: { storage: "1Gi" } } } },
  });
}

/** All that the node has of a container's log; of the only container where none is named. */
export async function podLog(client: KubeClient, namespace: string, pod: string, container?: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log`;
  const response = await client.stream({ method: "GET", path, query: { container } });
  const { signal } = new AbortController();
  return readWhole(response, { signal, clock: systemClock, silenceMs: () => 10_000 });
}

/** The object, undefined where there is none. */
export async function find<T extends KubeObject>(
  client: KubeClient,
  kind: ResourceKind,
  name: string,
  namespace?: string,
): Promise<T | undefined> {
  try {
    return await client.get<T>(kind, name, namespace);
  } catch (error) {
    if (isApiError(error) && error.status === 404) return undefined;
    throw error;
  }
}

/** Puts files into a folder of their own; returns the path of the first. */
export async function writeProject(cleanup: Cleanup, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder(cleanup);
  for (const [name, text] of Object.entries(files)) {
    await fs.mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await fs.writeFile(path.join(folder, name), text);
  }
  return path.join(folder, Object.keys(files)[0] ?? "");
}

/** Two ranks add up their numbers: what each prints tells its node, its rank and the sum. */
export const DDP = [
  "import os, torch, torch.distributed as dist",
  "dist.init_process_group('gloo')",
  "total = torch.tensor([float(dist.get_rank() + 1)])",
  "dist.all_reduce(total)",
  "print(f'node {os.environ[\"GROUP_RANK\"]} rank {dist.get_rank()} of {dist.get_world_size()} sum {total.item():.0f}', flush=True)",
  "dist.barrier()",
  "dist.destroy_process_group()",
  "",
].join("\n");

export function choice(rig: Rig, namespace: string, more: Partial<RunChoice> = {}): RunChoice {
  const size = { nodes: 1, gpusPerNode: 0, processesPerNode: 1 };
  return { kind: "PyTorchJob", context: rig.context, namespace, size, image: PYTHON, args: [], ...more };
}

/** What a person does: plans, checks, launches. */
export async function launchFile(
  rig: Rig,
  file: string,
  namespace: string,
  more: Partial<RunChoice> = {},
): Promise<{ readonly plan: RunPlan; readonly job: LaunchedJob }> {
  const { launcher } = rig.engine.jobs;
  const plan = await rig.engine.jobs.plan(file, choice(rig, namespace, more), rig.client);
  await launcher.preflight(plan.spec, plan.snapshot, rig.client);
  return { plan, job: await launcher.launch(plan.spec, plan.snapshot, rig.client) };
}

/** The same without the check; `onStep` hears each step once it is certain. */
export async function launchPlan(
  rig: Rig,
  file: string,
  namespace: string,
  onStep?: (step: LaunchStep) => void,
): Promise<LaunchedJob> {
  const plan = await rig.engine.jobs.plan(file, choice(rig, namespace), rig.client);
  return rig.engine.jobs.launcher.launch(plan.spec, plan.snapshot, rig.client, undefined, onStep);
}

const loudLogger: Logger = {
  trace: (text) => console.log(`      trace ${text}`),
  debug: (text) => console.log(`      debug ${text}`),
  info: (text) => console.log(`      info ${text}`),
  warn: (text) => console.log(`      warn ${text}`),
  error: (text) => console.log(`      error ${text}`),
};

function core(plural: string, kind: string, namespaced = true): ResourceKind {
  return { group: "", version: "v1", plural, kind, namespaced };
}
