export interface Disposable {
  dispose(): void;
}

/** Holds disposables until it is disposed itself; what comes later is disposed at once. */
export class DisposableStore implements Disposable {
  readonly #held = new Set<Disposable>();
  #disposed = false;

  add<T extends Disposable>(item: T): T {
    if (this.#disposed) item.dispose();
    else this.#held.add(item);
    return item;
  }

  /** Disposes one item before its time. */
  release(item: Disposable): void {
    if (this.#held.delete(item)) item.dispose();
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    // Last made, first ended: what was built on something else goes before it.
    for (const item of [...this.#held].reverse()) item.dispose();
    this.#held.clear();
  }
}

export function toDisposable(dispose: () => void): Disposable {
  return { dispose };
}
