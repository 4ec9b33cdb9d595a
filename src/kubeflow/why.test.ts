import assert from "node:assert/strict";
import type { NodeUse } from "./gpuUse.ts";
import { projectNode } from "./kinds/node.ts";
import type { JobEvent, JobPod, TrainingJob } from "./model.ts";
import { container, job, pod, warning } from "./testing/objects.ts";
import { whyOf } from "./why.ts";

const NOW = 60_000;
const worker = (index: number, change: Partial<JobPod> = {}): JobPod => pod({ role: "worker", index, ...change });
const wide = (change: Partial<TrainingJob> = {}): TrainingJob =>
  job({
    condition: "Created",
    replicas: [
      { role: "Master", count: 1, gpus: 1, firstRank: 0 },
      { role: "Worker", count: 4, gpus: 1, firstRank: 1 },
    ],
    ...change,
  });
const unplaced: Partial<JobPod> = {
  node: undefined,
  phase: "Pending",
  containers: [container({ state: "waiting" })],
  unschedulable: "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
  needs: { "nvidia.com/gpu": "2" },
};
const noImage: Partial<JobPod> = {
  phase: "Pending",
  containers: [
    container({ state: "waiting", reason: "ErrImagePull", image: "reg/x:1", message: "reg/x:1: not found" }),
  ],
};
const ended = (exitCode: number, at: number, more: object = {}): Partial<JobPod> => ({
  phase: "Failed",
  containers: [container({ state: "terminated", exitCode, reason: "Error", ended: at, ...more })],
});
const initWait: Partial<JobPod> = {
  phase: "Pending",
  containers: [
    container({ name: "init-pytorch", init: true }),
    container({ state: "waiting", reason: "PodInitializing" }),
  ],
};

type Row = readonly [what: string, TrainingJob, readonly JobPod[], readonly JobEvent[], says: readonly string[]];
const TABLE: readonly Row[] = [
  ["nothing where all is well", job(), [pod(), worker(0)], [], []],
  ["nothing of a job that has succeeded", job({ condition: "Succeeded" }), [], [warning("x")], []],
  [
    "the rank that failed first, then the others together, then the controller",
    wide({ condition: "Failed", message: "PyTorchJob bert is failed because 4 Worker replica(s) failed." }),
    [
      pod(ended(1, 3000)),
      worker(0, ended(1, 3000)),
      worker(1, ended(137, 1000, { reason: "OOMKilled", memoryLimit: "8Gi" })),
    ],
    [],
    [
      "change-size · Rank 2 failed first: out of memory (8 Gi).",
      "logs · Ranks 0 and 1 failed: ended with exit code 1.",
      "logs · 4 Worker replicas failed.",
    ],
  ],
  [
    "a deadline",
    job({ condition: "Failed", reason: "DeadlineExceeded", message: "TrainJob exceeded its active deadline" }),
    [],
    [],
    ["yaml · It ran longer than its deadline allows."],
  ],
  [
    "a back-off limit",
    job({ condition: "Failed", message: "Job bert has failed because it has reached the specified backoff limit" }),
    [],
    [],
    ["logs · Its pods failed as often as its back-off limit allows."],
  ],
  [
    "what keeps pods from being made, before all else",
    wide(),
    [pod(noImage)],
    [
      warning(
        'pods "x" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=3, limited: requests.nvidia.com/gpu=4',
      ),
    ],
    [
      "change-size · No pods can be made: the quota gpus allows 4 GPUs (3 in use, this job asks for 2).",
      "change-image · Rank 0 cannot start: the image reg/x:1 cannot be pulled: not found.",
    ],
  ],
  [
    "a rule of the cluster",
    wide(),
    [],
    [warning('violates PodSecurity "restricted:latest": runAsNonRoot != true')],
    ["ask-admin · No pods can be made: Pod Security restricted:latest forbids its pods: runAsNonRoot != true."],
  ],
  [
    "ranks of which the same is to be said, together; and who waits for them",
    wide({ condition: "Running" }),
    [pod(), worker(0), ...[1, 2, 3].map((index) => worker(index, unplaced))],
    [],
    [
      "show-nodes · Ranks 2, 3 and 4 find no node: needs 2 × GPU (not free on any of 3 nodes).",
      "wait · Ranks 0 and 1 wait for ranks 2, 3 and 4: needs 2 × GPU (not free on any of 3 nodes).",
    ],
  ],
  [
    "all wait for a leader that is not there",
    wide({ condition: "Running" }),
    [pod(unplaced), worker(0, initWait)],
    [],
    [
      "show-nodes · Rank 0 finds no node: needs 2 × GPU (not free on any of 3 nodes).",
      "wait · Rank 1 waits for rank 0, which needs 2 × GPU (not free on any of 3 nodes).",
    ],
  ],
  [
    "a rank without a pod is waited for too",
    job(),
    [worker(0)],
    [],
    ["wait · Rank 1 waits for rank 0, which has no pod yet."],
  ],
  [
    "a crash that is tried again",
    job(),
    [
      pod({
        containers: [
          container({ state: "waiting", reason: "CrashLoopBackOff", last: { exitCode: 1, reason: "Error" } }),
        ],
      }),
      worker(0, { phase: "Succeeded" }),
    ],
    [],
    ["logs · Rank 0 keeps crashing: exit code 1."],
  ],
  [
    "a rank whose node is lost",
    job(),
    [pod(), worker(0, { deleting: true, disruption: "DeletionByTaintManager" })],
    [],
    ["show-nodes · Rank 1 is taken away: its node was lost or closed."],
  ],
  [
    "a volume that cannot be mounted",
    job({ condition: "Created" }),
    [
      pod({ phase: "Pending", containers: [container({ state: "waiting", reason: "ContainerCreating" })] }),
      worker(0, initWait),
    ],
    [
      warning('references non-existent secret: configmap "conf" not found', {
        reason: "FailedMount",
        aboutKind: "Pod",
        aboutUid: "pod-master-0",
      }),
    ],
    [
      "events · Rank 0 cannot start: ConfigMap conf is missing.",
      "wait · Rank 1 waits for rank 0, which starts on gpu-1.",
    ],
  ],
  [
    "a person has stopped it",
    job({ suspended: true }),
    [],
    [],
    ["resume · It is suspended: somebody stopped it, or it was never let go."],
  ],
  [
    "a queue holds it",
    job({ suspended: true, queue: "gpu\u001b[2J" }),
    [],
    [],
    ["wait · It waits in the queue gpu until there is room."],
  ],
  [
    "it is being deleted",
    job({ deleting: true }),
    [pod()],
    [],
    ["wait · It is being deleted; 1 of its pods are still there."],
  ],
  [
    "the controller does nothing",
    job({ condition: undefined }),
    [],
    [],
    ["ask-admin · The training operator has made no pods for 2 nodes × 1 GPU yet: it may not be running."],
  ],
  [
    "a TrainJob whose parts cannot be made",
    job({ kind: "TrainJob", condition: undefined, replicas: [{ role: "node", count: 1, gpus: 0, firstRank: 0 }] }),
    [],
    [
      warning("TrainJob resources reconciliation failed: no such runtime", {
        reason: "TrainJobResourcesCreationFailed",
      }),
    ],
    ["events · Its parts cannot be made: TrainJob resources reconciliation failed: no such runtime."],
  ],
];

