import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Workbench } from "../editor/workbench.ts";
import { ensureSandbox } from "../sandbox/sandbox.ts";
import { until } from "../editor/until.ts";
import { NAMESPACE, SANDBOX_SETTINGS } from "../start/project.ts";
import { askToRun } from "../start/road.ts";
import { lookAtFailure, Stage, variable } from "./support.ts";

/** A kubeconfig with one context and whatever user and cluster. */
function kubeconfig(cluster: object, user: object): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user }],
    contexts: [{ name: "elsewhere", context: { cluster: "c", user: "u", namespace: NAMESPACE } }],
    "current-context": "elsewhere",
  });
}

describe("bad input in the workbench", () => {
  let stage: Stage;
  let workbench: Workbench;
  let config: string;

  before(async () => {
    // The extension watches the file that KUBECONFIG names: each test writes what its person has.
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-config-"));
    config = path.join(folder, "config");
    stage = await Stage.set("bad", { settings: SANDBOX_SETTINGS, env: { KUBECONFIG: config } });
    workbench = stage.workbench;
  });

  after(async () => {
    await stage.strike();
    fs.rmSync(path.dirname(config), { recursive: true, force: true });
  });

  afterEach(async function () {
    await lookAtFailure(this, stage);
    await workbench.page.keyboard.press("Escape");
    await workbench.clearNotifications().catch(() => undefined); // There may be none.
  });

  async function treeShows(text: RegExp): Promise<void> {
    await workbench.openView("Kubeflow");
    await workbench.treeRow(text).first().waitFor();
  }

  /** Right-click, *Run as Training Job*, and the sentence that comes of it. */
  async function refusal(script: string, sentence: RegExp): Promise<string> {
    await workbench.openView("Explorer");
    await workbench.fileMenu(script, "Run as Training Job");
    const toast = workbench.notification(sentence).first();
    await toast.waitFor({ timeout: 30_000 });
    return toast.innerText();
  }

  it("no kubeconfig: the view and the run say so and offer to add one", async () => {
    await workbench.openView("Kubeflow");
    await workbench.page.getByRole("button", { name: "Add Cluster…" }).first().waitFor();
    await stage.look("no-kubeconfig");
    const text = await refusal("train.py", /No kubeconfig was found/);
    assert.match(text, /The job was not created\. No kubeconfig was found, so there is no cluster to run on\./);
    assert.match(text, /Add Cluster…/);
  });

  it("a broken kubeconfig: a row names the file and the line, and opens it", async () => {
    fs.writeFileSync(config, "apiVersion: v1\nclusters: [{name: x\ncontexts: []\n");
    await treeShows(/config/);
    await stage.look("broken-kubeconfig");
    await workbench
      .treeRow(/Open Kubeconfig/)
      .first()
      .click();
    await workbench.page.locator(".tab.active", { hasText: "config" }).waitFor();
  });

  it("an unreachable cluster: the row says what answers, and connects again when asked", async () => {
    fs.writeFileSync(config, kubeconfig({ server: "https://127.0.0.1:1" }, { token: "t" }));
    await treeShows(/^elsewhere, cluster, not connected/);
    await workbench.expandRow(/^elsewhere, cluster/);
    await workbench.treeRow(/127\.0\.0\.1:1.*Connect Again/).waitFor();
    await workbench.treeRow(/^elsewhere, cluster, unreachable/).waitFor();
    await stage.look("unreachable");
  });

  it("a sign-in program that is missing: named, with what to do", async () => {
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "no-such-sign-in",
      interactiveMode: "Never",
      installHint: "Get it from your platform team.",
    };
    // The cluster's row is still open: a person looks at it.
    fs.writeFileSync(config, kubeconfig({ server: "https://127.0.0.1:1" }, { exec }));
    await treeShows(/^elsewhere, cluster, sign-in program missing/);
    await workbench.treeRow(/no-such-sign-in.*Get it from your platform team/).waitFor();
    await stage.look("plugin-missing");
  });

  it("no right to create jobs: said before anything is sent, with a request for the admin on the clipboard", async () => {
    fs.copyFileSync(variable("TRAINYARD_KUBECONFIG_READER"), config);
    await treeShows(/cluster, not connected/);
    await askToRun(workbench, { script: "train.py", namespace: NAMESPACE, size: "1 node", expectConfirm: false });
    const toast = workbench.notification(/You may not create pytorchjobs/).first();
    await toast.waitFor();
    await stage.look("no-rights");
    await workbench.notificationButton(/You may not create/, "Copy Request for Your Admin");
    await workbench
      .notification(/The request is on the clipboard/)
      .first()
      .waitFor();
    const copied = await workbench.page.evaluate<string>("navigator.clipboard.readText()");
    assert.match(copied, /kind: Role/);
    assert.match(copied, /in the namespace team-a/);
    assert.doesNotMatch(copied, /no training operator/, "this cluster has one");
  });

  it("a cluster with nothing of Kubeflow: the folder and the run say so, with a request for the admin", async () => {
    const bare = await ensureSandbox({ name: "bare-e2e", parts: "empty", fresh: true });
    try {
      fs.copyFileSync(bare.kubeconfig, config);
      await treeShows(/^trainyard-bare-e2e, cluster, not connected/);
      await workbench.expandRow(/^trainyard-bare-e2e, cluster/);
      await workbench.expandRow(/^default, namespace/);
      await workbench.treeRow(/^No training operator\./).waitFor();
      await stage.look("no-operator");
      await askToRun(workbench, { script: "train.py", namespace: "default", size: "1 node", expectConfirm: false });
      await workbench.notificationButton(/No training operator in this cluster/, "Copy Request for Your Admin");
      const copied = () => workbench.page.evaluate<string>("navigator.clipboard.readText()");
      await until("the request", copied, (text) => /kubectl apply --server-side -k .*training-operator/.test(text));
    } finally {
      await bare.stop();
    }
  });

  it("a file that is not Python: refused with what to do", async () => {
    fs.copyFileSync(variable("TRAINYARD_KUBECONFIG"), config);
    fs.writeFileSync(path.join(stage.folder, "project", "notes.md"), "# notes\n");
    await workbench.openView("Explorer");
    await workbench.openFile("notes.md");
    await workbench.palette("Kubeflow: Run as Training Job");
    const toast = workbench.notification(/notes\.md/).first();
    await toast.waitFor();
    assert.match(await toast.innerText(), /not a Python file/);
    await stage.look("not-python");
  });

  it("an image that cannot be pulled: the terminal says so while it waits, and Ctrl+C asks what to stop", async () => {
    fs.writeFileSync(path.join(stage.folder, "project", "imageless.py"), "print('never')\n");
    await askToRun(workbench, { script: "imageless.py", namespace: NAMESPACE, size: "1 node" });
    await workbench.pick("Change…");
    await workbench.pick("Image");
    await workbench.input("trainyard.local/missing:1");
    await workbench.pick("Run");
    await workbench.waitForTerminal(/rank 0: the image cannot be pulled/, 60_000);
    await stage.look("image");
    await workbench.terminalKey("Control+C");
    await workbench.pick("Stop the job");
    await workbench.waitForTerminal(/was stopped after/, 30_000);
    await stage.look("stopped");
  });
});
