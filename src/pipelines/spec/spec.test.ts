import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { stringify } from "yaml";
import { isUserError } from "../../core/errors.ts";
import { contentHash, parsePipeline } from "./document.ts";
import type { PipelineTask, Source } from "./model.ts";
import { readPipelineSpec, specOf } from "./read.ts";

/** What the SDK of that version has compiled; commands and arguments of the containers are left out. */
const compiled = (name: string): string =>
  readFileSync(path.join(import.meta.dirname, "testdata", `${name}.yaml`), "utf8");
const read = (name: string) => specOf(parsePipeline(compiled(name)));

function from(source: Source): string {
  if (source.kind === "constant") return JSON.stringify(source.value);
  const { kind, task = "", name = "" } = { task: undefined, name: undefined, ...source };
  return [kind, task, name].filter((part) => part !== "").join(" ");
}

/** A line for each task, those inside further in. */
function outline(tasks: readonly PipelineTask[], level = 0): readonly string[] {
  return tasks.flatMap((task) => {
    const after = task.dependsOn.map((other) => other.slice(other.lastIndexOf("/") + 1)).join(",");
    const more = [after && `after ${after}`, task.condition && `if ${task.condition}`, task.always && "always"];
    const words = [`${task.name}:`, task.kind, ...more.filter((one) => typeof one === "string" && one !== "")];
    return [`${"  ".repeat(level)}${words.join(" ")}`, ...outline(task.children, level + 1)];
  });
}

function task(tasks: readonly PipelineTask[], wanted: string): PipelineTask {
  const all = (some: readonly PipelineTask[]): readonly PipelineTask[] =>
    some.flatMap((one) => [one, ...all(one.children)]);
  const found = all(tasks).find((one) => one.path === wanted);
  assert.ok(found, wanted);
  return found;
}

const inputs = ({ inputs: all }: PipelineTask) => Object.fromEntries(all.map((one) => [one.name, from(one.from)]));

/** The smallest one with these tasks; each runs the component of its name. */
const small = (tasks: object, more: object = {}) => ({
  pipelineInfo: { name: "small" },
  root: { dag: { tasks } },
  schemaVersion: "2.1.0",
  ...more,
});

function code(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return isUserError(error) ? error.code : String(error);
  }
  return undefined;
}

