import assert from "node:assert/strict";
import type { FromRunForm, RunForm, ToRunForm } from "../../contract/runForm.ts";
import { UserError } from "../../core/errors.ts";
import { ManualClock } from "../../kube/testing/manualClock.ts";
import type { PipelineInput } from "../spec/model.ts";
import { emptyForm, readRunForm, withCaching } from "./form.ts";
import { RunFormHost, type RunFormPorts } from "./host.ts";

const input = (name: string, type: PipelineInput["type"], more: Partial<PipelineInput> = {}): PipelineInput => ({
  ...{ name, type, default: undefined, optional: false, description: "", choices: [] },
  ...more,
});
const INPUTS = [
  input("data", "string"),
  input("note", "string", { default: "x", optional: true }),
  input("epochs", "integer", { default: 3, optional: true }),
  input("rate", "number", { default: 0.1, optional: true }),
  input("quick", "boolean", { default: false, optional: true }),
  input("layers", "list", { default: [1, 2], optional: true }),
  input("extra", "struct", { optional: true }),
  input("size", "string", { choices: ["small", "large"], default: "small", optional: true }),
];
const form = (values: Record<string, string> = {}, more: Partial<RunForm> = {}): RunForm => {
  const empty = emptyForm("first", INPUTS);
  return { ...empty, ...more, values: { ...empty.values, data: "s3://a", ...values } };
};

describe("the form of a run", () => {
  it("begins with the pipeline's defaults, or with the values of another run", () => {
    assert.deepEqual(emptyForm("n", INPUTS).values, {
      ...{ data: "", note: "x", epochs: "3", rate: "0.1", quick: "false", layers: "[1,2]", extra: "", size: "small" },
    });
    const { values } = emptyForm("n", INPUTS, { epochs: 9, extra: { a: 1 }, other: 1 });
    assert.deepEqual([values["epochs"], values["extra"], values["other"]], ["9", '{"a":1}', undefined]);
  });

  it("sends values of the types that the pipeline asks for, and leaves out what is empty", () => {
    const read = readRunForm(
      form({ epochs: " 12 ", rate: "1e-3", quick: "TRUE", layers: "", extra: '{"a": [1]}' }),
      INPUTS,
    );
    assert.deepEqual(read.problems, []);
    assert.deepEqual(read.wish.parameters, {
      ...{ data: "s3://a", note: "x", epochs: 12, rate: 0.001, quick: true, extra: { a: [1] }, size: "small" },
    });
    assert.equal(readRunForm(form({ note: "" }), INPUTS).wish.parameters["note"], "");
  });

  it("says at each value what is wrong with it", () => {
    const wrong = form({
      data: "",
      epochs: "1.5",
      rate: "NaN",
      quick: "yes",
      layers: "{}",
      extra: '{"a": }',
      size: "huge",
    });
    const problems = readRunForm(wrong, INPUTS).problems.map((problem) => [problem.input, problem.text]);
    assert.deepEqual(problems.slice(0, 5), [
      ["data", "It needs a value."],
      ["epochs", "It is a whole number, such as 3."],
      ["rate", "It is a number, such as 0.001 or 1e-3."],
      ["quick", "It is true or false."],
      ["layers", "It is a JSON list, such as [1, 2]."],
    ]);
    assert.match(problems[5]?.[1] ?? "", /^It is a JSON object, such as \{"a": 1\}\. Unexpected token/);
    assert.deepEqual(problems[6], ["size", "It is one of small, large."]);
  });

  it("reads a schedule, and says what is wrong with one", () => {
    const cron = readRunForm(form({}, { when: "cron", cron: "0 9 * * 1" }), INPUTS);
    assert.deepEqual(cron.schedule, { trigger: { kind: "cron", cron: "0 0 9 * * 1" }, atOnce: 1, catchUp: false });
    const every = readRunForm(form({}, { when: "every", every: "90", atOnce: "2", catchUp: true }), INPUTS);
    assert.deepEqual(every.schedule, { trigger: { kind: "every", seconds: 5400 }, atOnce: 2, catchUp: true });
    const fields = (more: Partial<RunForm>) => readRunForm(form({}, more), INPUTS).problems.map(({ field }) => field);
    assert.deepEqual(fields({ when: "cron", cron: "soon" }), ["cron"]);
    assert.deepEqual(fields({ when: "every", every: "0", atOnce: "11" }), ["every", "atOnce"]);
    assert.deepEqual(fields({ name: " ", serviceAccount: "A b", root: "folder" }), ["name", "serviceAccount", "root"]);
  });

  it("turns caching on or off for every step, also of pipelines in it", () => {
    const task = { componentRef: { name: "comp-a" }, cachingOptions: { enableCache: true } };
    const pipeline = {
      root: { dag: { tasks: { a: task } } },
      components: { "comp-a": { dag: { tasks: { b: task } } }, "comp-b": { executorLabel: "x" } },
    };
    const off = { ...task, cachingOptions: {} };
    assert.deepEqual(withCaching({ pipeline, platform: {} }, false).pipeline, {
      root: { dag: { tasks: { a: off } } },
      components: { "comp-a": { dag: { tasks: { b: off } } }, "comp-b": { executorLabel: "x" } },
    });
  });
});

