import assert from "node:assert/strict";
import { ConnectError } from "./errors.ts";
import { FakeBody, type FakeReply, json, refusal, streaming } from "./testing/fakeTransport.ts";
import { turns, until } from "./testing/manualClock.ts";
import { isList, isLoad, isWatch, times, tooMany, WatchBench } from "./testing/watchBench.ts";
import { ABSENT_RETRY_MS, FORBIDDEN_RETRY_MS } from "./watchStore.ts";

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

  describe("following through faults", () => {
    it("goes on at once from the last version after a clean end", async () => {
      await bench.live();
      bench.collection.set("a", "2");
      await bench.recovers(0);
      await bench.clock.advance(30_000);
      bench.cutAll((body) => body.end());
      bench.collection.set("a", "3");
      await until("the change", () => bench.same());
      assert.equal(bench.transport.requests.at(-1)?.query["resourceVersion"], String(bench.collection.version - 1));
      assert.equal(bench.count(isLoad), 1);
      assert.ok(!bench.kinds.includes("stale"));
    });

    it("17: a proxy that closes, or resets, every 30 s loses nothing and is no outage", async () => {
      await bench.live();
      for (let round = 0; round < 20; round++) {
        await bench.clock.advance(30_000);
        bench.cutAll((body) => (round % 2 === 0 ? body.end() : body.fail()));
        bench.collection.set(`r${round}`, "1");
        await bench.recovers(1_000);
      }
      assert.equal(bench.count(isLoad), 1);
      assert.ok(bench.transport.requests.length <= 22);
    });

    it("a server that ends every watch at once is not asked without a pause", async () => {
      await bench.live();
      bench.fault = (request) => (isWatch(request) ? streaming(new FakeBody().end()) : undefined);
      bench.cutAll((body) => body.end());
      await turns();
      await bench.clock.advance(60_000);
      assert.ok(bench.count(isWatch) <= 8, `${bench.count(isWatch)} requests`);
      assert.equal(bench.store.state.kind, "stale");
    });

    it("the same where each of those watches brings a bookmark", async () => {
      await bench.live();
      const bookmark = `${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "102" } } })}\n`;
      bench.fault = (request) => (isWatch(request) ? streaming(new FakeBody().push(bookmark).end()) : undefined);
      bench.cutAll((body) => body.end());
      await turns();
      await bench.clock.advance(60_000);
      assert.ok(bench.count(isWatch) <= 9, `${bench.count(isWatch)} requests`);
    });

    it("1: the server is away for a minute: rows stay, the state says since when and why", async () => {
      await bench.live();
      const lost = bench.clock.now();
      bench.fault = () => {
        throw new ConnectError("unreachable", "127.0.0.1:6443 does not answer.");
      };
      bench.cutAll((body) => body.fail());
      await turns();
      await bench.clock.advance(4_900);
      assert.equal(bench.store.state.kind, "live");
      await bench.clock.advance(200);
      assert.deepEqual(bench.store.state, { kind: "stale", since: lost, why: "127.0.0.1:6443 does not answer." });
      await bench.clock.advance(60_000);
      assert.ok(bench.same());
      assert.ok(bench.transport.requests.length <= 8, "no storm");
      bench.fault = () => undefined;
      bench.collection.set("a", "2");
      await bench.recovers(31_000);
      assert.equal(bench.count(isLoad), 1, "nothing was read anew");
    });

    it("2: 410 by status or by event reads everything anew and keeps the rows until then", async () => {
      await bench.live();
      for (const byEvent of [false, true]) {
        const before = bench.rows();
        bench.changes.length = 0;
        if (byEvent) {
          const status = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };
          bench.cutAll((body) => body.push(`${JSON.stringify({ type: "ERROR", object: status })}\n`));
        } else bench.cutAll((body) => body.end());
        bench.collection.set("new", byEvent ? "2" : "1");
        bench.collection.remove(byEvent ? "b" : "none");
        bench.collection.compact();
        for (const change of bench.changes) assert.deepEqual(change.removed, []);
        assert.deepEqual(Object.keys(bench.rows()), Object.keys(before), "not emptied meanwhile");
        await bench.recovers(2_000);
      }
      assert.equal(bench.count(isLoad), 3);
    });

    it("a load that finds nothing changed tells nothing", async () => {
      await bench.live();
      await bench.clock.advance(100);
      bench.changes.length = 0;
      bench.store.refresh();
      await until("the second load", () => bench.count(isLoad) === 2);
      await bench.recovers(100);
      assert.deepEqual(bench.changes, []);
    });

    it("a load in place of an older one is swapped in at once", async () => {
      await bench.live();
      await bench.clock.advance(100);
      const body = new FakeBody();
      bench.fault = () => streaming(body);
      bench.store.refresh();
      const other = { metadata: { name: "z", uid: "z", resourceVersion: "900" } };
      body.push(`${JSON.stringify({ type: "ADDED", object: other })}\n`);
      await turns();
      assert.deepEqual(Object.keys(bench.rows()), ["a", "b"]);
      bench.changes.length = 0;
      const annotations = { "k8s.io/initial-events-end": "true" };
      body.push(
        `${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "901", annotations } } })}\n`,
      );
      await until("the swap", () => Object.keys(bench.rows()).join() === "z");
      assert.equal(bench.changes.length, 1);
      assert.equal(bench.changes[0]?.reset, true);
      assert.deepEqual(
        bench.changes[0].removed.map((row) => row.name),
        ["a", "b"],
      );
    });

    for (const [what, header, least] of [
      ["with Retry-After", "9", 9_000],
      ["without Retry-After", undefined, 800],
    ] as const) {
      it(`3: 429 on a watch ${what} waits and goes on from the same version`, async () => {
        await bench.live();
        await bench.clock.advance(40_000);
        bench.fault = times(1, isWatch, () => tooMany(header));
        bench.cutAll((body) => body.end());
        bench.collection.set("a", "2");
        await until("the refusal", () => bench.count(isWatch) === 1);
        await turns();
        await bench.clock.advance(least - 50);
        assert.equal(bench.count(isWatch), 1);
        await bench.recovers(100);
        assert.equal(bench.count(isLoad), 1);
      });
    }

    for (const status of [500, 502, 503, 504]) {
      it(`4: ${status} on the watch backs off and goes on from the same version`, async () => {
        await bench.live();
        bench.fault = times(2, isWatch, () => json("<html>bad</html>", status));
        bench.cutAll((body) => body.fail());
        bench.collection.set("a", "2");
        await bench.recovers(0.8e3 + 1.6e3 + 3.2e3 + 200);
        assert.equal(bench.count(isLoad), 1);
      });
    }

    it("8: a reset after any byte of an event loses nothing and doubles nothing", async () => {
      const length = Buffer.byteLength(`${JSON.stringify(eventOf("c", "103"))}\n`);
      for (let at = 0; at <= length; at += 1) {
        const own = new WatchBench();
        own.collection.set("a", "1");
        own.collection.set("b", "1");
        await own.live();
        const before = own.collection.live()[0] ?? assert.fail();
        own.collection.watches.clear();
        own.collection.set("c", "1");
        const bytes = Buffer.from(`${JSON.stringify({ type: "ADDED", object: own.collection.objects.get("c") })}\n`);
        before.pushInChunks(bytes.subarray(0, at), 1).fail();
        await own.recovers(1_000);
        assert.equal(own.count(isLoad), 1);
        own.store.dispose();
      }
    });

    it("8: chunks that end at every byte are read as if whole", async () => {
      bench.collection.chunkSize = 1;
      bench.collection.set("ü🚂", "終");
      await bench.live();
      bench.collection.set("a", "ß");
      await until("the change", () => bench.same());
    });

    it("9: a watch that falls silent is opened again within 45 s", async () => {
      await bench.live();
      bench.collection.watches.clear();
      bench.collection.set("a", "2");
      await bench.clock.advance(41_000);
      assert.equal(bench.transport.requests.length, 1);
      await bench.clock.advance(2_000);
      await bench.recovers(1_000);
      assert.equal(bench.count(isLoad), 1);
    });

    it("9: bookmarks keep it", async () => {
      await bench.live();
      for (let round = 0; round < 5; round++) {
        await bench.clock.advance(40_000);
        bench.collection.bookmark();
        await turns();
      }
      assert.equal(bench.transport.requests.length, 1);
    });

    for (const [what, garbage] of [
      ["garbled", '{"type":"MODIFIED","object":{"meta}\n'],
      ["truncated", '{"type":"MODIFIED","object":{"metadata":'],
      ["of no known type", '{"type":"EXPLODED","object":{"metadata":{}}}\n'],
      ["without an object", '{"type":"MODIFIED"}\n'],
    ] as const) {
      it(`10: a line ${what} reads everything anew`, async () => {
        await bench.live();
        const body = bench.collection.live()[0] ?? assert.fail();
        bench.collection.watches.clear();
        // This event is the one that the garbage stands for.
        bench.collection.set("a", "2");
        body.push(garbage).end();
        await bench.recovers(1_000);
        assert.equal(bench.count(isLoad), 2);
      });
    }

    it("10: a server that only sends garbage is not stormed", async () => {
      bench.fault = () => streaming(new FakeBody().push("<html>\n").end());
      bench.store.hold();
      await turns();
      await bench.clock.advance(60_000);
      assert.ok(bench.transport.requests.length <= 8);
      assert.equal(bench.store.state.kind, "failed");
    });

    it("12: a wall clock that is set by ten minutes, either way, harms nothing", async () => {
      await bench.live();
      bench.clock.suspend(-600_000);
      await bench.clock.advance(8_000);
      bench.collection.set("a", "2");
      await bench.recovers(1_000);
      bench.clock.suspend(600_000);
      await bench.clock.advance(8_000);
      bench.collection.set("a", "3");
      await bench.recovers(1_000);
      assert.ok(bench.transport.requests.length <= 3);
    });

    it("13: after the machine has slept, watches and pauses are renewed within 5 s", async () => {
      await bench.live();
      bench.collection.watches.clear();
      bench.collection.set("a", "2");
      bench.clock.suspend(3_600_000);
      await bench.recovers(5_000);
      assert.equal(bench.transport.open, 1, "the dead connection is closed");

      bench.fault = () => refusal(503, "ServiceUnavailable", "away");
      bench.cutAll((body) => body.fail());
      await turns();
      await bench.clock.advance(100_000);
      bench.fault = () => undefined;
      bench.clock.suspend(3_600_000);
      await bench.recovers(5_000);
    });
  });

  describe("answers that mean something else", () => {
    it("15: a kind that the cluster does not know, then does, then does not", async () => {
      const gone = (): FakeReply => refusal(404, "NotFound", "the server could not find the requested resource");
      bench.fault = gone;
      bench.store.hold();
      await bench.store.settled();
      assert.equal(bench.store.state.kind, "absent");
      bench.fault = times(
        2,
        () => true,
        () => refusal(429, "TooManyRequests", "storage is (re)initializing", { retryAfterSeconds: 1 }),
      );
      await bench.clock.advance(ABSENT_RETRY_MS);
      await bench.recovers(5_000);
      bench.fault = gone;
      bench.cutAll((body) => body.end());
      await until("absent again", () => bench.store.state.kind === "absent");
      assert.equal(bench.store.items.size, 0);
      bench.fault = () => undefined;
      bench.store.refresh();
      await bench.recovers(0);
    });

    it("6: what may not be read says so in the server's words; asked again after five minutes or on refresh", async () => {
      const words = 'pytorchjobs.kubeflow.org is forbidden: User "ann" cannot list resource';
      bench.fault = () => refusal(403, "Forbidden", words);
      bench.store.hold();
      await bench.store.settled();
      assert.deepEqual(bench.store.state, { kind: "forbidden", why: words });
      // Each time the watch, and then the list, since some may list and not watch.
      await bench.clock.advance(FORBIDDEN_RETRY_MS - 1_000);
      assert.equal(bench.transport.requests.length, 2);
      await bench.clock.advance(2_000);
      assert.equal(bench.transport.requests.length, 4);
      bench.fault = () => undefined;
      bench.store.refresh();
      await bench.recovers(0);
    });

    it("who may list and not watch sees it read anew every 30 s, and watched once that is allowed", async () => {
      const mayNot = (): FakeReply => refusal(403, "Forbidden", 'User "ann" cannot watch resource "pytorchjobs"');
      bench.fault = (request) => (request.query["watch"] === undefined ? undefined : mayNot());
      await bench.live();
      assert.deepEqual(bench.store.state, { kind: "live", everyMs: 30_000 });
      assert.ok(bench.same());
      bench.collection.set("a", "2");
      bench.collection.remove("b");
      await bench.clock.advance(29_000);
      assert.ok(!bench.same());
      await bench.clock.advance(1_100);
      assert.ok(bench.same());
      const lists = bench.count(isList);
      bench.fault = () => refusal(503, "ServiceUnavailable", "away");
      await bench.clock.advance(36_000);
      assert.deepEqual([bench.store.state.kind, bench.count(isList) - lists], ["stale", 4]);
      bench.fault = (request) => (request.query["watch"] === undefined ? undefined : mayNot());
      await bench.recovers(10_000);
      bench.fault = () => undefined;
      await bench.clock.advance(300_000);
      assert.deepEqual([bench.store.state, bench.transport.open], [{ kind: "live" }, 1]);
    });

    it("5: 401 in the middle of a watch keeps the rows and waits to be asked", async () => {
      await bench.live();
      bench.fault = () => refusal(401, "Unauthorized", "Unauthorized");
      bench.cutAll((body) => body.end());
      await until("stale", () => bench.store.state.kind === "stale");
      assert.match(bench.store.state.kind === "stale" ? String(bench.store.state.halted) : "", /Unauthorized/);
      const asked = bench.transport.requests.length;
      await bench.clock.advance(600_000);
      bench.clock.suspend(3_600_000);
      await bench.clock.advance(10_000);
      assert.equal(bench.transport.requests.length, asked);
      assert.ok(bench.same());
      await assert.rejects(bench.store.settled(), /Unauthorized/);
      bench.fault = () => undefined;
      bench.store.refresh();
      await bench.recovers(0);
    });

    for (const code of [
      "sign-in-needed",
      "certificate-expired",
      "plugin-missing",
      "plugin-timeout",
      "untrusted-server",
      "kubeconfig",
    ] as const) {
      it(`5: ${code} before anything was read: failed, and no second try`, async () => {
        bench.fault = () => {
          throw new ConnectError(code, "Sign in.");
        };
        bench.store.hold();
        await assert.rejects(bench.store.settled(), /Sign in/);
        await bench.clock.advance(600_000);
        assert.equal(bench.transport.requests.length, 1);
        bench.store.refresh();
        assert.equal(bench.store.state.kind, "loading");
        await turns();
        assert.equal(bench.transport.requests.length, 2);
      });
    }

    it("a cluster restored from a backup, whose versions are below ours, is read anew", async () => {
      await bench.live();
      const details = { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }] };
      bench.fault = times(1, isWatch, () =>
        refusal(504, "Timeout", "Too large resource version: 900, current: 5", details),
      );
      bench.cutAll((body) => body.end());
      await until("the refusal", () => bench.count(isWatch) === 1);
      await turns();
      await bench.clock.advance(1_000);
      assert.equal(bench.count(isLoad), 2);
    });
  });
});

function eventOf(name: string, resourceVersion: string): unknown {
  return {
    type: "ADDED",
    object: { metadata: { name, uid: `uid-${name}-103`, resourceVersion, labels: { value: "1" } } },
  };
}
