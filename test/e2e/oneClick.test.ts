// A cluster that has nothing of Kubeflow, and what one press brings: training, from the row that says that it is missing or
// from a launch that was refused. The manifests are upstream's, from a folder: the repository's own host is out of reach
// here. The controllers run as pods, and so does the job. Then what an install of another computer has left: accounts
// whose passwords nobody here knows; Dex is played by a pod that reads its Secret only when it starts, as Dex does.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import bcrypt from "bcryptjs";
import { hashVariable } from "../../src/install/accounts.ts";
import { RELEASES } from "../../src/install/index.ts";
import { COMPONENT_LABEL } from "../../src/install/objects.ts";
import { until } from "../editor/until.ts";
import type { Workbench } from "../editor/workbench.ts";
import { withKubectl } from "../install/rig.ts";
import { shippedFolder } from "../install/shippedFolder.ts";
import { ensureSandbox, type Sandbox } from "../sandbox/sandbox.ts";
import { IMAGES } from "../sandbox/versions.ts";
import { SANDBOX_SETTINGS } from "../start/project.ts";
import { askToRun, logFolderOf, runRoad } from "../start/road.ts";
import { lookAtFailure, Stage } from "./support.ts";
import { WizardPage } from "./wizardPage.ts";

/** Until certificates have reached the controllers' pods, a minute and a half may pass. */
const INSTALL_MS = 300_000;
const [ADA, ALAN] = ["ada@example.org", "alan@example.org"];
const JOB = { script: "train.py", namespace: "default", size: "1 node" };

/** What an install of another computer has left of Dex, and its record. */
function accountsOfOthers(cluster: string): object {
  const labels = { app: "dex" };
  const ours = { [COMPONENT_LABEL]: "dex" };
  const hash = (password: string): string => Buffer.from(bcrypt.hashSync(password, 4)).toString("base64");
  const dex = { ...{ apiVersion: "apps/v1", kind: "Deployment", namespace: "auth", name: "dex" } };
  const part = { title: "Dex", state: "done", detail: "", hash: "", objects: [dex], kept: [], needs: [] };
  const record = {
    ...{ format: 1, cluster, intent: "install", updatedAt: Date.now(), components: { dex: part } },
    choice: { release: RELEASES[0]?.id, wanted: ["full"], platform: "any", people: [ADA, ALAN] },
    pin: { ref: "", commit: "", checksum: "" },
  };
  const spaces = ["auth", "trainyard-system"].map((name) => ({
    ...{ apiVersion: "v1", kind: "Namespace", metadata: { name } },
  }));
  const items = [
    ...spaces,
    {
      ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "dex-passwords", namespace: "auth", labels: ours } },
      data: { [hashVariable(ADA)]: hash("theirs"), [hashVariable(ALAN)]: hash("theirs") },
    },
    {
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "dex", namespace: "auth", labels: ours } },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                ...{ name: "dex", image: IMAGES.python, envFrom: [{ secretRef: { name: "dex-passwords" } }] },
                command: ["sh", "-c", "env | grep DEX_PASSWORD; exec python3 -m http.server 5556"],
                readinessProbe: { tcpSocket: { port: 5556 }, periodSeconds: 1 },
              },
            ],
          },
        },
      },
    },
    {
      ...{ apiVersion: "v1", kind: "ConfigMap", data: { record: JSON.stringify(record) } },
      metadata: { name: "kubeflow-install", namespace: "trainyard-system" },
    },
  ];
  return { apiVersion: "v1", kind: "List", items };
}

