import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { explainLaunchError } from "../../src/jobs/launchErrors.ts";
import { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { Stores } from "../../src/kube/stores.ts";
import type { KubeRequest } from "../../src/kube/transport.ts";
import { kindOf } from "../../src/kubeflow/jobKinds.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";
import { until } from "../editor/until.ts";
import { createRaw, followToEnd } from "./recorder.ts";
import { assertSays, NOT_CREATED, refusal } from "./refusal.ts";
import {
  choice,
  Cleanup,
  deleteJob,
  find,
  kubeconfigOf,
  launchFile,
  makeNamespace,
  openRig,
  type Rig,
  storesOf,
  writeProject,
} from "./support.ts";

const ADMIN = "Copy Request for Your Admin";
const RBAC = "rbac.authorization.k8s.io";

/** The same cluster as one that has no training operator: the real server's answers to paths that it does not serve. */
function withoutOperator(client: KubeClient): KubeClient {
  const send = (request: KubeRequest) =>
    client.stream({ ...request, path: request.path.replace("/apis/kubeflow.org/v1/", "/apis/kubeflow.org/v9/") });
  return new KubeClient({ send, dispose: () => undefined });
}

describe("a launch that the cluster refuses, in one sentence with a next step", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;
  let file: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "refused");
    file = await writeProject(cleanup, { "train.py": "print('trained')\n" });
  });

  after(() => cleanup.run());

  it("no training operator", async () => {
    const error = await refusal(rig, file, namespace, {}, withoutOperator(rig.client));
    assertSays(
      error,
      "no-operator",
      `${NOT_CREATED} No training operator in this cluster takes a PyTorchJob. Choose a kind that it has, or install this one.`,
      "Install Training…",
      ADMIN,
    );
    const stores = new Stores({ client: withoutOperator(rig.client), clock: systemClock, log: silentLogger });
    cleanup.add(() => stores.dispose());
    const store = stores.get(kindOf("PyTorchJob").jobs, namespace);
    store.hold();
    await store.settled();
    assert.equal(store.state.kind, "absent");
    const request = await rig.engine.adminRequest(rig.context, namespace, "both");
    for (const words of [
      "kubectl apply --server-side -k",
      "ref=v1.9.4",
      "kubectl -n kubeflow rollout status",
      "kubectl apply -f trainyard-rights.yaml",
      '"admin"',
    ]) {
      assert.ok(request.includes(words), `${words} in\n${request}`);
    }
  });

  it("no right to create jobs", async () => {
    const reader = await openRig(cleanup, kubeconfigOf("reader"));
    const error = await refusal(reader, file, "team-a");
    assertSays(
      error,
      "no-rights",
      `${NOT_CREATED} You may not create pytorchjobs in the namespace team-a. An administrator can allow it.`,
      ADMIN,
    );
  });

  it("…and with exactly what the request asks for, that person can do the whole road", async () => {
    const reader = await openRig(cleanup, kubeconfigOf("reader"));
    const own = await makeNamespace(cleanup, rig.client, "granted");
    const request = await reader.engine.adminRequest(reader.context, own, "both");
    // As an administrator would: the indented block of the message, saved and applied.
    const yaml = /\n\n( {4}apiVersion: rbac[\s\S]*?)\n\n {4}kubectl apply/.exec(request)?.[1];
    assert.ok(yaml !== undefined, request);
    for (const document of parseAllDocuments(yaml.replace(/^ {4}/gm, ""))) {
      const object = document.toJS() as KubeObject;
      const kind: ResourceKind = {
        group: RBAC,
        version: "v1",
        plural: `${object.kind?.toLowerCase() ?? ""}s`,
        kind: object.kind ?? "",
        namespaced: true,
      };
      await rig.client.create(kind, object);
    }
    // The authorizer learns of it by its own watch.
    await until(
      "the right",
      () =>
        reader.client.list(PYTORCH_JOB, { namespace: own }).then(
          () => true,
          () => false,
        ),
      Boolean,
    );
    const { job } = await launchFile(reader, file, own);
    const { recorder, result } = await followToEnd(reader, job);
    assert.equal(result.verdict.outcome, "succeeded");
    assert.deepEqual(recorder.of(0), ["trained"]);
    const cluster = reader.engine.cluster(reader.context);
    for (const store of [storesOf(cluster, own).jobs, storesOf(cluster, own).pods, cluster.warnings(own)]) {
      const held = store.hold();
      await store.settled();
      assert.equal(store.state.kind, "live");
      held.dispose();
    }
    await reader.engine.objectYaml(reader.context, { resource: PYTORCH_JOB, namespace: own, name: job.name });
    await reader.engine.stopJob(reader.context, job);
    await deleteJob(reader, job);
    await until(
      "the job to go",
      () => find(rig.client, PYTORCH_JOB, job.name, own),
      (left) => left === undefined,
    );
  });

  it("a file that is not Python", async () => {
    const other = await writeProject(cleanup, { "notes.txt": "{}" });
    await assert.rejects(rig.engine.jobs.plan(other, choice(rig, namespace), rig.client), {
      code: "not-python",
      message: "notes.txt is not a Python file. Open the .py file or the notebook that starts the training.",
    });
  });

  it("a namespace that is not there", async () => {
    assertSays(
      await refusal(rig, file, "nowhere"),
      "no-namespace",
      `${NOT_CREATED} The cluster has no namespace nowhere. Choose another namespace.`,
    );
  });

  it("a name that is taken", async () => {
    const taken = await createRaw(rig, { name: "taken", namespace, master: "print(1)" });
    const error = await refusal(rig, file, namespace, { name: "taken" });
    assertSays(
      error,
      "name-taken",
      `${NOT_CREATED} ${namespace} already has a training job taken, which is not this launch. Run it again: each run has a name of its own.`,
    );
    assert.equal((await rig.client.get(PYTORCH_JOB, "taken", namespace)).metadata.uid, taken.uid);
  });

  it("the operator's webhook, in its words", async () => {
    const plan = await rig.engine.jobs.plan(file, choice(rig, namespace), rig.client);
    const bad = {
      apiVersion: "kubeflow.org/v1",
      kind: "PyTorchJob",
      metadata: { name: "bad", namespace },
      spec: {
        pytorchReplicaSpecs: {
          Master: { replicas: 1, template: { spec: { containers: [{ name: "other", image: "x" }] } } },
        },
      },
    };
    const answer: unknown = await rig.client.create<KubeObject>(PYTORCH_JOB, bad).then(
      () => undefined,
      (error: unknown) => error,
    );
    const error = explainLaunchError(answer, plan.spec);
    assertSays(
      error,
      "webhook-refused",
      /^The job was not created\. The cluster's rules refuse it: .*must have at least one container with name pytorch.* Asked by validator\.pytorchjob\.training-operator\.kubeflow\.org\.$/,
    );
  });
});
