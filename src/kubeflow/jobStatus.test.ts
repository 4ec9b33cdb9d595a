import assert from "node:assert/strict";
import { jobSummary } from "./jobStatus.ts";
import type { JobEvent, JobPod, TrainingJob } from "./model.ts";
import { container, job, pod, warning } from "./testing/objects.ts";

const NOW = 15 * 60_000;
const worker = (change: Partial<JobPod> = {}): JobPod => pod({ role: "worker", ...change });
const ended = (exitCode: number, more: object = {}): Partial<JobPod> => ({
  phase: exitCode === 0 ? "Succeeded" : "Failed",
  containers: [container({ state: "terminated", exitCode, reason: exitCode === 0 ? "Completed" : "Error", ...more })],
});
const trainJob = (change: Partial<TrainingJob> = {}): TrainingJob =>
  job({
    kind: "TrainJob",
    name: "llm",
    condition: undefined,
    reason: undefined,
    started: undefined,
    replicas: [
      { role: "dataset-initializer", count: 1, gpus: 0, firstRank: undefined },
      { role: "node", count: 2, gpus: 1, firstRank: 0 },
    ],
    ...change,
  });
const MPI = [
  { role: "Launcher", count: 1, gpus: 0, firstRank: undefined },
  { role: "Worker", count: 1, gpus: 1, firstRank: 0 },
];
const mpiPod = (role: string, change: Partial<JobPod> = {}): JobPod =>
  pod({ kind: "MPIJob", role, containers: [container({ name: "mpi" })], ...change });
const trainPod = (role: string, index: number): JobPod =>
  pod({ kind: "TrainJob", job: "llm", role, index, containers: [container({ name: role })] });
const QUOTA =
  'Error creating: pods "bert-master-0" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=3, limited: requests.nvidia.com/gpu=4';

