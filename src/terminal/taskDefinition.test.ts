import assert from "node:assert/strict";
import { readRunDefinition } from "./taskDefinition.ts";

describe("a task of tasks.json", () => {
  it("is read as it is written", () => {
    const written = { script: "train.py", nodes: 2, gpusPerNode: 0, image: "a/b:1", args: ["--epochs", "20"] };
    assert.deepEqual(readRunDefinition({ type: "trainyard", ...written }), written);
    assert.deepEqual(readRunDefinition({ type: "trainyard", script: "train.py" }), { script: "train.py" });
    const named = { configuration: "large", nodes: 3 };
    assert.deepEqual(readRunDefinition({ type: "trainyard", ...named }), named);
  });

  it("is refused with the field that is wrong", () => {
    const said = (change: object): unknown => readRunDefinition({ script: "train.py", ...change });
    assert.equal(said({ nodes: "2" }), 'The task\'s nodes must be a whole number of 1 or more; it is "2".');
    assert.match(
      String(said({ args: ["--epochs", 20] })),
      /^The task's args must be a list of texts.*; it is \["--epochs",20\]\.$/,
    );
    assert.match(
      String(said({ script: undefined })),
      /^The task's script must be the name of a Python file; it is missing\.$/,
    );
    assert.match(String(said({ gpusPerNode: -1 })), /gpusPerNode/);
    assert.match(String(said({ image: 5 })), /image/);
    assert.match(
      String(said({ configuration: "" })),
      /configuration must be the name of one in \.vscode\/trainyard\.json/,
    );
  });
});
