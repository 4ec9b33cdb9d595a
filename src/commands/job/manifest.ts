import path from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label, pickLabel } from "../../core/sanitize.ts";
import { plural, shorten } from "../../core/text.ts";
import type { Engine } from "../../engine.ts";
import type { CheckedManifest, Manifest, ManifestSite, Problem } from "../../jobs/index.ts";
import { COMMANDS } from "../../manifest.ts";
import { pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import { requireTrust } from "../../platform/trust.ts";
import type { CommandDeps } from "../deps.ts";
import { askContext, askNamespace } from "./askPlace.ts";
import { jobReference } from "./jobs.ts";

/**
 * Launches the training job that a YAML document holds, as it is on the screen. What is wrong with it stands in Problems;
 * the cluster is asked for, and a namespace of the document is shown before anything is made.
 */
export async function launchManifest(deps: CommandDeps, target: unknown): Promise<void> {
  requireTrust();
  const document = await yamlDocument(target);
  const engine = await deps.engine();
  await engine.load();
  // What is launched is what is on the screen: an edit meanwhile is read, and checked, as if it had been there.
  let site: ManifestSite | undefined;
  for (;;) {
    const { version } = document;
    const { manifest, problems } = readDocument(deps, engine, document);
    const { name, namespace: written } = manifest.job.metadata;
    const title = vscode.l10n.t("Launch {0}", name);
    if (site === undefined || (written !== undefined && written !== site.namespace))
      site = await askSite(engine, title, document, manifest);
    const checked = await checkManifest(engine, manifest, site);
    if (document.version !== version) continue;
    const found = checked.findings.map(({ path: at, ...said }) => ({ ...manifest.place(at), ...said }));
    deps.manifestProblems.show(document, [...problems, ...found]);
    refuseErrors(document, found);
    if (checked.launched === undefined) await confirmLaunch(title, manifest, checked);
    else
      deps.notify.info(
        vscode.l10n.t(
          "{0} was launched already, by this very text. To run it again, delete it or change its name.",
          name,
        ),
      );
    if (document.version !== version) continue;
    await launchChecked(engine, checked);
    return;
  }
}

function checkManifest(engine: Engine, manifest: Manifest, site: ManifestSite): Promise<CheckedManifest> {
  const { name } = manifest.job.metadata;
  return withProgress(vscode.l10n.t("Checking {0}", name), async (signal) => {
    const client = await engine.connectedClient(site.context, signal);
    return engine.jobs.manifests.check(manifest, site, client, signal);
  });
}

/** Launches it, and follows it. */
export async function launchChecked(engine: Engine, checked: CheckedManifest): Promise<void> {
  const { context } = checked;
  const job = await withProgress(vscode.l10n.t("Launching {0}", checked.job.metadata.name), (signal, report) =>
    engine.jobs.manifests.launch(checked, engine.cluster(context).connection.client, signal, report),
  );
  await vscode.commands.executeCommand(COMMANDS.followJob, jobReference(context, job));
}

/**
 * Where a manifest is to go. A text may come from others: a namespace that it names is shown with its cluster before
 * anything is asked there, once for each file and place.
 */
export async function askSite(
  engine: Engine,
  title: string,
  document: vscode.TextDocument | undefined,
  manifest: Manifest<string>,
  what?: string,
): Promise<ManifestSite> {
  const last = engine.jobs.lastRuns.latest();
  const context = await askContext(engine, title, last?.context, undefined, undefined, what);
  const { namespace } = manifest.job.metadata;
  if (namespace === undefined) {
    const known = last?.context === context ? last.namespace : undefined;
    return { context, namespace: await askNamespace(engine, title, context, known) };
  }
  const site = { context, namespace };
  // Of one that has no file yet nothing is remembered: the next of that name is another.
  const file = document?.uri.scheme === "file" ? document.uri.fsPath : undefined;
  const place =
    file === undefined ? undefined : { folder: path.dirname(file), configuration: path.basename(file), ...site };
  const { places, manifests } = engine.jobs;
  if (manifests.isPlannedFor(manifest, site) || (place !== undefined && places.has(place))) return site;
  await pickOne({
    title,
    placeholder: vscode.l10n.t("The text names the namespace that it goes to"),
    items: [
      {
        label: pickLabel(`${context} / ${namespace}`),
        description: pickLabel(engine.context(context).server),
        detail: vscode.l10n.t("That cluster reads it, with your sign-in."),
        value: true,
      },
    ],
  });
  if (place !== undefined) await places.agree(place);
  return site;
}

/** The document that was meant: what was clicked on, else what is being edited. */
export async function yamlDocument(target: unknown): Promise<vscode.TextDocument> {
  const uri = target instanceof vscode.Uri ? target : vscode.window.activeTextEditor?.document.uri;
  const document = uri && (await vscode.workspace.openTextDocument(uri));
  if (document?.languageId === "yaml") return document;
  throw new UserError("no-manifest", vscode.l10n.t("There is no YAML document open."), {
    hint: vscode.l10n.t("Open one that holds a PyTorchJob or a TrainJob."),
  });
}

/** Its job. Throws UserError `no-manifest` where it has none, `bad-manifest` where it cannot be read: then Problems say why. */
export function readDocument(
  deps: Pick<CommandDeps, "manifestProblems">,
  engine: Engine,
  document: vscode.TextDocument,
): { readonly manifest: Manifest; readonly problems: readonly Problem[] } {
  const { manifest, problems } = engine.jobs.manifests.read(document.getText());
  deps.manifestProblems.show(document, problems);
  refuseErrors(document, problems);
  if (manifest !== undefined) return { manifest, problems };
  const name = label(path.basename(document.uri.path));
  throw new UserError("no-manifest", vscode.l10n.t("{0} holds no PyTorchJob and no TrainJob.", name), {
    hint: vscode.l10n.t("Open a YAML document that does."),
  });
}

/** Throws UserError `bad-manifest` where one of them is an error. */
export function refuseErrors({ uri }: vscode.TextDocument, problems: readonly Problem[]): void {
  const errors = problems.filter(({ isWarning }) => !isWarning);
  const [first] = errors;
  if (first === undefined) return;
  const what = vscode.l10n.t("{0} cannot be used as it is.", label(path.basename(uri.path)));
  const at = vscode.l10n.t("Line {0}: {1}", first.line + 1, first.text);
  throw new UserError("bad-manifest", what, {
    why: errors.length === 1 ? at : vscode.l10n.t("{0} (and {1})", at, plural(errors.length - 1, "other")),
    next: [{ title: vscode.l10n.t("Show Problems"), command: "workbench.actions.view.problems" }],
  });
}

/** `TrainJob · team-a / alice · resnet · ⚠ 1 warning`, with what goes along and what stays. */
async function confirmLaunch(title: string, { others }: Manifest, checked: CheckedManifest): Promise<void> {
  const { job, context, namespace, plan, left, findings } = checked;
  const detail = [
    job.kind,
    `${shorten(label(context), 30)} / ${label(namespace)}`,
    label(job.metadata.name),
    ...(plan === undefined ? [] : [vscode.l10n.t("with its code: {0}", plural(plan.snapshot.files.length, "file"))]),
    ...(left === undefined ? [] : [vscode.l10n.t("goes on with a launch that was cut off")]),
    ...(findings.length === 0 ? [] : [vscode.l10n.t("⚠ {0} in Problems", plural(findings.length, "warning"))]),
    ...(others === 0 ? [] : [vscode.l10n.t("⚠ {0} of the text stay here", plural(others, "other object"))]),
  ].join(" · ");
  await pickOne({
    title,
    placeholder: vscode.l10n.t("Nothing has been made yet"),
    items: [{ label: `$(rocket) ${vscode.l10n.t("Launch")}`, detail: pickLabel(detail, 400), value: true }],
  });
}

/** A text as an unsaved YAML document. */
export async function openManifest(content: string): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument({ language: "yaml", content });
  await vscode.window.showTextDocument(document, { preview: false });
  return document;
}
