import * as vscode from "vscode";
import { label } from "../core/sanitize.ts";
import type { Engine } from "../engine.ts";
import { replicasOf } from "../kubeflow/replicas.ts";
import type { Folders } from "./folders.ts";
import type { JobsFolder } from "./jobsFolder.ts";
import type { JobNode, MessageNode, ReplicaNode, TreeNode } from "./nodes.ts";
import { clusterRow, jobRow, jobsRow, namespaceRow, replicaRow } from "./rows.ts";
import { treeItem } from "./treeItem.ts";

const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;

/** A row as it is now, from what the engine and the watched folders know. */
export function drawItem(
  engine: Engine,
  folders: Folders<JobsFolder>,
  node: Exclude<TreeNode, MessageNode>,
): vscode.TreeItem {
  switch (node.kind) {
    case "cluster": {
      const context = engine.context(node.context);
      return treeItem(node.id, clusterRow(context, engine.clusterState(node.context)), Collapsed);
    }
    case "namespace": {
      const isDefault = engine.context(node.context).namespace === node.namespace;
      return treeItem(node.id, namespaceRow(node.namespace, isDefault), Collapsed);
    }
    case "jobs":
      return treeItem(node.id, jobsRow(folders.get(node.id)?.words() ?? ""), Expanded);
    case "job":
      return jobItem(engine, folders.get(node.parent?.id ?? ""), node);
    case "replica":
      return replicaItem(folders.get(node.parent?.parent?.id ?? ""), node);
  }
}

function jobItem(engine: Engine, folder: JobsFolder | undefined, node: JobNode): vscode.TreeItem {
  const job = folder?.jobs.items.get(node.uid);
  if (folder === undefined || job === undefined) {
    const item = new vscode.TreeItem(label(node.name), Collapsed);
    item.id = node.id;
    return item;
  }
  const warnings = folder.warnings.items.values();
  const now = engine.clock.now();
  const row = jobRow(job, folder.podsOf(job), warnings, engine.isMine(job), now, folder.podsKnown);
  return treeItem(node.id, row, Collapsed);
}

function replicaItem(folder: JobsFolder | undefined, node: ReplicaNode): vscode.TreeItem {
  const job = folder?.jobs.items.get(node.job);
  const replica =
    folder && job && replicasOf(job, folder.podsOf(job)).find((candidate) => candidate.rank === node.rank);
  const row = replicaRow(replica ?? { rank: node.rank, role: "", pod: undefined }, folder?.podsKnown);
  return treeItem(node.id, row, None);
}
