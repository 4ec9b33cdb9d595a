import assert from "node:assert/strict";
import { clusterNode, folderNode, pipelineLists, pipelineSpaces } from "./nodes.ts";
import type { PipelineRun } from "../pipelines/index.ts";
import { accessWords, itemRow, listRow, taskRow } from "./pipelineRows.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const MINUTE = 60_000;

function run(change: Partial<PipelineRun> = {}): PipelineRun {
  return {
    kind: "run",
    id: "r1",
    name: "one",
    created: NOW - 120 * MINUTE,
    state: "Succeeded",
    started: NOW - 120 * MINUTE,
    finished: NOW - 119 * MINUTE + 6_000,
    error: undefined,
    tasks: [],
    ...change,
  };
}

const failed = { id: "t", name: "train", state: "Failed", started: 1, finished: 2, pods: [] } as const;

describe("rows of pipelines", () => {
  it("a run says its state, how long it took and when; a screen reader all of it", () => {
    const { label, description, spoken, icon } = itemRow(run(), NOW);
    assert.deepEqual([label, description, icon], ["one", "Succeeded · took 1 min 6 s · 1 h ago", "pass-filled"]);
    assert.equal(spoken, "one, run, succeeded, took 1 minute 6 seconds, 1 hour ago");
  });

  it("a run under way says since when, and no time that will be old in a second", () => {
    const row = itemRow(run({ state: "Running", started: NOW - 14 * MINUTE - 7_000, finished: undefined }), NOW);
    assert.equal(row.description, "Running · for 14 min");
    assert.equal(row.spoken, "one, run, running, for 14 minutes");
    assert.match(row.contextValue, /;logs;/);
  });

  it("a failed run names its tasks, and offers why", () => {
    const row = itemRow(run({ state: "Failed", tasks: [failed], error: "it\u001b[2J broke" }), NOW);
    assert.equal(row.description, "Failed · train · took 1 min 6 s · 1 h ago");
    assert.match(row.contextValue, /;why;delete;/);
    assert.ok(row.tooltip.includes("it broke"));
    const allowed = { events: true, shell: true };
    const own = taskRow({ ...failed, pods: ["p"] }, NOW, allowed);
    assert.deepEqual([own.description, own.contextValue], ["Failed · took 0 s", "pipeline;name;events;logs;why;"]);
    const running = taskRow({ ...failed, state: "Running" }, NOW, allowed);
    assert.equal(running.contextValue, "pipeline;name;logs;shell;");
    assert.doesNotMatch(taskRow(failed, NOW, { events: false, shell: false }).contextValue, /events|shell/);
  });

  it("what has no state yet, is skipped, or stopped: a word and an icon each", () => {
    const rows = (["Waiting", "Skipped", "Stopping", "Stopped", "Suspended", "Unknown"] as const).map((state) =>
      itemRow(run({ state, created: 0, started: undefined, finished: undefined }), NOW),
    );
    assert.deepEqual(
      rows.map(({ description, icon }) => `${description} ${icon}`),
      [
        "Waiting watch",
        "Skipped debug-step-over",
        "Stopping loading~spin",
        "Stopped debug-pause",
        "Suspended debug-pause",
        "Unknown question",
      ],
    );
    assert.doesNotMatch(rows[0]?.contextValue ?? "", /;logs;/);
  });

  it("a recurring run says whether it is enabled, and its schedule", () => {
    const row = itemRow(
      { kind: "recurring", id: "a", name: "nightly", created: NOW - MINUTE, enabled: false, schedule: "every 1 h" },
      NOW,
    );
    assert.equal(row.description, "Disabled · every 1 h · made 1 min ago");
    assert.equal(row.spoken, "nightly, recurring run, Disabled, every 1 hour, made 1 minute ago");
  });

  it("names that turn text around or draw icons are plain text", () => {
    const row = itemRow(run({ name: "\u202eevil\n$(error)" }), NOW);
    assert.equal(row.label, "\ufffdevil $(error)");
  });

  it("a list says how many there are, how the last run stands, and its age when it cannot be read", () => {
    const list = { pages: [], items: [run()], total: 120, hasMore: true };
    assert.equal(listRow("runs", list, { kind: "live" }, NOW).description, "120 · last run succeeded 1 h ago");
    const stale = { kind: "stale", since: NOW - 2 * MINUTE, why: "No pod is ready." } as const;
    assert.equal(listRow("runs", list, stale, NOW).description, "stale for 2 min: No pod is ready.");
    assert.equal(listRow("runs", undefined, { kind: "idle" }, NOW).description, "");
  });

  it("the folder says by which way the server is reached", () => {
    const live = { kind: "live" } as const;
    const access = { way: "port-forward", multiUser: false, version: "2.0.5" } as const;
    assert.equal(accessWords(access, live, NOW), "standalone, by port-forward · 2.0.5");
    const many = { ...access, multiUser: true, version: undefined };
    assert.equal(accessWords(many, live, NOW), "multi-user, by port-forward with a token");
    assert.equal(accessWords(undefined, { kind: "failed", error: new Error("x") }, NOW), "cannot be reached");
  });

  it("of a server for several people stand below their namespaces, and ask for those alone", () => {
    const folder = folderNode(clusterNode("c"), "pipelines");
    const [alice, bob] = pipelineSpaces(folder, ["alice", "bob"]);
    assert.ok(alice !== undefined && bob !== undefined);
    const [runs] = pipelineLists(alice, alice.namespace);
    assert.deepEqual([runs?.key, runs?.namespace, runs?.parent], ["runs", "alice", alice]);
    assert.notEqual(runs?.id, pipelineLists(bob, bob.namespace)[0]?.id);
    const own = pipelineSpaces(folder, undefined);
    assert.deepEqual(own.map(({ what, namespace }) => [what, namespace])[0], ["list", ""]);
  });
});
