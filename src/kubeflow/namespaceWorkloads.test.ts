import assert from "node:assert/strict";
import { KubeClient } from "../kube/client.ts";
import type { Store, StoreDefinition } from "../kube/store.ts";
import { FakeTransport, json } from "../kube/testing/fakeTransport.ts";
import { ManualClock } from "../kube/testing/manualClock.ts";
import { JOB_WARNINGS } from "./kinds/event.ts";
import { EXPERIMENTS, projectExperiment } from "./kinds/experiment.ts";
import type { Workload } from "./kinds/workload.ts";
import type { JobEvent } from "./model.ts";
import type { ObjectsChange } from "./namespaceObjects.ts";
import { NamespaceWorkloads } from "./namespaceWorkloads.ts";
import { warning } from "./testing/objects.ts";
import { SetStore } from "./testing/setStore.ts";
import { WORKLOADS } from "./workloads.ts";

const CREATED = Date.parse("2026-11-21T23:00:00Z");

function experiment(name: string, condition?: string): Workload {
  const metadata = { name, namespace: "team-a", uid: `uid-${name}`, creationTimestamp: "2026-11-21T23:00:00Z" };
  const conditions = condition === undefined ? [] : [{ type: condition, status: "True", message: "too many failed" }];
  return projectExperiment({ metadata, ...{ spec: { maxTrialCount: 4 }, status: { conditions } } });
}

describe("the experiments of a namespace", () => {
  const objects = new SetStore<Workload>(({ uid }) => uid);
  const warnings = new SetStore<JobEvent>(({ uid }) => uid);
  const stores = new Map<object, object>([
    [EXPERIMENTS, objects],
    [JOB_WARNINGS, warnings],
  ]);
  // A definition always has the store of its own type here.
  const source = { store: <T extends object>(definition: StoreDefinition<T>) => stores.get(definition) as Store<T> };
  const pod = (name: string, phase: string) => ({
    metadata: { name, namespace: "team-a", uid: name },
    ...{ spec: { containers: [{ name: "main" }] }, status: { phase } },
  });
  const transport = new FakeTransport(({ query }) =>
    query["continue"] === "more"
      ? json({ kind: "PodList", metadata: {}, items: [pod("a-z9-master-0", "Running")] })
      : json({
          kind: "PodList",
          metadata: { continue: "more" },
          items: [pod("a-x7-master-0", "Running"), pod("a-y8-master-0", "Pending")],
        }),
  );
  let live: NamespaceWorkloads;
  let heard: ObjectsChange[];

  beforeEach(() => {
    objects.set(experiment("a"), experiment("a-b", "Failed"));
    warnings.set();
    live = new NamespaceWorkloads(
      source,
      new KubeClient(transport),
      WORKLOADS.experiments,
      "team-a",
      new ManualClock(),
    );
    heard = [];
    live.onDidChange((change) => heard.push(change));
  });

  afterEach(() => live.dispose());

  const item = (name: string): Workload => {
    const found = live.get(`uid-${name}`);
    assert.ok(found !== undefined);
    return found;
  };
  const why = (name: string): readonly string[] => live.why(item(name)).map(({ text }) => text);

  it("says why one failed, and that its controller has not taken another up", () => {
    assert.deepEqual(why("a-b"), ["Too many failed."]);
    assert.deepEqual(why("a"), ["Katib has not taken it up; its controller may not be running."]);
    assert.deepEqual(
      [...live.counts],
      [
        ["Waiting", 1],
        ["Failed", 1],
      ],
    );
  });

  it("takes warnings for the object that they are named after, the longest name first, and none of an earlier one", () => {
    const about = { namespace: "team-a", aboutKind: "Pod", time: CREATED };
    warnings.put(warning("no room", { ...about, uid: "1", aboutName: "a-b-x7" }));
    assert.deepEqual([live.summary(item("a")).detail, why("a-b").length], ["0 of 4 trials done", 2]);
    warnings.put(warning("no image", { ...about, uid: "2", aboutName: "a-x7" }));
    warnings.put(warning("old", { ...about, uid: "3", aboutName: "a-x7", time: CREATED - 60_000 }));
    assert.equal(live.summary(item("a")).detail, "no image");
    assert.deepEqual(heard.at(-1), { changed: ["uid-a"], set: false });
  });

  it("tells when some come and go, and lets go of what it watched", () => {
    objects.put(experiment("c"));
    objects.put(experiment("c", "Running"));
    objects.remove(experiment("c"));
    assert.deepEqual(
      heard.map(({ set }) => set),
      [true, false, true],
    );
    live.dispose();
    assert.deepEqual([objects.holders, warnings.holders], [0, 0]);
  });

  it("finds the logs of pods that have begun, of all pages", async () => {
    assert.deepEqual(await live.containers(item("a"), new AbortController().signal), [
      { namespace: "team-a", pod: "a-x7-master-0", container: "main" },
      { namespace: "team-a", pod: "a-z9-master-0", container: "main" },
    ]);
    assert.match(JSON.stringify(transport.requests.at(-1)), /katib\.kubeflow\.org(?:\/|%2F)experiment(?:=|%3D)a/);
  });
});
