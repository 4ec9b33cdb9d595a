// TrainJobs on the real Trainer and JobSet, in the states that a person meets.
import assert from "node:assert/strict";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { TRAIN_JOB } from "../../src/kubeflow/kinds/trainJob.ts";
import type { TrainingJob } from "../../src/kubeflow/model.ts";
import type { NamespaceJobs } from "../../src/kubeflow/namespaceJobs.ts";
import { until } from "../editor/until.ts";
import { follow, followToEnd } from "./recorder.ts";
import {
  byUid,
  Cleanup,
  deleteJob,
  kubeconfigOf,
  makeNamespace,
  openRig,
  PYTHON,
  RESOURCE_QUOTA,
  type Rig,
} from "./support.ts";

const WAIT = "import time; print('begun', flush=True); time.sleep(600)";
const SLOW_MS = 55_000;
const RUNTIME: ResourceKind = { ...TRAIN_JOB, plural: "trainingruntimes", kind: "TrainingRuntime" };

interface Step {
  readonly code: string;
  readonly nodes?: number;
  readonly image?: string;
  readonly resources?: object;
}

/** A replicated job of a runtime, whose pods stay as they ended. The container of a step that trains is called node. */
function part(name: string, step: string, code: string, more: object = {}): object {
  const container = step === "trainer" ? "node" : name;
  return {
    name,
    template: {
      ...(step === "" ? {} : { metadata: { labels: { "trainer.kubeflow.org/trainjob-ancestor-step": step } } }),
      spec: {
        backoffLimit: 0,
        template: {
          spec: {
            restartPolicy: "Never",
            terminationGracePeriodSeconds: 0,
            containers: [{ name: container, image: PYTHON, command: ["python3", "-u", "-c", code] }],
          },
        },
      },
    },
    ...more,
  };
}

