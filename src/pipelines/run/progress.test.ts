import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { KubeObject } from "../../kube/objects.ts";
import type { RunTask } from "../model.ts";
import { readPipelineSpec } from "../spec/read.ts";
import type { TaskProgress } from "./model.ts";
import { progressOfTasks, progressOfWorkflow, stateOfWorkflow } from "./progress.ts";
import { readWorkflow } from "./workflow.ts";

type Node = Record<string, unknown>;

/** A specification of these tasks; `loop` and `dag` hold others. */
interface Shape {
  readonly [key: string]: Shape | "container" | { readonly loop: Shape };
}
function specOf(shape: Shape) {
  const components: Record<string, object> = {};
  const executors: Record<string, object> = {};
  const dagOf = (tasks: Shape): object => ({
    tasks: Object.fromEntries(
      Object.entries(tasks).map(([key, what]) => {
        const name = `comp-${key}-${Object.keys(components).length}`;
        const loop = typeof what === "object" && "loop" in what ? (what["loop"] as Shape) : undefined;
        components[name] = {};
        components[name] = what === "container" ? { executorLabel: `exec-${name}` } : { dag: dagOf(loop ?? what) };
        executors[`exec-${name}`] = { container: { image: "python" } };
        const iterator = { items: { raw: "[1, 2]" }, itemInput: "item" };
        return [key, { componentRef: { name }, ...(loop === undefined ? {} : { parameterIterator: iterator }) }];
      }),
    ),
  });
  const root = { dag: dagOf(shape) };
  return readPipelineSpec({ pipelineInfo: { name: "p" }, root, components, deploymentSpec: { executors } });
}

/** Nodes as Argo has them, by their names without the Workflow's. */
function workflow(nodes: Readonly<Record<string, Node>>, phase = "Running", spec: object = {}): KubeObject {
  const all = Object.entries({ root: { type: "DAG", phase }, "root-driver": pod(), ...nodes });
  const made = all.map(([name, node], at) => [`w-${at}`, { id: `w-${at}`, name: `w.${name}`, ...node }]);
  return object({ phase, nodes: Object.fromEntries(made) as object }, spec);
}
const object = (status: object, spec: object = {}): KubeObject => {
  const whole = { metadata: { name: "w", creationTimestamp: "2026-01-01T00:00:00Z" }, spec, status };
  return whole;
};

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const output = (name: string, value: string): Node => ({ outputs: { parameters: [{ name, value }] } });
const pod = (phase = "Succeeded", template = "system-container-driver", more: Node = {}): Node => ({
  ...{ type: "Pod", phase, templateName: template, startedAt: at(1), finishedAt: at(2), ...more },
});
const code = (phase: string, more: Node = {}): Node =>
  pod(phase, "system-container-impl", { startedAt: at(5), finishedAt: at(9), ...more });
const dag = (phase: string, more: Node = {}): Node => ({
  type: "DAG",
  phase,
  startedAt: at(3),
  finishedAt: at(10),
  ...more,
});
const skipped = (message = "when 'false != false' evaluated false"): Node => ({
  type: "Skipped",
  phase: "Skipped",
  message,
});

function read(shape: Shape, of: KubeObject): Readonly<Record<string, TaskProgress>> {
  return Object.fromEntries(progressOfWorkflow(specOf(shape), readWorkflow(of)) ?? []);
}
const states = (of: Readonly<Record<string, TaskProgress>>): object =>
  Object.fromEntries(Object.entries(of).map(([path, { state }]) => [path, state]));

