import * as vscode from "vscode";
import { type Disposable, DisposableStore } from "../core/dispose.ts";
import { isCancelled } from "../core/errors.ts";
import type { Engine } from "../engine.ts";
import { ALL_NAMESPACES } from "../kubeflow/namespaceChoice.ts";
import { servedWorkloads } from "../kubeflow/workloadKinds.ts";
import { CONTEXT_KEYS, VIEWS } from "../manifest.ts";
import { setContextKey } from "../platform/contextKey.ts";
import { ClusterListings, type Listing } from "./clusterListings.ts";
import { ClusterLooks, type TreeSources } from "./clusterLooks.ts";
import { drawItem, type Sight } from "./drawItem.ts";
import { type Folder, GRACE_MS } from "./folder.ts";
import { makeFolder } from "./folderKinds.ts";
import { Folders } from "./folders.ts";
import { KnownNodes } from "./knownNodes.ts";
import {
  cancelledNode,
  connectingNode,
  failureNode,
  loadingNode,
  moreNamespacesNode,
  notReadyNode,
} from "./messages.ts";
import {
  type ClusterNode,
  clusterNode,
  type FolderNode,
  folderNode,
  folderOf,
  messageNode,
  type NamespaceNode,
  namespaceNode,
  type TreeNode,
} from "./nodes.ts";
import type { MadeView } from "./madeView.ts";
import { patiently } from "./patiently.ts";
import { ageingRows, Redraws } from "./redraws.ts";
import { Revealer } from "./reveal.ts";
import type { ClusterPreferences } from "../platform/clusterPreferences.ts";
import { clustersOf, rootNodes } from "./roots.ts";
import { messageItem } from "./treeItem.ts";
import { tellChoices } from "./tellChoices.ts";
import { NO_FILTER, type ViewChoices } from "./viewChoices.ts";

/** Milliseconds that a cluster has to answer before a row in it is looked for. */
const REVEAL_MS = 10_000;

/**
 * The view *Clusters*: contexts, namespaces, and what is in them. Reads what the engine knows; asks nothing itself.
 * Rows never wait for a network: VS Code draws a row after those below it, and the whole view after the slowest.
 */
