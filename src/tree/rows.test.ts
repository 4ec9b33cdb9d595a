import assert from "node:assert/strict";
import { job, pod } from "../kubeflow/testing/objects.ts";
import { clusterRow, type ClusterState, folderWords, jobRow, replicaRow } from "./rows.ts";

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
});
