import * as vscode from "vscode";
import { errorCode, errorText, type NextStep } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { COMMANDS } from "../manifest.ts";
import { type ClusterNode, type JobsNode, type MessageNode, messageNode, type TreeNode } from "./nodes.ts";

export function connectingNode(parent: ClusterNode): MessageNode {
  return messageNode(parent, vscode.l10n.t("connecting…"), "working");
}

export function loadingNode(parent: JobsNode): MessageNode {
  return messageNode(parent, vscode.l10n.t("loading…"), "working");
}

/** The cluster answers that it needs a moment: it is asked again without anybody doing anything. */
export function notReadyNode(parent: ClusterNode, error: unknown): MessageNode {
  return messageNode(parent, label(errorText(error), 400), "working");
}

export function cancelledNode(parent: ClusterNode): MessageNode {
  return messageNode(parent, vscode.l10n.t("Connecting was cancelled."), "plain", connectAgain(parent));
}

export function moreNamespacesNode(parent: ClusterNode): MessageNode {
  return messageNode(parent, vscode.l10n.t("More namespaces…"), "plain", {
    title: vscode.l10n.t("Choose Namespaces…"),
    command: COMMANDS.chooseNamespaces,
    args: [parent],
  });
}

export function kubeconfigProblemNode(file: string, message: string): MessageNode {
  return messageNode(undefined, label(message, 300), "problem", { ...openKubeconfig(), args: [file] });
}

export function noJobsNode(parent: JobsNode): MessageNode {
  return messageNode(parent, vscode.l10n.t("No training jobs yet. Right-click a Python file to run one."));
}

export function noOperatorNode(parent: JobsNode): MessageNode {
  return messageNode(parent, vscode.l10n.t("No training operator in this cluster."), "problem", askAdmin(parent));
}

export function forbiddenNode(parent: JobsNode, why: string): MessageNode {
  const text = vscode.l10n.t("You may not list training jobs here: {0}", label(why));
  return messageNode(parent, text, "problem", askAdmin(parent));
}

/** A failure is a row with a sentence and one thing to press. */
export function failureNode(parent: TreeNode | undefined, error: unknown): MessageNode {
  const step = errorCode(error) === "kubeconfig" ? openKubeconfig() : connectAgain(parent);
  return messageNode(parent, label(errorText(error), 400), "problem", step);
}

function connectAgain(parent: TreeNode | undefined): NextStep {
  return {
    title: vscode.l10n.t("Connect Again"),
    command: COMMANDS.retryCluster,
    args: parent === undefined ? [] : [parent],
  };
}

function openKubeconfig(): NextStep {
  return { title: vscode.l10n.t("Open Kubeconfig"), command: COMMANDS.openKubeconfig };
}

function askAdmin(parent: JobsNode): NextStep {
  return {
    title: vscode.l10n.t("Copy Request for Your Admin"),
    command: COMMANDS.copyAdminRequest,
    args: [parent],
  };
}
