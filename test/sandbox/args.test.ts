import assert from "node:assert/strict";
import { UsageError, parseArguments } from "./args.ts";

describe("sandbox arguments", () => {
  it("reads a command with its options in both spellings", () => {
    assert.deepEqual(parseArguments(["up", "--name=test", "--fresh", "--parts", "control", "--with", "kwok"]), {
      command: "up",
      name: "test",
      fresh: true,
      yes: false,
      parts: "control",
      with: ["kwok"],
      user: "admin",
    });
  });

  it("means the sandbox «dev» with a node when nothing is said", () => {
    const { name, parts, fresh } = parseArguments(["up"]);
    assert.deepEqual([name, parts, fresh], ["dev", "node", false]);
  });

  for (const [args, says] of [
    [[], /Say what to do/],
    [["sideways"], /«sideways» is not one of up, down/],
    [["up", "--nmae", "x"], /«--nmae» is not known/],
    [["up", "--name"], /needs a value/],
    [["up", "--name", "../x"], /no name for a sandbox/],
    [["up", "--fresh=yes"], /takes no value/],
    [["up", "--with", "kwok,moon"], /«moon» is not one of kwok, pipelines/],
    [["kubeconfig", "--user", "root"], /«root» is not one of admin/],
  ] satisfies [string[], RegExp][]) {
    it(`refuses «${args.join(" ")}» in words`, () => {
      assert.throws(
        () => parseArguments(args),
        (error) => error instanceof UsageError && says.test(error.message),
      );
    });
  }
});
