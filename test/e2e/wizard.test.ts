import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Locator } from "playwright-core";
import { until } from "../editor/until.ts";
import type { Workbench } from "../editor/workbench.ts";
import { SANDBOX_SETTINGS } from "../start/project.ts";
import { Cleanup, openRig } from "../cluster/support.ts";
import { cloudObjects, cloudStandIns } from "./cloudStandIns.ts";
import { lookAtFailure, Stage, variable } from "./support.ts";
import { WizardPage } from "./wizardPage.ts";

describe("the wizard", () => {
  const bin = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-bin-"));
  const cleanup = new Cleanup();
  let stage: Stage;
  let workbench: Workbench;
  let page: WizardPage;

  before(async () => {
    const env = {
      KUBECONFIG: path.join(bin, "no-kubeconfig"),
      ...(await cloudStandIns(bin, variable("TRAINYARD_KUBECONFIG"))),
    };
    // What a cloud's cluster has by itself, and the sandbox has not.
    const { client } = await openRig(cleanup, variable("TRAINYARD_KUBECONFIG"));
    await cloudObjects(client, cleanup);
    stage = await Stage.set("wizard", { settings: SANDBOX_SETTINGS, env });
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

  const button = (name: string | RegExp): Locator => page.button(name);
  const field = (name: string): Locator => page.field(name);
  const text = (words: string | RegExp): Locator => page.text(words);
  /** A cluster alone; what goes into it is kubeflow.test.ts's. */
  const alone = (): Promise<void> => page.radio("Nothing").click();

  it("opens from the empty tree, with a plan, files and a price that follow the form", async () => {
    await workbench.openView("Kubeflow");
    await workbench.page
      .getByRole("button", { name: "Create Cluster…" })
      .or(workbench.page.getByRole("link", { name: "Create Cluster…" }))
      .first()
      .click();
    await page.frame.getByRole("heading", { name: "New cluster" }).waitFor();
    await text("$0.51/h empty").waitFor();
    await alone();
    await field("Name").fill("ml-team");
    await page.frame.getByRole("heading", { name: "ml-team on GKE, us-central1" }).waitFor();
    await stage.look("form");
  });

  it("checks before anything is made, and says what to do about each thing", async () => {
    await field("Project").fill("ml-team-42");
    await button(/^(Run checks|Check)/).click();
    await text(/528\.0\.0/).waitFor();
    await text(/billing/i).waitFor();
    await stage.look("checks");
  });

  it("plans, creates, and the cluster is in the tree", async () => {
    // As many as the cluster behind the stand-in has.
    await field("Nodes").first().fill("1");
    await page.frame.getByRole("radio", { name: /just me/i }).click();
    await button("Plan").click();
    await text(/makes 4 things/).waitFor({ timeout: 60_000 });
    await stage.look("planned");
    await button("Create").click();
    await workbench.treeRow(/^ml-team, cluster, being made/).waitFor({ timeout: 60_000 });
    await text(/of 4 done/).waitFor({ timeout: 60_000 });
    await stage.look("running");
    await text("ml-team is ready.").waitFor({ timeout: 60_000 });
    await stage.look("ready");
    await workbench.treeRow(/^gke_ml-team-42_us-central1_ml-team, cluster/).waitFor();
    assert.equal(fs.existsSync(path.join(bin, "no-kubeconfig")), false, "the person's kubeconfig was written");
  });

  it("destroys it again, after asking for what Kubernetes made", async () => {
    await workbench.rowMenu(/^gke_ml-team-42_us-central1_ml-team, cluster/, "Destroy Cluster…");
    await page.frame
      .getByRole("heading", { name: /Destroy/ })
      .first()
      .waitFor();
    await button("Plan").click();
    await text(/removes 4 things/).waitFor({ timeout: 60_000 });
    await stage.look("destroy");
    await button(/^Destroy/).click();
    await text(/ml-team was destroyed/).waitFor({ timeout: 60_000 });
    await stage.look("destroyed");
    await until(
      "the cluster has gone from the tree",
      () => workbench.treeLabels(),
      (labels) => !labels.some((label) => label.startsWith("gke_")),
    );
  });

  it("goes on by itself when the window is reloaded, and the page comes back to it", async () => {
    await page.open();
    await alone();
    await page.fill("slow");
    await button("Plan").click();
    await text(/makes 4 things/).waitFor({ timeout: 60_000 });
    await button("Create").click();
    await text(/of 4 done/).waitFor({ timeout: 60_000 });
    await workbench.page.reload();
    await workbench.ready();
    await text(/of 4 done/).waitFor({ timeout: 60_000 });
    await stage.look("reloaded");
    await text("slow is ready.").waitFor({ timeout: 60_000 });
    await workbench.openView("Kubeflow");
    await workbench.treeRow(/^gke_ml-team-42_us-central1_slow, cluster/).waitFor();
  });

  it("is cancelled by one interrupt, and says what there is", async () => {
    await page.open();
    await alone();
    await page.fill("halfway");
    await button("Plan").click();
    await text(/makes 4 things/).waitFor({ timeout: 60_000 });
    await button("Create").click();
    await text(/[1-9] of 4 done/).waitFor({ timeout: 60_000 });
    await button("Cancel").click();
    await text(/^Stopped: /).waitFor({ timeout: 60_000 });
    await stage.look("cancelled");
    await workbench.treeRow(/^halfway, cluster, not finished/).waitFor();
    await button("Plan Again").first().click();
    await text(/makes 2 things/).waitFor({ timeout: 60_000 });
  });

  it("makes one on this computer with k3d", async () => {
    await page.open();
    await page.frame.getByRole("radio", { name: "This computer", exact: true }).click();
    await alone();
    await field("Name").fill("laptop");
    await page.frame.getByRole("heading", { name: /laptop on/ }).waitFor();
    await stage.look("local");
    await button("Plan").click();
    await text(/with k3d/).waitFor();
    await button("Create").click();
    await text("laptop is ready.").waitFor({ timeout: 60_000 });
    await stage.look("local-ready");
    await workbench.treeRow(/^k3d-laptop, cluster/).waitFor();
  });

  it("compares the wish with the other cloud and the rented notebook", async () => {
    await page.open();
    await page.frame.getByRole("radio", { name: "EKS" }).click();
    await page.frame.getByRole("heading", { name: /on EKS, us-east-1/ }).waitFor();
    await text("$0.73/h empty").waitFor();
    await text(/SageMaker/).waitFor();
    await stage.look("eks");
  });

  it("asks the same by quick picks, and ends in the same page", async () => {
    await workbench.openView("Kubeflow");
    await workbench.palette("Kubeflow: Add Cluster…");
    await workbench.pick("None yet: create one by quick picks…");
    await workbench.pick("Amazon EKS");
    await workbench.pick("What the environment gives");
    await workbench.pick("us-east-1");
    await workbench.pick("T4");
    await workbench.pick("Just me, on this computer");
    await workbench.input("quick");
    await stage.look("quick");
    await workbench.pick("Show plan and price");
    await page.frame.getByRole("heading", { name: "quick on EKS, us-east-1" }).waitFor();
  });
});
