import type { TrainingJob } from "../kubeflow/model.ts";
import { type ClusterNode, folderNode, jobNode, namespaceNode, type TreeNode } from "./nodes.ts";

/** What revealing needs of the tree. */
export interface Revealer {
  /** Opens a row, and resolves once the rows below it have been read, or may take too long. */
  open(node: TreeNode): Promise<void>;
  /** Selects a row; false where there is no such row. */
  select(node: TreeNode): Promise<boolean>;
}

/** Opens the tree down to a job, row by row: VS Code finds no row whose parents were not read. */
export async function revealJob(
  revealer: Revealer,
  cluster: ClusterNode,
  job: Pick<TrainingJob, "kind" | "namespace" | "name">,
): Promise<boolean> {
  const namespace = namespaceNode(cluster, job.namespace);
  const folder = folderNode(namespace, "jobs");
  for (const row of [cluster, namespace, folder]) await revealer.open(row);
  return revealer.select(jobNode(folder, job));
}

export async function revealNodes(revealer: Revealer, cluster: ClusterNode): Promise<boolean> {
  const folder = folderNode(cluster, "nodes");
  await revealer.open(cluster);
  await revealer.open(folder);
  return revealer.select(folder);
}
