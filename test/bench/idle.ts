// What twelve open kinds cost while nothing happens, for ten minutes, and whether a change at minute nine is still seen.
import diagnostics from "node:diagnostics_channel";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CoreV1Api, KubeConfig, type KubernetesListObject, type KubernetesObject } from "@kubernetes/client-node";
import { makeInformer } from "@kubernetes/client-node";
import { say, step } from "../../scripts/steps.mjs";
import { type Logger, silentLogger } from "../../src/core/log.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { benchSandbox, linkTo, openCluster, openStores } from "./benchSandbox.ts";
import type { OnEnd } from "./ending.ts";
import { type Measured, Samples } from "./figures.ts";
import { ensureNamespace } from "./manyJobs.ts";

const NAMESPACE = "idle";
const MINUTES = 10;
const LATE_MINUTE = 9;
const NEAR = { roundTrip: 0, megabits: 1e5 };
const CONFIG_MAP = core("configmaps", "ConfigMap");
/** Twelve kinds that nothing changes. */
const KINDS: readonly ResourceKind[] = [
  CONFIG_MAP,
  core("endpoints", "Endpoints"),
  core("events", "Event"),
  core("limitranges", "LimitRange"),
  core("persistentvolumeclaims", "PersistentVolumeClaim"),
  core("pods", "Pod"),
  core("podtemplates", "PodTemplate"),
  core("replicationcontrollers", "ReplicationController"),
  core("resourcequotas", "ResourceQuota"),
  core("secrets", "Secret"),
  core("serviceaccounts", "ServiceAccount"),
  core("services", "Service"),
];

/** Twelve live watches. */
interface Watching {
  /** Resolves when an object of this name has been told. */
  readonly seen: (name: string) => Promise<void>;
  /** Requests so far. */
  readonly requests: () => number;
}

export async function benchIdle(onEnd: OnEnd): Promise<Measured> {
  const sandbox = await benchSandbox(onEnd);
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "trainyard-bench-"));
  onEnd(() => fs.rmSync(folder, { recursive: true, force: true }));
  const { connection, dispose } = await openCluster(sandbox.kubeconfig);
  onEnd(dispose);
  const { client } = connection;
  await ensureNamespace(client, NAMESPACE);
  const samples = new Samples();
  const arms = await step("twelve watches in each arm", async () => {
    const made = [];
    for (const [arm, watch] of [["ours", watchOurs] as const, ["client-node", watchClientNode] as const]) {
      const { link, kubeconfig } = await linkTo(sandbox, NEAR, folder, onEnd);
      made.push({ arm, link, watching: await watch(kubeconfig, onEnd) });
    }
    return made;
  });
  const before = arms.map(({ watching, link }) => ({ requests: watching.requests(), bytes: link.received }));
  await step(`${MINUTES} minutes in which nothing happens, but for one change`, async () => {
    await delay(LATE_MINUTE * 60_000);
    const name = `late-${Date.now()}`;
    const begun = performance.now();
    const late = arms.map(async ({ arm, watching }) => {
      const lost = delay(60_000, undefined, { ref: false });
      await Promise.race([watching.seen(name), lost]);
      samples.add(arm, "lateEventMs", performance.now() - begun, "ms");
      say(`${arm}: seen after ${(performance.now() - begun).toFixed(0)} ms`);
    });
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: NAMESPACE } };
    await client.create<KubeObject>(CONFIG_MAP, object);
    await Promise.all([...late, delay((MINUTES - LATE_MINUTE) * 60_000)]);
  });
  arms.forEach(({ arm, link, watching }, at) => {
    samples.add(arm, "requests", watching.requests() - (before[at]?.requests ?? 0), "");
    // From the very beginning: what made the twelve live counts.
    samples.add(arm, "handshakes", link.accepted, "");
    samples.add(arm, "wireKB", (link.received - (before[at]?.bytes ?? 0)) / 1000, "KB");
  });
  return {
    arms: samples.arms,
    goals: [
      { arm: "ours", figure: "requests", atMost: 40 },
      { arm: "ours", figure: "handshakes", atMost: 2 },
      { arm: "ours", figure: "lateEventMs", atMost: 1_000 },
    ],
    notes: [
      `Twelve kinds of one namespace, watched for ${MINUTES} minutes by both arms at the same time, each through a counting ` +
        `proxy. requests: once all twelve are live. handshakes: connections from the beginning. lateEventMs: from before an ` +
        `object is made at minute ${LATE_MINUTE} until it is told; 60,000 where it was not.`,
    ],
  };
}

