import assert from "node:assert/strict";
import { NO_FILTER, ViewChoices } from "./viewChoices.ts";

function choices() {
  const kept = new Map<string, unknown>();
  const state = {
    get: (key: string) => kept.get(key),
    set: (key: string, value: unknown) => Promise.resolve(void kept.set(key, value)),
  };
  return { view: new ViewChoices(state), again: () => new ViewChoices(state) };
}

describe("filter and order of rows", () => {
  it("a name must have every word, in any case; a state must be one of those", () => {
    const { view } = choices();
    view.setFilter({ text: "BERT 4f", states: ["Failed", "Waiting"] });
    assert.ok(view.shows("bert-large-4f2a", () => "Failed"));
    assert.ok(!view.shows("bert-large-4f2a", () => "Running"));
    assert.ok(!view.shows("resnet-4f2a", () => "Failed"));
    view.setFilter(NO_FILTER);
    assert.ok(view.shows("resnet", () => assert.fail("nobody asked for a state")));
  });

  it("says what is filtered, and that rows stand by name", async () => {
    const { view } = choices();
    assert.equal(view.words("by name"), "");
    view.setFilter({ text: " bert ", states: ["Failed"] });
    await view.setSort("name");
    assert.equal(view.words("by name"), "bert · Failed · by name");
  });

  it("keeps the order for later windows, and the filter for this one alone", async () => {
    const { view, again } = choices();
    view.setFilter({ text: "bert", states: [] });
    await view.setSort("name");
    assert.equal(again().sort, "name");
    assert.equal(again().isFiltering, false);
  });

  it("sorts by age, newest first, or by name", async () => {
    const { view } = choices();
    const rows = [
      { name: "b", created: 1 },
      { name: "a", created: 1 },
      { name: "c", created: 2 },
    ];
    assert.equal(
      rows
        .toSorted(view.compare)
        .map(({ name }) => name)
        .join(""),
      "cab",
    );
    await view.setSort("name");
    assert.equal(
      rows
        .toSorted(view.compare)
        .map(({ name }) => name)
        .join(""),
      "abc",
    );
  });
});
