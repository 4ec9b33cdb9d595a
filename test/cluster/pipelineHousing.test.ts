import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { connectPod } from "../../src/kube/streams/portForward.ts";
import { ClusterPipelines, type RunReader } from "../../src/pipelines/index.ts";
import { until } from "../editor/until.ts";
import { author, compile, type Compiled, folderWith } from "../pipelines/support.ts";
import { itFull } from "../rings/skip.ts";
import { ARGO_NAMESPACE } from "../sandbox/layout.ts";
import { IMAGES } from "../sandbox/versions.ts";
import {
  describePipelines,
  type MadePipeline,
  makePipeline,
  makePipelineOf,
  PipelinesServer,
  startRun,
} from "./pipelineFixtures.ts";
import { Cleanup, kubeconfigOf, openRig, podLog, PYTHON, type Rig } from "./support.ts";

const HOUSING = path.join(import.meta.dirname, "..", "pipelines", "housing");
const STEPS = ["preprocess", "train", "test", "deploy"];

const ROUNDS = `from kfp import compiler, dsl

@dsl.container_component
def pick(choice: dsl.OutputPath(str)):
    code = "import os, sys; os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True); open(sys.argv[1], 'w').write('large')"
    return dsl.ContainerSpec(image="${PYTHON}", command=["python3", "-c", code], args=[choice])

@dsl.container_component
def say(text: str):
    return dsl.ContainerSpec(image="${PYTHON}", command=["python3", "-u", "-c", "import sys; print(sys.argv[1])"], args=[text])

@dsl.pipeline(name="rounds")
def rounds():
    picked = pick()
    with dsl.ParallelFor(["red", "green", "blue"]) as colour:
        say(text=colour)
    with dsl.If(picked.output == "large"):
        say(text="as it was picked")
    with dsl.If(picked.output == "small"):
        say(text="never said")

compiler.Compiler().compile(rounds, "pipeline.yaml")
`;

/** Images are not built here: a step brings the files that its image would hold along in its command. */
const UNPACK = `import base64, json, os, sys, tempfile
os.chdir(tempfile.mkdtemp())
for name, text in json.loads(base64.b64decode(sys.argv[1])).items():
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name, "w") as file:
        file.write(text)
os.execv(sys.executable, [sys.executable, "-u", *sys.argv[3:]])`;

