import assert from "node:assert/strict";
import { isAbsolute, join, relative, sep } from "node:path";
import fc from "fast-check";
import { findReferences, localFile, movedLine } from "./traceback.ts";

function only(text: string, options = {}): { path: string; line: number; text: string } | undefined {
  const found = findReferences(text, options);
  assert.ok(found.length <= 1);
  const [first] = found;
  return (
    first && { path: first.path, line: first.line, text: text.slice(first.startIndex, first.startIndex + first.length) }
  );
}

describe("a line of a text that was edited since", () => {
  const moved = (before: string, now: string, line: number): number =>
    movedLine(Array.from(before).join("\n"), Array.from(now).join("\r\n"), line);

  it("keeps its number where what is before it is alike, and moves with what is behind it", () => {
    assert.equal(moved("abcd", "abxxcd", 2), 2);
    assert.equal(moved("abcd", "abxxcd", 3), 5);
    assert.equal(moved("aaaa", "xaaaa", 1), 2);
    assert.equal(moved("abcd", "d", 4), 1);
  });

  it("is looked for where both have changed, and stays where it has gone", () => {
    assert.equal(moved("abcde", "xxcabcy", 3), 3);
    assert.equal(moved("abcde", "xyzwcu", 3), 5);
    assert.equal(moved("abcde", "vwxyz", 3), 3);
    assert.equal(moved("abcde", "vw", 3), 2);
    assert.equal(moved("ab", "xyz", 9), 9);
  });

  it("is the same line in the end, wherever lines were put in and taken away", () => {
    const lines = fc.uniqueArray(fc.string({ unit: fc.constantFrom("a", "b", "c", "d"), minLength: 3, maxLength: 3 }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(lines, fc.array(fc.constantFrom("x", "y")), fc.array(fc.nat()), fc.nat(), (was, added, at, pick) => {
        const line = (pick % was.length) + 1;
        const now = added.reduce<string[]>(
          (text, each, index) => {
            text.splice((at[index] ?? 0) % (text.length + 1), 0, each);
            return text;
          },
          [...was],
        );
        assert.equal(now[movedLine(was.join("\n"), now.join("\n"), line) - 1], was[line - 1]);
      }),
    );
  });
});

describe("references in a log", () => {
  it("are found in a traceback", () => {
    assert.deepEqual(only('  File "/opt/trainyard/code/pkg/mod.py", line 41, in main'), {
      path: "pkg/mod.py",
      line: 41,
      text: 'File "/opt/trainyard/code/pkg/mod.py", line 41',
    });
    assert.deepEqual(only('[rank1]:   File "train.py", line 3')?.path, "train.py");
    assert.deepEqual(only('File "./train.py", line 3, in <module>', { folder: "tools" })?.path, "tools/train.py");
  });

  it("are found in the cells of a notebook, and in no notebook without one", () => {
    const [found] = findReferences('  File "tools/fit.ipynb, cell 3", line 2, in <module>');
    assert.deepEqual([found?.path, found?.cell, found?.line], ["tools/fit.ipynb", 3, 2]);
    assert.deepEqual(findReferences('  File "fit.ipynb", line 2'), []);
    assert.deepEqual(findReferences('  File "train.py, cell 3", line 2'), []);
    assert.deepEqual(findReferences('  File "../fit.ipynb, cell 3", line 2'), []);
  });

  it("are found behind the links of a ConfigMap's volume", () => {
    assert.equal(only('File "/opt/trainyard/code/..data/train.py", line 1')?.path, "train.py");
    assert.equal(only('File "/opt/trainyard/code/..2025_11_22_05_00_00.123/pkg/a.py", line 1')?.path, "pkg/a.py");
  });

  it("are found in colours, and cover them", () => {
    const text = '  File \u001b[35m"/opt/trainyard/code/train.py"\u001b[0m, line \u001b[35m7\u001b[0m, in f';
    const found = only(text);
    assert.equal(found?.line, 7);
    assert.ok(found.text.startsWith("File") && found.text.endsWith("7"));
  });

  it("are found in warnings", () => {
    assert.deepEqual(only("/opt/trainyard/code/train.py:41: UserWarning: slow"), {
      path: "train.py",
      line: 41,
      text: "/opt/trainyard/code/train.py:41",
    });
    assert.equal(only("(train.py:9)")?.line, 9);
  });

  it("are not what belongs to others or leads elsewhere", () => {
    for (const path of [
      "/usr/lib/python3/x.py",
      "../../etc/x.py",
      "/opt/trainyard/code/../../x.py",
      "<string>",
      "C:/x.py",
      "a\\..\\..\\b.py",
      "x.so",
    ]) {
      assert.equal(only(`File "${path}", line 1`), undefined, path);
    }
    assert.equal(only('File "train.py", line 0'), undefined);
    assert.equal(only('File "other.py", line 1', { files: new Set(["train.py"]) }), undefined);
    assert.equal(only('File "train.py", line 1', { files: new Set(["train.py"]) })?.path, "train.py");
  });

  it("never lead out of the folder", () => {
    const part = fc.constantFrom("..", ".", "a", "..data", "..2025_x", "", "b.py", "\\", "c:");
    const lead = fc.constantFrom("", "/", "/opt/trainyard/code/", "./");
    fc.assert(
      fc.property(lead, fc.array(part, { maxLength: 6 }), (start, parts) => {
        for (const found of findReferences(`File "${start}${parts.join("/")}/x.py", line 1`)) {
          const inside = relative("/home/me/root", localFile("/home/me/root", found));
          assert.ok(inside.split(sep)[0] !== ".." && !isAbsolute(inside), inside);
        }
      }),
      { numRuns: 500 },
    );
    assert.equal(localFile("/r", { path: "pkg/mod.py" }), join("/r", "pkg", "mod.py"));
  });

  it("are looked for in linear time", () => {
    const begun = performance.now();
    for (const text of ['File "'.repeat(20_000), "a".repeat(100_000), "x:".repeat(50_000), "(".repeat(100_000)])
      findReferences(text);
    assert.ok(performance.now() - begun < 300);
  });
});
