// Files as TrainJobs: on the real Trainer and JobSet, and on their shipped runtimes.
import assert from "node:assert/strict";
import { codeName } from "../../src/jobs/index.ts";
import { kindOf } from "../../src/kubeflow/jobKinds.ts";
import { TRAIN_JOB } from "../../src/kubeflow/kinds/trainJob.ts";
import { record } from "../../src/kubeflow/read.ts";
import { until } from "../editor/until.ts";
import { followToEnd } from "./recorder.ts";
import {
  choice,
  Cleanup,
  CONFIG_MAP,
  DDP,
  deleteJob,
  find,
  kubeconfigOf,
  launchFile,
  makeNamespace,
  openRig,
  PYTHON,
  type Rig,
  TORCH,
  writeProject,
} from "./support.ts";

const KIND = { kind: "TrainJob" } as const;

describe("launching a TrainJob on a real cluster", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "launch-train");
  });

  after(() => cleanup.run());

  it("is what a cluster runs that has both kinds only when it is asked for", async () => {
    assert.deepEqual(await rig.engine.launchKinds(rig.context), ["PyTorchJob", "TrainJob"]);
    const runtimes = await rig.engine.jobs.listRuntimes(rig.client, namespace);
    assert.equal(runtimes[0]?.name, "torch-distributed");
    const names = runtimes.map(({ name }) => name);
    assert.ok(names.includes("deepspeed-distributed"), names.join());
    assert.ok(!names.some((name) => name.startsWith("torchtune")), "those train by themselves");
  });

  it("runs a file with its package in its own folder, owned and labelled, and takes everything with it", async () => {
    const file = await writeProject(cleanup, {
      "train.py": "import os, sys\nfrom pkg.words import GREETING\nprint(GREETING, os.getcwd(), *sys.argv[1:])\n",
      "pkg/__init__.py": "",
      "pkg/words.py": 'GREETING = "good morning"\n',
    });
    const { plan, job } = await launchFile(rig, file, namespace, { ...KIND, image: PYTHON, args: ["$(HOME)", "a b"] });
    const { recorder, result } = await followToEnd(rig, job);
    assert.equal(result.verdict.outcome, "succeeded", JSON.stringify(recorder.records));
    assert.deepEqual(recorder.of(0), ["good morning /opt/trainyard/code $(HOME) a b"]);

    const root = await rig.client.get(TRAIN_JOB, job.name, namespace);
    assert.equal(root.metadata.labels?.["trainyard/launch-id"], plan.spec.id);
    assert.equal(record(record(root)["spec"])["suspend"], false);
    const code = await rig.client.get(CONFIG_MAP, codeName(plan.spec), namespace);
    assert.deepEqual(
      code.metadata.ownerReferences?.map(({ uid, kind }) => [kind, uid]),
      [["TrainJob", job.uid]],
    );
    const found = await rig.engine.findJob(rig.context, job);
    assert.ok(found !== undefined && rig.engine.isMine(found));
    await deleteJob(rig, found);
    await until(
      "its code to go",
      () => find(rig.client, CONFIG_MAP, codeName(plan.spec), namespace),
      (left) => left === undefined,
    );
  });

  it("trains over two nodes with the image of its runtime, with the ranks that the Trainer gives", async () => {
    const file = await writeProject(cleanup, {
      "ddp.py": DDP,
    });
    const size = { nodes: 2, gpusPerNode: 0, processesPerNode: 1 };
    const { plan, job } = await launchFile(rig, file, namespace, { ...KIND, size, image: "" });
    assert.equal(plan.spec.runtime?.name, "torch-distributed");
    const { recorder, result } = await followToEnd(rig, job);
    assert.equal(result.verdict.outcome, "succeeded", JSON.stringify(recorder.records));
    for (const rank of [0, 1])
      assert.ok(
        recorder.of(rank).some((line) => /^node \d rank \d of 2 sum 3$/.test(line)),
        `rank ${rank}: ${recorder.of(rank).join("\n")}`,
      );
  });

  it("is known for one that has run where somebody has stopped it since", async () => {
    const file = await writeProject(cleanup, { "wait.py": "import time\nprint('on', flush=True)\ntime.sleep(600)\n" });
    const { job } = await launchFile(rig, file, namespace, { ...KIND, image: PYTHON });
    const { isUnstarted } = kindOf("TrainJob");
    await rig.engine.stopJob(rig.context, job);
    const stopped = await rig.client.get(TRAIN_JOB, job.name, namespace);
    assert.equal(record(record(stopped)["spec"])["suspend"], true);
    assert.equal(isUnstarted(stopped), false);
    await rig.engine.resumeJob(rig.context, job);
    await deleteJob(rig, { ...job, kind: "TrainJob" });
  });

  it("says that a runtime has gone, and that an image has no such program", async () => {
    const file = await writeProject(cleanup, { "x.py": "print(1)\n" });
    const gone = choice(rig, namespace, { ...KIND, runtime: { kind: "TrainingRuntime", name: "mine" } });
    await assert.rejects(rig.engine.jobs.plan(file, gone, rig.client), {
      code: "no-runtime",
      message: /There is no TrainingRuntime mine any more\. Choose another kind or runtime/,
    });
    // Two nodes want torchrun, which this image does not have.
    const size = { nodes: 2, gpusPerNode: 0, processesPerNode: 1 };
    const { job } = await launchFile(rig, file, namespace, { ...KIND, size, image: PYTHON });
    const { recorder, result } = await followToEnd(rig, job);
    assert.equal(result.verdict.outcome, "failed");
    assert.ok(
      recorder.of(0).some((line) => /^trainyard: torchrun cannot be started in this image: No such file/.test(line)),
      recorder.of(0).join("\n"),
    );
  });

  it("is refused by the cluster's own rules before anything is made", async () => {
    const file = await writeProject(cleanup, { "x.py": "print(1)\n" });
    const plan = await rig.engine.jobs.plan(file, choice(rig, namespace, { ...KIND, image: TORCH }), rig.client);
    const named = { ...plan.spec, env: [{ name: "PET_NNODES", value: "3" }] };
    await assert.rejects(rig.engine.jobs.launcher.preflight(named, plan.snapshot, rig.client), {
      code: "webhook-refused",
      message: /PET_NNODES/,
    });
  });
});
