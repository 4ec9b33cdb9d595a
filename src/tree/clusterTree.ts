import * as vscode from "vscode";
import { type Disposable, DisposableStore } from "../core/dispose.ts";
import { errorCode, errorText, isCancelled, type NextStep } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { Engine } from "../engine.ts";
import { COMMANDS, VIEWS } from "../manifest.ts";
import { replicasOf } from "../kubeflow/replicas.ts";
import { isYoung, JobsFolder, tickAges } from "./jobsFolder.ts";
import {
  type ClusterNode,
  clusterNode,
  type JobNode,
  jobNode,
  type JobsNode,
  jobsNode,
  messageNode,
  namespaceNode,
  replicaNode,
  type TreeNode,
} from "./nodes.ts";
import { clusterRow, jobRow, jobsRow, namespaceRow, replicaRow } from "./rows.ts";
import { messageItem, treeItem } from "./treeItem.ts";

/** Milliseconds between two questions to a cluster that is not ready yet. */
const NOT_READY_RETRY_MS = 2000;

const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;

/** The view *Clusters*: contexts, namespaces, training jobs, ranks. Reads what the engine knows; asks nothing itself. */
export class ClusterTree implements vscode.TreeDataProvider<TreeNode>, Disposable {
  readonly #engine: () => Promise<Engine>;
  readonly #changed = new vscode.EventEmitter<TreeNode | readonly TreeNode[] | undefined>();
  readonly #nodes = new Map<string, TreeNode>();
  readonly #folders = new Map<string, JobsFolder>();
  /** Folders that are open in the view, also while it is hidden. */
  readonly #expanded = new Set<string>();
  /** Rows below a cluster. They are kept: drawing the cluster's row again must not ask the cluster again. */
  readonly #listed = new Map<string, Promise<readonly TreeNode[]>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #held = new DisposableStore();
  readonly #view: vscode.TreeView<TreeNode>;
  #loaded: Engine | undefined;

  readonly onDidChangeTreeData = this.#changed.event as vscode.Event<TreeNode | TreeNode[] | undefined>;

