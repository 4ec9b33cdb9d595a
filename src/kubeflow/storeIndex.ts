import { type Disposable, DisposableStore } from "../core/dispose.ts";
import type { Store } from "../kube/store.ts";

/** The items of a store by a key of ours, kept up to date by what has changed alone. Holds the store while it lives. */
export class StoreIndex<T extends object> implements Disposable {
  readonly store: Store<T>;
  readonly #keyOf: (item: T) => string;
  readonly #idOf: (item: T) => string;
  readonly #byKey = new Map<string, Map<string, T>>();
  /** Key by id: what an item was filed under. */
  readonly #filed = new Map<string, string>();
  readonly #held = new DisposableStore();

  /** `onChange` gets the items that came, changed or went; undefined where any may have. */
  constructor(
    store: Store<T>,
    keyOf: (item: T) => string,
    idOf: (item: T) => string,
    onChange: (items: readonly T[] | undefined) => void,
    onState: () => void = () => undefined,
  ) {
    this.store = store;
    this.#keyOf = keyOf;
    this.#idOf = idOf;
    this.#held.add(store.hold());
    this.#held.add(store.onDidChangeState(onState));
    this.#held.add(
      store.onDidChange(({ reset, changed, removed }) => {
        if (reset) this.#rebuild();
        else {
          for (const item of removed) this.#drop(item);
          for (const item of changed) this.#put(item);
        }
        onChange(reset ? undefined : [...removed, ...changed]);
      }),
    );
    this.#rebuild();
  }

  get(key: string): Iterable<T> {
    return this.#byKey.get(key)?.values() ?? [];
  }

  dispose(): void {
    this.#held.dispose();
  }

  #rebuild(): void {
    this.#byKey.clear();
    this.#filed.clear();
    for (const item of this.store.items.values()) this.#put(item);
  }

  #put(item: T): void {
    const id = this.#idOf(item);
    const key = this.#keyOf(item);
    if (this.#filed.get(id) !== key) this.#drop(item);
    this.#filed.set(id, key);
    const group = this.#byKey.get(key);
    if (group === undefined) this.#byKey.set(key, new Map([[id, item]]));
    else group.set(id, item);
  }

  #drop(item: T): void {
    const id = this.#idOf(item);
    const key = this.#filed.get(id);
    if (key === undefined) return;
    this.#filed.delete(id);
    const group = this.#byKey.get(key);
    group?.delete(id);
    if (group?.size === 0) this.#byKey.delete(key);
  }
}
