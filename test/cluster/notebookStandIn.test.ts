import assert from "node:assert/strict";
import { isApiError } from "../../src/kube/errors.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { NOTEBOOK } from "../../src/kubeflow/kinds/notebook.ts";
import { until } from "../editor/until.ts";
import { notebookObject, type NotebookObject, notebookPath, STOPPED } from "./notebook.ts";
import { Cleanup, find, kubeconfigOf, makeNamespace, openRig, type Rig } from "./support.ts";

const kind = (group: string, plural: string, name: string): ResourceKind => ({
  group,
  version: "v1",
  plural,
  kind: name,
  namespaced: true,
});
const STATEFUL_SET = kind("apps", "statefulsets", "StatefulSet");
const SERVICE = kind("", "services", "Service");
const POD = kind("", "pods", "Pod");

interface PodObject extends KubeObject {
  readonly spec: {
    readonly containers: readonly { readonly env: readonly object[]; readonly workingDir: string }[];
    readonly securityContext: object;
  };
}

describe("the stand-in for the notebook controller", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "notebooks");
  });

  after(() => cleanup.run());

  const seen = (name: string, accept: (notebook: NotebookObject) => boolean): Promise<NotebookObject> =>
    until(`the Notebook ${name}`, () => rig.client.get<NotebookObject>(NOTEBOOK, name, namespace), accept);
  const ready = (name: string): Promise<NotebookObject> =>
    seen(name, ({ status }) => status?.readyReplicas === 1 && status.containerState?.["running"] !== undefined);
  const gone = (what: ResourceKind, name: string): Promise<unknown> =>
    until(
      `${what.kind} ${name} to go`,
      () => find(rig.client, what, name, namespace),
      (left) => left === undefined,
      40_000,
    );
  const annotate = (name: string, value: string | null): Promise<NotebookObject> =>
    rig.client.patch(NOTEBOOK, name, namespace, { metadata: { annotations: { [STOPPED]: value } } });

  it("starts, stops, starts again and goes with all that it made", async () => {
    const made = await rig.client.create(NOTEBOOK, notebookObject("lab", namespace, { labels: { team: "vision" } }));
    const { status } = await ready("lab");
    assert.deepEqual(status?.conditions?.map(({ type, status: is }) => `${type} ${is ?? ""}`).sort(), [
      "ContainersReady True",
      "Initialized True",
      "PodReadyToStartContainers True",
      "PodScheduled True",
      "Ready True",
    ]);
    const pod = await rig.client.get<PodObject>(POD, "lab-0", namespace);
    const { labels, annotations } = pod.metadata;
    assert.deepEqual(
      [labels?.["statefulset"], labels?.["notebook-name"], labels?.["team"], annotations],
      ["lab", "lab", "vision", undefined],
    );
    const [container] = pod.spec.containers;
    assert.deepEqual(container?.env, [{ name: "NB_PREFIX", value: `/notebook/${namespace}/lab` }]);
    assert.equal(container.workingDir, "/home/jovyan");
    assert.deepEqual(pod.spec.securityContext, { fsGroup: 100 });

    const answer = await until(
      "the notebook's server",
      () =>
        rig.client.json({ method: "GET", path: `${notebookPath("lab", namespace)}/api` }).catch((error: unknown) => {
          assert.ok(isApiError(error) && error.status === 503, String(error)); // It begins to listen a moment later.
          return undefined;
        }),
      (told) => told !== undefined,
    );
    assert.deepEqual(answer, { version: "stand-in" });

    await annotate("lab", new Date().toISOString());
    await gone(POD, "lab-0");
    const stopped = await seen("lab", (notebook) => notebook.status?.readyReplicas === 0);
    assert.equal(stopped.metadata.uid, made.metadata.uid);
    await seen("lab", (notebook) => notebook.status?.conditions?.length === 0);
    await annotate("lab", null);
    await ready("lab");

    await rig.client.delete(NOTEBOOK, "lab", namespace, made.metadata.uid ?? "");
    for (const what of [NOTEBOOK, STATEFUL_SET, SERVICE]) await gone(what, "lab");
    await gone(POD, "lab-0");
  });

  it("says what the container waits for", async () => {
    const image = "registry.invalid/missing:1";
    await rig.client.create(NOTEBOOK, notebookObject("missing", namespace, { image }));
    await seen("missing", ({ status }) =>
      ["ErrImagePull", "ImagePullBackOff"].includes(status?.containerState?.["waiting"]?.reason ?? ""),
    );
  });

  it("is for people with few rights as well, in their namespace", async () => {
    const narrow = await openRig(cleanup, kubeconfigOf("narrow"));
    const made = await narrow.client.create(NOTEBOOK, notebookObject("narrow-lab", "team-a"));
    cleanup.add(() => rig.client.delete(NOTEBOOK, "narrow-lab", "team-a", made.metadata.uid ?? ""));
    const reader = await openRig(cleanup, kubeconfigOf("reader"));
    assert.equal((await reader.client.get(NOTEBOOK, "narrow-lab", "team-a")).metadata.uid, made.metadata.uid);
    await assert.rejects(
      narrow.client.list(NOTEBOOK, { namespace: "team-b" }),
      (error) => isApiError(error) && error.status === 403,
    );
  });

  it("refuses a Notebook without a container", async () => {
    const empty = notebookObject("empty", namespace);
    await assert.rejects(
      rig.client.create(NOTEBOOK, { ...empty, spec: { template: { spec: { containers: [] } } } }),
      /spec\.template\.spec\.containers in body should have at least 1 items/,
    );
  });

  it("takes a Profile, which nobody reconciles", async () => {
    const profile: ResourceKind = { ...kind("kubeflow.org", "profiles", "Profile"), namespaced: false };
    const made = await rig.client.create<KubeObject & { spec: object }>(profile, {
      apiVersion: "kubeflow.org/v1",
      kind: "Profile",
      metadata: { name: namespace },
      spec: { owner: { kind: "User", name: "somebody@example.com" } },
    });
    cleanup.add(() => rig.client.delete(profile, namespace, undefined, made.metadata.uid ?? ""));
    assert.deepEqual((await rig.client.get<typeof made>(profile, namespace)).spec, made.spec);
  });
});