/** What a row says for a job, its pods and warnings; a state with all that a person needs of it. */
const TABLE: readonly (readonly [what: string, TrainingJob, readonly JobPod[], readonly JobEvent[], says: string])[] = [
  ["running", job(), [pod(), worker()], [], "Running · 2 nodes × 1 GPU · for 14 min"],
  [
    "one rank not yet there",
    job(),
    [pod(), worker({ node: undefined, phase: "Pending", containers: [container({ state: "waiting" })] })],
    [],
    "Running · rank 1: not scheduled yet · for 14 min",
  ],
  [
    "one rank finds no node with what it alone asks for",
    job({
      replicas: [
        { role: "Master", count: 1, gpus: 0, firstRank: 0 },
        { role: "Worker", count: 2, gpus: 2, firstRank: 1 },
      ],
    }),
    [
      pod(),
      worker({
        node: undefined,
        phase: "Pending",
        needs: { "nvidia.com/gpu": "2" },
        unschedulable: "0/5 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) were unschedulable.",
        containers: [],
      }),
    ],
    [],
    "Running · 1 of 3 ranks run, rank 1: needs 2 × GPU, not free · for 14 min",
  ],
  [
    "a container between its end and its next start says what it says in the pause",
    job({ kind: "PyTorchJob", condition: "Restarting" }),
    [pod({ containers: [container({ state: "terminated", exitCode: 1, reason: "Error", restarts: 2 })] }), worker()],
    [],
    "Restarting · rank 0 keeps crashing: exit code 1 · 2 restarts in 14 min",
  ],
  [
    "longer than its deadline, whatever its ranks say of it",
    job({
      condition: "Failed",
      finished: NOW,
      reason: "PyTorchJobFailed",
      message: "Job bert has failed because it was active longer than specified deadline",
    }),
    [pod(ended(143))],
    [],
    "Failed · it ran longer than its deadline allows · just now",
  ],
  [
    "no node with enough GPUs",
    job({ condition: "Created" }),
    [
      pod({
        node: undefined,
        phase: "Pending",
        unschedulable:
          "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 2 Insufficient memory. preemption: none",
        containers: [],
      }),
    ],
    [],
    "Waiting · rank 0: needs GPUs and memory, not free · for 15 min",
  ],
  [
    "image cannot be pulled",
    job({ condition: "Created" }),
    [
      pod({
        phase: "Pending",
        containers: [container({ state: "waiting", reason: "ImagePullBackOff", message: "Back-off pulling image x" })],
      }),
    ],
    [],
    "Waiting · rank 0: the image cannot be pulled · for 15 min",
  ],
  [
    "image is being pulled",
    job({ condition: "Created" }),
    [pod({ phase: "Pending", containers: [container({ state: "waiting", reason: "ContainerCreating" })] })],
    [],
    "Starting · rank 0 on gpu-1 · for 15 min",
  ],
  [
    "quota forbids its pods",
    job({ condition: "Created" }),
    [],
    [warning(QUOTA)],
    "Waiting · the quota gpus allows 4 GPUs (3 in use, it asks for 2) · for 15 min",
  ],
  [
    "another job's warning says nothing",
    job({ condition: "Created", replicas: [] }),
    [],
    [warning(QUOTA, { aboutUid: "other" })],
    "Waiting · 0 nodes · for 15 min",
  ],
  ["suspended by a person", job({ condition: "Suspended", suspended: true }), [], [], "Suspended · 2 nodes × 1 GPU"],
  [
    "held by a queue",
    job({ condition: "Suspended", suspended: true, queue: "gpu-queue" }),
    [],
    [],
    "Queued · in gpu-queue · for 15 min",
  ],
  ["being deleted", job({ deleting: true }), [pod({ deleting: true })], [], "Stopping · being deleted · 1 pod left"],
  [
    "a rank has failed, the operator has not noticed",
    job(),
    [pod(ended(1)), worker()],
    [],
    "Running · rank 0: ended with exit code 1 · for 14 min",
  ],
  [
    "the leader finds no node, another was evicted",
    job(),
    [
      pod({
        node: undefined,
        phase: "Pending",
        containers: [],
        unschedulable: "0/3 nodes are available: 3 Insufficient cpu.",
      }),
      worker({ phase: "Failed", reason: "Evicted", containers: [] }),
    ],
    [],
    "Waiting · rank 0: needs CPUs, not free · for 15 min",
  ],
  [
    "every rank has failed, the operator has not noticed",
    job(),
    [pod(ended(1)), worker(ended(1))],
    [],
    "Restarting · rank 0: ended with exit code 1 · started 14 min ago",
  ],
  [
    "an MPIJob's launcher leads and is no rank",
    job({ kind: "MPIJob", replicas: MPI }),
    [mpiPod("launcher", ended(1)), mpiPod("worker")],
    [],
    "Running · launcher: ended with exit code 1 · for 14 min",
  ],
  [
    "an MPIJob's workers run and its launcher does not yet",
    job({ kind: "MPIJob", replicas: MPI }),
    [mpiPod("launcher", { node: undefined, phase: "Pending", containers: [] }), mpiPod("worker")],
    [],
    "Starting · launcher: not scheduled yet · for 15 min",
  ],
  [
    "restarting",
    job({ condition: "Restarting" }),
    [pod(ended(1)), worker()],
    [],
    "Restarting · rank 0: ended with exit code 1 · started 14 min ago",
  ],
  [
    "crashing over and over",
    job(),
    [
      pod({
        containers: [
          container({
            state: "waiting",
            reason: "CrashLoopBackOff",
            restarts: 4,
            last: { exitCode: 1, reason: "Error" },
          }),
        ],
      }),
      worker(),
    ],
    [],
    "Restarting · rank 0 keeps crashing: exit code 1 · 4 restarts in 14 min",
  ],
  [
    "a volume that cannot be mounted",
    job({ condition: "Created" }),
    [pod({ phase: "Pending", containers: [container({ state: "waiting", reason: "ContainerCreating" })] }), worker()],
    [
      warning('MountVolume.SetUp failed for volume "x" : secret "hub" not found', {
        reason: "FailedMount",
        aboutKind: "Pod",
        aboutUid: "pod-master-0",
      }),
    ],
    "Starting · rank 0: Secret hub is missing · for 15 min",
  ],
  [
    "the rank that failed first is named",
    job({ condition: "Failed", finished: NOW }),
    [pod(ended(1, { ended: 2000 })), worker(ended(139, { ended: 1000 }))],
    [],
    "Failed · rank 1: crashed in native code (SIGSEGV) · just now",
  ],
  [
    "what the operator says of a template stands in nobody's way",
    job({ condition: "Created" }),
    [],
    [warning("Restart policy in pod template will be overwritten", { reason: "SettedPodTemplateRestartPolicy" })],
    "Waiting · 2 nodes × 1 GPU · for 15 min",
  ],
  [
    "a row of a table",
    job({ condition: "Running", partial: true, replicas: [], uid: "" }),
    [],
    [],
    "Running · made 15 min ago",
  ],
  [
    "a TrainJob with an initializer at work",
    trainJob(),
    [trainPod("dataset-initializer", 0)],
    [],
    "Starting · dataset-initializer runs · for 15 min",
  ],
  [
    "a TrainJob that runs and tells its progress",
    trainJob({ progress: 40, restarts: 2 }),
    [trainPod("node", 0), trainPod("node", 1)],
    [],
    "Running · 2 nodes × 1 GPU · 40 % · 2 restarts in 15 min",
  ],
  [
    "a TrainJob whose Job may make no pods",
    trainJob(),
    [],
    [warning(QUOTA, { aboutKind: "Job", aboutName: "llm-node-0", aboutUid: "batch", reason: "FailedCreate" })],
    "Waiting · the quota gpus allows 4 GPUs (3 in use, it asks for 2) · for 15 min",
  ],
  [
    "succeeded",
    job({ condition: "Succeeded", finished: 373_000 }),
    [pod(ended(0))],
    [],
    "Succeeded · 2 nodes × 1 GPU · took 6 min 12 s · 8 min ago",
  ],
  [
    "script raised",
    job({ condition: "Failed", finished: NOW - 7_200_000 }),
    [pod(), worker(ended(1))],
    [],
    "Failed · rank 1: ended with exit code 1 · 2 h ago",
  ],
  [
    "out of memory",
    job({ condition: "Failed", finished: NOW }),
    [pod(), worker(ended(137, { reason: "OOMKilled", memoryLimit: "32Gi" }))],
    [],
    "Failed · rank 1: out of memory (32 Gi) · just now",
  ],
  [
    "evicted",
    job({ condition: "Failed", finished: NOW }),
    [pod({ phase: "Failed", reason: "Evicted", message: "The node was low on disk", containers: [] })],
    [],
    "Failed · rank 0: evicted: The node was low on disk · just now",
  ],
  [
    "failed with its pods gone",
    job({
      condition: "Failed",
      finished: NOW,
      reason: "PyTorchJobFailed",
      message: "PyTorchJob bert is failed because 1 Worker replica(s) failed.",
    }),
    [],
    [],
    "Failed · 1 Worker replica failed · just now",
  ],
];