describe("TrainJobs", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;
  let jobs: NamespaceJobs;

  const runtime = async (name: string, replicatedJobs: readonly object[], policy: object = {}): Promise<void> => {
    await rig.client.create<KubeObject>(RUNTIME, {
      apiVersion: "trainer.kubeflow.org/v1alpha1",
      kind: "TrainingRuntime",
      metadata: { name, namespace },
      ...{ spec: { mlPolicy: { numNodes: 1, ...policy }, template: { spec: { replicatedJobs } } } },
    });
  };

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "trainjobs");
    await runtime("plain", [part("node", "trainer", "print('runtime')")]);
    const after = { dependsOn: [{ name: "dataset-initializer", status: "Complete" }] };
    await runtime("with-data", [
      part("dataset-initializer", "dataset-initializer", "print('data is there')"),
      part("node", "trainer", "print('runtime')", after),
    ]);
    const mpi = {
      mpi: { numProcPerNode: 1, mpiImplementation: "OpenMPI", sshAuthMountPath: "/tmp/ssh", runLauncherAsNode: true },
    };
    const node = part("node", "", "import time; time.sleep(600)");
    await runtime("mpi", [part("launcher", "trainer", "print('launched')"), node], mpi);
    jobs = rig.engine.cluster(rig.context).jobs(namespace);
    cleanup.add(() => jobs.dispose());
  });

  after(() => cleanup.run());

  const create = async (name: string, { code, nodes, image = PYTHON, resources }: Step, more: object = {}) => {
    const made = await rig.client.create<KubeObject>(TRAIN_JOB, {
      apiVersion: "trainer.kubeflow.org/v1alpha1",
      kind: "TrainJob",
      metadata: { name, namespace },
      ...{
        spec: {
          runtimeRef: { name: "plain", kind: "TrainingRuntime" },
          trainer: {
            image,
            command: ["python3", "-u", "-c", code],
            ...(nodes === undefined ? {} : { numNodes: nodes }),
            ...(resources === undefined ? {} : { resourcesPerNode: resources }),
          },
          ...more,
        },
      },
    });
    return { namespace, name, uid: made.metadata.uid ?? "", kind: "TrainJob" } as const;
  };

  /** Waits until the row of a job says this. */
  const says = async (uid: string, pattern: RegExp): Promise<TrainingJob> => {
    const row = (): Promise<string> => {
      const job = byUid(jobs, uid);
      const { state, detail } = job === undefined ? { state: "", detail: "" } : jobs.summary(job);
      return Promise.resolve(`${state} · ${detail}`);
    };
    await until(`a row that says ${pattern}`, row, (now) => pattern.test(now), SLOW_MS);
    const job = byUid(jobs, uid);
    assert.ok(job !== undefined);
    return job;
  };

  const why = (job: TrainingJob): readonly string[] => jobs.why(job).map(({ text }) => text);

  it("its initializer and its nodes are followed, each under its own name", async () => {
    const code = "import os; print('node', os.environ['JOB_COMPLETION_INDEX'])";
    const ref = { runtimeRef: { name: "with-data", kind: "TrainingRuntime" } };
    const target = await create("data", { code, nodes: 2 }, ref);
    const { recorder, result } = await followToEnd(rig, target);
    assert.deepEqual(recorder.of("dataset-initializer"), ["data is there"]);
    assert.deepEqual([recorder.of(0), recorder.of(1)], [["node 0"], ["node 1"]]);
    assert.deepEqual(result.verdict, { ...result.verdict, outcome: "succeeded", neverStarted: [], stillRunning: [] });
    const job = await says(target.uid, /^Succeeded · 2 nodes · /);
    assert.deepEqual(
      jobs.replicas(job).map(({ source, pod }) => [source, pod?.phase]),
      [
        ["dataset-initializer", "Succeeded"],
        [0, "Succeeded"],
        [1, "Succeeded"],
      ],
    );
  });

  it("fails with the exit code of the node that failed", async () => {
    const code =
      "import os, time; i = int(os.environ['JOB_COMPLETION_INDEX']); time.sleep(0 if i else 5); raise SystemExit(3 * i)";
    const target = await create("fails", { code, nodes: 2 });
    const { result } = await followToEnd(rig, target);
    assert.equal(result.verdict.outcome, "failed");
    const job = await says(target.uid, /^Failed · rank 1: ended with exit code 3 · just now/);
    assert.equal(why(job)[0], "Rank 1 failed: ended with exit code 3.");
    assert.match(why(job).at(-1) ?? "", /back-off limit/);
  });

  it("is killed for its memory, with the limit", async () => {
    const resources = { limits: { memory: "48Mi" } };
    const target = await create("oom", { code: "x = bytearray(300_000_000)", resources });
    const job = await says(target.uid, /^Failed · rank 0: out of memory \(48 Mi\)/);
    assert.equal(why(job)[0], "Rank 0 failed: out of memory (48 Mi).");
  });

  it("waits for GPUs that no node has", async () => {
    const resources = { limits: { "nvidia.com/gpu": "2" } };
    const target = await create("gpus", { code: WAIT, resources });
    const job = await says(target.uid, /^Waiting · rank 0: needs 2 × GPU, not free · for/);
    assert.equal(jobs.why(job)[0]?.next?.id, "show-nodes");
    assert.deepEqual(
      job.replicas.map(({ role, gpus }) => [role, gpus]),
      [["node", 2]],
    );
  });

  it("has an image that cannot be pulled", async () => {
    const target = await create("image", { code: WAIT, image: "trainyard.local/missing:1" });
    const job = await says(target.uid, /^Waiting · rank 0: the image cannot be pulled \(/);
    assert.match(why(job)[0] ?? "", /^Rank 0 cannot start: the image trainyard\.local\/missing:1 cannot be pulled/);
  });

  it("is suspended, goes on, is stopped and deleted", async () => {
    const target = await create("held", { code: WAIT, nodes: 2 }, { suspend: true });
    await says(target.uid, /^Suspended · 2 nodes/);
    await rig.engine.resumeJob(rig.context, target);
    const job = await says(target.uid, /^Running · 2 nodes · for (a moment|1 min)/);
    assert.ok(job.started !== undefined);
    const { recorder, result } = follow(rig, { ...target, source: 1 });
    await recorder.heard(1, "begun");
    assert.deepEqual(recorder.of(0), []);
    await rig.engine.stopJob(rig.context, target);
    assert.equal((await result).verdict.outcome, "suspended");
    await says(target.uid, /^Suspended · 2 nodes/);
    await deleteJob(rig, target);
    await until(
      "it to go",
      () => Promise.resolve(byUid(jobs, target.uid)),
      (now) => now === undefined,
      SLOW_MS,
    );
  });

  it("shows the launcher of an MPI runtime as rank 0, and its nodes after it", async () => {
    const ref = { runtimeRef: { name: "mpi", kind: "TrainingRuntime" } };
    const target = await create("mpi", { code: WAIT, nodes: 2 }, ref);
    const job = await says(target.uid, /^(Running|Starting) · /);
    await until(
      "its launcher and node",
      () => Promise.resolve(jobs.replicas(byUid(jobs, target.uid) ?? job)),
      (replicas) => replicas.length === 2 && replicas.every(({ pod }) => pod !== undefined),
      SLOW_MS,
    );
    const places = jobs
      .replicas(byUid(jobs, target.uid) ?? job)
      .map(({ source, role, pod }) => [source, role, pod?.role]);
    assert.deepEqual(places, [
      [0, "launcher", "launcher"],
      [1, "node", "node"],
    ]);
    await deleteJob(rig, target);
  });

  it("runs longer than its deadline", async () => {
    const target = await create("late", { code: WAIT }, { activeDeadlineSeconds: 2 });
    const job = await says(target.uid, /^Failed · /);
    assert.equal(why(job).at(-1), "It ran longer than its deadline allows.");
  });

  /** A quota counts for nothing until its controller has taken it up. */
  const isHeld = (name: string): Promise<unknown> =>
    until(
      `quota ${name} to hold`,
      () => rig.client.get<KubeObject & { status?: { used?: object } }>(RESOURCE_QUOTA, name, namespace),
      ({ status }) => status?.used !== undefined,
    );

  it("whose pods a quota forbids says which, though only its Job was told", async () => {
    const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "no-gpus", namespace } };
    const made = await rig.client.create<KubeObject>(RESOURCE_QUOTA, {
      ...quota,
      ...{ spec: { hard: { "requests.nvidia.com/gpu": "2" } } },
    });
    await isHeld("no-gpus");
    const target = await create("quota", { code: WAIT, resources: { limits: { "nvidia.com/gpu": "3" } } });
    const job = await says(target.uid, /^Waiting · the quota no-gpus allows 2 GPUs/);
    assert.match(why(job)[0] ?? "", /^No pods can be made: the quota no-gpus allows 2 GPUs .*this job asks for 3\)\.$/);
    assert.equal(jobs.why(job)[0]?.next?.id, "change-size");
    await rig.client.delete(RESOURCE_QUOTA, "no-gpus", namespace, made.metadata.uid ?? "");
  });

  it("whose JobSet cannot be made says why, though its conditions say nothing", async () => {
    const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "no-sets", namespace } };
    const made = await rig.client.create<KubeObject>(RESOURCE_QUOTA, {
      ...quota,
      ...{ spec: { hard: { "count/jobsets.jobset.x-k8s.io": "1" } } },
    });
    await isHeld("no-sets");
    const target = await create("no-set", { code: WAIT });
    const job = await says(target.uid, /^Waiting · the quota no-sets allows 1 /);
    assert.match(why(job)[0] ?? "", /the quota no-sets allows 1 /);
    await rig.client.delete(RESOURCE_QUOTA, "no-sets", namespace, made.metadata.uid ?? "");
  });

  it("is told as far as may be read by who may not see its JobSet and Jobs", async () => {
    const rbac = (plural: string, kind: string): ResourceKind => ({
      group: "rbac.authorization.k8s.io",
      version: "v1",
      plural,
      kind,
      namespaced: true,
    });
    // As upstream's ClusterRole kubeflow-trainer-edit: nothing of JobSets and Jobs.
    const verbs = ["get", "list", "watch"];
    await rig.client.create<KubeObject>(rbac("roles", "Role"), {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "trains", namespace },
      ...{
        rules: [
          { apiGroups: ["trainer.kubeflow.org"], resources: ["trainjobs"], verbs },
          { apiGroups: [""], resources: ["pods", "events"], verbs },
        ],
      },
    });
    await rig.client.create<KubeObject>(rbac("rolebindings", "RoleBinding"), {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "trains", namespace },
      ...{
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "trains" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "narrow" }],
      },
    });
    const target = await create("seen", { code: WAIT, nodes: 2 });
    const narrow = await openRig(cleanup, kubeconfigOf("narrow"));
    const own = narrow.engine.cluster(narrow.context).jobs(namespace);
    cleanup.add(() => own.dispose());
    await until(
      "its state and its nodes",
      () => {
        const job = byUid(own, target.uid);
        const places = job === undefined ? [] : own.replicas(job).map(({ source }) => source);
        return Promise.resolve(job === undefined ? "" : `${own.summary(job).state} ${places.join()} ${own.state.kind}`);
      },
      (now) => now === "Running 0,1 live",
      SLOW_MS,
    );
    assert.deepEqual(
      own.forbidden.map(({ kind }) => kind).filter((kind) => kind === "TrainJob"),
      [],
    );
    await deleteJob(rig, target);
  });
});
