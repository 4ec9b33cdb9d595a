import * as vscode from "vscode";
import { type Disposable, DisposableStore } from "../core/dispose.ts";
import { isCancelled } from "../core/errors.ts";
import type { Engine } from "../engine.ts";
import { VIEWS } from "../manifest.ts";
import { replicasOf } from "../kubeflow/replicas.ts";
import { ClusterListings, type Listing } from "./clusterListings.ts";
import { drawItem } from "./drawItem.ts";
import { Folders } from "./folders.ts";
import { isYoung, JobsFolder, tickAges } from "./jobsFolder.ts";
import { KnownNodes } from "./knownNodes.ts";
import {
  cancelledNode,
  connectingNode,
  failureNode,
  forbiddenNode,
  kubeconfigProblemNode,
  loadingNode,
  moreNamespacesNode,
  noJobsNode,
  noOperatorNode,
  notReadyNode,
} from "./messages.ts";
import {
  type ClusterNode,
  clusterNode,
  isWithin,
  type JobNode,
  jobNode,
  type JobsNode,
  jobsNode,
  messageNode,
  namespaceNode,
  replicaNode,
  type TreeNode,
} from "./nodes.ts";
import { messageItem } from "./treeItem.ts";

/** Milliseconds that a folder's rows wait for the cluster: what answers at once is drawn once. */
const GRACE_MS = 150;

/**
 * The view *Clusters*: contexts, namespaces, training jobs, ranks. Reads what the engine knows; asks nothing itself.
 * Rows never wait for a network: VS Code draws a row after those below it, and the whole view after the slowest.
 */
export class ClusterTree implements vscode.TreeDataProvider<TreeNode>, Disposable {
  readonly #engine: () => Promise<Engine>;
  readonly #changed = new vscode.EventEmitter<TreeNode | readonly TreeNode[] | undefined>();
  readonly #nodes = new KnownNodes();
  readonly #folders = new Folders<JobsFolder>();
  readonly #listings: ClusterListings;
  readonly #held = new DisposableStore();
  readonly #view: vscode.TreeView<TreeNode>;
  #loaded: Engine | undefined;

  readonly onDidChangeTreeData = this.#changed.event as vscode.Event<TreeNode | TreeNode[] | undefined>;

  constructor(engine: () => Promise<Engine>) {
    this.#engine = engine;
    this.#held.add(this.#changed);
    this.#held.add(this.#folders);
    this.#listings = this.#held.add(
      new ClusterListings({
        list: async (context, signal) => (await this.#load()).namespaces(context, signal),
        cluster: (context) => this.#clusterOf(context),
        isNotReady: (context) => {
          const state = this.#loaded?.clusterState(context);
          return state?.kind === "failed" && state.code === "not-ready";
        },
        isSeen: (context) => this.#view.visible && !this.#folders.isClosed(clusterNode(context)),
        changed: (context) => this.#redraw([clusterNode(context).id]),
        graceMs: GRACE_MS,
      }),
    );
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
  }

  /** Draws a node and everything below it again; everything where it is left out. Reads from the clusters anew. */
  refresh(node?: TreeNode): void {
    if (node === undefined) this.#listings.allAgain();
    if (node === undefined || node.kind === "cluster") this.#loaded?.refreshStores(node?.context);
    else for (const [id, folder] of this.#folders.entries()) if (isWithin(id, node)) folder.refresh();
    if (node?.kind === "cluster") this.#listings.again(node.context);
    else this.#changed.fire(node);
  }

  /**
   * Connects to a cluster because a person wants another try, and lists its namespaces; its row shows how it goes.
   * Rejects as that does; cancelled, it leaves the row as it was.
   */
  async connect(context: string, signal: AbortSignal): Promise<void> {
    const engine = await this.#load();
    await this.#listings.connect(context, (name, either) => engine.retry(name, either), signal);
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return node.parent && this.#nodes.known(node.parent);
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    const engine = this.#loaded;
    if (node.kind === "message") return messageItem(node);
    return engine === undefined ? messageItem(messageNode(undefined, "")) : drawItem(engine, this.#folders, node);
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    try {
      const engine = await this.#load();
      return this.#drawn(node, await this.#children(engine, node));
    } catch (error) {
      return this.#drawn(node, isCancelled(error) ? [] : [failureNode(node, error)]);
    }
  }

  dispose(): void {
    this.#held.dispose();
  }

  async #load(): Promise<Engine> {
    const engine = await this.#engine();
    if (this.#loaded !== engine) {
      this.#loaded = engine;
      this.#held.add(engine.onDidChangeContexts(() => this.#onContexts(engine)));
      this.#held.add(engine.onDidChangeCluster((context) => this.#redraw([clusterNode(context).id])));
      this.#held.add(engine.onDidChangeNamespaces((context) => this.#listings.again(context)));
    }
    return engine;
  }

  #children(engine: Engine, node: TreeNode | undefined): Promise<readonly TreeNode[]> | readonly TreeNode[] {
    switch (node?.kind) {
      case undefined:
        return this.#roots(engine);
      case "cluster":
        return this.#belowCluster(node);
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
    return [
      ...engine.contexts().map((context) => clusterNode(context.name)),
      ...engine.problems().map(({ file, message }) => kubeconfigProblemNode(file, message)),
    ];
  }

  async #belowCluster(node: ClusterNode): Promise<readonly TreeNode[]> {
    // VS Code may ask for rows that nobody sees: no reason to sign in.
    const closed = this.#folders.isClosed(node);
    const listing: Listing = closed ? this.#listings.get(node.context) : await this.#listings.look(node.context);
    switch (listing.kind) {
      case "pending":
        return [connectingNode(node)];
      case "cancelled":
        return [cancelledNode(node)];
      case "failed":
        return [listing.notReady ? notReadyNode(node, listing.error) : failureNode(node, listing.error)];
      case "listed":
        return [
          ...listing.shown.map((namespace) => namespaceNode(node, namespace)),
          ...(listing.more ? [moreNamespacesNode(node)] : []),
        ];
    }
  }

