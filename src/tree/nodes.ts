import type { NextStep } from "../core/errors.ts";
import type { PartView } from "../install/index.ts";
import { jobKey, type JobKind, type TrainingJob } from "../kubeflow/model.ts";
import type { Holder } from "../kubeflow/gpuUse.ts";
import type { GpuPod } from "../kubeflow/kinds/gpuPod.ts";
import { ALL_NAMESPACES } from "../kubeflow/namespaceChoice.ts";
import type { WorkloadKind } from "../kubeflow/workloadKinds.ts";
import type { RowFlags } from "../manifest.ts";

/** What stands in the tree: plain data, found again by its id. Everything shown is read when the row is drawn. */
export type TreeNode =
  | GroupNode
  | ClusterNode
  | MadeNode
  | NamespaceNode
  | FolderNode
  | JobNode
  | ReplicaNode
  | NotebookNode
  | WorkloadNode
  | MachineNode
  | HolderNode
  | ComponentNode
  | PipelineNode
  | MessageNode;

interface Base {
  readonly id: string;
  readonly parent: TreeNode | undefined;
}

/** The contexts of one server, where they are grouped. */
export interface GroupNode extends Base {
  readonly kind: "group";
  readonly server: string;
}

export interface ClusterNode extends Base {
  readonly kind: "cluster";
  readonly context: string;
}

/** A cluster that is not in the tree as a context: being made, stopped half-way, or with something left of it. */
export interface MadeNode extends Base {
  readonly kind: "made";
  /** Id of its record. */
  readonly made: string;
  readonly name: string;
}

export interface NamespaceNode extends Base {
  readonly kind: "namespace";
  readonly context: string;
  /** Its name, or ALL_NAMESPACES. */
  readonly namespace: string;
}

export type FolderKind = "jobs" | "notebooks" | WorkloadKind | "pipelines" | "nodes" | "kubeflow";

/** A folder of rows that are watched while somebody sees them. */
export interface FolderNode extends Base {
  readonly kind: "folder";
  readonly what: FolderKind;
  readonly context: string;
  /** Of the namespace that it stands in; ALL_NAMESPACES below a cluster. */
  readonly namespace: string;
}

interface Named extends Base {
  readonly context: string;
  readonly namespace: string;
  readonly name: string;
}

/** Told apart by kind and name: one that is made anew under its name takes the row of the last. */
export interface JobNode extends Named {
  readonly kind: "job";
  readonly jobKind: JobKind;
}

/** A replica of a job: a rank, or an initializer by its name. */
export interface ReplicaNode extends Base {
  readonly kind: "replica";
  readonly parent: JobNode;
  readonly context: string;
  readonly namespace: string;
  readonly key: string;
}

export interface NotebookNode extends Named {
  readonly kind: "notebook";
  readonly uid: string;
}

/** An experiment, a model server, a Ray job. */
export interface WorkloadNode extends Named {
  readonly kind: "workload";
  readonly what: WorkloadKind;
  readonly uid: string;
}

/** A node of the cluster; its kind is not «node», which here is any row. */
export interface MachineNode extends Base {
  readonly kind: "machine";
  readonly context: string;
  readonly name: string;
}

/** What holds GPUs of a node, or one of several pods of it. */
export interface HolderNode extends Base {
  readonly kind: "holder";
  readonly context: string;
  readonly namespace: string;
  /** What it is, such as `training job`. */
  readonly what: string;
  readonly name: string;
  /** Uid of the pod, where its holder has several. */
  readonly pod: string | undefined;
}

/** A component of Kubeflow that was installed from here. */
export interface ComponentNode extends Base {
  readonly kind: "component";
  readonly context: string;
  /** Its id in the release. */
  readonly key: string;
  readonly name: string;
}

/** A row of Kubeflow Pipelines. */
export interface PipelineNode extends Base {
  readonly kind: "pipeline";
  readonly what: "space" | "list" | "pipeline" | "version" | "run" | "task" | "recurring";
  readonly context: string;
  /** Empty where the server keeps no namespaces apart. */
  readonly namespace: string;
  /** The server's id of it; of a list what it lists. */
  readonly key: string;
  readonly name: string;
}

/** A sentence in the tree, with one thing to press. */
export interface MessageNode extends Base {
  readonly kind: "message";
  readonly text: string;
  readonly tone: "plain" | "problem" | "working";
  readonly action: NextStep | undefined;
  /** What its menu offers besides. */
  readonly flags: RowFlags;
}

export function groupNode(server: string): GroupNode {
  return { kind: "group", id: `server/${encodeURIComponent(server)}`, parent: undefined, server };
}

