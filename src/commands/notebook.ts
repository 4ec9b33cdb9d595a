import * as vscode from "vscode";
import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { Notebook } from "../kubeflow/kinds/notebook.ts";
import { withProgress } from "../platform/progress.ts";
import { NotebooksFolder } from "../tree/notebooksFolder.ts";
import type { CommandDeps } from "./deps.ts";
import { rowOf } from "./nodes.ts";

/** In the browser, through a forward of our own that lets nobody else in. */
export async function openNotebook(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const { context, notebook } = notebookOf(deps, target);
  const opened = await withProgress(vscode.l10n.t("Opening {0}", label(notebook.name)), () =>
    engine.openNotebook(context, notebook),
  );
  // Where the editor runs elsewhere, its own tunnel leads here, under a name of its own.
  const outside = await vscode.env.asExternalUri(vscode.Uri.parse(opened.address, true));
  opened.allowHost(outside.authority);
  await vscode.env.openExternal(outside);
}

export async function startNotebook(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const { context, notebook } = notebookOf(deps, target);
  await withProgress(vscode.l10n.t("Starting {0}", label(notebook.name)), (signal) =>
    engine.startNotebook(context, notebook, signal),
  );
}

export async function stopNotebook(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const { context, notebook } = notebookOf(deps, target);
  const question = vscode.l10n.t("Stop {0}?", label(notebook.name));
  const detail = vscode.l10n.t("What runs in it ends. Its volumes and what is on them stay.");
  if (!(await deps.notify.confirm(question, detail, vscode.l10n.t("Stop")))) return;
  await withProgress(vscode.l10n.t("Stopping {0}", label(notebook.name)), (signal) =>
    engine.stopNotebook(context, notebook, signal),
  );
}

function notebookOf(
  deps: Pick<CommandDeps, "tree">,
  target: unknown,
): { readonly context: string; readonly notebook: Notebook } {
  const row = rowOf(deps, target);
  const folder = deps.tree.folder(row);
  const notebook = folder instanceof NotebooksFolder ? folder.notebook(row) : undefined;
  if (folder === undefined || notebook === undefined)
    throw new UserError("no-notebook", vscode.l10n.t("Select a notebook in the Kubeflow view first."));
  return { context: folder.cluster.connection.context.name, notebook };
}
