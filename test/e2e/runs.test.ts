import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { until } from "../editor/until.ts";
import type { Workbench } from "../editor/workbench.ts";
import { NAMESPACE, SANDBOX_SETTINGS } from "../start/project.ts";
import { askToRun } from "../start/road.ts";
import { inFourThemes, lookAtFailure, Stage, variable } from "./support.ts";

const SCRIPT = "fit.py";
const RUNS = "Kubeflow: Training Runs…";

/** Prints metrics as many scripts do; the rate is what changes between two runs. */
function script(rate: number): string {
  return [
    "import os",
    "from settings import RATE",
    "for epoch in range(1, 21):",
    "    print(f'epoch={epoch} loss={2.3 * (1 - RATE) ** epoch:.4f} accuracy={1 - (1 - RATE) ** epoch:.4f}', flush=True)",
    `print('rate', RATE, 'in', os.path.basename(os.getcwd()), flush=True)  # ${rate}`,
    "",
  ].join("\n");
}

describe("runs that are kept", () => {
  let stage: Stage;
  let workbench: Workbench;
  let project: string;
  const names: string[] = [];

  before(async () => {
    stage = await Stage.set("runs", {
      settings: SANDBOX_SETTINGS,
      env: { KUBECONFIG: variable("TRAINYARD_KUBECONFIG") },
    });
    workbench = stage.workbench;
    project = path.join(stage.folder, "project");
    write(0.1);
  });

  after(() => stage.strike());

  afterEach(async function () {
    await lookAtFailure(this, stage);
    await workbench.page.keyboard.press("Escape");
  });

  function write(rate: number): void {
    fs.writeFileSync(path.join(project, SCRIPT), script(rate));
    fs.writeFileSync(path.join(project, "settings.py"), `RATE = ${rate}\n`);
  }

  /** Waits for the next run's end, and keeps its name. */
  async function ends(): Promise<string> {
    const name = await until(
      "the run's end",
      async () => /✓ (fit-\w{4}) succeeded/.exec(await workbench.terminalText())?.[1] ?? "",
      (found) => found !== "" && !names.includes(found),
      90_000,
    );
    names.push(name);
    return name;
  }

  /** Chooses runs in the list of all, and what to do with them. */
  async function choose(runs: readonly string[], what: string): Promise<void> {
    await workbench.palette(RUNS);
    for (const name of runs) await workbench.pick(name);
    await workbench.page.keyboard.press("Enter");
    await workbench.pick(what);
  }

  it("is a TrainJob by Change…, and says what it sends", async () => {
    await askToRun(workbench, { script: SCRIPT, namespace: NAMESPACE, size: "1 node" });
    await workbench.pick("Change…");
    await workbench.pick("Kind");
    await stage.look("kinds");
    await workbench.pick("TrainJob torch-distributed");
    const confirm = (): Promise<string> =>
      workbench.quickPickItems().then((rows) => rows.find(({ label }) => label === "Run")?.detail ?? "");
    const line = await until("the changed line", confirm, (text) => text.includes("TrainJob"), 30_000);
    assert.match(line, /^TrainJob torch-distributed · .* · 1 node · .* · 2 files, \d+ B$/);
    await stage.look("confirm");
    await workbench.pick("Files…");
    await workbench.page.locator(".tab.active", { hasText: "fit.py.files.txt" }).waitFor();
    await stage.look("files");
    await workbench.pick("Run");
    const name = await ends();
    assert.match(await workbench.terminalText(), /rate 0\.1 in code/);
    assert.match(name, /^fit-/);
  });

  it("runs again exactly as it was, though the file has changed", async () => {
    write(0.3);
    const [first = ""] = names;
    await choose([first], "Run Again Exactly");
    await ends();
    assert.match(await workbench.terminalText(), /rate 0\.1 in code/);
  });

  it("compares two runs: settings, metrics and code", async () => {
    await workbench.openView("Explorer");
    // It asks nothing: the last run's choices hold.
    await workbench.fileMenu(SCRIPT, "Run as Training Job");
    const last = await ends();
    assert.match(await workbench.terminalText(), /rate 0\.3 in code/);
    await choose([last, names[0] ?? ""], "Compare");
    await workbench.page.locator(".tab", { hasText: `${names[0] ?? ""} ↔ ${last}` }).waitFor();
    // Both sides are there, and with them the focus.
    for (const rate of ["0.1", "0.3"])
      await workbench.page
        .locator(".view-lines")
        .getByText(new RegExp(`RATE.=.${rate}`))
        .first()
        .waitFor();
    await inFourThemes(stage, "compare-code", "text");
    await workbench.page.locator(".tab", { hasText: /fit-\w{4}-fit-\w{4}\.txt/ }).click();
    const text = workbench.page.locator(".editor-instance .view-lines").last();
    await text.getByText(/≠\s+loss/).waitFor();
    await inFourThemes(stage, "compare", "text");
  });

  it("lays the curves of several over each other", async () => {
    await choose([names[0] ?? "", names.at(-1) ?? ""], "Overlay Curves");
    const frame = workbench.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
    await frame.getByRole("heading", { name: "loss" }).waitFor();
    await frame
      .getByText(names.at(-1) ?? "")
      .first()
      .waitFor();
    await inFourThemes(stage, "curves", "page");
  });
});