describe("how far a run is, by its Workflow", () => {
  const two: Shape = { prepare: "container", train: "container" };

  it("a step waits for its driver and its pod, runs, and ends; the times are its code's", () => {
    const waits = read(two, workflow({ "root.prepare-driver": pod("Running"), "root.prepare": dag("Running") }));
    assert.deepEqual(states(waits), { prepare: "Waiting", train: "Waiting" });
    const pulls = code("Pending", { message: "ImagePullBackOff: no such image" });
    const begins = read(two, workflow({ "root.prepare": dag("Running"), "root.prepare.executor": pulls }));
    assert.equal(begins["prepare"]?.message, "ImagePullBackOff: no such image");
    const runs = workflow({
      "root.prepare-driver": pod(),
      "root.prepare": dag("Succeeded"),
      "root.prepare.executor": code("Succeeded"),
      "root.train-driver": pod(),
      "root.train": dag("Running"),
      "root.train.executor": code("Running"),
    });
    const { prepare, train } = read(two, runs);
    assert.deepEqual(prepare, {
      ...{ state: "Succeeded", started: Date.parse(at(5)), finished: Date.parse(at(9)), cached: false },
      ...{ iterations: undefined, pods: ["w-system-container-impl-4"], message: "" },
    });
    assert.deepEqual([train?.state, train?.finished], ["Running", undefined]);
    const annotations = { "workflows.argoproj.io/pod-name-format": "v1" };
    assert.deepEqual(read(two, { ...runs, metadata: { ...runs.metadata, annotations } })["prepare"]?.pods, ["w-4"]);
  });

  it("cached steps have succeeded; what failed says how, and what comes after it is left out", () => {
    const nodes = {
      "root.prepare-driver": pod("Succeeded", undefined, output("cached-decision", "true")),
      "root.prepare": dag("Succeeded"),
      "root.prepare.executor": skipped("when 'true != true' evaluated false"),
      "root.train-driver": pod(),
      "root.train": dag("Failed", { message: "child 'w-1' failed" }),
      "root.train.executor": code("Failed", { message: "main: Error (exit code 3)" }),
      "root.push-driver": { type: "Skipped", phase: "Omitted", message: "omitted: depends condition not met" },
      "root.push": { type: "Skipped", phase: "Omitted", message: "omitted: depends condition not met" },
    };
    const { prepare, train, push } = read({ ...two, push: "container" }, workflow(nodes, "Failed"));
    assert.deepEqual([prepare?.state, prepare?.cached, prepare?.pods], ["Succeeded", true, []]);
    assert.deepEqual([train?.state, train?.message], ["Failed", "main: Error (exit code 3)"]);
    assert.deepEqual([push?.state, push?.message], ["Skipped", "What it comes after did not succeed."]);
  });

  it("a driver that failed is the step's failure", () => {
    const nodes = {
      "root.train-driver": pod("Error", undefined, { message: "no such secret" }),
      "root.train": { type: "Skipped", phase: "Omitted" },
    };
    const { train } = read(two, workflow(nodes, "Failed"));
    assert.deepEqual([train?.state, train?.message], ["Failed", "no such secret"]);
  });

  it("what is tried again runs until its last attempt; every attempt has its pod", () => {
    const nodes = {
      "root.train": dag("Running"),
      "root.train.executor(1)": code("Running", { templateName: "retry-system-container-impl" }),
      "root.train.executor": { type: "Retry", phase: "Running", startedAt: at(4) },
      "root.train.executor(0)": code("Failed", { templateName: "retry-system-container-impl" }),
    };
    const { train } = read(two, workflow(nodes));
    assert.deepEqual([train?.state, train?.started], ["Running", Date.parse(at(4))]);
    assert.deepEqual(train?.pods, ["w-retry-system-container-impl-5", "w-retry-system-container-impl-3"]);
  });

  it("a stopped run's step was stopped", () => {
    const nodes = {
      "root.train": dag("Failed"),
      "root.train.executor": code("Failed", { message: "Step exceeded its deadline" }),
    };
    const stopped = workflow(nodes, "Failed", { activeDeadlineSeconds: 0 });
    assert.equal(stateOfWorkflow(readWorkflow(stopped)), "Stopped");
    assert.deepEqual(states(read(two, stopped)), { prepare: "Skipped", train: "Stopped" });
  });

  it("a group whose condition is not met is left out with all that is in it", () => {
    const shape: Shape = { "condition-1": { deploy: "container" } };
    const nodes = {
      "root.condition-1-driver": pod("Succeeded", undefined, output("condition", "false")),
      "root.condition-1": skipped(),
    };
    const found = read(shape, workflow(nodes, "Succeeded"));
    assert.deepEqual(states(found), { "condition-1": "Skipped", "condition-1/deploy": "Skipped" });
    assert.equal(found["condition-1"]?.message, "Its condition was not met.");
  });

  it("an exit task is found behind its handler, as newer compilers have it", () => {
    const shape: Shape = { "exit-handler-1": { train: "container" }, notify: "container" };
    const nodes = {
      "root.exit-handler-1": dag("Failed"),
      "root.exit-handler-1.train": dag("Failed"),
      "root.exit-handler-1.train.executor": code("Failed"),
      "root.exit-handler-1.onExit": dag("Running"),
      "root.exit-handler-1.onExit.notify-driver": pod(),
      "root.exit-handler-1.onExit.notify": dag("Running"),
      "root.exit-handler-1.onExit.notify.executor": code("Running"),
    };
    assert.deepEqual(states(read(shape, workflow(nodes))), {
      "exit-handler-1": "Failed",
      "exit-handler-1/train": "Failed",
      notify: "Running",
    });
  });

  const loop: Shape = { "for-loop-1": { loop: { train: "container", score: "container" } } };
  const inRounds = (rounds: string, body: string): Readonly<Record<string, Node>> => ({
    [rounds]: { type: "TaskGroup", phase: "Running" },
    [`${rounds}(0:0)`]: dag("Succeeded"),
    [`${rounds}(0:0).${body}-driver`]: pod(),
    [`${rounds}(0:0).${body}`]: dag("Succeeded"),
    [`${rounds}(0:0).${body}.train`]: dag("Succeeded"),
    [`${rounds}(0:0).${body}.train.executor`]: code("Succeeded", { startedAt: at(4) }),
    [`${rounds}(0:0).${body}.score`]: dag("Succeeded"),
    [`${rounds}(0:0).${body}.score.executor`]: code("Succeeded"),
    [`${rounds}(1:1)`]: dag("Running"),
    [`${rounds}(1:1).${body}`]: dag("Running"),
    [`${rounds}(1:1).${body}.train`]: dag("Succeeded"),
    [`${rounds}(1:1).${body}.train.executor`]: code("Succeeded"),
  });
  const compilers = [
    ["2.0.5", "root.for-loop-1-driver", {}, "root.for-loop-1-iterations", "iteration"],
    [
      ...["2.17", "root.for-loop-1.iteration-driver"],
      ...[{ "root.for-loop-1": dag("Running") }, "root.for-loop-1.iteration-iterations", "iteration-item"],
    ],
  ] as const;
  for (const [version, driver, own, rounds, body] of compilers)
    it(`a loop of ${version} counts its rounds; its steps are those of all rounds together`, () => {
      const nodes = { ...own, [driver]: pod("Succeeded", "system-dag-driver", output("iteration-count", "2")) };
      const found = read(loop, workflow({ ...nodes, ...inRounds(rounds, body) }));
      assert.deepEqual(found["for-loop-1"]?.iterations, { done: 1, of: 2 });
      assert.deepEqual(states(found), {
        "for-loop-1": "Running",
        "for-loop-1/train": "Succeeded",
        "for-loop-1/score": "Running",
      });
      assert.equal(found["for-loop-1/train"]?.started, Date.parse(at(4)));
      assert.equal(found["for-loop-1/train"].pods.length, 2);
    });

  it("large Workflows are unpacked; those whose nodes are elsewhere tell nothing; hostile ones do no harm", () => {
    const nodes = { a: { id: "w-7", name: "w.root.train.executor", ...code("Running") } };
    const compressedNodes = gzipSync(JSON.stringify(nodes)).toString("base64");
    assert.equal(read(two, object({ phase: "Running", compressedNodes }))["train"]?.state, "Running");
    // Of these the server is asked.
    for (const status of [{ offloadNodeStatusVersion: "fnv:1" }, { compressedNodes: "!" }])
      assert.equal(progressOfWorkflow(specOf(two), readWorkflow(object({ phase: "Running", ...status }))), undefined);
    for (const status of [
      { nodes: [] },
      { nodes: { a: 1, b: { name: "w.root.train.executor(x.executor", phase: {} } } },
      { nodes: { a: { name: `w.root.train${"(1:".repeat(200_000)}` } } },
    ])
      assert.deepEqual(states(read(two, object({ phase: "Running", ...status }))), {
        prepare: "Waiting",
        train: "Waiting",
      });
    const unknown = workflow({
      "root.other.executor": code("Running"),
      "root.train.what": code("Running"),
      "root.executor": code("Failed"),
    });
    assert.deepEqual(states(read(two, unknown)), { prepare: "Waiting", train: "Waiting" });
  });
});

