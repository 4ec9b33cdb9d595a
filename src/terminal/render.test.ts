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
        { source: 3, time: "", text: "\u001b[31mred" },
        { source: 11, time: "", text: "x" },
      ],
      12,
    );
    assert.equal(plain(text), " 3 │ red\r\n11 │ x\r\n");
    assert.ok(text.includes("red\u001b[0m\r\n"));
  });

  it("leaves links whole, coloured and longer than a row: it is the terminal that finds and wraps them", () => {
    const url = `https://wandb.ai/team/runs/${"4f2a91bc".repeat(30)}?tab=loss#step=1`;
    const [line = ""] = renderLines([{ source: 0, time: "", text: `wandb: \u001b[34m${url}\u001b[0m` }], 1).split(
      "\r\n",
    );
    assert.equal(plain(line), `0 │ wandb: ${url}`);
    assert.ok(line.includes(url));
    const hidden = `\u001b]8;;https://evil.example\u0007${url}\u001b]8;;\u0007`;
    assert.equal(plain(renderLines([{ source: 0, time: "", text: hidden }], 1)), `0 │ ${url}\r\n`);
  });

  it("does not let a log forge the terminal's answers or move the cursor", () => {
    assert.equal(plain(renderLines([{ source: 0, time: "", text: "a\u001b[5n\u001b[2Jb" }], 1)), "0 │ ab\r\n");
  });

  it("what has no rank stands behind its name, harmless", () => {
    const lines = renderLines([{ source: "model-initializer\u001b[2J", time: "", text: "x" }], 12);
    assert.equal(plain(lines), "model-initializer │ x\r\n");
    assert.equal(statusLine("ps-0", "Waiting", "no pod yet"), "  waiting   ps-0: no pod yet");
    assert.match(gapText("ps-0", undefined, "2026-01-01T14:02:13Z"), /^ps-0: lines may be missing before 14:02:13/);
    const seen = { ...verdict, outcome: "succeeded", neverStarted: [1, "ps-0"] } as const;
    assert.deepEqual(verdictNotes(seen), ["rank 1, ps-0 never started"]);
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
    const raised = { source: 0, text: "RuntimeError: shapes differ", path: "train.py", line: 41 };
    assert.match(
      verdictLine("b", verdict, { ...raised, path: "fit.ipynb", cell: 2 }, "b.log"),
      /\(fit\.ipynb, cell 2:41\)/,
    );
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
