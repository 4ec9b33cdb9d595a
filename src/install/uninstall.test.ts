import assert from "node:assert/strict";
import { KubeClient } from "../kube/client.ts";
import { FakeTransport, json, refusal } from "../kube/testing/fakeTransport.ts";
import { ManualClock } from "../kube/testing/manualClock.ts";
import { Kinds } from "./kinds.ts";
import { Limited } from "./limited.ts";
import type { InstallRecord } from "./record.ts";
import { uninstallAll } from "./uninstall.ts";

const CORE = [
  ["namespaces", "Namespace", false],
  ["persistentvolumeclaims", "PersistentVolumeClaim", true],
] as const;
const PROFILE = { apiVersion: "kubeflow.org/v1", kind: "Profile", namespace: "", name: "ada" };
const AT = "/apis/kubeflow.org/v1/profiles/ada";
const SPACE = "/api/v1/namespaces/ada";

/** A cluster with a Profile whose namespace holds these claims; what was deleted in it. */
function rig(claims: readonly object[]) {
  const deleted: string[] = [];
  const space = { metadata: { name: "ada", ownerReferences: [{ uid: "p1" }] } };
  const transport = new FakeTransport(({ path, raw: { method } }) => {
    if (method === "DELETE") deleted.push(path);
    const isThere = (at: string): boolean => path === at && !deleted.includes(at);
    if (path === "/api/v1")
      return json({ resources: CORE.map(([name, kind, namespaced]) => ({ name, kind, namespaced })) });
    if (path === "/apis/kubeflow.org/v1") return json({ resources: [{ name: "profiles", kind: "Profile" }] });
    if (path === "/api/v1/namespaces") return json({ items: [space] });
    if (path === `${SPACE}/persistentvolumeclaims`) return json({ items: claims });
    if (method === "DELETE" || isThere(AT)) return json({ metadata: { name: "ada", uid: "p1" } });
    if (isThere(SPACE)) return json({ metadata: { name: "ada", uid: "n1" } });
    return refusal(404, "NotFound", `no ${path}`);
  });
  const clock = new ManualClock();
  const client = new KubeClient(transport, clock);
  const component = { title: "First Profile", state: "done" as const, detail: "", hash: "", objects: [PROFILE] };
  const record: InstallRecord = {
    ...{ format: 1, cluster: "c", intent: "uninstall", updatedAt: 0 },
    choice: { release: "r", wanted: ["profile"], platform: "any" },
    pin: { ref: "", commit: "", checksum: "" },
    components: { profile: { ...component, kept: [], needs: [] } },
  };
  const uninstall = (volumes: boolean) =>
    uninstallAll(
      { client, clock, kinds: new Kinds(client), limited: new Limited(4) },
      record,
      { volumes },
      { save: () => Promise.resolve(), onSteps: () => undefined, signal: new AbortController().signal },
    );
  return { uninstall, deleted };
}

describe("uninstalling", () => {
  const claim = { metadata: { name: "data" } };

  it("keeps an object with whose namespace a person's volumes would go", async () => {
    const { uninstall, deleted } = rig([claim]);
    const { left } = await uninstall(false);
    assert.deepEqual(deleted, []);
    assert.deepEqual(left, [
      "Namespace ada: it holds 1 volume with data",
      "Profile ada: its namespace would go with it",
    ]);
  });

  it("takes it away where there are none, or they are to go as well", async () => {
    for (const [claims, volumes] of [[[], false] as const, [[claim], true] as const]) {
      const { uninstall, deleted } = rig(claims);
      assert.deepEqual((await uninstall(volumes)).left, []);
      assert.deepEqual(deleted, [AT, SPACE]);
    }
  });
});
