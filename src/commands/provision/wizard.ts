// The wizard's page: for a new cluster, for another plan of one that is there, and for its end.
import * as vscode from "vscode";
import type { Wizard } from "../../provision/index.ts";
import type { WizardHost } from "../../panels/wizardPanel.ts";
import type { CommandDeps } from "../deps.ts";
import { clusterShown, rememberShown } from "../shownPage.ts";
import { madeCluster } from "./target.ts";

type WizardCommandDeps = Pick<CommandDeps, "provisioning" | "wizards" | "state">;

/** Shows the form that is open, else a new one; what is under way goes on, and has its row in the tree. */
export async function createCluster(deps: WizardCommandDeps): Promise<void> {
  if ((await deps.wizards()).revealForm()) return;
  await openWizard(deps, await (await deps.provisioning()).wizard());
}

/** What is being made, or where the making of it stopped. */
export async function showMaking(deps: WizardCommandDeps, target: unknown): Promise<void> {
  const title = vscode.l10n.t("Show Progress");
  const record = await madeCluster(deps, target, title, ({ phase, note }) => phase !== "made" || note !== undefined);
  await openWizard(deps, await (await deps.provisioning()).wizard(record.begun, record.id));
}

/** Another plan for the cluster: its pools, its networks. */
export async function editCluster(deps: WizardCommandDeps, target: unknown): Promise<void> {
  const title = vscode.l10n.t("Change Cluster");
  const fits = madeCluster(deps, target, title, ({ phase, wish }) => phase === "made" && wish.where !== "local");
  await openWizard(deps, await (await deps.provisioning()).wizard("edit", (await fits).id));
}

export async function destroyCluster(deps: WizardCommandDeps, target: unknown): Promise<void> {
  const title = vscode.l10n.t("Destroy Cluster");
  const record = await madeCluster(deps, target, title, ({ phase }) => phase !== "destroyed");
  await openWizard(deps, await (await deps.provisioning()).wizard("destroy", record.id));
}

export async function openWizard(
  { wizards, state }: Pick<CommandDeps, "wizards" | "state">,
  wizard: Wizard,
): Promise<void> {
  const { record, state: shown } = wizard.making;
  const isCluster = record !== undefined && shown.mode !== "install";
  await rememberShown(state, isCluster ? { id: record.id, mode: shown.mode } : undefined);
  (await wizards()).open(titleOf(wizard), hostOf(wizard));
}

/** After a reload of the window; the form is as the page had kept it. */
export async function restoreWizard(
  { wizards, provisioning, state: store }: WizardCommandDeps,
  panel: vscode.WebviewPanel,
  state: unknown,
): Promise<void> {
  const made = await provisioning();
  const records = await made.made.list();
  // A page that showed a cluster's making shows it again: there is one at a time.
  const busy = records.find(({ phase }) => phase === "making" || phase === "destroying");
  const shown = clusterShown(store);
  const known = records.find(({ id }) => id === shown?.id);
  const wizard =
    busy === undefined && known !== undefined
      ? await made.wizard(shown?.mode, known.id)
      : await made.wizard("new", busy?.id);
  (await wizards()).restore(titleOf(wizard), hostOf(wizard), panel, state);
}

function titleOf({ making, wish }: Wizard): string {
  const { mode } = making.state;
  if (mode === "destroy") return vscode.l10n.t("Destroy {0}", wish.name);
  return making.record === undefined ? vscode.l10n.t("Create Cluster") : wish.name;
}

function hostOf(wizard: Wizard): WizardHost {
  return {
    start: (send, restored) => wizard.start(send, restored),
    receive: (message) => wizard.receive(message),
    dispose: () => wizard.dispose(),
    isForm: () => wizard.isForm,
  };
}
