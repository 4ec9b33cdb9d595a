import assert from "node:assert/strict";
import { codeName } from "../../src/jobs/index.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";
import { until } from "../editor/until.ts";
import { follow, followToEnd } from "./recorder.ts";
import {
  Cleanup,
  CONFIG_MAP,
  deleteJob,
  find,
  kubeconfigOf,
  launchFile,
  openRig,
  type Rig,
  storesOf,
  writeProject,
} from "./support.ts";

describe("a person with few rights", () => {
  const cleanup = new Cleanup();
  let rig: Rig;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("narrow"));
  });

  after(() => cleanup.run());

  it("is shown the context's own namespace, and may name others", async () => {
    const notes = new Map();
    assert.deepEqual(await rig.engine.namespaces(rig.context), { shown: ["team-a"], more: true, notes });
    assert.deepEqual(await rig.engine.allNamespaces(rig.context), { names: ["team-a"], mayList: false, notes });
    await rig.engine.namespaceDesk.choose(rig.context, ["team-a", "team-b"]);
    assert.deepEqual(await rig.engine.namespaces(rig.context), { shown: ["team-a", "team-b"], more: true, notes });
    const state = rig.engine.clusterState(rig.context);
    assert.ok(state.kind === "live");
    assert.match(state.version, /^1\.\d+\.\d+/);
  });

  it("sees what is allowed, and is told in the server's words what is not", async () => {
    const cluster = rig.engine.cluster(rig.context);
    const states: string[] = [];
    for (const store of [
      storesOf(cluster, "team-a").jobs,
      storesOf(cluster, "team-a").pods,
      cluster.warnings("team-a"),
      storesOf(cluster, "team-b").jobs,
    ]) {
      const held = store.hold();
      await store.settled();
      const { state } = store;
      states.push(state.kind === "forbidden" ? `forbidden: ${state.why}` : state.kind);
      held.dispose();
    }
    assert.deepEqual(states, [
      "live",
      "live",
      'forbidden: events is forbidden: User "narrow" cannot list resource "events" in API group "" in the namespace "team-a"',
      'forbidden: pytorchjobs.kubeflow.org is forbidden: User "narrow" cannot list resource "pytorchjobs" in API group "kubeflow.org" in the namespace "team-b"',
    ]);
  });

  it("walks the whole road: launch, follow, stop, delete", async () => {
    const file = await writeProject(cleanup, {
      "narrow.py": "from helper import say\nsay()\n",
      "helper.py": "def say(): print('through the narrow gate')\n",
    });
    const { plan, job } = await launchFile(rig, file, "team-a");
    const { recorder, result } = await followToEnd(rig, job);
    assert.equal(result.verdict.outcome, "succeeded");
    assert.deepEqual(recorder.of(0), ["through the narrow gate"]);
    assert.match(
      await rig.engine.objectYaml(rig.context, { resource: PYTORCH_JOB, namespace: "team-a", name: job.name }),
      /kind: PyTorchJob/,
    );
    await rig.engine.stopJob(rig.context, job);
    await deleteJob(rig, job);
    await until(
      "the job to go",
      () => find(rig.client, PYTORCH_JOB, job.name, "team-a"),
      (left) => left === undefined,
    );
    await until(
      "its code to go",
      () => find(rig.client, CONFIG_MAP, codeName(plan.spec), "team-a"),
      (left) => left === undefined,
    );
  });

  it("cannot follow where jobs may not be read, and is told why at once", async () => {
    const target = { namespace: "team-b", name: "any", uid: "00000000-0000-0000-0000-000000000000" };
    await assert.rejects(follow(rig, target).result, {
      code: "no-rights",
      message:
        'any cannot be followed. The cluster says: pytorchjobs.kubeflow.org "any" is forbidden: User "narrow" cannot list resource "pytorchjobs" in API group "kubeflow.org" in the namespace "team-b". An administrator can allow it.',
    });
  });
});