describe("a compiled pipeline, read", () => {
  it("has inputs with type, default and whether a run must give them", () => {
    const { name, displayName, description, sdk, inputs: all } = read("groups-2.17.3");
    assert.deepEqual(
      [name, displayName, description, sdk],
      ["boston-housing", "Boston", "What it costs.", "kfp-2.17.3"],
    );
    assert.deepEqual(
      all.map((input) => [input.name, input.type, input.default, input.optional]),
      [
        ["items", "list", ["a", "b"], true],
        ["name", "string", "x", true],
        ["options", "struct", { a: 1 }, true],
        ["quick", "boolean", true, true],
        ["rate", "number", 0.25, true],
        ["rows", "integer", undefined, false],
      ],
    );
    const { artifacts, inputs: parameters } = read("artifacts-2.4.0");
    assert.deepEqual(artifacts, [{ name: "data", type: "Dataset", isList: false, optional: false, description: "" }]);
    assert.deepEqual(
      parameters.map((input) => [input.name, input.default, input.optional]),
      [["note", undefined, true]],
    );
  });

  it("has tasks in groups and pipelines, in an order in which they could be run", () => {
    assert.deepEqual(outline(read("groups-2.17.3").tasks), [
      "say-bye: exit handler",
      "  each: loop",
      "    score: container",
      "    condition-4: condition after score if score-Output > 0.5",
      "      choose: container",
      "  importer: importer",
      "  prepare: container",
      "  collect: container after for-loop-3",
      "  inner: dag after prepare",
      "    prepare: container",
      "    Train it: container after prepare",
      "  train: container after prepare",
      "  train-2: container after importer",
      "  quick-only: condition after train if quick == true",
      "    shell: container",
      "notify: container after exit-handler-1 always",
    ]);
    assert.deepEqual(outline(read("branches-2.4.0").tasks), [
      "choose: container",
      "condition-branches-1: condition",
      "  condition-2: condition if n == 1",
      "    choose-2: container",
      "  condition-3: condition if not (n == 1) and n == 2",
      "    choose-3: container",
      "  condition-4: condition if not (n == 1) and not (n == 2)",
      "    choose-4: container",
      "shell: container after choose,condition-branches-1",
    ]);
  });

  it("tells where each input comes from, through the groups around a task", () => {
    const { tasks } = read("groups-2.17.3");
    assert.deepEqual(inputs(task(tasks, "exit-handler-1/train")), {
      data: "output exit-handler-1/prepare data",
      opts: "{}",
      rate: "input rate",
      tags: '["a"]',
    });
    const inner = task(tasks, "exit-handler-1/inner/prepare");
    assert.deepEqual(inputs(inner), { rows: "output exit-handler-1/prepare Output", seed: "0.5" });
    assert.deepEqual(inputs(task(tasks, "exit-handler-1/for-loop-3/score")), {
      item: "item exit-handler-1/for-loop-3",
      rate: "0.1",
    });
    assert.deepEqual(inputs(task(tasks, "notify")), { status: "status exit-handler-1", to: '"me"' });
    const { loop } = task(tasks, "exit-handler-1/for-loop-3");
    assert.deepEqual(loop, { over: { kind: "input", name: "items" }, parallelism: 2 });
  });

  it("tells image, outputs, caching and retries", () => {
    const { tasks } = read("groups-2.17.3");
    const { image, outputs, caching, retry, component } = task(tasks, "exit-handler-1/train");
    assert.equal(image, `ghcr.io/acme/train@sha256:${"a".repeat(64)}`);
    assert.deepEqual(
      outputs.map((one) => [one.name, one.type, one.isArtifact]),
      [
        ["metrics", "Metrics", true],
        ["model", "Model", true],
      ],
    );
    assert.deepEqual([caching, retry, component], [false, 2, "train"]);
    assert.equal(task(tasks, "exit-handler-1/prepare").caching, true);
  });

  it("is the same as a file with Kubernetes' part, as JSON, and as a server gives it back", () => {
    const source = compiled("kubernetes-2.17.3");
    const document = parsePipeline(source);
    assert.ok("platforms" in document.platform);
    const answer = { pipeline_spec: document.pipeline, platform_spec: document.platform };
    assert.deepEqual(readPipelineSpec(answer), specOf(document));
    assert.deepEqual(readPipelineSpec(document.pipeline), specOf(document));
    assert.deepEqual(specOf(parsePipeline(JSON.stringify(answer))), specOf(document));
  });

  it("does not trust it", () => {
    const loop = small(
      { a: { componentRef: { name: "a" } } },
      { components: { a: small({ a: { componentRef: { name: "a" } } }).root } },
    );
    const many = Object.fromEntries(
      Array.from({ length: 100 }, (_, at) => [`t${at}`, { componentRef: { name: "b" } }]),
    );
    const bomb = small(many, { components: { b: small(many).root } });
    assert.equal(readPipelineSpec(loop).isCut, true);
    assert.equal(readPipelineSpec(bomb).isCut, true);
    // Each waits for the next one, of more than are read.
    const chain = Array.from({ length: 6_000 }, (_, at) => [`t${at}`, { dependentTasks: [`t${at + 1}`] }]);
    const long = readPipelineSpec(small(Object.fromEntries(chain) as object));
    assert.deepEqual([long.tasks.length, long.tasks[0]?.key, long.isCut], [5_000, "t4999", true]);
    const circle = small({ a: { dependentTasks: ["b"] }, b: { dependentTasks: ["a", "gone", 7] } });
    assert.deepEqual(outline(readPipelineSpec(circle).tasks), ["a: container after b", "b: container after a"]);
    const odd = {
      pipelineInfo: { name: "a\u001b[31mb" },
      root: {
        dag: { tasks: { constructor: 1, t: { taskInfo: { name: 7 } } } },
        inputDefinitions: { parameters: { x: null } },
      },
    };
    const spec = readPipelineSpec(odd);
    assert.deepEqual(
      [spec.name, spec.tasks.map(({ name }) => name), spec.inputs[0]?.type],
      ["ab", ["constructor", "t"], "string"],
    );
  });

  it("is refused, with the reason, where it is none", () => {
    const workflow = stringify({ apiVersion: "argoproj.io/v1alpha1", kind: "Workflow", spec: {} });
    assert.equal(
      code(() => parsePipeline(workflow)),
      "pipeline-v1",
    );
    assert.equal(
      code(() => parsePipeline("name: x\nimplementation: {}\n")),
      "pipeline-none",
    );
    assert.equal(
      code(() => parsePipeline("")),
      "pipeline-none",
    );
    assert.equal(
      code(() => readPipelineSpec(7)),
      "pipeline-none",
    );
    assert.equal(
      code(() => parsePipeline("a: [\n")),
      "pipeline-yaml",
    );
    const bomb = `a: &a [x]\n${Array.from({ length: 9 }, (_, at) => `${String.fromCharCode(98 + at)}: &${String.fromCharCode(98 + at)} [${`*${String.fromCharCode(97 + at)},`.repeat(9)}]`).join("\n")}\n`;
    assert.equal(
      code(() => parsePipeline(bomb)),
      "pipeline-yaml",
    );
  });
});

describe("the hash of a pipeline's content", () => {
  it("is of what it means", () => {
    const source = compiled("kubernetes-2.17.3");
    const { pipeline, platform } = parsePipeline(source);
    const turned = Object.fromEntries(Object.entries(pipeline).reverse());
    const hash = contentHash(source);
    assert.match(hash, /^[0-9a-f]{64}$/);
    assert.equal(contentHash(`# another comment\n${source}`), hash);
    assert.equal(contentHash(JSON.stringify({ pipeline_spec: turned, platform_spec: platform })), hash);
    assert.equal(contentHash(source.replace("sdkVersion: kfp-2.17.3", "sdkVersion: kfp-2.18.0")), hash);
    assert.notEqual(contentHash(source.replace("image: python:3.11", "image: python:3.12")), hash);
    assert.notEqual(contentHash({ pipeline, platform: {} }), hash);
  });
});
