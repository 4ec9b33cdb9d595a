import assert from "node:assert/strict";
import fc from "fast-check";
import { type ResumeOptions, ResumePoint, type Verdict } from "./logResume.ts";

interface Stamped {
  readonly time: string;
  readonly text: string;
}

const BASE = Date.parse("2026-11-22T10:00:00Z") / 1000;

/** Nanoseconds since BASE as the kubelet writes them. */
function stamp(second: number, nano: number): string {
  return new Date((BASE + second) * 1000).toISOString().replace(".000Z", `.${String(nano).padStart(9, "0")}Z`);
}

/** Lines in few seconds with few nanoseconds and few texts: many agree in all of it. */
const monotonicLog = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2 }), fc.constantFrom("x", "y", "")), {
    maxLength: 40,
  })
  .map((raw) => raw.map(([second, nano, text]) => ({ time: stamp(second, nano), text })))
  .map((lines) => lines.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)));

/** stdout and stderr stamped a moment apart, also across a second. */
const jitteryLog = fc
  .tuple(monotonicLog, fc.array(fc.boolean()))
  .map(([lines, swaps]) => {
    const out = [...lines];
    for (let i = 0; i + 1 < out.length; i++) {
      const [a, b] = [out[i], out[i + 1]];
      if (swaps[i] === true && a !== undefined && b !== undefined && gapSeconds(a, b) <= 1)
        [out[i], out[i + 1]] = [b, a];
    }
    return out;
  })
  .filter((lines) => {
    let newest = Number.NEGATIVE_INFINITY;
    return lines.every((line) => {
      const second = secondOf(line);
      newest = Math.max(newest, second);
      return second >= newest - 1;
    });
  });

function secondOf(line: Stamped): number {
  return Date.parse(`${line.time.slice(0, 19)}Z`) / 1000;
}

function gapSeconds(a: Stamped, b: Stamped): number {
  return Math.abs(secondOf(a) - secondOf(b));
}

/** Reads the log to its end, cut after each of `cuts` lines; `startAt` lines are left out by the first read. */
function readWithCuts(log: readonly Stamped[], cuts: readonly number[], resume: ResumePoint, startAt = 0): Stamped[] {
  const emitted: Stamped[] = [];
  for (const cut of [...cuts, Number.POSITIVE_INFINITY]) {
    const from = resume.reconnect();
    const since = from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from.sinceTime) / 1000;
    const served = from === undefined ? log.slice(startAt) : log.filter((line) => secondOf(line) >= since);
    for (const line of served.slice(0, cut)) {
      const verdict = resume.accept(line.time, line.text);
      assert.notEqual(verdict, "gap", "a server that has everything leaves no gap");
      if (verdict === "emit") emitted.push(line);
    }
  }
  return emitted;
}

const cuts = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 12 });

