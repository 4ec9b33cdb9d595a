import assert from "node:assert/strict";
import fc from "fast-check";
import { replicasOf } from "../replicas.ts";
import { projectEvent } from "./event.ts";
import { projectPod } from "./pod.ts";
import { JOB_KINDS, kindOf } from "../jobKinds.ts";
import type { TrainingJob } from "../model.ts";
import { job, pod } from "../testing/objects.ts";
import { projectBatchJob, projectJobSet, withParts, withPods } from "./trainJob.ts";
import { V1_KINDS } from "./v1Job.ts";

const LABELS = {
  "training.kubeflow.org/job-name": "bert",
  "training.kubeflow.org/replica-type": "worker",
  "training.kubeflow.org/replica-index": "3",
};

const projectPyTorchJob = kindOf("PyTorchJob").jobs.project;

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

  it("each kind of the Training Operator: where its replicas stand, in the order of their ranks", () => {
    const replica = { replicas: 2, template: { spec: { containers: [{ name: "x" }] } } };
    const roles = ["Evaluator", "Worker", "PS", "Launcher", "Chief", "Master"];
    const all = Object.fromEntries(roles.map((role) => [role, replica]));
    const read = V1_KINDS.map(({ kind, replicas }) => {
      const job = kindOf(kind).jobs.project({ metadata: { name: "x" }, ...{ spec: { [replicas]: all } } });
      return [job.kind, ...job.replicas.map(({ role, firstRank }) => `${role} ${firstRank ?? "-"}`)].join(", ");
    });
    assert.deepEqual(read, [
      "PyTorchJob, Master 0, Worker 2",
      "TFJob, Chief 0, Master 2, Worker 4, PS -, Evaluator -",
      "MPIJob, Launcher -, Worker 0",
      "XGBoostJob, Master 0, Worker 2",
      "PaddleJob, Master 0, Worker 2",
      "JAXJob, Worker 0",
    ]);
  });

  it("a TrainJob: its conditions in the words of the others, its nodes, its progress", () => {
    const read = kindOf("TrainJob").jobs.project({
      metadata: { name: "llm", namespace: "team-a", uid: "t1", labels: { "kueue.x-k8s.io/queue-name": "q" } },
      ...{
        spec: {
          suspend: false,
          runtimeRef: { name: "torch-distributed" },
          trainer: { numNodes: 4, resourcesPerNode: { requests: { "nvidia.com/gpu": 8 } } },
        },
        status: {
          conditions: [
            { type: "Suspended", status: "False", reason: "Resumed", lastTransitionTime: "2026-01-01T00:00:00Z" },
            {
              type: "Complete",
              status: "True",
              reason: "AllJobsCompleted",
              message: "done",
              lastTransitionTime: "2026-01-01T00:05:00Z",
            },
          ],
          jobsStatus: [{ name: "node" }, { name: "model-initializer" }, { name: "dataset-initializer" }],
          trainerStatus: { progressPercentage: 250 },
        },
      },
    });
    assert.deepEqual([read.condition, read.reason, read.queue], ["Succeeded", "AllJobsCompleted", "q"]);
    assert.deepEqual([read.runtime, read.progress], ["torch-distributed", 100]);
    const at = (minute: number): number => Date.parse(`2026-01-01T00:0${minute}:00Z`);
    assert.deepEqual([read.started, read.finished], [at(0), at(5)]);
    assert.deepEqual(read.replicas, [
      { role: "model-initializer", count: 1, gpus: 0, firstRank: undefined },
      { role: "dataset-initializer", count: 1, gpus: 0, firstRank: undefined },
      { role: "node", count: 4, gpus: 8, firstRank: 0 },
    ]);
  });

  it("a TrainJob that has failed, and one that is suspended", () => {
    const project = kindOf("TrainJob").jobs.project;
    const read = (type: string, suspend: boolean): TrainingJob =>
      project({
        metadata: { name: "x" },
        ...{ spec: { suspend }, status: { conditions: [{ type, status: "True", reason: "R" }] } },
      });
    assert.deepEqual([read("Failed", false).condition, read("Suspended", true).suspended], ["Failed", true]);
  });

  it("a TrainJob's JobSet tells its replicas, launcher and nodes, and how often it was begun anew", () => {
    const container = { name: "node", resources: { limits: { "nvidia.com/gpu": "1" } } };
    const part = (name: string, more: object = {}): object => ({
      name,
      replicas: 1,
      template: { spec: { completions: 1, template: { spec: { containers: [container] } }, ...more } },
    });
    const jobSet = projectJobSet({
      metadata: { name: "llm", namespace: "team-a", uid: "s1", creationTimestamp: "2026-01-01T00:00:01Z" },
      ...{
        spec: { replicatedJobs: [part("node", { completions: 3 }), part("launcher"), part("dataset-initializer")] },
        status: { restarts: 2 },
      },
    });
    const own = job({ kind: "TrainJob", created: Date.parse("2026-01-01T00:00:00Z"), started: undefined });
    const merged = withParts(own, jobSet, []);
    assert.equal(merged.restarts, 2);
    assert.deepEqual(
      merged.replicas.map(({ role, count, firstRank }) => `${role} ${count} ${firstRank ?? "-"}`),
      ["dataset-initializer 1 -", "launcher 1 0", "node 3 1"],
    );
    const older = withParts({ ...own, created: own.created + 60_000 }, jobSet, []);
    assert.equal(older.restarts, undefined, "that of an earlier job of the same name");
  });

  it("a TrainJob has at least the nodes that its pods stand for, where its JobSet may not be read", () => {
    const own = kindOf("TrainJob").jobs.project({
      metadata: { name: "llm" },
      ...{ status: { jobsStatus: [{ name: "launcher" }, { name: "node" }] } },
    });
    const pods = [0, 2].map((index) => pod({ role: "node", index }));
    assert.equal(withPods(own, []), own);
    assert.deepEqual(
      withPods(own, pods).replicas.map(({ role, count, firstRank }) => [role, count, firstRank]),
      [
        ["launcher", 1, 0],
        ["node", 3, 1],
      ],
    );
  });

  it("why a Job of a TrainJob failed comes before that one did", () => {
    const batch = projectBatchJob({
      metadata: {
        name: "llm-node-0",
        uid: "b1",
        creationTimestamp: "2026-01-01T00:00:00Z",
        labels: { "jobset.sigs.k8s.io/jobset-name": "llm", "jobset.sigs.k8s.io/replicatedjob-name": "node" },
      },
      ...{
        status: {
          startTime: "2026-01-01T00:00:09Z",
          conditions: [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "Job has reached" }],
        },
      },
    });
    const failed = job({
      kind: "TrainJob",
      condition: "Failed",
      reason: "FailedJobs",
      message: "jobset failed",
      started: undefined,
    });
    const merged = withParts(failed, undefined, [batch]);
    assert.deepEqual([merged.reason, merged.message], ["BackoffLimitExceeded", "Job has reached"]);
    assert.equal(merged.started, Date.parse("2026-01-01T00:00:09Z"));
    const late = withParts({ ...failed, reason: "DeadlineExceeded" }, undefined, [batch]);
    assert.equal(late.reason, "DeadlineExceeded");
  });

  it("a pod of a TrainJob: its place by replicated job and completion index; whose pods are whose by what made them", () => {
    const read = projectPod({
      metadata: {
        name: "llm-node-0-2-x7k2p",
        labels: {
          "jobset.sigs.k8s.io/jobset-name": "llm",
          "jobset.sigs.k8s.io/replicatedjob-name": "node",
          "batch.kubernetes.io/job-completion-index": "2",
        },
        ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name: "llm-node-0", uid: "b1", controller: true }],
      },
    });
    assert.deepEqual([read.kind, read.job, read.role, read.index, read.owner], ["TrainJob", "llm", "node", 2, "b1"]);
    const tf = projectPod({
      metadata: { name: "x", labels: { ...LABELS, "training.kubeflow.org/operator-name": "tfjob-controller" } },
    });
    assert.equal(tf.kind, "TFJob");
  });

  it("a pod that no node takes tells what it asks for", () => {
    const asks = (amount: string): object => ({ resources: { requests: { "nvidia.com/gpu": amount, memory: "1Gi" } } });
    const read = projectPod({
      metadata: { name: "x" },
      ...{
        spec: {
          containers: [
            { name: "a", ...asks("1") },
            { name: "b", ...asks("2") },
          ],
        },
        status: { conditions: [{ type: "PodScheduled", status: "False", message: "0/1 nodes are available" }] },
      },
    });
    assert.deepEqual(read.needs, { "nvidia.com/gpu": "3", memory: "2Gi" });
  });

  it("messages of any size are cut down to what may be kept", () => {
    const message = "x".repeat(100_000);
    const event = projectEvent({ metadata: { name: "x" }, ...{ message } });
    assert.equal(event.message.length, 2_000);
    const failed = projectPyTorchJob({
      metadata: { name: "x" },
      ...{ status: { conditions: [{ type: "Failed", status: "True", message }] } },
    });
    assert.equal(failed.message?.length, 2_000);
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
            "trainer",
            "resourcesPerNode",
            "limits",
            "jobsStatus",
            "replicatedJobs",
            "metadata",
            "labels",
          ),
          maxDepth: 5,
        }),
        (body) => {
          const object = { ...body, metadata: { name: "x" } };
          const jobs = JOB_KINDS.map((info) => info.jobs.project);
          for (const project of [...jobs, projectJobSet, projectBatchJob, projectPod, projectEvent]) project(object);
        },
      ),
    );
  });
});
