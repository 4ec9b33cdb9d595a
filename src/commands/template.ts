// What has no form of its own: fields are asked, the YAML is shown, the cluster looks at it, and it is made.
import path from "node:path";
import * as vscode from "vscode";
import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { plural, shorten } from "../core/text.ts";
import type { Engine } from "../engine.ts";
import type { ManifestSite } from "../jobs/index.ts";
import type { Parts } from "../kubeflow/parts.ts";
import { COMMANDS } from "../manifest.ts";
import { type Choice, pickOne } from "../platform/pick.ts";
import { withProgress } from "../platform/progress.ts";
import { askEach } from "../platform/questions.ts";
import { requireTrust } from "../platform/trust.ts";
import type { Template } from "../templates/index.ts";
import { folderOf } from "../tree/nodes.ts";
import type { CommandDeps } from "./deps.ts";
import { askContext, askNamespace } from "./job/askPlace.ts";
import { askSite, launchManifest, openManifest, refuseErrors, yamlDocument } from "./job/manifest.ts";
import { contextOf, isTreeNode, namespaceOf } from "./nodes.ts";
import { recurringRun } from "./pipeline/run.ts";
import { askExperiment } from "./templateTrial.ts";

/** Where texts of this window go: who made them has chosen that. */
const SITES = new WeakMap<vscode.TextDocument, ManifestSite>();

/** From the palette, a namespace or one of its folders. */
export async function newFromTemplate(deps: CommandDeps, target: unknown): Promise<void> {
  requireTrust();
  const engine = await deps.engine();
  await engine.load();
  const title = vscode.l10n.t("New from Template");
  const last = engine.jobs.lastRuns.latest();
  const nothing = vscode.l10n.t("Nothing was made.");
  const context = contextOf(target) ?? (await askContext(engine, title, last?.context, undefined, undefined, nothing));
  const parts = await withProgress(vscode.l10n.t("Connecting to {0}", label(context)), async (signal) => {
    await engine.connectedClient(context, signal);
    return engine.cluster(context).readParts(signal);
  });
  const folder = isTreeNode(target) ? folderOf(target)?.what : undefined;
  let namespace = namespaceOf(target);
  for (;;) {
    const template = await pickTemplate(engine, title, parts, folder);
    if (template === "recurring") return recurringRun(deps, context, namespace);
    if (parts !== undefined && !template.part.isIn(parts)) throw engine.templates.missingPart(template, context);
    const known = last?.context === context ? last.namespace : undefined;
    namespace ??= await askNamespace(engine, title, context, known);
    const text = await ask(deps, engine, template, { context, namespace }, parts);
    if (text === undefined) continue;
    const document = await openManifest(text);
    SITES.set(document, { context, namespace });
    return applyTemplate(deps, engine, document);
  }
}

/** *Launch Manifest* of any kind that is made from here: what is no training job is made as it is. */
export async function launchAny(deps: CommandDeps, target: unknown): Promise<void> {
  requireTrust();
  const document = await yamlDocument(target);
  const engine = await deps.engine();
  const text = document.getText();
  const job = engine.jobs.manifests.read(text);
  const own = engine.templates.read(text);
  const isOurs = own.manifest !== undefined || (job.problems.length === 0 && own.problems.length > 0);
  if (job.manifest !== undefined || !isOurs) return launchManifest(deps, document.uri);
  await engine.load();
  await applyTemplate(deps, engine, document);
}

function pickTemplate(
  engine: Engine,
  title: string,
  parts: Parts | undefined,
  folder: string | undefined,
): Promise<Template | "recurring"> {
  const lacks = (name: string, isThere: boolean | undefined): string =>
    isThere === false ? vscode.l10n.t("the cluster has no {0}", name) : "";
  const items: Choice<Template | "recurring">[] = [
    ...engine.templates.templates.map((template) => ({
      label: template.title,
      description: lacks(template.part.name, parts && template.part.isIn(parts)),
      detail: template.detail,
      value: template,
    })),
    {
      label: vscode.l10n.t("Recurring pipeline"),
      description: lacks("Kubeflow Pipelines", parts && parts.pipelines?.certain === true),
      detail: vscode.l10n.t("Runs a pipeline by a schedule; its form comes next"),
      value: "recurring",
    },
  ];
  const active =
    folder === "pipelines" ? items.at(-1) : items.find(({ value }) => value !== "recurring" && value.what === folder);
  return pickOne({ title, placeholder: vscode.l10n.t("What is to be made?"), items, active });
}

