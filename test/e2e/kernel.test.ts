// A notebook of the cluster as the kernel of a local .ipynb: chosen, used, after a sleep, and after a reload.
import assert from "node:assert/strict";
import path from "node:path";
import type { Locator } from "playwright-core";
import { ROOT } from "../../scripts/build.ts";
import { NOTEBOOK } from "../../src/kubeflow/kinds/notebook.ts";
import { FaultProxy } from "../cluster/faultProxy.ts";
import { jupyterOptions, jupyterPackages } from "../cluster/jupyterPython.ts";
import { notebookObject, type NotebookObject, STOPPED } from "../cluster/notebook.ts";
import { bendKubeconfig, Cleanup, kubeconfigOf, makeNamespace, openRig, serverOf } from "../cluster/support.ts";
import { until } from "../editor/until.ts";
import type { Workbench } from "../editor/workbench.ts";
import { buildJupyterStandIn, JUPYTER_ID } from "../jupyter/build.ts";
import { SANDBOX_SETTINGS } from "../start/project.ts";
import { lookAtFailure, Stage } from "./support.ts";

/** Longer than a cell takes whose notebook has to start first. */
const CLICK_LOST_MS = 40_000;
const CELLS = ["x = 20\nprint(x + 1)", "print(x + 2)", "print(x + 13)"];

describe("a local notebook with a kernel in the cluster (a stand-in for the Jupyter extension)", function () {
  this.timeout(180_000);
  const cleanup = new Cleanup();
  let stage: Stage;
  let workbench: Workbench;
  let proxy: FaultProxy;
  let context: string;
  let namespace: string;

  before(async () => {
    const rig = await openRig(cleanup, kubeconfigOf("admin"));
    context = rig.context;
    namespace = await makeNamespace(cleanup, rig.client, "kernel");
    const lab = notebookObject("lab", namespace, {
      ...jupyterOptions(await jupyterPackages()),
      annotations: { [STOPPED]: "2026-11-21T08:00:00Z" },
    });
    await rig.client.create<NotebookObject>(NOTEBOOK, lab);
    proxy = await FaultProxy.start(await serverOf(kubeconfigOf("admin")));
    cleanup.add(() => proxy.stop());
    const kubeconfig = await bendKubeconfig(cleanup, kubeconfigOf("admin"), (draft) => {
      draft.cluster["server"] = proxy.address;
      draft.context["namespace"] = namespace;
    });
    stage = await Stage.set(
      "kernel",
      {
        settings: SANDBOX_SETTINGS,
        env: { KUBECONFIG: kubeconfig },
        developmentPaths: [await buildJupyterStandIn(path.join(ROOT, "out", "e2e"))],
        proposedApi: [JUPYTER_ID],
      },
      "project",
      { "fit.ipynb": notebook(CELLS) },
    );
    cleanup.add(() => stage.strike());
    workbench = stage.workbench;
  });

  after(() => cleanup.run());

  afterEach(function () {
    return lookAtFailure(this, stage);
  });

  const cell = (index: number): Locator => workbench.page.locator(".notebookOverlay .code-cell-row").nth(index);
  const kernel = (): Locator => workbench.page.getByRole("button", { name: "lab", exact: true });
  const output = (text: string): Locator => workbench.webview().locator(".output").getByText(text, { exact: true });

  /** By the button beside it, which is there once a kernel is chosen and the mouse is on a cell that is not drawn anew. */
  async function runCell(index: number, says: string): Promise<void> {
    let clicked = -Infinity;
    await until(
      `cell ${index} to say ${says}`,
      async () => {
        if (performance.now() - clicked > CLICK_LOST_MS) {
          await workbench.page.mouse.move(0, 0);
          await cell(index).hover();
          const button = cell(index).locator(".run-button-container a.action-label").first();
          // Tried again where it went under the mouse.
          await button.click({ timeout: 2_000 }).then(
            () => (clicked = performance.now()),
            () => undefined,
          );
        }
        return output(says).isVisible();
      },
      (isSaid) => isSaid,
      90_000,
    );
  }

  it("is chosen in Select Kernel, starts, and runs a cell", async () => {
    await workbench.openFile("fit.ipynb");
    await workbench.page.getByRole("button", { name: "Select Kernel" }).first().click();
    await workbench.pick("Kubeflow Notebooks");
    await workbench.pick(`Look in ${context}…`);
    await stage.look("choice");
    await workbench.pick(`lab · ${namespace} · ${context} · stopped, starts when chosen`);
    await kernel().waitFor();
    await runCell(0, "21");
    await stage.look("ran");
  });

  it("runs the next cell after a sleep, with what the kernel knew", async () => {
    proxy.strand();
    await workbench.palette("Sleep for an Hour");
    await runCell(1, "22");
    await stage.look("awake");
  });

  it("is still chosen after a reload of the window, and the same kernel goes on", async () => {
    await workbench.palette("File: Save");
    const loaded = workbench.page.waitForEvent("load");
    await workbench.palette("Developer: Reload Window");
    await loaded;
    await kernel().waitFor({ timeout: 60_000 });
    await output("22").waitFor();
    await runCell(2, "33");
    await stage.look("reloaded");
    assert.equal(await workbench.notification(/./).count(), 0);
  });
});

/** An `.ipynb` of such cells. */
function notebook(sources: readonly string[]): string {
  const cells = sources.map((source, index) => ({
    ...{ cell_type: "code", id: `cell-${index}`, metadata: {}, source: source.split(/(?<=\n)/) },
    ...{ execution_count: null, outputs: [] },
  }));
  return JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 });
}
