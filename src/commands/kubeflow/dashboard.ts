import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label, pickLabel } from "../../core/sanitize.ts";
import { COMMANDS } from "../../manifest.ts";
import { pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { CommandDeps } from "../deps.ts";
import { kubeflowOf } from "./cluster.ts";

/** In the browser, through a forward of our own, signed in where an account of the cluster is known here. */
export async function openDashboard(deps: CommandDeps, target: unknown): Promise<void> {
  const { context, connection, installers } = await kubeflowOf(deps, target);
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

/** The password of an account that was made for an install from this computer. */
export async function copyDashboardPassword(deps: CommandDeps, target: unknown): Promise<void> {
  const { context, connection, installers } = await kubeflowOf(deps, target);
  const title = vscode.l10n.t("Accounts of Kubeflow in {0}", label(context, 60));
  const known = await withProgress(title, (signal) => installers.dashboards.accounts(connection.client, signal));
  const [first] = known;
  if (first === undefined)
    throw new UserError("no-accounts", vscode.l10n.t("No password was copied."), {
      why: vscode.l10n.t("No account of {0} was made on this computer.", label(context, 60)),
    });
  const items = known.map((value) => ({ label: pickLabel(value.email), value }));
  const placeholder = vscode.l10n.t("Whose password?");
  const { email, password } = known.length === 1 ? first : await pickOne({ title, placeholder, items });
  await vscode.env.clipboard.writeText(password);
  deps.notify.info(vscode.l10n.t("The password of {0} is on the clipboard.", label(email, 100)));
}
