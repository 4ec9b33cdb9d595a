import assert from "node:assert/strict";
import type { ToPipeline } from "../../contract/pipeline.ts";
import { Emitter } from "../../core/events.ts";
import { CancelledError, UserError } from "../../core/errors.ts";
import type { StoreState } from "../../kube/store.ts";
import { ManualClock, turns } from "../../kube/testing/manualClock.ts";
import type { PipelineRun, RunState } from "../model.ts";
import { readPipelineSpec } from "../spec/read.ts";
import type { RunArtifact, RunDetails, RunMetadata, RunReader, TaskProgress } from "./model.ts";
import { RunPageHost, type RunPagePorts } from "./pageHost.ts";

const SPEC = readPipelineSpec({
  pipelineInfo: { name: "p" },
  root: { dag: { tasks: { first: {}, second: { dependentTasks: ["first"] } } } },
});
const task = (state: RunState, more: Partial<TaskProgress> = {}): TaskProgress => ({
  ...{ state, started: 1_000, finished: undefined, cached: false, iterations: undefined, pods: ["pod-1"], message: "" },
  ...more,
});
const METRICS: RunArtifact = {
  ...{ id: "7", name: "metrics", type: "Metrics", uri: "minio://b/k", direction: "output", session: "secret" },
  ...{ metrics: { accuracy: 0.9 }, properties: { note: "a\u202eb" }, tables: [] },
};

