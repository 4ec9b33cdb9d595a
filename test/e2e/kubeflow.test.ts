// One flow from one page: a cluster, its nodes, Kubeflow in it, the dashboard, a job. The cloud and what it makes are
// stand-ins (cloudStandIns.ts), and so is the page behind the dashboard's Service; the rest is real: Terraform, the API
// server, the node, the manifests, the training controllers, which run as pods, and the job.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Cleanup, openRig } from "../cluster/support.ts";
import type { Workbench } from "../editor/workbench.ts";
import { withKubectl } from "../install/rig.ts";
import { shippedFolder } from "../install/shippedFolder.ts";
import { ensureSandbox, stopSandbox } from "../sandbox/sandbox.ts";
import { IMAGES } from "../sandbox/versions.ts";
import { SANDBOX_SETTINGS } from "../start/project.ts";
import { cloudObjects, cloudStandIns } from "./cloudStandIns.ts";
import { lookAtFailure, Stage } from "./support.ts";
import { WizardPage } from "./wizardPage.ts";

const SANDBOX = "bare";
/** Until certificates have reached the controllers' pods, a minute and a half may pass. */
const INSTALL_MS = 300_000;

const labels = { app: "ml-pipeline-ui" };
const WAY_IN = [
  {
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "ml-pipeline-ui", namespace: "kubeflow" } },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              ...{ name: "page", image: IMAGES.python, workingDir: "/usr/share/misc" },
              command: ["python3", "-m", "http.server", "3000"],
              ports: [{ containerPort: 3000 }],
              readinessProbe: { tcpSocket: { port: 3000 }, periodSeconds: 1 },
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
            },
          ],
        },
      },
    },
  },
  {
    ...{ apiVersion: "v1", kind: "Service", metadata: { name: "ml-pipeline-ui", namespace: "kubeflow" } },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 3000 }] },
  },
];

describe("Kubeflow from the wizard's page", function () {
  this.timeout(INSTALL_MS + 60_000);
  const bin = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-bin-"));
  const cleanup = new Cleanup();
  let stage: Stage;
  let workbench: Workbench;
  let page: WizardPage;

  before(async function () {
    this.timeout(900_000);
    const sandbox = await ensureSandbox({ name: SANDBOX, parts: "bare", fresh: true });
    cleanup.add(() => stopSandbox(SANDBOX));
    const { client } = await openRig(cleanup, sandbox.kubeconfig);
    await cloudObjects(client, cleanup);
    await cloudStandIns(bin, sandbox.kubeconfig);
    // The product finds the person's kubectl: here the sandbox's own, so that the machine needs none.
    const { PATH = "" } = await withKubectl();
    const env = { KUBECONFIG: path.join(bin, "no-kubeconfig"), PATH: [bin, PATH].join(path.delimiter) };
    await shippedFolder(path.join(bin, "release"), { "pipelines-standalone": WAY_IN });
    stage = await Stage.set("kubeflow", { settings: SANDBOX_SETTINGS, env });
    workbench = stage.workbench;
    page = new WizardPage(workbench);
  });

  after(async () => {
    await stage.strike();
    await cleanup.run();
    fs.rmSync(bin, { recursive: true, force: true });
  });

  afterEach(async function () {
    await lookAtFailure(this, stage);
  });

  it("plans a cluster with Kubeflow in it: where its files come from, and what of them is changed", async () => {
    await page.open();
    await page.fill("full-way");
    await page.radio("Single parts").click();
    for (const part of ["Trainer 2.2.0", "Training Operator 1.9.2", "Pipelines (standalone) 2.16.1"])
      await page.frame.getByRole("checkbox", { name: part }).click();
    await page.frame.getByText("More", { exact: true }).click();
    await page.field("Folder with the release’s files").fill(path.join(bin, "release"));
    await stage.look("form");
    await page.button("Plan").click();
    await page.text(/then installs 4 parts of Kubeflow 26\.03\.1/).waitFor({ timeout: 60_000 });
    await page.text(`the folder ${path.join(bin, "release")}`).waitFor();
    await page.text(/Every object bears the label/).waitFor();
    await stage.look("planned");
  });

  it("makes it and goes on through a reload of the window, to a job that has run and a page that opens", async () => {
    await page.button("Create").click();
    await page.text(/of 4 done/).waitFor({ timeout: 60_000 });
    await page.text(/\d of 4 parts/).waitFor({ timeout: 60_000 });
    await stage.look("installing");
    await workbench.page.reload();
    await workbench.ready();
    await page.text(/\d of 4 parts/).waitFor({ timeout: 60_000 });
    await stage.look("reloaded");
    await page.text("full-way is ready.").waitFor({ timeout: INSTALL_MS });
    await page.text(/sample-[0-9a-f]{4} in default succeeded after/).waitFor();
    await stage.look("ready");
  });

  it("shows how each part does in the tree, and the job among the others", async () => {
    await workbench.openView("Kubeflow");
    await workbench.expandRow(/^gke_ml-team-42_us-central1_full-way, cluster/);
    await workbench.treeRow(/^Kubeflow, .*all 4 healthy/).waitFor();
    await workbench.expandRow(/^Kubeflow, /);
    await workbench.treeRow(/^Trainer, component of Kubeflow, ready/).waitFor();
    await stage.look("tree");
  });

  it("opens the dashboard in the browser, and lets nobody in who has only its address", async () => {
    const opening = workbench.page.context().waitForEvent("page");
    await page.button("Open Dashboard").click();
    const shown = await opening;
    await shown.waitForLoadState();
    // As in explorer.test.ts: code-server would put a proxy before the port.
    await shown.goto(shown.url().replace(/127\.0\.0\.1:\d+\/proxy\/(\d+)/, "127.0.0.1:$1"));
    await shown.getByText("Directory listing for /").first().waitFor();
    assert.equal((await fetch(shown.url())).status, 403);
    await shown.close();
  });

  it("opens its part alone for a cluster that is there, and finds nothing left to install", async () => {
    await workbench.openView("Kubeflow");
    await workbench.rowMenu(/^gke_ml-team-42_us-central1_full-way, cluster/, "Install Kubeflow…");
    await page.frame.getByRole("heading", { name: "Install Kubeflow" }).waitFor();
    await page.radio("Training").click();
    await page.frame.getByText("More", { exact: true }).click();
    await page.field("Folder with the release’s files").fill(path.join(bin, "release"));
    await page.button("Plan").click();
    await page.text(/installs 3 parts of Kubeflow 26\.03\.1/i).waitFor({ timeout: 60_000 });
    await stage.look("install-planned");
    await page.button("Install").click();
    await page.text(/^Kubeflow is ready in /).waitFor({ timeout: 60_000 });
    await stage.look("install-ready");
  });
});
