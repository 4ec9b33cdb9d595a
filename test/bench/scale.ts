// Whether the tree opens as soon in a cluster with 30,000 pods and 2,000 namespaces as in a small one: from the cluster's
// row to its namespaces, and from one of these to its training jobs.
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { buildExtension, ROOT } from "../../scripts/build.ts";
import { run, say, step } from "../../scripts/steps.mjs";
import { POD } from "../../src/kubeflow/kinds/pod.ts";
import { benchSandbox, openCluster } from "./benchSandbox.ts";
import { EditorWindow, JOB_ROWS, rowsFrom } from "./editorWindow.ts";
import type { OnEnd } from "./ending.ts";
import { type Measured, Samples } from "./figures.ts";
import { PROBE_MARK } from "./listsResult.ts";
import { type ClusterSize, count, fillCluster, JOBS_THERE, namespaceOf } from "./manyPods.ts";
import type { ScaleResult } from "./scaleResult.ts";

const SMALL: ClusterSize = { pods: 10, namespaces: 5 };
const LARGE_PODS = 30_000;
const PODS_PER_NAMESPACE = 15;
const REPEATS = 7;
const REST_MS = 1_500;
const PROBE = path.join(import.meta.dirname, "scaleProbe.ts");
const NAMESPACE = namespaceOf(0);

interface Arm {
  readonly name: string;
  readonly kubeconfig: string;
}

/** `pods` makes the large cluster smaller, for a trial; its namespaces are a fifteenth of that. */
export async function benchScale(onEnd: OnEnd, pods = LARGE_PODS): Promise<Measured> {
  const dist = path.join(ROOT, "out", "bench", "scale");
  await step("building the engine", () => buildExtension(dist));
  const large = { pods, namespaces: Math.ceil(pods / PODS_PER_NAMESPACE) };
  const arms = [await cluster("small", "scale-small", SMALL, onEnd), await cluster("large", "scale", large, onEnd)];
  const samples = new Samples();
  await step(`${REPEATS} processes for each cluster`, () => core(arms, path.join(dist, "kube.js"), samples));
  await inEditor(arms, samples, onEnd);
  const [small = NaN, big = NaN] = ["small", "large"].map((arm) => samples.arms[arm]?.["openMs"]?.median);
  samples.add("large", "openOf small", big / small, "×");
  return {
    arms: samples.arms,
    goals: [
      { arm: "large", figure: "openMs", atMost: 500 },
      { arm: "large", figure: "openOf small", atMost: 1.5 },
    ],
    notes: [
      `small: ${SMALL.pods} pods, ${SMALL.namespaces} namespaces; large: ${large.pods} pods, ${large.namespaces} namespaces ` +
        `(kwok), besides those of Kubernetes. In both, ${NAMESPACE} has ${JOBS_THERE} PyTorchJobs.`,
      "openMs: in the tree, from the press of the mouse on the cluster until its namespaces are in the page (openNamespacesMs), " +
        "and from that on the namespace until its jobs are; contexts of one window, each opened for the first time.",
      "coreMs: a new process of plain Node each time, from opening the cluster to its namespaces (coreNamespacesMs), and then " +
        "until the jobs of one with their pods and warnings are there (coreJobsMs).",
      "Both clusters run on this machine, beside whatever else it does: times are upper limits.",
    ],
  };
}

async function cluster(name: string, sandboxName: string, size: ClusterSize, onEnd: OnEnd): Promise<Arm> {
  const { kubeconfig } = await benchSandbox(onEnd, { name: sandboxName, parts: "control", with: ["kwok"] });
  const { connection, dispose } = await openCluster(kubeconfig);
  await step(`${size.pods} pods in ${size.namespaces} namespaces`, () => fillCluster(connection.client, size));
  const there = await count(connection.client, POD);
  dispose();
  if (there === size.pods) return { name, kubeconfig };
  throw new Error(`«${sandboxName}» holds ${there} pods: npm run sandbox -- up --name ${sandboxName} --fresh`);
}

async function core(arms: readonly Arm[], bundle: string, samples: Samples): Promise<void> {
  for (let repeat = 0; repeat <= REPEATS; repeat++)
    for (const { name, kubeconfig } of arms) {
      const said = await run(process.execPath, [PROBE, bundle, kubeconfig, NAMESPACE, String(JOBS_THERE)]);
      const line = said.split("\n").find((each) => each.startsWith(PROBE_MARK));
      if (line === undefined) throw new Error(`the probe said nothing: ${said}`);
      const { namespacesMs, jobsMs } = JSON.parse(line.slice(PROBE_MARK.length)) as ScaleResult;
      say(`${name}: ${namespacesMs.toFixed(0)} + ${jobsMs.toFixed(0)} ms`);
      // The first brings files into the system's memory.
      if (repeat === 0) continue;
      samples.add(name, "coreMs", namespacesMs + jobsMs, "ms");
      samples.add(name, "coreNamespacesMs", namespacesMs, "ms");
      samples.add(name, "coreJobsMs", jobsMs, "ms");
    }
}

async function inEditor(arms: readonly Arm[], samples: Samples, onEnd: OnEnd): Promise<void> {
  const contexts = Array.from({ length: REPEATS }, (_, at) => at + 1).flatMap((repeat) =>
    arms.map(({ name, kubeconfig }) => ({ arm: name, context: `${name}-${repeat}`, kubeconfig })),
  );
  const window = await EditorWindow.open(
    contexts.map(({ context, kubeconfig }) => [context, kubeconfig]),
    onEnd,
  );
  await step(`${REPEATS} times in the editor`, async () => {
    for (const { arm, context } of contexts) {
      const row = new RegExp(`^${context}, cluster`);
      const namespace = rowsFrom(`${NAMESPACE}, namespace`);
      const namespaces = await window.opened(row, namespace);
      const jobs = await window.opened(new RegExp(`^${NAMESPACE}, namespace`), JOB_ROWS);
      say(`${context}: ${namespaces.toFixed(0)} + ${jobs.toFixed(0)} ms`);
      samples.add(arm, "openMs", namespaces + jobs, "ms");
      samples.add(arm, "openNamespacesMs", namespaces, "ms");
      await window.close(row, namespace);
      await delay(REST_MS);
    }
  });
}
