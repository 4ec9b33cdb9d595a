import type { Disposable } from "../../core/dispose.ts";
import { Emitter } from "../../core/events.ts";
import type { Listing, StoreChange, StoreState } from "../../kube/store.ts";

/** A store, or a listing, that is what a test says. Counts whole passes over its items. */
export class SetStore<T extends object> implements Listing<T> {
  readonly #keyOf: (item: T) => string;
  readonly #changes = new Emitter<StoreChange<T>>();
  readonly #states = new Emitter<StoreState>();
  readonly onDidChange = this.#changes.event;
  readonly onDidChangeState = this.#states.event;
  readonly #items: CountingMap<T>;
  state: StoreState = { kind: "live" };
  holders = 0;
  refreshes = 0;
  /** What `whole` finds, by name. */
  readonly wholes = new Map<string, T>();

  constructor(keyOf: (item: T) => string) {
    this.#keyOf = keyOf;
    this.#items = new CountingMap();
  }

  get items(): ReadonlyMap<string, T> {
    return this.#items;
  }

  get passes(): number {
    return this.#items.passes;
  }

  hold(): Disposable {
    this.holders++;
    const dispose = (): void => {
      this.holders--;
    };
    return { dispose };
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }

  refresh(): void {
    this.refreshes++;
  }

  whole(name: string): Promise<T | undefined> {
    const found = this.wholes.get(name);
    if (found !== undefined) this.put(found);
    return Promise.resolve(found);
  }

  become(state: StoreState): void {
    this.state = state;
    this.#states.fire(state);
  }

  /** Everything anew, as after a new list. */
  set(...items: readonly T[]): void {
    this.#items.clear();
    for (const item of items) this.#items.set(this.#keyOf(item), item);
    this.#changes.fire({ reset: true, changed: [], removed: [] });
  }

  put(...changed: readonly T[]): void {
    for (const item of changed) this.#items.set(this.#keyOf(item), item);
    this.#changes.fire({ reset: false, changed, removed: [] });
  }

  remove(...removed: readonly T[]): void {
    for (const item of removed) this.#items.delete(this.#keyOf(item));
    this.#changes.fire({ reset: false, changed: [], removed });
  }
}

class CountingMap<T> extends Map<string, T> {
  passes = 0;

  override values(): MapIterator<T> {
    this.passes++;
    return super.values();
  }

  override keys(): MapIterator<string> {
    this.passes++;
    return super.keys();
  }
}
