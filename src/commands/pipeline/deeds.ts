// What is done with runs, schedules and pipelines that are at the server.
import path from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { Engine } from "../../engine.ts";
import { actOnRun, type PipelineItem, type PipelineServer, type RunDeed, setRecurring } from "../../pipelines/index.ts";
import { askText } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { PipelineRow } from "../../tree/folder.ts";
import type { CommandDeps } from "../deps.ts";
import { isNode, rowOf } from "../nodes.ts";
import { compiledOf, pickPipelineFile, pipelineFile } from "./compiled.ts";
import { askPlace } from "./place.ts";

interface Picked extends PipelineRow {
  readonly engine: Engine;
  readonly context: string;
}

/** As a pipeline of its own name, or as a version of the one whose row it is. */
export async function uploadPipelineFile(deps: CommandDeps, target: unknown): Promise<void> {
  const isRow = isNode(target, "pipeline") || isNode(target, "folder");
  const file = isRow ? await pickPipelineFile(vscode.l10n.t("Upload Pipeline")) : pipelineFile(target);
  const title = vscode.l10n.t("Upload {0}", path.basename(file));
  const at = isNode(target, "pipeline") ? rowOfPipeline(deps, target) : undefined;
  const engine = await deps.engine();
  const document = await compiledOf(engine, file);
  const place = at ?? (await askPlace(deps, title, vscode.l10n.t("The pipeline was not uploaded.")));
  const facts = engine.pipelineDesk.ofFile(document, path.basename(file));
  const suggested = at === undefined ? facts.spec.name : at.item.name;
  const prompt = vscode.l10n.t("Name of the pipeline; one that is there gets a version more");
  const name = at === undefined ? await askText({ title, prompt, value: suggested, check: nameProblem }) : suggested;
  const uploading = vscode.l10n.t("Uploading {0}", label(name));
  const uploaded = await withProgress(uploading, (signal) =>
    engine.pipelineDesk.upload(place, document, at === undefined ? { name } : { name, pipeline: at.item.id }, signal),
  );
  const version = label(uploaded.versionName);
  deps.notify.info(
    uploaded.isNew
      ? vscode.l10n.t("{0} was uploaded, as version {1}.", label(name), version)
      : vscode.l10n.t("Nothing was uploaded: version {0} of {1} has this very content.", version, label(name)),
  );
}

function nameProblem(text: string): string | undefined {
  return text.trim() === "" || text.length > 128 ? vscode.l10n.t("A name has 1 to 128 characters.") : undefined;
}

/** Runs the steps that failed once more; what has succeeded stays. */
export async function retryRun(deps: CommandDeps, target: unknown): Promise<void> {
  const picked = await runOf(deps, target);
  await retry(picked.engine, idOf(picked));
}

/** A run at a server. */
interface KnownRun {
  readonly context: string;
  readonly namespace: string;
  readonly id: string;
  readonly name: string;
}

function idOf({ context, namespace, item: { id, name } }: Picked): KnownRun {
  return { context, namespace, id, name: label(name) };
}

export function retry(engine: Engine, run: KnownRun): Promise<void> {
  return act(engine, run, "retry", vscode.l10n.t("Trying {0} again", run.name));
}

/** Asks first. */
export async function stopRun({ notify }: Pick<CommandDeps, "notify">, engine: Engine, run: KnownRun): Promise<void> {
  const detail = vscode.l10n.t("The steps that run end. What they have written stays.");
  if (!(await notify.confirm(vscode.l10n.t("Stop {0}?", run.name), detail, vscode.l10n.t("Stop")))) return;
  await act(engine, run, "terminate", vscode.l10n.t("Stopping {0}", run.name));
}

/** Out of the way, or back. */
export async function archiveRun(deps: CommandDeps, target: unknown): Promise<void> {
  const picked = await runOf(deps, target);
  const row = rowOf(deps, target);
  const isArchived = isNode(row.parent, "pipeline") && row.parent.key === "archived";
  const name = label(picked.item.name);
  const doing = isArchived ? vscode.l10n.t("Restoring {0}", name) : vscode.l10n.t("Archiving {0}", name);
  await act(picked.engine, idOf(picked), isArchived ? "unarchive" : "archive", doing);
}

/** A run ends; a schedule starts no more of them. */
export async function stopPipelineRow(deps: CommandDeps, target: unknown): Promise<void> {
  const picked = await pickedOf(deps, target);
  const { item } = picked;
  if (item.kind === "recurring") return setEnabled(picked, false);
  if (item.kind !== "run") throw noneThatRuns();
  await stopRun(deps, picked.engine, idOf(picked));
}

export async function startPipelineRow(deps: CommandDeps, target: unknown): Promise<void> {
  const picked = await pickedOf(deps, target);
  if (picked.item.kind !== "recurring") throw noneThatRuns();
  await setEnabled(picked, true);
}

function noneThatRuns(): UserError {
  return new UserError("no-run", vscode.l10n.t("Select a run or a recurring run in the Kubeflow view first."));
}

async function setEnabled({ engine, context, namespace, item }: Picked, enabled: boolean): Promise<void> {
  const name = label(item.name);
  const doing = enabled ? vscode.l10n.t("Starting {0}", name) : vscode.l10n.t("Stopping {0}", name);
  await done(engine, context, doing, (server, signal) => setRecurring(server, item.id, enabled, namespace, signal));
}

function act(engine: Engine, { context, namespace, id }: KnownRun, deed: RunDeed, doing: string): Promise<void> {
  return done(engine, context, doing, (server, signal) => actOnRun(server, id, deed, namespace, signal));
}

/** By the connection as it is now. Whoever looks at it sees what has become of it, also where it failed. */
async function done(
  engine: Engine,
  context: string,
  doing: string,
  work: (server: PipelineServer, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  try {
    await withProgress(doing, (signal) => work(engine.pipelineDesk.of(context).server, signal));
  } finally {
    engine.pipelineDesk.changed(context);
  }
}

async function runOf(deps: CommandDeps, target: unknown): Promise<Picked & { readonly item: PipelineItem }> {
  const picked = await pickedOf(deps, target);
  if (picked.item.kind === "run") return picked;
  throw new UserError("no-run", vscode.l10n.t("Select a run in the Kubeflow view first."));
}

async function pickedOf(deps: CommandDeps, target: unknown): Promise<Picked> {
  return { engine: await deps.engine(), ...rowOfPipeline(deps, target) };
}

function rowOfPipeline(deps: CommandDeps, target: unknown): Omit<Picked, "engine"> {
  const row = rowOf(deps, target);
  const folder = deps.tree.folder(row);
  const found = folder?.pipeline?.(row);
  if (folder === undefined || found === undefined)
    throw new UserError("no-pipeline", vscode.l10n.t("Select a run or a pipeline in the Kubeflow view first."));
  return { ...found, context: folder.cluster.connection.context.name };
}
