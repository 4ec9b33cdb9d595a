// The compiled pipeline of a file: as it stands there, or by the person's own Python and SDK.
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import * as vscode from "vscode";
import { CancelledError, errorText, UserError } from "../../core/errors.ts";
import { label, pickLabel } from "../../core/sanitize.ts";
import type { Engine } from "../../engine.ts";
import {
  type CompileError,
  isCompileError,
  MAX_PIPELINE_BYTES,
  parsePipeline,
  type PipelineDocument,
} from "../../pipelines/index.ts";
import { type Choice, pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import { requireTrust } from "../../platform/trust.ts";
import { notSaved } from "../job/run.ts";
import { mayBePipeline, offeredFiles } from "./pipelineFiles.ts";

const MOST_OFFERED = 100;

/** The file that a command means. Throws UserError where it can be no pipeline. */
export function pipelineFile(target: unknown): string {
  const named = typeof target === "string" ? vscode.Uri.file(target) : target;
  const uri = named instanceof vscode.Uri ? named : vscode.window.activeTextEditor?.document.uri;
  if (uri === undefined)
    throw new UserError("no-file", vscode.l10n.t("There is no pipeline to run."), {
      hint: vscode.l10n.t("Open a compiled pipeline or its pipeline.py, or choose one in the Kubeflow view."),
    });
  if (!mayBePipeline(uri))
    throw new UserError("not-pipeline", vscode.l10n.t("{0} is no pipeline.", path.basename(uri.path)), {
      hint: vscode.l10n.t("A pipeline is a Python file that makes one, or what its compiler has written: YAML."),
    });
  return uri.fsPath;
}

const NO_SOURCES = "**/{.*,venv,env,node_modules,site-packages,__pycache__,build,dist,components}/**";

/** Of the folders that are open, the one in the editor first; or any other. Rejects with CancelledError as picks do. */
export async function pickPipelineFile(title: string): Promise<string> {
  const active = vscode.window.activeTextEditor?.document.uri;
  const found = await vscode.workspace.findFiles("**/*pipeline*.{py,yaml,yml}", NO_SOURCES, MOST_OFFERED);
  const files = offeredFiles(active, found);
  const items: Choice<string | undefined>[] = files.map((value) => ({
    label: pickLabel(vscode.workspace.asRelativePath(value)),
    value,
  }));
  items.push({ label: vscode.l10n.t("Another file…"), value: undefined });
  const placeholder = vscode.l10n.t("Which pipeline?");
  const known = files.length === 0 ? undefined : await pickOne({ title, placeholder, items });
  if (known !== undefined) return known;
  const filters = { [vscode.l10n.t("Pipelines")]: ["py", "yaml", "yml", "json"] };
  const [picked] = (await vscode.window.showOpenDialog({ title, filters })) ?? [];
  if (picked === undefined) throw new CancelledError();
  return pipelineFile(picked);
}

/** What is on the screen is saved first. Rejects as `parsePipeline`, PipelineCompiler and reading do. */
export async function compiledOf(engine: Engine, file: string): Promise<PipelineDocument> {
  const open = vscode.workspace.textDocuments.find(({ uri }) => uri.fsPath === file);
  if (open?.isDirty === true && !(await open.save())) throw notSaved(open.uri);
  if (!/\.py$/i.test(file)) return parsePipeline(await textOf(file));
  requireTrust();
  const name = path.basename(file);
  const { pipelines } = await withProgress(vscode.l10n.t("Compiling {0}", name), (signal) =>
    engine.compiler.compile(file, signal).catch((error: unknown) => {
      throw isCompileError(error) ? atItsLine(error) : error;
    }),
  );
  const [only] = pipelines;
  if (only !== undefined && pipelines.length === 1) return only.document;
  return pickOne({
    title: name,
    placeholder: vscode.l10n.t("Which pipeline of the file?"),
    items: pipelines.map((pipeline) => ({ label: pickLabel(pipeline.name), value: pipeline.document })),
  });
}

/** Of a compiled pipeline. Throws UserError where it cannot be read. */
export async function textOf(file: string): Promise<string> {
  const what = vscode.l10n.t("{0} cannot be read.", path.basename(file));
  try {
    if ((await stat(file)).size <= MAX_PIPELINE_BYTES) return await readFile(file, "utf8");
  } catch (error) {
    throw new UserError("pipeline-file", what, { why: errorText(error), cause: error });
  }
  throw new UserError("pipeline-size", what, {
    why: vscode.l10n.t("It has more than 32 MiB, which no server takes either."),
  });
}

/** With a button to where it is wrong. */
function atItsLine(error: CompileError): UserError {
  const { file, line, from } = error.place;
  const selection = new vscode.Range(line, from, line, from);
  const title = vscode.l10n.t("Open {0}", label(`${path.basename(file)}:${line + 1}`));
  const next = [{ title, command: "vscode.open", args: [vscode.Uri.file(file), { selection }] }];
  return new UserError(error.code, error.message, { next, cause: error });
}
