import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { NAMESPACE, SANDBOX_SETTINGS } from "../start/project.ts";
import { logFolderOf, type RoadResult, runRoad } from "../start/road.ts";
import { lookAtFailure, Stage, variable } from "./support.ts";
import type { Workbench } from "../editor/workbench.ts";

describe("the road", () => {
  let stage: Stage;
  let workbench: Workbench;
  let logs: string;
  let result: RoadResult;

  before(async () => {
    stage = await Stage.set("road", {
      settings: SANDBOX_SETTINGS,
      env: { KUBECONFIG: variable("TRAINYARD_KUBECONFIG") },
    });
    workbench = stage.workbench;
    logs = logFolderOf(stage.session.userData);
  });

  after(() => stage.strike());

  afterEach(function () {
    return lookAtFailure(this, stage);
  });

  const look = (prefix: string) => (name: string) => stage.look(`${prefix}-${name}`);

  it("trains on two workers with at most three questions, and both ranks print the same loss", async () => {
    result = await runRoad(workbench, logs, {
      script: "train.py",
      namespace: NAMESPACE,
      size: "2 nodes",
      look: look("train"),
    });
    assert.match(result.verdict, /succeeded after/);
    assert.ok(result.questions <= 3, `${result.questions} questions`);
    const losses = (rank: number): string[] =>
      [...result.log.matchAll(new RegExp(`^${rank} │ (epoch \\d+ {2}loss \\S+)`, "gm"))].map((match) => match[1] ?? "");
    assert.equal(losses(0).length, 5);
    assert.deepEqual(losses(0), losses(1));
  });

  it("shows the job and its ranks in the tree, in words", async () => {
    await workbench.openView("Kubeflow");
    await workbench.expandRow(/cluster/);
    await workbench.expandRow(/^team-a, namespace/);
    const row = workbench.treeRow(new RegExp(`^${result.job}, training job, succeeded, 2 nodes`));
    await row.waitFor();
    await workbench.expandRow(new RegExp(`^${result.job}, training job`));
    await workbench.treeRow(/^rank 0, succeeded/).waitFor();
    await workbench.treeRow(/^rank 1, succeeded/).waitFor();
    await look("train")("tree");
  });

  it("leads from the traceback of a script that raises to its line", async () => {
    const broken = await runRoad(workbench, logs, {
      script: "broken.py",
      namespace: NAMESPACE,
      size: "1 node",
      look: look("broken"),
    });
    assert.match(broken.verdict, /failed after .* rank 0: RuntimeError: shapes differ: \[8, 16\] \(broken\.py:8\)/);
    await workbench.clickTerminalLink('broken.py", line 8');
    await workbench.waitForCursor("broken.py", 8);
    await look("broken")("link");
  });

  it("shows it all at once: the picture of the README", async () => {
    await workbench.openView("Kubeflow");
    await workbench.openFile("train.py");
    await workbench.palette("Kubeflow: Run as Training Job");
    // Before the epochs: after them it runs for a second or two only.
    await workbench
      .treeRow(/^train-\w+, training job, running, 2 nodes/)
      .first()
      .waitFor({ timeout: 60_000 });
    await workbench.waitForTerminal(/epoch 3/, 60_000);
    await look("readme")("road");
    await workbench.waitForTerminal(/✓ train-\w+ succeeded/, 60_000);
    assert.equal(await workbench.notification(/succeeded after/).count(), 0, "a person looks at it: no notification");
  });

  it("tells a person who looks elsewhere that a job has ended, once", async () => {
    const file = path.join(stage.folder, "project", "broken.py");
    // Long enough for a person to look elsewhere.
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("sleep(0.2)", "sleep(15)"));
    await workbench.openFile("broken.py");
    await workbench.palette("Kubeflow: Run as Training Job");
    await workbench.waitForTerminal(/▶ broken/, 30_000);
    await workbench.palette("Terminal: Create New Terminal");
    const toast = workbench.notification(/✗ broken-\w+ failed after/);
    await toast.first().waitFor({ timeout: 60_000 });
    assert.equal(await toast.count(), 1);
    await look("away")("notification");
  });
});
