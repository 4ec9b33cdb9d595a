import assert from "node:assert/strict";
import { ManualClock } from "../testing/manualClock.ts";
import { WAKE_LATE_MS, WAKE_TICK_MS } from "../wake.ts";
import { SleepGate } from "./sleepGate.ts";
import { clientFrame } from "./testing/frames.ts";

const AN_HOUR = 3_600_000;

describe("what a client writes after a sleep", () => {
  const first = clientFrame(Buffer.from("before"));
  const second = clientFrame(Buffer.from("x = 1"));
  let clock: ManualClock;
  let gate: SleepGate;
  let passed: Buffer[];
  let kept: Buffer[];

  beforeEach(() => {
    clock = new ManualClock();
    [passed, kept] = [[], []];
    gate = new SleepGate(clock, (unsent) => void kept.push(unsent));
    gate.on("data", (chunk: Buffer) => void passed.push(chunk));
  });
  afterEach(() => gate.destroy());

  function write(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => {
      gate.write(bytes, () => {
        resolve();
      });
    });
  }

  const all = (): string[] => [passed, kept].map((parts) => Buffer.concat(parts).toString("hex"));

  it("goes nowhere, and is kept whole", async () => {
    await write(first);
    clock.suspend(AN_HOUR);
    await write(second);
    assert.deepEqual(all(), [first.toString("hex"), second.toString("hex")]);
  });

  it("passes where the pause was none of a sleep", async () => {
    clock.suspend(WAKE_TICK_MS + WAKE_LATE_MS);
    await write(first);
    assert.deepEqual(all(), [first.toString("hex"), ""]);
  });

  it("is waited for to its end, and no longer than a second", async () => {
    clock.suspend(AN_HOUR);
    await write(second.subarray(0, 4));
    assert.deepEqual(kept, []);
    await write(second.subarray(4));
    assert.deepEqual(kept, [second]);
    await write(Buffer.concat([first, second.subarray(0, 4)]));
    await clock.advance(1_000);
    const [, last] = kept;
    assert.deepEqual(last, Buffer.concat([second, first]));
  });

  it("is lost where a part of it has gone before", async () => {
    await write(second.subarray(0, 4));
    clock.suspend(AN_HOUR);
    await write(second.subarray(4));
    assert.deepEqual([passed, kept], [[second.subarray(0, 4)], [Buffer.alloc(0)]]);
  });

  it("is nothing where the next look at the clock comes first", async () => {
    await write(first);
    clock.suspend(AN_HOUR);
    await clock.advance(WAKE_TICK_MS + 50);
    assert.deepEqual(kept, [Buffer.alloc(0)]);
  });

  it("what is opened in the first seconds has not slept", async () => {
    clock.suspend(AN_HOUR);
    const young = new SleepGate(clock, () => {
      assert.fail("it has not slept");
    });
    const told = new Promise((resolve) => young.once("data", resolve));
    young.write(first);
    assert.deepEqual(await told, first);
    // What its client had written before that is still on its way.
    await write(second);
    assert.deepEqual(kept, [second]);
    young.destroy();
  });

  it("is kept as far as it came where either end goes meanwhile", async () => {
    clock.suspend(AN_HOUR);
    await write(Buffer.concat([first, second.subarray(0, 4)]));
    assert.deepEqual(kept, []);
    gate.destroy();
    await clock.advance(0);
    assert.deepEqual(kept, [first]);
  });

  it("is kept without pings and farewells, which the next connection must not hear", async () => {
    clock.suspend(AN_HOUR);
    await write(
      Buffer.concat([clientFrame(Buffer.alloc(0), { opcode: 9 }), second, clientFrame(Buffer.alloc(2), { opcode: 8 })]),
    );
    assert.deepEqual(kept, [second]);
  });
});
