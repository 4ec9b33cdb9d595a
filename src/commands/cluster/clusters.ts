import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label, pickLabel } from "../../core/sanitize.ts";
import { joined } from "../../core/text.ts";
import type { Engine } from "../../engine.ts";
import type { ContextInfo } from "../../kube/context.ts";
import { ALL_NAMESPACES, namespaceChoice } from "../../kubeflow/namespaceChoice.ts";
import { type Choice, pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { CommandDeps } from "../deps.ts";
import { contextOf, isTreeNode } from "../nodes.ts";

export async function refresh(deps: CommandDeps, target: unknown): Promise<void> {
  if (isTreeNode(target)) {
    deps.tree.refresh(target);
    return;
  }
  const engine = await deps.engine();
  await engine.reload();
  deps.tree.refresh();
}

/** Another try after a refusal: now credentials may be asked for again. The cluster's row says how it goes. */
export async function retryCluster(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const context = contextOf(target) ?? (await pickContext(engine));
  await withProgress(vscode.l10n.t("Connecting to {0}", label(context)), (signal) =>
    deps.tree.connect(context, signal),
  );
}

/** Which namespaces of a cluster are shown; typed where they may not be listed. */
export async function chooseNamespaces(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  await engine.load();
  const context = contextOf(target) ?? (await pickContext(engine));
  const { names, mayList } = await withProgress(vscode.l10n.t("Connecting to {0}", label(context)), (signal) =>
    engine.allNamespaces(context, signal),
  );
  const chosen = new Set(engine.namespaceDesk.chosen(context) ?? []);
  if (!mayList) return typeNamespaces(engine, context, chosen);
  const all = { label: vscode.l10n.t("All namespaces"), name: ALL_NAMESPACES, picked: chosen.has(ALL_NAMESPACES) };
  const picks = await vscode.window.showQuickPick(
    [all, ...names.map((name) => ({ label: pickLabel(name), name, picked: chosen.has(name) }))],
    {
      canPickMany: true,
      title: vscode.l10n.t("Namespaces of {0}", label(context)),
      placeHolder: vscode.l10n.t("Which ones to show; nothing ticked: your own and recent ones first"),
    },
  );
  if (picks !== undefined)
    await engine.namespaceDesk.choose(
      context,
      withoutDoubles(
        picks.map(({ name }) => name),
        chosen,
      ),
    );
}

/** All namespaces in one row stand instead of single ones: whichever was ticked now. */
function withoutDoubles(picked: readonly string[], before: ReadonlySet<string>): readonly string[] {
  const single = picked.filter((name) => name !== ALL_NAMESPACES);
  if (single.length === picked.length) return picked;
  return before.has(ALL_NAMESPACES) && single.length > 0 ? single : [ALL_NAMESPACES];
}

async function typeNamespaces(engine: Engine, context: string, chosen: ReadonlySet<string>): Promise<void> {
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t("Namespaces of {0}", label(context)),
    prompt: vscode.l10n.t("You may not list them: type their names, parted by commas; * stands for all"),
    value: [...(chosen.size === 0 ? [engine.context(context).namespace] : chosen)].join(", "),
    validateInput: (value) => {
      const odd = split(value).find((name) => namespaceChoice(name) === undefined);
      return odd === undefined ? undefined : vscode.l10n.t("{0} is not a namespace's name", odd);
    },
  });
  if (text !== undefined) await engine.namespaceDesk.choose(context, split(text));
}

function split(text: string): readonly string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

export async function openKubeconfig(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  await engine.load();
  const named = contextOf(target);
  const file =
    typeof target === "string"
      ? target
      : named === undefined
        ? engine.kubeconfigFiles()[0]
        : engine.context(named).file;
  if (file === undefined) throw new UserError("no-kubeconfig", vscode.l10n.t("No kubeconfig was found."));
  await vscode.window.showTextDocument(vscode.Uri.file(file));
}

/** One of the contexts that fit; the only one where there is no other. `note`: a word of each, before its server. */
export async function pickContext(
  engine: Engine,
  fits: (context: ContextInfo) => boolean = () => true,
  {
    title = vscode.l10n.t("Clusters"),
    note,
  }: { readonly title?: string; readonly note?: (context: string) => string } = {},
): Promise<string> {
  await engine.load();
  const contexts = engine.contexts();
  if (contexts.length === 0)
    throw new UserError("no-kubeconfig", vscode.l10n.t("No kubeconfig was found, so there is no cluster."));
  const items: Choice<string>[] = contexts.filter(fits).map((context) => ({
    label: pickLabel(context.name),
    description: pickLabel(joined([note?.(context.name) ?? "", context.server])),
    value: context.name,
  }));
  const [only] = items;
  if (only === undefined) throw new UserError("no-cluster", vscode.l10n.t("There is no cluster to do this with."));
  return items.length === 1 ? only.value : pickOne({ title, placeholder: vscode.l10n.t("Which cluster?"), items });
}
