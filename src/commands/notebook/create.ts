// The page on which a notebook is made: opened for a namespace, filled in after a notebook that is there, or restored.
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { Engine } from "../../engine.ts";
import type { NotebookEditorPorts, NotebookPlace } from "../../notebooks/index.ts";
import { COMMANDS } from "../../manifest.ts";
import type { KeptNotebook } from "../../panels/notebookFormPanel.ts";
import { withProgress } from "../../platform/progress.ts";
import type { CommandDeps } from "../deps.ts";
import { askContext, askNamespace } from "../job/askPlace.ts";
import { openManifest } from "../job/manifest.ts";
import { contextOf, isNode, isTreeNode, namespaceOf } from "../nodes.ts";

/** From a namespace's row, its notebooks, one of them, or the palette, which asks what a row would have told. */
export async function createNotebook(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  await engine.load();
  const row = isTreeNode(target) ? target : deps.tree.selected;
  const title = vscode.l10n.t("New Notebook");
  const what = vscode.l10n.t("No notebook was made.");
  const context = contextOf(row) ?? (await askContext(engine, title, undefined, undefined, undefined, what));
  const namespace = namespaceOf(row) ?? (await askNamespace(engine, title, context, undefined));
  await show(deps, engine, { context, namespace }, isNode(target, "notebook") ? target.name : "");
}

/** Shows the page again as it was before the window was reloaded. */
export async function restoreNotebookForm(
  deps: CommandDeps,
  panel: vscode.WebviewPanel,
  shown: KeptNotebook,
): Promise<void> {
  const engine = await deps.engine();
  await engine.load();
  await show(deps, engine, shown, shown.like, shown, panel);
}

async function show(
  deps: CommandDeps,
  engine: Engine,
  { context, namespace }: NotebookPlace,
  like: string,
  kept?: KeptNotebook,
  panel?: vscode.WebviewPanel,
): Promise<void> {
  const panels = await deps.notebookForms();
  const place = { context, namespace };
  const key = JSON.stringify([context, namespace, like]);
  // What a person has filled in there is not thrown away.
  if (kept === undefined && panels.reveal(key)) return;
  const ports: NotebookEditorPorts = {
    making: (name, work) => withProgress(vscode.l10n.t("Creating {0}", label(name)), work),
    made: (notebook) => {
      engine.notebookServers.changed();
      panels.finished(key);
      // It is there, as the page says, also where its row cannot be shown now.
      return deps.tree.show.notebook(context, notebook).catch(() => undefined);
    },
    open: async (yaml) => {
      await openManifest(yaml);
    },
    press: (next) => pressed(place, next),
    keep: (form, now, making) => panels.keep({ ...place, form, like: now, making }),
    onError: (error) => deps.notify.error(error),
  };
  const host = await withProgress(vscode.l10n.t("Reading what {0} offers", label(context)), (signal) =>
    engine.notebookDesk.form(place, like, ports, signal, kept).catch((error: unknown) => {
      throw withInstall(error, context);
    }),
  );
  panels.open(key, vscode.l10n.t("New Notebook"), host, undefined, panel);
}

function withInstall(error: unknown, context: string): unknown {
  if (!(error instanceof UserError) || error.code !== "no-notebooks") return error;
  const install = { title: vscode.l10n.t("Install Kubeflow…"), command: COMMANDS.installKubeflow, args: [context] };
  return new UserError(error.code, error.message, { next: [install], cause: error });
}

/** What the button of a finding does. */
async function pressed(
  { context, namespace }: NotebookPlace,
  next: Parameters<NotebookEditorPorts["press"]>[0],
): Promise<void> {
  if ("command" in next) {
    await vscode.commands.executeCommand(next.command, ...(next.args ?? []));
    return;
  }
  switch (next.what) {
    case "gpu-node":
      await vscode.commands.executeCommand(COMMANDS.setGpuNodes, context);
      return;
    case "install":
      await vscode.commands.executeCommand(COMMANDS.installKubeflow, context);
      return;
    case "request": {
      const asked = { kind: "admin-request", context, namespace, needs: "notebooks" };
      await vscode.commands.executeCommand(COMMANDS.copyAdminRequest, asked);
      return;
    }
    case "show-room":
      await vscode.commands.executeCommand(COMMANDS.reveal, {
        kind: "show-nodes",
        row: { kind: "cluster", id: context, context },
      });
  }
}