  constructor(engine: () => Promise<Engine>) {
    this.#engine = engine;
    this.#view = this.#held.add(
      vscode.window.createTreeView(VIEWS.clusters, { treeDataProvider: this, showCollapseAll: true }),
    );
    this.#held.add(this.#view.onDidCollapseElement(({ element }) => this.#close(element)));
    this.#held.add(this.#view.onDidExpandElement(({ element }) => this.#reopen(element)));
    this.#held.add(this.#view.onDidChangeVisibility(({ visible }) => this.#onVisibility(visible)));
    this.#held.add(
      tickAges(
        () => this.#youngJobs(),
        (nodes) => this.#changed.fire(nodes),
      ),
    );
    this.#held.add(this.#changed);
  }

  /** Draws a node and everything below it again; everything where it is left out. Reads from the clusters anew. */
  refresh(node?: TreeNode): void {
    if (node === undefined) this.#listed.clear();
    else if (node.kind === "cluster") this.#listed.delete(node.context);
    for (const [id, folder] of this.#folders) {
      if (node === undefined || id.startsWith(node.id))
        for (const store of [folder.jobs, folder.pods, folder.warnings]) store.refresh();
    }
    this.#changed.fire(node);
  }

  /** Lists a cluster's namespaces anew. */
  refreshCluster(context: string): void {
    this.#listAgain(context);
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return node.parent && this.#known(node.parent);
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    const engine = this.#loaded;
    if (engine === undefined || node.kind === "message")
      return messageItem(node.kind === "message" ? node : messageNode(undefined, ""));
    const now = engine.clock.now();
    switch (node.kind) {
      case "cluster": {
        const context = engine.context(node.context);
        return treeItem(node.id, clusterRow(context, engine.clusterState(node.context)), Collapsed);
      }
      case "namespace": {
        const isDefault = engine.context(node.context).namespace === node.namespace;
        return treeItem(node.id, namespaceRow(node.namespace, isDefault), Collapsed);
      }
      case "jobs": {
        return treeItem(node.id, jobsRow(this.#folders.get(node.id)?.words() ?? ""), Expanded);
      }
      case "job":
        return this.#jobItem(engine, node, now);
      case "replica": {
        const folder = this.#folders.get(node.parent?.parent?.id ?? "");
        const job = folder?.jobs.items.get(node.job);
        const replica =
          folder && job && replicasOf(job, folder.podsOf(job)).find((candidate) => candidate.rank === node.rank);
        return treeItem(node.id, replicaRow(replica ?? { rank: node.rank, role: "", pod: undefined }), None);
      }
    }
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    try {
      const engine = await this.#load();
      return (await this.#children(engine, node)).map((child) => this.#known(child));
    } catch (error) {
      if (isCancelled(error)) return [];
      return [this.#known(failureNode(node, error))];
    }
  }

  dispose(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#closeAll();
    this.#held.dispose();
  }

  async #load(): Promise<Engine> {
    const engine = await this.#engine();
    if (this.#loaded !== engine) {
      this.#loaded = engine;
      this.#held.add(engine.onDidChangeContexts(() => this.#onContexts()));
      this.#held.add(
        engine.onDidChangeCluster((context) => this.#changed.fire(this.#nodes.get(clusterNode(context).id))),
      );
      this.#held.add(engine.onDidChangeNamespaces((context) => this.#listAgain(context)));
    }
    return engine;
  }

  #children(engine: Engine, node: TreeNode | undefined): Promise<readonly TreeNode[]> | readonly TreeNode[] {
    switch (node?.kind) {
      case undefined:
        return this.#roots(engine);
      case "cluster":
        return this.#belowCluster(engine, node);
      case "namespace":
        return [jobsNode(node)];
      case "jobs":
        return this.#jobs(engine, node);
      case "job":
        return this.#replicas(node);
      default:
        return [];
    }
  }

  async #roots(engine: Engine): Promise<readonly TreeNode[]> {
    await engine.load();
    const open: NextStep = { title: vscode.l10n.t("Open Kubeconfig"), command: COMMANDS.openKubeconfig };
    return [
      ...engine.contexts().map((context) => clusterNode(context.name)),
      ...engine
        .problems()
        .map(({ file, message }) => messageNode(undefined, label(message, 300), "problem", { ...open, args: [file] })),
    ];
  }

  #belowCluster(engine: Engine, node: ClusterNode): Promise<readonly TreeNode[]> {
    const known = this.#listed.get(node.context);
    if (known !== undefined) return known;
    const listing = this.#namespaces(engine, node).catch((error: unknown) => {
      if (isCancelled(error)) throw error;
      return [this.#notListed(engine, node, error)];
    });
    this.#listed.set(node.context, listing);
    return listing;
  }

  /** A cluster that answers that it is not ready is asked again while somebody looks; any other failure waits for a person. */
  #notListed(engine: Engine, node: ClusterNode, error: unknown): TreeNode {
    const state = engine.clusterState(node.context);
    if (state.kind !== "failed" || state.code !== "not-ready") return failureNode(node, error);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#view.visible) this.#listAgain(node.context);
    }, NOT_READY_RETRY_MS);
    this.#timers.add(timer);
    return messageNode(node, label(errorText(error), 400), "working");
  }

  #listAgain(context: string): void {
    this.#listed.delete(context);
    this.#changed.fire(this.#nodes.get(clusterNode(context).id));
  }

  async #namespaces(engine: Engine, node: ClusterNode): Promise<readonly TreeNode[]> {
    const { shown, more } = await engine.namespaces(node.context);
    const choose: NextStep = {
      title: vscode.l10n.t("Choose Namespaces…"),
      command: COMMANDS.chooseNamespaces,
      args: [node],
    };
    return [
      ...shown.map((namespace) => namespaceNode(node, namespace)),
      ...(more ? [messageNode(node, vscode.l10n.t("More namespaces…"), "plain", choose)] : []),
    ];
  }

  async #jobs(engine: Engine, node: JobsNode): Promise<readonly TreeNode[]> {
    const folder = this.#open(engine, node);
    await Promise.all([folder.jobs.settled(), folder.pods.settled()]);
    const { state } = folder.jobs;
    if (state.kind === "absent") return [noOperator(node)];
    if (state.kind === "forbidden") return [forbidden(node, state.why)];
    if (folder.jobs.items.size === 0)
      return [messageNode(node, vscode.l10n.t("No training jobs yet. Right-click a Python file to run one."))];
    return [...folder.jobs.items.values()]
      .sort((a, b) => b.created - a.created || a.name.localeCompare(b.name))
      .map((job) => jobNode(node, job.uid, job.name));
  }

  #replicas(node: JobNode): readonly TreeNode[] {
    const folder = this.#folders.get(node.parent?.id ?? "");
    const job = folder?.jobs.items.get(node.uid);
    if (folder === undefined || job === undefined) return [];
    return replicasOf(job, folder.podsOf(job)).map((replica) => replicaNode(node, replica.rank));
  }

  #jobItem(engine: Engine, node: JobNode, now: number): vscode.TreeItem {
    const folder = this.#folders.get(node.parent?.id ?? "");
    const job = folder?.jobs.items.get(node.uid);
    if (folder === undefined || job === undefined) return new vscode.TreeItem(node.name, Collapsed);
    const row = jobRow(job, folder.podsOf(job), folder.warnings.items.values(), engine.isMine(job), now);
    return treeItem(node.id, row, Collapsed);
  }

  #open(engine: Engine, node: JobsNode): JobsFolder {
    const open = this.#folders.get(node.id);
    if (open !== undefined) return open;
    const folder = new JobsFolder(
      engine.cluster(node.context),
      node.namespace,
      engine.clock,
      (uids) => this.#redraw(node, uids),
      () => this.#changed.fire(this.#nodes.get(node.id)),
    );
    this.#folders.set(node.id, folder);
    this.#expanded.add(node.id);
    return folder;
  }

  /** Rows of these jobs, with their ranks where a person has opened them, and the folder's counts. */
  #redraw(node: JobsNode, uids: readonly string[]): void {
    const nodes = uids.flatMap((uid) => this.#nodes.get(`${node.id}/${uid}`) ?? []);
    if (nodes.length > 0) this.#changed.fire(nodes);
  }

  /** Nothing below a closed row is watched. */
  #close(node: TreeNode): void {
    for (const [id, folder] of this.#folders) {
      if (!isWithin(id, node)) continue;
      folder.dispose();
      this.#folders.delete(id);
    }
    if (node.kind === "jobs") this.#expanded.delete(node.id);
  }

  /** VS Code draws what it has when a row opens again: folders below it that were open are read anew. */
  #reopen(node: TreeNode): void {
    if (node.kind === "jobs" && this.#nodes.has(node.id)) this.#expanded.add(node.id);
    const open = [...this.#expanded].filter((id) => isWithin(id, node) && !this.#folders.has(id));
    const nodes = open.flatMap((id) => this.#nodes.get(id) ?? []);
    if (nodes.length > 0) this.#changed.fire(nodes);
  }

  #closeAll(): void {
    for (const folder of this.#folders.values()) folder.dispose();
    this.#folders.clear();
  }

  /** A hidden view watches nothing. What was open is read again when it shows; the rest stays as it was drawn. */
  #onVisibility(visible: boolean): void {
    if (!visible) {
      this.#closeAll();
      return;
    }
    for (const context of this.#loaded?.contexts() ?? []) {
      const state = this.#loaded?.clusterState(context.name);
      if (state?.kind === "failed" && state.code === "not-ready") this.#listAgain(context.name);
    }
    const open = [...this.#nodes.values()].filter((node) => node.kind === "jobs" && this.#expanded.has(node.id));
    if (open.length > 0) this.#changed.fire(open);
  }

  #onContexts(): void {
    this.#listed.clear();
    this.#expanded.clear();
    this.#closeAll();
    this.#changed.fire(undefined);
  }

  #youngJobs(): readonly TreeNode[] {
    const engine = this.#loaded;
    if (engine === undefined || !this.#view.visible) return [];
    return [...this.#folders].flatMap(([id, folder]) =>
      [...folder.jobs.items.values()]
        .filter((job) => isYoung(job, engine.clock))
        .flatMap((job) => this.#nodes.get(`${id}/${job.uid}`) ?? []),
    );
  }

  /** The one node of an id: VS Code compares elements by identity. */
  #known<T extends TreeNode>(node: T): T {
    const known = this.#nodes.get(node.id);
    if (known !== undefined && known.kind === node.kind) return known as T;
    this.#nodes.set(node.id, node);
    return node;
  }
}