describePipelines("four scripts on housing, carried out by Argo, ML Metadata’s server and gateway played", () => {
  const cleanup = new Cleanup();
  const { signal } = new AbortController();
  let rig: Rig;
  let server: PipelinesServer;
  let pipelines: ClusterPipelines;
  let made: MadePipeline;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    server = new PipelinesServer(rig, ARGO_NAMESPACE);
    const { connection } = rig.engine.cluster(rig.context);
    pipelines = new ClusterPipelines({
      ...{ client: rig.client, namespace: ARGO_NAMESPACE, clock: systemClock, log: silentLogger },
      connect: (pod, port, ending) => connectPod({ connection, namespace: ARGO_NAMESPACE, pod, port, signal: ending }),
    });
    cleanup.add(() => pipelines.dispose());
  });

  after(function () {
    this.timeout(60_000);
    return cleanup.run();
  });

  async function overOf(name: string, steps: readonly string[]): Promise<{ run: RunReader; saw: readonly string[] }> {
    const run = pipelines.openRun(await startRun(cleanup, server, made, { name }), "");
    cleanup.add(() => run.dispose());
    run.look();
    const saw: string[] = [];
    run.onDidChange(() => {
      const now = steps.map((step) => run.value?.progress.get(step)?.state ?? "-").join(" ");
      if (saw.at(-1) !== now) saw.push(now);
    });
    const ends = ["Succeeded", "Failed"];
    await until(
      `the run ${name}`,
      () => Promise.resolve(run.value?.run.state ?? ""),
      (state) => ends.includes(state),
      240_000,
    );
    return { run, saw };
  }

  async function ended(name: string): Promise<RunReader> {
    const { run, saw } = await overOf(name, STEPS);
    console.log(`      ${saw.join("\n      ")}`);
    const why = await run.failure(signal);
    assert.equal(run.value?.run.state, "Succeeded", `${why?.name ?? ""}: ${why?.lines.join("\n") ?? ""}`);
    return run;
  }

  itFull("runs from preprocess to deploy as pods, and its values, files and logs are read", async function () {
    this.timeout(300_000);
    const folder = folderWith("housing", {});
    cpSync(HOUSING, folder, { recursive: true });
    await author(folder, ["deploy.py", "preprocess.py", "test.py", "train.py"]);
    const [compiled] = await compile(folder);
    assert.ok(compiled !== undefined);
    made = await makePipelineOf(cleanup, server, "housing", () => stringify(selfContained(compiled, folder)));

    const run = await ended("first");
    const states = STEPS.map((step) => run.value?.progress.get(step)?.state);
    assert.deepEqual(states, Array<string>(4).fill("Succeeded"));
    const metadata = await until(
      "all metadata",
      () => {
        run.metadata.refresh();
        return Promise.resolve(run.metadata.value);
      },
      (found) => found?.get("deploy")?.[0] !== undefined,
      30_000,
    );
    const [test] = metadata?.get("test") ?? [];
    const r2 = Number(test?.outputs["result"]);
    assert.ok(r2 > 0.9 && r2 < 1, `r2 is ${r2}`);
    const model = test?.artifacts.find(({ name }) => name === "model");
    assert.deepEqual([model?.type, model?.direction], ["Model", "input"]);
    const metrics = test?.artifacts.find(({ name }) => name === "metrics");
    assert.ok(metrics !== undefined);
    const content = await run.content(metrics, signal);
    assert.equal(content.kind, "scalars");
    assert.equal(new Map(content.values).get("r2"), String(r2));
    const [log] = await run.logs("deploy", signal);
    assert.equal(log?.container?.namespace, ARGO_NAMESPACE);
    assert.match(await logOf(log.container.pod), /^deploying Pipeline$/m);
  });

  itFull("has results of the first run stand for the steps of the second", async function () {
    this.timeout(300_000);
    const run = await ended("second");
    // `deploy` gives nothing that could be kept.
    assert.deepEqual(
      STEPS.map((step) => run.value?.progress.get(step)?.cached),
      [true, true, true, false],
    );
  });

  itFull("names the step that failed, with its own last words", async function () {
    this.timeout(120_000);
    made = await makePipeline(cleanup, server, "fails", { prepare: "print('no such house'); raise SystemExit(3)" });
    const { run } = await overOf("fails", ["prepare", "train"]);
    const failure = await run.failure(signal);
    assert.deepEqual([failure?.task, failure?.why], ["prepare", "ended with exit code 3"]);
    assert.deepEqual(failure?.lines, ["no such house"]);
    assert.equal(run.value?.progress.get("train")?.state, "Skipped");
  });

  itFull("follows rounds and conditions of Argo's own, each to its logs", async function () {
    this.timeout(300_000);
    const folder = folderWith("rounds", { "pipeline.py": ROUNDS });
    const [compiled] = await compile(folder);
    made = await makePipelineOf(cleanup, server, "rounds", () => stringify(compiled));
    const { run } = await overOf("rounds", ["pick", "for-loop-2", "condition-3", "condition-4"]);
    const { progress } = run.value ?? assert.fail();
    const told = [...progress].map(([path, { state, iterations, message }]) => {
      const rounds = iterations === undefined ? "" : ` ${iterations.done} of ${iterations.of}`;
      return `${path} ${state}${rounds}${message === "" ? "" : `: ${message}`}`;
    });
    assert.deepEqual(told.sort(), [
      "condition-3 Succeeded",
      "condition-3/say-2 Succeeded",
      "condition-4 Skipped: Its condition was not met.",
      "condition-4/say-3 Skipped",
      "for-loop-2 Succeeded 3 of 3",
      "for-loop-2/say Succeeded",
      "pick Succeeded",
    ]);
    const logs = await run.logs("for-loop-2/say", signal);
    const said = await Promise.all(logs.map(({ container }) => logOf(container?.pod ?? "")));
    const colours = ["red", "green", "blue"];
    assert.deepEqual(
      said.map((text) => text.split("\n").find((line) => colours.includes(line))),
      colours,
    );
    const metadata = await until(
      "all metadata",
      () => {
        run.metadata.refresh();
        return Promise.resolve(run.metadata.value?.get("for-loop-2/say") ?? []);
      },
      (found) => found.length === 3,
      30_000,
    );
    assert.deepEqual(
      metadata.map(({ rounds, inputs }) => [...rounds, inputs["text"]]),
      colours.map((colour, round) => [round, colour]),
    );
  });

  const logOf = (pod: string): Promise<string> => podLog(rig.client, ARGO_NAMESPACE, pod, "main");
});

function selfContained(compiled: Compiled, folder: string): object {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".py") && statSync(path.join(folder, file)).isFile(),
  );
  const texts = Object.fromEntries(files.map((file) => [file, readFileSync(path.join(folder, file), "utf8")]));
  const packed = Buffer.from(JSON.stringify(texts)).toString("base64");
  const all = parse(stringify(compiled)) as { deploymentSpec: { executors: Record<string, { container: object }> } };
  for (const [name, { container }] of Object.entries(compiled.deploymentSpec.executors)) {
    const command = ["python3", "-c", UNPACK, packed, ...container.command];
    all.deploymentSpec.executors[name] = { container: { ...container, image: IMAGES.science, command } };
  }
  return all;
}
