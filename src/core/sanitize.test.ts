import assert from "node:assert/strict";
import fc from "fast-check";
import { label, pickLabel, plainLine, terminalLine } from "./sanitize.ts";

describe("text from a cluster", () => {
  it("keeps colours in a terminal and nothing of them in plain text", () => {
    assert.equal(terminalLine("a \u001b[1;31mred\u001b[0m b"), "a \u001b[1;31mred\u001b[0m b");
    assert.equal(plainLine("a \u001b[1;31mred\u001b[0m b"), "a red b");
  });

  it("drops cursor movement, titles, links, clipboard writes and status reports", () => {
    for (const bad of [
      "\u001b[2J",
      "\u001b[5n",
      "\u001b[?25l",
      "\u001b]0;title\u0007",
      "\u001b]52;c;aGk=\u001b\\",
      "\u001bc",
      "\u009b2J",
      "\u001bP1$q\u001b\\",
    ]) {
      assert.equal(terminalLine(`x${bad}y`), "xy", JSON.stringify(bad));
    }
  });

  it("drops an unterminated sequence to its end", () => {
    assert.equal(terminalLine("x\u001b]0;never ends"), "x");
    assert.equal(terminalLine("x\u001b["), "x");
  });

  it("shows what a progress bar left standing", () => {
    assert.equal(plainLine("10%\r50%\r100%"), "100%");
    assert.equal(plainLine("done\r"), "done");
  });

  it("makes reversing characters visible and labels short", () => {
    assert.equal(plainLine("abc\u202edef"), "abc\ufffddef");
    assert.equal(label("a\n b\tc"), "a b c");
    assert.equal(label("x".repeat(300)).length, 200);
  });

  it("puts no icon into a list to pick from", () => {
    assert.equal(pickLabel("$(check) $5 (a)\u001b[2J"), "$\u200b(check) $5 (a)");
  });

  it("leaves no control character but tab and the escape of a colour, whatever comes in", () => {
    const unit = fc.constantFrom(
      "\u001b",
      "[",
      "]",
      "5",
      "n",
      "m",
      ";",
      "\u009b",
      "\u0007",
      "\\",
      "\r",
      "\u202e",
      "a",
      "\u0000",
      "P",
      "?",
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 40 }), (units) => {
        // eslint-disable-next-line no-control-regex -- colours are what may stay
        const shown = terminalLine(units.join("")).replace(/\u001b\[[0-9;:]*m/g, "");
        // eslint-disable-next-line no-control-regex -- the point of the test
        assert.doesNotMatch(shown, /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e]/);
      }),
    );
  });
});
