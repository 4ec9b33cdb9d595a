import { arrange, type ClusterChoices } from "./arrange.ts";
import type { Engine } from "../engine.ts";
import { hiddenClustersNode, kubeconfigProblemNode } from "./messages.ts";
import { type ClusterNode, clusterNode, type GroupNode, groupNode, type TreeNode } from "./nodes.ts";

export interface Roots {
  /** The rows at the top, as they are drawn. */
  readonly rows: readonly TreeNode[];
  /** All clusters that are shown, also those below a server. */
  readonly clusters: readonly ClusterNode[];
}

/** The top of the tree: contexts in the person's order, one by one or by server, and what is wrong with kubeconfigs. */
export function rootNodes(engine: Engine, choices: ClusterChoices): Roots {
  const { groups, hidden } = arrange(engine.contexts(), choices);
  const rows: TreeNode[] = [];
  const clusters: ClusterNode[] = [];
  for (const group of groups) {
    if (group.kind === "context") {
      const node = clusterNode(group.context.name);
      rows.push(node);
      clusters.push(node);
    } else {
      const parent = groupNode(group.server);
      rows.push(parent);
      clusters.push(...group.contexts.map(({ name }) => clusterNode(name, parent)));
    }
  }
  if (hidden.length > 0) rows.push(hiddenClustersNode(hidden.length));
  rows.push(...engine.problems().map(({ file, message }) => kubeconfigProblemNode(file, message)));
  return { rows, clusters };
}

/** Those that stand below a server. */
export function clustersOf(engine: Engine, choices: ClusterChoices, { id }: GroupNode): readonly ClusterNode[] {
  return rootNodes(engine, choices).clusters.filter(({ parent }) => parent?.id === id);
}
