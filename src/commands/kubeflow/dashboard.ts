import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label, pickLabel } from "../../core/sanitize.ts";
import { COMMANDS } from "../../manifest.ts";
import type { Installer, KnownAccount } from "../../install/index.ts";
import { pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { CommandDeps } from "../deps.ts";
import { kubeflowOf } from "./cluster.ts";
import { flowPorts } from "./install.ts";
import { isSignIn, signInAtKubeflow } from "./signIn.ts";

/**
 * In the browser, through a forward of our own, signed in where an account of the cluster is known here. From the row that
 * says that nothing else is open to the person: signs this editor in instead.
 */
export async function openDashboard(deps: CommandDeps, target: unknown): Promise<void> {
  if (isSignIn(target)) return signInAtKubeflow(deps, target.signIn);
  const { context, connection, installers } = await kubeflowOf(deps, target);
  // Who has signed in at its own address goes in by that, signs in as another, or out.
  if ((await (await deps.engine()).gateway(context)?.origin()) !== undefined) return signInAtKubeflow(deps, context);
  const title = vscode.l10n.t("Opening the dashboard of {0}", label(context, 60));
  const opened = await withProgress(title, (signal) => installers.dashboards.open(connection, signal));
  // Where the editor runs elsewhere, its own tunnel leads here, under a name of its own.
  const outside = await vscode.env.asExternalUri(vscode.Uri.parse(opened.address, true));
  opened.allowHost(outside.authority);
  await vscode.env.openExternal(outside);
  if (opened.signIn === undefined || opened.signIn === "signed-in") return;
  const email = label(opened.email, 100);
  const text =
    opened.signIn === "refused"
      ? vscode.l10n.t("The dashboard asks who you are: it did not take the password that was made for {0}.", email)
      : vscode.l10n.t("The dashboard asks who you are: its sign-in is not the usual one. Sign in as {0}.", email);
  const copy = vscode.l10n.t("Copy Password");
  deps.notify.info(text, { title: copy, command: COMMANDS.copyDashboardPassword, args: [context] });
}

/** The password of an account that was made for an install from this computer; of another one, a new one. */
export async function copyDashboardPassword(deps: CommandDeps, target: unknown): Promise<void> {
  const { context, connection, installers } = await kubeflowOf(deps, target);
  const { client } = connection;
  const title = vscode.l10n.t("Accounts of Kubeflow in {0}", label(context, 60));
  const [accounts, elsewhere] = await withProgress(title, (signal) =>
    Promise.all([installers.dashboards.accounts(client, signal), installers.of(client).elsewhere(signal)]),
  );
  // One that was changed elsewhere since opens nothing any more.
  const known = accounts.filter(({ email }) => !elsewhere.includes(email));
  const items: { label: string; description?: string; value: Partial<KnownAccount> & { email: string } }[] = [
    ...known.map((value) => ({ label: pickLabel(value.email), value })),
    ...elsewhere.map((email) => ({
      label: pickLabel(email),
      description: vscode.l10n.t("made on another computer"),
      value: { email },
    })),
  ];
  const [first] = items;
  if (first === undefined)
    throw new UserError("no-accounts", vscode.l10n.t("No password was copied."), {
      why: vscode.l10n.t("No account of {0} was made on this computer.", label(context, 60)),
    });
  const placeholder = vscode.l10n.t("Whose password?");
  const { email, password } = items.length === 1 ? first.value : await pickOne({ title, placeholder, items });
  if (password === undefined) {
    await makeNewPassword(deps, context, installers.of(client), email);
    return;
  }
  await vscode.env.clipboard.writeText(password);
  deps.notify.info(vscode.l10n.t("The password of {0} is on the clipboard.", label(email, 100)));
}

/** Once it is agreed to: whoever signs in by the one before cannot any more. */
async function makeNewPassword(deps: CommandDeps, context: string, installer: Installer, email: string): Promise<void> {
  const who = label(email, 100);
  const agreed = await deps.notify.confirm(
    vscode.l10n.t("Make a new password for {0}?", who),
    [
      vscode.l10n.t("Its password was made on another computer, and is not known here."),
      vscode.l10n.t("It opens nothing from then on: tell everybody who uses it."),
      vscode.l10n.t("Dex starts anew, and for a moment nobody can sign in."),
    ],
    vscode.l10n.t("Make New Password"),
  );
  if (!agreed) return;
  const title = vscode.l10n.t("Making a new password for {0}", who);
  const account = await withProgress(title, (signal, report) => installer.newPassword(email, report, signal));
  await flowPorts(deps).showAccounts(context, [account]);
}
