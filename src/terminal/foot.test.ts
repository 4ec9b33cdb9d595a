import assert from "node:assert/strict";
import type { LogRecord } from "../jobs/index.ts";
import { Foot } from "./foot.ts";

const bar = (source: number, text: string): LogRecord => ({ source, time: "", text });

/** What a terminal would show: rows and a cursor, for what Foot writes. */
function screen(written: string): string[] {
  const rows = [""];
  let at = 0;
  // eslint-disable-next-line no-control-regex -- colours
  for (const [token] of written.replace(/\u001b\[[0-9;]*m/g, "").matchAll(/\u001b\[\d*[AJ]|\r\n|[^\u001b\r]+/g)) {
    if (token === "\r\n") rows[++at] ??= "";
    else if (token.endsWith("A") && token.startsWith("\u001b")) at -= Number(token.slice(2, -1));
    else if (token === "\u001b[J") rows.splice(at, Infinity, "");
    else rows[at] = (rows[at] ?? "") + token;
  }
  return rows;
}

describe("the foot of a log", () => {
  it("draws each rank's bar in its row, below all lines, and leaves nothing of the one before", () => {
    const foot = new Foot();
    let written = foot.around("0 │ begun\r\n", 2);
    for (let percent = 0; percent < 50; percent++) {
      foot.set([bar(0, `\r${percent}%|██▌  |\u001b[A`), bar(1, `\r${percent}%`)]);
      written += foot.around(percent === 20 ? "1 │ loss 2.3\r\n" : "", 2);
    }
    assert.deepEqual(screen(written), ["0 │ begun", "1 │ loss 2.3", "0 │ 49%|██▌  |", "1 │ 49%", ""]);
    foot.set([]);
    written += foot.around("0 │ done\r\n", 2);
    assert.deepEqual(screen(written), ["0 │ begun", "1 │ loss 2.3", "0 │ done", ""]);
  });

  it("cuts a bar to its row and shows eight at most", () => {
    const foot = new Foot();
    foot.columns = 20;
    foot.set(Array.from({ length: 12 }, (_, rank) => bar(rank, rank === 0 ? "终".repeat(50) : "x".repeat(50))));
    const rows = screen(foot.around("", 12));
    assert.deepEqual(rows.slice(0, 2), [` 0 │ ${"终".repeat(7)}`, ` 1 │ ${"x".repeat(14)}`]);
    assert.equal(rows.length, 9);
  });

  it("stands back while a line is open", () => {
    const foot = new Foot();
    foot.set([bar(0, "1%")]);
    assert.deepEqual(screen(foot.around("a\r\n", 1) + foot.around("  waiting", 1)), ["a", "  waiting"]);
  });
});
