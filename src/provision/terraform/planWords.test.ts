import assert from "node:assert/strict";
import { readPlan, secretsOf } from "./planWords.ts";
import { expectedTime, importCommand } from "./words.ts";

interface Given {
  readonly type: string;
  readonly name?: string;
  readonly index?: string | number;
  readonly actions?: readonly string[];
  readonly action_reason?: string;
  readonly change?: object;
}

function plan(...given: readonly Given[]): string {
  const resource_changes = given.map(({ type, name = "this", index, actions = ["create"], action_reason, change }) => ({
    address: `${type}.${name}${index === undefined ? "" : `[${JSON.stringify(index)}]`}`,
    ...{ mode: "managed", type, name, index, action_reason, change: { actions, before: null, after: {}, ...change } },
  }));
  return JSON.stringify({ format_version: "1.2", resource_changes });
}

describe("a plan in plain words", () => {
  it("names the things of our files, groups them, and says that the GPU pool starts empty", () => {
    const pool = (count?: number) => ({ after: { ...(count !== undefined && { initial_node_count: count }) } });
    const { words, created } = readPlan(
      plan(
        { type: "google_container_node_pool", name: "gpu", change: pool() },
        { type: "google_container_node_pool", name: "cpu", change: pool(1) },
        { type: "google_container_cluster" },
        { type: "google_compute_network" },
        { type: "google_project_service", index: "compute.googleapis.com" },
        { type: "google_project_service", index: "container.googleapis.com" },
        { type: "google_project", actions: ["read"] },
        { type: "google_compute_router", actions: ["no-op"] },
      ),
    );
    assert.equal(
      words.sentence,
      "makes 6 things: a private network, the control plane, the GPU pool (empty), the CPU pool, 2 × an API switched on",
    );
    assert.deepEqual(
      words.groups.map(({ title }) => title),
      ["Network", "Control plane", "Pools", "Access"],
    );
    assert.equal(words.groups[3]?.items[0]?.what, "an API switched on: compute.googleapis.com");
    assert.deepEqual([words.creates, words.changes, words.replaces, words.destroys], [6, 0, 0, 0]);
    assert.deepEqual(expectedTime(created), {
      expectedMs: 11 * 60_000,
      expectedFrom: "general knowledge: a GKE control plane 5–10 min, a node pool 2–5 min",
    });
  });

  it("knows an empty EKS pool, and a type that is not ours by its name", () => {
    const scaling = { after: { scaling_config: [{ desired_size: 0, max_size: 3, min_size: 0 }] } };
    const { words } = readPlan(plan({ type: "aws_eks_node_group", name: "gpu", change: scaling }, { type: "x_thing" }));
    assert.equal(words.sentence, "makes 2 things: the GPU pool (empty), x_thing");
  });

  it("says why something is replaced, what changes, and what goes", () => {
    const change = {
      before: { autoscaling: [{ total_max_node_count: 3 }], secret: "one", same: 1 },
      after: { autoscaling: [{ total_max_node_count: 5 }], secret: "two", same: 1 },
      ...{ before_sensitive: { secret: true }, after_sensitive: { secret: true } },
    };
    const { words } = readPlan(
      plan(
        { type: "google_container_node_pool", name: "gpu", actions: ["update"], change },
        { type: "google_container_cluster", actions: ["delete", "create"], action_reason: "replace_because_tainted" },
        { type: "google_compute_router", actions: ["delete"] },
      ),
    );
    assert.equal(
      words.sentence,
      "changes 1 thing: the GPU pool; replaces 1 thing: the control plane (half made by a run that was stopped or failed); removes 1 thing: a router",
    );
    const items = words.groups.flatMap((group) => group.items);
    const gpu = items.find(({ address }) => address === "google_container_node_pool.gpu");
    assert.equal(gpu?.what, "the GPU pool (autoscaling.0.total_max_node_count 3 → 5, secret (sensitive))");
    assert.deepEqual(items.map(({ action }) => action).sort(), ["delete", "replace", "update"]);
  });

  it("says so where nothing changes", () => {
    assert.equal(readPlan(plan({ type: "aws_vpc", actions: ["no-op"] })).words.sentence, "changes nothing");
    const outputs = { format_version: "1.2", output_changes: { name: { actions: ["update"] } } };
    assert.equal(readPlan(JSON.stringify(outputs)).words.sentence, "changes nothing but outputs");
  });

  it("shortens many kinds", () => {
    const many = Array.from({ length: 12 }, (_, index) => ({ type: `x_${index}` }));
    assert.match(readPlan(plan(...many)).words.sentence, /^makes 12 things: x_0, .*x_6, and 5 kinds more$/);
  });

  it("gives the sensitive values that a mask marks, in trees too, and refuses what is no plan", () => {
    const after = { deep: [{ key: "long-secret" }], whole: { a: "another-one" }, open: "not-secret" };
    const given = plan({ type: "x", change: { after, after_sensitive: { deep: [{ key: true }], whole: true } } });
    assert.deepEqual([...secretsOf(given)].sort(), ["another-one", "long-secret"]);
    for (const text of ["", "{}", '{"format_version":"2.0"}'])
      assert.throws(() => readPlan(text), { code: "plan-unreadable" });
  });

  it("quotes an address for a shell, and gives the form of the ID where it is known", () => {
    const service = { address: 'google_project_service.this["a.b"]', type: "google_project_service", name: "this" };
    assert.equal(importCommand("tofu", service), `tofu import 'google_project_service.this["a.b"]' PROJECT/SERVICE`);
    assert.equal(importCommand("terraform", { address: "x.y", type: "x", name: "y" }), "terraform import x.y ID");
  });
});
