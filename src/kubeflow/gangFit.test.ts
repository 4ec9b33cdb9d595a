import assert from "node:assert/strict";
import { type Gang, gangFit, type GangFit, type NodeRoom } from "./gangFit.ts";

describe("whether a gang fits", () => {
  const resource = "nvidia.com/gpu";
  const GI = 1024 ** 3;
  function node(name: string, gpus: number, used = 0, more: Partial<NodeRoom> = {}, ready = true): NodeRoom {
    return {
      node: { name, ready, notReadyWhy: ready ? undefined : "kubelet stopped", unschedulable: false },
      ...{ labels: {}, taints: [], holders: used > 0 ? [`job-on-${name}`] : [] },
      total: { [resource]: gpus, cpu: 8, memory: 32 * GI, pods: 100 },
      used: { [resource]: used, cpu: 4 * used, memory: 4 * used * GI, pods: used },
      pods: [],
      ...more,
    };
  }
  const closed = { node: { name: "b", ready: true, notReadyWhy: undefined, unschedulable: true } };
  const team = { taints: [{ key: "team", value: "b", effect: "NoSchedule" }] };
  const gpuTaint = { taints: [{ key: resource, value: "present", effect: "NoSchedule" }] };
  const ask = (pods: number, asks: Gang["asks"], gang: Partial<Gang>, nodes: readonly NodeRoom[]): GangFit =>
    gangFit({ pods, asks, nodeSelector: {}, tolerations: [], ...gang }, nodes);
  const fit = ({ pods, gpus }: { pods: number; gpus: number }, ...nodes: readonly NodeRoom[]): GangFit =>
    ask(pods, { [resource]: gpus }, {}, nodes);

  it("now, where all pods find room at once", () => {
    assert.equal(fit({ pods: 2, gpus: 4 }, node("a", 8)).when, "now");
    const { when, words } = fit({ pods: 2, gpus: 1 }, node("a", 1), node("b", 2, 1));
    assert.deepEqual([when, words], ["now", "There is room now for 2 × 1 GPU."]);
    assert.equal(ask(3, {}, {}, [node("cpu", 0)]).words, "There is room now for 3 pods.");
  });

  it("after others, though there are enough in sum: a pod is on one node", () => {
    const { when, words, nodes } = fit({ pods: 1, gpus: 4 }, node("a", 4, 2), node("b", 4, 2));
    assert.equal(when, "later");
    assert.equal(
      words,
      "It waits until others have finished: it wants 4 GPUs, and 4 of 8 GPUs are free (job-on-a, job-on-b).",
    );
    assert.deepEqual(nodes, ["a: 2 of 4 GPUs free · others hold them", "b: 2 of 4 GPUs free · others hold them"]);
  });

  it("by preempting as few pods of lower priority as it takes, where its own is higher", () => {
    const held = (priority: number, gpus: number) => ({ priority, asks: { [resource]: gpus, pods: 1 } });
    const nodes = [
      node("a", 4, 4, { pods: [held(0, 1), held(100, 1), held(0, 2)], used: { [resource]: 4, pods: 3 } }),
      node("b", 4, 3, { pods: [held(-10, 1), held(50, 2)], used: { [resource]: 3, pods: 2 } }),
    ];
    const of = (pods: number, gpus: number, priority?: number): GangFit =>
      ask(pods, { [resource]: gpus }, { priority }, nodes);
    const { when, words } = of(1, 2, 10);
    assert.deepEqual(
      [when, words],
      [
        "preempting",
        "It fits by preempting 1 pod of lower priority: it wants 2 GPUs, and 1 of 8 GPUs are free (job-on-a, job-on-b).",
      ],
    );
    assert.match(of(2, 2, 10).words, /^It fits by preempting 2 pods of lower priority/);
    assert.match(of(2, 4, 1000).words, /^It fits by preempting 5 pods of lower priority/);
    assert.deepEqual(
      [of(1, 1, 10), of(2, 4, 60), of(1, 2, -10), of(1, 2), of(1, 8, 1000)].map((fit) => fit.when),
      ["now", "later", "later", "later", "never"],
    );
    const full = ["a", "b"].map((name) => node(name, 2, 2, { pods: [held(0, 2)], used: { [resource]: 2, pods: 1 } }));
    assert.match(ask(2, { [resource]: 1 }, { priority: 10 }, full).words, /^It fits by preempting 1 pod of lower/);
    assert.match(ask(3, { [resource]: 1 }, { priority: 10 }, full).words, /^It fits by preempting 2 pods of lower/);
  });

  it("by CPU, memory and pods as well, and by all of it on one node", () => {
    const asks = { [resource]: 1, cpu: 6, memory: 16 * GI };
    const { when, words, nodes } = ask(2, asks, {}, [node("a", 4), node("b", 4, 1)]);
    assert.equal(when, "later");
    assert.equal(
      words,
      "It waits until others have finished: it wants 2 × (1 GPU, 6 CPUs and 16 Gi memory), and 12 of 16 CPUs are free.",
    );
    assert.equal(nodes[1], "b: 3 of 4 GPUs, 4 of 8 CPUs, 28 of 32 Gi memory free · others hold them");
    const apart = [node("a", 2, 2, { used: { [resource]: 2 } }), node("b", 2, 0, { used: { cpu: 8 } })];
    assert.match(ask(1, { [resource]: 1, cpu: 1 }, {}, apart).words, /no node has all of it free at once\.$/);
    const full = node("c", 0, 0, { used: { pods: 100 } });
    assert.match(ask(1, {}, {}, [full]).words, /it wants 1 pod, and 0 of 100 pods are free\.$/);
    assert.match(ask(1, { cpu: 0.1 }, {}, [node("d", 0, 0, { used: { cpu: 7.9 } })]).words, /room now for 0\.1 CPUs/);
    assert.match(ask(1, { cpu: 16 }, {}, [node("e", 0)]).words, /wants 16 CPUs on one node, and the largest has 8\.$/);
    const odd = [node("a", 1), node("b", 4, 0, { total: { [resource]: 4, cpu: 1, pods: 9 } })];
    assert.match(ask(1, { [resource]: 4, cpu: 4 }, {}, odd).words, /and no node has all of that\.$/);
  });

  it("if a pool grows, where nodes are too few, closed or none", () => {
    const grown = fit({ pods: 4, gpus: 1 }, node("a", 2), node("b", 4, 0, closed));
    assert.equal(grown.when, "grown");
    assert.match(grown.words, /wants 4 × 1 GPU, and the nodes have room for 2 of 4 pods\.$/);
    assert.match(grown.nodes[1] ?? "", /takes no new pods/);
    const { words, nodes } = fit({ pods: 1, gpus: 1 }, node("a", 1, 0, {}, false));
    assert.match(words, /no node that takes pods has them/);
    assert.deepEqual(nodes, ["a: 0 of 1 GPU free · not ready: kubelet stopped"]);
    assert.match(fit({ pods: 1, gpus: 1 }, node("cpu", 0)).words, /none of the cluster’s nodes has a GPU now/);
  });

  it("never, where no node is as large", () => {
    const { when, words, nodes } = fit({ pods: 1, gpus: 8 }, node("a", 4), node("b", 2, 0, team));
    assert.deepEqual(
      [when, words],
      ["never", "It finds no place: it wants 8 GPUs on one node, and the largest has 4."],
    );
    assert.deepEqual(nodes, [
      "a: 4 of 4 GPUs free · too small for 8 GPUs of one pod",
      "b: 2 of 2 GPUs free · its taint team=b: NoSchedule is not tolerated",
    ]);
  });

  it("where labels and taints let it, and nowhere else", () => {
    const one = { [resource]: 1 };
    const l4 = { nodeSelector: { gpu: "l4" } };
    const { when, words, nodes } = ask(1, one, l4, [node("a", 1)]);
    assert.deepEqual([when, words], ["grown", "It waits for a node: none has the label gpu=l4 now."]);
    assert.deepEqual(nodes, ["a: 1 of 1 GPU free · has not the label gpu=l4"]);
    assert.equal(ask(1, one, l4, [node("a", 1, 0, { labels: { gpu: "l4" } })]).when, "now");
    const tainted = node("a", 1, 0, team);
    const never = ask(1, one, {}, [tainted]);
    assert.equal(never.when, "never");
    assert.match(never.words, /could run on has a taint that it does not tolerate \(team=b: NoSchedule\)\.$/);
    const tolerations: readonly Gang["tolerations"][] = [
      [{}],
      [{ key: "team" }],
      [{ key: "team", value: "b", effect: "NoSchedule" }],
    ];
    for (const some of tolerations) assert.equal(ask(1, one, { tolerations: some }, [tainted]).when, "now");
    for (const other of [{ key: "team", value: "c" }, { key: "x" }, { key: "team", effect: "NoExecute" }])
      assert.equal(ask(1, one, { tolerations: [other] }, [tainted]).when, "never");
    const soft = { taints: [{ key: "team", value: "b", effect: "PreferNoSchedule" }] };
    assert.equal(ask(1, one, {}, [node("a", 1, 0, soft)]).when, "now");
  });

  it("on nodes that a cloud taints with the GPU that they have", () => {
    const one = { [resource]: 1 };
    assert.equal(ask(1, one, {}, [node("a", 1, 0, gpuTaint)]).when, "never");
    const gke = { ...gpuTaint, labels: { "cloud.google.com/gke-nodepool": "gpu" } };
    assert.equal(ask(1, one, {}, [node("a", 1, 0, gke)]).when, "now");
    assert.equal(ask(1, { cpu: 1 }, {}, [node("a", 1, 0, gke)]).when, "never");
  });
});
