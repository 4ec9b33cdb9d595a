import assert from "node:assert/strict";
import { resolve, runGraph } from "./graph.ts";
import type { Component, Release } from "./release.ts";
import { RELEASE_26_03_1 } from "./releases/26.03.1.ts";

const component = (id: string, ...needs: string[]): Component => ({
  id,
  title: id.toUpperCase(),
  version: "1",
  about: "",
  needs,
  paths: [id],
  namespaces: [],
  readyWithinS: 1,
  uses: { cpu: 0, memory: 0, storage: 0 },
});
const release = (...components: Component[]): Release => ({
  id: "r",
  date: "2026-11-22",
  source: { repository: "a/b", ref: "r" },
  kubernetes: { oldest: 34, newest: 36 },
  profiles: [{ id: "p", title: "P", about: "", components: ["c"] }],
  components,
});
const ids = (of: Release, ...wanted: string[]): string[] => resolve(of, wanted).map(({ component: { id } }) => id);

describe("the graph of components", () => {
  it("puts every component after all that it needs, once, and takes nothing else", () => {
    const made = release(component("c", "b", "a"), component("b", "a"), component("a"), component("z"));
    assert.deepEqual(ids(made, "p", "c"), ["a", "b", "c"]);
    assert.deepEqual(
      resolve(made, ["p"]).map(({ wanted }) => wanted),
      [false, false, true],
    );
  });

  it("refuses an unknown component, a need that the release lacks, and a circle", () => {
    const made = release(component("c", "b"), component("b", "c"), component("d", "x"));
    assert.throws(() => ids(made, "nothing"), { code: "unknown-component" });
    assert.throws(() => ids(made, "d"), { code: "component-missing", message: /D needs the component «x»/ });
    assert.throws(() => ids(made, "p"), { code: "component-cycle", message: /c → b → c/ });
  });

  it("knows every component that one of 26.03.1 comes after, before it", () => {
    const ids = RELEASE_26_03_1.components.map(({ id }) => id);
    for (const { id, after = [] } of RELEASE_26_03_1.components)
      for (const other of after) assert.ok(ids.includes(other), `${id} comes after ${other}`);
    // In the order of the work each stands after those, or it would not wait for them.
    const order = resolve(RELEASE_26_03_1, ["full"]).map(({ component }) => component);
    for (const [at, { id, after = [] }] of order.entries())
      for (const other of after)
        assert.ok(
          order.slice(0, at).some((before) => before.id === other),
          `${id} stands after ${other}`,
        );
  });

  it("resolves every profile and every component of 26.03.1", () => {
    const { profiles, components } = RELEASE_26_03_1;
    for (const { id } of [...profiles, ...components]) assert.ok(ids(RELEASE_26_03_1, id).length > 0);
    assert.deepEqual(ids(RELEASE_26_03_1, "training"), ["namespaces", "training-operator", "trainer"]);
    assert.equal(new Set(components.map(({ id }) => id)).size, components.length);
  });

  it("runs side by side what is independent, and skips only what needs a failure", async () => {
    const running: string[] = [];
    const skipped: string[] = [];
    const ends = new Map<string, (ok: boolean) => void>();
    const items = [
      { id: "a", needs: ["outside"] },
      { id: "b", needs: ["a"] },
      { id: "c", needs: ["b"] },
      { id: "d", needs: [] },
    ];
    const work = (id: string): Promise<boolean> => {
      running.push(id);
      return new Promise((end) => ends.set(id, end));
    };
    const run = runGraph(items, work, (id, because) => skipped.push(`${id}: ${because}`));
    await new Promise(setImmediate);
    assert.deepEqual(running, ["a", "d"]);
    ends.get("a")?.(false);
    ends.get("d")?.(true);
    assert.deepEqual(
      [...(await run)],
      [
        ["a", "failed"],
        ["b", "skipped"],
        ["c", "skipped"],
        ["d", "done"],
      ],
    );
    assert.deepEqual(skipped, ["b: a", "c: b"]);
  });

  it("rejects only once what runs beside a rejection has ended", async () => {
    let end: (ok: boolean) => void = () => undefined;
    const work = (id: string): Promise<boolean> =>
      id === "a" ? Promise.reject(new Error("away")) : new Promise((ended) => (end = ended));
    const items = ["a", "b"].map((id) => ({ id, needs: [] }));
    let isOver = false;
    const run = runGraph(items, work, () => undefined).finally(() => (isOver = true));
    const told = assert.rejects(run, { message: "away" });
    await new Promise(setImmediate);
    assert.equal(isOver, false);
    end(true);
    await told;
  });
});
