import type { Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import type { TreeItemCollapsibleState } from "vscode";
import type { ResourceKind } from "../kube/objects.ts";
import type { ContainerRef } from "../kubeflow/model.ts";
import type { Reason } from "../kubeflow/why.ts";
import type { Cluster } from "../kubeflow/cluster.ts";
import type { InstallHealth } from "../install/index.ts";
import type { Notebook } from "../kubeflow/kinds/notebook.ts";
import type { NamespaceNotebooks } from "../notebooks/index.ts";
import type { ClusterPipelines, PipelineItem } from "../pipelines/index.ts";
import type { FolderNode, TreeNode } from "./nodes.ts";
import { ALL_NAMESPACES } from "../kubeflow/namespaceChoice.ts";
import type { Row } from "./row.ts";
import type { ViewChoices } from "./viewChoices.ts";

/** An object of the cluster that a row stands for. */
export interface ObjectRef {
  readonly resource: ResourceKind;
  /** Undefined for what is in none. */
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
}

/** A log to choose among those of a row. */
export interface LogChoice {
  readonly title: string;
  readonly detail: string;
  /** Where it can be followed; undefined where it can only be read, as it is now. */
  readonly container: ContainerRef | undefined;
  readonly read: (signal: AbortSignal) => Promise<string>;
}

/** A run, a schedule, a pipeline or a version, and where it is; `parent` is the pipeline's id, of a version. */
export interface PipelineRow {
  readonly item: PipelineItem;
  readonly namespace: string;
  readonly parent: string;
}

/** What deletes a row's thing, and what a person reads before. */
export interface Removal {
  readonly words: string;
  readonly remove: (signal: AbortSignal) => Promise<void>;
}

/** A row of a folder as it is drawn now. */
export interface Drawn {
  readonly row: Row;
  readonly collapsible: TreeItemCollapsibleState;
}

/** The live rows below an open folder; lives while the folder is open and can be seen. */
export interface Folder extends Disposable {
  readonly cluster: Cluster;
  /** The cluster serves other kinds than this reads: it is to be made anew. */
  readonly isOutdated: boolean;
  /** Resolves when there is an answer, well or not, or a time in ms has passed. */
  answered(ms: number): Promise<void>;
  /** What stands beside the folder's name. */
  words(): string;
  /** What its tooltip says besides. */
  notes?(): readonly string[];
  /** The rows below the folder, or a message. Waits a moment for a first answer, never for the network. */
  rows(): Promise<readonly TreeNode[]> | readonly TreeNode[];
  /** The rows below one of its rows. */
  below?(node: TreeNode): Promise<readonly TreeNode[]> | readonly TreeNode[];
  /** Undefined where the object is gone. */
  draw(node: TreeNode): Drawn | undefined;
  /** Reads all of a row's object where only a printed row of it is known. Rejects as KubeClient does. */
  look?(node: TreeNode, signal: AbortSignal): Promise<void>;
  /** The object that a row stands for; undefined where it stands for none, or for none yet. */
  object?(node: TreeNode): ObjectRef | undefined;
  /** The notebook that a row stands for. */
  notebook?(node: TreeNode): Notebook | undefined;
  /** The container whose logs or shell a row means, once it was looked at. */
  container?(node: TreeNode): ContainerRef | undefined;
  /** Uids of what belongs to the row's object and is told of in events: its pods, and what made them. */
  family?(node: TreeNode): readonly string[];
  /** Why the row is as it is, what matters most first. */
  why(node: TreeNode): readonly Reason[];
  /** What of Kubeflow Pipelines a row stands for. */
  pipeline?(node: TreeNode): PipelineRow | undefined;
  /** Instead of `container`, where logs are to be looked for first. */
  logs?(node: TreeNode, signal: AbortSignal): Promise<readonly LogChoice[]>;
  /** Instead of `object`, for what is none of the cluster's. */
  yaml?(node: TreeNode, signal: AbortSignal): Promise<string> | undefined;
  /** How it is deleted, where it is no object of the cluster. */
  removal?(node: TreeNode): Removal | undefined;
  /** Reads one page more of what is below a row. */
  more?(node: TreeNode): void;
  /** A person opened or closed a row of this folder. */
  toggled?(node: TreeNode, open: boolean): void;
  /** It reads by itself, and not by the cluster's stores. */
  readonly isApart?: true;
  /** Ids of rows whose age shows minutes. */
  ageing(): readonly string[];
  refresh(): void;
}

/** What a folder is given: where it stands, how its rows are redrawn, what the person wants to see. */
export interface FolderSite {
  readonly node: FolderNode;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly choices: ViewChoices;
  /** The notebooks of a namespace, or of all, and a reader of the cluster's pipelines: whoever asks for one ends it. */
  readonly notebooks: (namespace: string | undefined) => NamespaceNotebooks;
  readonly pipelines: () => ClusterPipelines;
  /** What was installed in the cluster; undefined where nothing is known of it. */
  readonly install: () => InstallHealth | undefined;
  /** Namespaces that are shown of the cluster. */
  readonly namespaces: () => readonly string[];
  readonly isMine: (job: { readonly owner: string | undefined }) => boolean;
  /** Redraws these rows alone. */
  redraw(ids: readonly string[]): void;
  /** Redraws the folder with the set of its rows, at most once in so many ms; 250 where left out. */
  redrawFolder(ms?: number): void;
}

/** Milliseconds that rows wait for the cluster: what answers at once is drawn once. */
export const GRACE_MS = 100;

/** The namespace that a folder stands in; undefined for all of them. */
export function namespaceOf({ namespace }: FolderNode): string | undefined {
  return namespace === ALL_NAMESPACES ? undefined : namespace;
}

/** Learns what the person may do in a namespace. Never rejects: what is not known is offered. */
export function learnRights({ rights }: Cluster, namespace: string | undefined): Promise<void> {
  // What stands in the way is said by the rows, which are read over the same connection.
  return rights
    .in(namespace)
    .know()
    .catch(() => undefined);
}
