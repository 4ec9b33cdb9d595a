import path from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import type { Engine } from "../../engine.ts";
import type { RunChoice, RunPlan } from "../../jobs/index.ts";
import type { TrainingJob } from "../../kubeflow/model.ts";
import { pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { JobTaskDefinition } from "../../terminal/jobTasks.ts";
import type { CommandDeps } from "../deps.ts";
import { askRun, changeRun, confirmRun } from "./choose.ts";

/** Right-click, editor, palette: runs the file as a training job, with as few questions as its history allows. */
export async function runJob(deps: CommandDeps, target: unknown): Promise<void> {
  await run(deps, target, false);
}

/** The same with the confirm line, where everything can be changed. */
export async function runJobWithOptions(deps: CommandDeps, target: unknown): Promise<void> {
  await run(deps, target, true);
}

async function run(deps: CommandDeps, target: unknown, options: boolean): Promise<void> {
  const file = fileOf(target);
  const engine = await deps.engine();
  await engine.load();
  const remembered = await usable(engine, file);
  if (remembered !== undefined && !options && !(await mayRunAgain(deps, engine, file))) return;
  const plan = await decide(deps, engine, file, remembered, options || remembered === undefined);
  await deps.tasks.run(plan);
}

/** What a task needs before it can launch: asks only for what no earlier run has told. */
export async function prepareRun(
  deps: Pick<CommandDeps, "engine" | "settings">,
  file: string,
  definition: JobTaskDefinition,
): Promise<RunPlan> {
  requireTrust();
  const engine = await deps.engine();
  await engine.load();
  const remembered = await usable(engine, file);
  const choice = remembered ?? (await askRun(engine, file, imageFor(deps, engine, file)));
  const { nodes, gpusPerNode, image, args } = definition;
  const gpus = gpusPerNode ?? choice.size.gpusPerNode;
  const resized = nodes !== undefined || gpusPerNode !== undefined;
  const size = resized
    ? { nodes: nodes ?? choice.size.nodes, gpusPerNode: gpus, processesPerNode: Math.max(1, gpus) }
    : choice.size;
  const wanted: RunChoice = { ...choice, size, image: image ?? choice.image, args: args ?? choice.args };
  // The context never comes from a workspace file: a first run is confirmed like any other.
  return decide(deps, engine, file, wanted, remembered === undefined);
}

/** Asks what is missing, reads the code, lets the server check it, and has the person confirm a first run. */
async function decide(
  deps: Pick<CommandDeps, "settings">,
  engine: Engine,
  file: string,
  known: RunChoice | undefined,
  confirm: boolean,
): Promise<RunPlan> {
  let choice = known ?? (await askRun(engine, file, imageFor(deps, engine, file)));
  for (;;) {
    const plan = await checked(engine, file, choice);
    if (!confirm || (await confirmRun(engine, plan)) === "run") {
      await engine.jobs.remember(file, choice);
      return plan;
    }
    choice = await changeRun(engine, file, choice);
  }
}

async function checked(engine: Engine, file: string, choice: RunChoice): Promise<RunPlan> {
  await saveFolder(path.dirname(file));
  return withProgress(vscode.l10n.t("Checking {0}", path.basename(file)), async (signal, report) => {
    const plan = await engine.jobs.plan(file, choice, signal);
    report(vscode.l10n.t("asking {0}", choice.context));
    await engine.jobs.launcher.preflight(
      plan.spec,
      plan.snapshot,
      engine.cluster(choice.context).connection.client,
      signal,
    );
    return plan;
  });
}

/** What is on the screen is what runs: unsaved files that travel are saved first. */
async function saveFolder(folder: string): Promise<void> {
  const dirty = vscode.workspace.textDocuments.filter(
    ({ isDirty, uri }) =>
      isDirty &&
      uri.scheme === "file" &&
      uri.fsPath.endsWith(".py") &&
      !path.relative(folder, uri.fsPath).startsWith(".."),
  );
  for (const document of dirty) {
    if (await document.save()) continue;
    throw new UserError("not-saved", vscode.l10n.t("The job was not created."), {
      why: vscode.l10n.t("{0} could not be saved.", path.basename(document.uri.fsPath)),
    });
  }
}

/** The file's last choices, where its cluster is still in the kubeconfig. */
async function usable(engine: Engine, file: string): Promise<RunChoice | undefined> {
  const last = engine.jobs.lastRuns.get(file);
  await engine.load();
  return last !== undefined && engine.contexts().some((context) => context.name === last.context) ? last : undefined;
}

function imageFor(deps: Pick<CommandDeps, "settings">, engine: Engine, file: string): string {
  const last = engine.jobs.lastRuns.get(file) ?? engine.jobs.lastRuns.latest();
  const setting = deps.settings.trainingImage();
  return engine.jobs.chooseImage({
    ...(setting === "" ? {} : { workspaceSetting: setting }),
    ...(last === undefined ? {} : { last: last.image }),
  }).image;
}

/** Where the file's last job still runs, the person decides what becomes of it. Resolves to false where nothing is to be launched. */
async function mayRunAgain(deps: CommandDeps, engine: Engine, file: string): Promise<boolean> {
  const launch = engine.jobs.lastRuns.get(file)?.launch;
  if (launch === undefined) return true;
  const job = await withProgress(vscode.l10n.t("Looking for {0}", launch.name), (signal) =>
    engine.findLaunch(launch.context, launch.namespace, launch.name, launch.id, signal),
  );
  if (job === undefined || !engine.isActive(job)) return true;
  const answer = await pickOne<"follow" | "replace" | "another">({
    title: vscode.l10n.t("Run {0}", path.basename(file)),
    placeholder: vscode.l10n.t("{0} from this file is still active", launch.name),
    items: [
      {
        label: `$(output) ${vscode.l10n.t("Follow")}`,
        detail: vscode.l10n.t("Show the logs of {0}", launch.name),
        value: "follow",
      },
      {
        label: `$(debug-restart) ${vscode.l10n.t("Stop and run again")}`,
        detail: vscode.l10n.t("{0} ends, its pods and their logs go", launch.name),
        value: "replace",
      },
      {
        label: `$(add) ${vscode.l10n.t("Run another")}`,
        detail: vscode.l10n.t("{0} goes on beside it", launch.name),
        value: "another",
      },
    ],
  });
  if (answer === "follow") await deps.tasks.follow(launch.context, job);
  if (answer === "replace") await stop(engine, launch.context, job);
  return answer !== "follow";
}

async function stop(engine: Engine, context: string, job: TrainingJob): Promise<void> {
  await withProgress(vscode.l10n.t("Stopping {0}", job.name), (signal) => engine.stopJob(context, job, signal));
}

/** The file that was meant: what was clicked on, else what is being edited. */
function fileOf(target: unknown): string {
  requireTrust();
  const uri = target instanceof vscode.Uri ? target : vscode.window.activeTextEditor?.document.uri;
  if (uri === undefined) {
    throw new UserError("no-file", vscode.l10n.t("There is no file to run."), {
      hint: vscode.l10n.t("Open a Python file, or right-click one."),
    });
  }
  if (uri.scheme !== "file") {
    throw new UserError("not-on-disk", vscode.l10n.t("{0} is not a file on disk.", path.basename(uri.path)), {
      hint: vscode.l10n.t("Save it in a folder first."),
    });
  }
  return uri.fsPath;
}

/** A menu hides the command in Restricted Mode; a keybinding or a task does not. */
function requireTrust(): void {
  if (vscode.workspace.isTrusted) return;
  throw new UserError("untrusted", vscode.l10n.t("Nothing of this folder is run in Restricted Mode."), {
    hint: vscode.l10n.t("Trust the folder first."),
    next: [{ title: vscode.l10n.t("Manage Trust"), command: "workbench.trust.manage" }],
  });
}
