import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { ToCurves } from "../../contract/curves.ts";
import { silentLogger } from "../../core/log.ts";
import { ManualClock, until } from "../../kube/testing/manualClock.ts";
import { LogFile } from "../logFile.ts";
import { CurvesFeed, type CurveSource } from "./curvesFeed.ts";
import { MOST_POINTS, RunSeries } from "./series.ts";

describe("what the page of curves is told", () => {
  let folder = "";
  let feed: CurvesFeed | undefined;
  const clock = new ManualClock();
  const saved: string[] = [];

  beforeEach(async () => (folder = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-curves-"))));

  afterEach(async () => {
    feed?.dispose();
    await fs.rm(folder, { recursive: true, force: true });
  });

  /** Opens a feed; what is returned is told to a page that is drawn, as it has it. */
  function opened(runs: readonly CurveSource[]): { heard: ToCurves[]; last: () => ToCurves | undefined } {
    const heard: ToCurves[] = [];
    const save = (text: string): Promise<void> => Promise.resolve(void saved.push(text));
    feed = new CurvesFeed({ runs, clock, log: silentLogger, save });
    feed.start((message) => heard.push(message));
    return { heard, last: () => heard.at(-1) };
  }

  it("reads a log that is there, then what is written, with the time at which it came", async () => {
    const log = await LogFile.create(folder, "bert", "0123456789");
    await log.note("▶ bert · loss=9");
    await log.write([
      { source: 1, time: "", text: "loss=7 step=1" },
      { source: 0, time: "", text: "loss=0.5 step=1" },
      { source: "initializer", time: "", text: "loss=8" },
    ]);
    await log.close();
    const { last, heard } = opened([{ name: "bert", logFile: log.path }]);
    await until("all was read", () => last()?.runs[0]?.state === "following");
    const first = heard.flatMap(({ pieces }) => pieces);
    assert.deepEqual(first, [
      {
        run: 0,
        metric: "loss",
        rank: "rank 0",
        counted: false,
        every: 1,
        from: 0,
        values: [0.5],
        steps: [1],
        epochs: [null],
        times: [null],
      },
    ]);
    await fs.appendFile(log.path, "0 │ loss=nan step=2 epoch=1\n");
    const before = heard.length;
    await until("it sleeps", () => clock.timers > 0);
    await clock.advance(1_000);
    await until("news", () => heard.slice(before).some(({ pieces }) => pieces.length > 0));
    const [news] = heard.slice(before).flatMap(({ pieces }) => pieces);
    assert.deepEqual([news?.from, news?.values, news?.steps, news?.epochs], [1, ["NaN"], [2], [1]]);
    assert.equal(news?.times[0], clock.now());
    // A page that is drawn anew has everything anew.
    await feed?.receive({ type: "ready" });
    assert.deepEqual([last()?.anew, last()?.pieces[0]?.values], [true, [0.5, "NaN"]]);
  });

  it("reads the parts of a long log one after the other, whichever is named", async () => {
    const parts = ["0 │ loss=1\n0 │ lo", "ss=2\n", "0 │ loss=3\n"];
    await fs.writeFile(path.join(folder, "a-1.log"), parts.slice(0, 2).join(""));
    await fs.writeFile(path.join(folder, "a-1.part2.log"), parts[2] ?? "");
    await fs.writeFile(path.join(folder, "a-1.2.log"), "0 │ loss=9\n");
    const { last } = opened([{ name: "a", logFile: path.join(folder, "a-1.part2.log") }]);
    await until("all was read", () => last()?.runs[0]?.state === "following");
    await feed?.receive({ type: "ready" });
    assert.deepEqual(last()?.pieces[0]?.values, [1, 2, 3]);
    assert.equal(last()?.pieces[0]?.counted, true);
  });

  it("says which log cannot be read, and goes on with the others", async () => {
    await fs.writeFile(path.join(folder, "b.log"), "0 │ loss=1 step=4\n");
    const runs = ["a", "b"].map((name) => ({ name, logFile: path.join(folder, `${name}.log`) }));
    const { last } = opened(runs);
    await until("all was read", () => last()?.runs.every(({ state }) => state === "following") === true);
    assert.deepEqual(
      last()?.runs.map(({ problem }) => problem),
      ["Its log cannot be read: it is not there any more.", ""],
    );
  });

  it("saves every point for a table program, with no formula of a script’s making", async () => {
    await fs.writeFile(
      path.join(folder, "a.log"),
      '0 │ {"=1+loss\\"": 0.5, "step": 3, "ts": 1796040000}\n0 │ loss=inf\n',
    );
    const { last } = opened([{ name: "a, b", logFile: path.join(folder, "a.log") }]);
    await until("all was read", () => last()?.runs[0]?.state === "following");
    await feed?.receive({ type: "saveCsv" });
    const rows = saved.at(-1)?.split("\r\n");
    assert.deepEqual(rows, [
      "run,metric,rank,step,epoch,time,value",
      `"a, b","'=1+loss""",0,3,,2026-11-30T12:00:00.000Z,0.5`,
      '"a, b",loss,0,,,,Infinity',
      "",
    ]);
  });
});

describe("the series of a run", () => {
  it("keep the lowest rank’s points, and at most 50 metrics", () => {
    const run = new RunSeries();
    for (const [rank, value] of [
      ["ps-0", 1],
      [2, 2],
      [1, 3],
      [2, 4],
      [1, 5],
    ] as const)
      run.add({ name: "loss", value, rank });
    for (let index = 0; index < 60; index++) run.add({ name: `m${index}`, value: 1, rank: 0 });
    const pieces = run.take(0, true);
    assert.deepEqual([pieces[0]?.rank, pieces[0]?.values], ["rank 1", [3, 5]]);
    assert.deepEqual([pieces.length, run.leftOut], [50, 11]);
  });

  it("go from every point to every second where there are too many, and still end with the newest", () => {
    const run = new RunSeries();
    for (let step = 1; step <= MOST_POINTS * 2 + 2; step++) run.add({ name: "loss", value: step, rank: 0, step });
    const [piece] = run.take(0, false);
    assert.deepEqual([piece?.every, piece?.from, piece?.values.length], [4, 0, MOST_POINTS / 2 + 2]);
    assert.deepEqual(piece?.values.slice(0, 3), [1, 5, 9]);
    assert.equal(piece.values.at(-1), MOST_POINTS * 2 + 2);
    run.add({ name: "loss", value: 7, rank: 0, step: 1e6 });
    // The newest stands in place of what was only the newest.
    const [next] = run.take(0, false);
    assert.deepEqual([next?.from, next?.values], [MOST_POINTS / 2 + 1, [7]]);
    assert.deepEqual(run.take(0, false), []);
    // A metric that is told without a step is counted from its beginning.
    run.add({ name: "loss", value: 8, rank: 0 });
    assert.deepEqual([run.take(0, false)[0]?.from, run.take(0, true)[0]?.steps[1]], [0, 5]);
  });
});
