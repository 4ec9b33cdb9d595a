import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArguments, UsageError } from "./args.ts";

describe("start: the command line", () => {
  let folder: string;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-args-"));
    for (const name of ["config", "fit.py", "notes.txt"]) fs.writeFileSync(path.join(folder, name), "");
  });

  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  const parse = (...args: string[]) => parseArguments(args, folder);

  it("asks for nothing", () => {
    assert.deepEqual(parse(), {
      help: false,
      headless: false,
      yes: false,
      keep: false,
      kubeconfig: undefined,
      script: undefined,
      context: undefined,
    });
  });

  it("takes paths from the folder that the person is in", () => {
    const args = parse(
      "--headless",
      "--keep",
      "--yes",
      "--script",
      "fit.py",
      "--kubeconfig=config",
      "--context",
      "lab",
    );
    assert.equal(args.script, path.join(folder, "fit.py"));
    assert.equal(args.kubeconfig, path.join(folder, "config"));
    assert.equal(args.context, "lab");
    assert.ok(args.headless && args.keep && args.yes);
  });

  const mistakes: readonly [readonly string[], RegExp][] = [
    [["--fresh"], /«--fresh» is not known/],
    [["train.py"], /«train.py» is not known/],
    [["--context"], /--context needs a value/],
    [["--context", "--yes"], /--context needs a value/],
    [["--yes=no"], /--yes takes no value/],
    [["--keep"], /--keep goes with --headless/],
    [["--script", "fit.py"], /--script goes with --headless/],
    [["--headless", "--script", "gone.py"], /gone\.py is not a file/],
    [["--headless", "--script", "notes.txt"], /notes\.txt is not a Python file/],
    [["--kubeconfig", "."], /is not a file/],
  ];
  for (const [args, expected] of mistakes) {
    it(`refuses «${args.join(" ")}» in a sentence`, () => {
      assert.throws(
        () => parse(...args),
        (error: unknown) => error instanceof UsageError && expected.test(error.message),
      );
    });
  }
});
