import assert from "node:assert/strict";
import path from "node:path";
import { Cleanup, kubeconfigOf, openRig } from "../cluster/support.ts";
import {
  describePipelines,
  makePipeline,
  PipelinesServer,
  runInState,
  startRecurringRun,
  startRun,
} from "../cluster/pipelineFixtures.ts";
import { until } from "../editor/until.ts";
import type { Workbench } from "../editor/workbench.ts";
import { SANDBOX_SETTINGS } from "../start/project.ts";
import { lookAtFailure, Stage, widenSideBar } from "./support.ts";

describePipelines("pipelines in the explorer", () => {
  const cleanup = new Cleanup();
  let stage: Stage;
  let workbench: Workbench;

  before(async function () {
    this.timeout(180_000);
    const rig = await openRig(cleanup, kubeconfigOf("admin"));
    const server = new PipelinesServer(rig);
    const pipeline = await makePipeline(cleanup, server, "road", { train: "import time; time.sleep(900)" });
    const failing = await makePipeline(cleanup, server, "failing", { prepare: "print('bad'); raise SystemExit(3)" });
    const fine = await makePipeline(cleanup, server, "fine");
    await startRecurringRun(cleanup, server, pipeline, { name: "every hour", seconds: 3600 });
    const nightly = await startRecurringRun(cleanup, server, pipeline, { name: "every night", seconds: 86_400 });
    await server.post(`/recurringruns/${nightly}:disable`);
    const bad = await startRun(cleanup, server, failing, { name: "a bad run" });
    await runInState(server, bad, "FAILED");
    for (let i = 0; i < 22; i++) await startRun(cleanup, server, failing, { name: `another ${i}` });
    await startRun(cleanup, server, fine, { name: "a good run" });
    await startRun(cleanup, server, pipeline, { name: "a long run $(error) <b>" });
    const env = { KUBECONFIG: [kubeconfigOf("admin"), kubeconfigOf("narrow")].join(path.delimiter) };
    stage = await Stage.set("pipelines", { settings: SANDBOX_SETTINGS, env });
    cleanup.add(() => stage.strike());
    workbench = stage.workbench;
    await widenSideBar(workbench, 250);
  });

  after(function () {
    this.timeout(120_000);
    return cleanup.run();
  });

  afterEach(async function () {
    await lookAtFailure(this, stage);
    await workbench.page.keyboard.press("Escape");
  });

  const says = (pattern: RegExp, timeout = 60_000) => workbench.treeRow(pattern).first().waitFor({ timeout });

  /** From the top: a row that sticks there while others scroll below it is in the page twice, and hides what is below. */
  const toTop = () =>
    workbench.page.locator(".part.sidebar [role=tree]").filter({ visible: true }).first().press("Home");

  it("says by which way the server is reached, and shows its runs as they go", async () => {
    await workbench.openView("Kubeflow");
    await workbench.expandRow(/^[-\w]+(?<!-narrow), cluster/);
    await workbench.expandRow(/^Pipelines/);
    await says(/^Pipelines, standalone, by port-forward, 2\.0\.5/);
    await says(/^Runs, list, \d+, last run/);
    await says(/^a long run .*, run, running, for /);
    await says(/^another 21, run, failed, prepare, took /);
    await says(/^a good run, run, succeeded, took /);
    await stage.look("runs");
  });

  it("reads another page when asked, and no page before", async () => {
    await (await workbench.revealRow(/^More…/)).click();
    const last = () => workbench.revealRow(/^another 0, run, failed/).then(Boolean, () => false);
    await until("the last run", last, (isThere) => isThere);
    await stage.look("more");
  });

  it("opens a run's tasks, and the log of one", async () => {
    await toTop();
    await workbench.expandRow(/^a long run/);
    await says(/^prepare, task, succeeded/);
    await says(/^train, task, running/);
    await workbench.expandRow(/^another 21, run/);
    await says(/^prepare, task, failed/);
    await says(/^train, task, skipped/);
    await stage.look("tasks");
    await workbench.rowMenu(/^prepare, task, failed/, "Why?");
    await until(
      "the reason",
      async () => JSON.stringify(await workbench.quickPickItems()),
      (items) => items.includes("prepare: ended with exit code"),
      30_000,
    );
    await workbench.page.keyboard.press("Escape");
    await workbench.rowMenu(/^train, task, running/, "Show Events");
    await workbench.page
      .locator(".view-lines", { hasText: /Scheduled|Pulled|Started/ })
      .first()
      .waitFor();
    await workbench.rowMenu(/^train, task, running/, "Open Shell");
    await workbench.waitForTerminal(/[#$] ?$/m, 30_000);
    await workbench.terminalType("exit\r");
    await workbench.rowMenu(/^prepare, task, succeeded/, "Show Logs");
    await workbench.waitForTerminal(/prepared/m, 30_000);
    await stage.look("log");
  });

  it("opens a run as YAML", async () => {
    await workbench.rowMenu(/^another 21, run/, "Open YAML");
    await workbench.page.locator(".view-lines", { hasText: "pipeline_version_reference" }).first().waitFor();
    await stage.look("yaml");
  });

  it("lists recurring runs with their schedule, and pipelines with their versions", async () => {
    await toTop();
    await workbench.foldRow(/^Runs/);
    await workbench.expandRow(/^Recurring runs/);
    await says(/^every hour, recurring run, Enabled, every 1 hour/);
    await workbench.rowMenu(/^every night, recurring run, Disabled, every 1 day/, "Delete…");
    await workbench.dialogButton("Delete every night?", "Delete");
    await workbench.treeRow(/^every night/).waitFor({ state: "detached", timeout: 30_000 });
    await workbench.expandRow(/^Pipelines, list/);
    await says(/^Pipelines, list, \d/);
    await workbench.expandRow(/^failing-\w+, pipeline/);
    await says(/^failing-\w+, version of a pipeline/);
    await stage.look("recurring");
  });

  it("says to who may not what is missing, and offers to sign in or to ask for it", async () => {
    await workbench.viewButton("Collapse All");
    await workbench.expandRow(/-narrow, cluster/);
    await workbench.expandRow(/^Pipelines/);
    const row = /^You may not list pods in kubeflow: .*Sign In at Kubeflow…$/;
    await says(row);
    await stage.look("may-not");
    await workbench.treesAtRest();
    await workbench.treeRow(row).first().click();
    const ways = (await workbench.quickPickItems()).map(({ label }) => label);
    assert.deepEqual(ways, ["With a Password…", "With a Browser’s Session…", "Copy Request for Your Admin"]);
    await stage.look("ways-in");
    await workbench.pick("Copy Request for Your Admin");
    await workbench
      .notification(/request/)
      .first()
      .waitFor();
    await stage.look("request");
  });
});
