import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { until } from "../editor/until.ts";
import { NAMESPACE } from "../start/project.ts";
import { firstRun } from "../start/firstRun.ts";
import { logFolderOf } from "../start/road.ts";
import { lookAtFailure, Stage, variable } from "./support.ts";

describe("the first run of a new person", () => {
  let stage: Stage;

  before(async () => {
    // Nothing but the packaged extension and a kubeconfig: no folder, no setting, no history.
    stage = await Stage.set("first", { env: { KUBECONFIG: variable("TRAINYARD_KUBECONFIG_NARROW") } }, "nothing");
  });

  after(() => stage.strike());

  afterEach(function () {
    return lookAtFailure(this, stage);
  });

  it("goes from Open Sample Script to the first line of the log without a character typed", async () => {
    const { questions, typed, line } = await firstRun(stage.workbench, (name) => stage.look(name));
    assert.ok(questions <= 3, `${questions} questions`);
    assert.equal(typed, 0);
    assert.match(line, /rank 0 of 1 on cpu, PyTorch \d/);
    await stage.workbench.waitForTerminal(/✓ train-\w{4} succeeded/, 60_000);
    await stage.look("done");
  });

  it("asks nothing when the file runs again", async () => {
    const header = new RegExp(`▶ (train-\\w{4}) · PyTorchJob · \\S+ / ${NAMESPACE} · 1 node`);
    const running = async (): Promise<string> => header.exec(await stage.workbench.terminalText())?.[1] ?? "";
    const first = await running();
    // Still at work when it is run once more.
    const file = path.join(path.dirname(logFolderOf(stage.session.userData)), "sample", "train.py");
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("sleep(0.2)", "sleep(3)"));
    await stage.workbench.palette("Kubeflow: Run as Training Job");
    const second = await until("the second job's terminal", running, (name) => name !== "" && name !== first, 30_000);
    assert.notEqual(second, first);
  });

  it("offers to follow, replace or run beside a job of the file that is still active", async () => {
    await stage.workbench.palette("Kubeflow: Run as Training Job");
    const choices = await stage.workbench.quickPickItems();
    assert.deepEqual(
      choices.map(({ label }) => label),
      ["Follow", "Stop and run again", "Run another"],
    );
    await stage.look("again");
    await stage.workbench.pick("Follow");
    await stage.workbench.waitForTerminal(/✓ train-\w{4} succeeded/, 60_000);
  });
});
