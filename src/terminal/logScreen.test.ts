import assert from "node:assert/strict";
import type { LogRecord } from "../jobs/index.ts";
import { ManualClock } from "../kube/testing/manualClock.ts";
import { ALL_LINES, passes, readFilter } from "./logFilter.ts";
import { LogScreen } from "./logScreen.ts";
import { Pacer } from "./pacer.ts";
import { renderWarning } from "./render.ts";

const CLEAR = "\u001b[H\u001b[2J\u001b[3J";
const record = (source: LogRecord["source"], text: string): LogRecord => ({ source, time: "", text });

/** A screen, and what its terminal was given, without colours. */
function opened(): { screen: LogScreen; pacer: Pacer; written: () => string } {
  let written = "";
  const around = (text: string): string => screen.around(text);
  const pacer = new Pacer((text) => (written += text), String, new ManualClock(), around);
  const screen = new LogScreen(pacer);
  // eslint-disable-next-line no-control-regex -- colours
  return { screen, pacer, written: () => written.replace(/\u001b\[[0-9;]*m/g, "") };
}

describe("a filter of the log", () => {
  it("is ranks, names and words, each of which a line has", () => {
    const { sources, words, text } = readFilter("  rank:0,2,ps-0   Loss acc ");
    assert.deepEqual([[...sources], words, text], [[0, 2, "ps-0"], ["loss", "acc"], "rank:0,2,ps-0 Loss acc"]);
    const filter = readFilter("rank:0,2 loss");
    assert.ok(passes(filter, 2, "LOSS 0.3") && passes(filter, 0, "l\u001b[31mo\u001b[0mss"));
    assert.ok(!passes(filter, 1, "loss") && !passes(filter, 0, "acc"));
    assert.ok(passes(readFilter(" "), "ps-0", "x") && passes(ALL_LINES, 7, ""));
    assert.ok(passes(readFilter("rank:"), 0, "what rank: 3"), "a rank without a number is a word");
  });
});

describe("what a terminal shows of a log", () => {
  it("is what the filter lets through, and what warns", () => {
    const { screen, written } = opened();
    screen.again(readFilter("rank:1"), "head\r\n", [
      { source: 1, text: "from the file" },
      { source: undefined, text: "⚠ rank 0: lines may be missing" },
    ]);
    screen.lines([record(0, "a"), record(1, "b")]);
    screen.mark(renderWarning("gap"));
    assert.equal(
      written(),
      `${CLEAR}head\r\n1 │ from the file\r\n⚠ rank 0: lines may be missing\r\n1 │ b\r\n⚠ gap\r\n`,
    );
  });

  it("takes the header, and under a filter our own words, for no line of the log", () => {
    const shown = (typed: string): string[] =>
      ["▶ bert", "  waiting   rank 0: x", "⚠ rank 0: x"].filter((text) =>
        LogScreen.shows(readFilter(typed), { source: undefined, text }),
      );
    assert.deepEqual(shown(""), ["  waiting   rank 0: x", "⚠ rank 0: x"]);
    assert.deepEqual(shown("rank:1"), ["⚠ rank 0: x"]);
  });

  it("stands still while paused, then says how many lines came and shows the last ones", () => {
    const { screen, written } = opened();
    screen.pause();
    for (let at = 0; at < 2_500; at += 500)
      screen.lines(Array.from({ length: 500 }, (_, index) => record(0, `line ${at + index}`)));
    assert.ok(screen.isPaused);
    assert.equal(written(), "");
    screen.goOn((came, left) => `${came}, ${left} left out\r\n`);
    const lines = written().split("\r\n");
    assert.deepEqual(lines.slice(0, 2), ["2500, 1500 left out", "0 │ line 1500"]);
    assert.deepEqual(lines.slice(-2), ["0 │ line 2499", ""]);
    screen.lines([record(0, "live")]);
    assert.ok(written().endsWith("0 │ live\r\n") && !screen.isPaused);
  });

  it("has the bars of its ranks below, and none of those that the filter hides, or while paused", () => {
    const { screen, written } = opened();
    screen.again(readFilter("rank:1"), "", []);
    screen.bars([record(0, "\r1%"), record(1, "\r2%\u001b[A")]);
    screen.lines([record(1, "loss")]);
    assert.equal(written(), `${CLEAR}1 │ 2%\r\n\u001b[1A\u001b[J1 │ loss\r\n1 │ 2%\r\n`);
    const before = written().length;
    screen.pause();
    screen.bars([record(1, "\r3%")]);
    screen.bars([record(1, "\r4%")]);
    assert.equal(written().slice(before), "\u001b[1A\u001b[J", "taken away once, and not drawn");
  });

  it("drops what still waited for the terminal when it begins again", () => {
    const { screen, pacer, written } = opened();
    for (let index = 0; index < 6; index++) screen.lines([record(0, "x".repeat(100_000))]);
    const before = written().length;
    screen.again(readFilter("rank:1"), "", [{ source: 1, text: "y" }]);
    // The terminal answers all that it was asked.
    pacer.receive("\u001b[0n".repeat(10));
    assert.equal(written().slice(before), `${CLEAR}1 │ y\r\n`);
  });
});
