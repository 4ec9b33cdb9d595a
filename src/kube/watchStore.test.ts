import assert from "node:assert/strict";
import { FakeBody, type FakeReply, refusal, streaming } from "./testing/fakeTransport.ts";
import { turns, until } from "./testing/manualClock.ts";
import { isList, isLoad, times, tooMany, WatchBench } from "./testing/watchBench.ts";

describe("watch store", () => {
  let bench: WatchBench;
  beforeEach(() => {
    bench = new WatchBench();
    bench.collection.set("a", "1");
    bench.collection.set("b", "1");
  });
  afterEach(async () => {
    bench.assertCleanAfterDispose();
    await turns(5);
    assert.equal(bench.clock.timers, 0, "timers");
  });

  describe("loading", () => {
    it("asks nothing before somebody holds it, then loads and follows by one request", async () => {
      await turns();
      assert.equal(bench.transport.requests.length, 0);
      assert.equal(bench.store.state.kind, "idle");
      await bench.live();
      bench.collection.set("a", "2");
      bench.collection.remove("b");
      bench.collection.set("c", "1");
      await bench.recovers(0);
      assert.deepEqual(bench.kinds, ["loading", "live"]);
      assert.equal(bench.transport.requests.length, 1);
      const { path, query } = bench.transport.requests[0] ?? assert.fail();
      assert.equal(path, "/apis/kubeflow.org/v1/namespaces/ml/pytorchjobs");
      assert.deepEqual(query, {
        watch: "1",
        allowWatchBookmarks: "true",
        sendInitialEvents: "true",
        resourceVersionMatch: "NotOlderThan",
        timeoutSeconds: "300",
        labelSelector: "team=a",
      });
    });

    it("shows the first rows before the first load is whole", async () => {
      const body = new FakeBody();
      bench.fault = () => streaming(body);
      bench.store.hold();
      const object = (name: string): unknown => ({
        type: "ADDED",
        object: { metadata: { name, uid: name, resourceVersion: "7" } },
      });
      body.push(`${JSON.stringify(object("x"))}\n`);
      await until("a row is there", () => bench.store.items.size === 1);
      assert.equal(bench.store.state.kind, "loading");
      assert.equal(bench.changes.length, 1, "the first rows are told at once");
    });

    it("16: reads pages where the server refuses to stream the list, and remembers that", async () => {
      bench.collection.watchList = false;
      for (let i = 0; i < 1200; i++) bench.collection.set(`job-${i}`, "1");
      await bench.live();
      assert.ok(bench.same());
      assert.deepEqual(
        bench.transport.requests.filter(isList).map(({ query }) => [query["limit"], query["resourceVersion"]]),
        [
          ["500", undefined],
          ["500", undefined],
          ["500", undefined],
        ],
      );
      bench.store.refresh();
      await until("a second list", () => bench.count(isList) === 6);
      assert.equal(bench.count(isLoad), 1);
    });

    it("16: the same where the server answers but never says that the load is whole", async () => {
      bench.fault = (request) => (isLoad(request) ? streaming() : undefined);
      bench.store.hold();
      await turns();
      await bench.recovers(11_000);
      bench.fault = (request) => (isLoad(request) ? streaming(new FakeBody().end()) : undefined);
    });

    it("16: the same where the stream ends without that word", async () => {
      bench.fault = (request) => (isLoad(request) ? streaming(new FakeBody().end()) : undefined);
      bench.store.hold();
      await bench.recovers(2_000);
      assert.equal(bench.count(isLoad), 1);
    });

    it("7: a continue token that expires begins the list again, in one piece", async () => {
      bench.collection.watchList = false;
      for (let i = 0; i < 700; i++) bench.collection.set(`job-${i}`, "1");
      bench.fault = times(
        1,
        (request) => request.query["continue"] !== undefined,
        () => {
          bench.collection.set("late", "1");
          return refusal(410, "Expired", "The provided continue parameter is too old");
        },
      );
      await bench.live();
      assert.ok(bench.same());
      assert.equal(bench.count(isList), 3);
      assert.equal(bench.transport.requests.filter(isList)[2]?.query["limit"], undefined);
    });

    it("3: 429 on the third page waits as asked", async () => {
      bench.collection.watchList = false;
      for (let i = 0; i < 1200; i++) bench.collection.set(`job-${i}`, "1");
      let pages = 0;
      bench.fault = times(
        1,
        (request) => isList(request) && ++pages === 3,
        () => tooMany("7"),
      );
      bench.store.hold();
      await until("the third page was refused", () => bench.count(isList) === 3);
      await turns();
      await bench.clock.advance(6_900);
      assert.equal(bench.count(isList), 3);
      await bench.recovers(1_000);
    });

    it("4: failures before anything was read say so, in the server's words, and are tried again", async () => {
      bench.fault = times(
        3,
        () => true,
        () => refusal(503, "ServiceUnavailable", "the cluster is being built: etcd"),
      );
      bench.store.hold();
      await assert.rejects(bench.store.settled(), /being built: etcd/);
      assert.equal(bench.store.state.kind, "failed");
      await bench.recovers(0.8e3 + 1.6e3 + 3.2e3 + 500);
      assert.equal(bench.transport.requests.length, 4);
    });

    it("an object without a uid fails the load", async () => {
      const event = { type: "ADDED", object: { metadata: { name: "x", resourceVersion: "7" } } };
      bench.fault = () => streaming(new FakeBody().push(`${JSON.stringify(event)}\n`));
      bench.store.hold();
      await assert.rejects(bench.store.settled(), /without a uid/);
    });
  });

  describe("holding and telling", () => {
    it("outlives its last holder by 30 s, then is idle with its rows, and goes on where it was", async () => {
      const first = bench.store.hold();
      const second = bench.store.hold();
      await bench.store.settled();
      first.dispose();
      first.dispose();
      await bench.clock.advance(40_000);
      assert.equal(bench.store.state.kind, "live", "still held");
      second.dispose();
      await bench.clock.advance(29_000);
      bench.store.hold().dispose();
      await bench.clock.advance(29_000);
      assert.equal(bench.store.state.kind, "live");
      await bench.clock.advance(1_000);
      assert.equal(bench.store.state.kind, "idle");
      assert.equal(bench.transport.open, 0);
      assert.equal(bench.clock.timers, 0);
      assert.deepEqual(bench.rows(), { a: "1", b: "1" });
      bench.collection.set("a", "2");
      await bench.live();
      await until("caught up", () => bench.same());
      assert.equal(bench.count(isLoad), 1);
    });

    it("after a longer pause it reads anew", async () => {
      bench.store.hold().dispose();
      await bench.clock.advance(600_000);
      await bench.live();
      assert.equal(bench.count(isLoad), 2);
    });

    it("20: 10,000 events are told in a few batches, each object once in each", async () => {
      await bench.live();
      await bench.clock.advance(100);
      bench.changes.length = 0;
      for (let i = 0; i < 10_000; i++) bench.collection.set(`job-${i % 100}`, String(i));
      await until("all are in", () => bench.same());
      await bench.clock.advance(100);
      assert.ok(bench.changes.length <= 3, `${bench.changes.length} batches`);
      for (const change of bench.changes) assert.ok(change.changed.length <= 100);
      const last = bench.changes.at(-1)?.changed.find((row) => row.name === "job-99");
      assert.equal(last?.value, "9999");
    });

    it("tells the first change at once and later ones at most every 50 ms", async () => {
      await bench.live();
      await bench.clock.advance(100);
      bench.changes.length = 0;
      for (let i = 0; i < 50; i++) {
        bench.collection.set("a", `x${i}`);
        await bench.clock.advance(10);
      }
      assert.ok(bench.changes.length >= 9 && bench.changes.length <= 11, `${bench.changes.length} in 500 ms`);
    });

    it("a listener that throws harms nobody", async () => {
      bench.store.onDidChange(() => assert.fail("listener"));
      bench.store.onDidChangeState(() => assert.fail("listener"));
      await bench.live();
      assert.equal(bench.transport.requests.length, 1);
    });

    it("21: dispose while loading, watching, waiting and stale leaves nothing, and ends who waits", async () => {
      for (const fault of [
        (): FakeReply => streaming(),
        (): FakeReply => refusal(503, "ServiceUnavailable", "away"),
        (): FakeReply => refusal(404, "NotFound", "none"),
        (): undefined => undefined,
      ]) {
        for (const wait of [0, 1, 2, 3, 5, 8]) {
          const own = new WatchBench();
          own.collection.set("a", "1");
          own.fault = fault;
          own.store.hold();
          const waiting = own.store.settled().catch((error: unknown) => error);
          await turns(wait);
          own.store.dispose();
          await waiting;
          await turns(3);
          assert.equal(own.transport.open, 0);
          assert.equal(own.clock.timers, 0);
          const asked = own.transport.requests.length;
          await own.clock.advance(600_000);
          assert.equal(own.transport.requests.length, asked);
        }
      }
    });

    it("refreshes that follow one another closely leave one watch", async () => {
      await bench.live();
      for (let i = 0; i < 20; i++) {
        bench.store.refresh();
        if (i % 3 === 0) await turns(1);
      }
      await bench.recovers(100);
      assert.equal(bench.transport.open, 1);
    });

    it("is refreshed while it goes on showing, and says so where that takes long", async () => {
      await bench.live();
      const since = bench.clock.now();
      await bench.clock.advance(1_000);
      bench.fault = (request) => (isLoad(request) ? streaming() : undefined);
      bench.store.refresh();
      await bench.clock.advance(4_900);
      assert.deepEqual(bench.kinds, ["loading", "live"]);
      await bench.clock.advance(200);
      assert.deepEqual(bench.store.state, { kind: "stale", since, why: "Reading everything anew." });
      await bench.recovers(12_000);
    });

    it("is loading again where a refresh follows a refused sign-in", async () => {
      await bench.live();
      bench.fault = () => refusal(401, "Unauthorized", "Unauthorized");
      bench.cutAll((body) => body.end());
      await until("stale", () => bench.store.state.kind === "stale");
      bench.fault = () => undefined;
      bench.store.refresh();
      assert.equal(bench.store.state.kind, "loading");
      await bench.recovers(0);
    });

    it("tries what was forbidden when it is refreshed", async () => {
      bench.fault = (request) => (isList(request) ? undefined : refusal(403, "Forbidden", "cannot watch"));
      await bench.live();
      bench.fault = () => undefined;
      bench.store.refresh();
      await until("a watch", () => bench.transport.open === 1);
      assert.deepEqual(bench.store.state, { kind: "live" });
    });

    it("keeps the first rows of a load that fails, and says that they are old", async () => {
      const event = { type: "ADDED", object: { metadata: { name: "x", uid: "x", resourceVersion: "7" } } };
      bench.fault = () => streaming(new FakeBody().push(`${JSON.stringify(event)}\n`).fail());
      bench.store.hold();
      await turns();
      await bench.clock.advance(6_000);
      assert.equal(bench.store.state.kind, "stale");
      assert.deepEqual(Object.keys(bench.rows()), ["x"]);
    });

    it("keeps an empty collection through a failure: it is known, not failed", async () => {
      bench.collection.remove("a");
      bench.collection.remove("b");
      await bench.live();
      bench.fault = () => refusal(503, "ServiceUnavailable", "away");
      bench.cutAll((body) => body.fail());
      await turns();
      await bench.clock.advance(1_000);
      assert.equal(bench.store.state.kind, "live");
      await bench.clock.advance(5_000);
      assert.equal(bench.store.state.kind, "stale");
      bench.fault = () => refusal(500, "InternalError", "etcd is full");
      await bench.clock.advance(30_000);
      assert.match(JSON.stringify(bench.store.state), /etcd is full/, "the newest reason");
      assert.ok(!bench.kinds.includes("failed"));
    });

    it("does not ask again for what is absent or forbidden because the machine has slept", async () => {
      for (const [code, reason] of [
        [404, "NotFound"],
        [403, "Forbidden"],
      ] as const) {
        const own = new WatchBench();
        own.fault = () => refusal(code, reason, "no");
        own.store.hold();
        await own.store.settled();
        const asked = own.transport.requests.length;
        own.clock.suspend(3_600_000);
        await own.clock.advance(6_000);
        assert.equal(own.transport.requests.length, asked);
        own.store.dispose();
      }
    });

    it("calls its rows by uid, and ends who waits when it is disposed", async () => {
      await bench.live();
      const uids = [...bench.collection.objects.values()].map(({ metadata }) => metadata.uid);
      assert.deepEqual([...bench.store.items.keys()], uids);
      const other = new WatchBench();
      other.fault = () => streaming();
      other.store.hold();
      const waiting = other.store.settled();
      other.store.dispose();
      await assert.rejects(waiting, /cancelled/);
    });

    it("settled ends with its signal", async () => {
      bench.fault = () => streaming();
      bench.store.hold();
      const abort = new AbortController();
      const waiting = bench.store.settled(abort.signal);
      abort.abort();
      await assert.rejects(waiting, /cancelled/);
    });
  });
});
