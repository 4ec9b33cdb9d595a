import path from "node:path";
import * as vscode from "vscode";
import { CancelledError, isCancelled, UserError } from "../../core/errors.ts";
import type { Engine } from "../../engine.ts";
import type { Configuration, Finding, LaunchKind, RunChoice, RunPlan } from "../../jobs/index.ts";
import { record } from "../../kubeflow/read.ts";
import { COMMANDS } from "../../manifest.ts";
import { pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import { requireTrust } from "../../platform/trust.ts";
import type { ActiveJob, Decision } from "../../terminal/jobTasks.ts";
import type { RunDefinition } from "../../terminal/taskDefinition.ts";
import type { CommandDeps } from "../deps.ts";
import { asChoice, findNamed, namedIn, noneNamed, pickNamed, saveRun } from "./configurations.ts";
import { askRun, changeResults, changeRun, confirmRun, type Wants } from "./choose.ts";
import { openManifest } from "./manifest.ts";
import { checksText, filesText } from "./words.ts";

/** Right-click, editor, palette: runs the file as a training job, with as few questions as its history allows. */
export async function runJob(deps: CommandDeps, target: unknown): Promise<void> {
  await run(deps, target, false);
}

/** The same with the confirm line, where everything can be changed. */
export async function runJobWithOptions(deps: CommandDeps, target: unknown): Promise<void> {
  await run(deps, target, true);
}

async function run(deps: CommandDeps, target: unknown, withOptions: boolean): Promise<void> {
  const script = fileOf(target);
  await deps.tasks.run(await decideRun(deps, undefined, { script }, withOptions));
}

/** The file's last run, under a name in its folder's `.vscode/trainyard.json`. */
export async function saveConfiguration(deps: CommandDeps, target: unknown): Promise<void> {
  const file = fileOf(target);
  const engine = await deps.engine();
  const last = engine.jobs.lastRuns.get(file);
  if (last === undefined)
    throw new UserError("no-run", vscode.l10n.t("{0} has not been run from here yet.", path.basename(file)), {
      hint: vscode.l10n.t("Run it first, or choose Save as configuration… in the question before its run."),
    });
  await saveRun(deps, engine, file, last);
}

type RunDeps = Pick<CommandDeps, "engine" | "settings" | "documents" | "problems">;

/**
 * Decides what happens with the file that the definition names, in `folder` where it is no absolute path: asks only for
 * what no earlier run has told, lets the server check it, and leaves the rest to the terminal. A first run is confirmed,
 * and so is one of a configuration that is not as it was confirmed last; where it runs is the person's own word
 * (`asChoice`).
 */
export async function decideRun(
  deps: RunDeps,
  folder: string | undefined,
  definition: RunDefinition,
  withOptions = false,
): Promise<Decision> {
  requireTrust();
  const engine = await deps.engine();
  await engine.load();
  const { configuration: name } = definition;
  const asked = name === undefined ? undefined : findNamed(await namedIn(deps, engine, needed(folder, name)), name);
  const script = definition.script ?? asked?.script ?? "";
  const file = path.resolve(path.isAbsolute(script) ? "" : needed(folder, script), script);
  const remembered = remembers(deps, engine, file);
  const active = remembered === undefined ? undefined : await activeJob(engine, file);
  const answer = active === undefined ? "another" : await askAboutActive(file, active);
  if (active !== undefined && answer === "follow") return { kind: "follow", ...active };
  const project = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file))?.uri.fsPath;
  const home = (name === undefined ? undefined : folder) ?? project;
  const configured = async (own?: RunChoice, given?: Configuration): Promise<Configured | undefined> => {
    if (home === undefined && own !== undefined) throw noneNamed(file);
    if (home === undefined) return undefined;
    const picked = given ?? (await pickNamed(engine, file, await namedIn(deps, engine, home), own === undefined));
    if (picked === undefined) return undefined;
    const choice = await asChoice(engine, home, picked, file, own, wantsOf(deps, engine, undefined));
    return { home, picked, choice };
  };
  const wants = wantsOf(deps, engine, file);
  const isNamed = asked !== undefined || remembered === undefined;
  const named = isNamed ? await configured(remembered, asked) : undefined;
  const known = named?.choice ?? remembered ?? (await askRun(engine, file, wants));
  const wanted = { ...withDefinition(known, definition), ...(project === undefined ? {} : { project }) };
  const change = (choice: RunChoice): Promise<RunChoice> =>
    changeRun(engine, file, choice, wants, async (own) => (await configured(own))?.choice ?? own);
  const { places } = engine.jobs;
  const isOther = named !== undefined && !places.isConfirmed(named.home, named.picked);
  const { plan, choice } = await decide(
    deps,
    engine,
    file,
    wanted,
    change,
    withOptions || remembered === undefined || isOther,
  );
  // What was changed in the question is not what the folder's file says.
  if (named !== undefined && choice === wanted) await places.confirm(named.home, named.picked);
  return { kind: "launch", plan, ...(active !== undefined && answer === "replace" ? { replaces: active } : {}) };
}

