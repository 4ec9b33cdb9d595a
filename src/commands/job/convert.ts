import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label, pickLabel } from "../../core/sanitize.ts";
import type { Engine } from "../../engine.ts";
import type { Manifest } from "../../jobs/index.ts";
import { COMMANDS } from "../../manifest.ts";
import { pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { CommandDeps } from "../deps.ts";
import { contextOf, isTreeNode, namespaceOf, rowOf } from "../nodes.ts";
import { askSite, readDocument, yamlDocument } from "./manifest.ts";

interface Source {
  readonly manifest: Manifest;
  /** Of a row; asked for where it is a document. */
  readonly context?: string;
  readonly document?: vscode.TextDocument;
}

/** The PyTorchJob of a row or of a YAML document beside the TrainJob that it would be, which can be edited and launched. */
export async function convertJob(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  await engine.load();
  const { manifest, context: known, document } = await sourceOf(deps, engine, target);
  const { kind, metadata } = manifest.job;
  const { name } = metadata;
  if (kind !== "PyTorchJob") throw notConverted(name, vscode.l10n.t("It is a {0}.", kind));
  const title = vscode.l10n.t("Convert {0}", name);
  const what = vscode.l10n.t("{0} was not converted.", label(name));
  const { context, namespace } =
    known !== undefined && metadata.namespace !== undefined
      ? { context: known, namespace: metadata.namespace }
      : await askSite(engine, title, document, manifest, what);
  const at = { name, context, namespace, what };
  const { runtimes, client } = await withProgress(
    vscode.l10n.t("Reading the runtimes of {0}", label(context)),
    async (signal) => {
      const connected = await engine.connectedClient(context, signal);
      if (!(await engine.launchKinds(context, signal)).includes("TrainJob")) throw noTrainer(name, context);
      const found = engine.jobs.listRuntimes(connected, namespace, signal).catch(engine.jobs.refused(at));
      return { client: connected, runtimes: await found };
    },
  );
  const items = runtimes.map((value) => ({
    label: pickLabel(value.name),
    description: pickLabel([value.framework, value.kind].filter(Boolean).join(" · ")),
    value,
  }));
  const placeholder = vscode.l10n.t("On which runtime? It decides what torchrun finds and how pods restart");
  const runtime = items.length > 1 ? await pickOne({ title, placeholder, items }) : runtimes[0];
  const text = await withProgress(vscode.l10n.t("Converting {0}", name), async (signal) => {
    const { findRuntime, manifests, refused } = engine.jobs;
    const use = await findRuntime(client, namespace, runtime, signal, what).catch(refused(at));
    return manifests.convert(
      manifest.value,
      use,
      await manifests.schema(client, "TrainJob", signal).catch(refused(at)),
    );
  });
  const written = engine.jobs.manifests.asWritten(manifest.value);
  const left = deps.documents.put([context, namespace, "job", `${name}.yaml`], written, "written");
  const right = await vscode.workspace.openTextDocument({ language: "yaml", content: text });
  const between = vscode.l10n.t("{0}: PyTorchJob ↔ TrainJob", name);
  await vscode.commands.executeCommand("vscode.diff", left, right.uri, between, { preview: false });
}

async function sourceOf(deps: CommandDeps, engine: Engine, target: unknown): Promise<Source> {
  const isEdited = vscode.window.activeTextEditor?.document.languageId === "yaml";
  if (target instanceof vscode.Uri || (!isTreeNode(target) && isEdited)) {
    const document = await yamlDocument(target);
    return { manifest: readDocument(deps, engine, document).manifest, document };
  }
  const row = rowOf(deps, target);
  const object = row.kind === "job" ? deps.tree.folder(row)?.object?.(row) : undefined;
  const context = contextOf(row);
  if (object === undefined || context === undefined)
    throw new UserError("no-job", vscode.l10n.t("There is nothing to convert."), {
      hint: vscode.l10n.t("Select a PyTorchJob in the Kubeflow view, or open a YAML document that holds one."),
    });
  const name = label(object.name);
  const text = await withProgress(vscode.l10n.t("Reading {0}", name), (signal) =>
    engine.objectYaml(context, { ...object, namespace: object.namespace ?? namespaceOf(row) }, signal),
  );
  const { manifest, problems } = engine.jobs.manifests.read(text);
  if (manifest === undefined)
    throw notConverted(name, problems[0]?.text ?? vscode.l10n.t("It is a {0}.", object.resource.kind));
  return { manifest, context };
}

function notConverted(name: string, why: string): UserError {
  return new UserError("not-converted", vscode.l10n.t("{0} was not converted.", label(name)), {
    why,
    hint: vscode.l10n.t("A PyTorchJob (kubeflow.org/v1) becomes a TrainJob."),
  });
}

function noTrainer(name: string, context: string): UserError {
  return new UserError("no-trainer", vscode.l10n.t("{0} was not converted.", label(name)), {
    why: vscode.l10n.t("{0} has no Kubeflow Trainer, which runs TrainJobs.", label(context)),
    hint: vscode.l10n.t("Install it, or convert for a cluster that has it; the PyTorchJob goes on as it is."),
    next: [{ title: vscode.l10n.t("Install Kubeflow…"), command: COMMANDS.installKubeflow }],
  });
}
