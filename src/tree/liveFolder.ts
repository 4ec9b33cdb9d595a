import { type Disposable, DisposableStore } from "../core/dispose.ts";
import type { Event } from "../core/events.ts";
import type { ResourceKind } from "../kube/objects.ts";
import type { StoreState } from "../kube/store.ts";
import type { Reason } from "../kubeflow/why.ts";
import { folderWords } from "./clusterRows.ts";
import {
  type Drawn,
  type Folder,
  type FolderSite,
  GRACE_MS,
  learnRights,
  namespaceOf,
  type ObjectRef,
} from "./folder.ts";
import { emptyNode, failureNode, filteredNode, forbiddenNode, loadingNode, missingNode } from "./messages.ts";
import type { TreeNode } from "./nodes.ts";
import { soon } from "./soon.ts";

/** Of more objects than this the folder, which brings all of their rows, is drawn again more rarely for a count alone. */
const MANY = 500;
const COUNT_DELAY_MS = 2_000;
const CREATE_DEFINITIONS = { verb: "create", group: "apiextensions.k8s.io", resource: "customresourcedefinitions" };

/** Objects that a folder shows, live. */
export interface LiveObjects<T> extends Disposable {
  /** Ids of objects whose rows may say something else now; with `set` some came or went. */
  readonly onDidChange: Event<{ readonly changed: readonly string[]; readonly set: boolean }>;
  readonly state: StoreState;
  readonly onDidChangeState: Event<StoreState>;
  /** In no order. */
  readonly items: Iterable<T>;
  readonly size: number;
  /** How many are in each state. */
  readonly counts: ReadonlyMap<string, number>;
  summary(item: T): { readonly state: string };
  answered(ms: number): Promise<void>;
  refresh(): void;
}

export interface LiveFolderOptions {
  /** States in the order in which they are counted. */
  readonly order: readonly string[];
  /** `training jobs`; what is said where the cluster has no such kind, and where it has none of it. */
  readonly texts: { readonly what: string; readonly missing: string; readonly none: string };
  /** What is missing can be installed from here, by who may create definitions. */
  readonly isInstallable?: true;
}

/**
 * A folder over one set of objects: their rows, or what stands in their way, and when they are drawn again. Learns what
 * may be done there.
 */
export abstract class LiveFolder<
  T extends { readonly name: string; readonly created: number },
  Live extends LiveObjects<T>,
> implements Folder {
  readonly cluster: FolderSite["cluster"];
  protected readonly site: FolderSite;
  protected readonly live: Live;
  protected readonly namespace: string | undefined;
  protected readonly held = new DisposableStore();
  readonly #options: LiveFolderOptions;
  #drawnWords = "";
  #isDrawn = false;
  #rights: Promise<void>;

  constructor(site: FolderSite, live: Live, options: LiveFolderOptions) {
    this.site = site;
    this.cluster = site.cluster;
    this.namespace = namespaceOf(site.node);
    this.live = this.held.add(live);
    this.#options = options;
    this.#rights = this.#learn();
    this.held.add(live.onDidChangeState(() => site.redrawFolder()));
    this.held.add(
      site.cluster.rights.onDidChange((namespace) => {
        // Definitions are in no namespace.
        const isAsked = namespace === undefined && live.state.kind === "absent";
        if (this.#isDrawn && (isAsked || namespace === this.namespace)) site.redrawFolder();
      }),
    );
    this.held.add(live.onDidChange(({ changed, set }) => this.#changed(changed, set)));
    // The folder's row was drawn before it opened. Where its objects are known already, nothing else would tell.
    if (live.state.kind === "live") site.redrawFolder();
  }

  abstract draw(node: TreeNode): Drawn | undefined;
  abstract why(node: TreeNode): readonly Reason[];
  protected abstract node(item: T): TreeNode;
  /** Its row says an age that shows minutes. */
  protected abstract ages(item: T, now: number): boolean;

  get isOutdated(): boolean {
    return false;
  }

  answered(ms: number): Promise<void> {
    return this.live.answered(ms);
  }

  ageing(): readonly string[] {
    const { node, clock } = this.site;
    if (this.live.state.kind === "stale") return [node.id];
    const now = clock.now();
    return [...this.live.items].filter((item) => this.ages(item, now)).map((item) => this.node(item).id);
  }

  dispose(): void {
    this.held.dispose();
  }

  words(): string {
    const { live, site } = this;
    return (this.#drawnWords = folderWords(live.state, live.counts, this.#options.order, site.clock.now()));
  }

  /** Waits a moment for a first answer, never for the network. */
  async rows(): Promise<readonly TreeNode[]> {
    const { live, site } = this;
    const { texts } = this.#options;
    const { node, choices } = site;
    // Only the first time: while rows are read again, VS Code knows none of them, and their menus lead nowhere.
    if (!this.#isDrawn) await soon(Promise.all([live.answered(GRACE_MS), this.#rights]), GRACE_MS);
    this.#isDrawn = true;
    const { state } = live;
    if (state.kind === "absent") return [missingNode(node, texts.missing, await this.#mayInstall())];
    if (state.kind === "forbidden") return [forbiddenNode(node, texts.what, state.why)];
    if (state.kind === "failed") return [failureNode(node, state.error)];
    if (live.size === 0)
      return [state.kind === "live" || state.kind === "stale" ? emptyNode(node, texts.none) : loadingNode(node)];
    const shown = [...live.items].filter((item) => choices.shows(item.name, () => live.summary(item).state));
    if (shown.length === 0) return [filteredNode(node, live.size)];
    return withHalt(
      node,
      state,
      shown.sort(choices.compare).map((item) => this.node(item)),
    );
  }

  refresh(): void {
    this.#rights = this.#learn();
    this.live.refresh();
  }

  #changed(ids: readonly string[], set: boolean): void {
    const { site, live } = this;
    if (set) {
      site.redrawFolder();
      return;
    }
    site.redraw(ids.map((id) => `${site.node.id}/${id}`));
    // A row alone is cheap to draw; the folder, which counts states, brings all of them.
    const before = this.#drawnWords;
    if (before !== this.words() || site.choices.isFiltering)
      site.redrawFolder(live.size > MANY ? COUNT_DELAY_MS : undefined);
  }

  /** Undefined where nobody could. */
  async #mayInstall(): Promise<boolean | undefined> {
    if (this.#options.isInstallable !== true) return undefined;
    await soon(learnRights(this.cluster, undefined), GRACE_MS);
    return this.cluster.rights.in(undefined).may(CREATE_DEFINITIONS) !== "no";
  }

  #learn(): Promise<void> {
    return learnRights(this.cluster, this.namespace);
  }
}

/** Rows that are old, and stay so till a person does something, stand below the reason. */
export function withHalt(node: TreeNode, state: StoreState, rows: readonly TreeNode[]): readonly TreeNode[] {
  return state.kind === "stale" && state.halted !== undefined ? [failureNode(node, state.halted), ...rows] : rows;
}

/** How old an age is that shows minutes, at most. */
export const YOUNG_MS = 3_600_000;

export function objectRef(
  resource: ResourceKind,
  item: Omit<ObjectRef, "resource"> | undefined,
): ObjectRef | undefined {
  return item && { resource, namespace: item.namespace, name: item.name, uid: item.uid };
}
