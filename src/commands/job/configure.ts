// The page on which everything of a run can be said: opened beside its file, and again after a reload.
import path from "node:path";
import * as vscode from "vscode";
import type { JobChoices, JobForm } from "../../contract/jobForm.ts";
import { label } from "../../core/sanitize.ts";
import type { Engine } from "../../engine.ts";
import type { Finding, FormPorts, FoundForForm, RunChoice, RunPlan } from "../../jobs/index.ts";
import { COMMANDS } from "../../manifest.ts";
import type { JobPages } from "../../panels/jobPanel.ts";
import { withProgress } from "../../platform/progress.ts";
import { requireTrust } from "../../platform/trust.ts";
import type { CommandDeps } from "../deps.ts";
import { saveRun } from "./configurations.ts";
import { firstChoice, ONE } from "./choose.ts";
import { openManifest } from "./manifest.ts";
import { activeJob, askAboutActive, fileOf, remembers, saveFolder, wantsOf } from "./run.ts";
import { checksText, confirmLine, filesText, filesWords } from "./words.ts";

/** Right-click, editor, palette: the page beside the file, as it ran last, or as the question before a run has it. */
export async function configureJob(deps: CommandDeps, target: unknown, asked?: unknown): Promise<void> {
  const file = fileOf(target);
  const panels = await deps.jobForms();
  const handed = handedOver(asked);
  // What is being written there is not thrown away.
  if (handed === undefined && panels.reveal(file)) return;
  const engine = await deps.engine();
  await engine.load();
  const choice =
    handed ?? remembers(deps, engine, file) ?? (await firstChoice(engine, file, wantsOf(deps, engine, file)));
  // What was written here since the last run; else as that was.
  const kept = handed === undefined ? panels.formOf(file) : undefined;
  const isNewer = kept !== undefined && kept.time > (engine.jobs.lastRuns.get(file)?.time ?? 0);
  show(deps, panels, engine, file, choice, isNewer ? kept.form : undefined);
}

/** What our own question hands over: nobody else calls the command with it. */
function handedOver(asked: unknown): RunChoice | undefined {
  return typeof asked === "object" && asked !== null && "size" in asked ? (asked as RunChoice) : undefined;
}

/** Shows the page again as it was before the window was reloaded. */
export async function restoreJobForm(
  deps: CommandDeps,
  panel: vscode.WebviewPanel,
  shown: NonNullable<JobPages["shown"]>[number],
): Promise<void> {
  requireTrust();
  const { file, form } = shown;
  const engine = await deps.engine();
  await engine.load();
  const { kind, context, namespace, image } = form;
  const choice = remembers(deps, engine, file) ?? { kind, context, namespace, image, args: [], size: ONE };
  show(deps, await deps.jobForms(), engine, file, choice, form, panel);
}

function show(
  deps: CommandDeps,
  panels: JobPages,
  engine: Engine,
  file: string,
  choice: RunChoice,
  form: JobForm | undefined,
  kept?: vscode.WebviewPanel,
): void {
  const host = engine.jobs.form(
    path.basename(file),
    withProject(file, choice),
    ports(deps, panels, engine, file),
    form,
  );
  const title = vscode.l10n.t("Train {0}", path.basename(file));
  panels.open(file, title, host, undefined, kept);
}

function withProject(file: string, choice: RunChoice): RunChoice {
  const project = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file))?.uri.fsPath;
  return project === undefined ? choice : { ...choice, project };
}

function ports(deps: CommandDeps, panels: JobPages, engine: Engine, file: string): FormPorts {
  const clientOf = ({ context }: { readonly context: string }) => engine.cluster(context).connection.client;
  return {
    contexts: () => engine.contexts().map(({ name }) => name),
    choices: (at, report, signal) => readChoices(engine, at, report, signal),
    plan: (choice, signal, like) => engine.jobs.plan(file, choice, clientOf(choice), signal, like),
    prepare: (choice) => saveFolder(choice.project ?? path.dirname(file), choice.code === "folder"),
    check: (plan, report, signal, anew) => check(deps, engine, plan, report, signal, anew),
    words: async (plan) => {
      const price = await engine.pricePerHour(plan.spec);
      return {
        manifest: engine.jobs.manifests.preview(plan),
        summary: confirmLine(engine, plan),
        files: filesWords(plan),
        price: price === undefined ? "" : vscode.l10n.t("${0}/h list", price.toFixed(2)),
      };
    },
    run: (plan, choice) => run(deps, engine, plan, choice),
    open: (what, plan) => open(deps, engine, what, plan),
    save: (choice) => saveRun(deps, engine, file, choice),
    press: async ({ command, args = [] }) => {
      await vscode.commands.executeCommand(command, ...args);
    },
    keep: (form, isEdited) => panels.keepForm(file, form, isEdited ? Date.now() : 0),
    onError: (error) => deps.notify.error(error),
  };
}

