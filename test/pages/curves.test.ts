import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { CurvePiece, CurveRun, FromCurves, ToCurves } from "../../src/contract/curves.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { CurvesFeed } from "../../src/jobs/index.ts";
import { until } from "../editor/until.ts";
import { focused, pageRig, type Scenario, showsAll, tabTo } from "./rig.ts";
import { CURVES, type OpenPage } from "./stage.ts";

type CurvesPage = OpenPage<FromCurves, ToCurves>;

const RUN: CurveRun = { id: 0, name: "resnet-4f2a", colour: 0, state: "following", problem: "", leftOut: 0 };
const RUNS: CurveRun[] = ["resnet-4f2a", "resnet-91bc", "resnet-77aa-with-a-much-longer-name"].map((name, id) => ({
  ...RUN,
  id,
  name,
  colour: id,
}));
const START = Date.parse("2026-11-30T12:00:00Z");

/** Points of a metric, one a second, with the epoch of every tenth step. */
function piece(run: number, metric: string, values: CurvePiece["values"], more: Partial<CurvePiece> = {}): CurvePiece {
  return {
    run,
    metric,
    rank: "rank 0",
    counted: false,
    every: 1,
    from: 0,
    values,
    steps: values.map((_, index) => (index + 1) * 10),
    epochs: values.map((_, index) => Math.floor(index / 10)),
    times: values.map((_, index) => START + index * 1_000),
    ...more,
  };
}

/** A loss that falls, the faster the higher `pace`, with noise that is the same each time. */
const falling = (pace: number, count = 60): number[] =>
  Array.from({ length: count }, (_, index) => 2.3 * Math.exp((-index * pace) / 40) + 0.08 * Math.sin(index * 2.7));

const told = (runs: readonly CurveRun[], pieces: readonly CurvePiece[], anew = true): ToCurves => ({
  type: "curves",
  anew,
  runs,
  pieces,
});

const THREE = told(RUNS, [
  ...RUNS.map(({ id }) => piece(id, "train/loss", falling(id + 1))),
  ...RUNS.map(({ id }) =>
    piece(
      id,
      "val_acc",
      falling(id + 1).map((value) => 1 - value / 2.6),
    ),
  ),
  piece(0, "learning_rate", [4.9e-5, 4e-5, 2e-5, 1e-5]),
  piece(1, "grad_norm", [1, 2, 40, "Infinity", "NaN", "NaN"], { rank: "rank 3", every: 4, counted: true }),
]);

const SCENARIOS: readonly Scenario<FromCurves, ToCurves>[] = [
  { name: "curves", say: [THREE], shows: "3 values not finite" },
  { name: "curves-smooth", say: [THREE], act: (page) => page.page.locator("#smooth").click(), shows: "val_acc" },
  { name: "curves-table", say: [THREE], act: (page) => page.page.locator("#table").click(), shows: "4.9e-5" },
];

