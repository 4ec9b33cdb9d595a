import assert from "node:assert/strict";
import { KubeClient } from "../kube/client.ts";
import { type FakeReply, FakeTransport, json, refusal } from "../kube/testing/fakeTransport.ts";
import { MAKING_ANNOTATION } from "./form/manifest.ts";
import { deleteNotebook, notebookClaims } from "./notebookVolumes.ts";

const BOB = { name: "bob", namespace: "team-a", uid: "u-bob", claims: ["home", "data", "scratch", "gone"] };
const BASE = "/api/v1/namespaces/team-a";

const mounts = (...claims: readonly string[]) => ({
  volumes: [{ emptyDir: {} }, ...claims.map((claimName) => ({ persistentVolumeClaim: { claimName } }))],
});
const pod = (name: string, labels: object, ...claims: readonly string[]) => ({
  metadata: { name, labels },
  spec: mounts(...claims),
});
const notebook = (name: string, ...claims: readonly string[]) => ({
  metadata: { name, uid: `u-${name}` },
  spec: { template: { spec: mounts(...claims) } },
});
const claim = (name: string, ...owners: readonly string[]) => ({
  metadata: { name, uid: `u-${name}`, ownerReferences: owners.map((uid) => ({ uid })) },
  spec: { resources: { requests: { storage: "10Gi" } } },
});

const made = (name: string) => {
  const { metadata, spec } = claim(name);
  return { metadata: { ...metadata, annotations: { [MAKING_ANNOTATION]: "m" } }, spec };
};

function client(replies: Readonly<Record<string, () => FakeReply>>) {
  const asked: string[] = [];
  const transport = new FakeTransport(({ path, raw }) => {
    const what = `${raw.method} ${path.replace(BASE, "").replace("/apis/kubeflow.org/v1/namespaces/team-a", "")}`;
    asked.push(what);
    return replies[what]?.() ?? refusal(404, "NotFound", `no ${what}`);
  });
  return { client: new KubeClient(transport), asked };
}

describe("the volume claims of a notebook that is deleted", () => {
  const lists: Readonly<Record<string, () => FakeReply>> = {
    "GET /pods": () =>
      json({
        metadata: {},
        items: [
          pod("bob-0", { "notebook-name": "bob" }, "home", "data"),
          pod("eve-0", { "notebook-name": "eve" }, "data"),
          pod("debug", {}, "data"),
        ],
      }),
    // A notebook that is stopped has no pod.
    "GET /notebooks": () =>
      json({
        metadata: {},
        items: [notebook("bob", "home"), notebook("eve", "data"), notebook("zoe", "data")],
      }),
    "GET /persistentvolumeclaims/home": () => json(made("home")),
    "GET /persistentvolumeclaims/data": () => json(claim("data")),
    "GET /persistentvolumeclaims/scratch": () => json(claim("scratch", "u-bob")),
  };

  it("are told with who else mounts them, pods and stopped notebooks; what belongs to it goes with it", async () => {
    const { claims, unseen } = await notebookClaims(client(lists).client, BOB);
    assert.deepEqual(
      claims.map(({ name, size, others, goes, isOwn }) => [name, size, others, goes, isOwn]),
      [
        ["home", "10Gi", [], false, true],
        ["data", "10Gi", ["notebook eve", "pod debug", "notebook zoe"], false, false],
        ["scratch", "10Gi", [], true, false],
      ],
    );
    assert.deepEqual(unseen, []);
    assert.deepEqual(await notebookClaims(client({}).client, { ...BOB, claims: [] }), { claims: [], unseen: [] });
  });

  it("says what may not be listed", async () => {
    const { claims, unseen } = await notebookClaims(
      client({ ...lists, "GET /pods": () => refusal(403, "Forbidden", "no") }).client,
      BOB,
    );
    assert.deepEqual([unseen, claims[1]?.others], [["pods"], ["notebook eve", "notebook zoe"]]);
  });

  it("go after it, and only those that were chosen; what stays though it was chosen is said", async () => {
    const done = () => json({});
    const removed: Readonly<Record<string, () => FakeReply>> = {
      ...lists,
      "DELETE /notebooks/bob": done,
      "DELETE /persistentvolumeclaims/home": done,
      "DELETE /persistentvolumeclaims/kept": () => refusal(403, "Forbidden", "you may not"),
    };
    const some = client(removed);
    await deleteNotebook(some.client, BOB, []);
    await deleteNotebook(some.client, BOB, [{ name: "home", uid: "u-home" }]);
    const deleted = (asked: readonly string[]): readonly string[] => asked.filter((what) => what.startsWith("DELETE"));
    assert.deepEqual(deleted(some.asked), [
      "DELETE /notebooks/bob",
      "DELETE /notebooks/bob",
      "DELETE /persistentvolumeclaims/home",
    ]);
    await assert.rejects(deleteNotebook(some.client, BOB, [{ name: "data", uid: "u-data" }]), {
      code: "volumes-left",
      message: /^bob was deleted, its volume claims data were not\. Also mounted by notebook eve, pod debug, /,
    });
    await assert.rejects(
      deleteNotebook(some.client, BOB, [
        { name: "kept", uid: "u-kept" },
        { name: "home", uid: "u-home" },
      ]),
      {
        code: "volumes-left",
        message: "bob was deleted, its volume claims kept were not. you may not",
      },
    );
    assert.equal(some.asked.at(-1), "DELETE /persistentvolumeclaims/home");
    // Where the notebook stays, so do its volumes.
    const none = client({ ...removed, "DELETE /notebooks/bob": () => refusal(403, "Forbidden", "no") });
    await assert.rejects(deleteNotebook(none.client, BOB, [{ name: "home", uid: "u-home" }]), { name: "ApiError" });
    assert.deepEqual(deleted(none.asked), ["DELETE /notebooks/bob"]);
  });
});
