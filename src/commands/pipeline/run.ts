// A pipeline is run: from a file, or from what is at the server; by one line to confirm, or by its page.
import path from "node:path";
import * as vscode from "vscode";
import type { RunForm } from "../../contract/runForm.ts";
import { UserError } from "../../core/errors.ts";
import { label, pickLabel } from "../../core/sanitize.ts";
import { plural } from "../../core/text.ts";
import type { Engine } from "../../engine.ts";
import { SERVICE_ACCOUNT } from "../../kubeflow/kinds/resources.ts";
import { mayBeSecret } from "../../jobs/index.ts";
import { COMMANDS } from "../../manifest.ts";
import type { FormSubject, RunFormPages, Served } from "../../panels/pipelinePages.ts";
import {
  neverPushed,
  PIPELINE_FILE,
  type PipelinePlace,
  type RunFormPorts,
  type RunSubjectFacts,
  type Started,
} from "../../pipelines/index.ts";
import { type Choice, pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { CommandDeps } from "../deps.ts";
import { isTreeNode } from "../nodes.ts";
import { compiledOf, pickPipelineFile, pipelineFile } from "./compiled.ts";
import { mayBePipeline } from "./pipelineFiles.ts";
import { openRun } from "./runPage.ts";
import { accessOf, askPlace, type KnownPlace, placeWords } from "./place.ts";

/** Forms by file, as they were started last in this folder. */
const FORMS_KEY = "trainyard.pipelines.forms";
const MOST_FORMS = 20;
const MOST_SHOWN = 3;

/** From the explorer, an editor, a row or the palette. */
export async function runPipeline(deps: CommandDeps, target: unknown): Promise<void> {
  const served = isServed(target) ? target : servedOf(deps, target);
  if (served !== undefined) return openForm(deps, served);
  const file = pipelineFile(target);
  const { context, namespace } = await askPlace(deps, runTitle(path.basename(file)), notStarted());
  const subject: FormSubject = { kind: "file", file, context, namespace };
  const { engine, place, facts } = await prepare(deps, subject);
  const form = lastForm(deps, { file, context, namespace }, engine.pipelineDesk.firstForm(facts), facts);
  if (engine.pipelineDesk.read(form, facts).problems.length > 0) return show(deps, engine, subject, place, facts, form);
  const answer = await confirm(facts, place, form, await unpushed(file, facts));
  if (answer === "change") return show(deps, engine, subject, place, facts, form);
  if (answer === "build") {
    await vscode.commands.executeCommand(COMMANDS.buildImage, vscode.Uri.file(file));
    return;
  }
  const read = engine.pipelineDesk.read(form, facts);
  const started = await withProgress(vscode.l10n.t("Starting {0}", label(facts.pipeline)), (signal) =>
    engine.pipelineDesk.start(place, facts, read, form.caching, signal),
  );
  deps.notify.info(startedWords(facts, started, false));
  await afterStart(deps, place, file, changedOnly(engine, facts, form), started);
}

/** The form for the pipeline that is selected in the view, or of a file, with a schedule to fill in; there, where it is told. */
export async function recurringRun(deps: CommandDeps, context: string, namespace: string | undefined): Promise<void> {
  const selected = servedOf(deps, undefined);
  // A server for all has no namespaces.
  const isThere = namespace === undefined || ["", namespace].includes(selected?.namespace ?? "");
  const isIt = selected?.context === context && isThere;
  const subject = isIt ? selected : await fileSubject(deps, context, namespace);
  const { engine, place, facts } = await prepare(deps, subject);
  const first = engine.pipelineDesk.firstForm(facts);
  const form = subject.kind === "file" ? lastForm(deps, subject, first, facts) : first;
  await show(deps, engine, subject, place, facts, { ...form, when: "cron" });
}

async function fileSubject(deps: CommandDeps, context: string, wanted: string | undefined): Promise<FormSubject> {
  const title = vscode.l10n.t("Recurring pipeline");
  const file = await pickPipelineFile(title);
  const { namespace } = await askPlace(deps, title, notStarted(), { context, namespace: wanted });
  return { kind: "file", file, context, namespace };
}

/** Without secrets, and values that are the pipeline's own defaults: those may be others the next time. */
function changedOnly(engine: Engine, facts: RunSubjectFacts, form: RunForm): RunForm {
  const { values } = engine.pipelineDesk.firstForm(facts);
  const own = Object.entries(withoutSecrets(facts, form).values).filter(([name, value]) => values[name] !== value);
  return { ...form, values: Object.fromEntries(own) };
}

function withoutSecrets(facts: RunSubjectFacts, form: RunForm): RunForm {
  const kept = Object.entries(form.values).filter(([name, value]) => !isSecret(facts, name, value));
  return { ...form, values: Object.fromEntries(kept) };
}

/** A number is none, whatever it is called: `max_tokens`. */
function isSecret({ spec }: RunSubjectFacts, name: string, value: string): boolean {
  const type = spec.inputs.find((input) => input.name === name)?.type ?? "";
  return !["integer", "number", "boolean"].includes(type) && mayBeSecret({ name, value });
}

/** It runs by now: what goes wrong here is told, and is no failure of the run. */
async function afterStart(
  deps: CommandDeps,
  { context, namespace }: PipelinePlace,
  file: string | undefined,
  form: RunForm,
  { id }: Started,
): Promise<void> {
  if (file !== undefined) await remember(deps, { file, context, namespace, form });
  await openRun(deps, { context, namespace, id, name: label(form.name) });
}

/**
 * What a row stands for: the one that is selected where a command from the palette can mean no file. Undefined where it
 * stands for none of a server's.
 */
export function servedOf(deps: Pick<CommandDeps, "tree">, target: unknown): Served | undefined {
  const active = vscode.window.activeTextEditor?.document.uri;
  const isSelected = target === undefined && (active === undefined || !mayBePipeline(active));
  const node = isSelected ? deps.tree.selected : target;
  const folder = isTreeNode(node) ? deps.tree.folder(node) : undefined;
  const row = isTreeNode(node) ? folder?.pipeline?.(node) : undefined;
  if (row === undefined || folder === undefined) return undefined;
  const { item, namespace, parent } = row;
  const { kind, id, name } = item;
  return { kind, context: folder.cluster.connection.context.name, namespace, id, parent, name };
}

/** Handed over by a page of ours. */
export function isServed(target: unknown): target is Served {
  const kinds = ["pipeline", "version", "run", "recurring"];
  const isOne = typeof target === "object" && target !== null && "kind" in target && "parent" in target;
  return isOne && !isTreeNode(target) && kinds.some((kind) => kind === target.kind);
}

/** Shows the page again as it was before the window was reloaded. */
export async function restoreRunForm(
  deps: CommandDeps,
  panel: vscode.WebviewPanel,
  shown: NonNullable<RunFormPages["shown"]>,
): Promise<void> {
  const engine = await deps.engine();
  await engine.load();
  const { place, facts } = await prepare(deps, shown.subject);
  // What is not kept is as at first.
  const values = { ...engine.pipelineDesk.firstForm(facts).values, ...shown.form.values };
  await show(deps, engine, shown.subject, place, facts, { ...shown.form, values }, panel);
}

async function openForm(deps: CommandDeps, subject: FormSubject): Promise<void> {
  const { engine, place, facts } = await prepare(deps, subject);
  await show(deps, engine, subject, place, facts, engine.pipelineDesk.firstForm(facts));
}

/** Reads what is to be run: nothing is sent. */
async function prepare(
  deps: CommandDeps,
  subject: FormSubject,
): Promise<{ readonly engine: Engine; readonly place: KnownPlace; readonly facts: RunSubjectFacts }> {
  const engine = await deps.engine();
  const { context, namespace } = subject;
  const place = { context, namespace, access: await accessOf(engine, context) };
  if (subject.kind === "file") {
    const document = await compiledOf(engine, subject.file);
    return { engine, place, facts: engine.pipelineDesk.ofFile(document, path.basename(subject.file)) };
  }
  const facts = await withProgress(vscode.l10n.t("Reading {0}", label(subject.name)), (signal) =>
    factsOf(engine, subject, place, signal),
  );
  return { engine, place, facts };
}

export async function factsOf(
  engine: Engine,
  subject: Served,
  place: PipelinePlace,
  signal: AbortSignal,
): Promise<RunSubjectFacts> {
  const desk = engine.pipelineDesk;
  switch (subject.kind) {
    case "pipeline":
      return desk.ofVersion(place, subject.id, undefined, signal);
    case "version":
      return desk.ofVersion(place, subject.parent, subject.id, signal);
    case "run":
    case "recurring":
      return desk.ofRun(place, { kind: subject.kind, id: subject.id }, signal);
  }
}

async function show(
  deps: CommandDeps,
  engine: Engine,
  subject: FormSubject,
  place: KnownPlace,
  facts: RunSubjectFacts,
  form: RunForm,
  kept?: vscode.WebviewPanel,
): Promise<void> {
  const panels = await deps.runForms();
  const keep = (now: RunForm): void => panels.keep({ subject, form: withoutSecrets(facts, now) });
  keep(form);
  const isFile = subject.kind === "file";
  const upload = vscode.l10n.t("It is uploaded as a version, unless this very pipeline is there already.");
  const ports = portsOf(deps, engine, subject, place, facts, form, keep);
  const host = engine.pipelineDesk.host(facts, placeWords(place), form, isFile ? [upload] : [], ports);
  panels.open("", runTitle(facts.pipeline), host, undefined, kept);
}

function portsOf(
  deps: CommandDeps,
  engine: Engine,
  subject: FormSubject,
  place: KnownPlace,
  facts: RunSubjectFacts,
  form: RunForm,
  keep: (form: RunForm) => void,
): RunFormPorts {
  let latest = form;
  return {
    choices: async (signal) => {
      const [experiments, serviceAccounts] = await Promise.all([
        engine.pipelineDesk.experimentNames(place, signal),
        accountsOf(engine, place, signal),
      ]);
      return { experiments, serviceAccounts };
    },
    start: async (wish, schedule, caching, signal) => {
      const now = await current(engine, subject, facts);
      const started = await engine.pipelineDesk.start(place, now, { wish, schedule }, caching, signal);
      const file = subject.kind === "file" ? subject.file : undefined;
      if (schedule === undefined)
        afterStart(deps, place, file, changedOnly(engine, facts, latest), started).catch((error: unknown) =>
          deps.notify.error(error),
        );
      return startedWords(facts, started, schedule !== undefined);
    },
    graph: async () => {
      await vscode.commands.executeCommand(COMMANDS.showGraph, subject.kind === "file" ? subject.file : subject);
    },
    time: (ms) => new Date(ms).toLocaleString(undefined, { dateStyle: "full", timeStyle: "short" }),
    keep: (now) => {
      latest = now;
      keep(now);
    },
    onError: (error) => deps.notify.error(error),
  };
}

/** As the file is now: it may have been mended since the form was opened. Throws where it asks for something else by now. */
async function current(engine: Engine, subject: FormSubject, facts: RunSubjectFacts): Promise<RunSubjectFacts> {
  if (subject.kind !== "file") return facts;
  const name = path.basename(subject.file);
  const now = engine.pipelineDesk.ofFile(await compiledOf(engine, subject.file), name);
  if (JSON.stringify(now.spec.inputs) === JSON.stringify(facts.spec.inputs)) return now;
  const next = [{ title: vscode.l10n.t("Open the Form Anew"), command: COMMANDS.runPipeline, args: [subject.file] }];
  throw new UserError("inputs-changed", notStarted(), {
    why: vscode.l10n.t("{0} has other inputs than when this form was opened.", name),
    next,
  });
}

/** Of where the steps run; none where they may not be listed: names can be typed. */
async function accountsOf(engine: Engine, place: KnownPlace, signal: AbortSignal): Promise<readonly string[]> {
  const namespace = engine.pipelineDesk.of(place.context).podNamespace(place.namespace);
  try {
    const { items } = await engine.cluster(place.context).connection.client.list(SERVICE_ACCOUNT, {
      ...{ namespace, limit: 50, signal },
    });
    const names = items.map(({ metadata }) => metadata.name);
    // Those that runs have by themselves first, without those of the platform's own programs.
    const own = names.filter((name) => /^(pipeline-runner|default-editor|default)$/.test(name)).reverse();
    return [...own, ...names.filter((name) => !own.includes(name) && !/^ml-pipeline|-controller/.test(name))];
  } catch {
    return [];
  }
}

/** Components whose images are in no registry yet. */
async function unpushed(file: string, { spec }: RunSubjectFacts): Promise<readonly string[]> {
  return path.basename(file) === PIPELINE_FILE ? neverPushed(path.dirname(file), spec.name) : [];
}

/** One line, as before a training job. */
function confirm(
  facts: RunSubjectFacts,
  place: KnownPlace,
  form: RunForm,
  local: readonly string[],
): Promise<"run" | "change" | "build"> {
  const values = facts.spec.inputs.map(({ name }) => {
    const { [name]: value = "" } = form.values;
    return `${name}=${value !== "" && isSecret(facts, name, value) ? "…" : value}`;
  });
  const more = values.length > MOST_SHOWN ? [vscode.l10n.t("{0} more", values.length - MOST_SHOWN)] : [];
  const others = [
    form.experiment === "" ? "" : vscode.l10n.t("experiment {0}", form.experiment),
    form.serviceAccount === "" ? "" : vscode.l10n.t("as {0}", form.serviceAccount),
    form.root === "" ? "" : vscode.l10n.t("artifacts in {0}", form.root),
    form.caching === "as written" ? "" : vscode.l10n.t("caching {0}", form.caching),
  ].filter((word) => word !== "");
  const words = [...values.slice(0, MOST_SHOWN), ...more, ...others].map((word) => label(word, 80));
  const build: Choice<"build"> = {
    label: vscode.l10n.t("Build and Push Image…"),
    description: vscode.l10n.t("not pushed yet: {0}", pickLabel(local.join(", "), 100)),
    detail: vscode.l10n.t("The cluster cannot pull an image that is in no registry. Run it again when that is done."),
    value: "build",
  };
  return pickOne<"run" | "change" | "build">({
    title: runTitle(facts.pipeline),
    placeholder: pickLabel(placeWords(place), 300),
    items: [
      ...(local.length === 0 ? [] : [build]),
      {
        label: vscode.l10n.t("Run"),
        description: vscode.l10n.t("uploads it as a version where it is new"),
        detail: pickLabel(words.join(" · "), 300),
        value: "run",
      },
      {
        label: vscode.l10n.t("Change…"),
        description: vscode.l10n.t("inputs, experiment, service account, caching, schedule"),
        value: "change",
      },
    ],
  });
}

function startedWords({ pipeline, spec }: RunSubjectFacts, { uploaded }: Started, isRecurring: boolean): string {
  const name = label(pipeline);
  const what = isRecurring
    ? vscode.l10n.t("{0} runs by its schedule from now on.", name)
    : vscode.l10n.t("A run of {0} was started: {1}.", name, plural(spec.tasks.length, "step"));
  if (uploaded === undefined) return what;
  const version = label(uploaded.versionName);
  return uploaded.isNew
    ? vscode.l10n.t("{0} Version {1} was uploaded for it.", what, version)
    : vscode.l10n.t("{0} It is version {1}, which was there.", what, version);
}

/** As it was started last from this file there, where it was not left at its default; its name is of this time. */
function lastForm(deps: CommandDeps, at: Omit<KeptForm, "form">, first: RunForm, { spec }: RunSubjectFacts): RunForm {
  const kept = forms(deps).find((one) => isSame(one, at))?.form;
  if (kept === undefined) return first;
  const values = spec.inputs.map(({ name }) => [name, kept.values[name] ?? first.values[name] ?? ""]);
  return { ...kept, name: first.name, when: "once", values: Object.fromEntries(values) as RunForm["values"] };
}

async function remember(deps: CommandDeps, kept: KeptForm): Promise<void> {
  const others = forms(deps).filter((one) => !isSame(one, kept));
  await deps.state.set(FORMS_KEY, [...others, kept].slice(-MOST_FORMS));
}

interface KeptForm {
  readonly file: string;
  readonly context: string;
  readonly namespace: string;
  /** `values` are those alone that were changed. */
  readonly form: RunForm;
}

function isSame(a: Omit<KeptForm, "form">, b: Omit<KeptForm, "form">): boolean {
  return a.file === b.file && a.context === b.context && a.namespace === b.namespace;
}

/** Only we write there; what an older version wrote in another form is dropped. */
function forms({ state }: Pick<CommandDeps, "state">): readonly KeptForm[] {
  const kept = state.get(FORMS_KEY);
  const isForm = (value: unknown): value is KeptForm =>
    typeof value === "object" && value !== null && "file" in value && "form" in value && "context" in value;
  return Array.isArray(kept) ? kept.filter(isForm) : [];
}

function runTitle(name: string): string {
  return vscode.l10n.t("Run {0}", label(name));
}

function notStarted(): string {
  return vscode.l10n.t("The run was not started.");
}
