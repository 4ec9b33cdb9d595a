import assert from "node:assert/strict";
import { systemClock } from "../../src/core/clock.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { applyDevicePlugin, devicePluginIs, gpuState, storageClassIs } from "../../src/provision/cloud/afterCreate.ts";
import { runGpuTest } from "../../src/provision/cloud/gpuTestPod.ts";
import { madeByKubernetes, madeWords, removeMade } from "../../src/provision/cloud/kubernetesMade.ts";
import { until } from "../editor/until.ts";
import { Cleanup, find, kubeconfigOf, makeNamespace, openRig, PYTHON, type Rig } from "./support.ts";

const core = (plural: string, kind: string): ResourceKind => ({
  group: "",
  version: "v1",
  plural,
  kind,
  namespaced: true,
});
const SERVICE = core("services", "Service");
const CLAIM = core("persistentvolumeclaims", "PersistentVolumeClaim");
const POD = core("pods", "Pod");
const CLASS: ResourceKind = {
  ...{ group: "storage.k8s.io", version: "v1" },
  plural: "storageclasses",
  kind: "StorageClass",
  namespaced: false,
};
const DAEMON_SET: ResourceKind = {
  ...{ group: "apps", version: "v1" },
  plural: "daemonsets",
  kind: "DaemonSet",
  namespaced: true,
};

describe("after a cluster was made, and before it is destroyed", () => {
  const cleanup = new Cleanup();
  const { signal } = new AbortController();
  let rig: Rig;
  let namespace: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "after");
  });
  after(() => cleanup.run());

  it("a cluster is asked for its default StorageClass", async () => {
    const before = await storageClassIs(rig.client, signal);
    const taken = before.state === "ok";
    if (!taken) assert.match(before.detail, /will wait for ever/);
    const object = {
      metadata: { name: "after-default", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: "example.com/none",
    };
    const made = await rig.client.create<KubeObject>(CLASS, object);
    try {
      const now = await storageClassIs(rig.client, signal);
      assert.equal(now.state, "ok");
      assert.match(now.detail, /after-default/);
    } finally {
      await rig.client.delete(CLASS, "after-default", undefined, made.metadata.uid ?? "");
    }
  });

  it("the device plugin is applied once, as this server accepts it, and found again", async () => {
    const { plugin } = await gpuState(rig.client, signal);
    assert.equal(plugin, false, "the sandbox brings none");
    await applyDevicePlugin(rig.client, signal);
    const made = await rig.client.get<KubeObject>(DAEMON_SET, "nvidia-device-plugin", "kube-system");
    try {
      const now = await gpuState(rig.client, signal);
      assert.equal(now.plugin, true);
      assert.match(devicePluginIs({ ...now, gpus: 0 }).detail, /waits for a node with a GPU/);
      await assert.rejects(applyDevicePlugin(rig.client, signal), /One is there already/);
    } finally {
      await rig.client.delete(DAEMON_SET, "nvidia-device-plugin", "kube-system", made.metadata.uid ?? "");
    }
  });

  const ownPods = async (): Promise<readonly string[]> =>
    (await rig.client.list<KubeObject>(POD, { namespace })).items.map(({ metadata }) => metadata.name);
  const options = (more: object) => ({
    ...{ client: rig.client, clock: systemClock, namespace, scales: true, onDetail: () => undefined, signal },
    ...more,
  });

  it("a GPU test where no node has a GPU is refused in words, or gives up in words, and leaves no pod", async () => {
    const { gpus } = await gpuState(rig.client, signal);
    if (gpus === 0) {
      const refused = await runGpuTest(options({ scales: false }));
      assert.equal(refused.state, "skipped");
      assert.match(refused.detail, /^No node has a GPU\./);
      assert.deepEqual(await ownPods(), []);
    }
    const seen: string[] = [];
    const result = await runGpuTest(
      options({
        image: PYTHON,
        command: ["/no-such-program"],
        timeoutMs: 4_000,
        onDetail: (words: string) => seen.push(words),
      }),
    );
    assert.equal(result.state, "failed");
    assert.match(result.detail, gpus === 0 ? /^It did not run within \d+ s: no node takes the pod yet: / : /\S/);
    assert.ok(seen.length > 0);
    await until("the pod's end", ownPods, (names) => names.length === 0);
  });

  it("a cancelled GPU test leaves no pod", async () => {
    const abort = new AbortController();
    const running = runGpuTest(options({ image: PYTHON, signal: abort.signal, onDetail: () => abort.abort() }));
    await assert.rejects(running, { name: "CancelledError" });
    await until("the pod's end", ownPods, (names) => names.length === 0);
  });

  it("load balancers, volumes and the pods that hold them are listed, removed when asked, and nothing else is", async () => {
    const meta = (name: string) => ({ name, namespace });
    const make = (kind: ResourceKind, name: string, spec: object) =>
      rig.client.create<KubeObject>(kind, { metadata: meta(name), ...{ spec } });
    await make(SERVICE, "balanced", { type: "LoadBalancer", ports: [{ port: 80 }] });
    await make(SERVICE, "inner", { ports: [{ port: 80 }] });
    const resources = { requests: { storage: "20Gi" } };
    const claim = { accessModes: ["ReadWriteOnce"], resources, storageClassName: "none-such" };
    await make(CLAIM, "data", claim);
    await make(POD, "user", {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "c", image: PYTHON }],
      volumes: [{ name: "v", persistentVolumeClaim: { claimName: "data" } }],
    });
    const made = (await madeByKubernetes(rig.client, signal)).filter((one) => one.namespace === namespace);
    assert.deepEqual(
      made.map(({ name, what }) => [name, what]),
      [
        ["balanced", "load balancer"],
        ["data", "volume of 20Gi, in use by user"],
        ["user", "pod that uses a volume"],
      ],
    );
    assert.equal(madeWords(made), "1 load balancer, 1 volume, 1 pod that uses them");
    const told: string[] = [];
    const left = await removeMade(rig.client, made, {
      clock: systemClock,
      signal,
      onProgress: (words) => told.push(words),
    });
    assert.deepEqual(left, []);
    for (const [kind, name] of [
      [SERVICE, "balanced"],
      [CLAIM, "data"],
      [POD, "user"],
    ] as const)
      assert.equal(await find(rig.client, kind, name, namespace), undefined, name);
    assert.ok(await find(rig.client, SERVICE, "inner", namespace));
  });
});
