import assert from "node:assert/strict";
import fs from "node:fs/promises";
import { systemClock } from "../../src/core/clock.ts";
import { POD } from "../../src/kubeflow/kinds/pod.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { until } from "../editor/until.ts";
import { createRaw, follow, followToEnd, Recorder, WORDS } from "./recorder.ts";
import {
  Cleanup,
  deleteJob,
  find,
  kubeconfigOf,
  launchFile,
  makeNamespace,
  openRig,
  podLog,
  RESOURCE_QUOTA,
  type Rig,
  storesOf,
  writeProject,
} from "./support.ts";

const WHO = 'import os; print(f\'rank {os.environ["RANK"]} of {os.environ["WORLD_SIZE"]}\')';
/** Of lines that count from 0: the first that is not its turn. */
const firstOutOfOrder = (lines: readonly string[]): string | undefined =>
  lines.find((line, index) => line.trim() !== String(index));
/** A worker's word to the master, who listens as soon as it is there. */
const CALL_MASTER = [
  "import os, socket, time",
  "while True:",
  '    try: socket.create_connection((os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])), 5); break',
  "    except OSError: time.sleep(0.2)",
].join("\n");
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

  /**
   * All that the node has of a program that counts. Not all that was written: containerd waits 2 s for the output of what
   * has ended and then drops the rest (1.6, pkg/process/init.go, Init.delete), which a disk that stalls was seen to cost.
   */
  async function linesOnNode(pod: string): Promise<readonly string[]> {
    const lines = (await podLog(rig.client, namespace, pod)).replace(/\n$/, "").split("\n");
    assert.ok(lines.length > 5_000);
    assert.equal(firstOutOfOrder(lines.slice(0, -1)), undefined);
    return lines;
  }

  it("gives every rank's lines under its own number, into the sink and the file alike", async () => {
    const target = await createRaw(rig, {
      name: "ranks",
      namespace,
      // The master's end is the job's: it waits for those who come to it.
      master: `${WHO}\nimport os, socket; s = socket.create_server(("", int(os.environ["MASTER_PORT"]))); [s.accept() for _ in range(2)]`,
      worker: `${WHO}\n${CALL_MASTER}`,
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

  it("moves a bar of one line while it is drawn, and has it once in the file", async () => {
    // A runtime gives an open line away in parts of 16 KB.
    const master = [
      "import sys, time",
      "for i in range(1, 1001):",
      "    sys.stdout.write(f'\\r{i:5d}/1000 ' + '#' * 50)",
      "    if i % 250 == 0: sys.stdout.flush(); time.sleep(1)",
      "print()",
    ].join("\n");
    const target = await createRaw(rig, { name: "bar", namespace, master });
    const drawn: string[] = [];
    const recorder = new Recorder();
    const { verdict, log } = await rig.engine.follow(rig.context, target, recorder, new AbortController().signal, {
      ...WORDS,
      onLog: () => undefined,
      onBars: (bars) => drawn.push(...bars.map(({ source, text }) => `${source} ${text}`)),
    });
    await log.close();
    assert.equal(verdict.outcome, "succeeded");
    assert.ok(new Set(drawn).size >= 2, `drawn: ${drawn.join(", ")}`);
    for (const bar of drawn) assert.match(bar, /^0 +\d+\/1000 #{50}$/);
    assert.equal(recorder.of(0).length, 1);
    const lines = (await fs.readFile(log.path, "utf8")).split("\n").filter((line) => line.startsWith("0 │ "));
    assert.deepEqual(lines, [`0 │  1000/1000 ${"#".repeat(50)}`]);
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
    const lines = await linesOnNode("over-master-0");
    assert.deepEqual(recorder.of(0), lines);
    assert.equal(result.verdict.outcome, "succeeded");
    const only = follow(rig, { ...target, source: 0 });
    assert.equal((await only.result).verdict.outcome, "succeeded");
    assert.equal(only.recorder.records.length, lines.length);
  });

  it("reads a log to its end for a sink that is slower than the job's aftermath", async () => {
    // Less than the 10 MiB after which a node rotates: what a rotation loses behind a reader's back, nobody can have.
    const target = await createRaw(rig, {
      name: "slow-sink",
      namespace,
      master: "for i in range(90000): print(f'{i:>60}')",
    });
    const { recorder, result } = follow(rig, target);
    let held = 0;
    // A terminal that is behind: together longer than any pause that the follower grants.
    recorder.pause = () => (held++ < 26 ? systemClock.sleep(500) : Promise.resolve());
    const { verdict } = await result;
    assert.equal(verdict.outcome, "succeeded");
    assert.deepEqual(recorder.gaps, []);
    assert.deepEqual(recorder.of(0), await linesOnNode("slow-sink-master-0"));
  });

  it("goes on through a rotation by the node, which cuts a line in two", async () => {
    const target = await createRaw(rig, {
      name: "rotated",
      namespace,
      // The pause is inside a line, as a rotation is for unbuffered Python most of the time.
      master: [
        "import sys, time",
        "for i in range(100000): print(f'{i:>60}')",
        "sys.stdout.write(' 100000'); time.sleep(12); print()",
        "for i in range(100001, 101000): print(f'{i:>60}')",
        // What containerd has not copied 2 s after the end is dropped.
        "sys.stdout.flush(); time.sleep(3)",
      ].join("\n"),
    });
    const { recorder } = await followToEnd(rig, target);
    assert.deepEqual(recorder.gaps, []);
    assert.equal(recorder.records.length, 101_000);
    assert.equal(firstOutOfOrder(recorder.of(0)), undefined);
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

  it("says the same where the log of the pod alone is opened", async () => {
    const containers = [{ name: "main", image: "trainyard.local/missing:1" }];
    const metadata = { name: "lonely", namespace };
    await rig.client.create<KubeObject>(POD, { apiVersion: "v1", kind: "Pod", metadata, ...{ spec: { containers } } });
    const told = Promise.withResolvers<string>();
    const stop = new AbortController();
    const at = { namespace, pod: "lonely", container: "main" };
    const onWait = (why: string): void => (why === "" ? undefined : told.resolve(why));
    // The node may not know the pod yet: then it says that it tries once more, which is no line.
    const read = async (): Promise<number> => {
      let lines = 0;
      for await (const events of rig.engine.podLog(rig.context, at, 10, stop.signal, onWait))
        lines += events.filter(({ type }) => type === "line").length;
      return lines;
    };
    const lines = read();
    assert.match(await told.promise, /^the image cannot be pulled/);
    stop.abort();
    assert.equal(await lines, 0);
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
