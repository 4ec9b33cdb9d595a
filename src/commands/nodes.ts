import * as vscode from "vscode";
import { UserError } from "../core/errors.ts";
import { ALL_NAMESPACES } from "../kubeflow/namespaceChoice.ts";
import { ROW_KINDS } from "../manifest.ts";
import type { TreeNode } from "../tree/nodes.ts";
import type { CommandDeps } from "./deps.ts";

const KINDS: ReadonlySet<unknown> = new Set(ROW_KINDS);

/** True where a command's argument is a tree row: anybody may call a command with anything. */
export function isTreeNode(target: unknown): target is TreeNode {
  return typeof target === "object" && target !== null && "kind" in target && "id" in target && KINDS.has(target.kind);
}

export function isNode<K extends TreeNode["kind"]>(target: unknown, kind: K): target is Extract<TreeNode, { kind: K }> {
  return isTreeNode(target) && target.kind === kind;
}

/** The row that a command means: its argument, else the one that is selected in the view. */
export function rowOf(deps: Pick<CommandDeps, "tree">, target: unknown): TreeNode {
  const row = isTreeNode(target) ? target : deps.tree.selected;
  if (row !== undefined) return row;
  throw new UserError("no-row", vscode.l10n.t("No row is selected."), {
    hint: vscode.l10n.t("Select one in the Kubeflow view first."),
  });
}

/** Context of the row, where the argument is one of a cluster. */
export function contextOf(target: unknown): string | undefined {
  if (!isTreeNode(target)) return undefined;
  return "context" in target ? target.context : contextOf(target.parent);
}

/** Its namespace, where it stands in one. */
export function namespaceOf(target: unknown): string | undefined {
  if (!isTreeNode(target)) return undefined;
  const namespace = "namespace" in target ? target.namespace : undefined;
  return namespace === "" || namespace === ALL_NAMESPACES ? undefined : namespace;
}
