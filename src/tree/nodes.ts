import type { NextStep } from "../core/errors.ts";

/** What stands in the tree: plain data, found again by its id. Everything shown is read when the row is drawn. */
export type TreeNode = ClusterNode | NamespaceNode | JobsNode | JobNode | ReplicaNode | MessageNode;

interface Base {
  readonly id: string;
  readonly parent: TreeNode | undefined;
}

export interface ClusterNode extends Base {
  readonly kind: "cluster";
  readonly context: string;
}

export interface NamespaceNode extends Base {
  readonly kind: "namespace";
  readonly context: string;
  readonly namespace: string;
}

/** The folder of a namespace's training jobs. */
export interface JobsNode extends Base {
  readonly kind: "jobs";
  readonly context: string;
  readonly namespace: string;
}

export interface JobNode extends Base {
  readonly kind: "job";
  readonly context: string;
  readonly namespace: string;
  readonly uid: string;
  readonly name: string;
}

export interface ReplicaNode extends Base {
  readonly kind: "replica";
  readonly context: string;
  readonly namespace: string;
  readonly job: string;
  readonly rank: number;
}

/** A sentence in the tree, with one thing to press. */
export interface MessageNode extends Base {
  readonly kind: "message";
  readonly text: string;
  readonly tone: "plain" | "problem" | "working";
  readonly action: NextStep | undefined;
}

export function clusterNode(context: string): ClusterNode {
  // A context's name may have slashes, and another may be what stands before one of them.
  return { kind: "cluster", id: `cluster/${encodeURIComponent(context)}`, parent: undefined, context };
}

export function namespaceNode(parent: ClusterNode, namespace: string): NamespaceNode {
  return { kind: "namespace", id: `${parent.id}/${namespace}`, parent, context: parent.context, namespace };
}

export function jobsNode(parent: NamespaceNode): JobsNode {
  return { kind: "jobs", id: `${parent.id}/jobs`, parent, context: parent.context, namespace: parent.namespace };
}

export function jobNode(parent: JobsNode, uid: string, name: string): JobNode {
  return {
    kind: "job",
    id: `${parent.id}/${uid}`,
    parent,
    context: parent.context,
    namespace: parent.namespace,
    uid,
    name,
  };
}

export function replicaNode(parent: JobNode, rank: number): ReplicaNode {
  const { context, namespace, uid } = parent;
  return { kind: "replica", id: `${parent.id}/${rank}`, parent, context, namespace, job: uid, rank };
}

export function messageNode(
  parent: TreeNode | undefined,
  text: string,
  tone: MessageNode["tone"] = "plain",
  action?: NextStep,
): MessageNode {
  return { kind: "message", id: `${parent?.id ?? ""}/message/${text}`, parent, text, tone, action };
}

/** Whether the id is the node's, or that of a row below it. */
export function isWithin(id: string, node: TreeNode): boolean {
  return id === node.id || id.startsWith(`${node.id}/`);
}
