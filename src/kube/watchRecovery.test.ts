import assert from "node:assert/strict";
import { ConnectError } from "./errors.ts";
import { turns } from "./testing/manualClock.ts";
import { isLoad, WatchBench } from "./testing/watchBench.ts";

describe("watch store, after a long outage", () => {
  it("1, 2: a server that is back and has lost its history is read anew soon, not after the outage's pauses again", async () => {
    const bench = new WatchBench();
    bench.collection.set("a", "1");
    await bench.live();
    bench.fault = () => {
      throw new ConnectError("unreachable", "away");
    };
    bench.cutAll((body) => body.fail());
    await turns();
    // 0.8, 1.6, … 25.6 s are over: the pause that runs lasts 30 s, and so would the next.
    await bench.clock.advance(51_000);
    bench.collection.set("a", "2");
    bench.collection.compact();
    bench.fault = () => undefined;
    await bench.recovers(35_000);
    assert.equal(bench.count(isLoad), 2);
    bench.assertCleanAfterDispose();
  });
});
