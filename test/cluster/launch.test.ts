import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { OUR_LABELS } from "../../src/kubeflow/labels.ts";
import { POD } from "../../src/kubeflow/kinds/pod.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";
import { record } from "../../src/kubeflow/read.ts";
import { codeName } from "../../src/jobs/index.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
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
  type Rig,
  TORCH,
  VERSION,
  writeProject,
} from "./support.ts";

const git = promisify(execFile);

/** The pods that an object's launch has now. */
async function podsOf(rig: Rig, namespace: string, launch: string): Promise<readonly KubeObject[]> {
  return (await rig.client.list(POD, { namespace, labelSelector: `${OUR_LABELS.launch}=${launch}` })).items;
}

describe("launching on a real cluster", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "launch");
  });

  after(() => cleanup.run());

  it("runs a file with its package from git, owned and labelled, and takes everything with it when deleted", async () => {
    const file = await writeProject(cleanup, {
      "train.py": "import sys\nfrom pkg.deep.words import GREETING\nprint(GREETING, *sys.argv[1:])\n",
      "pkg/__init__.py": "",
      "pkg/deep/__init__.py": "",
      "pkg/deep/words.py": 'GREETING = "good morning"\n',
    });
    const folder = path.dirname(file);
    const env = {
      ...process.env,
      GIT_AUTHOR_NAME: "a",
      GIT_AUTHOR_EMAIL: "a@b",
      GIT_COMMITTER_NAME: "a",
      GIT_COMMITTER_EMAIL: "a@b",
    };
    for (const args of [
      ["init", "-q"],
      ["add", "."],
      ["commit", "-q", "-m", "x"],
    ])
      await git("git", args, { cwd: folder, env });
    const commit = (await git("git", ["rev-parse", "HEAD"], { cwd: folder })).stdout.trim();

    const { plan, job } = await launchFile(rig, file, namespace, { args: ["$(HOME)", "a b", "$$", "--x=1"] });
    const { recorder, result } = await followToEnd(rig, job);
    assert.equal(result.verdict.outcome, "succeeded");
    assert.deepEqual(recorder.of(0), ["good morning $(HOME) a b $$ --x=1"]);

    const root = await rig.client.get(PYTORCH_JOB, job.name, namespace);
    const { labels = {}, annotations = {} } = root.metadata;
    assert.equal(labels["trainyard/launch-id"], plan.spec.id);
    assert.equal(labels["trainyard/owner"], rig.engine.jobs.owner);
    assert.equal(annotations["trainyard/script"], "train.py");
    assert.equal(annotations["trainyard/git-commit"], commit);
    assert.equal(annotations["trainyard/version"], VERSION);
    assert.equal(record(record(record(root)["spec"])["runPolicy"])["suspend"], false);
    const code = await rig.client.get(CONFIG_MAP, codeName(plan.spec), namespace);
    assert.deepEqual(
      code.metadata.ownerReferences?.map((owner) => owner.uid),
      [job.uid],
    );
    assert.equal(record(code)["immutable"], true);
    assert.equal((await podsOf(rig, namespace, plan.spec.id)).length, 1);

    const found = await rig.engine.findJob(rig.context, job);
    assert.ok(found !== undefined && rig.engine.isMine(found));
    await deleteJob(rig, found);
    await until(
      "the job to go",
      () => find(rig.client, PYTORCH_JOB, job.name, namespace),
      (left) => left === undefined,
    );
    await until(
      "its code to go",
      () => find(rig.client, CONFIG_MAP, codeName(plan.spec), namespace),
      (left) => left === undefined,
    );
    await until(
      "its pods to go",
      () => podsOf(rig, namespace, plan.spec.id),
      (left) => left.length === 0,
    );
  });

  it("deletes exactly the object that was meant", async () => {
    const file = await writeProject(cleanup, { "old.py": "print(1)\n" });
    const first = await launchFile(rig, file, namespace);
    await deleteJob(rig, first.job);
    await until(
      "the first to go",
      () => find(rig.client, PYTORCH_JOB, first.job.name, namespace),
      (left) => left === undefined,
    );
    const plan = await rig.engine.jobs.plan(file, choice(rig, namespace), rig.client);
    const second = await rig.engine.jobs.launcher.launch(
      { ...plan.spec, name: first.job.name },
      plan.snapshot,
      rig.client,
    );
    await assert.rejects(deleteJob(rig, first.job), { code: "replaced" });
    await assert.rejects(rig.engine.stopJob(rig.context, first.job), {
      code: "job-deleted",
      message: `${first.job.name} was not stopped. It was deleted meanwhile.`,
    });
    const left = await rig.engine.findJob(rig.context, { namespace: namespace, name: second.name, uid: second.uid });
    assert.ok(left !== undefined && !left.deleting && !left.suspended);
    assert.equal(
      await rig.engine.findJob(rig.context, { namespace: namespace, name: first.job.name, uid: first.job.uid }),
      undefined,
    );
  });

  it("sends more files than one launch usually has, with odd names and bytes that are no text", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`mods/m${index}.py`, `VALUE = ${index}\n`]),
    );
    const file = await writeProject(cleanup, {
      "sub folder/-räksmörgås train.py":
        "import importlib\nprint(sum(importlib.import_module(f'mods.m{i}').VALUE for i in range(300)))\nfrom latin import S\nprint(len(S))\n",
      "sub folder/mods/__init__.py": "",
      ...Object.fromEntries(Object.entries(many).map(([name, text]) => [`sub folder/${name}`, text])),
      "sub folder/latin.py": "# -*- coding: latin-1 -*-\nS = 'x'\n",
    });
    const { job } = await launchFile(rig, file, namespace);
    const { recorder, result } = await followToEnd(rig, job);
    assert.equal(result.verdict.outcome, "succeeded", recorder.of(0).join("\n"));
    assert.deepEqual(recorder.of(0), ["44850", "1"]);
  });

  it("trains over two nodes by torchrun, with the ranks that the operator gives", async () => {
    const file = await writeProject(cleanup, {
      "ddp.py": DDP,
    });
    const { job } = await launchFile(rig, file, namespace, {
      size: { nodes: 2, gpusPerNode: 0, processesPerNode: 1 },
      image: TORCH,
    });
    const { recorder, result } = await followToEnd(rig, job);
    assert.equal(result.verdict.outcome, "succeeded", JSON.stringify(recorder.records));
    for (const rank of [0, 1])
      assert.ok(
        recorder.of(rank).some((line) => /^node \d rank \d of 2 sum 3$/.test(line)),
        `rank ${rank}: ${recorder.of(rank).join("\n")}`,
      );
    assert.deepEqual(result.verdict.neverStarted, []);
  });
});
