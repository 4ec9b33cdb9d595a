import assert from "node:assert/strict";
import { job, pod } from "../kubeflow/testing/objects.ts";
import { clusterRow, type ClusterState, folderWords, jobRow, namespaceRow, replicaRow } from "./rows.ts";

const CONTEXT = {
  name: "minikube",
  cluster: "c",
  user: "u",
  server: "https://1.2.3.4",
  namespace: "default",
  file: "/k",
  isCurrent: true,
};

describe("rows of the tree", () => {
  it("a cluster says its state in words, each with an icon of its own", () => {
    const states: readonly ClusterState[] = [
      { kind: "not-connected" },
      { kind: "connecting" },
      { kind: "live", version: "1.34.10" },
      { kind: "failed", code: "sign-in-needed", message: "The token expired." },
      { kind: "failed", code: "something-new", message: "?" },
    ];
    const rows = states.map((state) => clusterRow(CONTEXT, state));
    assert.deepEqual(
      rows.map(({ description }) => description),
      ["not connected", "connecting", "live · 1.34.10", "sign-in needed", "cannot be reached"],
    );
    assert.deepEqual(new Set(rows.map(({ contextValue }) => contextValue)), new Set(["cluster", "cluster;failed"]));
    assert.ok(rows[3]?.tooltip.includes("The token expired."));
  });

  it("can be heard without being seen: the whole state in one sentence", () => {
    const row = jobRow(job(), [pod(), pod({ role: "worker" })], [], true, 15 * 60_000);
    assert.equal(row.spoken, "bert, training job, running, 2 nodes × 1 GPU · 14 min, mine");
    assert.equal(row.description, "Running · 2 nodes × 1 GPU · 14 min · mine");
    assert.equal(row.contextValue, "job;active");
    assert.equal(replicaRow({ rank: 1, role: "Worker", pod: undefined }).spoken, "rank 1, waiting, no pod yet");
  });

  it("a folder counts its jobs, what runs first, and says when it is stale", () => {
    assert.equal(folderWords({ kind: "live" }, ["Failed", "Running", "Running"], 0), "2 running · 1 failed");
    assert.equal(
      folderWords({ kind: "stale", since: 0, why: "no answer" }, ["Running"], 180_000),
      "stale for 3 min: no answer",
    );
    assert.equal(folderWords({ kind: "loading" }, [], 0), "loading");
  });

  it("shows a cluster's text as one plain line, whatever it is", () => {
    const bad = "a\u001b[2J\n\u202eb";
    const node = pod({ name: bad, node: bad });
    const rows = [
      namespaceRow(bad, false),
      jobRow(job({ name: bad, kind: bad }), [node], [], false, 0),
      replicaRow({ rank: 0, role: bad, pod: node }),
    ];
    for (const { label, description, tooltip, spoken } of rows)
      // eslint-disable-next-line no-control-regex -- the point of the test
      for (const text of [label, description, ...tooltip, spoken]) assert.doesNotMatch(text, /[\u0000-\u001f\u202e]/);
  });

  it("does not say of pods that may not be read that there are none", () => {
    const row = replicaRow({ rank: 1, role: "Worker", pod: undefined }, false);
    assert.equal(row.spoken, "rank 1, unknown, its pod cannot be read");
    assert.match(jobRow(job(), [], [], false, 0, false).description, /^Running/);
  });
});
