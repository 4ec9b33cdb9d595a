import fs from "node:fs";
import path from "node:path";
import type { FrameLocator } from "playwright-core";
import { Cleanup, kubeconfigOf, openRig, PYTHON } from "../cluster/support.ts";
import { describePipelines, PipelinesServer } from "../cluster/pipelineFixtures.ts";
import type { Workbench } from "../editor/workbench.ts";
import { kfpPython } from "../pipelines/support.ts";
import { SANDBOX_SETTINGS } from "../start/project.ts";
import { inFourThemes, lookAtFailure, Stage } from "./support.ts";

const FILE = "pipeline.py";
const SOURCE = `from kfp import dsl


@dsl.container_component
def say(text: str, times: int):
    program = "import sys; print(sys.argv[1] * int(sys.argv[2]), flush=True)"
    return dsl.ContainerSpec(image="${PYTHON}", command=["python3", "-c", program], args=[text, times])


@dsl.pipeline(name="spoken", description="Says a word.")
def spoken(text: str = "hello ", times: int = 2):
    say(text=text, times=times)
`;

describePipelines("a pipeline that is run from its file", () => {
  const cleanup = new Cleanup();
  let stage: Stage;
  let workbench: Workbench;
  let frame: FrameLocator;

  before(async function () {
    this.timeout(180_000);
    const rig = await openRig(cleanup, kubeconfigOf("admin"));
    const raw = new PipelinesServer(rig);
    cleanup.add(() => removeAll(raw));
    // The person's own environment is beside the file.
    const files = { [FILE]: SOURCE, ".venv/bin/python": `#!/bin/sh\nexec ${kfpPython()} "$@"\n` };
    const options = { settings: SANDBOX_SETTINGS, env: { KUBECONFIG: kubeconfigOf("admin") } };
    stage = await Stage.set("pipeline-run", options, "project", files);
    cleanup.add(() => stage.strike());
    workbench = stage.workbench;
    frame = workbench.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
  });

  after(function () {
    this.timeout(180_000);
    return cleanup.run();
  });

  afterEach(async function () {
    await lookAtFailure(this, stage);
  });

  const says = (pattern: RegExp, timeout = 60_000) => workbench.treeRow(pattern).first().waitFor({ timeout });
  const field = (name: string) => frame.getByRole("textbox", { name, exact: true });

  async function openRuns(): Promise<void> {
    await workbench.openView("Kubeflow");
    await workbench.expandRow(/, cluster, /);
    await workbench.expandRow(/^Pipelines/);
  }

  it("is compiled, uploaded and started by one line to confirm", async () => {
    await workbench.openView("Explorer");
    await workbench.fileMenu(FILE, "Run Pipeline…");
    await workbench.pick("Run");
    await workbench.notification(/A run of spoken was started: 1 step\. Version .* was uploaded for it\./).waitFor({
      timeout: 60_000,
    });
    // Its page opens, and goes along.
    await frame.getByRole("button", { name: /^say\b.*Succeeded/ }).waitFor({ timeout: 60_000 });
    await frame.getByText(/^Succeeded · took /).waitFor({ timeout: 30_000 });
    await frame.getByRole("button", { name: /^say\b/ }).click();
    await inFourThemes(stage, "run", "page");
    await openRuns();
    await says(/^spoken .*, run, succeeded/);
    await stage.look("started");
  });

  it("is run once more with other values by its page, which says what is wrong with them", async () => {
    await workbench.rowMenu(/^spoken .*, run, succeeded/, "Run Pipeline…");
    await frame.getByRole("heading", { name: "Run spoken" }).waitFor({ timeout: 30_000 });
    await field("times").fill("two");
    await frame.getByText("It is a whole number, such as 3.").waitFor();
    await field("times").fill("3");
    await field("Name of the run").fill("thrice");
    await field("Experiment").fill("tries");
    await frame.getByRole("radio", { name: "Run every step anew" }).click();
    await inFourThemes(stage, "form", "page");
    await frame.getByRole("button", { name: "Start Run" }).click();
    await frame.getByRole("heading", { name: "thrice", level: 1 }).waitFor({ timeout: 30_000 });
    await says(/^thrice, run, succeeded/);
  });

  it("shows the log of a step from the run's page, and comes back to it after a reload", async () => {
    await frame.getByRole("button", { name: /^say\b/ }).click();
    await frame.getByRole("button", { name: "Show Log" }).click();
    await workbench.waitForTerminal(/hello hello hello/, 30_000);
    // By the editor itself, which writes down first what is open.
    const loaded = workbench.page.waitForEvent("load");
    await workbench.palette("Developer: Reload Window");
    await loaded;
    await frame.getByRole("heading", { name: "thrice", level: 1 }).waitFor({ timeout: 60_000 });
    await frame.getByRole("button", { name: /^say\b.*Succeeded/ }).waitFor({ timeout: 60_000 });
    await openRuns();
    await says(/^thrice, run, succeeded/);
  });

  it("runs by a schedule, which can be stopped and started", async () => {
    await workbench.rowMenu(/^thrice, run, succeeded/, "Run Pipeline…");
    await frame.getByRole("radio", { name: "By a schedule" }).click();
    await field("Schedule").fill("0 9 * * 1");
    await frame.getByText("At 09:00, only on Monday").waitFor();
    await field("Name of the run").fill("each Monday");
    await stage.look("schedule");
    await frame.getByRole("button", { name: "Make Recurring Run" }).click();
    await frame.getByText("spoken runs by its schedule from now on.").filter({ visible: true }).first().waitFor();
    await workbench.expandRow(/^Recurring runs/);
    await says(/^each Monday, recurring run, enabled/i);
    await workbench.rowMenu(/^each Monday, recurring run/, "Stop…");
    await says(/^each Monday, recurring run, disabled/i);
    await workbench.rowMenu(/^each Monday, recurring run/, "Start");
    await says(/^each Monday, recurring run, enabled/i);
  });

  it("is archived and restored", async () => {
    await workbench.rowMenu(/^thrice, run, succeeded/, "Archive or Restore Run");
    await workbench.treeRow(/^thrice, run/).waitFor({ state: "detached", timeout: 20_000 });
    await workbench.expandRow(/^Archived runs/);
    await says(/^thrice, run, succeeded/);
    await stage.look("archived");
    await workbench.rowMenu(/^thrice, run/, "Archive or Restore Run");
    await says(/^Archived runs, list, 0/);
  });

  it("is not uploaded twice: the same file again is the same version", async () => {
    await workbench.openView("Explorer");
    await workbench.fileMenu(FILE, "Upload Pipeline…");
    await workbench.input("spoken");
    await workbench.notification(/Nothing was uploaded: version .* of spoken has this very content\./).waitFor({
      timeout: 60_000,
    });
  });

  it("leads to the line where the DSL is wrong", async () => {
    const file = path.join(stage.folder, "project", FILE);
    fs.writeFileSync(file, SOURCE.replace("say(text=text, times=times)", "say(text=text, count=times)"));
    await workbench.fileMenu(FILE, "Run Pipeline…");
    await workbench.notificationButton(/pipeline\.py was not compiled/, "Open pipeline.py:12");
    await stage.look("wrong");
  });
});

/** What the suite has made there, by the names that it gave. */
async function removeAll(server: PipelinesServer): Promise<void> {
  const read = async (path: string, field: string): Promise<Record<string, string>[]> => {
    const answer = (await server.get(`${path}?page_size=200`)) as Record<string, Record<string, string>[] | undefined>;
    return answer[field] ?? [];
  };
  for (const one of await read("/recurringruns", "recurringRuns"))
    if (one["display_name"] === "each Monday") await server.remove(`/recurringruns/${one["recurring_run_id"] ?? ""}`);
  for (const one of await read("/runs", "runs"))
    if (/^spoken |^thrice$/.test(one["display_name"] ?? "")) await server.remove(`/runs/${one["run_id"] ?? ""}`);
  for (const { pipeline_id: id = "", display_name: name } of await read("/pipelines", "pipelines")) {
    if (name !== "spoken") continue;
    for (const one of await read(`/pipelines/${id}/versions`, "pipeline_versions"))
      await server.remove(`/pipelines/${id}/versions/${one["pipeline_version_id"] ?? ""}`);
    await server.remove(`/pipelines/${id}`);
  }
}
