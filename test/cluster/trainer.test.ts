import assert from "node:assert/strict";
import { isApiError } from "../../src/kube/errors.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { until } from "../editor/until.ts";
import { Cleanup, CONFIG_MAP, kubeconfigOf, makeNamespace, openRig, PYTHON, type Rig, TORCH } from "./support.ts";

const kind = (plural: string, name: string, namespaced = true): ResourceKind => ({
  group: "trainer.kubeflow.org",
  version: "v1alpha1",
  plural,
  kind: name,
  namespaced,
});
const TRAIN_JOB = kind("trainjobs", "TrainJob");
const CLUSTER_RUNTIME = kind("clustertrainingruntimes", "ClusterTrainingRuntime", false);
const POD: ResourceKind = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };

interface TrainJob extends KubeObject {
  readonly spec: object;
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
    readonly jobsStatus?: readonly { readonly name: string; readonly succeeded: number }[];
  };
}

const REDUCE = `
import torch, torch.distributed as dist
dist.init_process_group("gloo")
sum = torch.ones(1) * (dist.get_rank() + 1)
dist.all_reduce(sum)
print("rank", dist.get_rank(), "of", dist.get_world_size(), "has", int(sum.item()), flush=True)
dist.barrier()
`;

describe("the Trainer and its runtimes", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "trainer");
  });

  after(() => cleanup.run());

  const create = (name: string, trainer: object, more: object = {}): Promise<TrainJob> =>
    rig.client.create<TrainJob>(TRAIN_JOB, {
      apiVersion: "trainer.kubeflow.org/v1alpha1",
      kind: "TrainJob",
      metadata: { name, namespace },
      spec: { runtimeRef: { name: "torch-distributed" }, trainer, ...more },
    });
  const holds = (job: TrainJob, type: string): boolean =>
    job.status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
  const seen = (name: string, type: string): Promise<TrainJob> =>
    until(
      `${name} to be ${type}`,
      () => rig.client.get<TrainJob>(TRAIN_JOB, name, namespace),
      (job) => holds(job, type),
      120_000,
    );
  const podsOf = async (name: string): Promise<readonly KubeObject[]> => {
    const labelSelector = `jobset.sigs.k8s.io/jobset-name=${name}`;
    return (await rig.client.list<KubeObject>(POD, { namespace, labelSelector })).items;
  };

  it("runs one process on each of two nodes, which reduce together", async function () {
    this.timeout(150_000); // PyTorch is loaded four times, by two launchers and two processes.
    const env = [
      { name: "GLOO_SOCKET_IFNAME", value: "eth0" },
      { name: "OMP_NUM_THREADS", value: "1" },
      { name: "CODE", value: REDUCE },
    ];
    const command = ["sh", "-c", 'echo "$CODE" > /tmp/train.py && exec torchrun /tmp/train.py'];
    await create("reduce", { numNodes: 2, numProcPerNode: 1, env, command });
    const { status } = await seen("reduce", "Complete");
    assert.deepEqual(
      status?.jobsStatus?.map(({ name, succeeded }) => [name, succeeded]),
      [["node", 1]],
    );
    const pods = await podsOf("reduce");
    const path = (name: string) => `/api/v1/namespaces/${namespace}/pods/${name}/log`;
    const logs = await Promise.all(
      pods.map(async ({ metadata }) => {
        const { body } = await rig.client.stream({ method: "GET", path: path(metadata.name) });
        let text = "";
        for await (const chunk of body) text += String(chunk);
        return text.trim();
      }),
    );
    assert.deepEqual(logs.sort(), ["rank 0 of 2 has 3", "rank 1 of 2 has 3"]);
  });

  it("keeps a suspended job without pods until it is told to go", async () => {
    await create("waits", { image: PYTHON, command: ["true"] }, { suspend: true });
    const waiting = await seen("waits", "Suspended");
    assert.equal(waiting.status?.conditions?.[0]?.reason, "Suspended");
    assert.deepEqual(await podsOf("waits"), []);
    await rig.client.patch(TRAIN_JOB, "waits", namespace, { spec: { suspend: false } });
    await seen("waits", "Complete");
  });

  it("refuses a runtime that does not exist", async () => {
    await assert.rejects(
      create("nowhere", { numNodes: 1 }, { runtimeRef: { name: "no-such-runtime" } }),
      /"no-such-runtime" not found: specified clusterTrainingRuntime must be created before the TrainJob is created/,
    );
  });

  it("refuses what the runtime has to set", async () => {
    await assert.rejects(
      create("reserved", { env: [{ name: "PET_NNODES", value: "9" }] }),
      /must not have reserved envs, invalid envs configured: \[PET_NNODES\]/,
    );
  });

  it("shows anybody its version and its runtimes, and a namespace's people their jobs", async () => {
    const narrow = await openRig(cleanup, kubeconfigOf("narrow"));
    const version = await narrow.client.get<KubeObject & { data: object }>(
      CONFIG_MAP,
      "kubeflow-trainer-public",
      "kubeflow-system",
    );
    assert.deepEqual(version.data, { kubeflow_trainer_version: "v2.3.0" });
    const { items } = await narrow.client.list<KubeObject & { spec: object }>(CLUSTER_RUNTIME);
    const torch = items.find(({ metadata }) => metadata.name === "torch-distributed");
    assert.ok(JSON.stringify(torch?.spec).includes(`"image":"${TORCH}"`));
    for (const user of [narrow, await openRig(cleanup, kubeconfigOf("reader"))]) {
      await user.client.list(TRAIN_JOB, { namespace: "team-a" });
      await assert.rejects(
        user.client.list(TRAIN_JOB, { namespace: "team-b" }),
        (error) => isApiError(error) && error.status === 403,
      );
    }
  });
});
