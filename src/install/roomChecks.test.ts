import assert from "node:assert/strict";
import type { Check } from "../contract/preview.ts";
import { KubeClient } from "../kube/client.ts";
import { FakeTransport, json, refusal } from "../kube/testing/fakeTransport.ts";
import { policyChecks, type Rendered } from "./checks.ts";
import type { Manifest } from "./objects.ts";
import type { Component } from "./release.ts";
import { roomChecks } from "./roomChecks.ts";

type Has = Readonly<Record<"nodes" | "storageclasses" | "pods", readonly object[] | undefined>>;

const READY = { type: "Ready", status: "True" };
const node = (name: string, more: object = {}, status: object = {}): object => ({
  metadata: { name },
  spec: more,
  status: { allocatable: { cpu: "4", memory: "8Gi", "ephemeral-storage": "50Gi" }, conditions: [READY], ...status },
});
const pod = (nodeName: string, cpu: string, namespace = "theirs"): object => ({
  metadata: { name: "p", namespace },
  spec: { nodeName, containers: [{ resources: { requests: { cpu, memory: "1Gi" } } }] },
});
const DEFAULT = { "storageclass.kubernetes.io/is-default-class": "true" };
const storageClass = (name: string, annotations: object = {}): object => ({ metadata: { name, annotations } });
const claim = (storageClassName?: string): Manifest => ({
  ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "c" } },
  spec: storageClassName === undefined ? {} : { storageClassName },
});
const SPACE: Manifest = { apiVersion: "v1", kind: "Namespace", metadata: { name: "kubeflow" } };
/** Takes three cores, 4 GiB, and volumes of 20 GB. */
const part = (...objects: readonly Manifest[]): Rendered => ({
  component: { id: "p", title: "Part", uses: { cpu: 3000, memory: 4096, storage: 20 } } as Component,
  objects,
});

/** Of a cluster that has these; what is undefined may not be seen. */
async function said(
  has: Partial<Has>,
  rendered: readonly Rendered[] = [part()],
  platform: NodeJS.Platform = "linux",
): Promise<Readonly<Record<string, string>>> {
  const all: Has = { nodes: [node("a")], storageclasses: [], pods: [], ...has };
  const transport = new FakeTransport(({ path }) => {
    const items = Object.entries(all).find(([plural]) => path.endsWith(`/${plural}`))?.[1];
    return items === undefined ? refusal(403, "Forbidden", "no") : json({ items });
  });
  return words(await roomChecks(new KubeClient(transport), rendered, platform));
}

function words(checks: readonly Check[]): Readonly<Record<string, string>> {
  return Object.fromEntries(checks.map(({ id, state, detail }) => [id, `${state}: ${detail}`]));
}

