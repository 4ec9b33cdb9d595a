// Kubeflow Pipelines: the first page of 10,000 runs, a graph of 300 steps, and from a saved pipeline.py to its run; beside
// the bare request, and the SDK.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { run, say, step } from "../../scripts/steps.mjs";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { connectPod } from "../../src/kube/streams/index.ts";
import { createCompiler, type PipelineCompiler, PipelineDesk, type PipelinePlace } from "../../src/pipelines/index.ts";
import { SINGLE_USER, twoTasks } from "../cluster/pipelineFixtures.ts";
import { PYTHON } from "../cluster/support.ts";
import { until } from "../editor/until.ts";
import { ensureKfp } from "../pipelines/kfp.ts";
import { kubernetesProgram } from "../sandbox/parts/golang.ts";
import { benchSandbox, openCluster } from "./benchSandbox.ts";
import type { OnEnd } from "./ending.ts";
import { type Measured, Samples } from "./figures.ts";
import { PipelinesDatabase } from "./manyRuns.ts";
import { pageTimes } from "./pipelinesPage.ts";

const RUNS = 10_000;
const STEPS = 300;
const REPEATS = 7;
const SANDBOX = "bench-pipelines";
const NEVER = new AbortController().signal;
/** What our list asks for (src/pipelines/clusterPipelines.ts). */
const FIRST_PAGE = {
  page_size: "20",
  sort_by: "created_at desc",
  filter: JSON.stringify({ predicates: [{ operation: "EQUALS", key: "storage_state", string_value: "AVAILABLE" }] }),
};

/** A pipeline that is another each time that it is saved. */
const pipelineFile = (name: string, turn: number): string => `from kfp import dsl

@dsl.component(base_image="${PYTHON}")
def prepare(message: str) -> str:
    return message + " ${turn}"

@dsl.component(base_image="${PYTHON}")
def train(data: str, rate: float = 0.1) -> float:
    print(data)
    return rate

@dsl.pipeline(name="${name}")
def pipeline(message: str = "hello"):
    train(data=prepare(message=message).output)
`;

/** As its documentation has it. */
const SDK_RUN = `
import sys
from kfp import Client, compiler
from pipeline import pipeline
compiler.Compiler().compile(pipeline, "pipeline.yaml")
Client(host=sys.argv[1]).create_run_from_pipeline_package("pipeline.yaml", arguments={}, enable_caching=True)
`;

const SDK_LIST = `
import json, sys, time
from kfp import Client
client = Client(host=sys.argv[1])
for at in range(${REPEATS} + 1):
    begun = time.monotonic()
    runs = client.list_runs(page_size=20, sort_by="created_at desc", filter=sys.argv[2]).runs
    took = (time.monotonic() - begun) * 1000
    assert len(runs) == 20
    if at > 0: print(took)
`;

export async function benchPipelines(onEnd: OnEnd): Promise<Measured> {
  const samples = new Samples();
  await step(`a graph of ${STEPS} steps`, async () => {
    const { graphMs, stepUpdateMs } = await pageTimes(STEPS, REPEATS, onEnd);
    for (const ms of graphMs) samples.add("ours", "graphMs", ms, "ms");
    for (const ms of stepUpdateMs) samples.add("ours", "stepUpdateMs", ms, "ms");
  });
  const python = (await step("the SDK of Kubeflow Pipelines", () => ensureKfp()))["TRAINYARD_KFP_PYTHON"] ?? "";
  const sandbox = await benchSandbox(onEnd, { name: SANDBOX, with: ["pipelines"] });
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "trainyard-bench-pipelines-"));
  onEnd(() => fs.rmSync(folder, { recursive: true, force: true }));
  const server = await forward(sandbox.kubeconfig, onEnd);
  const { connection, dispose } = await openCluster(sandbox.kubeconfig);
  const desk = new PipelineDesk(
    () => ({
      ...{ client: connection.client, clock: systemClock, log: silentLogger, namespace: SINGLE_USER },
      connect: (pod, port, signal, namespace = SINGLE_USER) => connectPod({ connection, namespace, pod, port, signal }),
    }),
    systemClock,
  );
  const pythonPlace = () => Promise.resolve({ chosen: python });
  const compiler = createCompiler({ env: process.env, log: silentLogger, clock: systemClock, pythonPlace });
  onEnd(() => {
    compiler.dispose();
    desk.dispose();
    dispose();
  });
  const place = { context: connection.context.name, namespace: "" };
  await step(`${RUNS} runs`, async () => {
    const facts = desk.ofFile(twoTasks("bench-first"), "pipeline.yaml");
    const form = desk.firstForm(facts);
    const { id } = await desk.start(place, facts, desk.read(form, facts), form.caching, NEVER);
    const state = (): Promise<string> => runState(server, id);
    await until("the first run has ended", state, (now) => now === "SUCCEEDED", 60_000);
    await (await PipelinesDatabase.open(SANDBOX, "mlpipeline")).copyRun(id, RUNS);
  });
  await step("their first page", () => firstPages(samples, server, python, desk, place.context));
  await step("from a saved file to its run", async () => {
    for (let repeat = 0; repeat <= REPEATS; repeat++) {
      const own = await saved(desk, compiler, place, folder, repeat + 1);
      const sdk = await savedBySdk(python, server, folder, repeat + 1);
      say(`ours ${own.ms.toFixed(0)} ms, kfp-sdk ${sdk.toFixed(0)} ms`);
      if (repeat === 0) continue;
      samples.add("ours", "saveToRunMs", own.ms, "ms");
      samples.add("kfp-sdk", "saveToRunMs", sdk, "ms");
      samples.add("ours", "overSdkMs", own.ms - sdk, "ms");
    }
  });
  return { arms: samples.arms, goals: GOALS, notes: NOTES };
}

