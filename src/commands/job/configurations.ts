// Runs that `.vscode/trainyard.json` of a folder names: chosen, placed, saved.
import path from "node:path";
import * as vscode from "vscode";
import { CancelledError, UserError } from "../../core/errors.ts";
import { label, pickLabel } from "../../core/sanitize.ts";
import { joined } from "../../core/text.ts";
import type { Engine } from "../../engine.ts";
import type { Configuration, ConfigurationFile, RunChoice } from "../../jobs/index.ts";
import { type Choice, pickOne } from "../../platform/pick.ts";
import type { CommandDeps } from "../deps.ts";
import { askContext, askNamespace, kindFor } from "./askPlace.ts";
import type { Wants } from "./choose.ts";

/** What the folder names, and the folder. */
export interface Named extends ConfigurationFile {
  readonly folder: string;
}

/** The configurations of a workspace folder as they stand on the screen; what is wrong with them stands in Problems. */
export async function namedIn(deps: Pick<CommandDeps, "problems">, engine: Engine, folder: string): Promise<Named> {
  const file = path.join(folder, ".vscode", "trainyard.json");
  const open = vscode.workspace.textDocuments.find(({ isDirty, uri }) => isDirty && uri.fsPath === file);
  if (open !== undefined && !(await open.save()))
    throw new UserError("not-saved", vscode.l10n.t("{0} could not be saved.", path.basename(file)));
  return { folder, ...(await deps.problems.configurations(engine, folder)) };
}

/** The one of the name that a task gives. */
export function findNamed({ configurations, problems }: Named, name: string): Configuration {
  const found = configurations.find((one) => one.name === name);
  if (found !== undefined) return found;
  const [problem] = problems;
  const what = vscode.l10n.t("The job was not created.");
  if (problem === undefined) {
    const why = vscode.l10n.t("No configuration of .vscode/trainyard.json is called {0}.", label(name, 80));
    throw new UserError("no-configuration", what, { why });
  }
  const why = vscode.l10n.t(
    "No configuration of .vscode/trainyard.json that can be read is called {0}.",
    label(name, 80),
  );
  const hint = vscode.l10n.t("Its line {0}: {1}", problem.line, label(problem.text));
  throw new UserError("no-configuration", what, { why, hint });
}

/** The configuration of the script that the person picks; undefined for none, where `orAsk` offers to ask each thing. */
export async function pickNamed(
  engine: Engine,
  file: string,
  named: Named,
  orAsk: boolean,
): Promise<Configuration | undefined> {
  const own = named.configurations.filter(({ script }) => path.resolve(named.folder, script) === file);
  const [problem] = named.problems;
  if (own.length === 0 && problem === undefined) {
    if (orAsk) return undefined;
    throw noneNamed(file);
  }
  const broken = "broken";
  const items: Choice<Configuration | undefined | typeof broken>[] = own.map((one) => ({
    label: pickLabel(one.name),
    description: pickLabel(words(engine, one)),
    value: one,
  }));
  if (problem !== undefined)
    items.push({
      label: `$(warning) ${vscode.l10n.t("Open trainyard.json")}`,
      description: pickLabel(vscode.l10n.t("line {0}: {1}", problem.line, problem.text)),
      value: broken,
    });
  if (orAsk) items.push({ label: vscode.l10n.t("Ask me each thing"), value: undefined });
  const title = vscode.l10n.t("Run {0}", path.basename(file));
  const picked = await pickOne({ title, placeholder: vscode.l10n.t("As which configuration?"), items });
  if (picked !== broken) return picked;
  const line = (problem?.line ?? 1) - 1;
  const selection = new vscode.Range(line, 0, line, 0);
  await vscode.window.showTextDocument(vscode.Uri.file(named.file), { selection });
  throw new CancelledError();
}

export function noneNamed(file: string): UserError {
  return new UserError("no-configuration", vscode.l10n.t("No configuration is named for {0}.", path.basename(file)), {
    hint: vscode.l10n.t("Save Run as Configuration… makes one."),
  });
}

/** `2 nodes × 1 GPU · team-a / alice`: its size, and where it says that it runs. */
function words({ jobs }: Engine, configuration: Configuration): string {
  const { context = "", namespace = "" } = configuration;
  const { size } = jobs.configurations.toChoice(configuration, { kind: "PyTorchJob", context, namespace, image: "" });
  return joined([jobs.sizes.describeSize(size), joined([context, namespace], " / ")]);
}

/** The configuration as a run. `own` is where the file runs otherwise; where nothing says it, the person is asked. */
export async function asChoice(
  engine: Engine,
  folder: string,
  configuration: Configuration,
  file: string,
  own: RunChoice | undefined,
  wants: Wants,
): Promise<RunChoice> {
  const { toChoice, kindOf } = engine.jobs.configurations;
  const title = vscode.l10n.t("Run {0}", path.basename(file));
  const place = await placeOf(engine, folder, configuration, title, own);
  const kind = kindOf(configuration) ?? (await kindFor(engine, place.context, wants.kind));
  const project = own?.project;
  return toChoice(configuration, {
    ...{ ...place, kind, image: wants.image(kind) },
    ...(project === undefined ? {} : { project }),
  });
}

