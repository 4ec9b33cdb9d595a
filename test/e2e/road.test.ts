import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { ROOT } from "../../scripts/build.ts";
import { installExtension } from "../editor/serve.ts";
import { type EditorSession, openEditor } from "../editor/session.ts";
import { Workbench } from "../editor/workbench.ts";
import { copyProject, NAMESPACE, SANDBOX_SETTINGS } from "../start/project.ts";
import { logFolderOf, type RoadResult, runRoad } from "../start/road.ts";

/** A variable that the ring has set. */
export function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set: run this through npm test`);
  return value;
}

const shots = path.join(ROOT, "out", "e2e");

describe("the road", () => {
  let folder: string;
  let session: EditorSession;
  let workbench: Workbench;
  let result: RoadResult;

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-e2e-"));
    const extensionsDir = path.join(folder, "extensions");
    const userDataDir = path.join(folder, "user");
    await installExtension(variable("TRAINYARD_VSIX"), extensionsDir, userDataDir);
    session = await openEditor({
      folder: copyProject(path.join(folder, "project")),
      extensionsDir,
      userDataDir,
      settings: SANDBOX_SETTINGS,
      env: { KUBECONFIG: variable("TRAINYARD_KUBECONFIG") },
      theme: "dark",
    });
    workbench = new Workbench(session);
    await workbench.ready();
  });

  after(async () => {
    await session.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") await workbench.screenshot(path.join(shots, `failed-${String(Date.now())}.png`));
  });

  const look = (prefix: string) => (name: string) => workbench.screenshot(path.join(shots, `${prefix}-${name}.png`));

  it("trains on two workers with at most three questions, and both ranks print the same loss", async () => {
    result = await runRoad(workbench, logFolderOf(session.userData), { script: "train.py", namespace: NAMESPACE, size: "2 nodes", look: look("train") });
    assert.match(result.verdict, /succeeded after/);
    assert.ok(result.questions <= 3, `${result.questions} questions`);
    const losses = (rank: number): string[] => [...result.log.matchAll(new RegExp(`^${rank} │ (epoch \\d+ {2}loss \\S+)`, "gm"))].map((match) => match[1] ?? "");
    assert.equal(losses(0).length, 5);
    assert.deepEqual(losses(0), losses(1));
  });

  it("shows the job and its ranks in the tree, in words", async () => {
    await workbench.openView("Kubeflow");
    await workbench.expandRow(/cluster/);
    await workbench.expandRow(/^team-a, namespace/);
    const row = workbench.treeRow(new RegExp(`^${result.job}, training job, succeeded, 2 nodes`));
    await row.waitFor();
    await workbench.expandRow(new RegExp(`^${result.job}, training job`));
    await workbench.treeRow(/^rank 0, succeeded/).waitFor();
    await workbench.treeRow(/^rank 1, succeeded/).waitFor();
    await look("train")("tree");
  });

  it("leads from the traceback of a script that raises to its line", async () => {
    const broken = await runRoad(workbench, logFolderOf(session.userData), { script: "broken.py", namespace: NAMESPACE, size: "1 node", look: look("broken") });
    assert.match(broken.verdict, /failed after .* rank 0: RuntimeError: shapes differ: \[8, 16\] \(broken\.py:8\)/);
    await workbench.clickTerminalLink("broken.py\", line 8");
    await workbench.waitForCursor("broken.py", 8);
    await look("broken")("link");
  });
});
