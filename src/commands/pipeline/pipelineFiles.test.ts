import assert from "node:assert/strict";
import { offeredFiles } from "./pipelineFiles.ts";

const file = (fsPath: string, scheme = "file") => ({ scheme, fsPath });

describe("files of pipelines to choose from", () => {
  const found = [file("/w/pipeline.py"), file("/w/b/pipeline.yaml")];
  const paths = found.map(({ fsPath }) => fsPath);

  it("begin with the one in the editor, whatever it is called, and have each once", () => {
    for (const name of ["/w/train_flow.py", "/w/compiled.YAML", "/w/out.yml", "/w/spec.json"])
      assert.deepEqual(offeredFiles(file(name), found), [name, ...paths]);
    assert.deepEqual(offeredFiles(file("/w/b/pipeline.yaml"), found), [...paths].reverse());
  });

  it("are those that were found where what is in the editor can be none", () => {
    for (const active of [
      undefined,
      file("/w/notes.md"),
      file("/w/pipeline.py", "git"),
      file("Untitled-1", "untitled"),
    ])
      assert.deepEqual(offeredFiles(active, found), paths);
  });
});
