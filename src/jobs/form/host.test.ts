import assert from "node:assert/strict";
import type { FromJobForm, JobForm, ToJobForm } from "../../contract/jobForm.ts";
import { CancelledError, UserError } from "../../core/errors.ts";
import { until } from "../../kube/testing/testServers.ts";
import { ManualClock } from "../../kube/testing/manualClock.ts";
import type { RunChoice, RunPlan } from "../desk.ts";
import { SNAPSHOT, SPEC } from "../testing/launches.ts";
import { toForm } from "./form.ts";
import { type FormPorts, type FoundForForm, JobFormHost } from "./host.ts";

const CHOICE: RunChoice = {
  ...{ kind: "PyTorchJob", context: "team-a", namespace: "alice", image: "python:3.12", args: [] },
  size: { nodes: 1, gpusPerNode: 0, processesPerNode: 1 },
};
const FORM = toForm(CHOICE);
const OK: FoundForForm = { field: "form", level: "ok", text: "In order." };

/** A page that only listens, and a cluster that says what a test tells it to. */
class Bench {
  readonly heard: ToJobForm[] = [];
  readonly planned: RunChoice[] = [];
  readonly launched: RunChoice[] = [];
  readonly errors: unknown[] = [];
  readonly clock = new ManualClock();
  readonly kept: JobForm[] = [];
  choices = 0;
  readonly buttons: string[] = [];
  readonly saved: RunChoice[] = [];
  prepared = 0;
  ports: FormPorts = {
    contexts: () => ["team-a", "team-b"],
    choices: (_at, report) => {
      this.choices++;
      report({ namespace: [{ value: "alice", label: "alice" }] });
      return Promise.resolve();
    },
    plan: (choice) => {
      this.planned.push(choice);
      const plan: RunPlan = { file: "/x/train.py", spec: { ...SPEC, nodes: choice.size.nodes }, snapshot: SNAPSHOT };
      return Promise.resolve(plan);
    },
    check: (_plan, report) => {
      report(OK);
      return Promise.resolve();
    },
    words: ({ spec }) => Promise.resolve({ manifest: `nodes: ${spec.nodes}`, summary: "", price: "", files: "" }),
    run: (_plan, choice) => {
      this.launched.push(choice);
      return Promise.resolve();
    },
    open: () => Promise.resolve(),
    press: (next) => {
      this.buttons.push(next.command);
      return Promise.resolve();
    },
    save: (choice) => {
      this.saved.push(choice);
      return Promise.resolve();
    },
    prepare: () => {
      this.prepared++;
      return Promise.resolve();
    },
    keep: (form, isEdited) => {
      if (isEdited) this.kept.push(form);
    },
    onError: (error) => this.errors.push(error),
  };
  host: JobFormHost;

  constructor(change: Partial<FormPorts> = {}) {
    this.ports = { ...this.ports, ...change };
    this.host = new JobFormHost("train.py", CHOICE, this.ports, this.clock);
    this.host.start((message) => this.heard.push(message));
  }

  say(message: FromJobForm): void {
    void this.host.receive(message);
  }

  /** Lets time pass until it is so. */
  async until(condition: () => boolean, what: string): Promise<void> {
    for (let times = 0; !condition(); times++) {
      assert.ok(times < 100, what);
      await this.clock.advance(100);
    }
  }

  last<Type extends ToJobForm["type"]>(type: Type): Extract<ToJobForm, { type: Type }> | undefined {
    return this.heard.findLast((message): message is Extract<ToJobForm, { type: Type }> => message.type === type);
  }

  async opened(): Promise<void> {
    this.say({ type: "ready" });
    const isChecked = () => this.last("findings")?.checking === false && this.last("findings")?.findings.length === 1;
    await this.until(isChecked, "what the cluster says");
  }
}

