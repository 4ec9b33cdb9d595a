import assert from "node:assert/strict";
import type { CurvePiece, CurveRun } from "../../src/contract/curves.ts";
import { aligned, axesOf, figure, restored, smoothed, spaced, START, type State, take } from "./state.ts";

const RUNS = ["a", "b"].map((name, id): CurveRun => {
  return { id, name, colour: id, state: "following", problem: "", leftOut: 0 };
});
const PIECE: CurvePiece = {
  run: 0,
  metric: "loss",
  rank: "rank 0",
  counted: false,
  every: 1,
  from: 0,
  values: [3, 2],
  steps: [1, 2],
  epochs: [null, null],
  times: [null, null],
};
const told = (...pieces: readonly Partial<CurvePiece>[]): State =>
  pieces.reduce(
    (state, piece) => take(state, { type: "curves", anew: false, runs: RUNS, pieces: [{ ...PIECE, ...piece }] }),
    START,
  );
const drawn = (state: State): ReturnType<typeof aligned> => aligned(state, state.metrics.get("loss") ?? new Map());

describe("the state of the page of curves", () => {
  it("puts points in place of those from their index on", () => {
    const state = told({}, { from: 1, values: ["NaN", 1], steps: [2, 3] });
    assert.deepEqual(drawn(state), { runs: [RUNS[0]], xs: [1, 2, 3], columns: [[3, Number.NaN, 1]] });
    assert.equal(take(state, { type: "curves", anew: true, runs: RUNS, pieces: [] }).metrics.size, 0);
  });

  it("goes by ascending steps where a job began again, with what was told last", () => {
    const again = told({ values: [5, 4, 3.5, 3], steps: [1, 2, 2, 3] }, { run: 1, values: [1], steps: [0.5] });
    assert.deepEqual(drawn(again).xs, [0.5, 1, 2, 3]);
    assert.deepEqual(drawn(again).columns, [
      [undefined, 5, 3.5, 3],
      [1, undefined, undefined, undefined],
    ]);
    assert.deepEqual(drawn({ ...again, hidden: [0] }).columns, [[1]]);
  });

  it("counts time from the first that the run told, of any metric", () => {
    const state = { ...told({ metric: "acc", times: [5_000, 9_000] }, { times: [6_500, null] }), x: "time" } as const;
    assert.deepEqual(drawn(state), { runs: [RUNS[0]], xs: [1.5], columns: [[3]] });
    assert.deepEqual(axesOf(state), ["step", "time"]);
    assert.deepEqual(drawn({ ...state, x: "epoch" }).runs, []);
  });

  it("smooths from the first value on, around what is not finite", () => {
    const [first, gap, none, ...rest] = smoothed([4, Number.NaN, undefined, 4, 0]);
    assert.deepEqual([first, gap, none, rest[0]], [4, Number.NaN, undefined, 4]);
    assert.ok((rest[1] ?? 0) > 2 && (rest[1] ?? 0) < 3);
  });

  it("reads what a page had kept as far as it can", () => {
    assert.deepEqual(restored(undefined), {});
    const kept = { x: "depth", smooth: 1, table: true, hidden: [1, "2"] };
    assert.deepEqual(restored(kept), { x: "step", smooth: false, table: true, hidden: [1] });
  });

  it("writes numbers shortly and picks rows evenly", () => {
    assert.deepEqual([0, -0.5, 1 / 3, 4.9e-5, NaN, -Infinity].map(figure), [
      "0",
      "-0.5",
      "0.333333",
      "4.9e-5",
      "NaN",
      "-Infinity",
    ]);
    assert.deepEqual([spaced(0, 3), spaced(1, 3), spaced(9, 3)], [[], [0], [0, 4, 8]]);
  });
});