interface Configured {
  /** The folder that names it. */
  readonly home: string;
  readonly picked: Configuration;
  readonly choice: RunChoice;
}

function needed(folder: string | undefined, what: string): string {
  if (folder !== undefined) return folder;
  throw new UserError("no-folder", vscode.l10n.t("The task names {0}, and no folder is open to find it in.", what));
}

/** What a task names wins over what was remembered, and over the configuration that it names. */
function withDefinition(choice: RunChoice, definition: RunDefinition): RunChoice {
  const { nodes, gpusPerNode, image, args } = definition;
  const gpus = gpusPerNode ?? choice.size.gpusPerNode;
  const resized = nodes !== undefined || gpusPerNode !== undefined;
  const size = resized
    ? {
        nodes: nodes ?? choice.size.nodes,
        gpusPerNode: gpus,
        processesPerNode: gpusPerNode === undefined ? choice.size.processesPerNode : Math.max(1, gpus),
      }
    : choice.size;
  return { ...choice, size, image: image ?? choice.image, args: args ?? choice.args };
}

/** Reads the code, lets the server check the run, and has the person confirm it where that is wanted. */
async function decide(
  deps: RunDeps,
  engine: Engine,
  file: string,
  wanted: RunChoice,
  change: (choice: RunChoice) => Promise<RunChoice>,
  confirm: boolean,
): Promise<{ readonly plan: RunPlan; readonly choice: RunChoice }> {
  let choice = wanted;
  for (;;) {
    const { plan, findings } = await checked(engine, file, choice, confirm);
    const answer = confirm ? await confirmRun(engine, plan, findings) : "run";
    if (answer === "run") {
      await engine.jobs.remember(file, choice);
      return { plan, choice };
    }
    if (answer === "results") choice = await changeResults(engine, file, choice);
    else if (answer === "change") choice = await change(choice);
    else if (answer === "save") await saveRun(deps, engine, file, choice);
    else if (answer === "page") {
      await vscode.commands.executeCommand(COMMANDS.configureJob, vscode.Uri.file(file), choice);
      throw new CancelledError();
    } else if (answer === "manifest") {
      await openManifest(engine.jobs.manifests.text(plan));
      // It is launched from there.
      throw new CancelledError();
    } else if (answer === "checks")
      await deps.documents.show(["checks", `${path.basename(file)}.checks.txt`], checksText(findings));
    // It asks how many, with the price, and does nothing before.
    else if (answer === "gpu-node") await vscode.commands.executeCommand(COMMANDS.setGpuNodes, choice.context);
    else await deps.documents.show(["code", `${path.basename(file)}.files.txt`], filesText(plan));
  }
}

/** Milliseconds that the question before a run waits for what is found. */
const CHECKS_MS = 2000;

/** The run as it would be sent, which the server takes; with `looks`, what else is found within a moment. */
async function checked(
  engine: Engine,
  file: string,
  choice: RunChoice,
  looks: boolean,
): Promise<{ readonly plan: RunPlan; readonly findings: readonly Finding[] }> {
  await saveFolder(choice.project ?? path.dirname(file), choice.code === "folder");
  return withProgress(vscode.l10n.t("Checking {0}", path.basename(file)), async (signal, report) => {
    const { client } = engine.cluster(choice.context).connection;
    const plan = await engine.jobs.plan(file, choice, client, signal);
    report(vscode.l10n.t("asking {0}", choice.context));
    await engine.jobs.launcher.preflight(plan.spec, plan.snapshot, client, signal);
    const findings: Finding[] = [];
    if (!looks) return { plan, findings };
    const moment = AbortSignal.any([signal, AbortSignal.timeout(CHECKS_MS)]);
    const looking = engine.checkRun(plan, (finding) => findings.push(finding), moment, {
      ...{ without: "dry run", anew: true },
    });
    await looking.catch((error: unknown) => {
      if (signal.aborted || !isCancelled(error)) throw error;
    });
    return { plan, findings };
  });
}

