import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import type { FrameLocator } from "playwright-core";
import type { Workbench } from "../editor/workbench.ts";
import { until } from "../editor/until.ts";
import { kfpPython } from "../pipelines/support.ts";
import { inFourThemes, lookAtFailure, Stage } from "./support.ts";

const FILE = "pipeline.py";
const SOURCE = `from kfp import dsl


@dsl.component(base_image="python:3.11")
def prepare(rows: int) -> int:
    return rows


@dsl.component(base_image="python:3.11")
def train(rows: int, rate: float):
    pass


@dsl.pipeline(description="Two steps.")
def housing(rows: int = 3):
    made = prepare(rows=rows)
    with dsl.If(made.output > 2, name="enough"):
        train(rows=made.output, rate=0.1)
`;

describe("the graph of a pipeline beside its file", () => {
  let stage: Stage;
  let workbench: Workbench;
  let frame: FrameLocator;
  let project: string;

  const write = (text: string, name = FILE): void => fs.writeFileSync(path.join(project, name), text);
  /** The environment beside the file: a program that is the Python of `command`. */
  const environment = (command: string): void => {
    const bin = path.join(project, ".venv", "bin");
    fs.mkdirSync(bin, { recursive: true });
    fs.writeFileSync(path.join(bin, "python"), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  };
  const task = (name: string) => frame.locator(`.task[data-path="${name}"]`);
  const says = (text: string | RegExp) => frame.getByRole("status").getByText(text).waitFor({ timeout: 30_000 });

  before(async function () {
    this.timeout(180_000);
    stage = await Stage.set("pipeline-graph", { env: { KUBECONFIG: path.join(import.meta.dirname, "none") } });
    workbench = stage.workbench;
    project = path.join(stage.folder, "project");
    write(SOURCE);
    frame = workbench.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
  });

  after(() => stage.strike());

  afterEach(async function () {
    await lookAtFailure(this, stage);
  });

  it("says what to install where the person's Python has no SDK", async () => {
    // Without the packages of its machine.
    environment("python3 -S");
    await workbench.openFile(FILE);
    await workbench.editorAction("Open Pipeline Graph");
    await says(/\.venv\/bin\/python \(Python 3\.\S+\) has no Kubeflow Pipelines SDK/);
    await stage.look("no-sdk");
    await frame.getByRole("button", { name: "Copy pip Command" }).click();
    await workbench.notification(/On the clipboard: .* install .*\.venv\/bin\/python "kfp>=2"/).waitFor();
    await workbench.clearNotifications();
  });

  it("draws it once it is there, and leads from a task to its line", async () => {
    environment(kfpPython());
    await frame.getByRole("button", { name: "Compile Again" }).click();
    await task("prepare").waitFor({ timeout: 30_000 });
    await says(/Compiled with kfp 2\.17\./);
    await inFourThemes(stage, "graph", "page");
    await task("condition-1/train").click();
    await frame.getByText("rate (number): 0.1").waitFor();
    await stage.look("pressed");
    await frame.getByRole("button", { name: "Go to Source" }).click();
    await workbench.waitForCursor(FILE, 18);
  });

  it("follows what is saved, keeps the last good graph while it is wrong, and says where", async () => {
    write(SOURCE.replace("rate=0.1)", "pace=0.1)"));
    await says(/unexpected keyword argument "pace"\. The graph is of the last version/);
    await task("condition-1/train").waitFor();
    await until(
      "the problem at its line",
      () => workbench.problems(),
      (all) => all.some((row) => /unexpected keyword argument "pace".*18/s.test(row)),
    );
    await stage.look("wrong");
    await frame.getByRole("button", { name: "Go to Line 18" }).click();
    await workbench.waitForCursor(FILE, 18);
    write(SOURCE.replace("    made = prepare(rows=rows)\n", "    made = prepare(rows=rows)\n    prepare(rows=7)\n"));
    await task("prepare-2").waitFor({ timeout: 30_000 });
    await workbench.page.getByText("No problems have been detected").waitFor();
  });

  it("comes back after a reload of the window", async () => {
    // By the editor itself, which writes down first what is open.
    const loaded = workbench.page.waitForEvent("load");
    await workbench.palette("Developer: Reload Window");
    await loaded;
    await task("prepare-2").waitFor({ timeout: 60_000 });
    await stage.look("reloaded");
  });

  it("is that of a compiled pipeline, too, with its place in the YAML", async () => {
    const yaml = path.join("src", "pipelines", "spec", "testdata", "branches-2.4.0.yaml");
    const text = fs.readFileSync(path.resolve(import.meta.dirname, "..", "..", yaml), "utf8");
    write(text, "pipeline.yaml");
    await workbench.openFile("pipeline.yaml");
    await workbench.palette("Kubeflow: Open Pipeline Graph");
    await says("Compiled with kfp-2.4.0.");
    await task("shell").click();
    await frame.getByRole("button", { name: "Go to Source" }).click();
    const line =
      text.split("\n").findIndex((one, index) => one === "      shell:" && index > text.split("\n").indexOf("root:")) +
      1;
    assert.ok(line > 1);
    await workbench.waitForCursor("pipeline.yaml", line);
    await stage.look("yaml");
  });
});