/** The text of what was asked for; undefined where the person went back. */
async function ask(
  deps: CommandDeps,
  engine: Engine,
  template: Template,
  site: ManifestSite,
  parts: Parts | undefined,
): Promise<string | undefined> {
  if (template.id === "experiment") return askExperiment(deps, engine, template, site, parts);
  const facts = { id: engine.templates.newId() };
  const answers = await askEach(template.title, (known) => template.fields(facts, known));
  return answers && engine.templates.text(template, answers, site.namespace);
}

/** Has the cluster look at the text as it is on the screen, shows what is wrong at its lines, asks, and makes it. */
async function applyTemplate(deps: CommandDeps, engine: Engine, document: vscode.TextDocument): Promise<void> {
  let site = SITES.get(document);
  for (;;) {
    const { version } = document;
    const { manifest, problems } = engine.templates.read(document.getText());
    deps.manifestProblems.show(document, problems);
    refuseErrors(document, problems);
    if (manifest === undefined)
      throw new UserError("no-manifest", vscode.l10n.t("{0} holds nothing that is made here.", nameOf(document)), {
        hint: vscode.l10n.t("It takes a training job, an Experiment, an InferenceService or a RayJob."),
      });
    const { kind, metadata } = manifest.job;
    const { name } = metadata;
    const what = vscode.l10n.t("{0} was not made.", label(name));
    const title = vscode.l10n.t("Make {0}", name);
    if (site === undefined || (metadata.namespace !== undefined && metadata.namespace !== site.namespace))
      site = await askSite(engine, title, document, manifest, what);
    const at = site;
    const checked = await withProgress(vscode.l10n.t("Checking {0}", name), async (signal) =>
      engine.templates.check(manifest, at, await engine.connectedClient(at.context, signal), signal),
    );
    if (document.version !== version) continue;
    const found = checked.findings.map(({ path: where, ...said }) => ({ ...manifest.place(where), ...said }));
    deps.manifestProblems.show(document, [...problems, ...found]);
    refuseErrors(document, found);
    const { length: warnings } = [...problems, ...found];
    const place = `${shorten(label(at.context), 30)} / ${label(at.namespace)}`;
    const question = [
      vscode.l10n.t("{0} would take the {1} {2}.", place, kind, label(name)),
      ...(warnings === 0 ? [] : [vscode.l10n.t("{0} in Problems.", plural(warnings, "warning"))]),
      ...(manifest.others === 0
        ? []
        : [vscode.l10n.t("{0} of the text stay here.", plural(manifest.others, "other object"))]),
      checked.isMade
        ? vscode.l10n.t("It was made before, which was not heard of: Apply goes on with it.")
        : vscode.l10n.t("Nothing has been made yet; the text can still be changed."),
    ].join(" ");
    if (!(await deps.notify.ask(question, vscode.l10n.t("Apply")))) return;
    if (document.version !== version) continue;
    const uid = await withProgress(vscode.l10n.t("Making {0}", name), (signal) =>
      engine.templates.apply(checked, engine.cluster(at.context).connection.client, signal),
    );
    const row = { kind: "workload", what: engine.templates.templateOf(kind).what, ...at, name, uid };
    deps.notify.info(vscode.l10n.t("{0} was made in {1}.", label(name), place), {
      title: vscode.l10n.t("Show Row"),
      command: COMMANDS.reveal,
      args: [row],
    });
    return;
  }
}

function nameOf({ uri }: vscode.TextDocument): string {
  return label(path.basename(uri.path));
}