export class ClusterTree implements vscode.TreeDataProvider<TreeNode>, Disposable {
  readonly choices: ViewChoices;
  readonly #preferences: ClusterPreferences;
  readonly #engine: () => Promise<Engine>;
  readonly #changed = new vscode.EventEmitter<TreeNode | readonly TreeNode[] | undefined>();
  readonly #nodes = new KnownNodes();
  readonly #folders = new Folders<Folder>();
  readonly #listings: ClusterListings;
  /** Shows rows from anywhere. */
  readonly show = new Revealer({
    clusterRows: () => this.clusterRows(),
    unhide: async (context) => {
      if (this.#preferences.hidden.has(context)) await this.#preferences.hide(context, false);
    },
    isDrawn: (node) => this.#nodes.get(node.id) !== undefined,
    reveal: (node, options) => this.reveal(node, options),
    settle: (node) => this.#settle(node),
    shownNamespaces: (context) => this.shownNamespaces(context),
    include: async (context, namespace) => (await this.#load()).namespaceDesk.include(context, namespace),
    showAll: () => this.choices.setFilter(NO_FILTER),
  });
  readonly #made: MadeView;
  readonly #looks: ClusterLooks;
  readonly #held = new DisposableStore();
  readonly #view: vscode.TreeView<TreeNode>;
  readonly #redraws: Redraws;
  #loaded: Engine | undefined;

  readonly onDidChangeTreeData = this.#changed.event as vscode.Event<TreeNode | TreeNode[] | undefined>;

  constructor(sources: TreeSources, choices: ViewChoices, preferences: ClusterPreferences, made: MadeView) {
    this.#engine = sources.engine;
    this.choices = choices;
    this.#preferences = preferences;
    this.#made = made;
    this.#held.add(this.#changed);
    this.#held.add(this.#folders);
    this.#looks = this.#held.add(new ClusterLooks(sources.installers, (id, ms) => this.#redraws.soon(id, ms)));
    this.#redraws = this.#held.add(
      new Redraws(
        (ids) => this.#redraw(ids),
        () => (this.#view.visible ? ageingRows(this.#loaded, this.#folders.entries()) : []),
      ),
    );
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
    this.#held.add(choices.onDidChange(() => this.#onChoices()));
    this.#held.add(preferences.onDidChange(() => this.#onPreferences()));
    this.#held.add(made.onDidChange((rows) => this.#onMade(rows)));
    tellChoices(this.#view, this.choices);
  }

  /** Draws a node and everything below it again; everything where it is left out. Reads from the clusters anew. */
  refresh(node?: TreeNode): void {
    if (node === undefined) this.#listings.allAgain();
    if (node === undefined || node.kind === "cluster") {
      this.#looks.again(node?.context);
      this.#loaded?.refreshStores(node?.context);
      for (const [, folder] of this.#folders.entries()) if (folder.isApart === true) folder.refresh();
    } else for (const folder of this.#folders.below(folderOf(node) ?? node)) folder.refresh();
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

  /** Where a context's cluster was made from here; undefined where it was not. */
  madeWhere(context: string): "gke" | "eks" | "local" | undefined {
    return this.#made.whereOf(context);
  }

  /** The row that a person has selected, for commands of the palette. */
  get selected(): TreeNode | undefined {
    return this.#view.selection[0];
  }

  /** The live side of the folder that a row stands in; undefined where it is not watched now. */
  folder(node: TreeNode): Folder | undefined {
    return this.#folders.get(folderOf(node)?.id ?? "");
  }

  /** Namespaces that are drawn of a cluster; undefined where they are not known. */
  shownNamespaces(context: string): readonly string[] | undefined {
    const listing = this.#listings.get(context);
    return listing.kind === "listed" ? listing.shown : undefined;
  }

  /** Shows a row that is drawn already and selects it. */
  async reveal(node: TreeNode, options: { readonly expand?: boolean } = {}): Promise<void> {
    const shown = { select: true, focus: true, ...options };
    await patiently(() => this.#view.reveal(this.#nodes.get(node.id) ?? node, shown));
  }

  /** The rows of the clusters that are shown, as they stand now. */
  async clusterRows(): Promise<readonly ClusterNode[]> {
    const engine = await this.#load();
    await engine.load();
    return rootNodes(engine, this.#preferences).clusters;
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return node.parent && (this.#nodes.get(node.parent.id) ?? node.parent);
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    const engine = this.#loaded;
    if (node.kind === "message") return messageItem(node);
    if (engine === undefined) return messageItem(messageNode(undefined, ""));
    const known = { engine, preferences: this.#preferences, made: this.#made };
    const install: Sight["install"] = (context) => this.#looks.install(context);
    return drawItem({ ...known, install, folder: (row) => this.folder(row) }, node);
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

  async #settle(node: TreeNode): Promise<void> {
    if (node.kind === "cluster") await this.#listings.settled(node.context, REVEAL_MS);
    if (node.kind === "folder") await this.folder(node)?.answered(REVEAL_MS);
    // What has come meanwhile is drawn before the next row is looked for.
    await this.getChildren(node);
  }

  async #load(): Promise<Engine> {
    const engine = await this.#engine();
    if (this.#loaded !== engine) {
      this.#loaded = engine;
      this.#held.add(engine.onDidChangeContexts(() => this.#onContexts(engine)));
      this.#held.add(engine.onDidChangeCluster((context) => this.#onCluster(context)));
      this.#held.add(engine.namespaceDesk.onDidChange((context) => this.#listings.again(context)));
    }
    return engine;
  }

  #children(engine: Engine, node: TreeNode | undefined): Promise<readonly TreeNode[]> | readonly TreeNode[] {
    if (node === undefined) return this.#roots(engine);
    switch (node.kind) {
      case "group":
        return clustersOf(engine, this.#preferences, node);
      case "cluster":
        return this.#belowCluster(engine, node);
      case "namespace":
        return this.#belowNamespace(engine, node);
      case "folder":
        return this.#rows(engine, node);
      case "message":
      case "made":
        return [];
      default:
        return this.folder(node)?.below?.(node) ?? [];
    }
  }

  async #roots(engine: Engine): Promise<readonly TreeNode[]> {
    await engine.load();
    // Before, nobody knows that there is nothing to show.
    setContextKey(CONTEXT_KEYS.looked, true);
    return [...this.#made.look(), ...rootNodes(engine, this.#preferences).rows];
  }

  async #belowCluster(engine: Engine, node: ClusterNode): Promise<readonly TreeNode[]> {
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
        if (!closed && this.#view.visible) this.#looks.look(node.context, engine.cluster(node.context));
        return [
          ...listing.shown.map((namespace) => namespaceNode(node, namespace)),
          ...(listing.more ? [moreNamespacesNode(node)] : []),
          ...(engine.parts(node.context)?.pipelines?.certain === true ? [folderNode(node, "pipelines")] : []),
          ...(this.#looks.install(node.context) === undefined ? [] : [folderNode(node, "kubeflow")]),
          folderNode(node, "nodes"),
        ];
    }
  }

  #belowNamespace(engine: Engine, node: NamespaceNode): readonly TreeNode[] {
    const parts = engine.parts(node.context);
    const others = parts === undefined ? [] : servedWorkloads(parts);
    const kinds = ["jobs", ...(parts?.notebooks === true ? (["notebooks"] as const) : []), ...others] as const;
    return kinds.map((what) => folderNode(node, what));
  }

  async #rows(engine: Engine, node: FolderNode): Promise<readonly TreeNode[]> {
    const folder = this.#folders.open(node, () => this.#watch(engine, node));
    // It is asked for again when its row can be seen.
    if (folder === undefined) return [loadingNode(node)];
    return this.#nodes.first(node, await folder.rows(), () => this.#redraws.soon(node.id));
  }

  #watch(engine: Engine, node: FolderNode): Folder {
    return makeFolder({
      node,
      cluster: engine.cluster(node.context),
      clock: engine.clock,
      choices: this.choices,
      isMine: (job) => engine.isMine(job),
      notebooks: (namespace) => engine.notebooks(node.context, namespace),
      pipelines: () => engine.pipelineDesk.open(node.context),
      install: () => this.#looks.install(node.context),
      namespaces: () => this.#namespaces(engine, node.context),
      redraw: (ids) => this.#redraw(ids),
      redrawFolder: (ms) => this.#redraws.soon(node.id, ms),
    });
  }

  #namespaces(engine: Engine, context: string): readonly string[] {
    const shown = (this.shownNamespaces(context) ?? []).filter((name) => name !== ALL_NAMESPACES);
    return shown.length > 0 ? shown : engine.namespaceDesk.familiar(engine.context(context));
  }

  /** The rows below a node as VS Code gets them. What is not drawn any more is forgotten, and not watched. */
  #drawn(parent: TreeNode | undefined, children: readonly TreeNode[]): TreeNode[] {
    const { nodes, gone } = this.#nodes.replace(parent, children);
    for (const id of gone) this.#folders.forget(id);
    if (gone.length > 0) this.#looks.keep((context) => this.#nodes.get(clusterNode(context).id) !== undefined);
    return nodes;
  }

  /** Rows that are not drawn are none to draw again. */
  #redraw(ids: readonly string[]): void {
    const nodes = ids.flatMap((id) => this.#nodes.get(id) ?? []);
    if (nodes.length > 0) this.#changed.fire(nodes);
  }

  /** Nothing below a closed row is watched or waited for. */
  #close(node: TreeNode): void {
    this.folder(node)?.toggled?.(node, false);
    this.#folders.close(node);
    const engine = this.#loaded;
    const below = engine === undefined || node.kind !== "group" ? [] : clustersOf(engine, this.#preferences, node);
    for (const { context } of node.kind === "cluster" ? [node] : below) {
      this.#listings.leave(context);
      this.#looks.leave(context);
    }
  }

  /** VS Code draws what it has when a row opens again: what was let go below it is read anew. */
  #reopen(node: TreeNode): void {
    const wasClosed = this.#folders.isClosed(node);
    const folders = this.#folders.reopen(node);
    this.folder(node)?.toggled?.(node, true);
    // A namespace that was opened comes before others the next time. Only an order is lost where that is not written.
    if (node.kind === "namespace")
      this.#loaded?.namespaceDesk.visit(node.context, node.namespace).catch(() => undefined);
    if (wasClosed && node.kind === "cluster") this.#redraw([node.id]);
    else this.#redraw(folders.map(({ id }) => id));
  }

  #lookAgain(): void {
    const engine = this.#loaded;
    if (engine === undefined) return;
    for (const context of this.#listings.listed())
      if (!this.#folders.isClosed(clusterNode(context))) this.#looks.look(context, engine.cluster(context));
  }

  /** A hidden view watches nothing. What was open is read again when it shows; the rest stays as it was drawn. */
  #onVisibility(visible: boolean): void {
    if (visible) {
      this.#listings.show();
      this.#redraw(this.#folders.unwatched().map(({ id }) => id));
      this.#lookAgain();
    } else {
      this.#listings.hide();
      this.#looks.leaveAll();
      this.#folders.drop();
    }
  }

  /** Whether there are other rows, or only what one of them says. */
  #onMade(rows: "set" | readonly string[]): void {
    if (rows === "set") this.#changed.fire(undefined);
    else this.#redraw(rows);
  }

  #onCluster(context: string): void {
    this.#folders.drop((_, folder) => folder.isOutdated && folder.cluster.connection.context.name === context);
    this.#redraw([clusterNode(context).id]);
  }

  /** What was read through a cluster that is still in use stays as it is. */
  #onContexts(engine: Engine): void {
    this.#listings.keep((context, cluster) => engine.hasCluster(context, cluster));
    this.#folders.drop((_, { cluster }) => !engine.hasCluster(cluster.connection.context.name, cluster));
    this.#changed.fire(undefined);
  }

  #onChoices(): void {
    tellChoices(this.#view, this.choices);
    this.#redraw([...this.#folders.entries()].map(([id]) => id));
  }

  #onPreferences(): void {
    this.#changed.fire(undefined);
  }

  /** What a listing is read through; undefined where the kubeconfig's entry cannot be used. */
  #clusterOf(context: string): object | undefined {
    try {
      return this.#loaded?.cluster(context);
    } catch {
      return undefined; // The cluster's own row says why.
    }
  }
}
