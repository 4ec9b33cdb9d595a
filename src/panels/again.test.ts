import assert from "node:assert/strict";
import { isTabOf, restoring } from "./again.ts";

it("a tab is known by the type of its page, with or without what the editor puts before it", () => {
  for (const viewType of ["trainyard.run", "mainThreadWebview-trainyard.run"]) {
    assert.ok(isTabOf({ viewType }, "trainyard.run"));
    assert.ok(!isTabOf({ viewType }, "trainyard.runForm"));
  }
  for (const input of [undefined, { uri: "trainyard.run" }, { viewType: "other.trainyard.run" }])
    assert.ok(!isTabOf(input, "trainyard.run"));
});

describe("a page that could not come back", () => {
  it("comes back as it was, though another was opened since; what could not be read is read again", async () => {
    let kept: string | undefined;
    const restored: string[] = [];
    const again = restoring(
      () => (kept === undefined ? Promise.reject(new Error("no bundle")) : Promise.resolve(kept)),
      (shown) => (restored.push(shown), Promise.reject(new Error("no server"))),
    );
    await assert.rejects(again, /no bundle/);
    kept = "run a";
    await assert.rejects(again, /no server/);
    kept = "run b";
    await assert.rejects(again, /no server/);
    assert.deepEqual(restored, ["run a", "run a"]);
  });
});
