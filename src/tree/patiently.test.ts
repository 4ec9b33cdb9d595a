import assert from "node:assert/strict";
import { patiently } from "./patiently.ts";

describe("showing a row", () => {
  it("is tried again while its folder is drawn anew, and given up in the end", async () => {
    let tries = 0;
    await patiently(() => (++tries < 3 ? Promise.reject(new Error("cannot resolve")) : Promise.resolve()), 1);
    assert.equal(tries, 3);
    await assert.rejects(
      patiently(() => Promise.reject(new Error("cannot resolve")), 1),
      /cannot resolve/,
    );
  });
});
