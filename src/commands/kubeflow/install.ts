// Installing Kubeflow in a cluster that is there, by the wizard's page.
import path from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { FlowPorts, InstallDesk } from "../../install/index.ts";
import { COMMANDS } from "../../manifest.ts";
import type { WizardHost } from "../../panels/wizardPanel.ts";
import { pickFolder } from "../../platform/pick.ts";
import { pickContext } from "../cluster/clusters.ts";
import type { CommandDeps } from "../deps.ts";
import { contextOf } from "../nodes.ts";
import { rememberShown } from "../shownPage.ts";

type InstallDeps = Pick<
  CommandDeps,
  | "engine"
  | "installers"
  | "wizards"
  | "state"
  | "notify"
  | "documents"
  | "settings"
  | "tree"
  | "secrets"
  | "extensionPath"
>;

/** Shows the page for a cluster, by its row or its context; `profile` is planned at once, as by *Install Training…*. */
export async function installKubeflow(deps: InstallDeps, target: unknown, profile?: unknown): Promise<void> {
  const engine = await deps.engine();
  const context = typeof target === "string" ? target : (contextOf(target) ?? (await pickContext(engine)));
  const asked = typeof profile === "string" ? profile : undefined;
  const page = await installHost(deps, context, asked, false);
  await rememberShown(deps.state, { context, mode: "install", isRunning: page.isBusy });
  (await deps.wizards()).open(titleOf(context), page);
}

/** After a reload of the window. */
export async function restoreInstall(
  deps: InstallDeps,
  { context, isRunning }: { readonly context: string; readonly isRunning: boolean },
  panel: vscode.WebviewPanel,
  kept: unknown,
): Promise<void> {
  const engine = await deps.engine();
  await engine.load();
  if (!engine.contexts().some(({ name }) => name === context)) {
    throw new UserError("no-context", vscode.l10n.t("The install was not taken up."), {
      why: vscode.l10n.t("{0} is not in your kubeconfig any more.", label(context, 60)),
    });
  }
  (await deps.wizards()).restore(titleOf(context), await installHost(deps, context, undefined, isRunning), panel, kept);
}

function titleOf(context: string): string {
  return vscode.l10n.t("Kubeflow in {0}", label(context, 60));
}

async function installHost(
  deps: InstallDeps,
  context: string,
  profile: string | undefined,
  goOn: boolean,
): Promise<WizardHost & { readonly isBusy: boolean }> {
  const { notify } = deps;
  const told = (work: Thenable<unknown>): void => void work.then(undefined, (error: unknown) => notify.error(error));
  const desk: InstallDesk = {
    showText: (name, text) => told(deps.documents.show([name], text)),
    copy: (text) => told(vscode.env.clipboard.writeText(text)),
    pickFolder: (title) => pickFolder(title, vscode.l10n.t("Choose")),
    fail: (error) => notify.error(error),
    tell: (message, good) => (good ? notify.info(message) : notify.warning(message)),
    openDashboard: async (name) => {
      await vscode.commands.executeCommand(COMMANDS.openDashboard, name);
    },
  };
  const installers = await deps.installers();
  const onRunning = (isRunning: boolean): void =>
    told(rememberShown(deps.state, { context, mode: "install", isRunning }));
  return installers.page({ ...flowPorts(deps), installers, desk, context, profile, goOn, onRunning });
}

/** What the steps of an install need of the rest; the wizard's own making uses it as well. */
export function flowPorts(
  deps: Pick<CommandDeps, "engine" | "notify" | "settings" | "secrets" | "extensionPath" | "tree">,
): Omit<FlowPorts, "installers"> {
  const { notify, secrets, settings, extensionPath } = deps;
  return {
    secrets,
    client: async (context, signal) => (await deps.engine()).connectedClient(context, signal),
    sample: async (job, tell, signal) => {
      const file = path.join(extensionPath, "media", "sample", "train.py");
      return (await deps.engine()).runSample(file, { ...job, setting: settings.trainingImage() }, tell, signal);
    },
    fail: (error) => notify.error(error),
    onInstall: () => deps.tree.refresh(),
    showAccounts: async (context, accounts) => {
      const lines = accounts.map(({ email, password }) => `${email}    ${password}`);
      const title = vscode.l10n.t("Accounts of Kubeflow in {0}", label(context, 60));
      const hint = vscode.l10n.t("Kept in the editor’s secret storage: Copy Dashboard Password has them later.");
      if (await notify.confirm(title, [...lines, "", hint], vscode.l10n.t("Copy")))
        await vscode.env.clipboard.writeText(lines.join("\n"));
    },
  };
}
