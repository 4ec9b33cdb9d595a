import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { FrameLocator } from "playwright-core";
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { NOTEBOOK } from "../../src/kubeflow/kinds/notebook.ts";
import { CLAIM } from "../../src/kubeflow/kinds/resources.ts";
import { notebookObject, STOPPED } from "../cluster/notebook.ts";
import { Cleanup, kubeconfigOf, makeClaim, makeNamespace, makeVolume, openRig } from "../cluster/support.ts";
import { until } from "../editor/until.ts";
import type { Workbench } from "../editor/workbench.ts";
import { IMAGES } from "../sandbox/versions.ts";
import { SANDBOX_SETTINGS } from "../start/project.ts";
import { inFourThemes, lookAtFailure, Stage } from "./support.ts";

describe("the page of a new notebook in the editor", () => {
  const cleanup = new Cleanup();
  let stage: Stage;
  let workbench: Workbench;
  let frame: FrameLocator;
  let namespace: string;
  let client: KubeClient;
  let kubeconfig: string;

  before(async function () {
    this.timeout(180_000);
    ({ client } = await openRig(cleanup, kubeconfigOf("admin")));
    namespace = await makeNamespace(cleanup, client, "desk");
    await makeVolume(cleanup, client, "ReadWriteOnce");
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-e2e-kube-"));
    cleanup.add(() => fs.promises.rm(folder, { recursive: true }));
    kubeconfig = path.join(folder, "config");
    fs.copyFileSync(kubeconfigOf("admin"), kubeconfig);
    stage = await Stage.set("notebookForm", { settings: SANDBOX_SETTINGS, env: { KUBECONFIG: kubeconfig } });
    cleanup.add(() => stage.strike());
    workbench = stage.workbench;
    frame = workbench.webview();
  });

  after(() => cleanup.run());

  afterEach(function () {
    return lookAtFailure(this, stage);
  });

  const field = (name: string) => frame.getByRole("textbox", { name, exact: true });
  const manifest = () => frame.getByRole("region", { name: "Manifest" });
  const create = () => frame.getByRole("button", { name: "Create", exact: true });
  const taken = () => frame.getByText("The cluster would take it and its pod").first().waitFor({ timeout: 30_000 });
  const says = (pattern: RegExp) => workbench.treeRow(pattern).first().waitFor({ timeout: 90_000 });
  /** By the editor itself, which writes down first what is open. */
  async function reload(): Promise<void> {
    const loaded = workbench.page.waitForEvent("load");
    await workbench.palette("Developer: Reload Window");
    await loaded;
  }

  it("opens from a namespace's row, with its manifest, what the cluster has, and what it says", async () => {
    await workbench.openView("Kubeflow");
    await workbench.expandRow(/, cluster/);
    await says(new RegExp(`^${namespace}, namespace`));
    await workbench.rowButton(new RegExp(`^${namespace}, namespace`), "New Notebook…");
    await frame.getByRole("heading", { name: "New notebook" }).waitFor({ timeout: 30_000 });
    await manifest().getByText("kind: Notebook").waitFor({ timeout: 30_000 });
    await taken();
    await inFourThemes(stage, "form", "page");
  });

  it("says at its field what is wrong with a name", async () => {
    await field("Name").fill("My lab");
    await frame.getByText("A name has lower-case letters, digits and hyphens").first().waitFor();
    await frame.getByText("1 problem in the form").first().waitFor();
    assert.equal(await create().isDisabled(), true);
    await inFourThemes(stage, "wrong", "page");
  });

  it("says at their fields what the cluster has not, and shows the room that there is", async () => {
    await field("Name").fill("lab");
    await field("GPUs").fill("7");
    await field("Variables").fill("HF_TOKEN=secret:hub/token");
    await frame.getByText("There is no Secret hub in the namespace.").first().waitFor({ timeout: 30_000 });
    const room = frame.getByRole("button", { name: "Show Room" });
    await room.first().waitFor();
    await inFourThemes(stage, "missing", "page", () => field("Variables").scrollIntoViewIfNeeded());
    await room.first().click();
    await workbench
      .treeRow(/, node, /)
      .first()
      .waitFor({ timeout: 30_000 });
    await stage.look("room");
    await field("GPUs").fill("");
    await field("Variables").fill("");
    await taken();
  });

  it("makes volume and notebook, and shows its row, which becomes ready", async () => {
    await field("Name").fill("lab");
    await field("Image").fill(IMAGES.pause);
    await field("CPU").fill("100m");
    await field("Memory").fill("64Mi");
    await field("Size").fill("1Gi");
    await manifest().getByText("name: lab-workspace").first().waitFor();
    await taken();
    await stage.look("filled");
    await create().click();
    await frame.locator(".footer").getByText("lab was made. It starts now").waitFor({ timeout: 30_000 });
    await stage.look("made");
    await says(/^lab, notebook, ready/);
    await stage.look("ready");
    await client.get(CLAIM, "lab-workspace", namespace);
  });

  it("goes with those of its volumes that are chosen", async () => {
    await Promise.all(["dora-home", "data"].map((name) => makeClaim(client, name, namespace)));
    const options = { claims: ["dora-home", "data"], annotations: { [STOPPED]: "2026-11-21T08:00:00Z" } };
    await client.create(NOTEBOOK, notebookObject("dora", namespace, options));
    await says(/^dora, notebook, stopped/);
    const data = workbench.quickInput.getByRole("checkbox", { name: "data", exact: true });
    const chooseVolumes = async (): Promise<void> => {
      await workbench.rowMenu(/^dora, notebook/, "Delete…");
      await workbench.dialog(/unless you delete them with what is on them: /).waitFor();
      await stage.look("delete");
      await workbench.dialogButton("Delete dora?", "Delete with Volumes");
      await data.waitFor();
    };
    // Without axe: what it finds of a list with boxes is the editor's own.
    for (const theme of ["light", "hc-black", "hc-light", "dark"] as const) {
      await workbench.setTheme(theme);
      await chooseVolumes();
      await stage.look(`delete-volumes-${theme}`);
    }
    await data.click();
    await workbench.quickInput.getByText("1 Selected").waitFor();
    await workbench.quickInput.getByRole("button", { name: "OK", exact: true }).click();
    await workbench.treeRow(/^dora, notebook/).waitFor({ state: "detached", timeout: 60_000 });
    await until(
      "the chosen claim to go",
      () => client.find(CLAIM, "data", namespace),
      (found) => found === undefined,
    );
    await client.get(CLAIM, "dora-home", namespace);
    await stage.look("deleted");
  });

  it("is filled in after a notebook that is there, from its row, and comes back as it was after a reload", async () => {
    await workbench.rowMenu(/^lab, notebook, ready/, "New Notebook…");
    await frame.getByText("Not taken over from lab").waitFor({ timeout: 30_000 });
    assert.equal(await field("Image").inputValue(), IMAGES.pause);
    await field("Name").fill("lab-too");
    await manifest().getByText("name: lab-too-workspace").first().waitFor();
    await taken();
    await inFourThemes(stage, "like", "page");
    await reload();
    await frame.getByText("Not taken over from lab").waitFor({ timeout: 60_000 });
    await manifest().getByText("name: lab-too-workspace").first().waitFor({ timeout: 30_000 });
    assert.equal(await field("Name").inputValue(), "lab-too");
    await stage.look("reloaded");
  });

  it("says why it cannot come back, and comes back when asked again, without the notebook that it was filled in after", async () => {
    const { metadata } = await client.get<KubeObject>(NOTEBOOK, "lab", namespace);
    await client.delete(NOTEBOOK, "lab", namespace, metadata.uid ?? "");
    await until(
      "the notebook to go",
      () => client.find(NOTEBOOK, "lab", namespace),
      (found) => found === undefined,
    );
    fs.renameSync(kubeconfig, `${kubeconfig}.away`);
    await reload();
    await frame.getByText("This page was not brought back.").first().waitFor({ timeout: 60_000 });
    await stage.look("not-back");
    fs.renameSync(`${kubeconfig}.away`, kubeconfig);
    await frame.getByRole("button", { name: "Try Again" }).click();
    await manifest().getByText("name: lab-too-workspace").first().waitFor({ timeout: 30_000 });
    assert.equal(await frame.getByText("Not taken over from").count(), 0);
    await stage.look("back");
  });
});