const GOALS: Measured["goals"] = [
  { arm: "ours", figure: "overRawMs", atMost: 30 },
  { arm: "ours", figure: "rows", atMost: 20 },
  { arm: "ours", figure: "graphMs", atMost: 200 },
  { arm: "ours", figure: "stepUpdateMs", atMost: 50 },
  { arm: "ours", figure: "overSdkMs", atMost: 0 },
];

const NOTES = [
  `firstPageMs: the 20 newest of ${RUNS} runs, by way of a stream that is open already. raw: the same request through ` +
    "`kubectl port-forward`, and its answer parsed. kfp-sdk: Client.list_runs through the same. overRawMs: ours less raw, of " +
    "the same turn. rows: what of the list was read.",
  `graphMs, stepUpdateMs: from the message of a graph of ${STEPS} steps, or of one step’s state, until its frame is over.`,
  "saveToRunMs: from a pipeline.py that is saved, other than before, until its run has an id. ours: compiled by a Python that is " +
    "warm, uploaded as a version, started. kfp-sdk: Python is started and compiles, create_run_from_pipeline_package.",
];

/** A port on this computer that `kubectl port-forward` keeps for the API server. @returns its address */
async function forward(kubeconfig: string, onEnd: OnEnd): Promise<string> {
  const args = ["kubectl", `--kubeconfig=${kubeconfig}`, `--namespace=${SINGLE_USER}`];
  const child = spawn(await kubernetesProgram(), [...args, "port-forward", "deployment/ml-pipeline", ":8888"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onEnd(() => void child.kill());
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const port = /127\.0\.0\.1:(\d+)/.exec(line)?.[1];
  if (port === undefined) throw new Error(`kubectl said: ${line}`);
  return `http://127.0.0.1:${port}`;
}

async function firstPages(
  samples: Samples,
  server: string,
  python: string,
  desk: PipelineDesk,
  context: string,
): Promise<void> {
  const said = await run(python, ["-c", SDK_LIST, server, FIRST_PAGE.filter]);
  for (const line of said.trim().split("\n")) samples.add("kfp-sdk", "firstPageMs", Number(line), "ms");
  const raw = async (): Promise<number> => {
    const begun = performance.now();
    const answer = await fetch(`${server}/apis/v2beta1/runs?${new URLSearchParams(FIRST_PAGE).toString()}`);
    const { runs, total_size: total } = (await answer.json()) as { runs: unknown[]; total_size: number };
    if (runs.length !== 20 || total < RUNS) throw new Error(`${runs.length} of ${total} runs`);
    return performance.now() - begun;
  };
  const pipelines = desk.open(context);
  pipelines.access.look();
  await pipelines.access.answered(30_000);
  const ours = async (turn: number): Promise<{ readonly ms: number; readonly rows: number }> => {
    const begun = performance.now();
    // A list of its own each time: runs have no parent, and are asked for alike.
    const list = pipelines.list("runs", "", String(turn));
    list.look();
    await list.answered(30_000);
    const ms = performance.now() - begun;
    if (list.state.kind !== "live" || list.value === undefined) throw new Error(JSON.stringify(list.state));
    const rows = list.value.items.length;
    list.dispose();
    return { ms, rows };
  };
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    const bare = await raw();
    const { ms, rows } = await ours(repeat);
    if (repeat === 0) continue;
    samples.add("raw", "firstPageMs", bare, "ms");
    samples.add("ours", "firstPageMs", ms, "ms");
    samples.add("ours", "overRawMs", ms - bare, "ms");
    samples.add("ours", "rows", rows, "runs");
  }
  pipelines.dispose();
}

/** By what stands behind *Run Pipeline…*: from the file as it is now to the id of its run. */
async function saved(
  desk: PipelineDesk,
  compiler: PipelineCompiler,
  place: PipelinePlace,
  folder: string,
  turn: number,
): Promise<{ readonly id: string; readonly ms: number }> {
  const file = path.join(folder, "ours", "pipeline.py");
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, pipelineFile("bench-ours", turn));
  const begun = performance.now();
  const [pipeline] = (await compiler.compile(file, NEVER)).pipelines;
  if (pipeline === undefined) throw new Error("nothing was compiled");
  const facts = desk.ofFile(pipeline.document, "pipeline.py");
  const form = desk.firstForm(facts);
  const { id, uploaded } = await desk.start(place, facts, desk.read(form, facts), form.caching, NEVER);
  const ms = performance.now() - begun;
  if (uploaded?.isNew !== true) throw new Error("the pipeline was there already");
  return { id, ms };
}

async function savedBySdk(python: string, server: string, folder: string, turn: number): Promise<number> {
  const own = path.join(folder, "sdk");
  fs.mkdirSync(own, { recursive: true });
  fs.writeFileSync(path.join(own, "pipeline.py"), pipelineFile("bench-sdk", turn));
  fs.writeFileSync(path.join(own, "run.py"), SDK_RUN);
  const begun = performance.now();
  await run(python, ["-m", "run", server], { cwd: own });
  return performance.now() - begun;
}

async function runState(server: string, id: string): Promise<string> {
  const answer = await fetch(`${server}/apis/v2beta1/runs/${id}`);
  return ((await answer.json()) as { state?: string }).state ?? "";
}
