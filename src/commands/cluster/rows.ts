import * as vscode from "vscode";
import { pickLabel } from "../../core/sanitize.ts";
import { pickOne } from "../../platform/pick.ts";
import type { CommandDeps } from "../deps.ts";
import { contextOf, isNode } from "../nodes.ts";
import { pickContext } from "./clusters.ts";

/** A cluster, or a namespace of one: it stands before others, or no more. */
export async function pin(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  if (isNode(target, "namespace")) {
    const { context, namespace } = target;
    return engine.namespaceDesk.pin(context, namespace, !engine.namespaceDesk.isPinned(context, namespace));
  }
  const { pinned } = deps.preferences;
  const title = vscode.l10n.t("Pin or Unpin");
  const note = (name: string): string => (pinned.has(name) ? vscode.l10n.t("pinned") : "");
  const context = contextOf(target) ?? (await pickContext(engine, undefined, { title, note }));
  await deps.preferences.pin(context, !deps.preferences.pinned.has(context));
}

export async function hideCluster(deps: CommandDeps, target: unknown): Promise<void> {
  await deps.preferences.hide(contextOf(target) ?? (await pickContext(await deps.engine())));
}

/** Brings hidden clusters back: one, or all. */
export async function showHidden(deps: CommandDeps): Promise<void> {
  const engine = await deps.engine();
  await engine.load();
  const { hidden } = deps.preferences;
  const names = engine.contexts().flatMap(({ name }) => (hidden.has(name) ? [name] : []));
  if (names.length === 0) {
    deps.notify.info(vscode.l10n.t("No cluster is hidden."));
    return;
  }
  const all = { label: vscode.l10n.t("All of them"), value: names };
  const chosen = await pickOne<readonly string[]>({
    title: vscode.l10n.t("Hidden clusters"),
    placeholder: vscode.l10n.t("Which one to show again?"),
    items: [...names.map((name) => ({ label: pickLabel(name), value: [name] })), ...(names.length > 1 ? [all] : [])],
  });
  if (chosen.length > 1) await deps.preferences.showAll();
  else for (const name of chosen) await deps.preferences.hide(name, false);
}

/** Opens every cluster that is shown. Each connects by itself: one that hangs holds up no other. */
export async function openAll(deps: CommandDeps): Promise<void> {
  for (const row of await deps.tree.clusterRows()) await deps.tree.reveal(row, { expand: true });
}
