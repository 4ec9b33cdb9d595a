import * as vscode from "vscode";
import { DisposableStore } from "../core/dispose.ts";
import { label } from "../core/sanitize.ts";
import { plural } from "../core/text.ts";
import { type Notebook, NOTEBOOK } from "../kubeflow/kinds/notebook.ts";
import { mainContainer } from "../kubeflow/replicas.ts";
import type { Reason } from "../kubeflow/why.ts";
import { contextValue, type RowFlag } from "../manifest.ts";
import { NamespaceNotebooks, type NotebookState, type NotebookSummary } from "../notebooks/index.ts";
import { type Allowed, allowedIn } from "./allowed.ts";
import { folderWords } from "./clusterRows.ts";
import {
  type ContainerRef,
  type Drawn,
  type Folder,
  type FolderSite,
  GRACE_MS,
  learnRights,
  namespaceOf,
  type ObjectRef,
} from "./folder.ts";
import { emptyNode, failureNode, filteredNode, forbiddenNode, loadingNode, missingNode } from "./messages.ts";
import { notebookNode, type TreeNode } from "./nodes.ts";
import { iconOf, joined, type Row, STATE_ICONS } from "./row.ts";

const STATES: readonly NotebookState[] = ["Ready", "Starting", "Waiting", "Failed", "Stopping", "Stopped"];

/** The notebooks of a namespace, or of all. */
export class NotebooksFolder implements Folder {
  readonly cluster: FolderSite["cluster"];
  readonly isOutdated = false;
  readonly #site: FolderSite;
  readonly #notebooks: NamespaceNotebooks;
  readonly #held = new DisposableStore();
  #drawnWords = "";

  constructor(site: FolderSite) {
    this.#site = site;
    this.cluster = site.cluster;
    this.#notebooks = this.#held.add(new NamespaceNotebooks(site.cluster, namespaceOf(site.node), site.clock));
    this.#held.add(this.#notebooks.onDidChange(({ changed, set }) => this.#onChange(changed, set)));
    this.#held.add(this.#notebooks.onDidChangeState(() => site.redrawFolder()));
    this.#held.add(site.cluster.rights.onDidChange(() => site.redrawFolder()));
    void learnRights(site);
    if (this.#notebooks.state.kind === "live") site.redrawFolder();
  }

  answered(ms: number): Promise<void> {
    return this.#notebooks.answered(ms);
  }

  words(): string {
    const { state, counts } = this.#notebooks;
    return (this.#drawnWords = folderWords(state, counts, STATES, this.#site.clock.now()));
  }

  async rows(): Promise<readonly TreeNode[]> {
    const { node, choices } = this.#site;
    await this.answered(GRACE_MS);
    const { state } = this.#notebooks;
    const all = [...this.#notebooks.items];
    if (state.kind === "absent") return [missingNode(node, vscode.l10n.t("No notebooks in this cluster."))];
    if (state.kind === "forbidden") return [forbiddenNode(node, vscode.l10n.t("notebooks"), state.why)];
    if (state.kind === "failed") return [failureNode(node, state.error)];
    if (all.length === 0) {
      const isKnown = state.kind === "live" || state.kind === "stale";
      return [isKnown ? emptyNode(node, vscode.l10n.t("No notebooks here.")) : loadingNode(node)];
    }
    const shown = all.filter((one) => choices.shows(one.name, () => this.#notebooks.summary(one).state));
    if (shown.length === 0) return [filteredNode(node, all.length)];
    const rows = shown.sort(choices.compare).map((one) => notebookNode(node, one));
    return state.kind === "stale" && state.halted !== undefined ? [failureNode(node, state.halted), ...rows] : rows;
  }

  below(): readonly TreeNode[] {
    return [];
  }

  draw(node: TreeNode): Drawn | undefined {
    const notebook = this.notebook(node);
    if (notebook === undefined) return undefined;
    const { summary, hasPod } = {
      summary: this.#notebooks.summary(notebook),
      hasPod: this.container(node) !== undefined,
    };
    const row = notebookRow(notebook, {
      summary,
      namespace: namespaceOf(this.#site.node) === undefined ? notebook.namespace : "",
      allowed: allowedIn(this.cluster, namespaceOf(this.#site.node), NOTEBOOK),
      hasPod,
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
    const pod = notebook && this.#notebooks.podOf(notebook);
    const main = pod && mainContainer(pod);
    return main && { namespace: pod.namespace, pod: pod.name, container: main.name };
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
    void learnRights(this.#site);
    this.#notebooks.refresh();
  }

  dispose(): void {
    this.#held.dispose();
  }

  /** A row alone is cheap to draw; the folder, which counts states, brings all of them. */
  #onChange(changed: readonly string[], set: boolean): void {
    const before = this.#drawnWords;
    if (set || before !== this.words() || this.#site.choices.isFiltering) this.#site.redrawFolder();
    else this.#site.redraw(changed.map((uid) => `${this.#site.node.id}/${uid}`));
  }
}

export interface NotebookSight {
  readonly summary: NotebookSummary;
  /** Shown where rows of several namespaces stand together. */
  readonly namespace: string;
  readonly allowed: Allowed;
  readonly hasPod: boolean;
  readonly why: boolean;
}

export function notebookRow(notebook: Notebook, sight: NotebookSight): Row {
  const { state, detail } = sight.summary;
  const name = label(notebook.name);
  const gpus = notebook.gpus === 0 ? "" : plural(notebook.gpus, "GPU");
  const words = joined([state, label(detail), gpus, label(sight.namespace, 63)]);
  return {
    label: name,
    description: words,
    ...iconOf(STATE_ICONS[state]),
    tooltip: [
      `${name} · notebook · ${state}`,
      ...(detail === "" ? [] : [label(detail)]),
      ...(notebook.image === undefined ? [] : [`Image: ${label(notebook.image)}`]),
      ...(gpus === "" ? [] : [gpus]),
      `Created ${new Date(notebook.created).toLocaleString()}`,
    ],
    contextValue: contextValue("notebook", notebookFlags(notebook, sight)),
    spoken: joined([name, "notebook", state.toLowerCase(), label(detail), gpus, label(sight.namespace, 63)], ", "),
  };
}

function notebookFlags(notebook: Notebook, { summary, allowed, hasPod, why }: NotebookSight): readonly RowFlag[] {
  const flags: RowFlag[] = ["object", "name"];
  if (allowed.events) flags.push("events");
  if (why) flags.push("why");
  if (summary.state === "Ready" && allowed.forward) flags.push("open");
  if (hasPod && allowed.logs) flags.push("logs");
  if (summary.state === "Ready" && allowed.shell) flags.push("shell");
  if (allowed.change && !notebook.deleting) flags.push(notebook.stopped ? "start" : "stop");
  if (allowed.delete) flags.push("delete");
  return flags;
}
