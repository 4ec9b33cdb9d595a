import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { ToPipeline } from "../../contract/pipeline.ts";
import { CancelledError, type NextStep, UserError } from "../../core/errors.ts";
import { ManualClock, turns } from "../../kube/testing/manualClock.ts";
import { parsePipeline } from "../spec/document.ts";
import { readPipelineSpec, specOf } from "../spec/read.ts";
import { graphOf, shortImage } from "./graph.ts";
import { GraphHost, type ReadPipelines } from "./graphHost.ts";
import { taskPlace } from "./taskPlace.ts";

const SOURCE = readFileSync(path.join(import.meta.dirname, "..", "spec", "testdata", "groups-2.17.3.yaml"), "utf8");

describe("what a page draws of a pipeline", () => {
  it("names a task at a glance, and where its inputs come from", () => {
    const [outer] = graphOf(specOf(parsePipeline(SOURCE))).tasks;
    const short = Object.fromEntries(outer?.children.map((task) => [task.name, task.short]) ?? []);
    assert.equal(short["each"], "for each of input items · 2 at a time");
    assert.equal(short["quick-only"], "if quick == true");
    assert.equal(short["train"], "train");
    const train = outer?.children.find(({ name }) => name === "train");
    assert.deepEqual(
      train?.inputs.map(({ words }) => words),
      ["prepare → data", "{}", "input rate", '["a"]'],
    );
    assert.equal(shortImage("registry.example:5000/team/train:1.2@sha256:00ff"), "train:1.2");
  });
});

describe("the place of a task in a compiled pipeline", () => {
  it("is the line of its key, in groups and pipelines, too", () => {
    const lines = SOURCE.split("\n");
    const key = (task: string): string => lines[taskPlace(SOURCE, task)?.line ?? -1]?.trim() ?? "";
    assert.equal(key("notify"), "notify:");
    assert.equal(key("exit-handler-1/for-loop-3/condition-4/choose"), "choose:");
    assert.notEqual(taskPlace(SOURCE, "exit-handler-1/prepare"), taskPlace(SOURCE, "exit-handler-1/inner/prepare"));
    assert.equal(taskPlace(SOURCE, "exit-handler-1/gone"), undefined);
    const json = JSON.stringify({ pipeline_spec: parsePipeline(SOURCE).pipeline });
    assert.equal(json.slice(taskPlace(json, "notify")?.column).slice(0, 8), '"notify"');
  });
});

describe("hostile names of inputs", () => {
  it("are harmless words in the graph", () => {
    const bad = "n\u202e\u001b[31mame";
    const from = { componentInputParameter: bad };
    const gone = { taskOutputParameter: { producerTask: bad, outputParameterKey: bad } };
    const graph = graphOf(
      readPipelineSpec({
        pipelineInfo: { name: "p" },
        root: {
          inputDefinitions: { parameters: { [bad]: {} }, artifacts: { [`${bad}2`]: {} } },
          dag: { tasks: { [bad]: { inputs: { parameters: { a: from, b: gone } } } } },
        },
      }),
    );
    const { inputs, tasks } = graph;
    const words = [...inputs.map(({ name }) => name), ...(tasks[0]?.inputs ?? []).map(({ words: said }) => said)];
    assert.deepEqual(words, ["n\ufffdame2", "n\ufffdame", "input n\ufffdame", "n\ufffdame → n\ufffdame"]);
  });
});

