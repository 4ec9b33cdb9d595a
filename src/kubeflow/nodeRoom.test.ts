import assert from "node:assert/strict";
import { KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/objects.ts";
import { FakeTransport, json, refusal } from "../kube/testing/fakeTransport.ts";
import { ManualClock } from "../kube/testing/manualClock.ts";
import { RoomReader, roomOf } from "./nodeRoom.ts";

describe("the room of a node", () => {
  const GI = 1024 ** 3;

  it("is what pods may have, without its daemons, and what others have of it", () => {
    const node: KubeObject = {
      metadata: { name: "gpu-1", labels: { pool: "gpu" } },
      ...{
        spec: { taints: [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }] },
        status: {
          allocatable: { cpu: "7910m", memory: "30Gi", pods: "110", "nvidia.com/gpu": "4" },
          conditions: [{ type: "Ready", status: "True" }],
        },
      },
    };
    const pod = (name: string, asks: object, more: object = {}, metadata: object = {}): KubeObject => ({
      metadata: { name, namespace: "a", ...metadata },
      ...{ spec: { nodeName: "gpu-1", containers: [{ name: "c", resources: { requests: asks } }], ...more } },
    });
    const owner = (kind: string): object => ({ ownerReferences: [{ kind, name: "x", uid: "u", controller: true }] });
    const room = roomOf(node, [
      pod("logs", { cpu: "500m", memory: "1Gi" }, {}, owner("DaemonSet")),
      pod("kube-proxy", { cpu: "110m" }, {}, owner("Node")),
      pod("bert-0", { cpu: "2", memory: "8Gi", "nvidia.com/gpu": "1" }, { overhead: { memory: "1Gi" } }),
      // Pods beside those that train have of it as well, whoever made them: a launcher, an initializer.
      pod("bert-launcher", { cpu: "1" }, { priority: 100 }, { labels: { "training.kubeflow.org/job-name": "bert" } }),
      pod("gpt-dataset-initializer-0-0", { cpu: "500m" }, {}, { labels: { "jobset.sigs.k8s.io/jobset-name": "gpt" } }),
      pod("web", {}, { containers: [{ resources: { limits: { cpu: "1" } } }, {}] }, owner("ReplicaSet")),
    ]);
    assert.deepEqual(
      [room.node.name, room.labels, room.taints, room.holders],
      ["gpu-1", { pool: "gpu" }, [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }], ["bert-0"]],
    );
    assert.deepEqual(room.total, { cpu: 7.3, memory: 29 * GI, pods: 108, "nvidia.com/gpu": 4 });
    assert.deepEqual(room.used, { cpu: 4.5, memory: 9 * GI, pods: 4, "nvidia.com/gpu": 1 });
    assert.deepEqual(
      room.pods.map(({ priority, asks }) => [priority, asks["cpu"]]),
      [
        [0, 2],
        [100, 1],
        [0, 0.5],
        [0, 1],
      ],
    );
  });

  it("is none where a node says nothing, and nothing throws", () => {
    const { total, taints, node } = roomOf({ metadata: { name: "odd" }, ...{ spec: { taints: [7] }, status: [] } }, []);
    assert.deepEqual([total, node.ready], [{ cpu: 0, memory: 0, pods: 0 }, false]);
    assert.deepEqual(taints, [{ key: "", value: "", effect: "" }]);
  });
});

describe("the room of a cluster", () => {
  const GPU = "nvidia.com/gpu";
  const reader = (more = ""): { read: typeof read; asked: string[]; clock: ManualClock; client: KubeClient } => {
    const asked: string[] = [];
    const transport = new FakeTransport(({ path, raw }) => {
      if (raw.signal?.aborted !== true) asked.push(path.replace("/api/v1/", ""));
      const items = path.endsWith("nodes") ? [{ metadata: { name: "cpu-1" } }] : [];
      return json({ items, metadata: { continue: more === "" ? undefined : more } });
    });
    const clock = new ManualClock();
    const [client, rooms] = [new KubeClient(transport, clock), new RoomReader(clock)];
    const read = (gpu?: string, anew = false, of = client, signal = new AbortController().signal) =>
      rooms.read(of, gpu, "a", signal, anew);
    return { read, asked, clock, client };
  };

  it("is read once in half a minute for the same question, and anew where that is wanted", async () => {
    const { read, asked, clock } = reader();
    const asks = async (...how: Parameters<typeof read>): Promise<number> => {
      const before = asked.length;
      assert.equal((await read(...how))?.allNodes, true);
      return asked.length - before;
    };
    assert.deepEqual([await asks(), await asks()], [2, 0]);
    // No node has one: there are no pods to read.
    assert.deepEqual([await asks(GPU), await asks(GPU), await asks()], [1, 0, 0]);
    assert.deepEqual([await asks(undefined, true), await asks()], [2, 0]);
    await clock.advance(30_000);
    assert.deepEqual([await asks(), await asks()], [2, 0]);
    const other = reader();
    await read(undefined, false, other.client);
    assert.deepEqual(other.asked, ["nodes", "pods"]);
  });

  it("tells what the namespace's pods hold, where all of them were read", async () => {
    const pods = ["a", "b"].map((namespace) => ({ metadata: { name: `of-${namespace}`, namespace }, spec: {} }));
    const client = (refused: string): KubeClient =>
      new KubeClient(
        new FakeTransport(({ path }) => {
          if (path === refused) return refusal(403, "Forbidden", "no");
          return json({ items: path.endsWith("nodes") ? [] : path.includes("/a/") ? pods.slice(0, 1) : pods });
        }),
      );
    const own = [{ holder: "of-a", asks: { pods: 1, cpu: 0, memory: 0 } }];
    const { read } = reader();
    for (const refused of ["", "/api/v1/pods"])
      assert.deepEqual((await read(undefined, false, client(refused)))?.own, own);
    assert.equal((await reader("more").read())?.own, undefined);
    assert.equal((await reader("more").read(GPU))?.own, undefined);
  });

  it("is not kept where nobody waited for it", async () => {
    const { read, asked, client } = reader();
    await assert.rejects(read(undefined, false, client, AbortSignal.abort()));
    await read();
    assert.deepEqual(asked, ["nodes", "pods"]);
  });

  it("is told to be a part of it where there is more than is read", async () => {
    const { read, asked } = reader("more");
    const room = await read(GPU);
    assert.deepEqual([room?.allNodes, room?.allPods, asked.length], [false, true, 4]);
    assert.equal((await read())?.allPods, false);
  });
});
