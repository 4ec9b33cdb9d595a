import * as vscode from "vscode";
import { label } from "../../core/sanitize.ts";
import type { Engine } from "../../engine.ts";
import type { AdminNeeds, AdminTarget } from "../../jobs/index.ts";
import { withProgress } from "../../platform/progress.ts";
import type { CommandDeps } from "../deps.ts";
import { folderOf } from "../../tree/nodes.ts";
import { contextOf, isTreeNode, namespaceOf } from "../nodes.ts";
import { pickContext } from "./clusters.ts";

/** The exact commands and the least rights that an administrator is asked for, on the clipboard. */
export async function copyAdminRequest(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  await engine.load();
  const asked = isAdminTarget(target) ? target : undefined;
  const context = asked?.context ?? contextOf(target) ?? (await pickContext(engine));
  const own = namespaceOf(target);
  const folder = isTreeNode(target) ? folderOf(target)?.what : undefined;
  const namespace =
    folder === "pipelines"
      ? (engine.parts(context)?.pipelines?.namespace ?? "kubeflow")
      : (asked?.namespace ?? own ?? engine.context(context).namespace);
  const needs =
    folder === undefined || folder === "jobs" || folder === "kubeflow"
      ? (asked?.needs ?? missing(engine, context, namespace))
      : folder;
  const text = await withProgress(vscode.l10n.t("Asking {0} who you are", label(context)), (signal) =>
    engine.adminRequest(context, namespace, needs, signal, folder === "pipelines" ? own : undefined),
  );
  await vscode.env.clipboard.writeText(text);
  deps.notify.info(wordsFor(needs, namespace));
}

function wordsFor(needs: AdminNeeds, namespace: string): string {
  if (needs === "operator")
    return vscode.l10n.t("The request is on the clipboard: commands that install the training operator.");
  if (needs === "nodes")
    return vscode.l10n.t("The request is on the clipboard: the rights you need in the cluster, and how to give them.");
  return vscode.l10n.t("The request is on the clipboard: the rights you need in {0}, and how to give them.", namespace);
}

/** What the open folder of this namespace has found out; both where nobody has looked. */
function missing(engine: Engine, context: string, namespace: string): "operator" | "rights" | "both" {
  const { kind } = engine.cluster(context).jobsState(namespace);
  return kind === "absent" ? "operator" : kind === "forbidden" ? "rights" : "both";
}

function isAdminTarget(target: unknown): target is AdminTarget {
  return typeof target === "object" && target !== null && "kind" in target && target.kind === "admin-request";
}
