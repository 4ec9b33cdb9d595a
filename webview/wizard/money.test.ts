import assert from "node:assert/strict";
import { perHour, perMonth } from "./money.ts";

describe("money", () => {
  it("shows hours to the cent, small ones to a tenth of it, and months to the dollar", () => {
    assert.deepEqual([0, 0.0475, 0.502, 98.32, 1234.5].map(perHour), [
      "$0.00/h",
      "$0.048/h",
      "$0.50/h",
      "$98.32/h",
      "$1,235/h",
    ]);
    assert.deepEqual([0, 3.65, 366.46, 71_773.6].map(perMonth), [
      "$0/month",
      "$3.65/month",
      "$366/month",
      "$71,774/month",
    ]);
  });
});
