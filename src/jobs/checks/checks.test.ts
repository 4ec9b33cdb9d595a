import assert from "node:assert/strict";
import { UserError } from "../../core/errors.ts";
import { ApiError } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { explainLaunchError } from "../launchErrors.ts";
import { GI, GPU, LARGE, object, short } from "../testing/findings.ts";
import { RUNTIME, SNAPSHOT, SPEC, TRAIN_SPEC } from "../testing/launches.ts";
import { accessFindings, rightsOf } from "./access.ts";
import { dryRunFinding } from "./dryRun.ts";
import type { Finding } from "./finding.ts";
import { runGang } from "./gang.ts";
import { limitFindings } from "./limits.ts";
import { codeFindings, namespaceFindings, runtimeFindings } from "./place.ts";
import { referenceFinding, referencesOf } from "./references.ts";
import { type Growth, priorityIn, roomFinding } from "./room.ts";
import { claimFinding, classFinding } from "./storage.ts";

const FORBIDDEN = { kind: "forbidden" } as const;
const MISSING = { kind: "missing", isServed: true } as const;

const there = (name: string, body: object, metadata: object = {}): { kind: "found"; value: KubeObject } => ({
  kind: "found",
  value: object(name, body, metadata),
});

describe("checks of a run", () => {
  it("rights: what a launch does and what its logs take; what is unknown is taken as allowed", () => {
    const refusing = (...no: readonly string[]): string[] => {
      const [runs, logs] = rightsOf("PyTorchJob", "files").map((rights) =>
        rights.map((right) => ({
          right,
          answer: no.includes(right.resource) ? ("no" as const) : ("unknown" as const),
        })),
      );
      return short(accessFindings(runs ?? [], logs ?? [], "alice"));
    };
    assert.deepEqual(refusing(), ["ok namespace: You may run jobs in alice and read their logs."]);
    assert.deepEqual(refusing("pytorchjobs", "configmaps", "pods"), [
      "problem namespace: You may not create pytorchjobs, patch pytorchjobs, create configmaps in alice.",
      "warning namespace: You may not list pods, get pods/log in alice: its logs cannot be followed.",
    ]);
    assert.equal(rightsOf("TrainJob", "volume")[0].length, 6);
  });

  it("a refusal stands at the field that it is about", () => {
    const refused = (status: number, message: string, reason = "Forbidden", field?: string): string => {
      const details = field === undefined ? {} : { details: { causes: [{ field, message }] } };
      const error = new ApiError(status, { message, reason, ...details });
      return dryRunFinding(explainLaunchError(error, SPEC)).field;
    };
    const quota = (name: string): string =>
      refused(403, `exceeded quota: q, requested: ${name}=2, used: ${name}=3, limited: ${name}=4`);
    assert.equal(quota("requests.nvidia.com/gpu"), "gpus");
    assert.equal(quota("count/pytorchjobs.kubeflow.org"), "namespace");
    assert.equal(refused(403, "maximum memory usage per Container is 1Gi, but limit is 2Gi"), "memory");
    assert.equal(
      refused(422, "no", "Invalid", "spec.pytorchReplicaSpecs.Master.template.spec.tolerations[0]"),
      "tolerations",
    );
    assert.equal(refused(422, "no", "Invalid", "spec.trainer.env[0].name"), "env");
    assert.equal(refused(404, "the server could not find the requested resource", "NotFound"), "kind");
    assert.equal(refused(503, "try later", "Unavailable"), "cluster");
    assert.equal(dryRunFinding(new UserError("unreachable", "team-a does not answer.")).field, "cluster");
    const rights = new ApiError(403, {
      message: 'User "x" cannot create resource "pytorchjobs" in …',
      reason: "Forbidden",
    });
    const finding = dryRunFinding(explainLaunchError(rights, SPEC));
    assert.equal(finding.text, "You may not create pytorchjobs in the namespace alice. An administrator can allow it.");
    assert.deepEqual([finding.field, finding.next?.what], ["namespace", "request"]);
    const missing = new ApiError(404, { message: "the server could not find the requested resource" });
    assert.deepEqual(dryRunFinding(explainLaunchError(missing, SPEC)).next, {
      ...{ title: "Install Training…", what: "install" },
    });
  });

  it("a refusal is harmless and short, whoever worded it", () => {
    const said = (message: string): Finding => dryRunFinding(new UserError("refused", message));
    assert.equal(said("The job was not created. \u001b[2J\u202eno\n").text, "\ufffdno");
    const { text, lines } = said("x".repeat(5_000));
    assert.deepEqual([text.length, lines?.[0]?.length], [300, 1_000]);
  });

  it("what is imported and stays here", () => {
    const snapshot = { ...SNAPSHOT, left: [{ path: "lib/big.py", why: "larger than 1 MB" }] };
    assert.deepEqual(codeFindings(snapshot), [
      { field: "code", level: "ok", text: "2 files with 15 B travel.", lines: ["lib/big.py: larger than 1 MB"] },
    ]);
    assert.deepEqual(codeFindings({ ...snapshot, missing: ["lib/big.py"] }), [
      {
        ...{ field: "code", level: "warning", text: "lib/big.py is imported and stays here." },
        lines: ["lib/big.py: larger than 1 MB"],
      },
    ]);
  });

  it("a namespace that puts sidecars into pods, or is strict with them", () => {
    const of = (labels: Record<string, string>): string[] => short(namespaceFindings(object("alice", {}, { labels })));
    assert.deepEqual(of({}), []);
    const sidecar =
      "ok namespace: alice puts Istio’s sidecar into pods. The job’s pods go without: it would not let them end.";
    assert.deepEqual(of({ "istio-injection": "enabled" }), [sidecar]);
    assert.deepEqual(of({ "istio.io/rev": "canary" }), [sidecar]);
    assert.match(of({ "istio.io/dataplane-mode": "ambient" })[0] ?? "", /^ok .*ambient mesh/);
    assert.match(of({ "pod-security.kubernetes.io/enforce": "restricted" })[0] ?? "", /^warning .*may be refused\.$/);
  });

  it("a runtime that is not there, is deprecated or for something else", () => {
    const runtime = (labels: Record<string, string>, image = ""): string[] =>
      short(runtimeFindings(RUNTIME, there(RUNTIME.name, {}, { labels }), image));
    assert.deepEqual(short(runtimeFindings(RUNTIME, MISSING, "")), [
      "problem runtime: There is no ClusterTrainingRuntime torch-distributed.",
    ]);
    assert.match(short(runtimeFindings(RUNTIME, FORBIDDEN, ""))[0] ?? "", /^unknown runtime: .*cannot be told/);
    const framework = "trainer.kubeflow.org/framework";
    assert.deepEqual(runtime({ [framework]: "torch" }), ["ok runtime: The runtime torch-distributed is there."]);
    assert.deepEqual(runtime({ [framework]: "jax", "trainer.kubeflow.org/support": "deprecated" }), [
      "warning runtime: The runtime torch-distributed is marked as deprecated.",
      "warning runtime: The runtime torch-distributed is for jax, and its image may have no PyTorch.",
    ]);
    assert.match(runtime({ [framework]: "jax" }, "mine:1")[0] ?? "", /is for jax\.$/);
  });

  describe("what a pod asks for", () => {
    const ranges = [
      { type: "Container", default: { cpu: "2", memory: "4Gi" }, defaultRequest: { cpu: "500m" } },
      { type: "Pod", max: { cpu: "64" } },
    ];
    const runtime = object("r", {
      spec: {
        template: {
          spec: {
            replicatedJobs: [
              {
                name: "node",
                template: {
                  spec: {
                    template: {
                      spec: {
                        nodeSelector: { pool: "gpu", zone: "a" },
                        tolerations: [{ key: "x", operator: "Exists" }, { key: "y", value: "1" }, { key: "z" }],
                        containers: [{ name: "node", resources: { limits: { [GPU]: "4" }, requests: { cpu: "8" } } }],
                      },
                    },
                  },
                },
              },
            ],
          },
        },
      },
    });

    it("is what the run says, before what the namespace gives", () => {
      assert.deepEqual(runGang(LARGE, undefined, []), {
        ...{ pods: 2, nodeSelector: {}, tolerations: [] },
        asks: { cpu: 4, memory: 16 * GI, [GPU]: 2 },
        limits: { cpu: 4, memory: 16 * GI, [GPU]: 2 },
      });
      const { asks, limits } = runGang({ ...SPEC, memory: "1Gi" }, undefined, ranges);
      assert.deepEqual(
        [asks, limits],
        [
          { cpu: 0.5, memory: GI },
          { cpu: 2, memory: GI },
        ],
      );
    });

    it("is what its runtime says, where the run says nothing", () => {
      const needs = { nodeSelector: { zone: "b" }, tolerations: [{}] };
      const gang = runGang({ ...TRAIN_SPEC, needs }, runtime, []);
      assert.deepEqual(gang.asks, { [GPU]: 4, cpu: 8 });
      assert.deepEqual(gang.nodeSelector, { pool: "gpu", zone: "b" });
      assert.deepEqual(gang.tolerations, [{ key: "x" }, { key: "y", value: "1" }, { key: "z", value: "" }, {}]);
      assert.deepEqual(runGang({ ...TRAIN_SPEC, cpu: "1" }, runtime, []).asks, { cpu: 1 });
    });

    it("is asked by the launcher of an MPI runtime too, where that is none of the nodes", () => {
      const pods = (mlPolicy: object): number => runGang(TRAIN_SPEC, object("r", { spec: { mlPolicy } }), []).pods;
      const { nodes } = TRAIN_SPEC;
      assert.deepEqual(
        [pods({ torch: {} }), pods({ mpi: { runLauncherAsNode: true } }), pods({ mpi: {} })],
        [nodes, nodes, nodes + 1],
      );
    });
  });

  describe("room", () => {
    const fit = { when: "grown", words: "It waits.", nodes: ["a: 0 of 1 GPU free"] } as const;
    const nothing: Growth = { scalers: [], isHidden: false };
    const all = { allNodes: true, allPods: true };
    const pool = { perNode: 4, mostNodes: 2, scalesItself: false, perHour: 1.054 };

    it("that is there, comes later or may come", () => {
      const of = (when: "now" | "preempting" | "later", allPods = true): Finding =>
        roomFinding("gpus", { ...fit, when }, undefined, { ...all, allPods }, undefined);
      assert.deepEqual([of("now").level, of("now").next], ["ok", undefined]);
      assert.equal(of("now", false).text, "It waits. Not every pod may be read: there may be less.");
      assert.equal(of("preempting").level, "warning");
      assert.deepEqual([of("later").level, of("later").next?.what], ["warning", "show-room"]);
      const grown = (growth: Growth): string => roomFinding("gpus", fit, growth, all, undefined).text;
      assert.match(grown(nothing), /Nothing was found that makes a pool grow by itself\.$/);
      assert.match(grown({ ...nothing, isHidden: true }), /cannot be told\.$/);
      assert.match(grown({ ...nothing, scalers: ["Karpenter"] }), /may grow by itself: the cluster has Karpenter\.$/);
      assert.match(grown({ ...nothing, pool: { ...pool, scalesItself: true } }), /may grow by itself, to 2 nodes\.$/);
    });

    it("may be taken from others by the priority of a class that evicts", () => {
      const classes = [
        { name: "high", value: 100 },
        { name: "polite", value: 100, preemptionPolicy: "Never" },
        { name: "usual", value: 5, globalDefault: true },
      ];
      const of = (wanted?: string, some = classes): number | undefined => priorityIn(some, wanted);
      assert.deepEqual(
        [of("high"), of("polite"), of(), of("gone"), of(undefined, [])],
        [100, undefined, 5, undefined, 0],
      );
    });

    it("that never comes is a problem, unless something else may bring it", () => {
      const never = (growth: Growth, queue?: string, allNodes = true): string =>
        roomFinding("gpus", { ...fit, when: "never" }, growth, { ...all, allNodes }, queue).level;
      assert.equal(never(nothing), "problem");
      assert.equal(never({ ...nothing, scalers: ["cluster-autoscaler"] }), "warning");
      assert.equal(never(nothing, "team-a"), "warning");
      assert.equal(never({ ...nothing, isHidden: true }), "warning");
      assert.equal(never(nothing, undefined, false), "warning");
    });

    it("is not judged by nodes that were not looked at", () => {
      const cut = { ...all, allNodes: false };
      const words = (when: "now" | "grown"): string =>
        roomFinding("gpus", { ...fit, when }, undefined, cut, undefined).text;
      assert.equal(words("grown"), "It waits. Not every node was looked at: others may have room.");
      assert.equal(words("now"), "It waits.");
    });

    it("offers a node of a pool that nothing scales, with its price where it is known", () => {
      const { text, next } = roomFinding("gpus", fit, { ...nothing, pool }, all, undefined);
      assert.equal(text, "It waits. Nothing starts a node of its GPU pool by itself.");
      assert.deepEqual(next, { title: "Start a GPU Node ($1.05/h)…", what: "gpu-node" });
      const unknown = { ...nothing, pool: { ...pool, perHour: undefined } };
      assert.equal(roomFinding("gpus", fit, unknown, all, undefined).next?.title, "Start a GPU Node…");
    });
  });

  it("a limit range's most and least for each pod", () => {
    const gang = { asks: { cpu: 4, memory: 16 * GI, [GPU]: 2 }, limits: { cpu: 4 } };
    const limits = [
      { type: "Container", max: { cpu: "2", memory: "16Gi", [GPU]: "1" }, min: { cpu: "100m" } },
      { type: "Pod", min: { memory: "32Gi" } },
      { type: "PersistentVolumeClaim", max: { storage: "1Gi" } },
    ];
    const range = "The namespace’s limit range lr allows";
    assert.deepEqual(short(limitFindings("lr", limits, gang)), [
      `problem cpu: ${range} at most 2 CPUs for each container, and this one asks for 4 CPUs.`,
      `problem gpus: ${range} at most 1 GPU for each container, and this one asks for 2 GPUs.`,
      `problem memory: ${range} no less than 32 Gi memory for each pod, and this one asks for 16 Gi memory.`,
    ]);
  });

  describe("volumes", () => {
    const use = { field: "volumes", claim: "data", readOnly: false } as const;
    const late = object("late", { volumeBindingMode: "WaitForFirstConsumer" });
    const claim = (phase: string, modes: readonly string[], storageClassName = "late"): ReturnType<typeof there> =>
      there("data", { spec: { accessModes: modes, storageClassName }, status: { phase } });
    const says = (found: Parameters<typeof claimFinding>[1], nodes = 1, readOnly = false): string =>
      short([claimFinding({ ...use, readOnly }, found, nodes, [late])])[0] ?? "";

    it("are there, or get their volume with the first pod", () => {
      assert.equal(says(MISSING), "problem volumes: There is no volume claim data in the namespace.");
      assert.match(says(FORBIDDEN), /^unknown volumes: .* you may not get persistentvolumeclaims\.$/);
      assert.equal(says(claim("Bound", ["ReadWriteOnce"])), "ok volumes: The volume claim data is bound.");
      assert.match(says(claim("Pending", ["ReadWriteOnce"])), /^ok .*gets its volume with its first pod\.$/);
      assert.match(
        says(claim("Pending", ["ReadWriteOnce"], "gone")),
        /^problem .*StorageClass gone that is not there\.$/,
      );
      assert.match(says(claim("Pending", ["ReadWriteOnce"], "")), /^warning .*has no volume yet\.$/);
      assert.match(says(claim("Lost", ["ReadWriteOnce"])), /^problem .*has lost its volume\.$/);
      assert.match(
        says(there("data", {}, { deletionTimestamp: "2026-01-01T00:00:00Z" })),
        /^problem .*being deleted\.$/,
      );
    });

    it("are for one node, and the job has several", () => {
      assert.equal(
        says(claim("Bound", ["ReadWriteOnce"]), 2),
        "warning volumes: data is for one node at a time, and the job has 2: pods on others do not start.",
      );
      assert.match(says(claim("Bound", ["ReadWriteOncePod"]), 2), /^problem .*the others never start\.$/);
      assert.match(says(claim("Bound", ["ReadWriteMany"]), 2), /^ok/);
      assert.match(says(claim("Bound", ["ReadOnlyMany"]), 2, true), /^ok/);
      assert.match(says(claim("Bound", ["ReadOnlyMany"]), 2), /^warning/);
    });

    it("are made for large code, of the default class", () => {
      const standard = { annotations: { "storageclass.kubernetes.io/is-default-class": "true" } };
      assert.match(classFinding(undefined, 1).text, /cannot be told/);
      assert.equal(classFinding([late], 1).level, "problem");
      assert.match(classFinding([late, object("std", {}, standard)], 2).text, /class std, which must allow many nodes/);
    });
  });

  it("what a run only names: secrets with their keys, accounts, queues, priorities", () => {
    const secrets = [
      { name: "A", secret: "hf", key: "token" },
      { name: "B", secret: "hf", key: "user" },
    ];
    const needs = { secrets, serviceAccount: "trainer", priority: "high" };
    const names = (some: Parameters<typeof referencesOf>[0]): string[] =>
      referencesOf(some).map(({ kind, name }) => `${kind.kind} ${name}`);
    assert.deepEqual(names(needs), ["Secret hf", "ServiceAccount trainer", "PriorityClass high"]);
    assert.deepEqual(names({ queue: "q", priority: "p" }), ["LocalQueue q", "WorkloadPriorityClass p"]);
    const [secret, account] = referencesOf(needs);
    assert.ok(secret !== undefined && account !== undefined);
    assert.equal(referenceFinding(secret, there("hf", { data: { token: "x", user: "" } })).level, "ok");
    assert.deepEqual(short([referenceFinding(secret, there("hf", { data: { token: "x" } }))]), [
      "problem secrets: The Secret hf has no key user.",
    ]);
    assert.match(referenceFinding(account, MISSING).text, /^There is no ServiceAccount trainer in the namespace\.$/);
    assert.match(
      short(referencesOf({ queue: "q" }).map((one) => referenceFinding(one, { ...MISSING, isServed: false })))[0] ?? "",
      /^warning queue: The cluster knows no LocalQueue of kueue\.x-k8s\.io\/v1beta1, so q may not be there\.$/,
    );
    assert.match(referenceFinding(secret, FORBIDDEN).text, /cannot be told: you may not get secrets\.$/);
  });
});
