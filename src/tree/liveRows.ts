import { DisposableStore } from "../core/dispose.ts";
import type { Event } from "../core/events.ts";
import type { StoreState } from "../kube/store.ts";
import { folderWords } from "./clusterRows.ts";
import { type FolderSite, GRACE_MS, learnRights, namespaceOf } from "./folder.ts";
import { emptyNode, failureNode, filteredNode, forbiddenNode, loadingNode, missingNode } from "./messages.ts";
import type { TreeNode } from "./nodes.ts";
import { soon } from "./soon.ts";

/** Of more objects than this the folder, which brings all of their rows, is drawn again more rarely for a count alone. */
const MANY = 500;
const COUNT_DELAY_MS = 2_000;
const CREATE_DEFINITIONS = { verb: "create", group: "apiextensions.k8s.io", resource: "customresourcedefinitions" };

/** Objects that a folder shows, live. */
export interface LiveObjects<T> {
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

export interface LiveRowsOptions<T> {
  readonly site: FolderSite;
  readonly live: LiveObjects<T>;
  readonly node: (item: T) => TreeNode;
  /** States in the order in which they are counted. */
  readonly order: readonly string[];
  /** `training jobs`; what is said where the cluster has no such kind, and where it has none of it. */
  readonly texts: { readonly what: string; readonly missing: string; readonly none: string };
  /** What is missing can be installed from here, by who may create definitions. */
  readonly isInstallable?: true;
}

/** The rows of a set of objects, or what stands in their way, and when they are drawn again. Learns what may be done there. */
export class LiveRows<T extends { readonly name: string; readonly created: number }> extends DisposableStore {
  readonly #options: LiveRowsOptions<T>;
  #drawnWords = "";
  #isDrawn = false;
  #rights: Promise<void>;

  constructor(options: LiveRowsOptions<T>) {
    super();
    this.#options = options;
    const { live, site } = options;
    this.#rights = this.#learn();
    this.add(live.onDidChangeState(() => site.redrawFolder()));
    this.add(
      site.cluster.rights.onDidChange((namespace) => {
        // Definitions are in no namespace.
        const isAsked = namespace === undefined && live.state.kind === "absent";
        if (this.#isDrawn && (isAsked || namespace === namespaceOf(site.node))) site.redrawFolder();
      }),
    );
    // The folder's row was drawn before it opened. Where its objects are known already, nothing else would tell.
    if (live.state.kind === "live") site.redrawFolder();
  }

  words(): string {
    const { live, order, site } = this.#options;
    return (this.#drawnWords = folderWords(live.state, live.counts, order, site.clock.now()));
  }

  /** Waits a moment for a first answer, never for the network. */
  async rows(): Promise<readonly TreeNode[]> {
    const { live, texts, site } = this.#options;
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
    return withHalt(node, state, shown.sort(choices.compare).map(this.#options.node));
  }

  /** These rows say something else now; with `set` some came or went. */
  changed(ids: readonly string[], set: boolean): void {
    const { site, live } = this.#options;
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

  refresh(): void {
    this.#rights = this.#learn();
    this.#options.live.refresh();
  }

  /** Undefined where nobody could. */
  async #mayInstall(): Promise<boolean | undefined> {
    const { isInstallable, site } = this.#options;
    if (isInstallable !== true) return undefined;
    await soon(learnRights(site.cluster, undefined), GRACE_MS);
    return site.cluster.rights.in(undefined).may(CREATE_DEFINITIONS) !== "no";
  }

  #learn(): Promise<void> {
    const { cluster, node } = this.#options.site;
    return learnRights(cluster, namespaceOf(node));
  }
}

/** Rows that are old, and stay so till a person does something, stand below the reason. */
export function withHalt(node: TreeNode, state: StoreState, rows: readonly TreeNode[]): readonly TreeNode[] {
  return state.kind === "stale" && state.halted !== undefined ? [failureNode(node, state.halted), ...rows] : rows;
}
