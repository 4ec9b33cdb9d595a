import type { TreeNode } from "./nodes.ts";

/** VS Code needs a quarter of a second for 5,000 rows, and shows none before it has all. */
const FIRST_ROWS = 100;

/** The one node of an id: VS Code compares elements by identity. Knows what is drawn, and forgets what is not any more. */
export class KnownNodes {
  readonly #nodes = new Map<string, TreeNode>();
  /** Ids of the rows that were last drawn below an id; the roots below the empty one. */
  readonly #children = new Map<string, ReadonlySet<string>>();

  get(id: string): TreeNode | undefined {
    return this.#nodes.get(id);
  }

  /** The rows to draw below a node now: where nothing was drawn yet the first of them, and `later` has the rest drawn. */
  first(node: TreeNode, rows: readonly TreeNode[], later: () => void): readonly TreeNode[] {
    const drawn = this.#children.get(node.id)?.size ?? 0;
    // One is the row that says that they are being read.
    if (drawn > 1 || rows.length <= FIRST_ROWS) return rows;
    later();
    return rows.slice(0, FIRST_ROWS);
  }

  known<T extends TreeNode>(node: T): T {
    const known = this.#nodes.get(node.id);
    // A row that stands below another now is another.
    const stays = known?.kind === node.kind && known.parent?.id === node.parent?.id;
    if (stays) return known as T;
    this.#nodes.set(node.id, node);
    return node;
  }

  /** Takes in the rows below a node as they are drawn now. `gone` has the ids that are not drawn any more. */
  replace(
    parent: TreeNode | undefined,
    children: readonly TreeNode[],
  ): { readonly nodes: TreeNode[]; readonly gone: readonly string[] } {
    const id = parent?.id ?? "";
    const ids = new Set(children.map((child) => child.id));
    const gone: string[] = [];
    for (const former of this.#children.get(id) ?? []) if (!ids.has(former)) this.#forget(former, gone);
    this.#children.set(id, ids);
    return { nodes: children.map((child) => this.known(child)), gone };
  }

  #forget(id: string, gone: string[]): void {
    gone.push(id);
    this.#nodes.delete(id);
    for (const child of this.#children.get(id) ?? []) this.#forget(child, gone);
    this.#children.delete(id);
  }
}
