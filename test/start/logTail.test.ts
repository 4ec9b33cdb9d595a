import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { LogTail } from "./logTail.ts";

describe("start: the log while it is written", () => {
  let folder: string;

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-tail-"));
  });

  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  it("prints each byte once, part after part", () => {
    let shown = "";
    const logs = path.join(folder, "logs");
    const tail = new LogTail(logs, (text) => (shown += text));
    fs.mkdirSync(logs);
    fs.writeFileSync(path.join(logs, "a.part10.log"), "1 │ third\n");
    fs.writeFileSync(path.join(logs, "a.part2.log"), "1 │ sécond\n");
    fs.writeFileSync(path.join(logs, "a.log"), "▶ a\n0 │ first\n");
    assert.ok(tail.end());
    assert.equal(shown, "▶ a\n0 │ first\n1 │ sécond\n1 │ third\n");
    assert.notEqual(tail.firstLine, undefined);
  });

  it("knows the log's own notes from lines of training", () => {
    const tail = new LogTail(folder, () => undefined);
    fs.writeFileSync(path.join(folder, "a.log"), "▶ a\n  waiting   rank 0: no room\n");
    tail.end();
    assert.equal(tail.firstLine, undefined);
  });

  it("says where there was no log", () => {
    assert.equal(new LogTail(path.join(folder, "gone"), () => undefined).end(), false);
  });
});
