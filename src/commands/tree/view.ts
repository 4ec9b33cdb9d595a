import * as vscode from "vscode";
import { CancelledError } from "../../core/errors.ts";
import type { CommandDeps } from "../deps.ts";
import { JOB_STATES } from "../../tree/jobRows.ts";
import { NO_FILTER } from "../../tree/viewChoices.ts";
import { STATE_ICONS } from "../../tree/row.ts";

/**
 * Filters rows by name and state, as the person types: what is typed narrows by name, what is ticked by state. Escape
 * takes back what was there before.
 */
export async function filterRows(deps: CommandDeps): Promise<void> {
  const { choices } = deps.tree;
  const before = choices.filter;
  const pick = vscode.window.createQuickPick<vscode.QuickPickItem & { readonly state: string }>();
  pick.title = vscode.l10n.t("Filter rows");
  pick.placeholder = vscode.l10n.t("Type a part of the name; tick states to see only those");
  pick.canSelectMany = true;
  const items = ([...JOB_STATES, "Ready", "Stopped"] as const).map((state) => ({
    label: state,
    // An icon of its own: what stands in the label is read aloud.
    iconPath: new vscode.ThemeIcon(STATE_ICONS[state][0].replace("~spin", "")),
    state,
    // What is typed is for names of rows: it must not hide the states.
    alwaysShow: true,
  }));
  pick.items = items;
  pick.value = before.text;
  pick.selectedItems = items.filter(({ state }) => before.states.includes(state));
  const apply = (): void =>
    choices.setFilter({ text: pick.value, states: pick.selectedItems.map(({ state }) => state) });
  try {
    await new Promise<void>((resolve, reject) => {
      pick.onDidChangeValue(apply);
      pick.onDidChangeSelection(apply);
      pick.onDidAccept(() => resolve());
      pick.onDidHide(() => reject(new CancelledError()));
      pick.show();
    });
  } catch (error) {
    choices.setFilter(before);
    throw error;
  } finally {
    pick.dispose();
  }
}

export function clearFilter(deps: CommandDeps): void {
  deps.tree.choices.setFilter(NO_FILTER);
}

export function sortByAge(deps: CommandDeps): Promise<void> {
  return deps.tree.choices.setSort("age");
}

export function sortByName(deps: CommandDeps): Promise<void> {
  return deps.tree.choices.setSort("name");
}

export function groupByServer(deps: CommandDeps): Promise<void> {
  return deps.preferences.setGroupByServer(true);
}

export function ungroup(deps: CommandDeps): Promise<void> {
  return deps.preferences.setGroupByServer(false);
}