describe("the page of curves", () => {
  const opened = pageRig(CURVES);
  showsAll(opened, SCENARIOS, ["curves", "curves-table"]);

  /** Cells of the table of a metric, row by row. */
  const cells = (page: CurvesPage, metric: string): Promise<string[][]> =>
    page.page.evaluate(`
      [...document.querySelectorAll("[aria-label='Table of ${metric}'] tr")].map((row) =>
        [...row.children].map((cell) => cell.textContent))`);

  /** How many pixels of the first chart have nearly this colour. */
  const painted = (page: CurvesPage, variable: string): Promise<number> =>
    page.page.evaluate(`(() => {
      const probe = document.createElement("canvas").getContext("2d");
      probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("${variable}").trim();
      probe.fillRect(0, 0, 1, 1);
      const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
      const canvas = document.querySelector(".plot canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4)
        if (data[at + 3] > 200 && Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b) < 24) count++;
      return count;
    })()`);

  it("says what it waits for, and what to print where there is nothing", async () => {
    const page = await opened("light");
    await page.page.getByText("Reading what the runs have printed").filter({ visible: true }).first().waitFor();
    await page.say(told([RUN], []));
    await page.page.getByRole("heading", { name: "No metrics" }).waitFor();
    await page.look("curves-empty");
    const problem = "Its log cannot be read: it is not there any more.";
    await page.say(told([{ ...RUN, problem }], []));
    await page.page.getByText(`resnet-4f2a: ${problem}`).waitFor();
    assert.deepEqual(page.complaints, []);
  });

  it("draws three runs over each other, each in its colour, and those of another theme once it is there", async () => {
    const page = await opened("dark");
    await page.say(THREE);
    await page.page.getByRole("img", { name: "Chart of train/loss by step" }).waitFor();
    for (const run of [0, 1, 2]) assert.ok((await painted(page, `--run-${run}`)) > 50, `run ${run} is not drawn`);
    const readout = page.page.locator(".readout").first();
    assert.match(await readout.innerText(), /^resnet-4f2a 0\.\d+ · resnet-91bc /);
    await page.page.locator(".plot").nth(1).hover();
    // Every chart tells of the same place.
    await until(
      "what stands under the pointer",
      () => readout.innerText(),
      (text) => /^\d+0 · resnet-4f2a 1\.\d+ · resnet-91bc /.test(text),
    );
    await page.page.locator("#run-1").click();
    await until(
      "a run that is hidden",
      () => painted(page, "--run-1"),
      (count) => count === 0,
    );
    await page.page.evaluate(`document.documentElement.style.setProperty("--vscode-charts-blue", "#ff00ff")`);
    await until(
      "the new colour",
      () => painted(page, "--run-0"),
      (count) => count > 50,
    );
    assert.deepEqual(page.complaints, []);
  });

  it("shows as a table what was told, at every axis", async () => {
    const page = await opened("dark");
    await page.say(
      told(RUNS.slice(0, 2), [
        piece(0, "loss", [0.5, "NaN", 0.25], {
          steps: [1, 2, 4],
          epochs: [0.5, 1, 1],
          times: [START, null, START + 90_000],
        }),
        piece(1, "loss", [3], { steps: [2], epochs: [null], times: [START + 5_000] }),
      ]),
    );
    await page.page.locator("#table").click();
    const names = RUNS.slice(0, 2).map(({ name }) => name);
    assert.deepEqual(await page.page.locator(".metric p").allInnerTexts(), [
      `${RUN.name}: 1 value not finite (NaN or infinite).`,
    ]);
    assert.deepEqual(await cells(page, "loss"), [
      ["Step", ...names],
      ["1", "0.5", ""],
      ["2", "NaN", "3"],
      ["4", "0.25", ""],
    ]);
    await page.page.getByRole("radio", { name: "Epoch" }).click();
    // The last value of an epoch holds; a run without epochs is not there.
    assert.deepEqual(await cells(page, "loss"), [
      ["Epoch", names[0]],
      ["0.5", "0.5"],
      ["1", "0.25"],
    ]);
    await page.page.getByRole("radio", { name: "Time" }).click();
    assert.deepEqual(await cells(page, "loss"), [
      ["Time", ...names],
      ["0 s", "0.5", "3"],
      ["1 min 30 s", "0.25", ""],
    ]);
  });

  it("goes on with what is written, keeps what was chosen, and says how much of a long curve its table has", async () => {
    const page = await opened("dark");
    await page.say(told([RUN], [piece(0, "loss", falling(1, 700))]));
    await page.page.locator("#table").click();
    await page.page.getByText("500 of 700 rows").waitFor();
    await page.say(told([RUN], [piece(0, "loss", [7, 8], { from: 2, steps: [30, 40] })], false));
    await until(
      "the new points",
      () => cells(page, "loss"),
      (rows) => rows.length === 5 && rows.at(-1)?.join() === "40,8",
    );
    assert.deepEqual(await page.page.evaluate("globalThis.keptState"), {
      x: "step",
      smooth: false,
      table: true,
      hidden: [],
    });
  });

  it("shows what a log says, and what is written into it while it is looked at", async () => {
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-curves-"));
    const logFile = path.join(folder, "bert-01234567.log");
    await fs.writeFile(logFile, "▶ bert · PyTorchJob\n0 │ epoch 1  loss 2.304\n1 │ epoch 1  loss 2.301\n");
    const saved: string[] = [];
    const save = (text: string): Promise<void> => Promise.resolve(void saved.push(text));
    const feed = new CurvesFeed({ runs: [{ name: "bert", logFile }], clock: systemClock, log: silentLogger, save });
    try {
      const page = await opened("dark");
      const said: Promise<void>[] = [];
      page.answer = (message) => {
        said.push(feed.receive(message));
        return [];
      };
      feed.start((message) => said.push(page.say(message)));
      await feed.receive({ type: "ready" });
      await page.page.locator("#table").click();
      await fs.appendFile(logFile, "0 │ epoch 2  loss nan\n");
      await until(
        "the new line",
        () => cells(page, "loss"),
        (rows) => rows.join(";") === "Step,bert;1,2.304;2,NaN",
      );
      await page.page.locator("#csv").click();
      await page.hears("saveCsv");
      assert.match(saved.join(), /^run,.*\r\nbert,loss,0,,1,,2\.304\r\nbert,loss,0,,2,2.*Z,NaN\r\n$/);
      await Promise.all(said);
    } finally {
      feed.dispose();
      await fs.rm(folder, { recursive: true, force: true });
    }
  });

  it("is worked by the keyboard alone", async () => {
    const page = await opened("hc-black");
    const { keyboard } = page.page;
    await page.say(THREE);
    await page.page.locator("main.page").waitFor();
    await tabTo(page, "axis");
    await keyboard.press("ArrowRight");
    await page.page.getByRole("img", { name: "Chart of train/loss by epoch" }).waitFor();
    await tabTo(page, "smooth");
    await keyboard.press("Space");
    await tabTo(page, "table");
    await keyboard.press("Space");
    await tabTo(page, "csv");
    await keyboard.press("Enter");
    await page.hears("saveCsv");
    await tabTo(page, "run-2");
    await keyboard.press("Space");
    assert.deepEqual((await cells(page, "val_acc"))[0], ["Epoch", "resnet-4f2a", "resnet-91bc"]);
    await keyboard.press("Tab");
    assert.equal(await focused(page), "");
    assert.equal(await page.page.evaluate("document.activeElement.getAttribute('aria-label')"), "Table of train/loss");
    assert.deepEqual(page.complaints, []);
  });
});
