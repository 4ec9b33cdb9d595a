import assert from "node:assert/strict";
import { NAMESPACE } from "../start/project.ts";
import { lookAtFailure, Stage, variable } from "./support.ts";

describe("a folder that nobody has trusted", () => {
  let stage: Stage;

  before(async () => {
    stage = await Stage.set("restricted", { trust: false, env: { KUBECONFIG: variable("TRAINYARD_KUBECONFIG") } });
  });

  after(() => stage.strike());

  afterEach(function () {
    return lookAtFailure(this, stage);
  });

  it("lets clusters be looked at", async () => {
    await stage.workbench.openView("Kubeflow");
    await stage.workbench.expandRow(/, cluster/);
    await stage.workbench.treeRow(new RegExp(`^${NAMESPACE}, namespace`)).waitFor();
    await stage.look("tree");
  });

  it("runs nothing of it, whoever asks", async () => {
    await stage.workbench.openView("Explorer");
    const row = stage.workbench.explorerRow("train.py");
    const item = stage.workbench.page.locator(".monaco-menu .action-item", { hasText: "Run as Training Job" }).first();
    await row.click({ button: "right" });
    await item.waitFor();
    assert.match((await item.getAttribute("class")) ?? "", /disabled/);
    await stage.look("menu");
  });
});