export function madeNode(made: string, name: string): MadeNode {
  return { kind: "made", id: `made:${made}`, parent: undefined, made, name };
}

export function clusterNode(context: string, parent?: GroupNode): ClusterNode {
  // A context's name may have slashes, and another may be what stands before one of them.
  return { kind: "cluster", id: `cluster/${encodeURIComponent(context)}`, parent, context };
}

export function namespaceNode(parent: ClusterNode, namespace: string): NamespaceNode {
  return { kind: "namespace", id: `${parent.id}/${namespace}`, parent, context: parent.context, namespace };
}

export function folderNode(parent: NamespaceNode | ClusterNode, what: FolderKind): FolderNode {
  const namespace = parent.kind === "namespace" ? parent.namespace : ALL_NAMESPACES;
  // No namespace has a plus in its name.
  return { kind: "folder", what, id: `${parent.id}/+${what}`, parent, context: parent.context, namespace };
}

export function jobNode(parent: FolderNode, job: Pick<TrainingJob, "kind" | "namespace" | "name">): JobNode {
  const { name, namespace, kind: jobKind } = job;
  return { kind: "job", id: `${parent.id}/${jobKey(job)}`, parent, context: parent.context, namespace, name, jobKind };
}

export function replicaNode(parent: JobNode, key: string): ReplicaNode {
  const { context, namespace } = parent;
  return { kind: "replica", id: `${parent.id}/${key}`, parent, context, namespace, key };
}

export function notebookNode(
  parent: FolderNode,
  { uid, name, namespace }: { readonly uid: string; readonly name: string; readonly namespace: string },
): NotebookNode {
  return { kind: "notebook", id: `${parent.id}/${uid}`, parent, context: parent.context, namespace, uid, name };
}

export function workloadNode(
  parent: FolderNode,
  what: WorkloadKind,
  { uid, name, namespace }: { readonly uid: string; readonly name: string; readonly namespace: string },
): WorkloadNode {
  return { kind: "workload", id: `${parent.id}/${uid}`, parent, context: parent.context, namespace, what, uid, name };
}

export function machineNode(parent: FolderNode, name: string): MachineNode {
  return { kind: "machine", id: `${parent.id}/${name}`, parent, context: parent.context, name };
}

export function holderNode(parent: MachineNode, { kind: what, name, namespace }: Holder): HolderNode {
  const id = `${parent.id}/${what}/${namespace}/${name}`;
  return { kind: "holder", id, parent, context: parent.context, namespace, what, name, pod: undefined };
}

export function holderPodNode(parent: HolderNode, { uid, pod: name }: GpuPod): HolderNode {
  return { ...parent, id: `${parent.id}/${uid}`, parent, name, pod: uid };
}

export function componentNode(parent: FolderNode, { id: key, title: name }: PartView): ComponentNode {
  return { kind: "component", id: `${parent.id}/${key}`, parent, context: parent.context, key, name };
}

export function pipelineNode(
  parent: FolderNode | PipelineNode,
  what: PipelineNode["what"],
  key: string,
  name: string,
  namespace: string,
): PipelineNode {
  const id = `${parent.id}/${what}:${encodeURIComponent(key)}`;
  return { kind: "pipeline", what, id, parent, context: parent.context, namespace, key, name };
}

export const PIPELINE_LISTS = ["runs", "recurring", "pipelines", "archived"] as const;

export function pipelineLists(parent: FolderNode | PipelineNode, namespace: string): readonly PipelineNode[] {
  return PIPELINE_LISTS.map((kind) => pipelineNode(parent, "list", kind, kind, namespace));
}

/** A row for each of the namespaces, where the server keeps them apart; else the lists themselves. */
export function pipelineSpaces(parent: FolderNode, namespaces: readonly string[] | undefined): readonly PipelineNode[] {
  if (namespaces === undefined) return pipelineLists(parent, "");
  return namespaces.map((name) => pipelineNode(parent, "space", name, name, name));
}

export function messageNode(
  parent: TreeNode | undefined,
  text: string,
  tone: MessageNode["tone"] = "plain",
  action?: NextStep,
  flags: RowFlags = {},
): MessageNode {
  // The same sentence with something else to press is another row.
  const id = `${parent?.id ?? ""}/message/${text}/${action?.title ?? ""}`;
  return { kind: "message", id, parent, text, tone, action, flags };
}

/** The folder that a row stands in, however deep. */
export function folderOf(node: TreeNode): FolderNode | undefined {
  for (let row: TreeNode | undefined = node; row !== undefined; row = row.parent) if (row.kind === "folder") return row;
  return undefined;
}
