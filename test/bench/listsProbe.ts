// One process that opens a namespace with very many jobs, as the extension's core does or by client-node's informer, and
// says what it took. Its arguments: `ours` or `client-node`, kubeconfig, namespace, number of jobs.
import process from "node:process";
import {
  CustomObjectsApi,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
} from "@kubernetes/client-node";
import { makeInformer } from "@kubernetes/client-node";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { Stores } from "../../src/kube/stores.ts";
import { kindOf } from "../../src/kubeflow/jobKinds.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";
import { openCluster } from "./benchSandbox.ts";
import { PROBE_MARK, type ListsResult } from "./listsResult.ts";

const [arm = "", kubeconfig = "", namespace = "", count = ""] = process.argv.slice(2);
const expected = Number(count);

function heapMB(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
}

/** The cluster is open and its namespaces have been read, as when somebody opens one of them. */
async function ours(): Promise<ListsResult> {
  const { connection, dispose } = await openCluster(kubeconfig);
  const { client } = connection;
  await client.list({ group: "", version: "v1", plural: "namespaces", kind: "Namespace", namespaced: false });
  const stores = new Stores({ client, clock: systemClock, log: silentLogger });
  const before = heapMB();
  const begun = performance.now();
  let firstRowsMs = NaN;
  let completeMs = NaN;
  const listing = stores.listing(kindOf("PyTorchJob").jobs, namespace);
  const complete = new Promise<void>((resolve) => {
    listing.onDidChange(() => {
      if (Number.isNaN(firstRowsMs)) firstRowsMs = performance.now() - begun;
      if (listing.items.size < expected) return;
      completeMs = performance.now() - begun;
      resolve();
    });
  });
  listing.hold();
  await complete;
  await listing.settled();
  const lacking = [...listing.items.values()].filter((job) => job.name === "" || !job.condition || job.created === 0);
  if (lacking.length > 0) throw new Error(`${lacking.length} rows lack a name, a state or an age`);
  // What is told once is let go a moment later.
  await systemClock.sleep(100);
  const result = { firstRowsMs, completeMs, heapMB: heapMB() - before };
  dispose();
  return result;
}

async function clientNode(): Promise<ListsResult> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = config.makeApiClient(CustomObjectsApi);
  const { group, version, plural } = PYTORCH_JOB;
  const before = heapMB();
  const begun = performance.now();
  const informer = makeInformer<KubernetesObject>(
    config,
    `/apis/${group}/${version}/namespaces/${namespace}/${plural}`,
    // Typed `any` there.
    () =>
      api.listNamespacedCustomObject({ group, version, namespace, plural }) as Promise<
        KubernetesListObject<KubernetesObject>
      >,
  );
  let firstRowsMs = NaN;
  const complete = new Promise<void>((resolve) => {
    let seen = 0;
    informer.on("add", () => {
      if (seen++ === 0) firstRowsMs = performance.now() - begun;
      if (seen === expected) resolve();
    });
  });
  await Promise.all([informer.start(), complete]);
  const completeMs = performance.now() - begun;
  return { firstRowsMs, completeMs, heapMB: heapMB() - before };
}

const result = arm === "ours" ? await ours() : await clientNode();
console.log(PROBE_MARK + JSON.stringify(result));
process.exit(0);
