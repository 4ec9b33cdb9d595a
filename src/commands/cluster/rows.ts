import * as vscode from "vscode";
import { pickLabel } from "../../core/sanitize.ts";
import { pickOne } from "../../platform/pick.ts";
import type { CommandDeps } from "../deps.ts";
import { contextOf, isNode } from "../nodes.ts";
import { pickContext } from "./clusters.ts";

/** A cluster, or a namespace of one: it stands before others. */
export function pin(deps: CommandDeps, target: unknown): Promise<void> {
  return setPinned(deps, target, true);
}

export function unpin(deps: CommandDeps, target: unknown): Promise<void> {
  return setPinned(deps, target, false);
}

async function setPinned(deps: CommandDeps, target: unknown, isPinned: boolean): Promise<void> {
  const engine = await deps.engine();
  if (isNode(target, "namespace")) return engine.namespaceDesk.pin(target.context, target.namespace, isPinned);
  const { pinned } = deps.preferences;
  const context = contextOf(target) ?? (await pickContext(engine, ({ name }) => pinned.has(name) !== isPinned));
  await deps.preferences.pin(context, isPinned);
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
