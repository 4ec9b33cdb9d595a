import assert from "node:assert/strict";
import { silentLogger } from "../core/log.ts";
import { KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/objects.ts";
import { Stores } from "../kube/stores.ts";
import { FakeBody, type FakeReply, FakeTransport, refusal, streaming } from "../kube/testing/fakeTransport.ts";
import { ManualClock, turns, until } from "../kube/testing/manualClock.ts";
import { amountWords, gpuWords } from "./gpuNames.ts";
import { type GpuTotals, GpuUse } from "./gpuUse.ts";
import { NODES } from "./kinds/node.ts";

let uids = 0;

function node(name: string, gpus: number, more: object = {}): KubeObject {
  const status = { allocatable: { "nvidia.com/gpu": String(gpus) }, conditions: [{ type: "Ready", status: "True" }] };
  return { metadata: { name, uid: `node-${name}`, resourceVersion: String(++uids) }, ...{ spec: {}, status, ...more } };
}

type Pod = KubeObject & { readonly spec: { readonly nodeName: string } };

function pod(namespace: string, nodeName: string, gpus: number, labels: Record<string, string> = {}): Pod {
  const uid = `pod-${++uids}`;
  const containers = [{ resources: { requests: { "nvidia.com/gpu": String(gpus) } } }];
  const metadata = { name: uid, namespace, uid, resourceVersion: String(uids), labels };
  const status = { startTime: "2026-01-01T00:00:00Z" };
  return { metadata, spec: { nodeName, ...{ containers } }, ...{ status } };
}

/** A cluster of nodes and pods: streamed lists with the field selectors that are asked for. A double of those alone. */
class FakeCluster {
  readonly clock = new ManualClock();
  nodes: KubeObject[] = [];
  pods: Pod[] = [];
  refused: readonly string[] = [];
  reason = 403;
  readonly watches: { readonly path: string; readonly selector: string; readonly body: FakeBody }[] = [];
  readonly transport = new FakeTransport(({ path, query }) => this.#answer(path, query["fieldSelector"] ?? ""));
  readonly client = new KubeClient(this.transport, this.clock);
  readonly stores = new Stores({ client: this.client, clock: this.clock, log: silentLogger, lingerMs: 0 });
  namespaces = ["mine", "ours"];
  readonly use = new GpuUse({
    clock: this.clock,
    own: (definition, namespace) => this.stores.own(definition, namespace),
    nodes: this.stores.get(NODES),
    namespaces: () => this.namespaces,
  });
  told = 0;

  constructor() {
    this.use.onDidChange(() => this.told++);
  }

  get asked(): string[] {
    return this.watches.map(({ path, selector }) => `${path} ${selector.split(",")[0] ?? ""}`.trim());
  }

  get open(): string[] {
    return this.watches.filter(({ body }) => !body.isOver).map(({ selector }) => selector.split(",")[0] ?? "");
  }

  /** Sends a change to whoever watches a path, in the node's own watch where there is one. */
  send(type: string, object: KubeObject, path: string): void {
    for (const { path: watched, body } of this.watches)
      if (watched === path && !body.isOver) body.push(`${JSON.stringify({ type, object })}\n`);
  }

  async settled(): Promise<void> {
    await until("an answer", () => this.use.totals !== undefined);
  }

  #answer(path: string, selector: string): FakeReply {
    if (this.refused.includes(path)) return refusal(this.reason, "Forbidden", `${path} is forbidden`);
    const body = new FakeBody();
    this.watches.push({ path, selector, body });
    const [, on] = /^spec\.nodeName=([^,]+)/.exec(selector) ?? [];
    const [, namespace] = /namespaces\/([^/]+)\/pods/.exec(path) ?? [];
    const found = path.endsWith("nodes")
      ? this.nodes
      : this.pods.filter(
          (one) =>
            (on === undefined || one.spec.nodeName === on) &&
            (namespace === undefined || one.metadata.namespace === namespace),
        );
    for (const object of found) body.push(`${JSON.stringify({ type: "ADDED", object })}\n`);
    const annotations = { "k8s.io/initial-events-end": "true" };
    body.push(`${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "9", annotations } } })}\n`);
    return streaming(body);
  }
}

function whole(total: number, used: number, free: number, complete = true): GpuTotals {
  return { counts: [{ noun: "GPU", total, used, free }], complete };
}

describe("the GPUs of a cluster", () => {
  it("are not asked for before somebody holds them, and pods not where no node has any", async () => {
    const cluster = new FakeCluster();
    cluster.nodes = [node("a", 0), node("b", 0)];
    await turns();
    assert.deepEqual([cluster.asked, cluster.use.state.kind], [[], "idle"]);
    cluster.use.hold();
    await cluster.settled();
    await turns();
    assert.deepEqual(cluster.asked, ["/api/v1/nodes"]);
    assert.deepEqual(cluster.use.totals, { counts: [], complete: true });
    assert.equal(gpuWords(cluster.use.totals), "");
    assert.deepEqual(
      cluster.use.nodes.map((one) => one.node.name),
      ["a", "b"],
    );
  });

  it("of parts are told beside whole ones, of several kinds together", () => {
    const count = (noun: string, free: number) => ({ noun, total: 7, used: 7 - free, free });
    const [whole, slice, other] = [count("GPU", 0), count("MIG 1g.5gb", 7), count("MIG 2g.10gb", 1)];
    const words = (...counts: GpuTotals["counts"]) => gpuWords({ counts, complete: true });
    assert.equal(words(whole, slice), "0 of 7 GPUs free · 7 of 7 MIG 1g.5gb free");
    assert.equal(words(whole, slice, other), "0 of 7 GPUs free · 8 of 14 GPU slices free");
    assert.equal(amountWords({ "nvidia.com/gpu": 1, "nvidia.com/mig-1g.5gb": 2 }), "1 GPU and 2 MIG 1g.5gb");
  });

  it("are told by node, with who holds them since when", async () => {
    const cluster = new FakeCluster();
    cluster.nodes = [node("plain", 0), node("g2", 4), node("g1", 4)];
    const job = { "training.kubeflow.org/job-name": "bert" };
    cluster.pods = [
      pod("a", "g1", 1, job),
      pod("a", "g1", 1, job),
      pod("b", "g1", 1, { "notebook-name": "nb" }),
      pod("b", "g1", 0),
      pod("a", "g2", 2, job),
    ];
    cluster.use.hold();
    await cluster.settled();
    assert.deepEqual(cluster.use.totals, whole(8, 5, 3));
    assert.equal(gpuWords(cluster.use.totals), "3 of 8 GPUs free");
    assert.deepEqual(cluster.asked.slice(1), ["/api/v1/pods spec.nodeName=g2", "/api/v1/pods spec.nodeName=g1"]);
    const [g1, g2, plain] = cluster.use.nodes;
    assert.deepEqual([g1?.node.name, g2?.node.name, plain?.node.name], ["g1", "g2", "plain"]);
    const since = Date.parse("2026-01-01T00:00:00Z");
    const holders = g1?.holders.map((holder) => ({ ...holder, pods: holder.pods.length }));
    assert.deepEqual(holders, [
      { kind: "training job", namespace: "a", name: "bert", pods: 2, gpus: { "nvidia.com/gpu": 2 }, since },
      { kind: "notebook", namespace: "b", name: "nb", pods: 1, gpus: { "nvidia.com/gpu": 1 }, since },
    ]);
    const count = { noun: "GPU", total: 4, used: 2, free: 2 };
    assert.deepEqual([g2?.counts, g2?.resources], [[count], [{ resource: "nvidia.com/gpu", ...count }]]);
  });

  it("follow what happens, and say nothing where nothing has", async () => {
    const cluster = new FakeCluster();
    cluster.nodes = [node("g1", 2)];
    const first = pod("a", "g1", 1);
    cluster.pods = [first];
    cluster.use.hold();
    await cluster.settled();
    await cluster.clock.advance(200);
    const { told } = cluster;
    // A heartbeat of the node, and a pod without GPUs.
    cluster.send("MODIFIED", node("g1", 2), "/api/v1/nodes");
    cluster.send("ADDED", pod("a", "g1", 0), "/api/v1/pods");
    await turns();
    await cluster.clock.advance(1000);
    assert.equal(cluster.told, told);
    cluster.send("DELETED", first, "/api/v1/pods");
    await turns();
    await cluster.clock.advance(1000);
    assert.deepEqual([cluster.told, cluster.use.totals?.counts[0]?.free], [told + 1, 2]);
    // A node comes, another takes no pods any more.
    cluster.pods = [pod("a", "g2", 3)];
    cluster.send("ADDED", node("g2", 4), "/api/v1/nodes");
    cluster.send("MODIFIED", node("g1", 2, { spec: { unschedulable: true } }), "/api/v1/nodes");
    await until("the new node's pods", () => cluster.use.totals?.counts[0]?.used === 3);
    assert.deepEqual(cluster.use.totals, whole(6, 3, 1));
    cluster.send("DELETED", node("g2", 4), "/api/v1/nodes");
    await turns();
    await cluster.clock.advance(1000);
    assert.deepEqual(cluster.use.totals, whole(2, 0, 0));
    assert.deepEqual(cluster.open, ["", "spec.nodeName=g1"]);
  });

  it("of many nodes come by one watch of all scheduled pods", async () => {
    const cluster = new FakeCluster();
    cluster.nodes = Array.from({ length: 31 }, (_, index) => node(`g${index}`, 1));
    cluster.pods = [pod("a", "g3", 1), pod("a", "g3", 0)];
    cluster.use.hold();
    await cluster.settled();
    assert.deepEqual(cluster.asked, ["/api/v1/nodes", "/api/v1/pods spec.nodeName!="]);
    assert.deepEqual(cluster.use.totals, whole(31, 1, 30));
    assert.match(cluster.watches[1]?.selector ?? "", /status\.phase!=Succeeded,status\.phase!=Failed$/);
  });

  it("are the most there can be where only some namespaces may be read", async () => {
    const cluster = new FakeCluster();
    cluster.nodes = [node("g1", 4), node("g2", 4)];
    cluster.refused = ["/api/v1/pods", "/api/v1/namespaces/ours/pods"];
    cluster.pods = [pod("mine", "g1", 1), pod("theirs", "g1", 1)];
    cluster.use.hold();
    await cluster.settled();
    assert.deepEqual(cluster.use.totals, whole(8, 1, 7, false));
    assert.equal(gpuWords(cluster.use.totals), "at most 7 of 8 GPUs free");
    cluster.namespaces = ["mine", "theirs"];
    cluster.use.lookAgain();
    await until("those that are chosen now", () => cluster.use.totals?.counts[0]?.used === 2);
    cluster.refused = [];
    cluster.use.refresh();
    await until("all pods", () => cluster.use.totals?.complete === true);
    assert.equal(cluster.use.totals.counts[0]?.used, 2);
    assert.deepEqual(cluster.open.sort(), ["", "spec.nodeName=g1", "spec.nodeName=g2"]);
  });

  it("are stale since the first of what is read was heard last", async () => {
    const cluster = new FakeCluster();
    cluster.nodes = [node("g1", 4)];
    cluster.use.hold();
    await cluster.settled();
    const cut = (selector: string): void => {
      for (const { selector: one, body } of cluster.watches)
        if (one.startsWith(selector) === (selector !== "")) body.fail();
    };
    cluster.refused = ["/api/v1/pods", "/api/v1/nodes"];
    cluster.reason = 503;
    const since = cluster.clock.now();
    cut("spec.nodeName=g1");
    await cluster.clock.advance(5_000);
    cut("");
    await cluster.clock.advance(120_000);
    const { state } = cluster.use;
    assert.ok(state.kind === "stale" && Math.abs(state.since - since) < 5_000, JSON.stringify(state));
    assert.equal(cluster.use.totals?.counts[0]?.total, 4);
  });

  it("are not known where nodes may not be read, and that is an answer", async () => {
    const cluster = new FakeCluster();
    cluster.refused = ["/api/v1/nodes"];
    cluster.use.hold();
    await cluster.use.answered(10_000);
    assert.deepEqual([cluster.use.state.kind, cluster.use.totals], ["forbidden", undefined]);
    assert.equal(gpuWords(cluster.use.totals), "");
  });

  it("do not keep anybody waiting for longer than asked", async () => {
    const cluster = new FakeCluster();
    cluster.nodes = [node("g1", 1)];
    const silent = new FakeTransport(() => streaming());
    const client = new KubeClient(silent, cluster.clock);
    const stores = new Stores({ client, clock: cluster.clock, log: silentLogger });
    const own: Stores["own"] = (definition, namespace) => stores.own(definition, namespace);
    const use = new GpuUse({ clock: cluster.clock, own, nodes: stores.get(NODES), namespaces: () => [] });
    use.hold();
    let over = false;
    const waiting = use.answered(300).then(() => (over = true));
    await cluster.clock.advance(299);
    assert.equal(over, false);
    await cluster.clock.advance(2);
    await waiting;
    assert.equal(use.state.kind, "loading");
    use.dispose();
  });

  it("are let go with the last holder, and leave nothing behind", async () => {
    const cluster = new FakeCluster();
    cluster.nodes = [node("g1", 1)];
    const holds = [cluster.use.hold(), cluster.use.hold()];
    await cluster.settled();
    holds[0]?.dispose();
    holds[0]?.dispose();
    assert.equal(cluster.open.length, 2);
    holds[1]?.dispose();
    await turns();
    assert.deepEqual([cluster.open, cluster.use.state.kind], [[], "idle"]);
    cluster.use.hold();
    await cluster.settled();
    assert.equal(cluster.use.totals?.counts[0]?.free, 1);
    cluster.use.dispose();
    cluster.stores.dispose();
    await turns();
    assert.deepEqual([cluster.open, cluster.clock.timers], [[], 0]);
  });

  it("never fall below nothing where a device has gone from under a pod", async () => {
    const cluster = new FakeCluster();
    const status = {
      allocatable: { "nvidia.com/gpu": "1", "nvidia.com/mig-1g.5gb": "2" },
      conditions: [{ type: "Ready", status: "True" }],
    };
    cluster.nodes = [node("g1", 1, { status })];
    cluster.pods = [pod("a", "g1", 3)];
    cluster.use.hold();
    await cluster.settled();
    assert.deepEqual(cluster.use.totals, {
      counts: [
        { noun: "GPU", total: 1, used: 3, free: 0 },
        { noun: "MIG 1g.5gb", total: 2, used: 0, free: 2 },
      ],
      complete: true,
    });
  });
});
