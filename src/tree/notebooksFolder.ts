import * as vscode from "vscode";
import { DisposableStore } from "../core/dispose.ts";
import type { Notebook } from "../kubeflow/kinds/notebook.ts";
import { NOTEBOOK } from "../kubeflow/kinds/resources.ts";
import type { ContainerRef } from "../kubeflow/model.ts";
import type { Reason } from "../kubeflow/why.ts";
import type { NamespaceNotebooks } from "../notebooks/index.ts";
import { allowedIn } from "./allowed.ts";
import { type Drawn, type Folder, type FolderSite, namespaceOf, type ObjectRef } from "./folder.ts";
import { LiveRows } from "./liveRows.ts";
import { notebookNode, type TreeNode } from "./nodes.ts";
import { NOTEBOOK_STATES, notebookRow } from "./notebookRows.ts";

/** The notebooks of a namespace, or of all. */
export class NotebooksFolder implements Folder {
  readonly cluster: FolderSite["cluster"];
  readonly isOutdated = false;
  readonly #site: FolderSite;
  readonly #notebooks: NamespaceNotebooks;
  readonly #held = new DisposableStore();
  readonly #rows: LiveRows<Notebook>;
  readonly #namespace: string | undefined;

  constructor(site: FolderSite) {
    this.#site = site;
    this.cluster = site.cluster;
    this.#namespace = namespaceOf(site.node);
    this.#notebooks = this.#held.add(site.notebooks(this.#namespace));
    this.#rows = this.#held.add(
      new LiveRows({
        site,
        live: this.#notebooks,
        node: (notebook) => notebookNode(site.node, notebook),
        order: NOTEBOOK_STATES,
        texts: {
          what: vscode.l10n.t("notebooks"),
          missing: vscode.l10n.t("No notebooks in this cluster."),
          none: vscode.l10n.t("No notebooks here."),
        },
      }),
    );
    this.#held.add(this.#notebooks.onDidChange(({ changed, set }) => this.#rows.changed(changed, set)));
  }

  answered(ms: number): Promise<void> {
    return this.#notebooks.answered(ms);
  }

  words(): string {
    return this.#rows.words();
  }

  rows(): Promise<readonly TreeNode[]> {
    return this.#rows.rows();
  }

  below(): readonly TreeNode[] {
    return [];
  }

  draw(node: TreeNode): Drawn | undefined {
    const notebook = this.notebook(node);
    if (notebook === undefined) return undefined;
    const row = notebookRow(notebook, {
      summary: this.#notebooks.summary(notebook),
      namespace: this.#namespace === undefined ? notebook.namespace : "",
      allowed: allowedIn(this.cluster, this.#namespace, NOTEBOOK),
      hasPod: this.container(node) !== undefined,
      why: this.#notebooks.why(notebook).length > 0,
    });
    return { row, collapsible: vscode.TreeItemCollapsibleState.None };
  }

  /** The notebook that a row stands for. */
  notebook(node: TreeNode): Notebook | undefined {
    return node.kind === "notebook" ? this.#notebooks.get(node.uid) : undefined;
  }

  object(node: TreeNode): ObjectRef | undefined {
    const notebook = this.notebook(node);
    return notebook && { resource: NOTEBOOK, namespace: notebook.namespace, name: notebook.name, uid: notebook.uid };
  }

  container(node: TreeNode): ContainerRef | undefined {
    const notebook = this.notebook(node);
    return notebook && this.#notebooks.containerOf(notebook);
  }

  family(node: TreeNode): readonly string[] {
    const notebook = this.notebook(node);
    if (notebook === undefined) return [];
    const pod = this.#notebooks.podOf(notebook);
    return [
      ...(pod === undefined ? [] : [pod.uid, pod.owner ?? ""]),
      ...this.#notebooks.warningsOf(notebook).map((event) => event.aboutUid),
    ];
  }

  why(node: TreeNode): readonly Reason[] {
    const notebook = this.notebook(node);
    return notebook === undefined ? [] : this.#notebooks.why(notebook);
  }

  ageing(): readonly string[] {
    if (this.#notebooks.state.kind === "stale") return [this.#site.node.id];
    return [...this.#notebooks.items].map((notebook) => notebookNode(this.#site.node, notebook).id);
  }

  refresh(): void {
    this.#rows.refresh();
  }

  dispose(): void {
    this.#held.dispose();
  }
}
