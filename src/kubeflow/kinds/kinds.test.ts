import assert from "node:assert/strict";
import fc from "fast-check";
import { replicasOf } from "../replicas.ts";
import { projectEvent } from "./event.ts";
import { projectPod } from "./pod.ts";
import { projectPyTorchJob } from "./pytorchJob.ts";

const LABELS = {
  "training.kubeflow.org/job-name": "bert",
  "training.kubeflow.org/replica-type": "worker",
  "training.kubeflow.org/replica-index": "3",
};

describe("reading objects of a cluster", () => {
  it("a PyTorchJob: the newest condition that holds, replicas with ranks and GPUs, what we marked", () => {
    const template = {
      spec: { containers: [{ name: "pytorch", resources: { limits: { "nvidia.com/gpu": "2", cpu: "4" } } }] },
    };
    const read = projectPyTorchJob({
      metadata: {
        name: "bert",
        namespace: "team-a",
        uid: "u1",
        creationTimestamp: "2026-01-01T00:00:00Z",
        labels: { "trainyard/launch-id": "abc", "trainyard/owner": "me" },
        annotations: { "trainyard/script": "train.py" },
      },
      ...{
        spec: {
          runPolicy: { suspend: false },
          pytorchReplicaSpecs: { Worker: { replicas: 3, template }, Master: { replicas: 1, template } },
        },
        status: {
          startTime: "2026-01-01T00:00:05Z",
          conditions: [
            { type: "Created", status: "True" },
            { type: "Running", status: "False" },
            {
              type: "Failed",
              status: "True",
              reason: "PyTorchJobFailed",
              message: "why",
              lastTransitionTime: "2026-01-01T00:01:00Z",
            },
          ],
        },
      },
    });
    assert.equal(read.condition, "Failed");
    assert.equal(read.finished, Date.parse("2026-01-01T00:01:00Z"), "a failed job has no completionTime");
    assert.deepEqual(read.replicas, [
      { role: "Master", count: 1, gpus: 2, firstRank: 0 },
      { role: "Worker", count: 3, gpus: 2, firstRank: 1 },
    ]);
    assert.deepEqual([read.launchId, read.owner, read.script], ["abc", "me", "train.py"]);
  });

  it("a pod: its place in the job, why it is not scheduled, its containers with init containers first", () => {
    const read = projectPod({
      metadata: { name: "bert-worker-3", namespace: "team-a", uid: "p1", labels: LABELS },
      ...{
        spec: {
          initContainers: [{ name: "init-pytorch" }],
          containers: [{ name: "pytorch", resources: { limits: { memory: "8Gi" } } }],
        },
        status: {
          phase: "Pending",
          conditions: [{ type: "PodScheduled", status: "False", message: "0/1 nodes are available" }],
          containerStatuses: [{ name: "pytorch", restartCount: 2, state: { waiting: { reason: "CrashLoopBackOff" } } }],
        },
      },
    });
    assert.deepEqual(
      [read.job, read.role, read.index, read.unschedulable],
      ["bert", "worker", 3, "0/1 nodes are available"],
    );
    assert.deepEqual(
      read.containers.map(({ name, init, state, reason, restarts, memoryLimit }) => ({
        name,
        init,
        state,
        reason,
        restarts,
        memoryLimit,
      })),
      [
        { name: "init-pytorch", init: true, state: "unknown", reason: undefined, restarts: 0, memoryLimit: undefined },
        { name: "pytorch", init: false, state: "waiting", reason: "CrashLoopBackOff", restarts: 2, memoryLimit: "8Gi" },
      ],
    );
  });

  it("counts and ranks of any size are cut down to what can be held", () => {
    const replicas = (count: unknown): number[] => {
      const spec = { pytorchReplicaSpecs: { Master: { replicas: 1 }, Worker: { replicas: count } } };
      const read = projectPyTorchJob({ metadata: { name: "x" }, ...{ spec } });
      replicasOf(read, []);
      return read.replicas.map((set) => set.count);
    };
    assert.deepEqual([2e9, -3, 2.5, Infinity, "9"].map(replicas), [
      [1, 10_000],
      [1, 0],
      [1, 2],
      [1, 1],
      [1, 1],
    ]);
    const index = (text: string): number =>
      projectPod({ metadata: { name: "x", labels: { ...LABELS, "training.kubeflow.org/replica-index": text } } }).index;
    assert.deepEqual(["3", "1e300", "-1", "x", "1.5"].map(index), [3, 10_000, 0, 0, 1]);
  });

  it("never throws, whatever a cluster holds", () => {
    fc.assert(
      fc.property(
        fc.object({
          key: fc.constantFrom(
            "spec",
            "status",
            "conditions",
            "containers",
            "pytorchReplicaSpecs",
            "Master",
            "template",
            "state",
            "involvedObject",
          ),
          maxDepth: 5,
        }),
        (body) => {
          const object = { metadata: { name: "x" }, ...body };
          for (const project of [projectPyTorchJob, projectPod, projectEvent]) project(object);
        },
      ),
    );
  });
});
