import * as vscode from "vscode";
import { DisposableStore } from "../core/dispose.ts";
import { label } from "../core/sanitize.ts";
import { POD } from "../kubeflow/kinds/pod.ts";
import type { ContainerRef } from "../kubeflow/model.ts";
import type { Reason } from "../kubeflow/why.ts";
import { COMMANDS } from "../manifest.ts";
import type {
  ClusterPipelines,
  ListKind,
  LiveList,
  PipelineItem,
  PipelineRun,
  RunLog,
  RunTask,
} from "../pipelines/index.ts";
import { allowedIn } from "./allowed.ts";
import {
  type Drawn,
  type Folder,
  type FolderSite,
  GRACE_MS,
  type LogChoice,
  type ObjectRef,
  type PipelineRow,
  type Removal,
} from "./folder.ts";
import { emptyNode, filteredNode, loadingNode, unreachedNode } from "./messages.ts";
import {
  messageNode,
  PIPELINE_LISTS,
  pipelineLists,
  type PipelineNode,
  pipelineNode,
  pipelineSpaces,
  type TreeNode,
} from "./nodes.ts";
import { accessWords, itemRow, listRow, spaceRow, stateWord, taskRow } from "./pipelineRows.ts";

const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
/** An age is drawn anew while it shows minutes. */
const YOUNG_MS = 3_600_000;

/** A list that was opened, below the row that it stands under. */
interface OpenList {
  readonly node: PipelineNode;
  readonly list: LiveList;
  /** Rows as they were told last, by id. */
  told: ReadonlyMap<string, string>;
  toldState: string;
}

/** Kubeflow Pipelines of a cluster: runs, recurring runs and pipelines with their versions, a page at a time. */
export class PipelinesFolder implements Folder {
  readonly cluster: FolderSite["cluster"];
  readonly isOutdated = false;
  readonly isApart = true;
  readonly #site: FolderSite;
  readonly #pipelines: ClusterPipelines;
  readonly #held = new DisposableStore();
  /** By the id of the row that they stand under. */
  readonly #lists = new Map<string, OpenList>();
  readonly #closed = new Set<string>();
  /** The pods of runs and of tasks, by the row's id, as they were when somebody acted on it. */
  readonly #pods = new Map<string, readonly RunLog[]>();

