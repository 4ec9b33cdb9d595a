import type * as vscode from "vscode";
import type { CommandDeps } from "./deps.ts";
import { restoreInstall } from "./kubeflow/install.ts";
import { restoreWizard } from "./provision/wizard.ts";
import { installShown } from "./shownPage.ts";

/** Shows again what the wizard's page showed before the window was reloaded. */
export async function restorePage(deps: CommandDeps, panel: vscode.WebviewPanel, kept: unknown): Promise<void> {
  const installing = installShown(deps.state);
  await (installing === undefined ? restoreWizard(deps, panel, kept) : restoreInstall(deps, installing, panel, kept));
}