function isWithin(id: string, node: TreeNode): boolean {
  return id === node.id || id.startsWith(`${node.id}/`);
}

function noOperator(node: JobsNode): TreeNode {
  return messageNode(node, vscode.l10n.t("No training operator in this cluster."), "problem", {
    title: vscode.l10n.t("Copy Request for Your Admin"),
    command: COMMANDS.copyAdminRequest,
    args: [node],
  });
}

function forbidden(node: JobsNode, why: string): TreeNode {
  return messageNode(node, vscode.l10n.t("You may not list training jobs here: {0}", label(why)), "problem", {
    title: vscode.l10n.t("Copy Request for Your Admin"),
    command: COMMANDS.copyAdminRequest,
    args: [node],
  });
}

/** A failure is a row with a sentence and one thing to press. */
function failureNode(parent: TreeNode | undefined, error: unknown): TreeNode {
  const again: NextStep = {
    title: vscode.l10n.t("Connect Again"),
    command: COMMANDS.retryCluster,
    args: parent === undefined ? [] : [parent],
  };
  const isEntry = errorCode(error) === "kubeconfig";
  const open: NextStep = { title: vscode.l10n.t("Open Kubeconfig"), command: COMMANDS.openKubeconfig };
  return messageNode(parent, label(errorText(error), 400), "problem", isEntry ? open : again);
}