/** As any run of the file: where one is still active the person decides, and the server is asked before anything is sent. */
async function run(deps: CommandDeps, engine: Engine, plan: RunPlan, choice: RunChoice): Promise<void> {
  const { file, spec, snapshot } = plan;
  const active = await activeJob(engine, file);
  const answer = active === undefined ? "another" : await askAboutActive(file, active);
  if (active !== undefined && answer === "follow") {
    await deps.tasks.run({ kind: "follow", ...active });
    return;
  }
  await withProgress(vscode.l10n.t("Checking {0}", path.basename(file)), (signal) =>
    engine.jobs.launcher.preflight(spec, snapshot, engine.cluster(spec.context).connection.client, signal),
  );
  await engine.jobs.remember(file, choice);
  const sent = whenSent(engine, spec.id);
  const replaces = active !== undefined && answer === "replace" ? { replaces: active } : {};
  await deps.tasks.run({ kind: "launch", plan, ...replaces });
  await sent;
}

/** Resolves when the launch of that id is followed, or its task has ended without. */
function whenSent(engine: Engine, id: string): Promise<void> {
  return new Promise((resolve) => {
    const held: { dispose(): void }[] = [];
    const done = (): void => {
      for (const one of held) one.dispose();
      resolve();
    };
    held.push(
      engine.jobs.onDidLaunch((launched) => {
        if (launched.id === id) done();
      }),
      vscode.tasks.onDidEndTask(({ execution }) => {
        if (execution.task.definition["launch"] === id) done();
      }),
    );
  });
}

async function readChoices(
  engine: Engine,
  { context, namespace }: { readonly context: string; readonly namespace: string },
  report: (choices: JobChoices) => void,
  signal: AbortSignal,
): Promise<void> {
  const { client } = engine.cluster(context).connection;
  const kinds = await engine.launchKinds(context, signal);
  report({ kind: kinds.map((value) => ({ value, label: value })) });
  await Promise.all([
    engine.allNamespaces(context, signal).then(({ names, mayList }) => {
      const namespaces = names.map((value) => ({ value, label: label(value) }));
      report({ namespace: namespaces, ...(!mayList && { partial: ["namespace" as const] }) });
    }),
    engine.jobs.readChoices({ client, namespace, kinds }, report, signal),
  ]);
}

function check(
  deps: CommandDeps,
  engine: Engine,
  plan: RunPlan,
  report: (finding: FoundForForm) => void,
  signal: AbortSignal,
  anew: boolean,
): Promise<void> {
  const show = (finding: Finding): void => {
    const { next, field, ...rest } = finding;
    // As the page calls them.
    const at =
      field === "cluster" ? "context" : field === "data" ? "dataset" : field === "limits" ? "timeLimit" : field;
    const press = (): Promise<void> => pressed(deps, plan, finding);
    report({ ...rest, field: at, ...(next !== undefined && { next: { title: next.title, press } }) });
  };
  return engine.checkRun(plan, show, signal, { anew });
}

/** What the button of a finding does. */
async function pressed(deps: CommandDeps, { file, spec }: RunPlan, finding: Finding): Promise<void> {
  const { context, namespace } = spec;
  switch (finding.next?.what) {
    case "gpu-node":
      // It asks how many, with the price, and does nothing before.
      await vscode.commands.executeCommand(COMMANDS.setGpuNodes, context);
      return;
    case "install":
      await vscode.commands.executeCommand(COMMANDS.installKubeflow, context, "training");
      return;
    case "request":
      await vscode.commands.executeCommand(COMMANDS.copyAdminRequest, {
        ...{ kind: "admin-request", context, namespace, needs: "rights" },
      });
      return;
    case "show-room":
    case undefined:
      await deps.documents.show(["checks", `${path.basename(file)}.checks.txt`], checksText([finding]));
  }
}

async function open(deps: CommandDeps, engine: Engine, what: "manifest" | "files", plan: RunPlan): Promise<void> {
  if (what === "files") {
    await deps.documents.show(["code", `${path.basename(plan.file)}.files.txt`], filesText(plan));
    return;
  }
  await openManifest(engine.jobs.manifests.text(plan));
}