describe("the graph of a file", () => {
  const clock = new ManualClock();
  let answer: () => Promise<ReadPipelines>;
  let said: ToPipeline[] = [];
  let told: unknown;
  const opened: string[] = [];
  const NEXT: NextStep = { title: "Go to Line 3", command: "open" };

  const pipelines = (...tasks: readonly string[]): ReadPipelines => {
    const all = Object.fromEntries(tasks.map((name) => [name, {}]));
    const graph = graphOf(readPipelineSpec({ pipelineInfo: { name: "p" }, root: { dag: { tasks: all } } }));
    const open = (task: string): Promise<void> => Promise.resolve(void opened.push(task));
    return { words: "Compiled.", pipelines: ["a", "b"].map((name) => ({ name, graph, open })) };
  };
  const make = (name = "pipeline.py"): GraphHost => {
    const host = new GraphHost(
      name,
      {
        isCompiled: name.endsWith(".py"),
        read: () => answer(),
        tell: (error) => {
          told = error;
          return error instanceof UserError && error.code === "pipeline-code" ? [NEXT] : [];
        },
        press: ({ command }) => Promise.resolve(void opened.push(command)),
        keep: (name) => opened.push(`kept ${name}`),
        onError: (error) => assert.fail(String(error)),
      },
      clock,
    );
    host.start((message) => said.push(message));
    return host;
  };
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await turns();
  };
  const last = <T extends ToPipeline["type"]>(type: T): Extract<ToPipeline, { type: T }> | undefined =>
    said.findLast((message): message is Extract<ToPipeline, { type: T }> => message.type === type);

  beforeEach(() => {
    said = [];
    opened.length = 0;
    answer = () => Promise.resolve(pipelines("x"));
  });

  it("is read when the page asks, and again when the file is saved; what is the same is not sent again", async () => {
    const host = make();
    await host.receive({ type: "ready" });
    assert.equal(last("status")?.status.kind, "working");
    await pass(30);
    assert.deepEqual(last("graph")?.names, ["a", "b"]);
    assert.equal(last("status")?.status.text, "Compiled.");
    const count = said.filter(({ type }) => type === "graph").length;
    host.changed();
    host.changed();
    await pass(30);
    assert.equal(said.filter(({ type }) => type === "graph").length, count);
    await host.receive({ type: "choose", name: "b" });
    assert.equal(last("graph")?.shown, "b");
    await host.receive({ type: "open", path: "x", stay: true });
    assert.deepEqual(opened, ["kept b", "x"]);
    host.dispose();
  });

  it("is read, and not compiled, where it is no Python; where it is made nowhere here, no place is offered", async () => {
    answer = () => Promise.reject(new Error("It is gone."));
    const host = make("housing");
    await host.receive({ type: "ready" });
    assert.equal(last("status")?.status.text, "Reading…");
    await pass(30);
    assert.deepEqual(last("status")?.status.steps, ["Read Again"]);
    assert.equal(last("graph")?.hasSource, false);
    await host.receive({ type: "open", path: "x", stay: true });
    answer = () => Promise.resolve(pipelines("x"));
    await host.receive({ type: "press", step: 0 });
    await pass(30);
    assert.equal(last("graph")?.hasSource, true);
    host.dispose();
  });

  it("keeps the last good graph while the file is wrong, and leads to the mistake", async () => {
    const host = make();
    await host.receive({ type: "ready" });
    await pass(30);
    const error = new UserError("pipeline-code", "pipeline.py was not compiled.", { why: "TypeError" });
    answer = () => Promise.reject(error);
    host.changed();
    await pass(30);
    assert.equal(told, error);
    const { status } = last("status") ?? {};
    assert.deepEqual([status?.kind, status?.steps], ["failed", ["Go to Line 3"]]);
    assert.match(status?.text ?? "", /TypeError The graph is of the last version/);
    assert.equal(last("graph")?.graph?.tasks.length, 1);
    await host.receive({ type: "press", step: 0 });
    assert.deepEqual(opened, ["open"]);
    answer = () => Promise.resolve(pipelines("x", "y"));
    host.changed();
    await pass(30);
    assert.equal(told, undefined);
    assert.equal(last("graph")?.graph?.tasks.length, 2);
    host.dispose();
  });

  it("offers a way out of what takes long, and compiles once more what was saved meanwhile", async () => {
    let reads = 0;
    answer = () => {
      reads += 1;
      return new Promise((_, reject) => aborting.signal.addEventListener("abort", () => reject(new CancelledError())));
    };
    const aborting = new AbortController();
    const host = make();
    await host.receive({ type: "ready" });
    await pass(30);
    assert.deepEqual(last("status")?.status.steps, []);
    await pass(400);
    assert.deepEqual(last("status")?.status.steps, ["Cancel"]);
    host.changed();
    host.changed();
    await pass(30);
    assert.equal(reads, 1);
    answer = () => Promise.reject(new CancelledError());
    aborting.abort();
    await pass(0);
    assert.deepEqual(last("status")?.status.steps, ["Compile Again"]);
    host.dispose();
    host.changed();
    await pass(30);
    assert.equal(reads, 1);
  });
});
