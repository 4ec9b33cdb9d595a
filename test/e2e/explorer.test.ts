import assert from "node:assert/strict";
import type { KubeClient } from "../../src/kube/client.ts";
import { NOTEBOOK } from "../../src/kubeflow/kinds/notebook.ts";
import { CLAIM } from "../../src/kubeflow/kinds/resources.ts";
import { notebookObject, STOPPED } from "../cluster/notebook.ts";
import { Cleanup, kubeconfigOf, makeClaim, makeNamespace, openRig } from "../cluster/support.ts";
import type { Workbench } from "../editor/workbench.ts";
import { until } from "../editor/until.ts";
import { SANDBOX_SETTINGS } from "../start/project.ts";
import { inFourThemes, lookAtFailure, Stage, widenSideBar } from "./support.ts";
import { fillZoo } from "./zoo.ts";

describe("the explorer", () => {
  const cleanup = new Cleanup();
  let stage: Stage;
  let workbench: Workbench;
  let namespace: string;
  let client: KubeClient;

  before(async function () {
    this.timeout(180_000);
    ({ client } = await openRig(cleanup, kubeconfigOf("admin")));
    namespace = await makeNamespace(cleanup, client, "zoo");
    await fillZoo(cleanup, client, namespace);
    stage = await Stage.set("explorer", {
      settings: SANDBOX_SETTINGS,
      env: { KUBECONFIG: kubeconfigOf("admin") },
    });
    cleanup.add(() => stage.strike());
    workbench = stage.workbench;
  });

  after(() => cleanup.run());

  afterEach(async function () {
    await lookAtFailure(this, stage);
    await workbench.page.keyboard.press("Escape");
  });

  const says = (pattern: RegExp, timeout = 90_000) => workbench.treeRow(pattern).first().waitFor({ timeout });

  it("asks a cluster nothing before its row is opened, and then says what it is and has", async () => {
    await workbench.openView("Kubeflow");
    await says(/, cluster, not connected/);
    await workbench.expandRow(/, cluster/);
    await says(/, cluster, live, 1\.34/);
    await says(new RegExp(`^${namespace}, namespace`));
    await says(/, cluster, live, 1 of 4 GPUs free, 1\.34/);
  });

  it("says of every kind of job what it does or why it does not, in words", async () => {
    await workbench.expandRow(new RegExp(`^${namespace}, namespace`));
    await says(/^resnet-4f2a, training job, running, 2 nodes/);
    await says(/^bert-91bc, training job, failed, rank 0: out of memory \(32 mebibytes\)/);
    await says(/^gpt-0c1d, training job, failed, rank 0: ended with exit code 3/);
    await says(/^vit-77aa, training job, waiting, .*GPU/);
    await says(/^llama-3e5f, training job, waiting, .*image/);
    await says(/^paused-aa10, training job, suspended/);
    await says(/^done-5b6c, training job, succeeded/);
    await says(/^mnist-tf, training job, running/);
    await says(/^trees-xgb, training job, succeeded/);
    await says(/^whisper-v2, training job, running/);
    await says(/^clip-v2, training job, (restarting|failed)/);
    await workbench.expandRow(/^resnet-4f2a, training job/);
    await says(/^rank 1, running/);
    for (const theme of ["dark", "light", "hc-black"] as const) {
      await workbench.setTheme(theme);
      await stage.look(`jobs-${theme}`);
    }
    await workbench.setTheme("dark");
  });

  it("Why? gives every reason in the cluster's own words, with a next step", async () => {
    const show = async (): Promise<void> => {
      await workbench.rowMenu(/^vit-77aa, training job/, "Why?");
      const [reason] = await until(
        "the reasons",
        () => workbench.quickPickItems(),
        ([first]) => first?.label.includes("GPU") === true,
      );
      assert.match(reason?.detail ?? "", /^Show nodes · 0\/\d+ nodes are available/);
    };
    await inFourThemes(stage, "why", "list", show);
  });

  it("filters by name and state, says so, and shows everything again", async () => {
    await workbench.viewButton("Filter Rows…");
    await workbench.quickInput.waitFor();
    await workbench.page.keyboard.type("bert");
    await workbench.treeRow(/^gpt-0c1d/).waitFor({ state: "detached" });
    await stage.look("filter");
    await workbench.page.keyboard.press("Enter");
    await says(/^bert-91bc/);
    await workbench.viewButton("Clear Filter");
    await says(/^gpt-0c1d/);
  });

  it("sorts by name, and by age again", async () => {
    const order = async (): Promise<readonly number[]> => {
      const rows = await workbench.treeLabels();
      return ["bert-91bc", "whisper-v2"].map((name) => rows.indexOf(name));
    };
    const byName = ([bert = -1, whisper = -1]: readonly number[]): boolean => bert < whisper;
    await workbench.viewMenu("Arrange Rows…");
    await workbench.pick("Sort by name");
    await until("names in order", order, byName);
    await workbench.viewMenu("Arrange Rows…");
    await workbench.pick("Sort by age");
    await until("the newest first", order, (rows) => !byName(rows));
  });

  it("opens events and a shell", async () => {
    await workbench.rowMenu(/^vit-77aa, training job/, "Show Events");
    await workbench.page.locator(".view-lines", { hasText: "FailedScheduling" }).first().waitFor();
    await stage.look("events");
    await workbench.expandRow(/^resnet-4f2a, training job/);
    await workbench.rowMenu(/^rank 0, running/, "Open Shell");
    await workbench.waitForTerminal(/[#$] ?$/m, 30_000);
    await workbench.terminalType("echo $((6*7))\r");
    await workbench.waitForTerminal(/^42/m, 30_000);
    await stage.look("shell");
    await workbench.terminalType("exit\r");
  });

  it("shows notebooks with their state, and starts, stops, restarts, and deletes them, with their volumes where one says so", async () => {
    await workbench.expandRow(/^Notebooks/);
    await says(/^alice, notebook, ready/);
    await says(/^bob, notebook, stopped/);
    await says(/^carol, notebook, waiting, .*image/);
    await stage.look("notebooks");
    await workbench.rowMenu(/^bob, notebook/, "Start");
    await says(/^bob, notebook, ready/);
    await workbench.rowMenu(/^bob, notebook/, "Stop…");
    await workbench.dialogButton("Stop bob?", "Stop");
    // Rows that change while a menu is open lead nowhere.
    await says(/^bob, notebook, stopped/);
    await workbench.rowMenu(/^carol, notebook/, "Delete…");
    await workbench.dialogButton("Delete carol?", "Delete");
    await workbench.treeRow(/^carol, notebook/).waitFor({ state: "detached", timeout: 60_000 });
    const stopped = { annotations: { [STOPPED]: "2026-11-21T08:00:00Z" } };
    await makeClaim(client, "dora-home", namespace);
    await client.create(NOTEBOOK, notebookObject("dora", namespace, { claims: ["dora-home"], ...stopped }));
    await says(/^dora, notebook, stopped/);
    await workbench.rowMenu(/^dora, notebook/, "Delete…");
    await workbench.dialog(/unless you delete them with what is on them: dora-home \(1Gi\)\./).waitFor();
    await stage.look("delete-notebook");
    await workbench.dialogButton("Delete dora?", "Delete with Volumes");
    await until(
      "its claim to go",
      () => client.find(CLAIM, "dora-home", namespace),
      (found) => found === undefined,
    );
    await workbench.rowMenu(/^alice, notebook/, "Restart…");
    await workbench.dialogButton("Restart alice?", "Restart");
    await says(/^alice, notebook, (stopping|stopped|starting|waiting)/);
    await says(/^alice, notebook, ready, for a moment/);
    await workbench.rowMenu(/^alice, notebook/, "Show Logs");
    await workbench.waitForTerminal(/log of alice-0 \/ alice/, 30_000);
  });

  it("opens a notebook in the browser, and lets nobody in who has only its address", async () => {
    const opening = workbench.page.context().waitForEvent("page");
    await workbench.rowMenu(/^alice, notebook/, "Open");
    const page = await opening;
    await page.waitForLoadState();
    // code-server would put a proxy before the port; the server inside it, which runs here, has none.
    await page.goto(page.url().replace(/127\.0\.0\.1:\d+\/proxy\/(\d+)/, "127.0.0.1:$1"));
    await page.getByText("Stand-in notebook").first().waitFor();
    const stranger = await fetch(page.url());
    assert.equal(stranger.status, 403);
    await page.close();
  });

  it("shows nodes with their GPUs, and who holds them", async () => {
    await workbench.expandRow(/^Nodes/);
    await says(/^gpu-pool-x7k2.*, node, ready, .*L4, 1 of 4 GPUs free/);
    await workbench.expandRow(/^gpu-pool-x7k2/);
    await says(/^eve, notebook, holds 3 GPUs/);
    await stage.look("nodes");
    // The picture of the README: a side bar as wide as people have it who look here all day.
    await workbench.palette("View: Hide Panel");
    await workbench.palette("View: Close All Editors");
    await widenSideBar(workbench, 330);
    await workbench.expandRow(/^resnet-4f2a, training job/);
    await stage.look("all");
  });

  it("pins, hides and brings back a cluster", async () => {
    await workbench.rowMenu(/, cluster, live/, "Pin or Unpin");
    await says(/, cluster, live.*, pinned/);
    await workbench.rowMenu(/, cluster, live/, "Hide Cluster");
    await says(/^1 hidden/);
    await stage.look("hidden");
    await workbench.viewMenu("Arrange Rows…");
    await workbench.pick("Show hidden clusters…");
    await workbench.quickPickItems();
    await workbench.page.keyboard.press("Enter");
    await says(/, cluster/);
  });
});
