import assert from "node:assert/strict";
import { firstNamespaces, namespaceChoice, namespacesToChoose } from "./namespaceChoice.ts";

describe("namespaces to show and to choose from", () => {
  const names = Array.from({ length: 30 }, (_, index) => `n${index}`);

  it("shows the context's own first, and says that there are more", () => {
    const { shown, more } = firstNamespaces({ names, mayList: true }, "n7");
    assert.deepEqual([shown[0], shown.length, more], ["n7", 21, true]);
    const notes = new Map();
    assert.deepEqual(firstNamespaces({ names: ["a"], mayList: true }, "gone"), { shown: ["a"], more: false, notes });
    assert.deepEqual(firstNamespaces({ names: [], mayList: false }, "own"), { shown: ["own"], more: true, notes });
  });

  it("keeps what was chosen though a listing does not have it", () => {
    assert.deepEqual(namespacesToChoose({ names: ["a", "c"], mayList: true }, "own", ["b", "a"]).names, [
      "a",
      "b",
      "c",
    ]);
    assert.deepEqual(namespacesToChoose({ names: [], mayList: false }, "own", ["b"]).names, ["b", "own"]);
    assert.deepEqual(namespacesToChoose({ names: [], mayList: false }, "own").names, ["own"]);
  });

  it("takes all of them as one choice, and for a name only what can be one", () => {
    assert.deepEqual(namespaceChoice("*"), { kind: "all" });
    assert.deepEqual(namespaceChoice("team-a"), { kind: "one", name: "team-a" });
    for (const text of ["", "A", "a.b", "-a", "a-", "a/b", "..", "a".repeat(64), "a\n"])
      assert.equal(namespaceChoice(text), undefined, JSON.stringify(text));
  });
});
