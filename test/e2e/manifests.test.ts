import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { PYTHON } from "../cluster/support.ts";
import { until } from "../editor/until.ts";
import type { Workbench } from "../editor/workbench.ts";
import { NAMESPACE, SANDBOX_SETTINGS } from "../start/project.ts";
import { lookAtFailure, Stage, variable } from "./support.ts";

const FILE = "job.yaml";
/** The same text is launched once: each run of this file has its own. */
const NAME = `by-hand-${randomBytes(3).toString("hex")}`;

/** A job that a person wrote, with `replicas` as it stands there. */
function manifest(replicas: string): string {
  return [
    "apiVersion: kubeflow.org/v1",
    "kind: PyTorchJob",
    "metadata:",
    `  name: ${NAME}`,
    `  namespace: ${NAMESPACE}`,
    "spec:",
    "  pytorchReplicaSpecs:",
    "    Master:",
    `      replicas: ${replicas}`,
    "      restartPolicy: Never",
    "      template:",
    "        spec:",
    "          containers:",
    "            - name: pytorch",
    `              image: ${PYTHON}`,
    `              command: [python3, -u, -c, "print('by hand')"]`,
    "",
  ].join("\n");
}

describe("manifests and named configurations", () => {
  let stage: Stage;
  let workbench: Workbench;
  let project: string;

  before(async () => {
    stage = await Stage.set("manifests", {
      settings: SANDBOX_SETTINGS,
      env: { KUBECONFIG: variable("TRAINYARD_KUBECONFIG") },
    });
    workbench = stage.workbench;
    project = path.join(stage.folder, "project");
    fs.writeFileSync(path.join(project, FILE), manifest("one"));
  });

  after(() => stage.strike());

  afterEach(async function () {
    await lookAtFailure(this, stage);
    await workbench.page.keyboard.press("Escape");
  });

  it("shows at its line what the cluster's schema says of a manifest", async () => {
    await workbench.openView("Explorer");
    await workbench.openFile(FILE);
    await workbench.palette("Kubeflow: Launch Manifest");
    // The text names where it goes: that is shown before the cluster is asked, once for this file.
    const place = await until(
      "the place",
      async () =>
        (await workbench.quickPickItems()).find(({ label }) => label.endsWith(` / ${NAMESPACE}`))?.label ?? "",
      (label) => label !== "",
      30_000,
    );
    await workbench.pick(place);
    const problems = await until(
      "the problem",
      () => workbench.problems(),
      (rows) => rows.length > 0,
      30_000,
    );
    assert.match(problems.join("\n"), /replicas is a text; a whole number is wanted\. at line 9/);
    await stage.look("problems");
    await workbench.clearNotifications();
  });

  it("launches it once it is right, follows it, and does not launch the same text twice", async () => {
    fs.writeFileSync(path.join(project, FILE), manifest("1"));
    await until(
      "the file's new text",
      () => workbench.page.locator(".view-lines").first().innerText(),
      (text) => /replicas:\s1/.test(text),
    );
    await workbench.palette("Kubeflow: Launch Manifest");
    const line = await until(
      "the question",
      async () => (await workbench.quickPickItems()).find(({ label }) => label === "Launch")?.detail ?? "",
      (text) => text !== "",
      30_000,
    );
    assert.match(line, new RegExp(`^PyTorchJob · .* / ${NAMESPACE} · ${NAME}`));
    await stage.look("confirm");
    await workbench.pick("Launch");
    await workbench.waitForTerminal(new RegExp(`by hand[^]*✓ ${NAME} succeeded`), 90_000);
    await workbench.openFile(FILE);
    await workbench.palette("Kubeflow: Launch Manifest");
    await workbench.page.getByText(`${NAME} was launched already, by this very text`).first().waitFor();
    await workbench.page.keyboard.press("Control+Shift+M");
    await workbench.page.getByText("No problems have been detected in the workspace.").waitFor();
    await workbench.clearNotifications();
  });

  it("shows a PyTorchJob beside the TrainJob that it would be", async () => {
    await workbench.openFile(FILE);
    await workbench.palette("Kubeflow: Convert to TrainJob");
    await workbench.pick("torch-distributed");
    await workbench.page.locator(".tab.active", { hasText: `${NAME}: PyTorchJob ↔ TrainJob` }).waitFor();
    await workbench.page.locator(".view-lines").getByText("runtimeRef").first().waitFor();
    for (const theme of ["light", "dark"] as const) {
      await workbench.setTheme(theme);
      await stage.look(`convert-${theme}`);
    }
  });

  it("offers the runs that the folder names first, asks once where they run, and keeps the answer", async () => {
    fs.writeFileSync(path.join(project, "named.py"), "import os\nprint('colour', os.environ['COLOUR'], flush=True)\n");
    fs.mkdirSync(path.join(project, ".vscode"), { recursive: true });
    const named = { name: "in red", script: "named.py", image: PYTHON, env: { COLOUR: "red" }, namespace: NAMESPACE };
    fs.writeFileSync(
      path.join(project, ".vscode", "trainyard.json"),
      `// shared by git\n${JSON.stringify({ configurations: [named] }, undefined, 2)}\n`,
    );
    await workbench.openView("Explorer");
    await workbench.fileMenu("named.py", "Run as Training Job");
    await stage.look("named");
    await workbench.pick("in red");
    await stage.look("place");
    const asked = await until(
      "the place",
      () => workbench.quickPickItems(),
      (items) => items.some(({ label }) => label.includes(NAMESPACE)),
      30_000,
    );
    await workbench.pick(asked[0]?.label ?? "");
    await until(
      "the question",
      async () => (await workbench.quickPickItems()).map(({ label }) => label),
      (labels) => labels.includes("Run"),
      30_000,
    );
    await stage.look("confirm-named");
    await workbench.pick("Run");
    const succeeded = /colour red[^]*✓ (named-\w{4}) succeeded/;
    const first = succeeded.exec(await workbench.waitForTerminal(succeeded, 90_000))?.[1];
    // The next run asks nothing.
    await workbench.openView("Explorer");
    await workbench.fileMenu("named.py", "Run as Training Job");
    await until(
      "the second run",
      async () => succeeded.exec(await workbench.terminalText())?.[1],
      (name) => name !== undefined && name !== first,
      90_000,
    );
  });
});