  async #jobs(engine: Engine, node: JobsNode): Promise<readonly TreeNode[]> {
    const folder = this.#folders.open(node, () => this.#watch(engine, node));
    // It is asked for again when its row can be seen.
    if (folder === undefined) return [loadingNode(node)];
    await folder.answered(GRACE_MS);
    const { state, items } = folder.jobs;
    if (state.kind === "absent") return [noOperatorNode(node)];
    if (state.kind === "forbidden") return [forbiddenNode(node, state.why)];
    if (state.kind === "failed") return [failureNode(node, state.error)];
    if (items.size === 0)
      return [state.kind === "live" || state.kind === "stale" ? noJobsNode(node) : loadingNode(node)];
    const rows = [...items.values()]
      .sort((a, b) => b.created - a.created || a.name.localeCompare(b.name))
      .map((job) => jobNode(node, job.uid, job.name));
    // The rows are old, and stay so till a person does something.
    return state.kind === "stale" && state.halted !== undefined ? [failureNode(node, state.halted), ...rows] : rows;
  }

  #replicas(node: JobNode): readonly TreeNode[] {
    const folder = this.#folders.get(node.parent?.id ?? "");
    const job = folder?.jobs.items.get(node.uid);
    if (folder === undefined || job === undefined) return [];
    return replicasOf(job, folder.podsOf(job)).map((replica) => replicaNode(node, replica.rank));
  }

  #watch(engine: Engine, node: JobsNode): JobsFolder {
    return new JobsFolder(
      engine.cluster(node.context),
      node.namespace,
      engine.clock,
      (uids) => this.#redraw(uids.map((uid) => `${node.id}/${uid}`)),
      () => this.#redraw([node.id]),
    );
  }

  /** The rows below a node as VS Code gets them. What is not drawn any more is forgotten, and not watched. */
  #drawn(parent: TreeNode | undefined, children: readonly TreeNode[]): TreeNode[] {
    const { nodes, gone } = this.#nodes.replace(parent, children);
    for (const id of gone) this.#folders.forget(id);
    return nodes;
  }

  /** Rows that are not drawn are none to draw again. */
  #redraw(ids: readonly string[]): void {
    const nodes = ids.flatMap((id) => this.#nodes.get(id) ?? []);
    if (nodes.length > 0) this.#changed.fire(nodes);
  }

  /** Nothing below a closed row is watched or waited for. */
  #close(node: TreeNode): void {
    this.#folders.close(node);
    if (node.kind === "cluster") this.#listings.leave(node.context);
  }

  /** VS Code draws what it has when a row opens again: what was let go below it is read anew. */
  #reopen(node: TreeNode): void {
    const wasClosed = this.#folders.isClosed(node);
    const folders = this.#folders.reopen(node);
    if (wasClosed && node.kind === "cluster" && this.#listings.isDue(node.context)) this.#redraw([node.id]);
    else this.#redraw(folders.map(({ id }) => id));
  }

  /** A hidden view watches nothing. What was open is read again when it shows; the rest stays as it was drawn. */
  #onVisibility(visible: boolean): void {
    if (visible) {
      this.#listings.show();
      this.#redraw(this.#folders.unwatched().map(({ id }) => id));
    } else {
      this.#listings.hide();
      this.#folders.drop();
    }
  }

  /** What was read through a cluster that is still in use stays as it is. */
  #onContexts(engine: Engine): void {
    this.#listings.keep((context, cluster) => engine.hasCluster(context, cluster));
    this.#folders.drop((_, { cluster }) => !engine.hasCluster(cluster.connection.context.name, cluster));
    this.#changed.fire(undefined);
  }

  #youngJobs(): readonly TreeNode[] {
    const engine = this.#loaded;
    if (engine === undefined || !this.#view.visible) return [];
    return [...this.#folders.entries()].flatMap(([id, folder]) =>
      [...folder.jobs.items.values()]
        .filter((job) => isYoung(job, engine.clock))
        .flatMap((job) => this.#nodes.get(`${id}/${job.uid}`) ?? []),
    );
  }

  /** What a listing is read through; undefined where the kubeconfig's entry cannot be used. */
  #clusterOf(context: string): object | undefined {
    try {
      return this.#loaded?.cluster(context);
    } catch {
      return undefined;
    }
  }
}
