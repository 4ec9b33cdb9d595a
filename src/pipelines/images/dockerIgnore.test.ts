import assert from "node:assert/strict";
import { dockerIgnore } from "./dockerIgnore.ts";

describe("a .dockerignore", () => {
  // Pattern lines, a path, whether it is left out: as the docs of `docker build` and moby's patternmatcher have it.
  const rows: readonly (readonly [lines: string, path: string, isLeft: boolean])[] = [
    ["*.log", "a.log", true],
    ["*.log", "sub/a.log", false],
    ["**/*.log", "a.log", true],
    ["**/*.log", "x/y/a.log", true],
    ["*/temp*", "somedir/temporary.txt", true],
    ["*/temp*", "temporary.txt", false],
    ["*/*/temp*", "somedir/subdir/temporary.txt", true],
    ["temp?", "tempa", true],
    ["temp?", "temp/", false],
    ["data", "data/deep/file", true],
    ["/data/", "data/file", true],
    ["./data/../out", "out/file", true],
    ["data/**", "data/file", true],
    ["data/**", "data", false],
    ["a/**/b", "a/b", true],
    ["a/**/b", "a/x/y/b", true],
    ["**", "anything", true],
    ["*\n!README.md", "README.md", false],
    ["*\n!README.md", "other", true],
    ["!README.md\n*.md", "README.md", true],
    ["*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true],
    ["dir\n!dir/keep", "dir/keep", false],
    ["dir\n!dir/keep", "dir/other", true],
    ["dir\n!dir/keep", "dir/keep/inside", false],
    ["# comment\n \nx", "# comment", false],
    ["\ufeffx", "x", true],
    [" #x", "#x", true],
    ["a\\*b", "a*b", true],
    ["a\\*b", "axb", false],
    ["[a-c]x", "bx", true],
    ["[^a-c]x", "bx", false],
    ["[z-a]", "z", false],
    ["a+b.(c)", "a+b.(c)", true],
    ["a.b", "axb", false],
    [".", "x", false],
    ["__pycache__", "lib/__pycache__", false],
    ["**/__pycache__", "lib/__pycache__/x.pyc", true],
    ["x\r\ny\r\n", "y", true],
  ];
  for (const [lines, path, isLeft] of rows)
    it(`${JSON.stringify(lines)} ${isLeft ? "leaves out" : "keeps"} ${path}`, () =>
      assert.equal(dockerIgnore(lines).ignores(path), isLeft));

  it("needs no look into a folder of which nothing is taken back", () => {
    const { prunes } = dockerIgnore("data\nout\n.git\n!out/model/best.pt\n!d*/x");
    assert.deepEqual(
      ["data", "out", "out/model", "out/other", ".git", "src"].map((folder) => prunes(folder)),
      [false, false, false, true, true, false],
    );
  });
});
