import assert from "node:assert/strict";
import fc from "fast-check";
import type { LogRecord } from "./readings.ts";
import { Redraws } from "./redraws.ts";

const UP = "\u001b[A";
const record = (source: number, text: string): LogRecord => ({ source, time: "", text });
const inner = (percent: number): string => `\rbatches:  ${percent}%|██▌   | ${percent}/100 [00:01<00:02]${UP}`;

describe("bars that are drawn again line by line", () => {
  it("are what they were at the end, each rank's its own", () => {
    const redraws = new Redraws();
    const settled: LogRecord[] = [];
    for (let percent = 0; percent < 100; percent++)
      settled.push(...redraws.settle([record(0, inner(percent)), record(1, `loss ${percent}`)]));
    settled.push(...redraws.settle([record(0, `${inner(100)}\repochs:  10%|█  | 1/10`), record(0, inner(0))]));
    settled.push(...redraws.settle([record(0, "saved")]));
    settled.push(...redraws.settle([record(0, inner(7))]), ...redraws.rest());
    assert.deepEqual(
      settled.filter(({ source }) => source === 0).map(({ text }) => text),
      [`${inner(100)}\repochs:  10%|█  | 1/10`, inner(0), "saved", inner(7)],
    );
    assert.equal(settled.filter(({ source }) => source === 1).length, 100);
  });

  it("stand as what their open line shows last, until that line is over", () => {
    const redraws = new Redraws();
    redraws.settle([record(0, inner(1)), record(1, inner(2))]);
    redraws.draw(record(0, "epochs: 1/10"));
    redraws.draw(record(0, "epochs: 2/10"));
    assert.deepEqual(redraws.drawn, [record(0, "epochs: 2/10"), record(1, inner(2))]);
    assert.deepEqual(redraws.settle([record(0, "\repochs: 2/10\repochs: 10/10")]).length, 1);
    assert.deepEqual(redraws.drawn, [record(1, inner(2))]);
    redraws.draw(record(0, "again"));
    assert.deepEqual(redraws.rest(), [record(1, inner(2))]);
    assert.deepEqual(redraws.drawn, []);
  });

  it("property: what is no redraw passes, all of it, in its order", () => {
    const texts = fc.array(fc.constantFrom("a", "\rb", `c${UP}`, inner(1), inner(2), ""));
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 5 }), (lines, size) => {
        const redraws = new Redraws();
        const settled: string[] = [];
        const records = lines.map((text) => record(0, text));
        for (let at = 0; at < records.length; at += size)
          settled.push(...redraws.settle(records.slice(at, at + size)).map(({ text }) => text));
        settled.push(...redraws.rest().map(({ text }) => text));
        const plain = (list: readonly string[]): string[] => list.filter((text) => !text.includes("batches"));
        assert.deepEqual(plain(settled), plain(lines));
        assert.equal(settled.at(-1), lines.at(-1));
      }),
    );
  });
});
