import assert from "node:assert/strict";
import type { Store, StoreDefinition } from "../kube/store.ts";
import { ManualClock } from "../kube/testing/manualClock.ts";
import { type Claim, CLAIMS } from "../kubeflow/kinds/claim.ts";
import { JOB_WARNINGS } from "../kubeflow/kinds/event.ts";
import { type Notebook, NOTEBOOK_PODS, NOTEBOOKS, projectNotebook } from "../kubeflow/kinds/notebook.ts";
import type { JobEvent, JobPod } from "../kubeflow/model.ts";
import { container, pod, warning } from "../kubeflow/testing/objects.ts";
import { SetStore } from "../kubeflow/testing/setStore.ts";
import type { ObjectsChange } from "../kubeflow/namespaceObjects.ts";
import { NamespaceNotebooks } from "./namespaceNotebooks.ts";

const uidOf = ({ uid }: { readonly uid: string }): string => uid;

function notebook(name: string, status: object = {}, annotations: Record<string, string> = {}): Notebook {
  const created = "2026-11-21T23:00:00Z";
  const metadata = { name, namespace: "team-a", uid: `uid-${name}`, creationTimestamp: created, annotations };
  const spec = { template: { spec: { volumes: [{ persistentVolumeClaim: { claimName: "data" } }] } } };
  return projectNotebook({ metadata, ...{ spec, status } });
}

const CREATED = Date.parse("2026-11-21T23:00:00Z");

function podOf(name: string, change: Partial<JobPod> = {}): JobPod {
  return pod({
    uid: `pod-${name}`,
    name: `${name}-0`,
    job: name,
    role: name,
    created: CREATED,
    containers: [container({ name })],
    ...change,
  });
}

