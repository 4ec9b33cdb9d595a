import * as vscode from "vscode";
import { CONTEXT_KEYS } from "../manifest.ts";
import { setContextKey } from "../platform/contextKey.ts";
import type { TreeNode } from "./nodes.ts";
import type { ViewChoices } from "./viewChoices.ts";

/** Says in the view what of it is shown and in which order, and tells the conditions of its commands. */
export function tellChoices(view: vscode.TreeView<TreeNode>, choices: ViewChoices): void {
  const { isFiltering } = choices;
  const words = choices.words(vscode.l10n.t("by name"));
  view.description = words;
  // The only view of its container shows no description: a filter must be seen to be one.
  view.message = isFiltering ? vscode.l10n.t("Only rows that fit: {0}", words) : "";
  setContextKey(CONTEXT_KEYS.filtered, isFiltering);
}