describe("the extension's side of the page of a run", () => {
  const heard: ToRunForm[] = [];
  const started: unknown[] = [];
  let ports: RunFormPorts;

  beforeEach(() => {
    heard.length = started.length = 0;
    ports = {
      choices: () => Promise.resolve({ experiments: ["Default"], serviceAccounts: [] }),
      start: (wish, schedule, caching) => {
        started.push([wish.name, schedule?.trigger, caching]);
        return Promise.resolve("It runs.");
      },
      graph: () => Promise.resolve(),
      time: (ms) => new Date(ms).toISOString().slice(0, 16),
      keep: () => undefined,
      onError: () => undefined,
    };
  });

  function host(): RunFormHost {
    const subject = { pipeline: "p", detail: "", description: "", place: "", inputs: [], steps: 2 };
    const made = new RunFormHost(subject, INPUTS, form(), ["note"], ports, new ManualClock());
    made.start((message) => heard.push(message));
    return made;
  }
  const change = (seq: number, more: Partial<RunForm>): FromRunForm => ({ type: "change", seq, form: form({}, more) });

  it("answers each change with what comes of it", async () => {
    const made = host();
    await made.receive({ type: "ready" });
    assert.deepEqual(
      heard.map(({ type }) => type),
      ["init", "busy", "choices"],
    );
    await made.receive(change(4, { when: "every", every: "60" }));
    const last = heard.at(-1);
    assert.ok(last?.type === "preview");
    assert.deepEqual(
      [last.seq, last.preview.schedule, last.preview.next.length, last.preview.notes],
      [4, "Every hour", 5, ["note"]],
    );
  });

  it("starts it once, however often the button is pressed, and not while there are problems", async () => {
    let go: (text: string) => void = () => undefined;
    const waiting = new Promise<string>((resolve) => (go = resolve));
    let sent = 0;
    ports = { ...ports, start: () => ((sent += 1), waiting) };
    const made = host();
    await made.receive(change(1, { name: "" }));
    await made.receive({ type: "start" });
    assert.equal(sent, 0);
    await made.receive(change(2, { name: "again" }));
    const first = made.receive({ type: "start" });
    await made.receive({ type: "start" });
    go("It runs.");
    await first;
    assert.equal(sent, 1);
    assert.deepEqual(heard.slice(-2), [
      { type: "said", text: "It runs.", isError: false },
      { type: "busy", busy: false },
    ]);
  });

  it("says on the page why it was not started, and can be pressed again", async () => {
    const failure = new UserError("gone", "The run was not started.", { why: "It says: no." });
    ports = { ...ports, start: () => Promise.reject(failure) };
    await host().receive({ type: "start" });
    assert.deepEqual(heard.slice(-2), [
      { type: "said", text: "The run was not started. It says: no.", isError: true },
      { type: "busy", busy: false },
    ]);
  });
});
