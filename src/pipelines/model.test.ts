import assert from "node:assert/strict";
import { readPipeline, readRecurringRun, readRun } from "./model.ts";

/** As the server 2.0.5 answers, shortened. */
const task = (display_name: string, more: object = {}): object => ({
  task_id: `id-${display_name}`,
  display_name,
  start_time: "2026-11-22T09:11:23Z",
  end_time: "0001-01-01T00:00:00Z",
  state: "RUNNING",
  ...more,
});
const RUN = {
  run_id: "006530bd-019c",
  display_name: "one",
  created_at: "2026-11-22T09:11:23Z",
  scheduled_at: "2026-11-22T09:11:23Z",
  finished_at: "1970-01-01T00:00:00Z",
  state: "RUNNING",
  run_details: {
    task_details: [
      task("root", { child_tasks: [{ pod_name: "wf-abc-1" }] }),
      task("wf-abc", { child_tasks: [{ pod_name: "wf-abc-2" }] }),
      task("prepare-driver", { state: "SUCCEEDED" }),
      task("root-driver"),
      task("prepare", { child_tasks: [{ pod_name: "wf-abc-964994157" }] }),
      task("executor"),
      task("executor(0)", { task_id: "x" }),
      task("bus-driver", { start_time: "2026-11-22T09:11:22Z", state: "FAILED" }),
    ],
  },
};

describe("what the pipelines' server answers", () => {
  it("a run, with the tasks that a person wrote, first begun first, and no time that was not set", () => {
    const run = readRun(RUN);
    assert.deepEqual(
      { ...run, tasks: [] },
      {
        kind: "run",
        id: "006530bd-019c",
        name: "one",
        created: Date.parse("2026-11-22T09:11:23Z"),
        state: "Running",
        started: Date.parse("2026-11-22T09:11:23Z"),
        finished: undefined,
        error: undefined,
        tasks: [],
      },
    );
    assert.deepEqual(
      run?.tasks.map(({ name, state, finished }) => [name, state, finished]),
      [
        ["bus-driver", "Failed", undefined],
        ["prepare", "Running", undefined],
      ],
    );
    assert.deepEqual(run.tasks[1]?.pods, ["wf-abc-system-container-impl-964994157"]);
  });

  it("each state is one word; none yet is waiting, an unknown one is said to be", () => {
    const words = ["PENDING", "SKIPPED", "CANCELING", "CANCELED", "PAUSED", undefined, "constructor", 7].map(
      (state) => readRun({ run_id: "a", state })?.state,
    );
    assert.deepEqual(words, [
      "Waiting",
      "Skipped",
      "Stopping",
      "Stopped",
      "Suspended",
      "Waiting",
      "Unknown",
      "Unknown",
    ]);
  });

  it("a task whose pod has not begun waits, and with it a run of which no other task runs", () => {
    const entry = (display_name: string, state: string) => ({ ...task(display_name), state, end_time: undefined });
    const read = (...details: readonly object[]) => {
      const run = readRun({ ...RUN, state: "RUNNING", run_details: { task_details: details } });
      return [run?.state, run?.tasks.map(({ name, state }) => `${name} ${state}`).join()];
    };
    const root = entry("root", "RUNNING");
    const prepare = entry("prepare", "RUNNING");
    assert.deepEqual(read(root, prepare, entry("executor", "PENDING")), ["Waiting", "prepare Waiting"]);
    assert.deepEqual(read(root, prepare, entry("executor", "RUNNING")), ["Running", "prepare Running"]);
    assert.deepEqual(read(root, prepare), ["Running", "prepare Running"]);
    // Of two, the server does not say which one waits.
    const two = [prepare, entry("train", "RUNNING"), entry("executor", "PENDING"), entry("executor", "RUNNING")];
    assert.deepEqual(read(root, ...two), ["Running", "prepare Running,train Running"]);
  });

  it("a task that was left out after a failure is skipped, and does not wait for ever", () => {
    const left = { ...task("train"), state: undefined, end_time: "2026-11-22T09:11:23Z" };
    const run = readRun({ ...RUN, state: "FAILED", run_details: { task_details: [left] } });
    assert.deepEqual(
      run?.tasks.map(({ name, state }) => [name, state]),
      [["train", "Skipped"]],
    );
  });

  it("a recurring run, with its schedule and whether it is enabled", () => {
    const read = (more: object) => readRecurringRun({ recurring_run_id: "a", ...more });
    const periodic = read({ status: "ENABLED", trigger: { periodic_schedule: { interval_second: "3600" } } });
    assert.deepEqual([periodic?.enabled, periodic?.schedule], [true, "every 1 h"]);
    const cron = read({ status: "DISABLED", trigger: { cron_schedule: { cron: "0 0 0 * * *" } } });
    assert.deepEqual([cron?.enabled, cron?.schedule], [false, "at 00:00"]);
    assert.equal(read({ trigger: { periodic_schedule: { interval_second: "-1" } } })?.schedule, "");
  });

  it("odd shapes, endless texts and ids that lead elsewhere do no harm", () => {
    for (const id of ["../x", "a/b", "a?b", "", ".", 7, undefined]) assert.equal(readRun({ run_id: id }), undefined);
    assert.equal(readPipeline({ pipeline_id: "a", display_name: "x".repeat(9_000_000) })?.name.length, 1_000);
    assert.equal(readPipeline({ pipeline_id: "a", display_name: 7 })?.name, "a");
    const many = Array.from({ length: 5_000 }, (_, i) => task(`t${i}`));
    assert.equal(readRun({ ...RUN, run_details: { task_details: many } })?.tasks.length, 500);
    assert.deepEqual(readRun({ ...RUN, run_details: [7] })?.tasks, []);
  });
});
