import * as vscode from "vscode";
import { UserError } from "../core/errors.ts";

/** A menu hides the command in Restricted Mode; a keybinding or a task does not. */
export function requireTrust(): void {
  if (vscode.workspace.isTrusted) return;
  throw new UserError("untrusted", vscode.l10n.t("Nothing of this folder is run in Restricted Mode."), {
    hint: vscode.l10n.t("Trust the folder first."),
    next: [{ title: vscode.l10n.t("Manage Trust"), command: "workbench.trust.manage" }],
  });
}
