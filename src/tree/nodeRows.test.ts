import assert from "node:assert/strict";
import type { Holder, NodeUse } from "../kubeflow/gpuUse.ts";
import { type GpuPod, projectGpuPod } from "../kubeflow/kinds/gpuPod.ts";
import { projectNode } from "../kubeflow/kinds/node.ts";
import { holderRow, machineRow } from "./nodeRows.ts";

const ALL = { events: true, logs: true, shell: true, change: true, delete: true };
const NONE = { events: false, logs: false, shell: false, change: false, delete: false };

function gpuPod(name: string, running: boolean): GpuPod {
  const containers = [
    { name: "sidecar", resources: {} },
    { name: "main", resources: { limits: { "nvidia.com/gpu": "2" } } },
  ];
  const state = running ? { running: {} } : { waiting: {} };
  const pod = projectGpuPod({
    metadata: { name, namespace: "team-a", uid: `uid-${name}` },
    ...{ spec: { nodeName: "g1", containers }, status: { containerStatuses: [{ name: "main", state }] } },
  });
  assert.ok(pod !== null);
  return pod;
}

function holder(...pods: readonly GpuPod[]): Holder {
  return {
    kind: "training job",
    namespace: "team-a",
    name: "bert",
    pods,
    gpus: { "nvidia.com/gpu": 2 * pods.length },
    since: 0,
  };
}

describe("rows of nodes", () => {
  const use = (node: object, counts: NodeUse["counts"] = []): NodeUse => ({
    node: { ...projectNode({ metadata: { name: "n" } }), ready: true, notReadyWhy: undefined, ...node },
    ...{ counts, resources: [], holders: [] },
  });

  it("say their state in a word, and why where one is not ready", () => {
    const rows = [use({}), use({ unschedulable: true }), use({ ready: false, notReadyWhy: "disk is full" })];
    assert.deepEqual(
      rows.map((one) => machineRow(one).description),
      ["Ready", "Cordoned", "Not ready · disk is full"],
    );
  });

  it("count whole GPUs and slices apart, and name the slices", () => {
    const count = (noun: string, free: number): NodeUse["counts"][number] => ({ noun, total: 7, used: 7 - free, free });
    const row = machineRow(use({ gpuModel: "A100" }, [count("GPU", 0), count("MIG 1g.5gb", 7)]));
    assert.equal(row.description, "Ready · A100 · 0 of 7 GPUs free · 7 of 7 MIG 1g.5gb free");
  });

  it("ask nobody why a healthy node has a taint", () => {
    const tainted = use({ taints: ["gpu=present: NoSchedule"] });
    assert.doesNotMatch(machineRow(tainted).contextValue, /;why;/);
    assert.ok(machineRow(tainted).tooltip.includes("Taint gpu=present: NoSchedule"));
    assert.match(machineRow(use({ unschedulable: true })).contextValue, /;why;/);
  });
});

describe("rows of who holds GPUs", () => {
  it("of a pod offer what can be done with pods, as far as the person may", () => {
    const pod = gpuPod("bert-0", true);
    assert.deepEqual([pod.uid, pod.pod, pod.container], ["uid-bert-0", "bert-0", "main"]);
    const row = holderRow(holder(pod), 60_000, ALL);
    assert.equal(row.contextValue, "holder;name;object;events;logs;shell;");
    assert.equal(row.spoken, "bert, training job, holds 2 GPUs, team-a");
    assert.ok(row.tooltip.includes("Pod bert-0"));
    assert.equal(holderRow(holder(pod), 0, NONE).contextValue, "holder;name;object;");
    assert.ok(!holderRow(holder(gpuPod("bert-0", false)), 0, ALL).contextValue.includes(";shell;"));
  });

  it("of several pods leave that to the rows below, and say how many they are", () => {
    const row = holderRow(holder(gpuPod("bert-0", true), gpuPod("bert-1", true)), 0);
    assert.equal(row.contextValue, "holder;name;");
    assert.equal(row.spoken, "bert, training job, holds 4 GPUs, 2 pods, team-a");
  });
});
