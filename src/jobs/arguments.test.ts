import assert from "node:assert/strict";
import fc from "fast-check";
import { argumentsProblem, joinArguments, splitArguments } from "./arguments.ts";

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

  it("refuses a quote that is not closed", () => {
    assert.equal(argumentsProblem('--name "a b'), "A quote is not closed.");
    assert.equal(argumentsProblem("it's"), "A quote is not closed.");
    for (const fine of ["", "--lr 0.1", '--name "it\'s"', "a\\'b", `'say "x"'`])
      assert.equal(argumentsProblem(fine), undefined, fine);
  });

  it("writes what it reads", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (args) => assert.deepEqual(splitArguments(joinArguments(args)), args)),
    );
  });
});
