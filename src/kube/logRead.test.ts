import assert from "node:assert/strict";
import type { LogEvent } from "./logEvents.ts";
import { lastState, OneRead, pieces } from "./logRead.ts";
import { ResumePoint } from "./logResume.ts";
import { FakeBody, streaming } from "./testing/fakeTransport.ts";
import { at, LogBench } from "./testing/logBench.ts";
import { until } from "./testing/manualClock.ts";

describe("one read of a log", () => {
  const lines = (...texts: readonly string[]): { text: string; more: boolean }[] =>
    texts.map((text) => ({ text, more: false }));
  const line = (time: string, text: string): LogEvent => ({ type: "line", time, text, partial: false });
  const [one, two, later] = [at(0, 1), at(0, 2), at(9, 0)];
  const noRest = undefined;

  it("from the beginning of the log gives words without a time with the next line", () => {
    const read = new OneRead(new ResumePoint(), false);
    assert.deepEqual(read.take(lines("the kubelet says", "this and that")), []);
    assert.equal(read.complaint, "the kubelet says");
    assert.deepEqual(read.take(lines(`${one} a`, "between", `${two} b`)), [
      line("", "the kubelet says"),
      line("", "this and that"),
      line(one, "a"),
      line(one, "between"),
      line(two, "b"),
    ]);
    assert.equal(read.complaint, undefined);
    assert.deepEqual(read.end(noRest), []);
  });

  it("from a time leaves out the tail of a line that began before, and nothing later", () => {
    const read = new OneRead(new ResumePoint(), true);
    assert.deepEqual(read.take(lines("...tail", `${one} a`, "between")), [line(one, "a")]);
    assert.deepEqual(read.end({ text: `${two} last words`, more: false }), [
      line(one, "between"),
      line(two, "last words"),
    ]);
  });

  it("that has words without a time alone gives them at its end, twenty at most", () => {
    const read = new OneRead(new ResumePoint(), true);
    const words = Array.from({ length: 25 }, (_, index) => `word ${index}`);
    assert.deepEqual(read.take(lines(...words)), []);
    assert.deepEqual(
      read.end(noRest),
      words.slice(0, 20).map((word) => line("", word)),
    );
  });

  it("stops at a gap, and goes on behind it", () => {
    const resume = new ResumePoint();
    new OneRead(resume, false).take(lines(`${one} a`, `${two} b`));
    resume.reconnect();
    const read = new OneRead(resume, true);
    assert.deepEqual(read.passGap(), []);
    assert.deepEqual(read.take(lines(`${one} a`, `${later} h`, `${later} i`)), []);
    assert.equal(read.isAtGap, true);
    assert.deepEqual(read.passGap(), [{ type: "gap", after: two, before: later }, line(later, "h"), line(later, "i")]);
    assert.equal(read.isAtGap, false);
    resume.reconnect();
    const last = new OneRead(resume, true);
    const end = at(20, 0);
    assert.deepEqual(last.end({ text: `${end} z`, more: false }), [
      { type: "gap", after: later, before: end },
      line(end, "z"),
    ]);
  });
});

describe("the pieces of a body", () => {
  async function* body(...sizes: readonly number[]): AsyncGenerator<Buffer> {
    await Promise.resolve();
    for (const [index, size] of sizes.entries()) yield Buffer.alloc(size, index + 1);
  }

  it("are 16 KB at most, and all of it", async () => {
    const sizes: number[] = [];
    for await (const piece of pieces(body(32_768, 5, 16_385))) sizes.push(piece.length);
    assert.deepEqual(sizes, [16_384, 16_384, 5, 16_384, 1]);
  });

  it("leave a turn to everybody else between them once they have taken their time", async () => {
    let rounds = 0;
    let next = setImmediate(function round() {
      rounds++;
      next = setImmediate(round);
    });
    for await (const piece of pieces(body(5 * 16_384))) {
      // Work that takes longer than all logs together may hold the process.
      for (const end = performance.now() + 6; performance.now() < end;) piece.fill(0);
    }
    clearImmediate(next);
    assert.ok(rounds >= 4, `${rounds} rounds`);
  });
});

describe("a line that is drawn over while it is open", () => {
  const of = (text: string): string | undefined => lastState(Buffer.from(text));

  it("stands as its last state, or as the one before where that was cut", () => {
    assert.equal(of("2026-11-22T10:00:00Z \r  0%|   |\r 10%|█  |"), " 10%|█  |");
    assert.equal(of("\r 10%|█  | 1/10\r 20%|█"), " 10%|█  | 1/10");
    assert.equal(of("\r 99% [00:10<00:09]\r100% [00:10<00:00]\r"), "100% [00:10<00:00]");
    assert.equal(of("2026-11-22T10:00:00Z loss 0.1"), undefined);
    assert.equal(of("begun\r"), undefined);
    assert.equal(of("begun\r1\r22\r333"), "333");
    assert.equal(of("\r5\r      "), "5", "one that was blanked stands no more");
  });

  it("never shows a character that was cut", () => {
    assert.equal(lastState(Buffer.concat([Buffer.from("\rab"), Buffer.from("█").subarray(0, 2)])), "ab");
    assert.equal(lastState(Buffer.from([0x0d, 0x61, 0xff, 0x62, 0xff, 0xff])), "a\ufffdb");
  });

  it("is told as more of it comes, and comes whole as one line", async () => {
    const bench = new LogBench();
    const body = new FakeBody();
    bench.fault = (request) => (request.query["follow"] === "true" ? streaming(body) : undefined);
    const drawn: string[] = [];
    bench.start({ onDrawn: (text) => drawn.push(text) });
    body.pushInChunks(Buffer.from(`${at(0, 1)} begun\n${at(0, 2)} \r 10%`), 1_000);
    await until("the first state", () => drawn.length === 1);
    assert.deepEqual(bench.lines, ["begun"]);
    body.pushInChunks(Buffer.from("\r 20%"), 1_000);
    await until("the second state", () => drawn.length === 2);
    body.pushInChunks(Buffer.from("\r100%\n"), 1_000);
    await until("the line", () => bench.lines.length === 2);
    assert.deepEqual(drawn, [" 10%", " 20%"]);
    assert.deepEqual(bench.lines, ["begun", "\r 10%\r 20%\r100%"]);
    bench.abort.abort();
    await until("the end", () => bench.finished);
  });

  it("is not told again where a reconnect reads it again", async () => {
    const bench = new LogBench();
    const bodies = [new FakeBody(), new FakeBody()];
    let reads = 0;
    bench.fault = (request) => (request.query["follow"] === "true" ? streaming(bodies[reads++]) : undefined);
    const drawn: string[] = [];
    bench.start({ onDrawn: (text) => drawn.push(text) });
    const [first, second] = bodies;
    // Longer than what is worked off at a time: it is seen open, though it comes whole.
    const bar = Array.from({ length: 2_000 }, (_, step) => `\r ${step} of 2000 steps`).join("");
    const log = `${at(0, 1)} begun\n${at(0, 2)} ${bar}\n`;
    first?.push(log);
    await until("the line", () => bench.lines.length === 2);
    const told = drawn.length;
    assert.ok(told > 0);
    first?.fail();
    second?.push(log, `${at(0, 3)} \r next`);
    await bench.clock.advance(5_000);
    await until("the next state", () => drawn.length > told);
    assert.deepEqual(drawn.slice(told), [" next"]);
    assert.equal(bench.lines.length, 2);
    bench.abort.abort();
    await until("the end", () => bench.finished);
  });
});
