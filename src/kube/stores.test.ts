import assert from "node:assert/strict";
import { silentLogger } from "../core/log.ts";
import { KubeClient } from "./client.ts";
import type { KubeObject } from "./objects.ts";
import type { StoreDefinition } from "./store.ts";
import { Stores } from "./stores.ts";
import { FakeCollection } from "./testing/fakeCollection.ts";
import { FakeTransport } from "./testing/fakeTransport.ts";
import { ManualClock, turns } from "./testing/manualClock.ts";

const kind = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };
const NAMES: StoreDefinition<string> = { kind, project: ({ metadata }: KubeObject) => metadata.name };
const SELECTED: StoreDefinition<string> = { ...NAMES, labelSelector: "a=b" };

describe("stores", () => {
  it("shares one watch per definition and namespace, and ends them all", async () => {
    const collection = new FakeCollection();
    const transport = new FakeTransport((request) => collection.answer(request));
    const clock = new ManualClock();
    const stores = new Stores({ client: new KubeClient(transport), clock, log: silentLogger });
    const store = stores.get(NAMES, "ml");
    assert.equal(stores.get(NAMES, "ml"), store);
    assert.equal(new Set([store, stores.get(NAMES, "other"), stores.get(NAMES), stores.get(SELECTED, "ml")]).size, 4);
    assert.equal(transport.requests.length, 0);

    store.hold();
    stores.get(NAMES, "ml").hold();
    await store.settled();
    assert.equal(transport.open, 1);
    stores.refresh();
    await turns();
    assert.deepEqual([transport.requests.length, transport.open], [2, 1], "only what is held is read anew");

    stores.dispose();
    await turns();
    assert.deepEqual([transport.open, clock.timers], [0, 0]);
    const late = stores.get(SELECTED, "late");
    late.hold();
    await turns();
    assert.equal(transport.requests.length, 2, "nothing begins after the end");
  });
});
