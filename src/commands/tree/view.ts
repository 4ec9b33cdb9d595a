import * as vscode from "vscode";
import { CancelledError } from "../../core/errors.ts";
import type { CommandDeps } from "../deps.ts";
import { JOB_STATES } from "../../tree/jobRows.ts";
import { NO_FILTER } from "../../tree/viewChoices.ts";
import { STATE_ICONS } from "../../tree/row.ts";
import { pickOne } from "../../platform/pick.ts";
import { showHidden } from "../cluster/rows.ts";

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

/** The order of rows and what of the clusters is shown. `target`: `hidden` goes straight to those that are hidden. */
export async function arrangeRows(deps: CommandDeps, target?: unknown): Promise<void> {
  if (target === "hidden") return showHidden(deps);
  const { sort } = deps.tree.choices;
  const { groupByServer, hidden } = deps.preferences;
  const now = (is: boolean): string => (is ? vscode.l10n.t("as it is now") : "");
  const change = await pickOne<() => Promise<void>>({
    title: vscode.l10n.t("Arrange rows"),
    placeholder: vscode.l10n.t("In which order, and which clusters?"),
    items: [
      {
        label: vscode.l10n.t("Sort by age"),
        description: now(sort === "age"),
        value: () => deps.tree.choices.setSort("age"),
      },
      {
        label: vscode.l10n.t("Sort by name"),
        description: now(sort === "name"),
        value: () => deps.tree.choices.setSort("name"),
      },
      {
        label: groupByServer ? vscode.l10n.t("Show clusters ungrouped") : vscode.l10n.t("Group clusters by server"),
        value: () => deps.preferences.setGroupByServer(!groupByServer),
      },
      ...(hidden.size > 0
        ? [{ label: vscode.l10n.t("Show hidden clusters…"), value: (): Promise<void> => showHidden(deps) }]
        : []),
    ],
  });
  await change();
}
