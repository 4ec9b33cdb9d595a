import assert from "node:assert/strict";
import { errorCode } from "../../core/errors.ts";
import { importedNames } from "./imports.ts";
import { notebookCode } from "./notebook.ts";

const book = (cells: readonly object[], more: object = { nbformat: 4 }): string => JSON.stringify({ cells, ...more });
const code = (...source: readonly string[]): object => ({ cell_type: "code", source, outputs: ["secret"] });

describe("a notebook as a script", () => {
  it("has the code cells under their numbers, without outputs, text and what only a notebook understands", () => {
    const read = notebookCode(
      book([
        code("import torch\n", "%matplotlib inline\n", "if True:\n", "    !pip install x\n", "x?\n"),
        { cell_type: "markdown", source: "# Title" },
        code("%%bash\n", "rm -rf /"),
        { cell_type: "code", source: "%%time\nfrom model import räksmörgås 🙂" },
      ]),
      "fit.ipynb",
    );
    assert.deepEqual(read.leftOut, [
      "cell 1: %matplotlib inline",
      "cell 1: !pip install x",
      "cell 1: x?",
      "cell 2: %%bash",
      "cell 3: %%time",
    ]);
    assert.deepEqual([...importedNames(read.code)], ["torch", "model"]);
    assert.doesNotMatch(read.script, /secret|Title|rm -rf/);
    assert.match(read.script, /if True:.*\\n {4}pass {2}# !pip install x/);
    // eslint-disable-next-line no-control-regex -- ASCII alone
    assert.match(read.script, /^[\x00-\x7f]*$/);
  });

  it("leaves Python alone that looks like something else", () => {
    const source = "print(\n    'a %s'\n    % 'b'\n)\nx = 7 \\\n  % 3";
    const read = notebookCode(book([{ cell_type: "code", source }]), "x.ipynb");
    assert.deepEqual([read.code, read.leftOut], [source, []]);
  });

  it("says so where it is none, of an old format, or empty", () => {
    for (const text of [
      "",
      "[]",
      book([]),
      book([code("1")], { nbformat: 3 }),
      book([{ cell_type: "markdown", source: "x" }]),
    ])
      assert.throws(
        () => notebookCode(text, "x.ipynb"),
        (error) => errorCode(error) === "notebook",
      );
  });
});
