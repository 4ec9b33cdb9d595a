import * as vscode from "vscode";
import { isCancelled } from "../core/errors.ts";
import { askText } from "../platform/pick.ts";

/** Which lines a log shows; undefined where the person turns away. `now`: the filter that holds. */
export async function askFilter(now: string): Promise<string | undefined> {
  try {
    return await askText({
      title: vscode.l10n.t("Filter the log"),
      prompt: vscode.l10n.t("Ranks and words that a line must have, such as: rank:0,2 loss. Empty shows all."),
      value: now,
      check: () => undefined,
    });
  } catch (error) {
    if (isCancelled(error)) return undefined;
    throw error;
  }
}