describe("what a row says of a job", () => {
  for (const [what, of, pods, warnings, says] of TABLE) {
    it(what, () => {
      const { state, detail } = jobSummary(of, pods, warnings, NOW);
      assert.equal(`${state} · ${detail}`, says);
    });
  }

  it("new, nobody has seen it: waits, with its size", () => {
    const summary = jobSummary(job({ condition: undefined, started: undefined }), [], [], 0);
    assert.deepEqual(summary, { state: "Waiting", detail: "2 nodes × 1 GPU · for a moment", troubled: false });
  });

  it("a pod of an earlier job of the same name is not counted", () => {
    const old = pod({ ...ended(1), created: -60_000 });
    assert.equal(jobSummary(job({ condition: "Created" }), [old], [], NOW).state, "Waiting");
  });

  it("hostile text stays a short plain line", () => {
    const { detail } = jobSummary(
      job({ condition: "Failed", finished: NOW, message: `a\u001b]0;x\u0007\n${"b".repeat(500)}` }),
      [],
      [],
      NOW,
    );
    // eslint-disable-next-line no-control-regex -- the point of the test
    assert.doesNotMatch(detail, /[\u0000-\u001f]/);
    assert.ok(detail.length < 120);
  });

  it("where pods are not known, its own conditions count", () => {
    const states = [
      job(),
      job({ condition: "Restarting" }),
      job({ condition: "Created" }),
      job({ suspended: true }),
    ].map((of) => jobSummary(of, [], [], NOW, { podsKnown: false, podsRefused: true }));
    assert.deepEqual(
      states.map(({ state }) => state),
      ["Running", "Restarting", "Waiting", "Suspended"],
    );
    assert.equal(states[0]?.detail, "2 nodes × 1 GPU · for 14 min");
  });

  it("of v1 too it is said that pods cannot be read, and nothing while they are only not read yet", () => {
    const created = job({ condition: "Created" });
    const details = [true, false].map(
      (podsRefused) => jobSummary(created, [], [], NOW, { podsKnown: false, podsRefused }).detail,
    );
    const size = "2 nodes × 1 GPU · for 15 min";
    assert.deepEqual(details, [`its pods cannot be read · ${size}`, size]);
  });

  it("a TrainJob without its pods is not known, and a job of v1 says what its conditions say", () => {
    assert.deepEqual(jobSummary(trainJob(), [], [], NOW, { podsKnown: false, podsRefused: true }), {
      state: "Unknown",
      detail: "its pods cannot be read · 2 nodes × 1 GPU",
      troubled: false,
    });
  });

  it("trouble is told though the job goes on", () => {
    assert.equal(jobSummary(job(), [pod(), worker(ended(1))], [], NOW).troubled, true);
    assert.equal(jobSummary(job(), [pod(), worker()], [], NOW).troubled, false);
  });

  it("a pod of another kind's job, or of another job, of the same name is not counted", () => {
    const stateOf = (of: TrainingJob, own: JobPod): string => jobSummary(of, [own], [], NOW).state;
    const created = job({ condition: "Created" });
    assert.equal(stateOf({ ...created, kind: "TFJob" }, pod()), "Waiting");
    assert.deepEqual(
      [stateOf(created, pod({ owner: "other" })), stateOf(created, pod({ owner: "u1" }))],
      ["Waiting", "Running"],
    );
  });
});
