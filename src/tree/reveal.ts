import * as vscode from "vscode";
import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { TrainingJob } from "../kubeflow/model.ts";
import { ALL_NAMESPACES } from "../kubeflow/namespaceChoice.ts";
import {
  type ClusterNode,
  type FolderKind,
  type FolderNode,
  folderNode,
  jobNode,
  namespaceNode,
  notebookNode,
  type TreeNode,
  workloadNode,
  type WorkloadNode,
} from "./nodes.ts";

/** What revealing needs of the tree. */
export interface Revealable {
  /** Clusters that are shown. */
  clusterRows(): Promise<readonly ClusterNode[]>;
  /** Brings a hidden cluster back. */
  unhide(context: string): Promise<void>;
  isDrawn(node: TreeNode): boolean;
  reveal(node: TreeNode, options?: { readonly expand?: boolean }): Promise<void>;
  /** Resolves once the rows below an open row have been read and drawn, or may take too long. */
  settle(node: TreeNode): Promise<void>;
  /** Namespaces that are drawn of a cluster; undefined where they are not known. */
  shownNamespaces(context: string): readonly string[] | undefined;
  /** From now on this namespace is drawn. */
  include(context: string, namespace: string): Promise<void>;
  /** Shows rows that a filter hides. */
  showAll(): void;
}

type JobName = Pick<TrainingJob, "kind" | "namespace" | "name">;
export type WorkloadName = Pick<WorkloadNode, "what" | "namespace" | "name" | "uid">;

/** Opens the tree row by row, down to the one that is meant: VS Code finds no row whose parents were not read. */
export class Revealer {
  readonly #tree: Revealable;

  constructor(tree: Revealable) {
    this.#tree = tree;
  }

  /** A cluster's row, also where it was hidden. */
  async cluster(context: string): Promise<void> {
    await this.#tree.reveal(await this.#clusterRow(context), { expand: true });
  }

  async nodes(context: string): Promise<void> {
    const nodes = folderNode(await this.#opened(context), "nodes");
    if (this.#tree.isDrawn(nodes)) await this.#open(nodes);
    await this.#select(context, nodes);
  }

  /** Rejects with UserError where the job, or its cluster, is not there. */
  job(context: string, job: JobName): Promise<void> {
    return this.#row(context, job, "jobs", (folder) => jobNode(folder, job));
  }

  /** The same of an experiment, a model server, a Ray job. */
  workload(context: string, { what, ...item }: WorkloadName): Promise<void> {
    return this.#row(context, item, what, (folder) => workloadNode(folder, what, item));
  }

  /** The same of a notebook. */
  notebook(
    context: string,
    notebook: { readonly uid: string; readonly name: string; readonly namespace: string },
  ): Promise<void> {
    return this.#row(context, notebook, "notebooks", (folder) => notebookNode(folder, notebook));
  }

  async #row(
    context: string,
    { namespace: own, name }: { readonly namespace: string; readonly name: string },
    what: FolderKind,
    make: (folder: FolderNode) => TreeNode,
  ): Promise<void> {
    const cluster = await this.#opened(context);
    const shown = this.#tree.shownNamespaces(context) ?? [];
    const all = shown.includes(ALL_NAMESPACES) && !shown.includes(own);
    if (!all && !shown.includes(own)) {
      await this.#tree.include(context, own);
      await this.#open(cluster);
    }
    const namespace = namespaceNode(cluster, all ? ALL_NAMESPACES : own);
    const folder = folderNode(namespace, what);
    for (const row of [namespace, folder]) await this.#open(row);
    const row = make(folder);
    if (!this.#tree.isDrawn(row)) {
      this.#tree.showAll();
      await this.#tree.settle(folder);
    }
    await this.#select(name, row);
  }

  async #opened(context: string): Promise<ClusterNode> {
    const cluster = await this.#clusterRow(context);
    await this.#open(cluster);
    if (this.#tree.shownNamespaces(context) !== undefined) return cluster;
    throw new UserError("not-shown", vscode.l10n.t("{0} does not answer.", label(context)), {
      hint: vscode.l10n.t("Its row says why."),
    });
  }

  async #open(node: TreeNode): Promise<void> {
    if (node.kind !== "cluster" && !this.#tree.isDrawn(node)) throw missing("name" in node ? node.name : node.id);
    await this.#tree.reveal(node, { expand: true });
    await this.#tree.settle(node);
  }

  async #select(name: string, node: TreeNode): Promise<void> {
    if (!this.#tree.isDrawn(node)) throw missing(name);
    await this.#tree.reveal(node);
  }

  async #clusterRow(context: string): Promise<ClusterNode> {
    await this.#tree.unhide(context);
    const row = (await this.#tree.clusterRows()).find((node) => node.context === context);
    if (row !== undefined) return row;
    throw new UserError("no-context", vscode.l10n.t("{0} is not in the kubeconfig any more.", label(context)));
  }
}

function missing(name: string): UserError {
  return new UserError(
    "gone",
    vscode.l10n.t("{0} is not among the rows: it is gone, or could not be read.", label(name)),
  );
}
