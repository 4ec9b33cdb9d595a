import * as vscode from "vscode";
import { label } from "../core/sanitize.ts";
import type { InstallHealth, PartView } from "../install/index.ts";
import type { Reason } from "../kubeflow/why.ts";
import { type Drawn, type Folder, type FolderSite, GRACE_MS } from "./folder.ts";
import { partRow } from "./kubeflowRows.ts";
import { failureNode, filteredNode, loadingNode } from "./messages.ts";
import { componentNode, type TreeNode } from "./nodes.ts";

/** The components that were installed in a cluster. InstallLooks reads them, and draws them anew. */
export class KubeflowFolder implements Folder {
  readonly cluster: FolderSite["cluster"];
  readonly isOutdated = false;
  readonly #site: FolderSite;
  readonly #health: InstallHealth | undefined;

  constructor(site: FolderSite) {
    this.#site = site;
    this.cluster = site.cluster;
    this.#health = site.install();
    this.#health?.show(true);
  }

  async answered(ms: number): Promise<void> {
    await this.#health?.answered(ms);
  }

  /** Its row has a look of its own: see drawItem. */
  words(): string {
    return "";
  }

  async rows(): Promise<readonly TreeNode[]> {
    const { node, choices } = this.#site;
    await this.answered(GRACE_MS);
    const { value, state } = this.#health ?? {};
    if (value === undefined) return [state?.kind === "failed" ? failureNode(node, state.error) : loadingNode(node)];
    const shown = value.parts.filter((part) => choices.shows(part.title, () => part.state));
    if (shown.length === 0) return [filteredNode(node, value.parts.length)];
    return shown.map((part) => componentNode(node, part));
  }

  draw(node: TreeNode): Drawn | undefined {
    const part = this.#part(node);
    return part && { row: partRow(part), collapsible: vscode.TreeItemCollapsibleState.None };
  }

  why(node: TreeNode): readonly Reason[] {
    return (this.#part(node)?.reasons ?? []).map((reason) => ({ text: label(reason, 600) }));
  }

  ageing(): readonly string[] {
    return this.#health?.state.kind === "stale" ? [this.#site.node.id] : [];
  }

  refresh(): void {
    this.#health?.refresh();
  }

  dispose(): void {
    this.#health?.show(false);
  }

  #part(node: TreeNode): PartView | undefined {
    return node.kind === "component" ? this.#health?.value?.parts.find(({ id }) => id === node.key) : undefined;
  }
}
