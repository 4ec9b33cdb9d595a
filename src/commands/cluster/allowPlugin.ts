import * as vscode from "vscode";
import { label } from "../../core/sanitize.ts";
import type { PluginToAllow } from "../../kube/pluginConsent.ts";
import type { Notify } from "../../platform/notify.ts";

/** A kubeconfig is code: what one of no usual place wants to run is shown whole before it runs the first time. */
export function allowPlugin(notify: Notify, plugin: PluginToAllow): Promise<boolean> {
  const { command, args, envNames, file, user } = plugin;
  const lines = [
    vscode.l10n.t("Program: {0}", label(command, 300)),
    ...(args.length === 0 ? [] : [vscode.l10n.t("Arguments: {0}", label(args.join(" "), 400))]),
    ...(envNames.length === 0 ? [] : [vscode.l10n.t("Sets: {0}", label(envNames.join(", "), 200))]),
    vscode.l10n.t("Named in: {0}", label(file, 300)),
  ];
  return notify.confirm(
    vscode.l10n.t("Run the sign-in program of {0}?", label(user, 80)),
    lines,
    vscode.l10n.t("Run It"),
  );
}
