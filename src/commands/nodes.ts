import type { TreeNode } from "../tree/nodes.ts";

/** True where a command's argument is a tree row of that kind: anybody may call a command with anything. */
export function isNode<K extends TreeNode["kind"]>(target: unknown, kind: K): target is Extract<TreeNode, { kind: K }> {
  return typeof target === "object" && target !== null && "kind" in target && target.kind === kind && "id" in target;
}

/** Context of the row, where the argument is one of a cluster. */
export function contextOf(target: unknown): string | undefined {
  for (const kind of ["cluster", "namespace", "jobs", "job", "replica"] as const) {
    if (isNode(target, kind)) return target.context;
  }
  return isNode(target, "message") && target.parent !== undefined ? contextOf(target.parent) : undefined;
}

export function namespaceOf(target: unknown): string | undefined {
  for (const kind of ["namespace", "jobs", "job", "replica"] as const) {
    if (isNode(target, kind)) return target.namespace;
  }
  return undefined;
}
