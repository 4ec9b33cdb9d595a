import assert from "node:assert/strict";
import { jobSummary } from "../kubeflow/jobStatus.ts";
import type { JobPod, TrainingJob } from "../kubeflow/model.ts";
import { job, pod } from "../kubeflow/testing/objects.ts";
import { jobRow, replicaRow } from "./jobRows.ts";
import type { Row } from "./row.ts";

const ALL = { events: true, logs: true, shell: true, forward: true, change: true, delete: true };
const NONE = { events: false, logs: false, shell: false, forward: false, change: false, delete: false };

function rowOf(of: TrainingJob, pods: readonly JobPod[], now: number, allowed = ALL, podsKnown = true): Row {
  const summary = jobSummary(of, pods, [], now, podsKnown);
  return jobRow(of, { summary, mine: true, namespace: "", allowed, why: false });
}

describe("rows of training jobs", () => {
  it("can be heard without being seen: the whole state in one sentence", () => {
    const row = rowOf(job(), [pod(), pod({ role: "worker" })], 15 * 60_000);
    assert.equal(row.spoken, "bert, training job, running, 2 nodes × 1 GPU · 14 min, mine");
    assert.equal(row.description, "Running · 2 nodes × 1 GPU · 14 min · mine");
    const waiting = { source: 1, role: "Worker", pod: undefined };
    assert.equal(replicaRow(waiting, true, ALL).spoken, "rank 1, waiting, no pod yet");
  });

  it("offer what fits the job's state, and nothing that the person may not do", () => {
    assert.equal(rowOf(job(), [pod()], 0).contextValue, "job;object;events;name;logs;shell;stop;delete;");
    assert.equal(rowOf(job({ suspended: true }), [], 0).contextValue, "job;object;events;name;logs;start;delete;");
    assert.equal(rowOf(job({ condition: "Succeeded" }), [], 0).contextValue, "job;object;events;name;logs;delete;");
    assert.equal(rowOf(job(), [pod()], 0, NONE).contextValue, "job;object;name;");
    assert.equal(
      replicaRow({ source: 0, role: "Master", pod: pod() }, true, NONE).contextValue,
      "replica;object;name;",
    );
  });

  it("show a cluster's text as one plain line, whatever it is", () => {
    const bad = "a\u001b[2J\n\u202eb";
    const node = pod({ name: bad, node: bad });
    const rows = [
      rowOf(job({ name: bad, message: bad, script: bad, runtime: bad }), [node], 0),
      replicaRow({ source: bad, role: bad, pod: node }, true, ALL),
    ];
    for (const { label, description, tooltip, spoken } of rows)
      // eslint-disable-next-line no-control-regex -- the point of the test
      for (const text of [label, description, ...tooltip, spoken]) assert.doesNotMatch(text, /[\u0000-\u001f\u202e]/);
  });

  it("do not say of pods that may not be read that there are none", () => {
    const row = replicaRow({ source: 1, role: "Worker", pod: undefined }, false, ALL);
    assert.equal(row.spoken, "rank 1, unknown, its pod cannot be read");
    assert.match(rowOf(job(), [], 0, ALL, false).description, /^Running/);
  });

  it("a row of a table alone gives state and age, and claims no more", () => {
    const row = rowOf(job({ partial: true, replicas: [], condition: "Failed" }), [], 3_600_000);
    assert.match(row.description, /^Failed · \d+ (min|h)/);
    assert.ok(!row.tooltip.some((line) => line.includes("node")));
  });
});
