import assert from "node:assert/strict";
import { silentLogger } from "../core/log.ts";
import { KubeClient } from "./client.ts";
import type { KubeObject } from "./objects.ts";
import { ConnectError } from "./errors.ts";
import type { ListingDefinition, StoreDefinition } from "./store.ts";
import { Stores } from "./stores.ts";
import { FakeCollection } from "./testing/fakeCollection.ts";
import { type FakeReply, FakeTransport, refusal } from "./testing/fakeTransport.ts";
import { ManualClock, turns, until } from "./testing/manualClock.ts";

const kind = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };
const NAMES: StoreDefinition<string> = { kind, project: ({ metadata }: KubeObject) => metadata.name };
const SELECTED: StoreDefinition<string> = { ...NAMES, labelSelector: "a=b" };
const LISTED: ListingDefinition<string> = { ...NAMES, projectRow: ({ name }) => name };

describe("stores", () => {
  it("shares one watch per definition and namespace, and ends them all", async () => {
    const collection = new FakeCollection();
    const transport = new FakeTransport((request) => collection.answer(request));
    const clock = new ManualClock();
    const stores = new Stores({ client: new KubeClient(transport), clock, log: silentLogger });
    const store = stores.get(NAMES, "ml");
    assert.equal(stores.get(NAMES, "ml"), store);
    assert.equal(new Set([store, stores.get(NAMES, "other"), stores.get(NAMES), stores.get(SELECTED, "ml")]).size, 4);
    const listing = stores.listing(LISTED, "ml");
    assert.equal(stores.listing(LISTED, "ml"), listing);
    assert.notEqual(stores.get(LISTED, "ml"), listing);
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

  it("ends what nobody shares with its last holder", async () => {
    const collection = new FakeCollection();
    const transport = new FakeTransport((request) => collection.answer(request));
    const clock = new ManualClock();
    const stores = new Stores({ client: new KubeClient(transport), clock, log: silentLogger });
    const own = stores.own(NAMES, "ml");
    assert.notEqual(own, stores.get(NAMES, "ml"));
    assert.notEqual(own, stores.own(NAMES, "ml"));
    const [one, other] = [own.hold(), own.hold()];
    await own.settled();
    one.dispose();
    one.dispose();
    stores.refresh();
    await turns();
    assert.deepEqual([transport.requests.length, transport.open], [2, 1]);
    other.dispose();
    await turns();
    assert.deepEqual([transport.open, clock.timers], [0, 0]);
    own.hold();
    await turns();
    assert.equal(transport.requests.length, 2, "ended for good");
    const last = stores.own(NAMES, "ml");
    last.hold();
    await last.settled();
    stores.dispose();
    await turns();
    assert.deepEqual([transport.open, clock.timers], [0, 0]);
  });

  it("forgets a store that was idle for some minutes, unless somebody holds it again", async () => {
    const collection = new FakeCollection();
    const transport = new FakeTransport((request) => collection.answer(request));
    const clock = new ManualClock();
    const stores = new Stores({ client: new KubeClient(transport), clock, log: silentLogger, lingerMs: 0 });
    const [kept, gone] = [stores.get(NAMES, "kept"), stores.get(NAMES, "let-go")];
    kept.hold();
    const held = gone.hold();
    await Promise.all([kept.settled(), gone.settled()]);
    held.dispose();
    await clock.advance(200_000);
    assert.equal(stores.get(NAMES, "let-go"), gone, "it may go on where it was");
    await clock.advance(100_000);
    assert.equal(stores.get(NAMES, "kept"), kept);
    const other = stores.get(NAMES, "let-go");
    assert.notEqual(other, gone);
    await clock.advance(300_000);
    assert.equal(stores.get(NAMES, "kept"), kept);
    gone.hold();
    assert.equal(stores.get(NAMES, "let-go"), gone, "whoever still had it shares it again");
    await gone.settled();
    stores.dispose();
    await turns();
    assert.deepEqual([transport.open, clock.timers], [0, 0]);
  });

  const failures: [string, () => FakeReply][] = [
    ["answers 503", () => refusal(503, "ServiceUnavailable", "away")],
    [
      "cannot be reached",
      () => {
        throw new ConnectError("unreachable", "nothing listens");
      },
    ],
    ["answers 429", () => refusal(429, "TooManyRequests", "too many requests")],
  ];
  for (const [what, fail] of failures) {
    it(`asks a cluster that ${what} at most five times a second, with twelve stores`, async () => {
      const collection = new FakeCollection();
      const clock = new ManualClock();
      const asked: number[] = [];
      let failing = true;
      const transport = new FakeTransport((request) => {
        asked.push(clock.monotonic());
        return failing ? fail() : collection.answer(request);
      });
      const stores = new Stores({ client: new KubeClient(transport, clock), clock, log: silentLogger });
      const held = Array.from({ length: 12 }, (_, at) =>
        at < 6
          ? at < 3
            ? stores.get(NAMES, `team-${at}`)
            : stores.own(NAMES, `team-${at}`)
          : stores.listing(LISTED, `team-${at}`),
      );
      for (const store of held) store.hold();
      await turns();
      assert.equal(asked.length, 12, "a first look waits for nobody");
      await clock.advance(180_000);
      const retries = asked.slice(12);
      for (const from of retries) {
        const within = retries.filter((at) => at >= from && at < from + 1_000).length;
        assert.ok(within <= 5, `${within} in the second after ${from}`);
      }
      assert.ok(retries.length > 36, "everybody goes on trying");
      failing = false;
      await clock.advance(61_000);
      await until("all are live", () => held.every(({ state }) => state.kind === "live"));
      stores.dispose();
      await turns();
      assert.deepEqual([transport.open, clock.timers], [0, 0]);
    });
  }
});
