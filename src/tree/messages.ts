import * as vscode from "vscode";
import { errorCode, errorText, type NextStep } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { COMMANDS } from "../manifest.ts";
import { type ClusterNode, type FolderNode, type MessageNode, messageNode, type TreeNode } from "./nodes.ts";

export function connectingNode(parent: ClusterNode): MessageNode {
  return messageNode(parent, vscode.l10n.t("connecting…"), "working");
}

export function loadingNode(parent: TreeNode): MessageNode {
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
  return messageNode(undefined, label(message, 300), "problem", openKubeconfig(file));
}

export function hiddenClustersNode(count: number): MessageNode {
  return messageNode(undefined, vscode.l10n.t("{0} hidden", count), "plain", {
    title: vscode.l10n.t("Show Hidden Clusters…"),
    command: COMMANDS.arrange,
    args: ["hidden"],
  });
}

/** There is nothing, and that is no failure. */
export function emptyNode(parent: TreeNode, text: string): MessageNode {
  return messageNode(parent, text);
}

/** Rows are there, and the filter shows none of them. */
export function filteredNode(parent: TreeNode, count: number): MessageNode {
  return messageNode(parent, vscode.l10n.t("The filter hides all {0}.", count), "plain", {
    title: vscode.l10n.t("Clear Filter"),
    command: COMMANDS.clearFilter,
  });
}

/** Something that the cluster does not have. `mayInstall`: it may be brought by who looks; undefined where it cannot be. */
export function missingNode(parent: FolderNode, text: string, mayInstall?: boolean): MessageNode {
  const title = vscode.l10n.t("Install Training…");
  const install: NextStep = { title, command: COMMANDS.installKubeflow, args: [parent, "training"] };
  const step = mayInstall === true ? install : askAdmin(parent);
  return messageNode(parent, text, "problem", step, { operator: mayInstall !== undefined });
}

/** Whom Kubernetes takes a request without credentials for. */
const ANONYMOUS = '"system:anonymous"';

/** `what` is in the plural: `training jobs`. */
export function forbiddenNode(parent: FolderNode, what: string, why: string): MessageNode {
  // Rights for whoever comes by are nothing to ask an administrator for.
  if (why.includes(ANONYMOUS)) {
    const text = vscode.l10n.t("You are not signed in: this context names a user without credentials.");
    return messageNode(parent, text, "problem", openKubeconfig(parent));
  }
  const text = vscode.l10n.t("You may not list {0} here. The cluster says: {1}", what, label(why));
  return messageNode(parent, text, "problem", askAdmin(parent));
}

/** A failure is a row with a sentence and one thing to press. */
export function failureNode(parent: TreeNode | undefined, error: unknown): MessageNode {
  const step = errorCode(error) === "kubeconfig" ? openKubeconfig(parent) : connectAgain(parent);
  return messageNode(parent, label(errorText(error), 400), "problem", step);
}

/** Pipelines that were not reached or read: what is missing, and who can do something about it. */
export function unreachedNode(parent: TreeNode, error: unknown): MessageNode {
  const code = errorCode(error) ?? "";
  if (!PIPELINES_MISSING.has(code)) return failureNode(parent, error);
  const again = { title: vscode.l10n.t("Read Again"), command: COMMANDS.refresh, args: [parent] };
  // That they were not reached stands in the row above.
  const text = label(errorText(error).replace(/^Pipelines were not reached\. (?=\S)/, ""), 400);
  const step = MAY_SIGN_IN.has(code) ? signIn(parent) : code === "no-server" ? askAdmin(parent) : again;
  return messageNode(parent, text, "problem", step);
}

/** To whom the cluster's own ways are closed, Kubeflow's may be open. */
const MAY_SIGN_IN: ReadonlySet<string> = new Set([
  ...["no-rights", "no-token"],
  ...["signed-out", "gateway-refused", "gateway-unknown"],
]);
const PIPELINES_MISSING: ReadonlySet<string> = new Set([
  ...MAY_SIGN_IN,
  "no-server",
  "no-ready-pod",
  "no-profile",
  "refused",
  "gone",
  "server-error",
  "port-closed",
]);

function connectAgain(parent: TreeNode | undefined): NextStep {
  return {
    title: vscode.l10n.t("Connect Again"),
    command: COMMANDS.retryCluster,
    args: parent === undefined ? [] : [parent],
  };
}

/** Of a file by its path, or that of a row's context. */
function openKubeconfig(of: string | TreeNode | undefined): NextStep {
  return {
    title: vscode.l10n.t("Open Kubeconfig"),
    command: COMMANDS.openKubeconfig,
    args: of === undefined ? [] : [of],
  };
}

function signIn(parent: TreeNode): NextStep {
  return {
    title: vscode.l10n.t("Sign In at Kubeflow…"),
    command: COMMANDS.openDashboard,
    args: [{ signIn: parent }],
  };
}

function askAdmin(parent: TreeNode): NextStep {
  return {
    title: vscode.l10n.t("Copy Request for Your Admin"),
    command: COMMANDS.copyAdminRequest,
    args: [parent],
  };
}
