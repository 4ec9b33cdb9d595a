import assert from "node:assert/strict";
import { Backoff } from "./backoff.ts";

describe("back-off", () => {
  it("doubles from 0.8 s to 30 s and never waits more than twice that", () => {
    const calm = new Backoff(() => 0);
    assert.deepEqual(
      Array.from({ length: 8 }, () => calm.next(0)),
      [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000],
    );
    const wild = new Backoff(() => 0.999);
    assert.ok(Array.from({ length: 20 }, () => wild.next(0)).every((ms) => ms < 60_000));
  });

  it("forgets failures only after two healthy minutes", () => {
    const backoff = new Backoff(() => 0);
    backoff.next(0);
    backoff.next(0);
    backoff.healthy(1000);
    backoff.healthy(60_000);
    assert.equal(backoff.next(61_000), 3200, "one minute is not enough");
    backoff.healthy(100_000);
    assert.equal(backoff.next(220_000), 800);
  });
});
