import assert from "node:assert/strict";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";
import { until } from "../editor/until.ts";
import { follow } from "./recorder.ts";
import { assertSays, NOT_CREATED, refusal } from "./refusal.ts";
import {
  choice,
  Cleanup,
  kubeconfigOf,
  makeNamespace,
  openRig,
  RESOURCE_QUOTA,
  type Rig,
  writeProject,
} from "./support.ts";

describe("a launch against the rules of a namespace", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let file: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    file = await writeProject(cleanup, { "train.py": "print('trained')\n" });
  });

  after(() => cleanup.run());

  it("a quota on the number of jobs", async () => {
    const own = await makeNamespace(cleanup, rig.client, "count");
    const hard = { "count/pytorchjobs.kubeflow.org": "0" };
    const quota = {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "no-jobs", namespace: own },
      spec: { hard },
    };
    await rig.client.create<KubeObject>(RESOURCE_QUOTA, quota);
    await until(
      "the quota to count",
      () => rig.client.get<KubeObject & { status?: { used?: object } }>(RESOURCE_QUOTA, "no-jobs", own),
      (made) => made.status?.used !== undefined,
    );
    const error = await refusal(rig, file, own);
    assertSays(
      error,
      "quota",
      `${NOT_CREATED} The namespace's quota no-jobs allows 0 training jobs (0 in use, this job asks for 1).`,
      "Change Size…",
    );
    assert.deepEqual((await rig.client.list(PYTORCH_JOB, { namespace: own })).items, []);
  });

  it("an admission policy of the cluster, in its words", async () => {
    const kind = (plural: string, name: string): ResourceKind => ({
      group: "admissionregistration.k8s.io",
      version: "v1",
      plural,
      kind: name,
      namespaced: false,
    });
    const [policies, bindings] = [
      kind("validatingadmissionpolicies", "ValidatingAdmissionPolicy"),
      kind("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding"),
    ];
    const own = await makeNamespace(cleanup, rig.client, "policy");
    const apiVersion = "admissionregistration.k8s.io/v1";
    const matchConstraints = {
      resourceRules: [
        { apiGroups: ["kubeflow.org"], apiVersions: ["*"], operations: ["CREATE"], resources: ["pytorchjobs"] },
      ],
    };
    const policy = {
      apiVersion,
      kind: policies.kind,
      metadata: { name: own },
      spec: { matchConstraints, validations: [{ expression: "false", message: "jobs need a cost centre" }] },
    };
    const selector = { matchLabels: { "kubernetes.io/metadata.name": own } };
    const binding = {
      apiVersion,
      kind: bindings.kind,
      metadata: { name: own },
      spec: { policyName: own, validationActions: ["Deny"], matchResources: { namespaceSelector: selector } },
    };
    for (const [of, object] of [
      [policies, policy],
      [bindings, binding],
    ] as const) {
      const made = await rig.client.create<KubeObject>(of, object);
      cleanup.add(() => rig.client.delete(of, own, undefined, made.metadata.uid ?? ""));
    }
    // The policy comes into force a moment later.
    const plan = await rig.engine.jobs.plan(file, choice(rig, own), rig.client);
    await until(
      "the policy",
      () =>
        rig.engine.jobs.launcher.preflight(plan.spec, plan.snapshot, rig.client).then(
          () => false,
          () => true,
        ),
      Boolean,
    );
    assertSays(
      await refusal(rig, file, own),
      "policy-refused",
      `${NOT_CREATED} The cluster's rules refuse it: jobs need a cost centre. Asked by ${own}.`,
    );
  });

  it("a limit of the namespace that only the pod meets, while the job waits", async () => {
    const own = await makeNamespace(cleanup, rig.client, "limits");
    const limits: ResourceKind = {
      group: "",
      version: "v1",
      plural: "limitranges",
      kind: "LimitRange",
      namespaced: true,
    };
    const range = {
      apiVersion: "v1",
      kind: "LimitRange",
      metadata: { name: "small", namespace: own },
      spec: { limits: [{ type: "Container", max: { cpu: "2" } }] },
    };
    await rig.client.create<KubeObject>(limits, range);
    const plan = await rig.engine.jobs.plan(file, choice(rig, own), rig.client);
    const job = await rig.engine.jobs.launcher.launch({ ...plan.spec, cpu: "4" }, plan.snapshot, rig.client);
    const { recorder, stop } = follow(rig, job);
    await recorder.told(
      "the limit",
      ({ rank, text }) => rank === undefined && /maximum cpu usage per Container is 2, but limit is 4/.test(text),
    );
    stop.abort();
  });
});
