import * as vscode from "vscode";
import type { Notebook } from "../kubeflow/kinds/notebook.ts";
import { NOTEBOOK } from "../kubeflow/kinds/resources.ts";
import type { ContainerRef } from "../kubeflow/model.ts";
import type { Reason } from "../kubeflow/why.ts";
import type { NamespaceNotebooks } from "../notebooks/index.ts";
import { allowedIn } from "./allowed.ts";
import { type Drawn, type FolderSite, namespaceOf, type ObjectRef } from "./folder.ts";
import { LiveFolder, objectRef } from "./liveFolder.ts";
import { notebookNode, type TreeNode } from "./nodes.ts";
import { NOTEBOOK_STATES, notebookRow, ticks } from "./notebookRows.ts";

/** The notebooks of a namespace, or of all. */
export class NotebooksFolder extends LiveFolder<Notebook, NamespaceNotebooks> {
  constructor(site: FolderSite) {
    super(site, site.notebooks(namespaceOf(site.node)), {
      order: NOTEBOOK_STATES,
      texts: {
        what: vscode.l10n.t("notebooks"),
        // What the cluster has may be known only later.
        get missing() {
          return vscode.l10n.t("No notebooks in this cluster.") + workspaceWords(site);
        },
        get none() {
          return vscode.l10n.t("No notebooks here.") + workspaceWords(site);
        },
      },
    });
  }

  draw(node: TreeNode): Drawn | undefined {
    const notebook = this.notebook(node);
    if (notebook === undefined) return undefined;
    const row = notebookRow(notebook, {
      summary: this.live.summary(notebook),
      namespace: this.namespace === undefined ? notebook.namespace : "",
      allowed: allowedIn(this.cluster, this.namespace, NOTEBOOK),
      hasPod: this.container(node) !== undefined,
      use: this.live.use(notebook),
      why: this.live.why(notebook).length > 0,
    });
    return { row, collapsible: vscode.TreeItemCollapsibleState.None };
  }

  notebook(node: TreeNode): Notebook | undefined {
    return node.kind === "notebook" ? this.live.get(node.uid) : undefined;
  }

  object(node: TreeNode): ObjectRef | undefined {
    return objectRef(NOTEBOOK, this.notebook(node));
  }

  container(node: TreeNode): ContainerRef | undefined {
    const notebook = this.notebook(node);
    return notebook && this.live.containerOf(notebook);
  }

  family(node: TreeNode): readonly string[] {
    const notebook = this.notebook(node);
    return notebook === undefined ? [] : this.live.familyOf(notebook);
  }

  why(node: TreeNode): readonly Reason[] {
    const notebook = this.notebook(node);
    return notebook === undefined ? [] : this.live.why(notebook);
  }

  protected node(notebook: Notebook): TreeNode {
    return notebookNode(this.site.node, notebook);
  }

  protected ages(notebook: Notebook): boolean {
    return ticks(this.live.summary(notebook));
  }
}

/** Notebooks 2 has another kind (kubeflow.org/v1beta1 Workspace): nobody should think that there is nothing. */
function workspaceWords({ cluster }: FolderSite): string {
  if (cluster.parts?.workspaces !== true) return "";
  return ` ${vscode.l10n.t("The cluster has Workspaces (Notebooks 2), too, which are not shown.")}`;
}
