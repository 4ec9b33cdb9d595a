import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import type { FrameLocator } from "playwright-core";
import { until } from "../editor/until.ts";
import type { Workbench } from "../editor/workbench.ts";
import { NAMESPACE, SANDBOX_SETTINGS } from "../start/project.ts";
import { inFourThemes, lookAtFailure, Stage, variable } from "./support.ts";

const SCRIPT = "shape.py";
const SAYS = `import os, sys
print("rank", os.environ.get("RANK", "0"), "colour", os.environ["COLOUR"], *sys.argv[1:], flush=True)
`;

describe("the page of a job", () => {
  let stage: Stage;
  let workbench: Workbench;
  let frame: FrameLocator;

  before(async () => {
    stage = await Stage.set("configure", {
      settings: SANDBOX_SETTINGS,
      env: { KUBECONFIG: variable("TRAINYARD_KUBECONFIG") },
    });
    workbench = stage.workbench;
    fs.writeFileSync(path.join(stage.folder, "project", SCRIPT), SAYS);
    frame = workbench.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
  });

  after(() => stage.strike());

  afterEach(async function () {
    await lookAtFailure(this, stage);
  });

  const field = (name: string) => frame.getByRole("textbox", { name, exact: true });
  const manifest = () => frame.getByRole("region", { name: "Manifest" });

  /** Waits for the end of the run that the page has begun, and returns what it printed. */
  async function printed(words: RegExp): Promise<string> {
    return until(
      "the run's end",
      () => workbench.terminalText(),
      (text) => words.test(text),
      90_000,
    );
  }

  it("opens beside the file, with its manifest, what the cluster has, and what it says", async () => {
    await workbench.openView("Explorer");
    await workbench.fileMenu(SCRIPT, "Configure Training Job…");
    await frame.getByRole("heading", { name: `Train ${SCRIPT}` }).waitFor({ timeout: 30_000 });
    await manifest().getByText("kind: PyTorchJob").waitFor({ timeout: 30_000 });
    await frame.getByText("The cluster would take it").first().waitFor({ timeout: 30_000 });
    await frame.getByRole("combobox", { name: "Namespace" }).click();
    await frame.getByRole("option", { name: NAMESPACE, exact: true }).click();
    await manifest().getByText(`namespace: ${NAMESPACE}`).waitFor();
    await inFourThemes(stage, "form", "page");
  });

  it("says at its field what is wrong, in our words and in the cluster's", async () => {
    await field("Variables").fill("COLOUR=red\nnothing");
    await frame.getByText("Line 2 is not of the form NAME=value.").first().waitFor();
    assert.equal(await frame.getByRole("button", { name: "Run", exact: true }).isDisabled(), true);
    await field("Variables").fill("COLOUR=red");
    await field("Priority class")
      .or(frame.getByRole("combobox", { name: "Priority class" }))
      .first()
      .waitFor();
    await field("Arguments").fill("--note 'a b'");
    await manifest().getByText("- a b").waitFor();
    await frame.getByText("The cluster would take it").first().waitFor({ timeout: 30_000 });
  });

  it("runs a PyTorchJob over two nodes as it says", async () => {
    await field("Nodes").fill("2");
    await manifest().getByText("Worker:").waitFor();
    await frame.getByText("The cluster would take it").first().waitFor({ timeout: 30_000 });
    await frame.getByRole("button", { name: "Run", exact: true }).click();
    const text = await printed(/✓ shape-\w{4} succeeded/);
    assert.match(text, /rank 0 colour red --note a b/);
    assert.match(text, /rank 1 colour red --note a b/);
    await stage.look("ran");
  });

  it("runs a TrainJob with its runtime, and comes back as it was after a reload", async () => {
    await field("Nodes").fill("1");
    await frame.getByRole("radio", { name: "TrainJob" }).click();
    await manifest().getByText("kind: TrainJob").waitFor({ timeout: 30_000 });
    await manifest().getByText("name: torch-distributed").waitFor();
    await field("Variables").fill("COLOUR=blue");
    await manifest().getByText("value: blue").waitFor();
    await frame.getByText("The cluster would take it").first().waitFor({ timeout: 30_000 });
    await inFourThemes(stage, "train-job", "page");
    await frame.getByRole("button", { name: "Run", exact: true }).click();
    assert.match(await printed(/colour blue[^]*✓ shape-\w{4} succeeded/), /rank 0 colour blue --note a b/);
    await workbench.page.reload();
    await frame.getByRole("heading", { name: `Train ${SCRIPT}` }).waitFor({ timeout: 30_000 });
    await manifest().getByText("value: blue").waitFor({ timeout: 30_000 });
    await stage.look("reloaded");
  });
});
