import assert from "node:assert/strict";
import type { Clock } from "../core/clock.ts";
import { Pacer } from "./pacer.ts";

const ASK = "\u001b[5n";
const ANSWER = "\u001b[0n";
const CHUNK = "x".repeat(64 * 1024 - 1) + "\n";

function setUp(): { pacer: Pacer; written: string[]; time: { now: number }; asks: () => number } {
  const time = { now: 0 };
  const clock: Clock = { now: () => time.now, monotonic: () => time.now, sleep: () => Promise.resolve() };
  const written: string[] = [];
  const pacer = new Pacer(
    (text) => written.push(text),
    (lines) => `[${lines} lines]`,
    clock,
  );
  return { pacer, written, time, asks: () => written.join("").split(ASK).length - 1 };
}

describe("writing to a terminal at its own pace", () => {
  it("stops at a window without an answer and goes on with the answers", () => {
    const { pacer, written, asks } = setUp();
    for (let i = 0; i < 8; i++) pacer.send(CHUNK);
    assert.equal(written.length, 6, "384 KB are under way");
    assert.equal(asks(), 6);
    assert.equal(pacer.isReady, false);
    assert.equal(pacer.receive(`${ANSWER}${ANSWER}a${ANSWER}${ANSWER}`), "a", "what was typed is not lost");
    assert.equal(written.length, 8);
  });

  it("loses nothing and reorders nothing while the terminal answers", () => {
    const { pacer, written, asks } = setUp();
    const sent: string[] = [];
    let answered = 0;
    for (let i = 0; i < 200; i++) {
      const text = `${i} ${"y".repeat(20_000)}\r\n`;
      sent.push(text);
      pacer.send(text);
      while (answered < asks()) {
        pacer.receive(ANSWER);
        answered++;
      }
    }
    assert.equal(written.join("").replaceAll(ASK, ""), sent.join(""));
    assert.equal(pacer.dropped, 0);
  });

  it("keeps the newest text of a hidden terminal, holds nobody back, and marks what it left out", () => {
    const { pacer, written, time } = setUp();
    for (let i = 0; i < 6; i++) pacer.send(CHUNK);
    time.now = 1500;
    for (let i = 0; i < 40; i++) pacer.send(CHUNK);
    assert.equal(pacer.isReady, true);
    assert.equal(written.length, 6);
    const dropped = pacer.dropped;
    assert.ok(dropped >= 35, `${dropped} lines dropped`);
    pacer.receive(ANSWER.repeat(6));
    assert.equal(written[6], `[${dropped} lines]`);
  });

  it("ignores answers that nobody asked for", () => {
    const { pacer } = setUp();
    assert.equal(pacer.receive(`${ANSWER}b`), "b");
    pacer.send("text");
    assert.equal(pacer.isReady, true);
  });
});
