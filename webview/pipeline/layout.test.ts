import assert from "node:assert/strict";
import type { GraphTask, StepStatus } from "../../src/contract/pipeline.ts";
import { type Layout, layoutOf, type Placed, TASK } from "./layout.ts";
import { fold, restored, START, take } from "./state.ts";
import { stateWords } from "./words.ts";

const task = (path: string, after: readonly string[] = [], children: readonly GraphTask[] = []): GraphTask => ({
  path,
  name: path,
  kind: children.length > 0 ? "dag" : "container",
  short: "",
  image: "",
  component: "",
  after,
  always: false,
  caching: true,
  retry: 0,
  inputs: [],
  outputs: [],
  children,
});
const NESTED = [task("a"), task("g", ["a"], [task("g/x"), task("g/y", ["g/x"])]), task("z", ["g", "a"])] as const;
const at = (layout: Layout, path: string): Placed => {
  const found = layout.tasks.find((placed) => placed.task.path === path);
  assert.ok(found, path);
  return found;
};
const overlaps = (a: Placed, b: Placed): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
/** `width` tasks beside each other, `height` times, each after two of those above it. */
const mesh = (width: number, height: number): GraphTask[] =>
  Array.from({ length: width * height }, (_, index) => {
    const [row, column] = [Math.floor(index / width), index % width];
    const above = [column * 7, column + 1].map((other) => `${(row - 1) * width + (other % width)}`);
    return task(String(index), row === 0 ? [] : above);
  });

describe("the layout of a graph", () => {
  it("puts tasks below those that they wait for, and those of a group into its box", () => {
    const layout = layoutOf(NESTED, new Set());
    const [a, g, x, y, z] = ["a", "g", "g/x", "g/y", "z"].map((path) => at(layout, path));
    assert.ok(a && g && x && y && z);
    assert.ok(a.y + a.height < g.y && g.y + g.height < z.y && x.y < y.y);
    for (const inner of [x, y])
      assert.ok(inner.x >= g.x && inner.x + inner.width <= g.x + g.width && inner.y + inner.height <= g.y + g.height);
    assert.deepEqual(layout.edges.map(({ from, to }) => `${from} ${to}`).sort(), ["a g", "a z", "g z", "g/x g/y"]);
  });

  it("draws a closed group as a task, and does not mind tasks that wait for each other", () => {
    const layout = layoutOf(NESTED, new Set(["g"]));
    assert.deepEqual([at(layout, "g").height, layout.tasks.length], [TASK.height, 3]);
    assert.equal(layoutOf([task("a", ["b", "a", "gone"]), task("b", ["a"])], new Set()).edges.length, 2);
  });

  for (const [width, height] of [
    [5, 6],
    [10, 30],
    [100, 2],
  ] as const) {
    it(`lets no two of ${width * height} tasks stand over each other`, () => {
      const { tasks, edges } = layoutOf(mesh(width, height), new Set());
      for (const [index, one] of tasks.entries())
        for (const other of tasks.slice(index + 1))
          assert.ok(!overlaps(one, other), `${one.task.path} ${other.task.path}`);
      for (const { from, to } of edges) {
        const [above, below] = [from, to].map((path) => tasks.find((placed) => placed.task.path === path));
        assert.ok(above && below && above.y < below.y);
      }
    });
  }
});

describe("the state of the page of a pipeline", () => {
  const graph = (count: number) => ({
    type: "graph" as const,
    hasSource: true as const,
    ...{ file: "pipeline.py", names: ["p"], shown: "p" },
    graph: { name: "p", description: "", inputs: [], tasks: [task("g", [], mesh(count, 1))], isCut: false },
  });
  const running: StepStatus = { state: "Running", started: 1_000, finished: null, cached: false };

  it("keeps what was closed and chosen over a new graph, and begins with the groups of a large one closed", () => {
    const small = fold(take(START, graph(3)), "g");
    assert.ok(take(small, graph(4)).closed.has("g"));
    assert.equal(take({ ...small, selected: "gone" }, graph(4)).selected, "");
    assert.ok(take(START, graph(500)).closed.has("g"));
    assert.deepEqual(restored({ table: true, closed: ["g", 7] }), { table: true, closed: new Set(["g"]) });
    assert.deepEqual(restored(null), { table: false, closed: new Set() });
  });

  it("takes states one by one, and says each in words", () => {
    const both = take(take(START, { type: "states", anew: true, states: { a: running } }), {
      ...{ type: "states", anew: false },
      states: { b: { ...running, state: "Succeeded", finished: 2_000, cached: true } },
    });
    assert.deepEqual([...both.states.keys()], ["a", "b"]);
    assert.equal(stateWords(both.states.get("a"), 73_000), "Running · 1 min 12 s");
    assert.equal(stateWords(both.states.get("b"), 0), "Succeeded · cached");
    assert.equal(stateWords(undefined, 0), "");
  });
});