/** What is on the screen is what runs: unsaved files that travel are saved first. */
export async function saveFolder(folder: string, everything: boolean): Promise<void> {
  const notebooks = vscode.workspace.notebookDocuments.filter(
    ({ isDirty, uri }) => isDirty && uri.scheme === "file" && !path.relative(folder, uri.fsPath).startsWith(".."),
  );
  for (const notebook of notebooks) if (!(await notebook.save())) throw notSaved(notebook.uri);
  const dirty = vscode.workspace.textDocuments.filter(
    ({ isDirty, uri }) =>
      isDirty &&
      uri.scheme === "file" &&
      (everything || /\.(?:py|txt|toml)$/i.test(uri.fsPath)) &&
      !path.relative(folder, uri.fsPath).startsWith(".."),
  );
  for (const document of dirty) {
    if (await document.save()) continue;
    throw notSaved(document.uri);
  }
}

export function notSaved(uri: vscode.Uri): UserError {
  return new UserError("not-saved", vscode.l10n.t("Nothing was started."), {
    why: vscode.l10n.t("{0} could not be saved.", path.basename(uri.fsPath)),
  });
}

/** The file's last choices, where its cluster is still in the kubeconfig. The setting of the image wins over the last one. */
export function remembers(deps: Pick<CommandDeps, "settings">, engine: Engine, file: string): RunChoice | undefined {
  const last = engine.jobs.lastRuns.get(file);
  if (last === undefined || !engine.contexts().some((context) => context.name === last.context)) return undefined;
  return { ...last, image: imageFor(deps, engine, file, last.kind) };
}

export function wantsOf(deps: Pick<CommandDeps, "settings">, engine: Engine, file: string | undefined): Wants {
  return { kind: deps.settings.jobKind(), image: (kind) => imageFor(deps, engine, file, kind) };
}

/** Without a file, as nothing had run before. */
function imageFor(
  deps: Pick<CommandDeps, "settings">,
  engine: Engine,
  file: string | undefined,
  kind: LaunchKind,
): string {
  const own = file === undefined ? undefined : engine.jobs.lastRuns.get(file);
  // A runtime brings an image: nobody else's takes its place.
  if (kind === "TrainJob" && deps.settings.trainingImage() === "") return own?.kind === kind ? own.image : "";
  const last = file === undefined ? undefined : (own ?? engine.jobs.lastRuns.latest());
  const setting = deps.settings.trainingImage();
  return engine.jobs.chooseImage({
    ...(setting === "" ? {} : { workspaceSetting: setting }),
    ...(last === undefined ? {} : { last: last.image }),
  }).image;
}

/** The file's last job, where it may still use the cluster. */
export async function activeJob(engine: Engine, file: string): Promise<ActiveJob | undefined> {
  const launch = engine.jobs.lastRuns.get(file)?.launch;
  if (launch === undefined || !engine.contexts().some((context) => context.name === launch.context)) return undefined;
  const job = await withProgress(vscode.l10n.t("Looking for {0}", launch.name), (signal) =>
    engine.findJob(launch.context, launch, signal),
  );
  return job === undefined || !engine.isActive(job) ? undefined : { context: launch.context, job };
}

/** Where the file's last job still runs, the person decides what becomes of it. */
export function askAboutActive(file: string, { job: { name } }: ActiveJob): Promise<"follow" | "replace" | "another"> {
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
export function fileOf(target: unknown): string {
  requireTrust();
  // A button of a message names the file by its path.
  const named = typeof target === "string" ? vscode.Uri.file(target) : (notebookIn(target) ?? target);
  const uri =
    named instanceof vscode.Uri
      ? named
      : // While a cell is edited, it is the text editor: its address is no file's.
        (vscode.window.activeNotebookEditor?.notebook.uri ?? vscode.window.activeTextEditor?.document.uri);
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
  if (!/\.(?:py|ipynb)$/i.test(uri.fsPath)) {
    throw new UserError("not-python", vscode.l10n.t("{0} is not a Python file.", path.basename(uri.fsPath)), {
      hint: vscode.l10n.t("Open the .py file or the notebook that starts the training."),
    });
  }
  return uri.fsPath;
}

/** A notebook's toolbar names its notebook in an object of its own (VS Code: INotebookActionContext). */
function notebookIn(target: unknown): unknown {
  return record(record(target)["notebookEditor"])["notebookUri"];
}
