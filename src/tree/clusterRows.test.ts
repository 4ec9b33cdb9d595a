import assert from "node:assert/strict";
import type { ClusterState } from "../engine.ts";
import { ALL_NAMESPACES } from "../kubeflow/namespaceChoice.ts";
import { clusterRow, folderWords, groupRow, namespaceRow } from "./clusterRows.ts";
import { JOB_STATES } from "./jobRows.ts";

const CONTEXT = {
  name: "minikube",
  cluster: "c",
  user: "u",
  server: "https://1.2.3.4",
  namespace: "default",
  file: "/k",
  isCurrent: true,
};
const FACTS = { parts: [], gpus: "", pinned: false, made: undefined };

describe("rows of clusters", () => {
  it("say their state in words, each with an icon of its own", () => {
    const states: readonly ClusterState[] = [
      { kind: "not-connected" },
      { kind: "connecting" },
      { kind: "live", version: "1.34.10" },
      { kind: "stale", since: 0, code: "unreachable", why: "Nothing listens." },
      { kind: "failed", code: "sign-in-needed", message: "The token expired." },
      { kind: "failed", code: "something-new", message: "?" },
    ];
    const rows = states.map((state) => clusterRow(CONTEXT, state, FACTS, 240_000));
    assert.deepEqual(
      rows.map(({ description }) => description),
      [
        "not connected · 1.2.3.4",
        "connecting",
        "live · 1.34",
        "stale for 4 min: unreachable",
        "sign-in needed",
        "cannot be reached",
      ],
    );
    assert.deepEqual(
      rows.map(({ contextValue }) => contextValue.includes(";failed;")),
      [false, false, false, true, true, true],
    );
    assert.equal(rows[1]?.contextValue.includes(";open;"), false);
    assert.ok(rows[4]?.tooltip.includes("The token expired."));
    assert.equal(new Set(rows.slice(0, 4).map(({ icon }) => icon)).size, 4);
  });

  it("say what the cluster has once it is connected", () => {
    const facts = { parts: ["Trainer 2.3.0", "Notebooks"], gpus: "3 of 8 GPUs free", pinned: true, made: undefined };
    const row = clusterRow(CONTEXT, { kind: "live", version: "1.34.10" }, facts, 0);
    assert.equal(row.description, "live · 3 of 8 GPUs free · 1.34 · pinned");
    assert.ok(row.tooltip.includes("Kubeflow: Trainer 2.3.0, Notebooks"));
    assert.equal(row.spoken, "minikube, cluster, live, 3 of 8 GPUs free, 1.34, pinned, server 1.2.3.4");
  });

  it("offers on EKS alone to set GPU nodes: on GKE they come by themselves", () => {
    const flags = (["gke", "eks"] as const).map(
      (made) => clusterRow(CONTEXT, { kind: "not-connected" }, { ...FACTS, made }, 0).contextValue,
    );
    assert.deepEqual(
      flags.map((value) => value.includes(";eks;")),
      [false, true],
    );
    assert.ok(flags.every((value) => value.includes(";cloud;")));
  });

  it("a folder counts what is in it, what runs first, and says when it is stale", () => {
    const counts = new Map([
      ["Failed", 1],
      ["Running", 2],
      ["Succeeded", 0],
    ]);
    assert.equal(folderWords({ kind: "live" }, counts, JOB_STATES, 0), "2 running · 1 failed");
    const stale = { kind: "stale", since: 0, why: "no answer" } as const;
    assert.equal(folderWords(stale, counts, JOB_STATES, 180_000), "stale for 3 min: no answer");
    assert.equal(folderWords({ kind: "loading" }, counts, JOB_STATES, 0), "loading");
  });

  it("show a cluster's text as one plain line, whatever it is", () => {
    const bad = "a\u001b[2J\n\u202eb";
    const rows = [
      namespaceRow(bad, "my profile"),
      groupRow(`https://${bad}`, 2),
      clusterRow({ ...CONTEXT, name: bad, user: bad }, { kind: "failed", code: "", message: bad }, FACTS, 0),
    ];
    for (const { label, description, tooltip, spoken } of rows)
      // eslint-disable-next-line no-control-regex -- the point of the test
      for (const text of [label, description, ...tooltip, spoken]) assert.doesNotMatch(text, /[\u0000-\u001f\u202e]/);
  });

  it("all namespaces are one row that stands for no object", () => {
    const row = namespaceRow(ALL_NAMESPACES, "");
    assert.equal(row.label, "All namespaces");
    assert.ok(!row.contextValue.includes("name;"));
  });
});
