import assert from "node:assert/strict";
import { clock, gapText, renderLines, statusLine, verdictLine, verdictNotes } from "./render.ts";

const plain = (text: string): string => text.replace(/\u001b\[[0-9;]*m/g, ""); // eslint-disable-line no-control-regex -- colours
const verdict = {
  outcome: "failed",
  took: "6 min 12 s",
  reason: "rank 0: ended with exit code 1",
  neverStarted: [],
  stillRunning: [],
} as const;

describe("the log console", () => {
  it("puts each line behind its rank and ends colours with the line", () => {
    const text = renderLines(
      [
        { rank: 3, time: "", text: "\u001b[31mred" },
        { rank: 11, time: "", text: "x" },
      ],
      12,
    );
    assert.equal(plain(text), " 3 │ red\r\n11 │ x\r\n");
    assert.ok(text.includes("red\u001b[0m\r\n"));
  });

  it("does not let a log forge the terminal's answers or move the cursor", () => {
    assert.equal(plain(renderLines([{ rank: 0, time: "", text: "a\u001b[5n\u001b[2Jb" }], 1)), "0 │ ab\r\n");
  });

  it("says states, gaps and times", () => {
    assert.equal(statusLine(1, "Waiting", "not enough GPUs"), "  waiting   rank 1: not enough GPUs");
    assert.match(
      gapText(1, "2026-01-01T14:02:11.5Z", "2026-01-01T14:02:13Z"),
      /^rank 1: .* between 14:02:11 and 14:02:13/,
    );
    assert.deepEqual([clock(41_000), clock(725_000), clock(3_725_000)], ["0:41", "12:05", "1:02:05"]);
  });

  it("ends with verdict, duration, exception with its place, and the log", () => {
    const raised = { rank: 0, text: "RuntimeError: shapes differ", path: "train.py", line: 41 };
    assert.equal(
      verdictLine("bert-1", verdict, raised, "bert-1.log"),
      "✗ bert-1 failed after 6 min 12 s · rank 0: RuntimeError: shapes differ (train.py:41) · log: bert-1.log",
    );
    assert.equal(
      verdictLine("bert-1", verdict, undefined, "x.log"),
      "✗ bert-1 failed after 6 min 12 s · rank 0: ended with exit code 1 · log: x.log",
    );
    assert.equal(
      verdictLine("a", { ...verdict, outcome: "succeeded" }, undefined, "x.log"),
      "✓ a succeeded after 6 min 12 s · log: x.log",
    );
    assert.deepEqual(verdictNotes({ ...verdict, outcome: "succeeded", neverStarted: [1, 2] }), [
      "ranks 1, 2 never started",
    ]);
  });
});
