import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import * as vscode from "vscode";
import { COMMANDS } from "../../src/manifest.ts";
import { until } from "../editor/until.ts";

const DIGEST = `sha256:${"c3".repeat(32)}`;

/** Plays docker with buildx; `state` in its folder says what it is to do. What it was told stands in `told`. */
const DOCKER = `#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/told"
case "$*" in
  --version) echo "Docker version 28.2.2, build e6534b4" ;;
  version*) echo 28.2.2 ;;
  "buildx version") echo "github.com/docker/buildx v0.24.0" ;;
  "buildx imagetools"*)
    if [ "$(cat "$here/state")" = there ]; then echo '{"digest":"${DIGEST}"}'; exit 0; fi
    echo "ERROR: $5: not found" >&2; exit 1 ;;
  "buildx build"*)
    if [ "$(cat "$here/state")" = broken ]; then
      echo "ERROR: failed to solve: dockerfile parse error on line 2: unknown instruction: COPPY" >&2; exit 1
    fi
    echo "#5 [2/2] COPY train.py ." >&2
    for word in "$@"; do case "$word" in --metadata-file=*) result=\${word#*=} ;; esac; done
    echo '{"containerimage.digest":"${DIGEST}"}' > "$result" ;;
esac
`;

describe("Images and workflows in their host", () => {
  const before0 = process.env["PATH"];
  let bin: string;
  let folder: string;
  let pipeline: string;

  before(() => {
    bin = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-docker-"));
    fs.writeFileSync(path.join(bin, "docker"), DOCKER, { mode: 0o755 });
    // The extension runs in this process.
    process.env["PATH"] = `${bin}:${before0 ?? ""}`;
    const project = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
    assert.ok(project !== undefined);
    folder = path.join(project, "shipped");
    pipeline = path.join(folder, "pipeline.py");
    fs.mkdirSync(path.join(folder, "components", "train"), { recursive: true });
    fs.writeFileSync(path.join(folder, "components/train/Dockerfile"), "FROM python:3.11-slim\nCOPY train.py .\n");
    fs.writeFileSync(path.join(folder, "train.py"), "print('trained')\n");
    fs.writeFileSync(pipeline, 'TRAIN_IMAGE = "shipped-train:latest"  # mine\n');
    execFileSync("git", ["init", "--quiet", "--initial-branch=main"], { cwd: folder });
    execFileSync("git", ["remote", "add", "origin", "https://github.com/Team/shipped.git"], { cwd: folder });
  });

  beforeEach(() => fs.writeFileSync(path.join(bin, "state"), "new"));

  after(async () => {
    process.env["PATH"] = before0;
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    for (const one of [folder, bin]) fs.rmSync(one, { recursive: true, force: true });
  });

  /** Takes what is offered first until the command is over. */
  async function run(command: string, file: string): Promise<void> {
    let isOver = false;
    const done = vscode.commands.executeCommand(command, vscode.Uri.file(file)).then(() => (isOver = true));
    await until(
      `the end of ${command}`,
      async () => {
        await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
        return isOver;
      },
      (over) => over,
    );
    await done;
  }

  const told = (): readonly string[] => fs.readFileSync(path.join(bin, "told"), "utf8").trim().split("\n");

  it("builds what a pipeline names, and pins it where it is named", async () => {
    await run(COMMANDS.buildImage, pipeline);
    const pinned = `TRAIN_IMAGE = "ghcr.io/team/shipped-train@${DIGEST}"  # mine\n`;
    assert.equal(fs.readFileSync(pipeline, "utf8"), pinned);
    const build = told().at(-1) ?? "";
    const [, tag] = /^buildx build .*--tag=ghcr\.io\/team\/shipped-train:([0-9a-f]{16})(?:-arm64)? /.exec(build) ?? [];
    assert.ok(tag, build);
    assert.equal(build.endsWith(` ${folder}`), true);

    fs.writeFileSync(path.join(bin, "state"), "there");
    const before = told().length;
    await run(COMMANDS.buildImage, path.join(folder, "components/train/Dockerfile"));
    assert.equal(
      told()
        .slice(before)
        .some((line) => line.startsWith("buildx build")),
      false,
    );
    assert.equal(fs.readFileSync(pipeline, "utf8"), pinned);
  });

  it("shows a Dockerfile’s error at its line", async () => {
    const file = path.join(folder, "components/train/Dockerfile");
    fs.writeFileSync(path.join(bin, "state"), "broken");
    await run(COMMANDS.buildImage, file);
    assert.equal(vscode.window.activeTextEditor?.document.fileName, file);
    const [problem] = vscode.languages.getDiagnostics(vscode.Uri.file(file));
    assert.equal(problem?.range.start.line, 1);
    assert.match(problem.message, /unknown instruction: COPPY/);
  });

  it("writes a workflow, and replaces none unseen", async () => {
    await run(COMMANDS.addWorkflow, pipeline);
    const file = path.join(folder, ".github/workflows/shipped.yml");
    assert.equal(vscode.window.activeTextEditor?.document.fileName, file);
    assert.match(fs.readFileSync(file, "utf8"), /^ {10}ship train ghcr\.io\/team\/shipped-train /m);
    fs.appendFileSync(file, "# mine\n");
    const done = vscode.commands.executeCommand(COMMANDS.addWorkflow, vscode.Uri.file(pipeline));
    const shown = (): string => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      return input instanceof vscode.TabInputTextDiff ? input.original.fsPath : "";
    };
    await until(
      "the difference",
      () => Promise.resolve(shown()),
      (original) => original === file,
    );
    let isOver = false;
    void done.then(() => (isOver = true));
    await until(
      "the end",
      async () => {
        await vscode.commands.executeCommand("notifications.clearAll");
        return isOver;
      },
      (over) => over,
    );
    assert.match(fs.readFileSync(file, "utf8"), /# mine\n$/);
  });
});
