import assert from "node:assert/strict";
import { CancelledError } from "../core/errors.ts";
import { ManualClock, turns } from "./testing/manualClock.ts";
import { WatchRun } from "./watchRun.ts";

describe("a stretch of watching", () => {
  const never = (signal: AbortSignal): Promise<void> =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("reset"))));

  it("gives the failure of a try, as an error", async () => {
    const run = new WatchRun(new ManualClock());
    const failure = new Error("refused");
    assert.equal(await run.attempt(() => Promise.reject(failure)), failure);
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what a plugin's code may do
    assert.equal((await run.attempt(() => Promise.reject("no more")))?.message, "no more");
    assert.equal(await run.attempt(() => Promise.resolve()), undefined);
  });

  it("takes what a request says once it was ended for no failure", async () => {
    const run = new WatchRun(new ManualClock());
    const attempt = run.attempt(never);
    run.kick();
    assert.equal(await attempt, undefined);
    assert.equal(run.isStopped(), false);
    let aborted: boolean | undefined;
    await run.attempt(async ({ aborted: is }) => void (aborted = await Promise.resolve(is)));
    assert.equal(aborted, false);
  });

  it("pauses as long as it is not kicked", async () => {
    const clock = new ManualClock();
    const run = new WatchRun(clock);
    let over = 0;
    void run.pause(1_000).then(() => over++);
    await clock.advance(999);
    assert.equal(over, 0);
    await clock.advance(1);
    assert.equal(over, 1);
    void run.pause(1_000).then(() => over++);
    run.kick();
    await turns();
    assert.equal(over, 2);
    clock.sleep = () => Promise.reject(new Error("no timers"));
    await assert.rejects(run.pause(1_000), /no timers/);
  });

  it("ends everything when it is stopped, and what is begun after", async () => {
    const clock = new ManualClock();
    const run = new WatchRun(clock);
    const attempt = run.attempt(never);
    run.stop();
    assert.equal(await attempt, undefined);
    assert.equal(run.isStopped(), true);
    await run.pause(1_000);
    assert.equal(clock.timers, 0);
    assert.equal(
      await run.attempt(async (signal) =>
        signal.aborted ? Promise.reject(new CancelledError()) : assert.fail("not ended"),
      ),
      undefined,
    );
  });
});
