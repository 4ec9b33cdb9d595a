import * as vscode from "vscode";
import { CONTEXT_KEYS } from "../manifest.ts";
import type { ClusterPreferences } from "../platform/clusterPreferences.ts";
import { setContextKey } from "../platform/contextKey.ts";
import type { TreeNode } from "./nodes.ts";
import type { ViewChoices } from "./viewChoices.ts";

/** Says in the view what of it is shown and in which order, and tells the conditions of its commands. */
export function tellChoices(
  view: vscode.TreeView<TreeNode>,
  choices: ViewChoices,
  preferences: Pick<ClusterPreferences, "groupByServer" | "pinned">,
): void {
  const { isFiltering, sort } = choices;
  const words = choices.words(vscode.l10n.t("by name"));
  view.description = words;
  // The only view of its container shows no description: a filter must be seen to be one.
  view.message = isFiltering ? vscode.l10n.t("Only rows that fit: {0}", words) : "";
  setContextKey(CONTEXT_KEYS.filtered, isFiltering);
  setContextKey(CONTEXT_KEYS.sortedByName, sort === "name");
  setContextKey(CONTEXT_KEYS.grouped, preferences.groupByServer);
  setContextKey(CONTEXT_KEYS.pinned, preferences.pinned.size > 0);
}
