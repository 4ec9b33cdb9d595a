import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import type { Workbench } from "../editor/workbench.ts";
import { until } from "../editor/until.ts";
import { NAMESPACE, SANDBOX_SETTINGS } from "../start/project.ts";
import { askToRun, logFolderOf } from "../start/road.ts";
import { lookAtFailure, Stage, variable } from "./support.ts";

/** Ends at once when it is told to: Python as the first process of a container passes SIGTERM over by itself. */
const TICKS =
  "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(1))\nfor tick in range(600):\n    print('tick', tick, flush=True)\n    time.sleep(0.2)\n";
const TASKS = {
  version: "2.0.0",
  tasks: [
    {
      type: "trainyard",
      script: "${workspaceFolder}/quick.py",
      label: "quick on the cluster",
      args: ["one", "two words"],
    },
    { type: "trainyard", script: "quick.py", label: "wrong", nodes: "two" },
  ],
};

describe("what can be done with a job", () => {
  let stage: Stage;
  let workbench: Workbench;
  let job: string;

  before(async () => {
    stage = await Stage.set("jobs", {
      settings: SANDBOX_SETTINGS,
      env: { KUBECONFIG: variable("TRAINYARD_KUBECONFIG") },
    });
    workbench = stage.workbench;
    const project = path.join(stage.folder, "project");
    fs.writeFileSync(path.join(project, "ticks.py"), TICKS);
    fs.writeFileSync(path.join(project, "quick.py"), "import sys\nprint('arguments', sys.argv[1:])\n");
    fs.mkdirSync(path.join(project, ".vscode"));
    fs.writeFileSync(path.join(project, ".vscode", "tasks.json"), JSON.stringify(TASKS));
  });

  after(() => stage.strike());

  afterEach(async function () {
    await lookAtFailure(this, stage);
    await workbench.page.keyboard.press("Escape");
  });

  const row = () => workbench.treeRow(new RegExp(`^${job}, training job`));
  const isFollowing = (text: string): boolean => /tick \d+$/m.test(text) && !text.includes("no longer following");

  async function openJobs(): Promise<void> {
    await workbench.openView("Kubeflow");
    await workbench.expandRow(/, cluster/);
    await workbench.expandRow(/^team-a, namespace/);
    // The folder is drawn once more when its counts are known; a menu that is open over it then would lose its row.
    await workbench.treeRow(/^Training jobs, \d/).waitFor();
    await row().waitFor();
  }

  it("Ctrl+C stops following and leaves the job alone", async () => {
    await askToRun(workbench, { script: "ticks.py", namespace: NAMESPACE, size: "1 node" });
    await workbench.pick("Run");
    const shown = await workbench.waitForTerminal(/tick 3$/m, 60_000);
    job = /▶ (\S+)/.exec(shown)?.[1] ?? "";
    await workbench.terminalKey("Control+C");
    await workbench.pick("Stop following");
    await workbench.waitForTerminal(`no longer following; ${job} goes on`);
    await openJobs();
    await workbench.treeRow(new RegExp(`^${job}, training job, running, .*mine`)).waitFor();
  });

  it("the status bar counts the job, and leads to its row", async () => {
    await workbench.page.locator('.part.statusbar [aria-label="1 training job running"]').first().click();
    await workbench.pick(job);
    await workbench.page.locator(`.part.sidebar .monaco-list-row.selected[aria-label^="${job}"]`).waitFor();
    await stage.look("status");
  });

  it("a row follows the logs again, from the first line", async () => {
    await workbench.rowMenu(row(), "Follow Logs");
    // Not the earlier terminal, in which somebody has stopped following.
    await until("the new terminal", () => workbench.terminalText(), isFollowing, 30_000);
    await workbench.terminalKey("Control+C");
    await workbench.pick("Stop following");
    await workbench.waitForTerminal("no longer following");
  });

  it("a row opens its YAML and copies its name", async () => {
    await workbench.rowMenu(row(), "Open YAML");
    await workbench.page.locator(".tab.active", { hasText: `${job}.yaml` }).waitFor();
    await workbench.page.locator(".view-line", { hasText: "kind: PyTorchJob" }).waitFor();
    await stage.look("yaml");
    await workbench.rowMenu(row(), "Copy Name");
    const copied = () => workbench.page.evaluate<string>("navigator.clipboard.readText()");
    await until("the name on the clipboard", copied, (text) => text === job);
  });

  it("a reload of the window forgets nothing: the job that was followed is offered again", async () => {
    await workbench.rowMenu(row(), "Follow Logs");
    await until("the new terminal", () => workbench.terminalText(), isFollowing, 30_000);
    await workbench.page.reload();
    await workbench.ready();
    await workbench.hasView("Kubeflow");
    await workbench.openView("Kubeflow");
    const toast = workbench.notification(`${job} is still active`).first();
    await toast.waitFor({ timeout: 30_000 });
    await stage.look("follow-again");
    await workbench.notificationButton(`${job} is still active`, "Follow Again");
    await workbench.waitForTerminal(/tick \d+$/m, 30_000);
  });

  it("stopping and deleting ask first, and the tree follows", async () => {
    await openJobs();
    await workbench.rowMenu(row(), "Stop…");
    await stage.look("stop");
    await workbench.dialogButton(`Stop ${job}?`, "Stop");
    await workbench.treeRow(new RegExp(`^${job}, training job, suspended`)).waitFor();
    await workbench.waitForTerminal(`${job} was stopped after`, 30_000);
    await workbench.rowMenu(row(), "Delete…");
    await workbench.dialogButton(`Delete ${job}?`, "Delete");
    await row().waitFor({ state: "detached", timeout: 60_000 });
  });

  it("tasks.json runs a script with its arguments, asks like any first run, and runs it again without a question", async () => {
    await workbench.palette("Tasks: Run Task");
    await workbench.pick("quick on the cluster");
    await workbench.pick(NAMESPACE);
    await workbench.pick("1 node");
    await workbench.pick("Run");
    await workbench.waitForTerminal("arguments ['one', 'two words']", 60_000);
    const shown = await workbench.waitForTerminal(/✓ (\S+) succeeded/, 30_000);
    const first = /✓ (\S+) succeeded/.exec(shown)?.[1] ?? "";
    await workbench.palette("Tasks: Rerun Last Task");
    const again = await until(
      "the second run",
      async () => /✓ (quick-\S+) succeeded/g.exec((await workbench.terminalText()).replaceAll(first, ""))?.[1] ?? "",
      (name) => name !== "" && name !== first,
      60_000,
    );
    assert.match(again, /^quick-\w{4}$/);
  });

  it("a task that says something wrong ends with the sentence that names it", async () => {
    await workbench.palette("Tasks: Run Task");
    await workbench.pick("wrong");
    await workbench.waitForTerminal(/nodes must be a whole number of 1 or more/, 20_000);
    await workbench
      .notification(/The task's nodes must be/)
      .first()
      .waitFor();
    await stage.look("wrong-task");
  });

  it("a closed terminal stops nothing: the job ends, the log is whole, and the person is told", async () => {
    fs.writeFileSync(
      path.join(stage.folder, "project", "away.py"),
      "import time\nfor i in range(20):\n    print('i', i, flush=True)\n    time.sleep(15 if i == 2 else 0.1)\n",
    );
    await askToRun(workbench, { script: "away.py", namespace: NAMESPACE, size: "1 node" });
    await workbench.pick("Run");
    const shown = await workbench.waitForTerminal(/i 2$/m, 60_000);
    const name = /▶ (\S+)/.exec(shown)?.[1] ?? "";
    await workbench.palette("Terminal: Kill the Active Terminal Instance");
    await workbench.notification(`✓ ${name} succeeded after`).first().waitFor({ timeout: 60_000 });
    await workbench.notificationButton(`✓ ${name} succeeded after`, "Open Log File");
    await workbench.page.locator(".tab.active", { hasText: name }).waitFor();
    const folder = logFolderOf(stage.session.userData);
    const file = fs.readdirSync(folder).find((candidate) => candidate.startsWith(name)) ?? "";
    const lines = fs.readFileSync(path.join(folder, file), "utf8").match(/^0 │ i \d+$/gm) ?? [];
    assert.equal(lines.length, 20);
  });
});