describe("log resume", () => {
  it("property: any lines, any cuts, also while skipping: every line exactly once", () => {
    fc.assert(
      fc.property(monotonicLog, cuts, (log, at) => {
        assert.deepEqual(readWithCuts(log, at, new ResumePoint()), log);
      }),
      { numRuns: 2000 },
    );
  });

  it("property: the same where two streams are stamped a moment apart", () => {
    fc.assert(
      fc.property(jitteryLog, cuts, (log, at) => {
        assert.deepEqual(readWithCuts(log, at, new ResumePoint()), log);
      }),
      { numRuns: 2000 },
    );
  });

  it("property: the same after the node's clock was set back by any amount, with lines that differ", () => {
    const nanos = fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(nanos, nanos, fc.integer({ min: 0, max: 4 }), cuts, fc.nat(14), (before, after, start, at, seen) => {
        const times = [...before.sort((a, b) => a - b), ...after.sort((a, b) => a - b).map((ms) => ms + start)];
        const log = times.map((ms, index) => ({ time: stamp(Math.floor(ms / 1000), ms % 1000), text: `${index}` }));
        // Before the first line of the new time was seen, nobody could know: the server would not serve it.
        const first = before.length + 1 + (seen % after.length);
        assert.deepEqual(readWithCuts(log, [first, ...at], new ResumePoint()), log);
      }),
      { numRuns: 2000 },
    );
  });

  it("property: the same with a memory of few lines, and with a start inside the log, with lines that differ", () => {
    const start = fc.integer({ min: 0, max: 20 });
    fc.assert(
      fc.property(monotonicLog, cuts, start, fc.integer({ min: 1, max: 12 }), (raw, at, startAt, maxLines) => {
        const log = raw.map((line, index) => ({ time: line.time, text: `${index}` }));
        const resume = new ResumePoint({ maxLines, startsInside: true });
        assert.deepEqual(readWithCuts(log, at, resume, startAt), log.slice(startAt));
      }),
      { numRuns: 2000 },
    );
  });

  it("asks for a whole second, one before the last: the server would truncate anyway", () => {
    const resume = new ResumePoint();
    assert.equal(resume.reconnect(), undefined);
    resume.accept("2026-11-22T10:00:05.123456789Z", "a");
    assert.deepEqual(resume.reconnect(), { sinceTime: "2026-11-22T10:00:04Z" });
    assert.equal(resume.lastTime, "2026-11-22T10:00:05.123456789Z");
  });

  it("never asks for more than the caller wanted", () => {
    const resume = new ResumePoint({ sinceTime: "2026-11-22T10:00:05.9Z" });
    resume.accept("2026-11-22T10:00:05.950000000Z", "a");
    assert.deepEqual(resume.reconnect(), { sinceTime: "2026-11-22T10:00:05Z" });
  });

  it("reads times of other zones and of other lengths", () => {
    const resume = new ResumePoint();
    resume.accept("2026-11-22T12:00:05.5+02:00", "a");
    assert.deepEqual(resume.reconnect(), { sinceTime: "2026-11-22T10:00:04Z" });
    assert.equal(resume.accept("2026-11-22T12:00:05.5+02:00", "a"), "skip");
    assert.equal(resume.accept("2026-11-22T12:00:06+02:00", "b"), "emit");
    assert.deepEqual(resume.reconnect(), { sinceTime: "2026-11-22T10:00:05Z" });
  });

  it("says gap once where the node has rotated the last lines away", () => {
    const resume = new ResumePoint();
    resume.accept(stamp(0, 1), "a");
    resume.accept(stamp(0, 2), "b");
    resume.reconnect();
    assert.equal(resume.accept(stamp(7, 0), "h"), "gap");
    assert.equal(resume.accept(stamp(7, 0), "h"), "emit");
    assert.equal(resume.accept(stamp(8, 0), "i"), "emit");
  });

  it("takes a line that it does not know for a new one's, unless it may have forgotten it or have begun behind it", () => {
    const unknown = (options: ResumeOptions, times: readonly string[]): Verdict => {
      const resume = new ResumePoint(options);
      for (const [index, time] of times.entries()) resume.accept(time, `${index}`);
      resume.reconnect();
      return resume.accept(times.at(-1) ?? "", "unknown");
    };
    const eight = Array.from({ length: 8 }, (_, nano) => stamp(1, nano));
    assert.equal(unknown({}, eight), "gap");
    assert.equal(unknown({ startsInside: true }, eight), "skip");
    assert.equal(unknown({ maxLines: 8 }, eight), "gap");
    assert.equal(unknown({ maxLines: 7 }, eight), "skip");
    // What a new second has made superfluous counts no more.
    const long = [...Array.from({ length: 5 }, (_, nano) => stamp(0, nano)), stamp(3, 0), stamp(3, 1), stamp(3, 2)];
    assert.equal(unknown({ maxLines: 5 }, long), "gap");
    assert.equal(
      unknown(
        { maxLines: 5 },
        [...long, stamp(4, 0), stamp(4, 1), stamp(4, 2)].map((time) => time),
      ),
      "gap",
    );
  });

  it("finds its place where the node has rotated only older lines away", () => {
    const resume = new ResumePoint();
    for (const [nano, text] of [
      [1, "a"],
      [2, "b"],
      [3, "c"],
    ] as const)
      resume.accept(stamp(0, nano), text);
    resume.reconnect();
    assert.equal(resume.accept(stamp(0, 2), "b"), "skip");
    assert.equal(resume.accept(stamp(0, 3), "c"), "skip");
    assert.equal(resume.accept(stamp(0, 3), "c"), "emit", "the same line once more is a new one");
  });

  it("stays quick and small in a second of a million lines", () => {
    const resume = new ResumePoint();
    const log = Array.from({ length: 300_000 }, (_, index) => ({ time: stamp(0, index), text: `step ${index}` }));
    const started = performance.now();
    for (const line of log) resume.accept(line.time, line.text);
    resume.reconnect();
    assert.equal(log.filter((line) => resume.accept(line.time, line.text) === "emit").length, 0);
    assert.equal(resume.accept(stamp(0, 300_000), "new"), "emit");
    assert.ok(performance.now() - started < 3_000);
  });
});
