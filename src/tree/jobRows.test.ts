import assert from "node:assert/strict";
import { jobSummary } from "../kubeflow/jobStatus.ts";
import type { JobPod, TrainingJob } from "../kubeflow/model.ts";
import { job, pod } from "../kubeflow/testing/objects.ts";
import { shownReplica } from "../kubeflow/replicas.ts";
import { jobRow, replicaRow } from "./jobRows.ts";
import { firstSentence, type Row, spokenText } from "./row.ts";

const ALL = { events: true, logs: true, shell: true, change: true, delete: true };
const NONE = { events: false, logs: false, shell: false, change: false, delete: false };

function rowOf(of: TrainingJob, pods: readonly JobPod[], now: number, allowed = ALL, podsKnown = true): Row {
  const summary = jobSummary(of, pods, [], now, { podsKnown, podsRefused: !podsKnown });
  return jobRow(of, { summary, mine: true, mixed: false, namespace: "", allowed, why: undefined });
}

describe("what is said of a row", () => {
  it("has pauses and units in words", () => {
    const parts = ["x", "failed", "out of memory (32 Mi) · took 1 min 6 s", "", "2 h ago"];
    assert.equal(spokenText(parts), "x, failed, out of memory (32 mebibytes), took 1 minute 6 seconds, 2 hours ago");
  });

  it("of a message there is what comes first; the rest is in its tooltip", () => {
    assert.equal(firstSentence("Nothing listens at 127.0.0.1:1. Is it running?"), "Nothing listens at 127.0.0.1:1.");
    assert.equal(firstSentence(`You may not list pods: ${"because ".repeat(20)}`), "You may not list pods…");
  });
});

describe("rows of training jobs", () => {
  it("can be heard without being seen: the whole state in one sentence", () => {
    const row = rowOf(job(), [pod(), pod({ role: "worker" })], 15 * 60_000);
    assert.equal(row.spoken, "bert, training job, running, 2 nodes × 1 GPU, for 14 minutes, mine, PyTorchJob");
    assert.equal(row.description, "Running · 2 nodes × 1 GPU · for 14 min · mine");
    const waiting = { source: 1, role: "Worker", pod: undefined };
    assert.equal(replicaRow(shownReplica(waiting, true), ALL).spoken, "rank 1, waiting, no pod yet");
  });

  it("offer what fits the job's state, and nothing that the person may not do", () => {
    assert.equal(rowOf(job(), [pod()], 0).contextValue, "job;object;events;name;logs;shell;stop;delete;pytorch;");
    assert.equal(
      rowOf(job({ suspended: true }), [], 0).contextValue,
      "job;object;events;name;logs;start;delete;pytorch;",
    );
    assert.equal(
      rowOf(job({ condition: "Succeeded" }), [], 0).contextValue,
      "job;object;events;name;logs;delete;pytorch;",
    );
    assert.equal(rowOf(job(), [pod()], 0, NONE).contextValue, "job;object;name;pytorch;");
    assert.equal(
      replicaRow(shownReplica({ source: 0, role: "Master", pod: pod() }, true), NONE).contextValue,
      "replica;object;name;",
    );
  });

  it("show a cluster's text as one plain line, whatever it is", () => {
    const bad = "a\u001b[2J\n\u202eb";
    const node = pod({ name: bad, node: bad });
    const rows = [
      rowOf(job({ name: bad, message: bad, script: bad, runtime: bad }), [node], 0),
      replicaRow(shownReplica({ source: bad, role: bad, pod: node }, true), ALL),
    ];
    for (const { label, description, tooltip, spoken } of rows)
      // eslint-disable-next-line no-control-regex -- the point of the test
      for (const text of [label, description, ...tooltip, spoken]) assert.doesNotMatch(text, /[\u0000-\u001f\u202e]/);
  });

  it("have in their tooltip the whole of what their end may be too narrow for", () => {
    const words = "0/40 nodes are available: ".padEnd(900, "x");
    const waiting = job({ condition: "Created" });
    const summary = jobSummary(waiting, [], [], 0);
    const why = [{ text: "Rank 0 finds no node.", detail: words }];
    const { tooltip, contextValue, description } = jobRow(waiting, {
      summary,
      mine: true,
      mixed: true,
      namespace: "",
      allowed: ALL,
      why,
    });
    assert.ok(tooltip.includes("Rank 0 finds no node.") && tooltip.includes(`  ${words}`));
    assert.match(contextValue, /;why;/);
    assert.match(description, / · PyTorchJob$/, "kinds stand together");
  });

  it("of a rank without a node say what is free in a few words, and all of it in the tooltip", () => {
    const unschedulable = "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.";
    const own = pod({
      node: undefined,
      phase: "Pending",
      unschedulable,
      needs: { "nvidia.com/gpu": "2" },
      containers: [],
    });
    const replica = shownReplica({ source: 0, role: "Master", pod: own }, true);
    const row = replicaRow(replica, ALL);
    assert.equal(row.description, "Waiting · needs 2 × GPU, not free");
    assert.ok(row.tooltip.includes("needs 2 × GPU (not free on any of 2 nodes)"));
    assert.equal(replicaRow(replica, ALL, []).description, "Waiting · needs 2 × GPU, none free");
  });

  it("do not say of pods that may not be read that there are none", () => {
    const row = replicaRow(shownReplica({ source: 1, role: "Worker", pod: undefined }, false), ALL);
    assert.equal(row.spoken, "rank 1, unknown, its pod cannot be read");
    assert.match(rowOf(job(), [], 0, ALL, false).description, /^Running/);
  });

  it("a row of a table alone gives state and age, and claims no more", () => {
    const row = rowOf(job({ partial: true, replicas: [], condition: "Failed" }), [], 3_600_000);
    assert.match(row.description, /^Failed · made \d+ (min|h) ago/);
    assert.ok(!row.tooltip.some((line) => line.includes("node")));
  });
});