describe("how far a run is, by what the server tells", () => {
  const task = (name: string, state: RunTask["state"]): RunTask => ({
    ...{
      id: name,
      name,
      state,
      started: 1,
      finished: 2,
      pods: ["w-system-container-driver-1", "w-system-container-impl-2"],
    },
  });

  it("steps are found by their keys; groups are as far as what is in them", () => {
    const spec = specOf({ prepare: "container", "condition-1": { train: "container", push: "container" } });
    const found = progressOfTasks(spec, [task("prepare", "Succeeded"), task("train", "Running")], "Running");
    assert.deepEqual(states(Object.fromEntries(found)), {
      ...{ prepare: "Succeeded", "condition-1": "Running" },
      ...{ "condition-1/train": "Running", "condition-1/push": "Waiting" },
    });
    assert.deepEqual(found.get("prepare")?.pods, ["w-system-container-impl-2"]);
  });

  it("two steps of one key are not told apart once they differ", () => {
    const spec = specOf({ "condition-1": { train: "container" }, "condition-2": { train: "container" } });
    const same = progressOfTasks(spec, [task("train", "Running"), task("train", "Running")], "Running");
    assert.equal(same.get("condition-1/train")?.state, "Running");
    const differ = progressOfTasks(spec, [task("train", "Running"), task("train", "Failed")], "Running");
    assert.equal(differ.get("condition-1/train")?.state, "Unknown");
  });
});
