import path from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import type { Engine } from "../../engine.ts";
import type { RunChoice, RunPlan } from "../../jobs/index.ts";
import { pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { ActiveJob, Decision } from "../../terminal/jobTasks.ts";
import type { RunDefinition } from "../../terminal/taskDefinition.ts";
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

async function run(deps: CommandDeps, target: unknown, withOptions: boolean): Promise<void> {
  const file = fileOf(target);
  await deps.tasks.run(await decideRun(deps, file, { script: file }, withOptions));
}

/**
 * Decides what happens with the file: asks only for what no earlier run has told, lets the server check it, and leaves
 * the rest to the terminal. The context never comes from a workspace file: a first run is confirmed like any other.
 */
export async function decideRun(
  deps: Pick<CommandDeps, "engine" | "settings">,
  file: string,
  definition: RunDefinition,
  withOptions = false,
): Promise<Decision> {
  requireTrust();
  const engine = await deps.engine();
  await engine.load();
  const remembered = remembers(deps, engine, file);
  const active = remembered === undefined ? undefined : await activeJob(engine, file);
  const answer = active === undefined ? "another" : await askAboutActive(file, active);
  if (active !== undefined && answer === "follow") return { kind: "follow", ...active };
  const known = remembered ?? (await askRun(engine, file, imageFor(deps, engine, file)));
  const wanted = withDefinition(known, definition);
  const plan = await decide(engine, file, wanted, withOptions || remembered === undefined);
  return { kind: "launch", plan, ...(active !== undefined && answer === "replace" ? { replaces: active } : {}) };
}

/** What a task names wins over what was remembered. */
function withDefinition(choice: RunChoice, definition: RunDefinition): RunChoice {
  const { nodes, gpusPerNode, image, args } = definition;
  const gpus = gpusPerNode ?? choice.size.gpusPerNode;
  const resized = nodes !== undefined || gpusPerNode !== undefined;
  const size = resized
    ? { nodes: nodes ?? choice.size.nodes, gpusPerNode: gpus, processesPerNode: Math.max(1, gpus) }
    : choice.size;
  return { ...choice, size, image: image ?? choice.image, args: args ?? choice.args };
}

/** Reads the code, lets the server check the run, and has the person confirm it where that is wanted. */
async function decide(engine: Engine, file: string, wanted: RunChoice, confirm: boolean): Promise<RunPlan> {
  let choice = wanted;
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

/** The file's last choices, where its cluster is still in the kubeconfig. The setting of the image wins over the last one. */
function remembers(deps: Pick<CommandDeps, "settings">, engine: Engine, file: string): RunChoice | undefined {
  const last = engine.jobs.lastRuns.get(file);
  if (last === undefined || !engine.contexts().some((context) => context.name === last.context)) return undefined;
  const { context, namespace, size, args } = last;
  return { context, namespace, size, args, image: imageFor(deps, engine, file) };
}

function imageFor(deps: Pick<CommandDeps, "settings">, engine: Engine, file: string): string {
  const last = engine.jobs.lastRuns.get(file) ?? engine.jobs.lastRuns.latest();
  const setting = deps.settings.trainingImage();
  return engine.jobs.chooseImage({
    ...(setting === "" ? {} : { workspaceSetting: setting }),
    ...(last === undefined ? {} : { last: last.image }),
  }).image;
}

/** The file's last job, where it may still use the cluster. */
async function activeJob(engine: Engine, file: string): Promise<ActiveJob | undefined> {
  const launch = engine.jobs.lastRuns.get(file)?.launch;
  if (launch === undefined || !engine.contexts().some((context) => context.name === launch.context)) return undefined;
  const job = await withProgress(vscode.l10n.t("Looking for {0}", launch.name), (signal) =>
    engine.findJob(launch.context, launch, signal),
  );
  return job === undefined || !engine.isActive(job) ? undefined : { context: launch.context, job };
}

/** Where the file's last job still runs, the person decides what becomes of it. */
function askAboutActive(file: string, { job: { name } }: ActiveJob): Promise<"follow" | "replace" | "another"> {
  return pickOne<"follow" | "replace" | "another">({
    title: vscode.l10n.t("Run {0}", path.basename(file)),
    placeholder: vscode.l10n.t("{0} from this file is still active", name),
    items: [
      {
        label: `$(output) ${vscode.l10n.t("Follow")}`,
        detail: vscode.l10n.t("Show the logs of {0}", name),
        value: "follow",
      },
      {
        label: `$(debug-restart) ${vscode.l10n.t("Stop and run again")}`,
        detail: vscode.l10n.t("{0} ends, its pods and their logs go", name),
        value: "replace",
      },
      {
        label: `$(add) ${vscode.l10n.t("Run another")}`,
        detail: vscode.l10n.t("{0} goes on beside it", name),
        value: "another",
      },
    ],
  });
}

/** The file that was meant: what was clicked on, else what is being edited. */
function fileOf(target: unknown): string {
  requireTrust();
  // A button of a message names the file by its path.
  const named = typeof target === "string" ? vscode.Uri.file(target) : target;
  const uri = named instanceof vscode.Uri ? named : vscode.window.activeTextEditor?.document.uri;
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
  if (!/\.py$/i.test(uri.fsPath)) {
    throw new UserError("not-python", vscode.l10n.t("{0} is not a Python file.", path.basename(uri.fsPath)), {
      hint: vscode.l10n.t("Open the .py file that starts the training."),
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
