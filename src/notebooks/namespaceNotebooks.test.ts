import assert from "node:assert/strict";
import type { Store, StoreDefinition } from "../kube/store.ts";
import { ManualClock } from "../kube/testing/manualClock.ts";
import { JOB_WARNINGS } from "../kubeflow/kinds/event.ts";
import { type Notebook, NOTEBOOK_PODS, NOTEBOOKS, projectNotebook } from "../kubeflow/kinds/notebook.ts";
import type { JobEvent, JobPod } from "../kubeflow/model.ts";
import { container, pod, warning } from "../kubeflow/testing/objects.ts";
import { SetStore } from "../kubeflow/testing/setStore.ts";
import { NamespaceNotebooks, type NotebooksChange } from "./namespaceNotebooks.ts";

const uidOf = ({ uid }: { readonly uid: string }): string => uid;

function notebook(name: string, status: object = {}, uid = `uid-${name}`): Notebook {
  const metadata = { name, namespace: "team-a", uid, creationTimestamp: "2026-11-21T23:00:00Z" };
  return projectNotebook({ metadata, ...{ status } });
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
  const stores = new Map<object, object>([
    [NOTEBOOKS, notebooks],
    [NOTEBOOK_PODS, pods],
    [JOB_WARNINGS, warnings],
  ]);
  // A definition always has the store of its own type here.
  const source = { store: <T extends object>(definition: StoreDefinition<T>) => stores.get(definition) as Store<T> };
  let live: NamespaceNotebooks;
  let heard: NotebooksChange[];

  beforeEach(() => {
    notebooks.set(notebook("bob", { readyReplicas: 1 }), notebook("eve"));
    pods.set(podOf("bob"));
    warnings.set();
    live = new NamespaceNotebooks(source, "team-a", new ManualClock());
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

  it("lets go of what it watched", () => {
    assert.deepEqual([notebooks.holders, pods.holders, warnings.holders], [1, 1, 1]);
    live.refresh();
    live.dispose();
    assert.deepEqual([notebooks.holders, pods.holders, warnings.holders], [0, 0, 0]);
    assert.deepEqual([notebooks.refreshes, pods.refreshes, warnings.refreshes], [1, 1, 1]);
  });
});
