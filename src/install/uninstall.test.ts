import assert from "node:assert/strict";
import { KubeClient } from "../kube/client.ts";
import { FakeTransport, json, refusal } from "../kube/testing/fakeTransport.ts";
import { ManualClock } from "../kube/testing/manualClock.ts";
import { takenAlong } from "./instances.ts";
import { Kinds } from "./kinds.ts";
import { Limited } from "./limited.ts";
import type { Ref } from "./objects.ts";
import type { InstallRecord } from "./record.ts";
import { uninstallAll } from "./uninstall.ts";

const NEVER = new AbortController().signal;
/** Kinds by the path of their version. */
const SERVED: Readonly<Record<string, readonly (readonly [plural: string, kind: string, namespaced: boolean])[]>> = {
  "/api/v1": [
    ["namespaces", "Namespace", false],
    ["persistentvolumeclaims", "PersistentVolumeClaim", true],
    ["services", "Service", true],
    ["pods", "Pod", true],
    ["configmaps", "ConfigMap", true],
    ["secrets", "Secret", true],
  ],
  "/apis/apps/v1": [
    ["deployments", "Deployment", true],
    ["statefulsets", "StatefulSet", true],
  ],
  "/apis/batch/v1": [
    ["jobs", "Job", true],
    ["cronjobs", "CronJob", true],
  ],
  "/apis/apiextensions.k8s.io/v1": [["customresourcedefinitions", "CustomResourceDefinition", false]],
  "/apis/kubeflow.org/v1": [["profiles", "Profile", false]],
  "/apis/other.test/v1": [["things", "Thing", true]],
};
const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const OURS = { managedFields: [{ manager: "trainyard", operation: "Apply", fieldsV1: {} }] };
const PROFILE = { apiVersion: "kubeflow.org/v1", kind: "Profile", namespace: "", name: "ada" };
const PROFILES = {
  ...{ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", namespace: "" },
  name: "profiles.kubeflow.org",
};
const PARTS = { apiVersion: "v1", kind: "Namespace", namespace: "", name: "lab" };
const AT = "/apis/kubeflow.org/v1/profiles/ada";
const SPACE = "/api/v1/namespaces/ada";
const ADA = { [AT]: { uid: "p1", ...OURS }, [SPACE]: { ownerReferences: [{ uid: "p1" }] } };
const CLAIM = { [`${SPACE}/persistentvolumeclaims/data`]: {} };

/** A cluster with these objects, metadata by path, of which an install brought `objects`; what was deleted in it. */
function rig(has: Readonly<Record<string, object>>, objects: readonly Ref[] = [PROFILE]) {
  const there = new Map(Object.entries(has));
  const deleted: string[] = [];
  const whole = (path: string, metadata: object): object => {
    const namespace = /\/namespaces\/([^/]+)\/./.exec(path)?.[1];
    return { metadata: { name: path.slice(path.lastIndexOf("/") + 1), uid: path, namespace, ...metadata } };
  };
  const transport = new FakeTransport(({ path, raw: { method } }) => {
    const served = SERVED[path];
    if (served !== undefined)
      return json({ resources: served.map(([name, kind, namespaced]) => ({ name, kind, namespaced })) });
    if (SERVED[`${path}/v1`] !== undefined)
      return json({ preferredVersion: { groupVersion: `${path.slice("/apis/".length)}/v1` } });
    const found = there.get(path);
    if (found === undefined && /\/[a-z]+s$/.test(path)) {
      const [, version = "", plural = ""] = /^(.*?)\/(?:namespaces\/[^/]+\/)?([a-z]+)$/.exec(path) ?? [];
      const within = path.includes("/namespaces/") ? `${path}/` : version;
      const items = [...there].filter(([at]) => at.startsWith(within) && at.split("/").at(-2) === plural);
      return json({ items: items.map(([at, metadata]) => whole(at, metadata)) });
    }
    if (found === undefined) return refusal(404, "NotFound", `no ${path}`);
    if (method !== "DELETE") return json(whole(path, found));
    deleted.push(path);
    there.delete(path);
    return json({});
  });
  const clock = new ManualClock();
  const client = new KubeClient(transport, clock);
  const component = { title: "Part", state: "done" as const, detail: "", hash: "", objects: [...objects] };
  const record: InstallRecord = {
    ...{ format: 1, cluster: "c", intent: "uninstall", updatedAt: 0 },
    choice: { release: "r", wanted: ["part"], platform: "any" },
    pin: { ref: "", commit: "", checksum: "" },
    components: { part: { ...component, kept: [], needs: [] } },
  };
  const tools = { client, clock, kinds: new Kinds(client), limited: new Limited(4) };
  const watched = { save: () => Promise.resolve(), onSteps: () => undefined, signal: NEVER };
  return {
    uninstall: (volumes = false) => uninstallAll(tools, record, { volumes }, watched),
    takenAlong: () => takenAlong(tools, record, NEVER),
    deleted,
  };
}

describe("uninstalling", () => {
  it("keeps an object with whose namespace a person's volumes would go", async () => {
    const { uninstall, deleted } = rig({ ...ADA, ...CLAIM });
    const { left } = await uninstall();
    assert.deepEqual(deleted, []);
    assert.deepEqual(left, [
      "Namespace ada: it holds 1 volume with data",
      "Profile ada: its namespace would go with it",
    ]);
  });

  it("takes it away where there are none, or they are to go as well", async () => {
    for (const [has, volumes] of [[ADA, false] as const, [{ ...ADA, ...CLAIM }, true] as const]) {
      const { uninstall, deleted } = rig(has);
      assert.deepEqual((await uninstall(volumes)).left, []);
      assert.deepEqual(deleted, [AT, SPACE]);
    }
  });

  it("leaves alone what somebody else has made anew: an object, or a definition with all that is of it", async () => {
    const custom = rig({ ...ADA, [AT]: { uid: "p1" } });
    assert.deepEqual((await custom.uninstall()).left, ["Profile ada: somebody else has made it anew"]);
    const definition = rig({ ...ADA, [AT]: { uid: "p1" }, [`${CRDS}/${PROFILES.name}`]: {} }, [PROFILES]);
    assert.deepEqual((await definition.uninstall()).left, [
      `CustomResourceDefinition ${PROFILES.name}: somebody else has made it anew`,
    ]);
    assert.deepEqual([...custom.deleted, ...definition.deleted], []);
  });

  it("counts what goes with the definitions, and names the namespaces, before anything goes", async () => {
    const bob = { "/apis/kubeflow.org/v1/profiles/bob": { uid: "p2" } };
    const space = { "/api/v1/namespaces/bob": { ownerReferences: [{ uid: "p2" }] } };
    const has = { ...ADA, ...bob, ...space, [`${CRDS}/${PROFILES.name}`]: OURS };
    const { takenAlong: count, uninstall, deleted } = rig(has, [PROFILES, PROFILE]);
    const along = { kinds: [["Profile", 1]], namespaces: ["ada", "bob"] };
    assert.deepEqual(await count(), along);
    // As Kustomize writes what it does not know to have no namespace.
    assert.deepEqual(await rig(has, [PROFILES, { ...PROFILE, namespace: "kubeflow" }]).takenAlong(), along);
    assert.deepEqual(deleted, []);
    assert.deepEqual((await uninstall()).left, []);
    assert.deepEqual(new Set(deleted), new Set(Object.keys(has)));
  });

  it("keeps a namespace in which somebody has something, and none for what programs made there", async () => {
    const parts = "/api/v1/namespaces/lab";
    const thing = { "/apis/other.test/v1/namespaces/lab/things/odd": {}, [`${CRDS}/things.other.test`]: {} };
    for (const [has, left] of [
      [{ [`${parts}/secrets/token`]: {} }, "Secret token is in it"],
      [{ [`${parts}/configmaps/notes`]: {} }, "ConfigMap notes is in it"],
      [{ "/apis/batch/v1/namespaces/lab/cronjobs/nightly": {} }, "CronJob nightly is in it"],
      [thing, "Thing odd is in it"],
      [{ [`${parts}/configmaps/kube-root-ca.crt`]: {} }, undefined],
      [{ [`${parts}/secrets/tls`]: { annotations: { "cert-manager.io/certificate-name": "x" } } }, undefined],
      [{ [`${parts}/configmaps/made`]: { ownerReferences: [{ uid: "u" }] } }, undefined],
    ] as const) {
      const { uninstall, deleted } = rig({ [parts]: OURS, ...has }, [PARTS]);
      assert.deepEqual((await uninstall()).left, left === undefined ? [] : [`Namespace lab: ${left}`]);
      assert.deepEqual(deleted, left === undefined ? [parts] : []);
    }
  });
});