describe("the notebooks of a namespace", () => {
  const notebooks = new SetStore<Notebook>(uidOf);
  const pods = new SetStore<JobPod>(uidOf);
  const warnings = new SetStore<JobEvent>(uidOf);
  const claims = new SetStore<Claim>(uidOf);
  const stores = new Map<object, object>([
    [NOTEBOOKS, notebooks],
    [NOTEBOOK_PODS, pods],
    [JOB_WARNINGS, warnings],
    [CLAIMS, claims],
  ]);
  // A definition always has the store of its own type here.
  const source = { store: <T extends object>(definition: StoreDefinition<T>) => stores.get(definition) as Store<T> };
  let live: NamespaceNotebooks;
  let heard: ObjectsChange[];
  let asked: number;
  let cullAfter: number | undefined;

  beforeEach(() => {
    notebooks.set(notebook("bob", { readyReplicas: 1 }), notebook("eve", { readyReplicas: 0 }));
    pods.set(podOf("bob"));
    warnings.set();
    claims.set();
    [asked, cullAfter] = [0, undefined];
    live = new NamespaceNotebooks(source, "team-a", new ManualClock(), () => {
      asked++;
      return Promise.resolve(cullAfter);
    });
    heard = [];
    live.onDidChange((change) => heard.push(change));
  });

  afterEach(() => live.dispose());

  const said = (uid: string): string => {
    const found = live.get(uid);
    if (found === undefined) return "gone";
    return Object.values(live.summary(found)).filter(Boolean).join(" · ");
  };

  it("says of each what its pod and its warnings tell, and how many are in which state", () => {
    assert.deepEqual([said("uid-bob"), said("uid-eve")], ["Ready · for 1 h", "Waiting · no pod yet · for 1 h"]);
    assert.deepEqual(
      [...live.counts],
      [
        ["Ready", 1],
        ["Waiting", 1],
      ],
    );
    warnings.put(
      warning("no room for eve", { namespace: "team-a", aboutKind: "StatefulSet", aboutName: "eve", time: CREATED }),
    );
    assert.equal(said("uid-eve"), "Waiting · no room for eve · for 1 h");
    pods.put(podOf("eve"));
    assert.equal(said("uid-eve"), "Starting · its server is not ready yet · for 1 h");
    assert.deepEqual(heard, [
      { changed: ["uid-eve"], set: false },
      { changed: ["uid-eve"], set: false },
    ]);
  });

  it("tells when notebooks come and go, and of nothing that is not theirs", () => {
    notebooks.put(notebook("zoe"));
    notebooks.put(notebook("zoe", { readyReplicas: 1 }));
    notebooks.remove(notebook("zoe"));
    pods.put(podOf("stranger"));
    warnings.put(warning("x", { namespace: "team-b", aboutName: "bob" }));
    assert.deepEqual(heard, [
      { changed: ["uid-zoe"], set: true },
      { changed: ["uid-zoe"], set: false },
      { changed: ["uid-zoe"], set: true },
    ]);
    notebooks.set(notebook("eve"));
    assert.deepEqual(heard.at(-1), { changed: ["uid-eve"], set: true });
  });

  it("takes no pod and no warning of an earlier notebook of the same name", () => {
    pods.put(podOf("eve", { created: CREATED - 60_000 }));
    warnings.put(warning("old", { namespace: "team-a", aboutName: "eve", time: CREATED - 60_000 }));
    assert.equal(said("uid-eve"), "Waiting · no pod yet · for 1 h");
    const found = live.get("uid-eve");
    assert.ok(found !== undefined && live.podOf(found) === undefined);
  });

  it("remembers what took a pod away, once its place is taken by the next", () => {
    const evicted = podOf("bob", { deleting: true, disruption: "EvictionByEvictionAPI" });
    pods.put(evicted);
    assert.equal(said("uid-bob"), "Restarting · evicted");
    pods.remove(evicted);
    pods.put(podOf("bob", { uid: "pod-2" }));
    assert.equal(said("uid-bob"), "Ready · evicted just now · for 1 h");
    const event = { reason: "Evicted", aboutKind: "Pod", aboutName: "eve-0", aboutUid: "pod-old", time: CREATED };
    warnings.put(warning("low on memory", { namespace: "team-a", ...event }));
    notebooks.put(notebook("eve", { readyReplicas: 1 }));
    pods.put(podOf("eve"));
    assert.equal(said("uid-eve"), "Ready · evicted 1 h ago · for 1 h");
  });

  it("watches volume claims from when a pod waits for one", () => {
    assert.equal(claims.holders, 0);
    const unschedulable = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.";
    pods.put(podOf("eve", { phase: "Pending", node: undefined, containers: [], unschedulable }));
    assert.equal(claims.holders, 1);
    heard.length = 0;
    claims.put({ uid: "c", name: "data", namespace: "team-a", phase: "Pending", storageClass: "fast" });
    assert.equal(
      said("uid-eve"),
      "Waiting · its volume claim data has no volume: the class fast has not made it yet · for 1 h",
    );
    const about = { namespace: "team-a", aboutKind: "PersistentVolumeClaim", aboutName: "data" };
    warnings.put(warning('storageclass.storage.k8s.io "fast" not found', about));
    assert.match(said("uid-eve"), /has no volume: there is no StorageClass fast/);
    const eve = live.get("uid-eve");
    assert.deepEqual(eve && live.familyOf(eve), ["pod-eve", "", "u1", "c"]);
    assert.deepEqual(heard, [
      { changed: ["uid-bob", "uid-eve"], set: false },
      { changed: ["uid-bob", "uid-eve"], set: false },
    ]);
  });

  it("asks for the culler's settings once, where use is counted", async () => {
    assert.equal(asked, 0);
    cullAfter = 7_200_000;
    const used = { "notebooks.kubeflow.org/last-activity": "2026-11-21T23:00:00Z" };
    for (const name of ["bob", "zoe"]) notebooks.put(notebook(name, { readyReplicas: 1 }, used));
    await Promise.resolve();
    await Promise.resolve();
    assert.equal(said("uid-bob"), "Ready · idle for 1 h, stops in 1 h");
    assert.equal(asked, 1);
    assert.deepEqual(heard.at(-1), { changed: ["uid-bob", "uid-eve", "uid-zoe"], set: false });
  });

  it("is down once its pod is known to be gone", () => {
    const stopped = notebook("bob", { readyReplicas: 0 }, { "kubeflow-resource-stopped": "2026-11-22T00:00:00Z" });
    notebooks.put(stopped);
    assert.ok(!live.isDown(stopped));
    pods.set();
    pods.become({ kind: "loading" });
    assert.ok(!live.isDown(stopped));
    pods.become({ kind: "live" });
    assert.ok(live.isDown(stopped));
  });

  it("lets go of what it watched", () => {
    assert.deepEqual([notebooks.holders, pods.holders, warnings.holders], [1, 1, 1]);
    live.refresh();
    live.dispose();
    assert.deepEqual([notebooks.holders, pods.holders, warnings.holders], [0, 0, 0]);
    assert.deepEqual([notebooks.refreshes, pods.refreshes, warnings.refreshes], [1, 1, 1]);
  });
});
