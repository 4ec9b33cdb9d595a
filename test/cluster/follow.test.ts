import assert from "node:assert/strict";
import fs from "node:fs/promises";
import { systemClock } from "../../src/core/clock.ts";
import { POD } from "../../src/kubeflow/kinds/pod.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { until } from "../editor/until.ts";
import { createRaw, follow, followToEnd } from "./recorder.ts";
import {
  Cleanup,
  deleteJob,
  find,
  kubeconfigOf,
  launchFile,
  makeNamespace,
  openRig,
  RESOURCE_QUOTA,
  type Rig,
  storesOf,
  writeProject,
} from "./support.ts";

const WHO = 'import os; print(f\'rank {os.environ["RANK"]} of {os.environ["WORLD_SIZE"]}\')';
const WAIT = "import time\nprint('begun', flush=True)\ntime.sleep(600)";

describe("following a job", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "follow");
  });

  after(() => cleanup.run());

  it("gives every rank's lines under its own number, into the sink and the file alike", async () => {
    const target = await createRaw(rig, {
      name: "ranks",
      namespace,
      master: `${WHO}\nimport time; time.sleep(4)`,
      worker: WHO,
      workers: 2,
    });
    const { recorder, result } = await followToEnd(rig, target);
    for (const rank of [0, 1, 2]) assert.deepEqual(recorder.of(rank), [`rank ${rank} of 3`]);
    assert.deepEqual(result.verdict, {
      outcome: "succeeded",
      took: result.verdict.took,
      reason: "",
      neverStarted: [],
      stillRunning: [],
    });
    assert.match(result.verdict.took, /^\d+ s$/);
    const lines = (await fs.readFile(result.log.path, "utf8")).trimEnd().split("\n");
    assert.equal(lines[0], "▶ header");
    const logged = lines.filter((line) => /^\d │ /.test(line)).sort();
    assert.deepEqual(logged, recorder.records.map(({ source, text }) => `${source} │ ${text}`).sort());
    assert.ok(recorder.statuses.every(({ text }) => lines.some((line) => line.endsWith(text))));
  });

  it("reads a job that has already ended to its last line", async () => {
    const target = await createRaw(rig, { name: "over", namespace, master: "for i in range(20000): print(i)" });
    await until(
      "its end",
      () => rig.engine.findJob(rig.context, { namespace: namespace, name: target.name, uid: target.uid }),
      (job) => job?.condition === "Succeeded",
      30_000,
    );
    const { recorder, result } = await followToEnd(rig, target);
    assert.deepEqual(
      recorder.of(0),
      Array.from({ length: 20_000 }, (_, index) => String(index)),
    );
    assert.equal(result.verdict.outcome, "succeeded");
    const only = follow(rig, { ...target, source: 0 });
    assert.equal((await only.result).verdict.outcome, "succeeded");
    assert.equal(only.recorder.records.length, 20_000);
  });

  it("reads a log to its end for a sink that is slower than the job's aftermath", async () => {
    const target = await createRaw(rig, {
      name: "slow-sink",
      namespace,
      master: "for i in range(200000): print(f'{i:>60}')",
    });
    const { recorder, result } = follow(rig, target);
    let held = 0;
    // A terminal that is behind: together longer than any pause that the follower grants.
    recorder.pause = () => (held++ < 26 ? systemClock.sleep(500) : Promise.resolve());
    const { verdict } = await result;
    assert.equal(verdict.outcome, "succeeded");
    assert.equal(recorder.records.length, 200_000);
    assert.deepEqual(
      recorder
        .of(0)
        .map(Number)
        .find((value, index) => value !== index),
      undefined,
    );
  });

  it("names the exception of the rank that raised, with its place", async () => {
    const file = await writeProject(cleanup, {
      "train.py": "from model.net import forward\n\nprint('epoch 0')\nforward([1, 2])\n",
      "model/__init__.py": "",
      "model/net.py": "def forward(x):\n    if len(x) != 3:\n        raise ValueError('shapes differ')\n",
    });
    const { job } = await launchFile(rig, file, namespace);
    const { recorder, result } = await followToEnd(rig, job);
    assert.equal(result.verdict.outcome, "failed");
    assert.deepEqual(result.raised, { source: 0, text: "ValueError: shapes differ", path: "model/net.py", line: 3 });
    assert.equal(result.verdict.reason, "rank 0: ended with exit code 1");
    // Output and errors come through pipes of their own: which is first is not ours to say.
    assert.ok(recorder.of(0).includes("epoch 0"));
    assert.ok(recorder.of(0).includes("ValueError: shapes differ"));
  });

  it("ends when the job is suspended", async () => {
    const target = await createRaw(rig, { name: "paused", namespace, master: WAIT });
    const { recorder, result } = follow(rig, target);
    await recorder.heard(0, "begun");
    await rig.engine.stopJob(rig.context, target);
    const { verdict } = await result;
    assert.equal(verdict.outcome, "suspended");
    assert.deepEqual(verdict.neverStarted, []);
    const left = await rig.engine.findJob(rig.context, { namespace: namespace, name: target.name, uid: target.uid });
    assert.ok(left?.suspended === true);
    await until(
      "its pod to go",
      () => find(rig.client, POD, "paused-master-0", namespace),
      (pod) => pod === undefined,
    );
  });

  it("ends when the job is deleted", async () => {
    const target = await createRaw(rig, { name: "removed", namespace, master: WAIT, worker: WAIT, workers: 1 });
    const { recorder, result } = follow(rig, target);
    await Promise.all([recorder.heard(0, "begun"), recorder.heard(1, "begun")]);
    await deleteJob(rig, target);
    const { verdict } = await result;
    assert.equal(verdict.outcome, "deleted");
    assert.deepEqual([verdict.neverStarted, verdict.stillRunning], [[], []]);
  });

  it("leaves the job alone when somebody stops following", async () => {
    const target = await createRaw(rig, { name: "left", namespace, master: WAIT });
    const { recorder, result, stop } = follow(rig, target);
    await recorder.heard(0, "begun");
    stop.abort();
    await assert.rejects(result, { name: "CancelledError" });
    const job = await rig.engine.findJob(rig.context, { namespace: namespace, name: target.name, uid: target.uid });
    assert.ok(job !== undefined && rig.engine.isActive(job));
    await deleteJob(rig, target);
  });

  it("says why a pod finds no node", async () => {
    const target = await createRaw(rig, { name: "huge", namespace, master: WAIT, cpu: "1000" });
    const { recorder, result, stop } = follow(rig, target);
    await recorder.told(
      "the reason",
      ({ rank, state, text }) =>
        rank === 0 && state === "Waiting" && text === "needs 1000 CPUs (not free on the only node) → Show nodes",
    );
    stop.abort();
    await assert.rejects(result, { name: "CancelledError" });
    await deleteJob(rig, target);
  });

  it("says that an image cannot be pulled", async () => {
    const target = await createRaw(rig, {
      name: "no-image",
      namespace,
      master: WAIT,
      image: "trainyard.local/missing:1",
    });
    const { recorder, stop } = follow(rig, target);
    await recorder.told(
      "the reason",
      ({ rank, state, text }) =>
        rank === 0 && state === "Waiting" && /^the image cannot be pulled.* → Change the image$/.test(text),
    );
    stop.abort();
    await deleteJob(rig, target);
  });

  it("reports the rank that never began", async () => {
    const target = await createRaw(rig, {
      name: "half",
      namespace,
      master: "print('alone')",
      worker: WHO,
      workers: 1,
      workerImage: "trainyard.local/missing:1",
    });
    const { recorder, result } = await followToEnd(rig, target);
    assert.equal(result.verdict.outcome, "succeeded");
    assert.deepEqual(result.verdict.neverStarted, [1]);
    assert.deepEqual(recorder.of(0), ["alone"]);
    await deleteJob(rig, target);
  });

  it("says which quota keeps the pods away", async () => {
    const own = await makeNamespace(cleanup, rig.client, "quota");
    const quota = {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "no-pods", namespace: own },
      spec: { hard: { pods: "0" } },
    };
    await rig.client.create<KubeObject>(RESOURCE_QUOTA, quota);
    await until(
      "the quota to count",
      () => rig.client.get<KubeObject & { status?: { hard?: object } }>(RESOURCE_QUOTA, "no-pods", own),
      (made) => made.status?.hard !== undefined,
    );
    const target = await createRaw(rig, { name: "kept", namespace: own, master: WAIT });
    const { recorder, stop } = follow(rig, target);
    await recorder.told(
      "the quota",
      ({ rank, text }) =>
        rank === undefined && text === "the quota no-pods allows 0 pods (0 in use, this job asks for 1) → Change size",
    );
    stop.abort();
    await deleteJob(rig, target);
  });

  it("does not take a job that its open store has not heard of for a deleted one", async () => {
    const store = storesOf(rig.engine.cluster(rig.context), namespace).jobs;
    const held = store.hold();
    await store.settled();
    for (const round of [0, 1, 2, 3, 4]) {
      const target = await createRaw(rig, { name: `fresh-${round}`, namespace, master: "print('hello')" });
      const { result, stop } = follow(rig, target);
      const first = await Promise.race([
        result.then(({ verdict }) => verdict.outcome),
        until("the job to be known", () => Promise.resolve(store.items.has(target.uid)), Boolean),
      ]);
      assert.notEqual(first, "deleted");
      stop.abort();
      await rig.client.delete(PYTORCH_JOB, target.name, namespace, target.uid);
    }
    held.dispose();
  });
});
