import assert from "node:assert/strict";
import type { NodeUse } from "./gpuUse.ts";
import { projectNode } from "./kinds/node.ts";
import { parseUnschedulable, unschedulableRow, unschedulableText } from "./scheduling.ts";

/** What the scheduler says, as seen on real clusters, and what is made of it. */
const TABLE: readonly (readonly [message: string, needs: Record<string, string>, says: string])[] = [
  [
    "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 2 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.",
    { "nvidia.com/gpu": "2", memory: "64Gi" },
    "needs 2 × GPU (not free on 1 of 3 nodes) and 64 Gi memory (not free on 2 of 3 nodes)",
  ],
  ["0/1 nodes are available: 1 Insufficient cpu.", { cpu: "1k" }, "needs 1000 CPUs (not free on the only node)"],
  ["0/2 nodes are available: 2 Insufficient cpu.", { cpu: "500m" }, "needs 0.5 CPUs (not free on any of 2 nodes)"],
  [
    "0/4 nodes are available: 4 Insufficient nvidia.com/mig-1g.5gb.",
    { "nvidia.com/mig-1g.5gb": "1" },
    "needs 1 × MIG 1g.5gb (not free on any of 4 nodes)",
  ],
  [
    "0/3 nodes are available: 1 node(s) had untolerated taint {nvidia.com/gpu: present}, 2 node(s) didn't match Pod's node affinity/selector. preemption: none",
    {},
    "1 node has the taint nvidia.com/gpu=present, which it does not tolerate; 2 nodes lack the labels that it asks for",
  ],
  [
    "0/2 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 1 node(s) were unschedulable.",
    {},
    "1 node is not ready; 1 node is closed for new pods",
  ],
  [
    "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/2 nodes are available",
    {},
    "its volume claim is not bound to a volume",
  ],
  ['persistentvolumeclaim "data" not found', {}, "the volume claim data does not exist"],
  [
    "0/5 nodes are available: 3 Too many pods, 2 node(s) had volume node affinity conflict.",
    {},
    "3 nodes are full of pods; 2 nodes cannot reach its volume",
  ],
  ["running PreBind plugin: binding volumes: timed out", {}, "running PreBind plugin: binding volumes: timed out"],
];

describe("what the scheduler says", () => {
  for (const [message, needs, says] of TABLE)
    it(says, () => {
      assert.equal(unschedulableText(message, needs), says);
    });

  it("in a row says what is needed and what of it is free, or what tells most of this pod", () => {
    const message = "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 2 node(s) were unschedulable.";
    const needs = { "nvidia.com/gpu": "2" };
    const nodes = (...free: readonly number[]): readonly NodeUse[] =>
      free.map((count) => ({
        node: projectNode({ metadata: { name: "n" } }),
        ...{ counts: [], holders: [] },
        resources: [{ resource: "nvidia.com/gpu", noun: "GPU", total: 4, used: 4 - count, free: count }],
      }));
    assert.equal(unschedulableRow(message, needs), "needs 2 × GPU, not free");
    assert.equal(unschedulableRow(message, needs, nodes(0, 0)), "needs 2 × GPU, none free");
    assert.equal(unschedulableRow(message, needs, nodes(0, 1)), "needs 2 × GPU, 1 free");
    assert.equal(unschedulableRow(message, needs, nodes(1, 1)), "needs 2 × GPU, 1 free on one node");
    assert.equal(unschedulableRow(message, needs, nodes(3)), "needs 2 × GPU, not free where it may run");
    // Slices that are free are no whole GPUs.
    const slice = "0/1 nodes are available: 1 Insufficient nvidia.com/mig-1g.5gb.";
    assert.equal(
      unschedulableRow(slice, { "nvidia.com/mig-1g.5gb": "1" }, nodes(3)),
      "needs 1 × MIG 1g.5gb, none free",
    );
    const labels =
      "0/3 nodes are available: 2 node(s) had untolerated taint {a: b}, 1 node(s) didn't match Pod's node affinity/selector.";
    assert.equal(unschedulableRow(labels), "1 node lacks the labels that it asks for");
    assert.equal(unschedulableRow(undefined), "not scheduled yet");
  });

  it("hostile sentences of any size stay one short plain line, and take no time", () => {
    for (const bad of [
      "0/9 nodes are available: " + "{".repeat(100_000),
      `0/9 nodes are available: ${"1 Insufficient a\u001b]0;x\u0007, ".repeat(20_000)}`,
      `0/9 nodes are available: 1 node(s) had untolerated taint {\u202ek: ${"v".repeat(100_000)}}`,
      "\u001b[2J\n".repeat(50_000),
    ]) {
      const begun = performance.now();
      const text = unschedulableText(bad, { "a\u001b]0;x\u0007": "\u202e9" });
      assert.ok(performance.now() - begun < 500);
      // eslint-disable-next-line no-control-regex -- the point of the test
      assert.doesNotMatch(text, /[\u0000-\u001f\u202e]/);
      assert.ok(text.length <= 160, text);
    }
  });

  it("keeps the numbers apart for whoever draws them", () => {
    assert.deepEqual(parseUnschedulable("0/3 nodes are available: 1 Insufficient cpu, 2 Too many pods."), {
      nodes: 3,
      short: [{ resource: "cpu", nodes: 1 }],
      others: ["2 nodes are full of pods"],
    });
    assert.equal(parseUnschedulable("something else"), undefined);
  });
});