async function watchOurs(kubeconfig: string, onEnd: OnEnd): Promise<Watching> {
  let requests = 0;
  // The transport notes each request.
  const log: Logger = { ...silentLogger, trace: () => requests++ };
  const { stores } = await openStores(kubeconfig, onEnd, log);
  const all = KINDS.map((kind) =>
    stores.get({ kind, project: ({ metadata }: KubeObject) => metadata.name }, NAMESPACE),
  );
  for (const store of all) store.hold();
  await Promise.all(all.map((store) => store.settled()));
  const seen = (name: string): Promise<void> =>
    new Promise((resolve) => {
      for (const store of all) {
        store.onDidChange(({ changed }) => {
          if (changed.includes(name)) resolve();
        });
      }
    });
  return { seen, requests: () => requests };
}

async function watchClientNode(kubeconfig: string, onEnd: OnEnd): Promise<Watching> {
  let requests = 0;
  // Its undici tells each request of the process; nothing else here uses one.
  diagnostics.subscribe("undici:request:create", () => requests++);
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = config.makeApiClient(CoreV1Api);
  const seenBy = new Map<string, () => void>();
  const informers = KINDS.map((kind) => {
    const list = (): Promise<KubernetesListObject<KubernetesObject>> => listOf(api, kind.kind);
    const informer = makeInformer<KubernetesObject>(config, `/api/v1/namespaces/${NAMESPACE}/${kind.plural}`, list);
    informer.on("add", ({ metadata }) => seenBy.get(metadata?.name ?? "")?.());
    // As its documentation has it: an error ends it, and whoever uses it starts it again.
    informer.on("error", () => void delay(5_000, undefined, { ref: false }).then(() => informer.start()));
    return informer;
  });
  onEnd(async () => {
    await Promise.all(informers.map((informer) => informer.stop()));
  });
  await Promise.all(informers.map((informer) => informer.start()));
  // The watches follow the lists a moment later.
  await delay(2_000);
  return { seen: (name) => new Promise((resolve) => seenBy.set(name, resolve)), requests: () => requests };
}

/** Each kind has a method of its own there. */
function listOf(api: CoreV1Api, kind: string): Promise<KubernetesListObject<KubernetesObject>> {
  const namespace = { namespace: NAMESPACE };
  const lists: Readonly<Record<string, () => Promise<KubernetesListObject<KubernetesObject>>>> = {
    ConfigMap: () => api.listNamespacedConfigMap(namespace),
    Endpoints: () => api.listNamespacedEndpoints(namespace),
    Event: () => api.listNamespacedEvent(namespace),
    LimitRange: () => api.listNamespacedLimitRange(namespace),
    PersistentVolumeClaim: () => api.listNamespacedPersistentVolumeClaim(namespace),
    Pod: () => api.listNamespacedPod(namespace),
    PodTemplate: () => api.listNamespacedPodTemplate(namespace),
    ReplicationController: () => api.listNamespacedReplicationController(namespace),
    ResourceQuota: () => api.listNamespacedResourceQuota(namespace),
    Secret: () => api.listNamespacedSecret(namespace),
    ServiceAccount: () => api.listNamespacedServiceAccount(namespace),
    Service: () => api.listNamespacedService(namespace),
  };
  const list = lists[kind];
  if (list === undefined) throw new Error(`no list of ${kind}`);
  return list();
}

function core(plural: string, kind: string): ResourceKind {
  return { group: "", version: "v1", plural, kind, namespaced: true };
}
