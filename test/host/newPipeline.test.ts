import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import * as vscode from "vscode";
import { COMMANDS } from "../../src/manifest.ts";
import { until } from "../editor/until.ts";

const SCRIPTS = ["deploy.py", "preprocess.py", "test.py", "train.py"];

describe("New Pipeline from Files in its host", () => {
  let folder: string;

  before(() => {
    const project = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
    assert.ok(project !== undefined);
    folder = path.join(project, "housing");
    const sample = path.join(process.env["TRAINYARD_ROOT"] ?? "", "test", "pipelines", "housing");
    fs.cpSync(sample, folder, { recursive: true });
  });
  after(async () => {
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    fs.rmSync(folder, { recursive: true, force: true });
  });

  function start(): Thenable<unknown> {
    const uris = SCRIPTS.map((file) => vscode.Uri.file(path.join(folder, file)));
    return vscode.commands.executeCommand(COMMANDS.newPipeline, uris[0], uris);
  }

  /** Takes what is offered first until something has come of it. */
  function accept<T>(what: string, read: () => T | undefined): Promise<T | undefined> {
    return until(
      what,
      async () => {
        await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
        return read();
      },
      (value) => value !== undefined,
    );
  }

  const read = (file: string): string => fs.readFileSync(path.join(folder, file), "utf8");

  it("shows the plan, writes it, and opens it", async () => {
    const done = start();
    await accept("a pipeline", () => (fs.existsSync(path.join(folder, "pipeline.py")) ? true : undefined));
    await done;
    assert.equal(vscode.window.activeTextEditor?.document.fileName, path.join(folder, "pipeline.py"));
    assert.match(read("pipeline.py"), /deploy_task = deploy\(model=train_task\.outputs\["model"\]\)/);
    assert.match(read("components/train/Dockerfile"), /^COPY train\.py \.\/$/m);
    assert.ok(fs.existsSync(path.join(folder, ".dockerignore")));
  });

  it("replaces nothing that differs unless it is said beside the difference", async () => {
    fs.appendFileSync(path.join(folder, "pipeline.py"), "# mine\n");
    fs.appendFileSync(path.join(folder, "components", "test", "Dockerfile"), "# mine\n");
    const done = start();
    const diffs: string[] = [];
    const look = (): true | undefined => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      if (input instanceof vscode.TabInputTextDiff && !diffs.includes(input.original.fsPath))
        diffs.push(input.original.fsPath);
      return diffs.length === 2 ? true : undefined;
    };
    await accept("two differences", look);
    // Keeping it is what is offered first.
    let isOver = false;
    void done.then(() => (isOver = true));
    await accept("the end", () => (isOver ? true : undefined));
    assert.deepEqual(
      diffs.map((file) => path.relative(folder, file)),
      ["pipeline.py", path.join("components", "test", "Dockerfile")],
    );
    assert.match(read("pipeline.py"), /# mine\n$/);
    assert.match(read("components/test/Dockerfile"), /# mine\n$/);
  });
});
