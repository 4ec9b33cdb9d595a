import assert from "node:assert/strict";
import type { StateStore } from "../core/storage.ts";
import { ClusterPreferences } from "./clusterPreferences.ts";

class MemoryState implements StateStore {
  readonly values = new Map<string, unknown>();

  get(key: string): unknown {
    return this.values.get(key);
  }

  set(key: string, value: unknown): Promise<void> {
    this.values.set(key, structuredClone(value));
    return Promise.resolve();
  }
}

describe("cluster preferences", () => {
  function chosen(preferences: ClusterPreferences): unknown {
    return [[...preferences.pinned], [...preferences.hidden], preferences.groupByServer];
  }

  it("are kept for the next window, and each change is told", async () => {
    const state = new MemoryState();
    const preferences = new ClusterPreferences(state);
    let told = 0;
    preferences.onDidChange(() => told++);
    assert.deepEqual(chosen(preferences), [[], [], false]);
    await preferences.pin("a");
    await preferences.pin("b/c");
    await preferences.hide("d");
    await preferences.setGroupByServer(true);
    assert.equal(told, 4);
    assert.deepEqual(chosen(new ClusterPreferences(state)), [["a", "b/c"], ["d"], true]);
    await preferences.pin("a", false);
    await preferences.hide("d", false);
    await preferences.setGroupByServer(false);
    assert.deepEqual(chosen(new ClusterPreferences(state)), [["b/c"], [], false]);
  });

  it("show what is pinned and unpin what is hidden", async () => {
    const preferences = new ClusterPreferences(new MemoryState());
    await preferences.hide("a");
    await preferences.pin("a");
    assert.deepEqual(chosen(preferences), [["a"], [], false]);
    await preferences.hide("a");
    assert.deepEqual(chosen(preferences), [[], ["a"], false]);
  });

  it("show all hidden ones at once", async () => {
    const preferences = new ClusterPreferences(new MemoryState());
    await preferences.hide("a");
    await preferences.hide("b");
    await preferences.showAll();
    assert.deepEqual(chosen(preferences), [[], [], false]);
  });

  it("read what another hand left with care", () => {
    for (const odd of [7, null, "x", { pinned: "a", hidden: [1, "b", null], groupByServer: "yes" }]) {
      const state = new MemoryState();
      const preferences = new ClusterPreferences(state);
      state.values.set("trainyard.clusters.preferences", odd);
      assert.deepEqual([...preferences.pinned], []);
      assert.equal(preferences.groupByServer, false);
      assert.ok([...preferences.hidden].every((name) => name === "b"));
    }
  });
});
