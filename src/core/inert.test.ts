import assert from "node:assert/strict";
import { inert } from "./inert.ts";

describe("text of a notification", () => {
  it("has no link, whatever a cluster says", () => {
    const hostile = "see [the log](command:workbench.action.terminal.sendSequence) and [x]( https://a.b )";
    assert.doesNotMatch(inert(hostile), /\]\s*\(/);
    assert.equal(inert("sizes [8, 16] (train.py:41)"), "sizes [8, 16]\u200b (train.py:41)");
    assert.equal(inert("plain"), "plain");
  });
});
