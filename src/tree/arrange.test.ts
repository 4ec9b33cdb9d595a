import assert from "node:assert/strict";
import type { ContextInfo } from "../kube/context.ts";
import { arrange, type ClusterChoices } from "./arrange.ts";

function context(name: string, server = `https://${name}.test`): ContextInfo {
  return { name, server, cluster: name, user: "u", namespace: "default", file: "/config", isCurrent: false };
}

/** Rows as text: a context by its name, a server with its contexts in brackets, then what is hidden. */
function rows(
  contexts: readonly ContextInfo[],
  choices: Partial<Record<"pinned" | "hidden", string[]>>,
  group = false,
) {
  const chosen: ClusterChoices = {
    pinned: new Set(choices.pinned),
    hidden: new Set(choices.hidden),
    groupByServer: group,
  };
  const { groups, hidden } = arrange(contexts, chosen);
  return [
    ...groups.map((row) =>
      row.kind === "context" ? row.context.name : `${row.server} [${row.contexts.map(({ name }) => name).join(" ")}]`,
    ),
    ...(hidden.length === 0 ? [] : [`hidden: ${hidden.map(({ name }) => name).join(" ")}`]),
  ];
}

describe("the order of clusters", () => {
  const [a, b, c] = [context("a"), context("b"), context("c")];

  it("is the kubeconfig's where nothing was chosen", () => {
    assert.deepEqual(rows([c, a, b], {}), ["c", "a", "b"]);
    assert.deepEqual(rows([], {}, true), []);
  });

  it("has pinned ones first, and leaves hidden ones out but tells of them", () => {
    assert.deepEqual(rows([a, b, c], { pinned: ["c", "b", "gone"] }), ["b", "c", "a"]);
    assert.deepEqual(rows([a, b, c], { pinned: ["c"], hidden: ["b", "gone"] }), ["c", "a", "hidden: b"]);
    assert.deepEqual(rows([a, b], { hidden: ["a", "b"] }, true), ["hidden: a b"]);
  });

  it("groups by server, however it is spelled, and leaves one context alone as it is", () => {
    const contexts = [
      context("alice", "https://X.test:443/"),
      a,
      context("bob", "https://x.test"),
      context("other", "https://x.test:6443"),
      context("deep", "https://x.test/k8s/clusters/1"),
    ];
    assert.deepEqual(rows(contexts, {}, true), ["https://x.test [alice bob]", "a", "other", "deep"]);
    assert.deepEqual(rows(contexts, {}, false), ["alice", "a", "bob", "other", "deep"]);
  });

  it("a server comes first where one of its contexts is pinned, and that one first in it", () => {
    const contexts = [a, context("alice", "https://x.test"), context("bob", "https://x.test")];
    assert.deepEqual(rows(contexts, { pinned: ["bob"] }, true), ["https://x.test [bob alice]", "a"]);
    assert.deepEqual(rows(contexts, { hidden: ["bob"] }, true), ["a", "alice", "hidden: bob"]);
  });

  it("does not group contexts whose cluster is missing, and groups a server that is no URL by its text", () => {
    const contexts = [context("x", ""), context("y", ""), context("v", "no url"), context("w", "no url")];
    assert.deepEqual(rows(contexts, {}, true), ["x", "y", "no url [v w]"]);
  });
});
