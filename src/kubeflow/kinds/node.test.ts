import assert from "node:assert/strict";
import fc from "fast-check";
import type { ObjectMeta } from "../../kube/objects.ts";
import { gpuModel, gpuNoun, isGpuResource, quantity, sumOfQuantities } from "../gpuNames.ts";
import { podGpus, podsOnNode, projectGpuPod } from "./gpuPod.ts";
import { projectNode } from "./node.ts";

describe("a node", () => {
  const node = (metadata: Partial<ObjectMeta>, body: object): ReturnType<typeof projectNode> =>
    projectNode({ metadata: { name: "n", ...metadata }, ...body });

  it("is read with its pool, GPUs, taints and what it may give", () => {
    const labels = {
      "cloud.google.com/gke-nodepool": "gpu-pool",
      "cloud.google.com/gke-accelerator": "nvidia-l4",
      "node.kubernetes.io/instance-type": "g2-standard-8",
      "topology.kubernetes.io/zone": "us-central1-a",
    };
    const read = node(
      { labels, uid: "u", creationTimestamp: "2026-01-01T00:00:00Z" },
      {
        spec: {
          unschedulable: true,
          taints: [
            { key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" },
            { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" },
          ],
        },
        status: {
          allocatable: {
            cpu: "7910m",
            memory: "28Gi",
            "nvidia.com/gpu": "1",
            "nvidia.com/mig-1g.5gb": "7",
            pods: "110",
          },
          conditions: [{ type: "Ready", status: "True" }],
        },
      },
    );
    assert.deepEqual(read, {
      uid: "u",
      name: "n",
      created: Date.parse("2026-01-01T00:00:00Z"),
      ready: true,
      notReadyWhy: undefined,
      unschedulable: true,
      taints: ["nvidia.com/gpu=present: NoSchedule"],
      instanceType: "g2-standard-8",
      zone: "us-central1-a",
      pool: "gpu-pool",
      gpuModel: "L4",
      gpus: { "nvidia.com/gpu": 1, "nvidia.com/mig-1g.5gb": 7 },
    });
  });

  it("says why it is not ready", () => {
    const conditions = [{ type: "Ready", status: "Unknown", message: "Kubelet stopped\u001b[2J posting" }];
    const { ready, notReadyWhy } = node({}, { status: { conditions } });
    assert.deepEqual([ready, notReadyWhy], [false, "Kubelet stopped posting"]);
  });

  it("names the model as people do, from whichever label tells one", () => {
    const models: [string, string, string | undefined][] = [
      ["nvidia.com/gpu.product", "NVIDIA-A100-SXM4-40GB", "A100 SXM4 40GB"],
      ["nvidia.com/gpu.product", "Tesla-T4-SHARED", "T4"],
      ["cloud.google.com/gke-accelerator", "nvidia-tesla-t4", "T4"],
      ["cloud.google.com/gke-accelerator", "nvidia-h100-80gb", "H100 80GB"],
      ["k8s.amazonaws.com/accelerator", "nvidia", undefined],
      ["eks.amazonaws.com/instance-gpu-name", "l40s", "L40S"],
      ["amd.com/gpu.product-name", "AMD_Instinct_MI300X", "Instinct MI300X"],
      ["nvidia.com/gpu.product", "\u202eevil\n\u001b[2J", "\ufffdEVIL"],
    ];
    for (const [key, value, model] of models) assert.equal(gpuModel({ [key]: value }), model, value);
    assert.equal(
      gpuModel({ "k8s.amazonaws.com/accelerator": "nvidia", "karpenter.k8s.aws/instance-gpu-name": "a10g" }),
      "A10G",
    );
  });

  it("counts what is a GPU, and not what a vGPU plugin measures in megabytes", () => {
    const yes = [
      "nvidia.com/gpu",
      "nvidia.com/gpu.shared",
      "nvidia.com/mig-3g.20gb",
      "amd.com/gpu",
      "gpu.intel.com/i915",
    ];
    const no = ["nvidia.com/gpumem", "nvidia.com/gpucores", "gpu.intel.com/i915_monitoring", "cpu", "x.nvidia.com/gpu"];
    assert.deepEqual([...yes, ...no].filter(isGpuResource), yes);
    assert.deepEqual(["nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-1g.5gb.shared"].map(gpuNoun), [
      "GPU",
      "shared GPU",
      "shared MIG 1g.5gb",
    ]);
    assert.deepEqual(["8", "1k", "3920m", "2Ki", 5, "1e9", "-1", "x", null].map(quantity), [
      8,
      1000,
      3.92,
      2048,
      5,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    assert.deepEqual(node({}, { status: { allocatable: { "nvidia.com/gpu": "9999999999999" } } }).gpus, {
      "nvidia.com/gpu": 10_000,
    });

    it("quantities are added in a unit that says the sum", () => {
      const sums = [
        ["1", "2"],
        ["500m", "1"],
        ["500m", "1500m"],
        ["16Gi", "8Gi"],
        ["16Gi", "512Mi"],
        ["1Gi", "x"],
        ["0", "0"],
      ] as const;
      assert.deepEqual(
        sums.map(([one, other]) => sumOfQuantities(one, other)),
        ["3", "1500m", "2", "24Gi", "16896Mi", "1Gi", "0"],
      );
    });
  });

  it("never throws, whatever a cluster holds", () => {
    const key = fc.constantFrom(
      "spec",
      "status",
      "taints",
      "conditions",
      "allocatable",
      "containers",
      "initContainers",
      "resources",
      "limits",
      "nodeName",
    );
    fc.assert(
      fc.property(
        fc.object({ key, maxDepth: 5 }),
        fc.object({ key: fc.constantFrom("labels", "ownerReferences", "namespace") }),
        (body, meta) => {
          for (const project of [projectNode, projectGpuPod]) project({ metadata: { name: "x", ...meta }, ...body });
        },
      ),
    );
  });
});

describe("a pod's GPUs", () => {
  const gpu = (count: number, more: object = {}): object => ({
    resources: { limits: { "nvidia.com/gpu": String(count) } },
    ...more,
  });
  const held = (initContainers: object[], containers: object[]): number =>
    podGpus({ initContainers, containers })["nvidia.com/gpu"] ?? 0;

  it("are those of its containers, or of the largest moment of its start", () => {
    assert.equal(held([], [gpu(1), gpu(2)]), 3);
    assert.equal(held([gpu(4)], [gpu(1)]), 4);
    assert.equal(held([gpu(1, { restartPolicy: "Always" })], [gpu(1)]), 2, "a sidecar runs on beside them");
    assert.equal(held([gpu(2, { restartPolicy: "Always" }), gpu(3)], [gpu(1)]), 5, "and beside later init containers");
    assert.equal(held([gpu(3), gpu(2, { restartPolicy: "Always" })], [gpu(1)]), 3, "but not beside earlier ones");
    assert.deepEqual(podGpus({ containers: [{ resources: { requests: { "amd.com/gpu": "1", cpu: "4" } } }] }), {
      "amd.com/gpu": 1,
    });
  });

  it("are nothing where it has none or no node, else tell what holds them", () => {
    const pod = (
      labels: Record<string, string>,
      nodeName?: string,
      more: Partial<ObjectMeta> = {},
    ): ReturnType<typeof projectGpuPod> =>
      projectGpuPod({
        metadata: { name: "p", namespace: "a", labels, ...more },
        ...{ spec: { nodeName, containers: [gpu(1)] } },
      });
    assert.equal(pod({}), null);
    assert.equal(projectGpuPod({ metadata: { name: "p" }, ...{ spec: { nodeName: "n", containers: [{}] } } }), null);
    const who = (found: ReturnType<typeof pod>): unknown => [found?.holder, found?.name];
    assert.deepEqual(who(pod({ "training.kubeflow.org/job-name": "bert" }, "n")), ["training job", "bert"]);
    assert.deepEqual(who(pod({ "jobset.sigs.k8s.io/jobset-name": "vit" }, "n")), ["training job", "vit"]);
    assert.deepEqual(who(pod({ "notebook-name": "nb" }, "n")), ["notebook", "nb"]);
    const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-1", uid: "u", controller: true };
    assert.deepEqual(who(pod({}, "n", { ownerReferences: [owner] })), ["other", "web-1"]);
    assert.deepEqual(who(pod({ "notebook-name": "\u001b[2Jnb" }, "n")), ["notebook", "nb"]);
    assert.equal(pod({}, "n")?.name, "p");
  });

  it("are asked for by node without a way out of the selector", () => {
    assert.equal(podsOnNode("n1").fieldSelector, "spec.nodeName=n1,status.phase!=Succeeded,status.phase!=Failed");
    assert.match(podsOnNode("a,b=c\\").fieldSelector ?? "", /^spec\.nodeName=a\\,b\\=c\\\\,status/);
  });
});
