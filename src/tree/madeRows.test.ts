import assert from "node:assert/strict";
import { madeRow } from "./madeRows.ts";

describe("the row of a cluster that was made from here", () => {
  it("says of a record that cannot be read why, and offers nothing that needs it", () => {
    const { description, tooltip, contextValue } = madeRow(undefined, "gke-ml-1", "EACCES: permission denied", 0);
    assert.equal(description, "its record cannot be read · EACCES: permission denied");
    assert.ok(tooltip.includes("EACCES: permission denied"));
    assert.equal(contextValue, "made;");
    assert.equal(madeRow(undefined, "gke-ml-1", "", 0).contextValue, "made;gone;");
  });
});
