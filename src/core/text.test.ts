import assert from "node:assert/strict";
import { age, bytes, duration, plural, shorten, wrap } from "./text.ts";

describe("words for numbers", () => {
  it("says durations in the two largest units", () => {
    assert.equal(duration(0), "0 s");
    assert.equal(duration(47_900), "47 s");
    assert.equal(duration(372_000), "6 min 12 s");
    assert.equal(duration(120_000), "2 min");
    assert.equal(duration(7_500_000), "2 h 5 min");
    assert.equal(duration(273_600_000), "3 d 4 h");
    assert.equal(duration(-5), "0 s");
  });

  it("says ages in one unit", () => {
    assert.deepEqual(
      [age(59_000), age(840_000), age(7_300_000), age(300_000_000)],
      ["just now", "14 min", "2 h", "3 d"],
    );
  });

  it("says sizes, counts and short texts", () => {
    assert.deepEqual(
      [bytes(812), bytes(1500), bytes(84_321), bytes(3_100_000), bytes(2e9)],
      ["812 B", "1.5 KB", "84 KB", "3.1 MB", "2.0 GB"],
    );
    assert.deepEqual([plural(1, "file"), plural(2, "file")], ["1 file", "2 files"]);
    assert.equal(shorten("abcdef", 4), "abc…");
  });

  it("breaks long texts between words, and no long word", () => {
    const [words, long] = ["word ".repeat(20).trim(), "x".repeat(150)];
    assert.equal(wrap(`${words} ${long} end`, "  "), `  ${words}\n  ${long}\n  end`);
  });
});