type Place = Pick<RunChoice, "context" | "namespace">;

/** Nothing that the file names is called before the person has agreed to it, once. */
async function placeOf(
  engine: Engine,
  folder: string,
  configuration: Configuration,
  title: string,
  own: Place | undefined,
): Promise<Place> {
  const wanted = configuration.context;
  const last = own ?? engine.jobs.lastRuns.latest();
  const isKnown = engine.contexts().some(({ name }) => name === wanted);
  if (wanted !== undefined && !isKnown) {
    const why = vscode.l10n.t("{0} is not in your kubeconfig. On which cluster?", label(wanted, 80));
    return ask(engine, title, last, configuration.namespace, why);
  }
  const context = wanted ?? own?.context ?? (await askContext(engine, title, last?.context));
  const { namespace = "" } = configuration;
  const place = { folder, configuration: configuration.name, context, namespace };
  if ((wanted !== undefined || namespace !== "") && !engine.jobs.places.has(place)) {
    const agrees = await pickOne({
      title,
      placeholder: vscode.l10n.t("{0} of trainyard.json names where it runs", label(configuration.name)),
      items: [
        {
          label: pickLabel(namespace === "" ? context : `${context} / ${namespace}`),
          description: pickLabel(engine.context(context).server),
          detail: vscode.l10n.t("The code goes there, with your sign-in. You are asked this once."),
          value: true,
        },
        { label: vscode.l10n.t("Somewhere else…"), value: false },
      ],
    });
    if (!agrees) return ask(engine, title, last, undefined);
    await engine.jobs.places.agree(place);
  }
  if (namespace !== "") return { context, namespace };
  if (own?.context === context) return { context, namespace: own.namespace };
  const known = last?.context === context ? last.namespace : undefined;
  return { context, namespace: await askNamespace(engine, title, context, known) };
}

async function ask(
  engine: Engine,
  title: string,
  last: Place | undefined,
  namespace: string | undefined,
  why?: string,
): Promise<Place> {
  const context = await askContext(engine, title, last?.context, undefined, why);
  const known = namespace ?? (last?.context === context ? last.namespace : undefined);
  return { context, namespace: await askNamespace(engine, title, context, known) };
}

/** Asks for a name, and adds the run to what the folder of the file names. */
export async function saveRun(
  deps: Pick<CommandDeps, "problems">,
  engine: Engine,
  file: string,
  choice: RunChoice,
): Promise<void> {
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file))?.uri.fsPath;
  if (folder === undefined)
    throw new UserError("no-folder", vscode.l10n.t("The configuration was not saved."), {
      why: vscode.l10n.t("{0} is in no folder that is open.", path.basename(file)),
      hint: vscode.l10n.t("Open its folder first."),
    });
  const script = path.relative(folder, file).split(path.sep).join("/");
  const suggested = path.parse(file).name;
  const made = engine.jobs.configurations.fromChoice(suggested, script, choice);
  const named = await namedIn(deps, engine, folder);
  const title = vscode.l10n.t("Save run of {0} as configuration", path.basename(file));
  const isNew = (name: string): Choice<string> => ({ label: name, description: vscode.l10n.t("new"), value: name });
  const known = named.configurations.map((one) => ({
    label: pickLabel(one.name),
    description: pickLabel(vscode.l10n.t("takes the place of the one for {0}", one.script)),
    value: one.name,
  }));
  const name = await pickOne({
    ...{ title, placeholder: vscode.l10n.t("Under which name? Type a new one, or choose one to replace") },
    items: known.some(({ value }) => value === suggested) ? known : [isNew(suggested), ...known],
    typed: (text) => (text.length > 80 ? undefined : isNew(text)),
  });
  const { context, namespace } = choice;
  const place = await pickOne<Partial<Place>>({
    ...{ title, placeholder: vscode.l10n.t("The file is shared with everyone who has the folder") },
    items: [
      {
        label: vscode.l10n.t("Without cluster and namespace"),
        description: vscode.l10n.t("each person’s own"),
        value: {},
      },
      {
        label: pickLabel(vscode.l10n.t("With {0} / {1}", context, namespace)),
        description: vscode.l10n.t("each person is asked once"),
        value: { context, namespace },
      },
    ],
  });
  const configuration = { ...made, name, ...place };
  // It may have been edited while the questions stood.
  await namedIn(deps, engine, folder);
  await engine.jobs.configurations.save(folder, configuration);
  if (place.context !== undefined) await engine.jobs.places.agree({ folder, configuration: name, context, namespace });
  await namedIn(deps, engine, folder);
  await vscode.window.showTextDocument(vscode.Uri.file(named.file), { preview: false });
}
