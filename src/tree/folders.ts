import type { Disposable } from "../core/dispose.ts";
import type { FolderNode, TreeNode } from "./nodes.ts";

/** The folders that are watched: those whose rows can be seen, and no other. */
export class Folders<F extends Disposable> implements Disposable {
  readonly #open = new Map<string, F>();
  /** Folders whose rows were drawn, also where they cannot be seen now. */
  readonly #drawn = new Map<string, FolderNode>();
  /** Rows that were closed: of these VS Code tells, not of what is below them. */
  readonly #closed = new Set<string>();

  get(id: string): F | undefined {
    return this.#open.get(id);
  }

  entries(): Iterable<[id: string, folder: F]> {
    return this.#open;
  }

  /** Whether the row, or one above it, is closed. */
  isClosed(node: TreeNode): boolean {
    for (let row: TreeNode | undefined = node; row !== undefined; row = row.parent)
      if (this.#closed.has(row.id)) return true;
    return false;
  }

  /** The folder of a row whose children VS Code asks for; undefined where a closed row above hides it. */
  open(node: FolderNode, make: () => F): F | undefined {
    this.#drawn.set(node.id, node);
    // VS Code forgets what was closed below a closed row that it draws anew, and tells nobody: then it asks again.
    this.#closed.delete(node.id);
    if (this.isClosed(node)) return undefined;
    const known = this.#open.get(node.id);
    if (known !== undefined) return known;
    const folder = make();
    this.#open.set(node.id, folder);
    return folder;
  }

  /** A person closed a row: nothing below it is watched any more. */
  close(node: TreeNode): void {
    this.#closed.add(node.id);
    this.drop((id) => this.#isBelow(id, node));
  }

  /** A person opened a row. VS Code draws what it has: these folders are to be read anew. */
  reopen(node: TreeNode): readonly FolderNode[] {
    this.#closed.delete(node.id);
    return this.unwatched().filter(({ id }) => this.#isBelow(id, node));
  }

  /** Folders that could be seen if the view is, and are not watched. */
  unwatched(): readonly FolderNode[] {
    return [...this.#drawn.values()].filter((node) => !this.#open.has(node.id) && !this.isClosed(node));
  }

  /** Those that stand below a row, or are it. */
  below(node: TreeNode): readonly F[] {
    return [...this.#open].flatMap(([id, folder]) => (this.#isBelow(id, node) ? [folder] : []));
  }

  /** Watches these no longer. Their rows stay as they are. */
  drop(which: (id: string, folder: F) => boolean = () => true): void {
    for (const [id, folder] of this.#open) {
      if (!which(id, folder)) continue;
      folder.dispose();
      this.#open.delete(id);
    }
  }

  /** The row is not drawn any more. Should it come back, it comes as a new row does. */
  forget(id: string): void {
    this.#closed.delete(id);
    this.#drawn.delete(id);
    this.#open.get(id)?.dispose();
    this.#open.delete(id);
  }

  dispose(): void {
    this.drop();
  }

  #isBelow(id: string, node: TreeNode): boolean {
    for (let row: TreeNode | undefined = this.#drawn.get(id); row !== undefined; row = row.parent)
      if (row.id === node.id) return true;
    return false;
  }
}