describe("the host of a job's page", () => {
  it("tells the form, its manifest, what can be picked, and what the cluster says", async () => {
    const bench = new Bench();
    await bench.opened();
    assert.deepEqual(bench.last("init")?.form, FORM);
    assert.equal(bench.last("preview")?.preview.manifest, "nodes: 1");
    assert.deepEqual(
      bench.last("choices")?.choices.context?.map(({ value }) => value),
      ["team-a", "team-b"],
    );
    assert.deepEqual(bench.last("findings")?.findings, [{ ...OK, lines: [], next: "" }]);
    // A page that is shown again knows all of it at once.
    const { length } = bench.planned;
    bench.say({ type: "ready" });
    await until(() => bench.heard.filter(({ type }) => type === "init").length === 2, "the second");
    assert.equal(bench.last("init")?.preview.manifest, "nodes: 1");
    assert.equal(bench.planned.length, length);
    assert.deepEqual([bench.choices, bench.prepared, bench.launched], [1, 0, []]);
  });

  it("plans what stands after typing, not each letter of it, and asks the cluster only once it rests", async () => {
    let asked = 0;
    const bench = new Bench({
      check: (_plan, report) => {
        asked++;
        report(OK);
        return Promise.resolve();
      },
    });
    await bench.opened();
    for (const [index, nodes] of ["2", "21", "210"].entries())
      bench.say({ type: "change", seq: index + 1, form: { ...FORM, nodes } });
    await bench.until(() => bench.last("preview")?.seq === 3, "the answer");
    assert.equal(bench.last("preview")?.preview.manifest, "nodes: 210");
    await bench.until(() => asked === 2, "the check");
    assert.deepEqual(
      bench.planned.map(({ size }) => size.nodes),
      [1, 210],
    );
    assert.equal(bench.kept.at(-1)?.nodes, "210");
  });

  it("says what cannot be read at once, keeps the last manifest, and runs nothing", async () => {
    const bench = new Bench();
    await bench.opened();
    bench.say({ type: "change", seq: 1, form: { ...FORM, nodes: "x" } });
    await until(() => bench.last("preview")?.seq === 1, "the answer");
    const preview = bench.last("preview")?.preview;
    assert.ok(preview !== undefined);
    assert.deepEqual(
      preview.problems.map(({ field }) => field),
      ["nodes"],
    );
    assert.equal(preview.manifest, "nodes: 1");
    bench.say({ type: "run" });
    await until(() => bench.errors.length === 1, "the refusal");
    bench.say({ type: "save" });
    await until(() => bench.errors.length === 2, "the other");
    assert.deepEqual([bench.launched, bench.saved, bench.prepared], [[], [], 0]);
    bench.say({ type: "change", seq: 2, form: { ...FORM, context: "gone" } });
    await until(() => bench.last("preview")?.seq === 2, "the answer");
    assert.equal(bench.last("preview")?.preview.problems[0]?.field, "context");
  });

  it("runs the form as it stands, its code read anew, and not twice by two presses", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const bench = new Bench();
    const { run } = bench.ports;
    const slow = new Bench({ run: (plan, choice) => held.then(() => run(plan, choice)) });
    await slow.opened();
    slow.say({ type: "change", seq: 1, form: { ...FORM, nodes: "4" } });
    slow.say({ type: "run" });
    slow.say({ type: "run" });
    await until(() => slow.last("busy")?.busy === true, "it to be sent");
    release();
    await until(() => slow.last("busy")?.busy === false, "the end");
    assert.deepEqual(
      bench.launched.map(({ size }) => size.nodes),
      [4],
    );
    assert.equal(slow.prepared, 1);
    slow.say({ type: "save" });
    await until(() => slow.saved.length === 1, "the configuration");
    assert.equal(slow.saved[0]?.size.nodes, 4);
  });

  it("puts a failure at its field, and asks again when it is told to", async () => {
    let fails = true;
    const bench = new Bench({
      check: (_plan, report) => {
        if (fails) return Promise.reject(new UserError("no-operator", "No training operator in this cluster."));
        report(OK);
        return Promise.resolve();
      },
    });
    await bench.opened();
    const { findings = [] } = bench.last("findings") ?? {};
    assert.deepEqual(
      findings.map(({ field, level, text }) => [field, level, text]),
      [["kind", "problem", "No training operator in this cluster."]],
    );
    fails = false;
    bench.say({ type: "check" });
    await until(() => bench.last("findings")?.findings[0]?.level === "ok", "the second answer");
  });

  it("speaks to a cluster only once it stays chosen", async () => {
    const asked: string[] = [];
    const bench = new Bench({
      choices: ({ context }) => {
        asked.push(context);
        return Promise.resolve();
      },
    });
    await bench.opened();
    bench.say({ type: "change", seq: 1, form: { ...FORM, context: "team-b" } });
    await bench.clock.advance(500);
    bench.say({ type: "change", seq: 2, form: FORM });
    await bench.until(() => bench.last("preview")?.seq === 2, "the answer");
    assert.deepEqual(asked, ["team-a"]);
    assert.ok(bench.planned.every(({ context }) => context === "team-a"));
    bench.say({ type: "change", seq: 3, form: { ...FORM, context: "team-b" } });
    await bench.until(() => bench.last("preview")?.seq === 3, "the other");
    assert.deepEqual(asked, ["team-a", "team-b"]);
  });

  it("keeps no variable that is refused, since it may be a secret", async () => {
    const bench = new Bench();
    await bench.opened();
    for (const [index, env] of ["COLOUR=red", "HF_TOKEN=hf_AbCdEfGh1234567890AbCdEfGh1234567890"].entries())
      bench.say({ type: "change", seq: index + 1, form: { ...FORM, env } });
    await until(() => bench.kept.length === 2, "the second");
    assert.deepEqual(
      bench.kept.map(({ env }) => env),
      ["COLOUR=red", ""],
    );
    assert.equal(bench.last("preview")?.preview.problems[0]?.field, "env");
  });

  it("refuses a namespace that is none, however often", async () => {
    const bench = new Bench();
    await bench.opened();
    for (const seq of [1, 2]) {
      bench.say({ type: "change", seq, form: { ...FORM, namespace: "Bad_NS" } });
      await until(() => bench.last("preview")?.seq === seq, "the answer");
      assert.equal(bench.last("preview")?.preview.problems[0]?.field, "namespace");
    }
  });

  it("says that a connection was made anew, with what is left to be pressed, and waits for nothing", async () => {
    let fails = false;
    const bench = new Bench({
      plan: (_choice, signal) =>
        fails && !signal.aborted
          ? Promise.reject(new CancelledError())
          : Promise.resolve({ file: "/x/train.py", spec: SPEC, snapshot: SNAPSHOT }),
    });
    await bench.opened();
    fails = true;
    bench.say({ type: "change", seq: 1, form: { ...FORM, nodes: "2" } });
    await bench.until(() => bench.last("preview")?.seq === 1, "the answer");
    assert.deepEqual([bench.last("findings")?.checking, bench.last("preview")?.preview.manifest], [false, ""]);
    assert.match(bench.last("findings")?.findings[0]?.text ?? "", /made anew/);
    fails = false;
    bench.say({ type: "check" });
    await bench.until(() => bench.last("findings")?.findings[0]?.level === "ok", "the second try");
  });

  it("offers what an error offers, as a button", async () => {
    const next = [{ title: "Install Training…", command: "trainyard.kubeflow.install" }];
    const bench = new Bench({
      plan: () => Promise.reject(new UserError("no-operator", "No training operator in this cluster.", { next })),
    });
    bench.say({ type: "ready" });
    await bench.until(() => bench.last("findings")?.findings.length === 1, "the refusal");
    assert.deepEqual(
      bench.last("findings")?.findings.map(({ field, next: title }) => [field, title]),
      [["kind", "Install Training…"]],
    );
    bench.say({ type: "next", finding: 0 });
    await until(() => bench.buttons.length === 1, "the press");
    assert.deepEqual(bench.buttons, ["trainyard.kubeflow.install"]);
  });

  it("answers the page that is there now, which may have been drawn anew meanwhile", async () => {
    const bench = new Bench();
    await bench.opened();
    bench.say({ type: "change", seq: 5, form: { ...FORM, nodes: "7" } });
    bench.say({ type: "ready" });
    assert.equal(bench.last("init")?.form.nodes, "7");
    await bench.until(() => bench.last("preview")?.preview.manifest === "nodes: 7", "the answer");
    assert.equal(bench.last("preview")?.seq, -1);
  });

  it("reads the code anew where it is asked to check again", async () => {
    const likes: boolean[] = [];
    const bench = new Bench({
      plan: (_choice, _signal, like) => {
        likes.push(like !== undefined);
        return Promise.resolve({ file: "/x/train.py", spec: SPEC, snapshot: SNAPSHOT });
      },
    });
    await bench.opened();
    bench.say({ type: "change", seq: 1, form: { ...FORM, nodes: "2" } });
    await bench.until(() => bench.last("preview")?.seq === 1, "the answer");
    bench.say({ type: "check" });
    await bench.until(() => likes.length === 3, "the third plan");
    assert.deepEqual(likes, [false, true, false]);
  });

  it("tells of nothing more once it has gone", async () => {
    const bench = new Bench();
    await bench.opened();
    bench.say({ type: "change", seq: 1, form: { ...FORM, nodes: "2" } });
    await until(() => bench.clock.timers > 0, "a pause");
    bench.host.dispose();
    const { length } = bench.heard;
    await bench.clock.advance(5_000);
    assert.equal(bench.heard.length, length);
    assert.equal(bench.clock.timers, 0);
  });
});
