import * as vscode from "vscode";
import { label } from "../../core/sanitize.ts";
import type { PluginToAllow } from "../../kube/pluginConsent.ts";
import type { Notify } from "../../platform/notify.ts";

/**
 * A kubeconfig is code: what one of no usual place wants to run, or whom it wants to sign in as where, is shown whole
 * before it happens the first time.
 */
export function allowPlugin(notify: Notify, plugin: PluginToAllow): Promise<boolean> {
  const { command, args, envNames, credential, files, server, file, user } = plugin;
  const runs = credential === "program";
  const lines = [
    ...(runs ? [vscode.l10n.t("Program: {0}", label(command, 1000))] : [vscode.l10n.t("With: {0}", credential)]),
    ...(args.length === 0 ? [] : [vscode.l10n.t("Arguments: {0}", label(args.join(" "), 4000))]),
    ...(envNames.length === 0 ? [] : [vscode.l10n.t("Sets: {0}", label(envNames.join(", "), 1000))]),
    ...(files.length === 0 ? [] : [vscode.l10n.t("Reads: {0}", label(files.join(", "), 1000))]),
    ...(server === "" ? [] : [vscode.l10n.t("Server: {0}", label(server, 300))]),
    vscode.l10n.t("Named in: {0}", label(file, 1000)),
  ];
  return notify.confirm(
    runs
      ? vscode.l10n.t("Run the sign-in program of {0}?", label(user, 80))
      : vscode.l10n.t("Sign in as {0}?", label(user, 80)),
    lines,
    runs ? vscode.l10n.t("Run It") : vscode.l10n.t("Sign In"),
  );
}
