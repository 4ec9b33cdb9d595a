import assert from "node:assert/strict";
import type { StoreState } from "../../src/kube/store.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";
import { until } from "../editor/until.ts";
import { FaultProxy } from "./faultProxy.ts";
import { createRaw, follow } from "./recorder.ts";
import {
  bendKubeconfig,
  Cleanup,
  deleteJob,
  kubeconfigOf,
  makeNamespace,
  openRig,
  type Rig,
  serverOf,
  storesOf,
} from "./support.ts";

describe("watching a cluster", () => {
  const cleanup = new Cleanup();
  let direct: Rig;
  let namespace: string;
  let proxy: FaultProxy;
  let proxied: string;

  before(async () => {
    direct = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, direct.client, "watch");
    proxy = await FaultProxy.start(await serverOf(kubeconfigOf("admin")));
    cleanup.add(() => proxy.stop());
    proxied = await bendKubeconfig(
      cleanup,
      kubeconfigOf("admin"),
      ({ cluster }) => (cluster["server"] = proxy.address),
    );
  });

  after(() => cleanup.run());

  it("asks nothing before a person looks, and then goes over one connection", async () => {
    const before = proxy.accepted;
    const rig = await openRig(cleanup, proxied);
    const cluster = rig.engine.cluster(rig.context);
    const stores = [storesOf(cluster, namespace).jobs, storesOf(cluster, namespace).pods, cluster.warnings(namespace)];
    assert.deepEqual(
      stores.map((store) => store.state.kind),
      ["idle", "idle", "idle"],
    );
    assert.deepEqual(rig.engine.clusterState(rig.context), { kind: "not-connected" });
    assert.ok(!rig.engine.kubeconfigFiles().includes(""));
    // Whatever was sent would have come by now: this goes the same way, and comes back.
    await direct.engine.namespaces(direct.context);
    assert.equal(proxy.accepted, before);

    const target = await createRaw(direct, {
      name: "one",
      namespace,
      master: "print('x')",
      worker: "print('y')",
      workers: 1,
    });
    const many = [storesOf(cluster, "default").jobs, storesOf(cluster, "default").pods, cluster.warnings("default")];
    for (const store of [...stores, ...many]) store.hold();
    const followed = follow(rig, target).result;
    await Promise.all([
      ...[...stores, ...many].map((store) => store.settled()),
      ...Array.from({ length: 20 }, () => rig.engine.namespaces(rig.context)),
      ...Array.from({ length: 20 }, () =>
        rig.engine.findJob(rig.context, { namespace: namespace, name: target.name, uid: target.uid }),
      ),
    ]);
    assert.equal((await followed).verdict.outcome, "succeeded");
    assert.equal(proxy.accepted, before + 1);
    rig.engine.dispose();
    await until(
      "the connection to close",
      () => Promise.resolve(proxy.open),
      (open) => open === 0,
    );
  });

  it("shows a change within seconds", async () => {
    const rig = await openRig(cleanup, proxied);
    const store = storesOf(rig.engine.cluster(rig.context), namespace).jobs;
    store.hold();
    await store.settled();
    const changedAt = new Map<string, number>();
    store.onDidChange(({ changed }) => {
      for (const job of changed) changedAt.set(`${job.uid} ${job.suspended}`, performance.now());
    });
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const target = await createRaw(direct, {
        name: `quick-${round}`,
        namespace,
        master: "import time; time.sleep(60)",
      });
      const asked = performance.now();
      await direct.engine.stopJob(direct.context, target);
      const seen = await until(
        "the change",
        () => Promise.resolve(changedAt.get(`${target.uid} true`)),
        (at) => at !== undefined,
      );
      times.push((seen ?? Infinity) - asked);
      await deleteJob(direct, target);
    }
    assert.ok(Math.max(...times) < 3000, times.map((time) => `${time.toFixed(0)} ms`).join(", "));
  });

  it("outlives an outage: says since when it knows nothing new, then catches up with all that happened", async () => {
    const rig = await openRig(cleanup, proxied);
    const store = storesOf(rig.engine.cluster(rig.context), namespace).jobs;
    store.hold();
    const sleep = "import time; time.sleep(60)";
    const [gone, kept] = [
      await createRaw(direct, { name: "gone", namespace, master: sleep }),
      await createRaw(direct, { name: "kept", namespace, master: sleep }),
    ];
    await store.settled();
    await until("both jobs", () => Promise.resolve(store.items.has(gone.uid) && store.items.has(kept.uid)), Boolean);
    const states: StoreState[] = [];
    store.onDidChangeState((state) => states.push(state));
    const cutAt = Date.now();
    await proxy.refuse();
    proxy.cut();
    await direct.client.delete(PYTORCH_JOB, gone.name, namespace, gone.uid);
    await direct.engine.stopJob(direct.context, kept);
    const made = await createRaw(direct, { name: "made", namespace, master: sleep });
    await until(
      "the store to say so",
      () => Promise.resolve(store.state.kind),
      (kind) => kind === "stale",
    );
    const { state } = store;
    assert.ok(state.kind === "stale" && state.since <= cutAt + 100 && state.since > cutAt - 60_000);
    assert.match(state.why, /^The cluster cannot be reached: nothing listens at 127\.0\.0\.1:\d+/);
    // Rows stay while nothing better is known.
    assert.ok(store.items.has(gone.uid) && store.items.get(kept.uid)?.suspended === false);
    assert.equal(rig.engine.clusterState(rig.context).kind, "failed");
    await proxy.accept();
    await until(
      "it to be live again",
      () => Promise.resolve(store.state.kind),
      (kind) => kind === "live",
      40_000,
    );
    await until(
      "what happened meanwhile",
      () =>
        Promise.resolve(
          [...store.items.values()]
            .map((job) => `${job.name} ${job.suspended}`)
            .filter((text) => /^(gone|kept|made)/.test(text))
            .sort(),
        ),
      (seen) => seen.join() === "kept true,made false",
    );
    assert.deepEqual(
      states.map(({ kind }) => kind),
      ["stale", "live"],
    );
    for (const target of [kept, made]) await direct.client.delete(PYTORCH_JOB, target.name, namespace, target.uid);
  });

  it("says nothing of an interruption that heals at once", async () => {
    const rig = await openRig(cleanup, proxied);
    const store = storesOf(rig.engine.cluster(rig.context), namespace).jobs;
    store.hold();
    await store.settled();
    const states: string[] = [];
    store.onDidChangeState(({ kind }) => states.push(kind));
    proxy.cut();
    const target = await createRaw(direct, { name: "short", namespace, master: "print(1)" });
    await until("the new job", () => Promise.resolve(store.items.has(target.uid)), Boolean);
    assert.deepEqual(states, []);
    await direct.client.delete(PYTORCH_JOB, target.name, namespace, target.uid);
  });
});