  constructor(site: FolderSite) {
    this.#site = site;
    this.cluster = site.cluster;
    this.#pipelines = this.#held.add(site.pipelines());
    this.#held.add(this.#pipelines.access.onDidChange(() => site.redrawFolder()));
    this.#held.add(
      site.cluster.connection.onDidChangeState(({ kind }) => {
        if (kind === "live") this.#pipelines.retry();
      }),
    );
    this.#pipelines.access.look();
  }

  answered(ms: number): Promise<void> {
    return this.#pipelines.access.answered(ms);
  }

  words(): string {
    const { value, state } = this.#pipelines.access;
    return accessWords(value, state, this.#site.clock.now());
  }

  async rows(): Promise<readonly TreeNode[]> {
    const { node } = this.#site;
    const { access } = this.#pipelines;
    await access.answered(GRACE_MS);
    if (access.value === undefined)
      return [access.state.kind === "failed" ? unreachedNode(node, access.state.error) : loadingNode(node)];
    return pipelineSpaces(node, access.value.multiUser ? this.#site.namespaces() : undefined);
  }

  below(node: TreeNode): Promise<readonly TreeNode[]> | readonly TreeNode[] {
    if (node.kind !== "pipeline") return [];
    this.#closed.delete(node.id);
    if (node.what === "space") return pipelineLists(node, node.namespace);
    if (node.what === "list" || node.what === "pipeline") return this.#items(node);
    const run = this.#run(node);
    if (run === undefined) return [];
    if (run.tasks.length === 0) return [messageNode(node, noTasks(run))];
    return run.tasks.map(({ id, name }) => pipelineNode(node, "task", id, name, node.namespace));
  }

  /** VS Code tells of rows that a person opens and closes; what cannot be seen is not read. */
  toggled(node: TreeNode, open: boolean): void {
    if (open) this.#closed.delete(node.id);
    else this.#closed.add(node.id);
    for (const { node: own, list } of this.#lists.values())
      if (this.#isSeen(own)) list.look();
      else list.rest();
  }

  draw(node: TreeNode): Drawn | undefined {
    if (node.kind !== "pipeline") return undefined;
    const now = this.#site.clock.now();
    if (node.what === "space") return { row: spaceRow(node.namespace), collapsible: Collapsed };
    if (node.what === "list") {
      const list = this.#listOf(node);
      // Runs are what most people came for; the rest is read when somebody looks.
      const collapsible = node.key === "runs" ? Expanded : Collapsed;
      return { row: listRow(kindOf(node), list.value, list.state, now), collapsible };
    }
    if (node.what === "task") {
      const task = this.#task(node);
      const allowed = allowedIn(this.cluster, this.#pipelines.podNamespace(node.namespace), POD);
      return task && { row: taskRow(task, now, allowed), collapsible: None };
    }
    const item = this.#item(node);
    const opens = item?.kind === "run" || item?.kind === "pipeline";
    return (
      item && {
        row: itemRow(
          item,
          now,
          this.#lists.get(node.id)?.list.state,
          node.parent?.kind === "pipeline" && node.parent.key === "archived",
        ),
        collapsible: opens ? Collapsed : None,
      }
    );
  }

  /** The server does not tell why a task has not begun, or how it failed; its pod does. */
  async look(node: TreeNode, signal: AbortSignal): Promise<void> {
    const run = this.#run(node);
    const isTask = node.kind === "pipeline" && node.what === "task";
    if (run !== undefined && (isTask || run.state === "Waiting" || run.state === "Failed"))
      this.#pods.set(node.id, await this.#podsOf(run, node, signal));
  }

  object(node: TreeNode): ObjectRef | undefined {
    const pod = this.#pod(node);
    return pod && { resource: POD, namespace: pod.container?.namespace, name: pod.pod, uid: pod.uid };
  }

  container(node: TreeNode): ContainerRef | undefined {
    return this.#pod(node)?.container;
  }

  why(node: TreeNode): readonly Reason[] {
    const run = this.#run(node);
    const task = this.#task(node);
    const state = (task ?? run)?.state;
    const said = (this.#pods.get(node.id) ?? []).filter(({ why }) => why !== "");
    if (state === "Waiting") {
      if (said.length > 0) return said.map(({ task: name, why }) => ({ text: `${label(name)}: ${why}.` }));
      const nothing = vscode.l10n.t("None of its tasks runs yet, and no pod of it says why.");
      return [{ text: task === undefined ? nothing : vscode.l10n.t("It has not begun, and no pod of it says why.") }];
    }
    if (run === undefined || state !== "Failed") return [];
    const next = { id: "logs", words: vscode.l10n.t("Open its log") } as const;
    const failed = (task === undefined ? run.tasks : [task]).filter((one) => one.state === "Failed");
    const reasons = failed.map(({ name }): Reason => {
      const how = said.find((pod) => pod.task === name)?.why;
      const text = how === undefined ? vscode.l10n.t("{0} failed.", label(name)) : `${label(name)}: ${how}.`;
      return { text, next };
    });
    const error = task !== undefined || run.error === undefined ? [] : [{ text: label(run.error, 600), next }];
    return reasons.length + error.length > 0 ? [...error, ...reasons] : [{ text: vscode.l10n.t("It failed."), next }];
  }

  pipeline(node: TreeNode): PipelineRow | undefined {
    const item = this.#item(node);
    if (item === undefined || node.kind !== "pipeline") return undefined;
    return { item, namespace: node.namespace, parent: parentOf(node) };
  }

  /** What the server keeps of the row, as YAML; undefined for a row that stands for nothing there. */
  yaml(node: TreeNode, signal: AbortSignal): Promise<string> | undefined {
    const item = this.#item(node);
    if (item === undefined || node.kind !== "pipeline") return undefined;
    return this.#pipelines.yaml(item, node.namespace, parentOf(node), signal);
  }

  removal(node: TreeNode): Removal | undefined {
    const item = this.#item(node);
    if (item === undefined || node.kind !== "pipeline") return undefined;
    const words = {
      run: vscode.l10n.t("It goes from Kubeflow Pipelines with its record, and what still runs of it ends."),
      recurring: vscode.l10n.t("It starts no more runs. Those that it has started stay."),
      pipeline: vscode.l10n.t("Its versions go with it. Runs that were made from it stay."),
      version: vscode.l10n.t("Runs that were made from it stay."),
    };
    const remove = (signal: AbortSignal): Promise<void> =>
      this.#pipelines.remove(item, node.namespace, parentOf(node), signal);
    return { words: words[item.kind], remove };
  }

  /** The logs of a run, or of a task of it. */
  async logs(node: TreeNode, signal: AbortSignal): Promise<readonly LogChoice[]> {
    const run = this.#run(node);
    const found = run === undefined ? [] : await this.#podsOf(run, node, signal);
    return found.map(({ task: title, pod: detail, container, read }) => ({ title, detail, container, read }));
  }

  /** Reads one page more of the list under a row. */
  more(node: TreeNode): void {
    this.#lists.get(node.id)?.list.more();
  }

  ageing(): readonly string[] {
    const now = this.#site.clock.now();
    return [...this.#lists.values()].flatMap(({ node, list }) => [
      node.id,
      ...(list.value?.items ?? [])
        .filter((item) => now - item.created < YOUNG_MS || stateWord(item) === "Running")
        .map((item) => itemNode(node, item).id),
    ]);
  }

  refresh(): void {
    this.#pipelines.refresh();
  }

  dispose(): void {
    this.#held.dispose();
  }

  async #items(node: PipelineNode): Promise<readonly TreeNode[]> {
    const { choices } = this.#site;
    const list = this.#opened(node).list;
    list.look();
    await list.answered(GRACE_MS);
    const { state, value } = list;
    if (value === undefined) return [state.kind === "failed" ? unreachedNode(node, state.error) : loadingNode(node)];
    const { items, hasMore, total } = value;
    if (items.length === 0) return [emptyNode(node, vscode.l10n.t("None here."))];
    const shown = items.filter((item) => choices.shows(item.name, () => stateWord(item)));
    const rows = [...shown]
      .sort(choices.sort === "name" ? choices.compare : newestFirst)
      .map((item) => itemNode(node, item));
    const count = vscode.l10n.t("{0} of {1} were read", items.length, total ?? vscode.l10n.t("more"));
    const next = { title: count, command: COMMANDS.morePipelines, args: [node] };
    return [
      ...(rows.length === 0 ? [filteredNode(node, items.length)] : rows),
      ...(hasMore ? [messageNode(node, vscode.l10n.t("More…"), "plain", next)] : []),
    ];
  }

  #opened(node: PipelineNode): OpenList {
    const known = this.#lists.get(node.id);
    if (known !== undefined) return known;
    const opened: OpenList = { node, list: this.#listOf(node), told: new Map(), toldState: "" };
    this.#lists.set(node.id, opened);
    this.#held.add(opened.list.onDidChange(() => this.#onList(opened)));
    return opened;
  }

  #listOf({ what, key, namespace }: PipelineNode): LiveList {
    return what === "pipeline"
      ? this.#pipelines.list("versions", namespace, key)
      : this.#pipelines.list(key as ListKind, namespace);
  }

  /** Rows are drawn alone, unless some came or went, or their list's own row says something else now. */
  #onList(opened: OpenList): void {
    const { node, list, told, toldState } = opened;
    const items = list.value?.items ?? [];
    const now = new Map(items.map((item) => [itemNode(node, item).id, JSON.stringify(item)]));
    const changed = [...now].filter(([id, text]) => told.get(id) !== text).map(([id]) => id);
    const newest = items[0] === undefined ? "" : itemNode(node, items[0]).id;
    opened.told = now;
    opened.toldState = `${list.state.kind}/${list.value?.total ?? 0}/${String(list.value?.hasMore)}`;
    const isAlone =
      told.size === now.size &&
      toldState === opened.toldState &&
      changed.length > 0 &&
      changed.every((id) => told.has(id) && id !== newest);
    this.#site.redraw(isAlone && !this.#site.choices.isFiltering ? changed : [node.id]);
  }

  #isSeen(node: PipelineNode): boolean {
    for (let row: TreeNode | undefined = node; row !== undefined; row = row.parent)
      if (this.#closed.has(row.id)) return false;
    return true;
  }

  /** As they are now. */
  async #podsOf(run: PipelineRun, node: TreeNode, signal: AbortSignal): Promise<readonly RunLog[]> {
    if (node.kind !== "pipeline") return [];
    return this.#pipelines.logs(run, node.namespace, node.what === "task" ? node.name : undefined, signal);
  }

  /** Of a task that was looked at: the last one, where it can be seen. */
  #pod(node: TreeNode): RunLog | undefined {
    if (this.#task(node) === undefined) return undefined;
    return this.#pods.get(node.id)?.findLast(({ uid }) => uid !== "");
  }

  #task(node: TreeNode): RunTask | undefined {
    if (node.kind !== "pipeline" || node.what !== "task") return undefined;
    return this.#run(node)?.tasks.find(({ id }) => id === node.key);
  }

  #run(node: TreeNode): PipelineRun | undefined {
    const row = node.kind === "pipeline" && node.what === "task" ? node.parent : node;
    const item = row && this.#item(row);
    return item?.kind === "run" ? item : undefined;
  }

  #item(node: TreeNode): PipelineItem | undefined {
    if (node.kind !== "pipeline" || node.parent?.kind !== "pipeline") return undefined;
    return this.#lists.get(node.parent.id)?.list.value?.items.find(({ id }) => id === node.key);
  }
}

const NUMBERED = new Intl.Collator("en", { numeric: true });

/** The server knows no parts of a second: of what was made in one, the higher number is the newer. */
function newestFirst(a: PipelineItem, b: PipelineItem): number {
  return b.created - a.created || NUMBERED.compare(b.name, a.name);
}

function noTasks({ finished }: PipelineRun): string {
  return finished === undefined ? vscode.l10n.t("No tasks yet.") : vscode.l10n.t("The server tells of no tasks.");
}

function itemNode(parent: PipelineNode, item: PipelineItem): PipelineNode {
  return pipelineNode(parent, item.kind, item.id, item.name, parent.namespace);
}

/** The pipeline's id, of versions. */
function parentOf({ parent }: PipelineNode): string {
  return parent?.kind === "pipeline" ? parent.key : "";
}

function kindOf({ key }: PipelineNode): ListKind {
  return PIPELINE_LISTS.find((kind) => kind === key) ?? "runs";
}
