import assert from "node:assert/strict";
import fc from "fast-check";
import { type Line, lineBatches, LineSplitter } from "./lines.ts";

function split(bytes: Buffer, chunkSizes: readonly number[], maxBytes = 1_000_000): Line[] {
  const splitter = new LineSplitter(maxBytes);
  const lines: Line[] = [];
  let start = 0;
  for (let i = 0; start < bytes.length; i++) {
    const size = chunkSizes[i % chunkSizes.length] ?? 1;
    lines.push(...splitter.push(bytes.subarray(start, start + size)));
    start += size;
  }
  const rest = splitter.end();
  return rest === undefined ? lines : [...lines, rest];
}

const texts = (lines: readonly Line[]): string[] => lines.map((line) => line.text);

describe("lines", () => {
  it("breaks at line feeds only: not at \\r, U+2028, U+2029, U+0085, NUL or form feed", () => {
    const odd = "10%\r20%\r30%\u2028a\u2029b\u0085c\0d\fe";
    assert.deepEqual(texts(split(Buffer.from(`${odd}\nnext\n`), [3])), [odd, "next"]);
  });

  it("gives empty lines and an unfinished last one", () => {
    assert.deepEqual(texts(split(Buffer.from("\n\na\n\nb"), [1])), ["", "", "a", "", "b"]);
  });

  it("never splits a character, wherever the chunks end", () => {
    const text = "épochs 🚂 終わり\nπ≈3\n";
    for (let size = 1; size < 12; size++) {
      assert.deepEqual(texts(split(Buffer.from(text), [size])), ["épochs 🚂 終わり", "π≈3"], `chunks of ${size}`);
    }
  });

  it("property: any bytes in any chunks, also such as are no UTF-8, give the lines that they have", () => {
    const line = fc
      .uint8Array({ maxLength: 12 })
      .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 10 ? 0 : byte))));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (lines, sizes) => {
        const bytes = Buffer.concat(lines.flatMap((one) => [one, Buffer.from("\n")]));
        assert.deepEqual(
          texts(split(bytes, sizes)),
          lines.map((one) => one.toString("utf8")),
        );
      }),
    );
  });

  it("property: a long line falls into the same parts, whatever the chunks, and none is lost", () => {
    const line = fc.string({ unit: "grapheme", maxLength: 60 }).map((text) => text.replaceAll("\n", "."));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (lines, sizes) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        const once = split(bytes, [bytes.length + 1], 16);
        assert.deepEqual(split(bytes, sizes, 16), once);
        const joined = once.map(({ text, more }) => (more ? text : `${text}\n`)).join("");
        assert.equal(joined, lines.map((text) => `${Buffer.from(text).toString("utf8")}\n`).join(""));
        for (const { text } of once) assert.ok(Buffer.byteLength(text) <= 16);
      }),
    );
  });

  it("cuts a line of 3 MB into parts of at most 1 MB", () => {
    const lines = split(Buffer.from(`${"x".repeat(3_000_000)}\nshort\n`), [65_536]);
    assert.deepEqual(
      lines.map(({ text, more }) => [text.length, more]),
      [
        [1_000_000, true],
        [1_000_000, true],
        [1_000_000, false],
        [5, false],
      ],
    );
  });

  it("gives the parts of a long line before it ends, and keeps the last one open", () => {
    const splitter = new LineSplitter(16);
    assert.deepEqual(splitter.push(Buffer.from("x".repeat(20))), [{ text: "x".repeat(16), more: true }]);
    assert.deepEqual(splitter.push(Buffer.from(`\n${"y".repeat(17)}`)), [
      { text: "xxxx", more: false },
      { text: "y".repeat(16), more: true },
    ]);
    assert.deepEqual(splitter.end(), { text: "y", more: false });
    assert.equal(splitter.end(), undefined);
  });

  it("cuts what is no UTF-8 where it is full", () => {
    const bytes = Buffer.concat([Buffer.from("x".repeat(13)), Buffer.alloc(7, 0x80)]);
    assert.deepEqual(
      texts(split(bytes, [20], 16)).map((text) => text.length),
      [16, 4],
    );
  });

  it("tells the end of an open line, over any chunks", () => {
    const splitter = new LineSplitter(1_000);
    for (const chunk of ["done\nab", "cd", "ef"]) splitter.push(Buffer.from(chunk));
    assert.deepEqual(
      [2, 3, 6, 100].map((bytes) => splitter.tail(bytes).toString()),
      ["ef", "def", "abcdef", "abcdef"],
    );
  });

  it("hands over a batch per chunk and the unfinished rest apart", async () => {
    async function* body(): AsyncGenerator<Buffer> {
      await Promise.resolve();
      for (const chunk of ["a\nb\nc", "d\n", "e"]) yield Buffer.from(chunk);
    }
    const batches: string[][] = [];
    let rest: Line | undefined;
    for await (const lines of lineBatches(body(), 1000, (line) => (rest = line))) batches.push(texts(lines));
    assert.deepEqual(batches, [["a", "b"], ["cd"]]);
    assert.equal(rest?.text, "e");
  });

  it("has no rest after a line feed", async () => {
    async function* body(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(Buffer.from("a\n"));
    }
    for await (const lines of lineBatches(body(), 1000, () => assert.fail("a rest")))
      assert.deepEqual(texts(lines), ["a"]);
  });
});
