// How long a namespace with 5,000 training jobs takes to open, on the same computer and far away: beside kubectl's table
// and the informer of the Kubernetes client for JavaScript.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { run, say, step } from "../../scripts/steps.mjs";
import { kubernetesProgram } from "../sandbox/parts/golang.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { benchSandbox, linkTo, openCluster } from "./benchSandbox.ts";
import type { OnEnd } from "./ending.ts";
import { type Measured, Samples } from "./figures.ts";
import { type ListsResult, PROBE_MARK } from "./listsResult.ts";
import { domOfLists } from "./listsDom.ts";
import { makeJobs } from "./manyJobs.ts";
import type { SlowLink } from "./slowLink.ts";

export const JOBS = 5_000;
export const JOBS_NAMESPACE = "many-jobs";
const REPEATS = 7;
const FAR = { roundTrip: 50, megabits: 20 };
const NEAR = { roundTrip: 0, megabits: 1e5 };
const PROBE = path.join(import.meta.dirname, "listsProbe.ts");

/** The sandbox with its 5,000 jobs, made where they are not there yet. */
export async function sandboxWithJobs(onEnd: OnEnd): Promise<Sandbox> {
  const sandbox = await benchSandbox(onEnd);
  const { connection, dispose } = await openCluster(sandbox.kubeconfig);
  await step(`${JOBS} jobs in ${JOBS_NAMESPACE}`, () => makeJobs(connection.client, JOBS_NAMESPACE, JOBS));
  dispose();
  return sandbox;
}

export async function benchLists(onEnd: OnEnd): Promise<Measured> {
  const sandbox = await sandboxWithJobs(onEnd);
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "trainyard-bench-"));
  onEnd(() => fs.rmSync(folder, { recursive: true, force: true }));
  const far = await linkTo(sandbox, FAR, folder, onEnd);
  const near = await linkTo(sandbox, NEAR, folder, onEnd);
  const samples = new Samples();
  const program = await kubernetesProgram();
  const kubectl = (kubeconfig: string) => () => kubectlTable(program, kubeconfig, folder);
  const direct = sandbox.kubeconfig;
  const arms: readonly (readonly [string, () => Promise<Partial<ListsResult>>])[] = [
    ["ours", () => probe("ours", direct)],
    ["kubectl-table", kubectl(direct)],
    ["client-node", () => probe("client-node", direct)],
    ["ours-wan", () => probe("ours", far.kubeconfig)],
    ["kubectl-table-wan", kubectl(far.kubeconfig)],
  ];
  // Not counted: kubectl keeps what it has discovered, and the system the files of everybody.
  for (const work of [kubectl(direct), kubectl(far.kubeconfig), () => probe("client-node", direct)]) await work();
  for (let repeat = 1; repeat <= REPEATS; repeat++) {
    await step(`${repeat} of ${REPEATS}`, async () => {
      for (const [arm, work] of arms) {
        const { firstRowsMs, completeMs, heapMB } = await work();
        say(`${arm}: ${completeMs?.toFixed(0) ?? ""} ms`);
        if (firstRowsMs !== undefined) samples.add(arm, "firstRowsMs", firstRowsMs, "ms");
        if (completeMs !== undefined) samples.add(arm, "completeMs", completeMs, "ms");
        if (heapMB !== undefined) samples.add(arm, "heapMB", heapMB, "MB");
      }
    });
  }
  await step("bytes on the wire", async () => {
    for (const [arm, work] of [
      ["ours", () => probe("ours", near.kubeconfig)],
      ["kubectl-table", kubectl(near.kubeconfig)],
      ["client-node", () => probe("client-node", near.kubeconfig)],
    ] as const)
      for (let repeat = 1; repeat <= REPEATS; repeat++)
        samples.add(arm, "wireMB", await bytesOf(near.link, work), "MB");
  });
  for (const ms of await domOfLists(sandbox, JOBS_NAMESPACE, REPEATS, onEnd)) samples.add("ours", "domMs", ms, "ms");
  for (const rival of ["kubectl-table", "client-node"]) {
    const [own, other] = ["ours", rival].map((arm) => samples.arms[arm]?.["completeMs"]?.median ?? NaN);
    samples.add("ours", `completeOf ${rival}`, (own ?? NaN) / (other ?? NaN), "×");
  }
  return { arms: samples.arms, goals: GOALS, notes: NOTES };
}

const GOALS: Measured["goals"] = [
  { arm: "ours", figure: "firstRowsMs", atMost: 20 },
  { arm: "ours", figure: "completeMs", atMost: 150 },
  { arm: "ours", figure: "completeOf kubectl-table", atMost: 0.2 },
  { arm: "ours", figure: "completeOf client-node", atMost: 0.2 },
  { arm: "ours", figure: "domMs", atMost: 200 },
  { arm: "ours", figure: "wireMB", atMost: 0.5 },
  { arm: "ours", figure: "heapMB", atMost: 5 },
  { arm: "ours-wan", figure: "completeMs", atMost: 700 },
];

const NOTES = [
  `${JOBS} PyTorchJobs of about 9 KB in one namespace. ours and client-node: a new process of plain Node each time, from the ` +
    "moment when the namespace is opened. For ours the cluster is open by then (one connection, its namespaces read); " +
    "client-node makes a connection for each request, whenever it begins. Complete: all names, states and ages are there.",
  "kubectl-table: `kubectl get pytorchjobs`, from its start to its end, with what it discovered before in its cache.",
  `-wan: through a proxy with a round trip of ${FAR.roundTrip} ms and ${FAR.megabits} Mbit/s each way.`,
  `domMs: in the editor, from the press of the mouse on the namespace until the page has rows of its jobs; ${REPEATS} contexts ` +
    "of one window, each opened for the first time, so that the first is the window's first too.",
  "wireMB: bytes from the server through a counting proxy, with the handshake and, for ours, all that opens the cluster.",
];

async function probe(arm: "ours" | "client-node", kubeconfig: string): Promise<ListsResult> {
  const args = ["--expose-gc", PROBE, arm, kubeconfig, JOBS_NAMESPACE, String(JOBS)];
  const said = await run(process.execPath, args);
  const line = said.split("\n").find((each) => each.startsWith(PROBE_MARK));
  if (line === undefined) throw new Error(`the probe said nothing: ${said}`);
  return JSON.parse(line.slice(PROBE_MARK.length)) as ListsResult;
}

async function kubectlTable(program: string, kubeconfig: string, home: string): Promise<Partial<ListsResult>> {
  const begun = performance.now();
  const args = ["kubectl", "get", "pytorchjobs", `--namespace=${JOBS_NAMESPACE}`, "--no-headers"];
  const said = await run(program, [...args, `--kubeconfig=${kubeconfig}`], { env: { HOME: home } });
  const completeMs = performance.now() - begun;
  const lines = said.trimEnd().split("\n").length;
  if (lines !== JOBS) throw new Error(`kubectl printed ${lines} jobs`);
  return { completeMs };
}

async function bytesOf(link: SlowLink, work: () => Promise<unknown>): Promise<number> {
  const before = link.received;
  await work();
  return (link.received - before) / 1e6;
}
