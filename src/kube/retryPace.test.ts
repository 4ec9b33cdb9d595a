import assert from "node:assert/strict";
import { RETRY_GAP_MS, RetryPace } from "./retryPace.ts";
import { ManualClock } from "./testing/manualClock.ts";

describe("retry pace", () => {
  it("lets retries go one by one, and all of them once one was answered", async () => {
    const clock = new ManualClock();
    const pace = new RetryPace(clock);
    const gone: number[] = [];
    const signal = new AbortController().signal;
    for (let at = 0; at < 5; at++) void pace.turn(signal).then(() => gone.push(at));
    await clock.advance(0);
    assert.deepEqual(gone, [0]);
    await clock.advance(RETRY_GAP_MS);
    assert.deepEqual(gone, [0, 1]);
    pace.answered();
    await clock.advance(0);
    assert.deepEqual(gone, [0, 1, 2, 3, 4]);
    assert.equal(clock.timers, 0);
  });

  it("ends the wait of who has gone", async () => {
    const clock = new ManualClock();
    const pace = new RetryPace(clock);
    const leaving = new AbortController();
    await pace.turn(leaving.signal);
    const waiting = pace.turn(leaving.signal);
    leaving.abort();
    await assert.rejects(waiting, /cancelled/);
    assert.equal(clock.timers, 0);
  });
});
