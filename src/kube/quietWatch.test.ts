import assert from "node:assert/strict";
import { ConnectError } from "./errors.ts";
import { turns } from "./testing/manualClock.ts";
import { isLoad, isWatch, WatchBench } from "./testing/watchBench.ts";

const MINUTE = 60_000;

describe("watch store, where nothing happens", () => {
  let bench: WatchBench;
  const open = async (probed: boolean, random = 0): Promise<void> => {
    bench = new WatchBench(() => random);
    bench.transport.probed = probed;
    bench.collection.set("a", "1");
    await bench.live();
  };
  afterEach(async () => {
    bench.assertCleanAfterDispose();
    await turns(5);
    assert.equal(bench.clock.timers, 0, "timers");
  });

  it("over HTTP/2 a watch of ten minutes that brings nothing is one request, and live", async () => {
    await open(true, 0.999);
    await bench.clock.advance(9 * MINUTE);
    assert.deepEqual([bench.transport.requests.length, bench.kinds], [1, ["loading", "live"]]);
    bench.collection.set("a", "2");
    await bench.recovers(0);
    assert.equal(bench.transport.requests.length, 1);
  });

  it("over HTTP/2 one that the server has not ended when it should have is opened again", async () => {
    await open(true);
    // What happens from now on comes by the next watch alone.
    bench.collection.watches.clear();
    bench.collection.set("a", "2");
    await bench.clock.advance(5 * MINUTE + 9_000);
    assert.equal(bench.transport.requests.length, 1);
    await bench.clock.advance(2_000);
    await bench.recovers(0);
    assert.deepEqual([bench.count(isLoad), bench.count(isWatch)], [1, 1]);
    assert.deepEqual(bench.kinds, ["loading", "live"]);
  });

  it("over HTTP/2 one that goes on without end is left for as long as it is heard", async () => {
    await open(true);
    for (let minute = 0; minute < 15; minute++) {
      await bench.clock.advance(MINUTE);
      bench.collection.set("a", String(minute));
    }
    assert.equal(bench.transport.requests.length, 1);
  });

  it("over HTTP/1.1 a watch that falls silent is opened again within 45 s, without a word, and nothing is read anew", async () => {
    await open(false);
    await bench.clock.advance(7 * MINUTE + 1_000);
    assert.deepEqual([bench.count(isLoad), bench.count(isWatch)], [1, 10]);
    assert.deepEqual(bench.kinds, ["loading", "live"]);
    assert.equal(bench.transport.open, 1);
  });

  it("over HTTP/1.1 the server is asked to end a watch before that, so that silence means something", async () => {
    await open(false, 0.999);
    await bench.clock.advance(43_000);
    const asked = bench.transport.requests.filter(isWatch).map(({ query }) => query["timeoutSeconds"]);
    assert.deepEqual(asked, ["39"]);
  });

  it("over HTTP/1.1, where bookmarks had come, a second silence in a row reads anew, without a word", async () => {
    await open(false);
    bench.collection.bookmark();
    await bench.clock.advance(2 * 42_000 - 1_000);
    assert.equal(bench.count(isLoad), 1);
    await bench.clock.advance(2_000);
    assert.equal(bench.count(isLoad), 2);
    assert.deepEqual(bench.kinds, ["loading", "live"]);
  });

  it("a silence with nobody behind it says since when nothing was heard", async () => {
    await open(false);
    const heard = bench.clock.now();
    bench.fault = () => {
      throw new ConnectError("unreachable", "away");
    };
    await bench.clock.advance(44_900);
    assert.equal(bench.store.state.kind, "live");
    await bench.clock.advance(200);
    assert.deepEqual(bench.store.state, { kind: "stale", since: heard, why: "away" });
  });

  it("a watch that lasted, however it ended, owes the next one no second of proof", async () => {
    await open(false);
    // One that ends at once, as a server does that is about to go.
    bench.collection.set("a", "2");
    bench.cutAll((body) => body.end());
    await bench.clock.advance(MINUTE);
    bench.cutAll((body) => body.fail());
    await bench.clock.advance(5_000);
    assert.equal(bench.transport.open, 1);
    assert.deepEqual(bench.kinds, ["loading", "live"]);
  });
});
