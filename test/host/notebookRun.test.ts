import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import * as vscode from "vscode";
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";
import { COMMANDS, TASK_TYPE } from "../../src/manifest.ts";
import { Cleanup, CONFIG_MAP, kubeconfigOf, openRig } from "../cluster/support.ts";
import { until } from "../editor/until.ts";

describe("The open notebook as a training job, in its host", () => {
  const cleanup = new Cleanup();
  let client: KubeClient;
  let uri: vscode.Uri;

  before(async () => {
    ({ client } = await openRig(cleanup, kubeconfigOf("admin")));
    const project = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
    assert.ok(project !== undefined);
    const folder = path.join(project, "lab");
    fs.mkdirSync(folder);
    cleanup.add(() => fs.rmSync(folder, { recursive: true, force: true }));
    cleanup.add(async () => vscode.commands.executeCommand("workbench.action.closeAllEditors"));
    uri = vscode.Uri.file(path.join(folder, "fit.ipynb"));
    const cells = [{ cell_type: "code", source: "print(1)", outputs: [], metadata: {}, execution_count: null }];
    fs.writeFileSync(uri.fsPath, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
    await vscode.window.showNotebookDocument(await vscode.workspace.openNotebookDocument(uri));
  });

  after(() => cleanup.run());

  /** Adds a cell that is not saved. */
  async function write(source: string): Promise<void> {
    const edit = new vscode.WorkspaceEdit();
    const cell = new vscode.NotebookCellData(vscode.NotebookCellKind.Code, source, "python");
    edit.set(uri, [vscode.NotebookEdit.insertCells(1, [cell])]);
    await vscode.workspace.applyEdit(edit);
    assert.ok(vscode.window.activeNotebookEditor?.notebook.isDirty);
  }

  /** Runs it, taking what is offered first, until its task has started; it is deleted when its code was seen. */
  async function run(marked: string, ...args: readonly unknown[]): Promise<void> {
    const before = new Set(vscode.tasks.taskExecutions);
    void vscode.commands.executeCommand(COMMANDS.runJob, ...args);
    const started = await until(
      "the task",
      async () => {
        await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
        return vscode.tasks.taskExecutions.find((one) => one.task.definition.type === TASK_TYPE && !before.has(one));
      },
      (found) => found !== undefined,
      40_000,
    );
    const sent = await until(
      "its code in the cluster",
      async () => (await client.list<KubeObject & { data?: object }>(CONFIG_MAP, {})).items,
      (items) => items.some(({ data }) => JSON.stringify(data ?? {}).includes(marked)),
      40_000,
    );
    const { namespace = "", ownerReferences } =
      sent.find(({ data }) => JSON.stringify(data ?? {}).includes(marked))?.metadata ?? {};
    const [job] = ownerReferences ?? [];
    assert.ok(job?.kind === "PyTorchJob", JSON.stringify(ownerReferences));
    started?.terminate();
    await client.delete(PYTORCH_JOB, job.name, namespace, job.uid);
    assert.ok(fs.readFileSync(uri.fsPath, "utf8").includes(marked), "it was saved");
  }

  it("is run from its toolbar, and what was not saved runs too", async () => {
    await write("print('toolbar-cell-31')");
    await run("toolbar-cell-31", { ui: true, notebookEditor: { notebookUri: uri } });
  });

  it("is run from the palette while one of its cells is edited", async () => {
    await write("print('palette-cell-32')");
    await vscode.commands.executeCommand("notebook.cell.edit");
    await until(
      "the cell's editor",
      () => Promise.resolve(vscode.window.activeTextEditor?.document.uri.scheme),
      (scheme) => scheme === "vscode-notebook-cell",
    );
    await run("palette-cell-32");
  });
});