describe("a cluster that has nothing of Kubeflow", function () {
  this.timeout(INSTALL_MS + 60_000);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-release-"));
  let sandbox: Sandbox;
  let stage: Stage;
  let workbench: Workbench;
  let page: WizardPage;

  before(async function () {
    this.timeout(900_000);
    sandbox = await ensureSandbox({ name: "bare-e2e", parts: "bare", fresh: true });
    await shippedFolder(folder);
    // The product finds the person's kubectl: here the sandbox's own. The proxy leads nowhere, as in a closed network.
    const { PATH = "" } = await withKubectl();
    const closed = { HTTPS_PROXY: "http://127.0.0.1:9", NO_PROXY: "127.0.0.1" };
    const env = { KUBECONFIG: sandbox.kubeconfig, PATH, ...closed };
    stage = await Stage.set("one-click", { settings: SANDBOX_SETTINGS, env });
    workbench = stage.workbench;
    page = new WizardPage(workbench);
  });

  after(async () => {
    await stage.strike();
    await sandbox.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  afterEach(async function () {
    await lookAtFailure(this, stage);
  });

  const copied = (): Promise<string> => workbench.page.evaluate<string>("navigator.clipboard.readText()");
  const decoded = (value: string): string => Buffer.from(value, "base64").toString();
  const missing = /^No training operator\. .*Install Training…$/;

  it("leads from a launch that is refused to the page that installs, planned at once", async () => {
    await askToRun(workbench, { ...JOB, expectConfirm: false });
    await workbench.notificationButton(/The job was not created\. No training operator/, "Install Training…");
    await page.frame.getByRole("heading", { name: "Kubeflow in trainyard-bare-e2e" }).waitFor();
    await page.text(/^codeload\.github\.com cannot be reached through the proxy 127\.0\.0\.1:9/).waitFor();
    await workbench.palette("View: Close Editor");
  });

  it("says by one press on the row what would be installed, where its files come from, and what is changed", async () => {
    await workbench.openView("Kubeflow");
    await workbench.expandRow(/^trainyard-bare-e2e, cluster/);
    await workbench.expandRow(/^default, namespace/);
    await stage.look("row");
    await workbench.treeRow(missing).click();
    await page.button("Choose Folder…").click();
    const dialog = workbench.quickInput;
    // The dialog writes the folder that it begins with late.
    const begun = () => dialog.getByRole("textbox").inputValue();
    await until("the folder that the dialog begins with", begun, (shown) => shown.endsWith("/project/"));
    await dialog.getByRole("textbox").fill(`${folder}/`);
    await dialog.getByText("applications", { exact: true }).waitFor();
    await dialog.getByRole("button", { name: "Choose" }).click();
    await page.text("Installs 3 parts of Kubeflow 26.03.1").waitFor({ timeout: 60_000 });
    for (const words of [
      ...[/^Namespaces, \d+ objects/, /^Training Operator 1\.9\.2, \d+ objects/, /^Trainer 2\.2\.0, \d+ objects/],
      ...[`the folder ${folder}`, /^Every object bears the label trainyard\/component, so that an uninstall/],
      "You may make everything that belongs to it.",
    ])
      await page.text(words).waitFor();
    await stage.look("planned");
  });

  it("installs it, each part with what it waits for, to a job that has run", async () => {
    await page.button("Install").click();
    await page.text(/\d of 3 parts/).waitFor({ timeout: 60_000 });
    await page.text(/^waits for /).waitFor({ timeout: 60_000 });
    await workbench.treeRow(/^Kubeflow, 26\.03\.1, being installed/).waitFor();
    await stage.look("installing");
    await page
      .text(/^Kubeflow is ready in trainyard-bare-e2e\. Right-click a Python file/)
      .waitFor({ timeout: INSTALL_MS });
    await page.text(/^sample-[0-9a-f]{4} in default succeeded after/).waitFor();
    await workbench.treeRow(/^Training jobs, 1 succeeded/).waitFor();
    await workbench.treeRow(/^Kubeflow, .*all 3 healthy/).waitFor();
    await stage.look("ready");
  });

  it("runs a file as a training job there", async () => {
    const { verdict, job } = await runRoad(workbench, logFolderOf(stage.session.userData), JOB);
    assert.match(verdict, /succeeded after/);
    await workbench.openView("Kubeflow");
    await workbench.treeRow(new RegExp(`^${job}, training job, succeeded`)).waitFor();
    await workbench.treeRow(/^Training jobs, 2 succeeded/).waitFor();
  });

  it("takes it away again, once it has said what goes along", async () => {
    await workbench.rowMenu(/^Kubeflow, 26\.03\.1/, "Uninstall Kubeflow…");
    const question = workbench.dialog("Uninstall Kubeflow from trainyard-bare-e2e?");
    await question.getByText("What goes: Namespaces, Training Operator, Trainer.").waitFor();
    await question.getByText("What people have made of these kinds goes with them: 2 × PyTorchJob.").waitFor();
    await stage.look("uninstall");
    await workbench.dialogButton("Uninstall Kubeflow from", "Uninstall");
    await workbench.notification("Kubeflow was taken away from trainyard-bare-e2e.").waitFor({ timeout: 120_000 });
    await workbench.treeRow(missing).waitFor();
  });

  it("makes a new password for an account of another computer, which opens in the place of the one before", async () => {
    const cluster = await sandbox.kubectl(["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"]);
    await sandbox.kubectl(["apply", "-f", "-"], JSON.stringify(accountsOfOthers(cluster)));
    await sandbox.kubectl(["rollout", "status", "deployment/dex", "-n", "auth", "--timeout=60s"]);
    await workbench.palette("Kubeflow: Refresh");
    await workbench.rowMenu(/^Kubeflow, 26\.03\.1/, "Copy Dashboard Password");
    await stage.look("accounts");
    assert.deepEqual(
      (await workbench.quickPickItems()).map(({ label, description }) => [label, description]),
      [ADA, ALAN].map((email) => [email, "made on another computer"]),
    );
    await workbench.pick(ADA);
    await workbench.dialog(`Make a new password for ${ADA}?`).waitFor();
    await stage.look("new-password");
    await workbench.dialogButton("Make a new password", "Make New Password");
    const shown = workbench.dialog("Accounts of Kubeflow in trainyard-bare-e2e");
    await shown.waitFor({ timeout: 60_000 });
    await stage.look("account");
    const [, password = ""] = /ada@example\.org\s+(\S+)/.exec(await shown.innerText()) ?? [];
    await workbench.dialogButton("Accounts of Kubeflow", "Copy");
    assert.equal(await until("the account", copied, (text) => text.startsWith(ADA)), `${ADA}    ${password}`);

    const hashes = await sandbox.kubectl(["get", "secret", "dex-passwords", "-n", "auth", "-o", "jsonpath={.data}"]);
    const { [hashVariable(ADA)]: ada = "", [hashVariable(ALAN)]: alan = "" } = JSON.parse(hashes) as Partial<
      Record<string, string>
    >;
    assert.ok(await bcrypt.compare(password, decoded(ada)));
    assert.ok(await bcrypt.compare("theirs", decoded(alan)), "nobody else’s");
    const dex = await sandbox.kubectl(["logs", "-l", "app=dex", "-n", "auth"]);
    assert.ok(dex.includes(decoded(ada)), "Dex has started anew");

    // From now on it is known here.
    await workbench.openView("Kubeflow");
    await workbench.rowMenu(/^Kubeflow, 26\.03\.1/, "Copy Dashboard Password");
    await workbench.pick(ADA);
    await workbench.notification(`The password of ${ADA} is on the clipboard.`).waitFor();
    assert.equal(await copied(), password);
  });
});