describe("room for Kubeflow", () => {
  it("is what pods of others have left of nodes that take any", async () => {
    const needs = "It takes about 3.0 CPU and 4.0 GiB; there";
    assert.equal((await said({}))["room"], `ok: ${needs} is 1 node with 4.0 CPU and 8.0 GiB free.`);
    const short = "Its pods will wait for room; add nodes, or choose fewer components.";
    assert.equal(
      (await said({ pods: [pod("a", "1500m"), pod("gone", "4")] }))["room"],
      `warning: ${needs} is 1 node with 2.5 CPU and 7.0 GiB free. ${short}`,
    );
    const cordoned = { nodes: [node("a"), node("b", { unschedulable: true })] };
    assert.match((await said(cordoned))["room"] ?? "", /^ok: .* is 1 node with/);
    const own = { pods: [pod("a", "3", "kubeflow")] };
    assert.match((await said(own, [part(SPACE)]))["room"] ?? "", /^ok: .* 4\.0 CPU/, "they are of it already");
  });

  it("says what it cannot see", async () => {
    const { room } = await said({ pods: undefined });
    assert.match(room ?? "", /^ok: .* 1 node with 4\.0 CPU and 8\.0 GiB in all, with what their pods take\.$/);
    assert.match((await said({ nodes: undefined }))["room"] ?? "", /^skipped: .* you may not see the nodes\.$/);
    const { storage } = await said({ storageclasses: undefined }, [part(claim())]);
    assert.match(storage ?? "", /^skipped: .* you may not see the storage classes\.$/);
  });

  it("reads pods page by page, with an end", async () => {
    const transport = new FakeTransport(({ path }) =>
      path.endsWith("/pods") ? json({ items: [], metadata: { continue: "more" } }) : json({ items: [node("a")] }),
    );
    const { room } = words(await roomChecks(new KubeClient(transport), [part()], "linux"));
    assert.match(room ?? "", /in all, with what their pods take/);
    assert.equal(transport.requests.filter(({ path }) => path.endsWith("/pods")).length, 10);
  });

  it("names nodes without disk, and counts volumes only where they are of the nodes' own", async () => {
    assert.equal((await said({}))["disk"], "ok: The nodes have 50 GiB of disk in all, for images.");
    const kind = { providerID: "kind://docker/a" };
    assert.equal(
      (await said({ nodes: [node("a", kind)] }))["disk"],
      "ok: The nodes have 50 GiB of disk in all, and volumes of 20 GB come from it, besides images.",
    );
    const small = node("a", kind, { allocatable: { cpu: "4", memory: "8Gi", "ephemeral-storage": "15Gi" } });
    assert.match((await said({ nodes: [small] }))["disk"] ?? "", /^warning: .* they may fill it\.$/);
    const pressed = node("a", {}, { conditions: [{ type: "DiskPressure", status: "True" }] });
    assert.match((await said({ nodes: [pressed] }))["disk"] ?? "", /^warning: a is short of disk/);
  });

  it("needs the StorageClass that volumes name, or the default one", async () => {
    const needs = "Part needs volumes of 20 GB";
    const never = "their pods would wait for ever";
    const classes = { storageclasses: [storageClass("fast"), storageClass("standard", DEFAULT)] };
    const of = async (has: Partial<Has>, ...claims: readonly Manifest[]): Promise<string | undefined> =>
      (await said(has, [part(...claims)]))["storage"];
    assert.equal(await of(classes, claim()), `ok: ${needs}, of the class standard.`);
    assert.equal(await of(classes, claim("fast")), `ok: ${needs}, of the class fast.`);
    assert.equal(
      await of(classes, claim("odd")),
      `failed: ${needs}, and the cluster has no StorageClass odd: ${never}.`,
    );
    assert.equal(await of({}, claim()), `failed: ${needs}, and the cluster has no default StorageClass: ${never}.`);
    assert.equal(await of({}, claim("")), undefined, "a volume that is there is asked for");
    const set = { apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "s" } };
    const templates: Manifest = { ...set, spec: { volumeClaimTemplates: [{ spec: {} }] } };
    assert.equal(await of(classes, templates), `ok: ${needs}, of the class standard.`);
  });

  it("warns of processors for which not every part has images", async () => {
    const arm = node("a", {}, { nodeInfo: { architecture: "arm64" } });
    assert.equal(
      (await said({ nodes: [arm, node("b")] }))["architecture"],
      "warning: 1 node of arm64: not every part has images for that.",
    );
    assert.equal((await said({}))["architecture"], undefined);
  });

  it("looks at the kernel's watches on files where nodes share it, and much is installed", async () => {
    const nodes = [node("minikube")];
    const many = Array.from({ length: 6 }, () => part());
    assert.match((await said({ nodes }, many, "darwin"))["inotify"] ?? "", /^skipped: Docker’s own Linux decides/);
    if (process.platform === "linux")
      assert.match(
        (await said({ nodes }, many))["inotify"] ?? "",
        /^(ok: This computer|warning: fs\.inotify\.max_user)/,
      );
    assert.equal((await said({ nodes }))["inotify"], undefined);
    assert.equal((await said({}, many))["inotify"], undefined);
  });
});

describe("policy engines", () => {
  it("are told by the groups that the cluster serves", async () => {
    const of = (...names: readonly string[]): Promise<readonly Check[]> =>
      policyChecks(new KubeClient(new FakeTransport(() => json({ groups: names.map((name) => ({ name })) }))));
    const found = await of("apps", "kyverno.io", "templates.gatekeeper.sh");
    assert.deepEqual(
      found.map(({ id, state }) => `${id} ${state}`),
      ["policy-kyverno warning", "policy-gatekeeper warning"],
    );
    assert.match(found[0]?.detail ?? "", /^Kyverno watches over this cluster/);
    assert.deepEqual(await of("apps"), []);
  });
});
