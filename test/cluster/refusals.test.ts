import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { systemClock } from "../../src/core/clock.ts";
import { isUserError, type UserError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/log.ts";
import { explainLaunchError } from "../../src/jobs/launchErrors.ts";
import type { LaunchSpec } from "../../src/jobs/spec.ts";
import { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { Stores } from "../../src/kube/stores.ts";
import type { KubeRequest } from "../../src/kube/transport.ts";
import { PYTORCH_JOB, PYTORCH_JOBS } from "../../src/kubeflow/kinds/pytorchJob.ts";
import { until } from "../editor/until.ts";
import { createRaw, follow, followToEnd } from "./recorder.ts";
import { choice, Cleanup, find, kubeconfigOf, launchFile, makeNamespace, openRig, RESOURCE_QUOTA, type Rig, writeProject } from "./support.ts";

const ADMIN = "Copy Request for Your Admin";
const RBAC = "rbac.authorization.k8s.io";
const NOT_CREATED = "The job was not created.";

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

  /** What the person reads, first when the launch is checked, then when it is tried all the same. */
  async function refusal(by: Rig, where: string, more: Partial<LaunchSpec> = {}, client = by.client): Promise<UserError> {
    const plan = await by.engine.jobs.plan(file, choice(by, where));
    const spec: LaunchSpec = { ...plan.spec, ...more };
    const { launcher, journal } = by.engine.jobs;
    const checked: unknown = await launcher.preflight(spec, plan.snapshot, client).then(() => undefined, (error: unknown) => error);
    const tried: unknown = await launcher.launch(spec, plan.snapshot, client).then(() => undefined, (error: unknown) => error);
    assert.ok(isUserError(checked), String(checked));
    assert.ok(isUserError(tried), String(tried));
    assert.equal(tried.code, checked.code);
    // Nothing is left of it, here or there.
    assert.equal(await journal.get(spec.id), undefined);
    return tried;
  }

  function assertSays(error: UserError, code: string, message: string | RegExp, ...next: readonly string[]): void {
    assert.equal(error.code, code);
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    assert.deepEqual(error.next.map(({ title }) => title), next);
  }

  it("no training operator", async () => {
    const error = await refusal(rig, namespace, {}, withoutOperator(rig.client));
    assertSays(error, "no-operator", "No training operator in this cluster. An administrator can install it.", ADMIN);
    const stores = new Stores({ client: withoutOperator(rig.client), clock: systemClock, log: silentLogger });
    cleanup.add(() => stores.dispose());
    const store = stores.get(PYTORCH_JOBS, namespace);
    store.hold();
    await store.settled();
    assert.equal(store.state.kind, "absent");
    const request = await rig.engine.adminRequest(rig.context, namespace);
    for (const words of ["kubectl apply --server-side -k", "ref=v1.9.4", "kubectl -n kubeflow rollout status", "kubectl apply -f trainyard-rights.yaml", '"admin"']) {
      assert.ok(request.includes(words), `${words} in\n${request}`);
    }
  });

  it("no right to create jobs", async () => {
    const reader = await openRig(cleanup, kubeconfigOf("reader"));
    const error = await refusal(reader, "team-a");
    assertSays(error, "no-rights", `${NOT_CREATED} You may not create pytorchjobs in the namespace team-a. An administrator can allow it.`, ADMIN);
  });

  it("…and with exactly what the request asks for, that person can do the whole road", async () => {
    const reader = await openRig(cleanup, kubeconfigOf("reader"));
    const own = await makeNamespace(cleanup, rig.client, "granted");
    const request = await reader.engine.adminRequest(reader.context, own);
    // As an administrator would: the indented block of the message, saved and applied.
    const yaml = /\n\n( {4}apiVersion: rbac[\s\S]*?)\n\n {4}kubectl apply/.exec(request)?.[1];
    assert.ok(yaml !== undefined, request);
    for (const document of parseAllDocuments(yaml.replace(/^ {4}/gm, ""))) {
      const object = document.toJS() as KubeObject;
      const kind: ResourceKind = { group: RBAC, version: "v1", plural: `${object.kind?.toLowerCase() ?? ""}s`, kind: object.kind ?? "", namespaced: true };
      await rig.client.create(kind, object);
    }
    // The authorizer learns of it by its own watch.
    await until("the right", () => reader.client.list(PYTORCH_JOB, { namespace: own }).then(() => true, () => false), Boolean);
    const { job } = await launchFile(reader, file, own);
    const { recorder, result } = await followToEnd(reader, job);
    assert.equal(result.verdict.outcome, "succeeded");
    assert.deepEqual(recorder.of(0), ["trained"]);
    const cluster = reader.engine.cluster(reader.context);
    for (const store of [cluster.jobs(own), cluster.pods(own), cluster.warnings(own)]) {
      const held = store.hold();
      await store.settled();
      assert.equal(store.state.kind, "live");
      held.dispose();
    }
    await reader.engine.objectYaml(reader.context, own, "pytorchjobs", job.name);
    await reader.engine.stopJob(reader.context, job);
    await reader.engine.deleteJob(reader.context, job);
    await until("the job to go", () => find(rig.client, PYTORCH_JOB, job.name, own), (left) => left === undefined);
  });

  it("a file that is not Python", async () => {
    for (const [name, hint] of [["notes.txt", "Open the .py file that starts the training."], ["lab.ipynb", "Export the notebook as a Python script, and run that."]] as const) {
      const other = await writeProject(cleanup, { [name]: "{}" });
      await assert.rejects(rig.engine.jobs.plan(other, choice(rig, namespace)), { code: "not-python", message: `${name} is not a Python file. ${hint}` });
    }
  });

  it("a namespace that is not there", async () => {
    assertSays(await refusal(rig, "nowhere"), "no-namespace", `${NOT_CREATED} The cluster has no namespace nowhere. Choose another namespace.`);
  });

  it("a quota on the number of jobs", async () => {
    const own = await makeNamespace(cleanup, rig.client, "count");
    const hard = { "count/pytorchjobs.kubeflow.org": "0" };
    const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "no-jobs", namespace: own }, spec: { hard } };
    await rig.client.create<KubeObject>(RESOURCE_QUOTA, quota);
    await until("the quota to count", () => rig.client.get<KubeObject & { status?: { used?: object } }>(RESOURCE_QUOTA, "no-jobs", own), (made) => made.status?.used !== undefined);
    const error = await refusal(rig, own);
    assertSays(error, "quota", `${NOT_CREATED} The namespace's quota no-jobs allows 0 training jobs (0 in use, this job asks for 1).`, "Change Size…");
    assert.deepEqual((await rig.client.list(PYTORCH_JOB, { namespace: own })).items, []);
  });

  it("a name that is taken", async () => {
    const taken = await createRaw(rig, { name: "taken", namespace, master: "print(1)" });
    const error = await refusal(rig, namespace, { name: "taken" });
    assertSays(error, "name-taken", `${NOT_CREATED} ${namespace} already has a training job taken, which is not this launch. Run it under another name.`, "Change Name…");
    assert.equal((await rig.client.get(PYTORCH_JOB, "taken", namespace)).metadata.uid, taken.uid);
  });

  it("the operator's webhook, in its words", async () => {
    const plan = await rig.engine.jobs.plan(file, choice(rig, namespace));
    const bad = { apiVersion: "kubeflow.org/v1", kind: "PyTorchJob", metadata: { name: "bad", namespace }, spec: { pytorchReplicaSpecs: { Master: { replicas: 1, template: { spec: { containers: [{ name: "other", image: "x" }] } } } } } };
    const answer: unknown = await rig.client.create<KubeObject>(PYTORCH_JOB, bad).then(() => undefined, (error: unknown) => error);
    const error = explainLaunchError(answer, plan.spec);
    assertSays(error, "webhook-refused", /^The job was not created\. The cluster's rules refuse it: .*must have at least one container with name pytorch.* Asked by validator\.pytorchjob\.training-operator\.kubeflow\.org\.$/);
  });

  it("an admission policy of the cluster, in its words", async () => {
    const kind = (plural: string, name: string): ResourceKind => ({ group: "admissionregistration.k8s.io", version: "v1", plural, kind: name, namespaced: false });
    const [policies, bindings] = [kind("validatingadmissionpolicies", "ValidatingAdmissionPolicy"), kind("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding")];
    const own = await makeNamespace(cleanup, rig.client, "policy");
    const apiVersion = "admissionregistration.k8s.io/v1";
    const matchConstraints = { resourceRules: [{ apiGroups: ["kubeflow.org"], apiVersions: ["*"], operations: ["CREATE"], resources: ["pytorchjobs"] }] };
    const policy = { apiVersion, kind: policies.kind, metadata: { name: own }, spec: { matchConstraints, validations: [{ expression: "false", message: "jobs need a cost centre" }] } };
    const selector = { matchLabels: { "kubernetes.io/metadata.name": own } };
    const binding = { apiVersion, kind: bindings.kind, metadata: { name: own }, spec: { policyName: own, validationActions: ["Deny"], matchResources: { namespaceSelector: selector } } };
    for (const [of, object] of [[policies, policy], [bindings, binding]] as const) {
      const made = await rig.client.create<KubeObject>(of, object);
      cleanup.add(() => rig.client.delete(of, own, undefined, made.metadata.uid ?? ""));
    }
    // The policy comes into force a moment later.
    const plan = await rig.engine.jobs.plan(file, choice(rig, own));
    await until("the policy", () => rig.engine.jobs.launcher.preflight(plan.spec, plan.snapshot, rig.client).then(() => false, () => true), Boolean);
    assertSays(await refusal(rig, own), "policy-refused", `${NOT_CREATED} The cluster's rules refuse it: jobs need a cost centre. Asked by ${own}.`);
  });

  it("a limit of the namespace that only the pod meets, while the job waits", async () => {
    const own = await makeNamespace(cleanup, rig.client, "limits");
    const limits: ResourceKind = { group: "", version: "v1", plural: "limitranges", kind: "LimitRange", namespaced: true };
    const range = { apiVersion: "v1", kind: "LimitRange", metadata: { name: "small", namespace: own }, spec: { limits: [{ type: "Container", max: { cpu: "2" } }] } };
    await rig.client.create<KubeObject>(limits, range);
    const plan = await rig.engine.jobs.plan(file, choice(rig, own));
    const job = await rig.engine.jobs.launcher.launch({ ...plan.spec, cpu: "4" }, plan.snapshot, rig.client);
    const { recorder, stop } = follow(rig, job);
    await recorder.told("the limit", ({ rank, text }) => rank === undefined && /maximum cpu usage per Container is 2, but limit is 4/.test(text));
    stop.abort();
  });
});
