import assert from "node:assert/strict";
import { at, lineOf, LogBench } from "./testing/logBench.ts";
import { turns, until } from "./testing/manualClock.ts";

describe("log stream over a rotation by the node", () => {
  let bench: LogBench;
  beforeEach(() => (bench = new LogBench()));
  afterEach(async () => {
    bench.abort.abort();
    await until("the end", () => bench.finished);
    await turns();
  });

  it("says gap where the node has rotated the log away meanwhile", async () => {
    bench.log.write(lineOf(0), lineOf(1));
    bench.start();
    await until("two lines", () => bench.lines.length === 2);
    bench.cut((body) => body.fail());
    bench.log.write(...Array.from({ length: 90 }, (_, index) => lineOf(index + 2)));
    bench.log.rotate(5);
    await turns();
    await bench.clock.advance(1_000);
    await until("the rest", () => bench.lines.length === 7);
    assert.deepEqual(bench.of("gap"), [{ type: "gap", after: at(0, 1), before: at(8, 7) }]);
    assert.deepEqual(bench.lines.slice(2, 4), ["step 87", "step 88"]);
  });

  it("gives both halves of a line that a rotation cut in two, and says gap between them", async () => {
    bench.log.write(lineOf(0), lineOf(1));
    bench.start();
    await until("two lines", () => bench.lines.length === 2);
    // The file before the rotation ends inside a line.
    bench.cut((body) => body.pushInChunks(Buffer.from(`${at(0, 2)} step 2, lo`), 1_000).end());
    bench.log.write({ time: at(0, 3), text: "ss 0.5" }, lineOf(3));
    bench.log.rotate(2);
    await turns();
    await bench.clock.advance(1_000);
    await until("the rest", () => bench.lines.length === 5);
    assert.deepEqual(bench.lines.slice(2), ["step 2, lo", "ss 0.5", "step 3"]);
    assert.deepEqual(bench.of("gap"), [{ type: "gap", after: at(0, 1), before: at(0, 3) }]);
  });

  it("gives no half of a line that comes again whole after a rotation", async () => {
    bench.log.write(lineOf(0), lineOf(1));
    bench.start();
    await until("two lines", () => bench.lines.length === 2);
    bench.cut((body) => body.pushInChunks(Buffer.from(`${at(0, 2)} ste`), 1_000).end());
    bench.log.write({ time: at(0, 2), text: "step 2" }, lineOf(3));
    bench.log.rotate(2);
    await turns();
    await bench.clock.advance(1_000);
    await until("the rest", () => bench.lines.length === 4);
    assert.deepEqual(bench.lines.slice(2), ["step 2", "step 3"]);
  });
});
