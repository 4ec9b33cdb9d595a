import assert from "node:assert/strict";
import fc from "fast-check";
import { joinArguments, splitArguments } from "./arguments.ts";

describe("arguments", () => {
  it("parts at spaces, groups by quotes and expands nothing", () => {
    assert.deepEqual(splitArguments(`--lr 0.1  --name "a b" 'c "d"' $HOME \`x\``), [
      "--lr",
      "0.1",
      "--name",
      "a b",
      'c "d"',
      "$HOME",
      "`x`",
    ]);
    assert.deepEqual(splitArguments(""), []);
    assert.deepEqual(splitArguments(`""`), [""]);
  });

  it("writes what it reads", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (args) => assert.deepEqual(splitArguments(joinArguments(args)), args)),
    );
  });
});