describe("why a job does not run as it should", () => {
  for (const [what, of, pods, events, says] of TABLE)
    it(what, () => {
      const reasons = whyOf(of, pods, events, NOW);
      assert.deepEqual(
        reasons.map(({ text, next }) => `${next?.id ?? ""} · ${text}`),
        says,
      );
    });

  it("keeps the system's own words beside its sentence, and the rank that it is about", () => {
    const [reason] = whyOf(wide(), [pod(unplaced)], [], NOW);
    assert.equal(reason?.detail, "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.");
    assert.equal(reason.source, 0);
    assert.deepEqual(reason.next, { id: "show-nodes", words: "Show nodes" });
  });

  it("says nothing of pods that may not be read", () => {
    assert.deepEqual(whyOf(wide(), [], [], NOW, { podsKnown: false }), []);
  });

  it("names up to three nodes, and what each has free", () => {
    const use = (name: string, total: number, used: number, ready = true): NodeUse => ({
      node: projectNode({
        metadata: { name },
        ...{ status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] } },
      }),
      ...{ counts: [], holders: [] },
      resources: [{ resource: "nvidia.com/gpu", noun: "GPU", total, used, free: ready ? total - used : 0 }],
    });
    const says = (...nodes: readonly NodeUse[]): string | undefined =>
      whyOf(wide(), [pod(unplaced)], [], NOW, { nodes })[0]?.text;
    const nodes = [use("gpu-b", 8, 8), use("gpu-a", 8, 7), use("cpu", 0, 0), use("gone", 8, 0, false)];
    assert.equal(says(...nodes), "Rank 0 finds no node: needs 2 × GPU: gpu-a has 1 free, gpu-b 0, gone 0.");
    assert.match(says(...nodes, use("x", 1, 1), use("y", 1, 1)) ?? "", /, gone 0, 2 others no more\.$/);
    assert.match(says() ?? "", /needs 2 × GPU \(not free on any of 3 nodes\)\.$/);
  });

  it("a thousand ranks make few reasons, and hostile texts short plain lines", () => {
    const bad = `\u001b]0;x\u0007\u202e${"b".repeat(100_000)}\n`;
    const many = wide({ replicas: [{ role: "Worker", count: 1000, gpus: 1, firstRank: 0 }] });
    const pods = Array.from({ length: 1000 }, (_, index) =>
      worker(index, { ...noImage, uid: `p${index}`, unschedulable: index % 2 === 0 ? bad : undefined, message: bad }),
    );
    const failed = whyOf({ ...many, condition: "Failed", message: bad, reason: bad }, [], [warning(bad)], NOW);
    const reasons = [...whyOf(many, pods, [warning(bad)], NOW), ...failed];
    assert.ok(reasons.length > 1 && reasons.length <= 10);
    for (const { text, detail = "" } of reasons) {
      // eslint-disable-next-line no-control-regex -- the point of the test
      assert.doesNotMatch(text + detail, /[\u0000-\u001f\u202e]/);
      assert.ok(text.length <= 300 && detail.length <= 600, text);
    }
  });
});
