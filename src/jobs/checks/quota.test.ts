import assert from "node:assert/strict";
import { KubeClient } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { FakeTransport, json } from "../../kube/testing/fakeTransport.ts";
import { ManualClock } from "../../kube/testing/manualClock.ts";
import { podHold, type PodHold } from "../../kubeflow/kinds/gpuPod.ts";
import { RoomReader } from "../../kubeflow/nodeRoom.ts";
import type { Needs } from "../needs.ts";
import { GI, GPU, LARGE, object, short } from "../testing/findings.ts";
import { SNAPSHOT, SPEC } from "../testing/launches.ts";
import { type RunGang, runGang } from "./gang.ts";
import { checkQuota, holdersOf, quotaFindings, quotaWants } from "./quota.ts";

describe("a namespace’s quota before a run", () => {
  const gang: RunGang = runGang(LARGE, undefined, []);
  const quota = (hard: object, used: object = {}, spec: object = {}): KubeObject =>
    object("q", { spec, status: { hard, used } });
  const found = (one: KubeObject, of = gang, priority?: string): string[] =>
    short(quotaFindings([one], quotaWants(LARGE, SNAPSHOT, of), of, priority));

  it("counts all pods of the run, and the objects that it makes", () => {
    const wants = quotaWants(LARGE, { ...SNAPSHOT, tier: "volume" }, gang);
    assert.deepEqual(
      ["pods", "requests.nvidia.com/gpu", "limits.memory", "cpu", "configmaps", "persistentvolumeclaims"].map((name) =>
        wants.get(name),
      ),
      [2, 4, 32 * GI, 8, 1, 1],
    );
    assert.equal(wants.get("count/pytorchjobs.kubeflow.org"), 1);
  });

  it("is in the way for ever, or until others are done", () => {
    const [gpus, memory] = ["requests.nvidia.com/gpu", "requests.memory"];
    assert.deepEqual(found(quota({ [gpus]: "8", [memory]: "64Gi" }, { [gpus]: "4", [memory]: "32Gi" })), []);
    assert.deepEqual(found(quota({ [gpus]: "4" }, { [gpus]: "1" })), [
      "warning gpus: The namespace’s quota q allows 4 GPUs (1 in use, this job asks for 4).",
    ]);
    assert.deepEqual(found(quota({ [memory]: "16Gi" })), [
      "problem memory: The namespace’s quota q allows 16 Gi memory (0 Gi in use, this job asks for 32 Gi).",
    ]);
  });

  it("wants amounts to be stated", () => {
    const bare = runGang(SPEC, undefined, []);
    assert.deepEqual(found(quota({ cpu: "8", "limits.memory": "8Gi" }), bare), [
      "problem cpu: The namespace’s quota q wants cpu and limits.memory to be stated, or it refuses the pods.",
    ]);
  });

  it("counts what its scopes say", () => {
    const none = { hard: { pods: "0" } };
    const of = (scopes: readonly string[], priority?: string): number =>
      found(quota(none.hard, {}, { scopes }), gang, priority).length;
    assert.deepEqual(
      [["BestEffort"], ["NotBestEffort"], ["Terminating"], ["NotTerminating"], ["CrossNamespacePodAffinity"]].map(
        (scopes) => of(scopes),
      ),
      [0, 1, 0, 1, 0],
    );
    const matching = (operator: string): object => ({
      scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator, values: ["high"] }] },
    });
    const by = (operator: string, priority?: string): number =>
      found(quota(none.hard, {}, matching(operator)), gang, priority).length;
    assert.deepEqual(
      [by("In", "high"), by("In"), by("NotIn", "high"), by("Exists"), by("DoesNotExist")],
      [1, 0, 0, 0, 1],
    );
  });

  it("counts the priority that pods carry: in a queue they carry none", async () => {
    const scopeSelector = { matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["high"] }] };
    const scoped = quota({ pods: "1" }, {}, { scopeSelector });
    const client = new KubeClient(new FakeTransport(() => json({ items: [scoped] })));
    const of = async (needs: Needs): Promise<string[]> => {
      const plan = { file: "train.py", snapshot: SNAPSHOT, spec: { ...LARGE, needs } };
      const sources = {
        client,
        may: () => Promise.resolve("yes" as const),
        rooms: new RoomReader(new ManualClock()),
      };
      const known = {
        ...{ room: Promise.resolve(undefined), runtime: Promise.resolve(undefined) },
        limitRanges: Promise.resolve({ kind: "forbidden" } as const),
      };
      return short(await checkQuota({ ...plan, ...sources, ...known, signal: new AbortController().signal }));
    };
    assert.match((await of({ priority: "high" }))[0] ?? "", /^problem nodes: /);
    assert.deepEqual(await of({ priority: "high", queue: "team" }), [
      "ok namespace: The namespace’s quota has room for it.",
    ]);
  });

  const pod = (job: string, gpus: number): PodHold =>
    podHold(
      object(
        "p",
        { spec: { containers: [{ resources: { limits: { [GPU]: gpus } } }] } },
        {
          labels: { "training.kubeflow.org/job-name": job },
        },
      ),
    );

  it("is held by whom the room was read of, where that tells; else by whom the namespace has", async () => {
    const of = async (hard: object, own?: readonly PodHold[] | Error): Promise<[string, boolean]> => {
      const listed: string[] = [];
      const client = new KubeClient(
        new FakeTransport(({ path }) => {
          listed.push(path);
          if (own instanceof Error && path.endsWith("pods")) throw own;
          return json({
            items: path.endsWith("pods") ? [] : [quota(hard, { cpu: "1", "requests.nvidia.com/gpu": "1" })],
          });
        }),
      );
      const found = await checkQuota({
        ...{ file: "train.py", snapshot: SNAPSHOT, spec: LARGE, client, signal: new AbortController().signal },
        ...{ may: () => Promise.resolve("yes" as const), rooms: new RoomReader(new ManualClock()) },
        ...{ runtime: Promise.resolve(undefined), limitRanges: Promise.resolve({ kind: "forbidden" } as const) },
        room:
          own instanceof Error
            ? Promise.reject(own)
            : Promise.resolve({ nodes: [], allNodes: true, allPods: true, own }),
      });
      return [short(found)[0] ?? "", listed.some((path) => path.endsWith("pods"))];
    };
    const [gpus, cpu] = [{ "requests.nvidia.com/gpu": "4" }, { cpu: "8" }];
    const [held, isListed] = await of(gpus, [pod("bert", 1)]);
    assert.match(held, /^warning gpus: .* bert holds it\.$/);
    assert.ok(!isListed);
    assert.ok((await of(gpus))[1]);
    // What is exceeded is told also where nobody can say by whom.
    assert.match((await of(gpus, new Error("reset")))[0], /^warning gpus: /);
    // Pods on other nodes have CPUs.
    assert.ok((await of(cpu, [pod("bert", 1)]))[1]);
  });

  it("is held by somebody", () => {
    const name = "requests.nvidia.com/gpu";
    assert.equal(
      holdersOf([pod("bert", 1), pod("vit", 2), pod("bert", 2), pod("cpu", 0)], name),
      "bert and vit hold it.",
    );
    assert.equal(holdersOf([pod("a", 1), pod("b", 2), pod("c", 3)], name), "c and b hold most of it.");
    assert.equal(holdersOf([pod("a", 1)], "pods"), "a holds it.");
    assert.equal(holdersOf([], name), "");
  });
});