describe("the extension's side of the page of a run", () => {
  const clock = new ManualClock();
  const changed = new Emitter<void>();
  const metadataChanged = new Emitter<void>();
  let value: RunDetails | undefined;
  let metadata: RunMetadata | undefined;
  let said: ToPipeline[] = [];
  let done: string[] = [];
  let reader: RunReader;
  let failures = 0;
  let state: StoreState;
  let isGone: boolean;

  const run = (of: RunState): PipelineRun => ({
    ...{ kind: "run", id: "r", name: "a run", created: 1, state: of, started: 1_000, finished: undefined },
    ...{ error: undefined, tasks: [] },
  });
  const details = (of: RunState, first: TaskProgress, second: TaskProgress): RunDetails => ({
    ...{ run: run(of), spec: SPEC, specWhy: "", source: "workflow" },
    progress: new Map([
      ["first", first],
      ["second", second],
    ]),
  });

  beforeEach(() => {
    said = [];
    done = [];
    failures = 0;
    [state, isGone] = [{ kind: "live" }, false];
    metadata = undefined;
    value = details("Running", task("Running"), task("Waiting", { started: undefined, pods: [] }));
    reader = {
      get value() {
        return value;
      },
      get state() {
        return state;
      },
      get isGone() {
        return isGone;
      },
      onDidChange: changed.event,
      metadata: {
        get value() {
          return metadata;
        },
        state: { kind: "live" },
        onDidChange: metadataChanged.event,
        refresh: () => undefined,
      },
      look: () => void done.push("look"),
      rest: () => undefined,
      refresh: () => void done.push("refresh"),
      logs: () => Promise.resolve([]),
      failure: () => {
        failures++;
        return Promise.resolve({ task: "second", name: "second", why: "exit code 3", lines: ["a", "b"], noLog: "" });
      },
      content: () => Promise.resolve({ kind: "table", rows: [["a"], ["1"]], isCut: false }),
      download: () => Promise.resolve(),
      dispose: () => void done.push("disposed"),
    };
  });

  function host(more: Partial<RunPagePorts> = {}): RunPageHost {
    const ports: RunPagePorts = {
      deeds: ({ run: now }) => [{ title: `Do ${now.state}`, press: () => Promise.resolve(void done.push("did")) }],
      logs: (path) => Promise.resolve(void done.push(`log of ${path}`)),
      save: ({ name }) => Promise.resolve(void done.push(`saved ${name}`)),
      onError: (error) => done.push(String(error)),
      onNote: (text) => done.push(text),
      ...more,
    };
    const made = new RunPageHost("minikube", reader, ports, clock);
    made.start((message) => said.push(message));
    return made;
  }
  const last = <T extends ToPipeline["type"]>(type: T): Extract<ToPipeline, { type: T }> | undefined =>
    said.findLast((message): message is Extract<ToPipeline, { type: T }> => message.type === type);

  it("tells the graph once, and of the states only what has changed", async () => {
    const made = host();
    await made.receive({ type: "ready" });
    assert.equal(last("graph")?.graph?.tasks.length, 2);
    assert.deepEqual(Object.keys(last("states")?.states ?? {}), ["first", "second"]);
    value = details(
      "Running",
      task("Succeeded", { finished: 2_000, cached: true }),
      task("Waiting", { started: undefined, pods: [] }),
    );
    changed.fire();
    assert.deepEqual(last("states")?.states, {
      first: { state: "Succeeded", started: 1_000, finished: 2_000, cached: true },
    });
    assert.equal(said.filter(({ type }) => type === "graph").length, 1);
    await made.receive({ type: "ready" });
    assert.equal(last("states")?.anew, true);
    made.dispose();
    assert.ok(done.includes("disposed"));
  });

  it("says in its head what the first step waits for", async () => {
    const made = host();
    value = details("Waiting", task("Waiting", { message: "the image cannot be pulled" }), task("Waiting", {}));
    await made.receive({ type: "ready" });
    assert.equal(last("run")?.run.words, "first: the image cannot be pulled · minikube");
    made.dispose();
  });

  it("offers of a run that was deleted nothing but to read it again", async () => {
    const made = host();
    await made.receive({ type: "ready" });
    assert.deepEqual([last("run")?.run.deeds, last("status")?.status.steps], [["Do Running"], []]);
    const why = "The server has this run no more. It was deleted; this is how it stood.";
    [state, isGone] = [{ kind: "stale", since: clock.now(), why }, true];
    changed.fire();
    assert.deepEqual([last("run")?.run.deeds, last("run")?.run.finished], [[], clock.now()]);
    assert.equal(last("states")?.states["first"]?.finished, clock.now());
    assert.deepEqual(last("status")?.status, { kind: "failed", text: why, steps: ["Read Again"] });
    await made.receive({ type: "deed", title: "Do Running" });
    assert.ok(!done.includes("did"));
    await made.receive({ type: "press", step: 0 });
    assert.equal(done.at(-1), "refresh");
    [state, isGone] = [{ kind: "live" }, false];
    changed.fire();
    assert.deepEqual([last("run")?.run.deeds, last("status")?.status.steps], [["Do Running"], []]);
    made.dispose();
  });

  it("tells of a step what went in and came out, and shows an artifact when asked", async () => {
    const made = host();
    await made.receive({ type: "ready" });
    await made.receive({ type: "open", path: "first", stay: true });
    assert.equal(last("step")?.step.note, "Reading what went in and out…");
    const one = { rounds: [], inputs: { n: 3 }, outputs: { ok: [true] }, artifacts: [METRICS], cached: false };
    metadata = new Map([["first", [one]]]);
    metadataChanged.fire();
    const [round] = last("step")?.step.rounds ?? [];
    assert.ok(round);
    assert.deepEqual(round.inputs, [{ name: "n", type: "number", words: "3" }]);
    assert.deepEqual(round.outputs, [{ name: "ok", type: "list", words: "[true]" }]);
    assert.deepEqual(round.written[0]?.facts[0], ["accuracy", "0.9"]);
    assert.doesNotMatch(JSON.stringify(said), /secret|\\u202e/);
    await made.receive({ type: "artifact", id: "7", how: "show" });
    assert.deepEqual(last("content")?.content, { kind: "table", rows: [["a"], ["1"]], isCut: false });
    await made.receive({ type: "artifact", id: "7", how: "save" });
    await made.receive({ type: "artifact", id: "8", how: "save" });
    await made.receive({ type: "logs", path: "first" });
    assert.deepEqual(done.slice(1), ["saved metrics", "log of first"]);
    made.dispose();
  });

  it("shows the numbers of a file of metrics unasked, once for each page", async () => {
    const shown: string[] = [];
    const file = (id: string, more: Partial<RunArtifact> = {}) => ({ ...METRICS, id, metrics: {}, ...more });
    const artifacts = [METRICS, file("8"), file("9", { type: "Dataset" }), file("10", { direction: "input" })];
    metadata = new Map([["first", [{ rounds: [], inputs: {}, outputs: {}, artifacts, cached: false }]]]);
    reader.content = ({ id }) => (shown.push(id), Promise.resolve({ kind: "scalars", values: [["r2", "0.8"]] }));
    const made = host();
    await made.receive({ type: "open", path: "first", stay: true });
    metadataChanged.fire();
    await turns();
    assert.deepEqual(last("content"), {
      type: "content",
      id: "8",
      content: { kind: "scalars", facts: [["r2", "0.8"]] },
    });
    await made.receive({ type: "ready" });
    assert.deepEqual(shown, ["8", "8"]);
    made.dispose();
  });

  it("says which step failed first, with its last lines, once", async () => {
    const made = host();
    await made.receive({ type: "ready" });
    assert.equal(last("run")?.run.failure, null);
    value = details("Failed", task("Succeeded"), task("Failed"));
    changed.fire();
    changed.fire();
    await turns();
    assert.equal(failures, 1);
    assert.deepEqual(last("run")?.run.failure, {
      ...{ path: "second", name: "second", why: "exit code 3", lines: ["a", "b"], noLog: "" },
    });
    assert.deepEqual(last("run")?.run.deeds, ["Do Failed"]);
    await made.receive({ type: "deed", title: "Do Running" });
    await made.receive({ type: "deed", title: "Do Failed" });
    assert.deepEqual(done.slice(-2), ["did", "refresh"]);
    made.dispose();
  });

  it("asks for a failure that was not read with the next change, also with one that came while it was read", async () => {
    let asked = 0;
    let first: Promise<undefined> | undefined;
    reader = { ...reader, failure: () => ((asked += 1), first ?? Promise.reject(new Error("HTTP 500"))) };
    Object.defineProperty(reader, "value", { get: () => value });
    const made = host();
    value = details("Failed", task("Succeeded"), task("Failed"));
    await made.receive({ type: "ready" });
    await turns();
    assert.equal(asked, 1);
    assert.deepEqual(done.slice(1), ["The failure of a run was not read: HTTP 500"]);
    const reading = Promise.withResolvers<undefined>();
    first = reading.promise;
    changed.fire();
    first = undefined;
    value = details("Failed", task("Failed"), task("Failed"));
    changed.fire();
    assert.equal(asked, 2);
    reading.reject(new Error("HTTP 500"));
    await turns();
    assert.equal(asked, 3);
    made.seen(false);
    made.dispose();
  });

  it("reads the failure once more where another step failed while it was read", async () => {
    const first = Promise.withResolvers<undefined>();
    let asked = 0;
    reader.failure = () => {
      asked += 1;
      return asked === 1
        ? first.promise
        : Promise.resolve({ task: "first", name: "first", why: "out of memory", lines: [], noLog: "" });
    };
    const made = host();
    value = details("Failed", task("Running"), task("Failed"));
    await made.receive({ type: "ready" });
    value = details("Failed", task("Failed"), task("Failed"));
    changed.fire();
    first.resolve(undefined);
    await turns();
    assert.equal(asked, 2);
    assert.equal(last("run")?.run.failure?.path, "first");
    made.dispose();
  });

  it("says why it cannot be read, and reads again when asked", async () => {
    value = undefined;
    reader = {
      ...reader,
      value: undefined,
      state: { kind: "failed", error: new UserError("gone", "The run is gone.") },
    };
    const made = host();
    await made.receive({ type: "ready" });
    assert.deepEqual(last("status")?.status, { kind: "failed", text: "The run is gone.", steps: ["Read Again"] });
    await made.receive({ type: "press", step: 0 });
    assert.equal(done.at(-1), "refresh");
    made.dispose();
  });

  it("an artifact that is read is not waited for any more when a person says so", async () => {
    const one = { rounds: [], inputs: {}, outputs: {}, artifacts: [METRICS], cached: false };
    metadata = new Map([["first", [one]]]);
    reader.content = (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new CancelledError())));
    const made = host();
    const first = made.receive({ type: "artifact", id: "7", how: "show" });
    const second = made.receive({ type: "artifact", id: "7", how: "show" });
    await first;
    assert.deepEqual(last("content")?.content, { kind: "reading" });
    await made.receive({ type: "artifact", id: "7", how: "stop" });
    await second;
    assert.deepEqual(last("content")?.content, { kind: "none", why: "It was not read." });
    made.dispose();
  });

  it("says on the page why an artifact is not shown", async () => {
    const one = { rounds: [], inputs: {}, outputs: {}, artifacts: [METRICS], cached: false };
    metadata = new Map([["first", [one]]]);
    reader = {
      ...reader,
      content: () => Promise.reject(new UserError("store", "It was not read.", { why: "No store." })),
    };
    const made = host();
    await made.receive({ type: "artifact", id: "7", how: "show" });
    assert.deepEqual(last("content")?.content, { kind: "none", why: "It was not read. No store." });
    made.dispose();
  });
});
