// Clusters with one generation of training jobs, with the other, with an older Trainer, and with none: the real definitions
// on a control plane that has nothing else, which takes jobs that nobody runs.
import assert from "node:assert/strict";
import { UserError } from "../../src/core/errors.ts";
import type { LaunchKind, RunPlan } from "../../src/jobs/index.ts";
import { kindOf } from "../../src/kubeflow/jobKinds.ts";
import { partsWords } from "../../src/kubeflow/parts.ts";
import { list, record, text } from "../../src/kubeflow/read.ts";
import { until } from "../editor/until.ts";
import type { KubeObject } from "../sandbox/api.ts";
import { CONTROLLERS } from "../sandbox/controllers.ts";
import { controllerManifests, readObjects } from "../sandbox/parts/manifests.ts";
import { ensureSandbox, type Sandbox, stopSandbox } from "../sandbox/sandbox.ts";
import { choice, Cleanup, openRig, type Rig, writeProject } from "./support.ts";

const SANDBOX = "generations";
const NAMESPACE = "default";
/** Go module github.com/kubeflow/trainer/v2: the oldest that a TrainJob can be given code on. */
const OLDER_TRAINER = "2.1.0";
const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const V1 = ["PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "PaddleJob", "JAXJob"];

async function definitionsOf(name: string, version?: string): Promise<readonly KubeObject[]> {
  const controller = CONTROLLERS.find((one) => one.name === name);
  assert.ok(controller !== undefined);
  const objects = readObjects(await controllerManifests({ ...controller, ...(version !== undefined && { version }) }));
  return objects.filter(({ kind }) => kind === "CustomResourceDefinition" || kind === "ClusterTrainingRuntime");
}

describe("a cluster's generations of training jobs", function () {
  this.timeout(60_000);
  const cleanup = new Cleanup();
  let sandbox: Sandbox;
  let file: string;
  /** Kinds that are defined now. */
  let served: readonly string[] = [];

  before(async function () {
    // The older Trainer's module may still have to be fetched.
    this.timeout(600_000);
    sandbox = await ensureSandbox({ name: SANDBOX, parts: "empty", fresh: true });
    cleanup.add(() => stopSandbox(SANDBOX));
    file = await writeProject(cleanup, { "train.py": "print('trained')\n" });
  });

  after(() => cleanup.run());

  /** Takes away what is defined, defines this, and opens the cluster as a window does that comes then. */
  async function serve(...objects: readonly KubeObject[]): Promise<Rig> {
    const create = (some: readonly KubeObject[]): Promise<string> =>
      sandbox.kubectl(
        ["create", "--validate=false", "-f", "-"],
        JSON.stringify({ apiVersion: "v1", kind: "List", items: some }),
      );
    const isDefinition = ({ kind }: KubeObject): boolean => kind === "CustomResourceDefinition";
    const kinds = objects
      .filter(isDefinition)
      .map((object) => text(record(record(record(object)["spec"])["names"])["kind"]) ?? "");
    await sandbox.kubectl(["delete", "crds", "--all"]);
    if (objects.length > 0) {
      await create(objects.filter(isDefinition));
      await sandbox.kubectl(["wait", "--for=condition=Established", "crds", "--all"]);
      const others = objects.filter((object) => !isDefinition(object));
      if (others.length > 0) await create(others);
    }
    const rig = await openRig(cleanup, sandbox.kubeconfig);
    // Gathered by a controller of its own, after a definition is established or gone.
    await until(
      "discovery",
      async () => JSON.stringify(await rig.client.json({ method: "GET", path: "/apis", accept: AGGREGATED })),
      (said) =>
        kinds.every((kind) => said.includes(`"kind":"${kind}"`)) &&
        served.every((kind) => kinds.includes(kind) || !said.includes(`"kind":"${kind}"`)),
    );
    served = kinds;
    return rig;
  }

  /** What its row, its jobs' row and the question for the kind say. */
  async function shown({ engine, context }: Rig): Promise<object> {
    const cluster = engine.cluster(context);
    const parts = await cluster.readParts();
    const jobs = cluster.jobs(NAMESPACE);
    try {
      await jobs.answered(10_000);
      return {
        parts: parts && partsWords(parts),
        offered: await engine.launchKinds(context),
        rows: cluster.jobKinds,
        jobs: jobs.state.kind,
      };
    } finally {
      jobs.dispose();
    }
  }

  const plan = (rig: Rig, kind: LaunchKind): Promise<RunPlan> =>
    rig.engine.jobs.plan(
      file,
      choice(rig, NAMESPACE, { kind, image: kind === "TrainJob" ? "" : "python" }),
      rig.client,
    );

  /** Launches it as a person does; the spec as the cluster has kept it, with what was sent. */
  async function launched(rig: Rig, kind: LaunchKind) {
    const { spec, snapshot } = await plan(rig, kind);
    const { launcher } = rig.engine.jobs;
    await launcher.preflight(spec, snapshot, rig.client);
    const { name } = await launcher.launch(spec, snapshot, rig.client);
    return { sent: spec, kept: record(record(await rig.client.get(kindOf(kind).resource, name, NAMESPACE))["spec"]) };
  }

  async function refused(rig: Rig, kind: LaunchKind): Promise<readonly string[]> {
    const error = await launched(rig, kind).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    assert.ok(error instanceof UserError, String(error));
    return [error.code, error.message, ...error.next.map(({ title }) => title)];
  }

  const without = (kind: LaunchKind, ...next: readonly string[]): readonly string[] => [
    "no-operator",
    `The job was not created. No training operator in this cluster takes a ${kind}. Choose a kind that it has, or install this one.`,
    ...["Install Training…", ...next],
  ];
  const ADMIN = "Copy Request for Your Admin";

  it("none: nothing is listed, and either kind is refused with what would install it", async () => {
    const rig = await serve();
    assert.deepEqual(await shown(rig), { parts: [], offered: ["PyTorchJob"], rows: [], jobs: "absent" });
    assert.deepEqual(await refused(rig, "PyTorchJob"), without("PyTorchJob", ADMIN));
    assert.deepEqual(await refused(rig, "TrainJob"), without("TrainJob"));
  });

  it("v1 alone: runs PyTorchJobs, and says that it has no TrainJob", async () => {
    const rig = await serve(...(await definitionsOf("training-operator")));
    const parts = ["Training Operator"];
    assert.deepEqual(await shown(rig), { parts, offered: ["PyTorchJob"], rows: V1, jobs: "live" });
    const { kept } = await launched(rig, "PyTorchJob");
    assert.equal(record(kept["runPolicy"])["suspend"], false);
    assert.deepEqual(await refused(rig, "TrainJob"), without("TrainJob"));
  });

  it("v2 alone: runs TrainJobs on its runtimes, and says that it has no PyTorchJob", async () => {
    const rig = await serve(...(await definitionsOf("trainer")));
    const row = { parts: ["Trainer"], offered: ["TrainJob"], rows: ["TrainJob"], jobs: "live" };
    assert.deepEqual(await shown(rig), row);
    const { sent, kept } = await launched(rig, "TrainJob");
    assert.deepEqual([sent.runtime?.name, sent.runtime?.patches], ["torch-distributed", "runtimePatches"]);
    assert.deepEqual([kept["suspend"], list(kept["runtimePatches"]).length], [false, 1]);
    assert.deepEqual(await refused(rig, "PyTorchJob"), without("PyTorchJob", ADMIN));
  });

  it("an older Trainer: takes all that a launch sends by the name that it has for it", async () => {
    const rig = await serve(...(await definitionsOf("trainer", OLDER_TRAINER)));
    const { sent, kept } = await launched(rig, "TrainJob");
    assert.equal(sent.runtime?.patches, "podTemplateOverrides");
    const [pods = {}] = list(kept["podTemplateOverrides"]);
    const spec = record(pods["spec"]);
    // A server leaves out without a word what a definition does not have.
    assert.deepEqual(pods["targetJobs"], [{ name: "node" }]);
    assert.equal(record(record(pods["metadata"])["labels"])["trainyard/launch-id"], sent.id);
    assert.deepEqual(
      list(spec["volumes"]).map(({ name }) => name),
      ["trainyard-code", "trainyard-start", "trainyard-shm"],
    );
    assert.equal(list(list(spec["containers"])[0]?.["volumeMounts"]).length, 3);
    assert.equal(kept["suspend"], false);
  });

  it("a Trainer that is too old: is listed and offered, and says at a launch that it cannot be given code", async () => {
    const old = (await definitionsOf("trainer", OLDER_TRAINER)).map(
      (object) =>
        JSON.parse(JSON.stringify(object).replaceAll("podTemplateOverrides", "podSpecOverrides")) as KubeObject,
    );
    const rig = await serve(...old);
    assert.match(JSON.stringify(await shown(rig)), /"offered":\["TrainJob"\]/);
    assert.deepEqual(await refused(rig, "TrainJob"), [
      "trainer-too-old",
      "The job was not created. This cluster's Trainer is older than 2.1, and cannot be given code. An administrator can bring it up to date; a PyTorchJob can run where the Training Operator is.",
    ]);
  });
});
