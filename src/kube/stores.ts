import type { Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import type { Logger } from "../core/log.ts";
import type { KubeClient } from "./client.ts";
import type { Store, StoreDefinition } from "./store.ts";
import { WatchStore } from "./watchStore.ts";

export interface StoresOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
  /** Milliseconds that a watch outlives its last holder. */
  readonly lingerMs?: number;
}

type AnyStore = Store<unknown> & Disposable;

/** The stores of one cluster: whoever asks for the same objects shares one watch. */
export class Stores implements Disposable {
  readonly #options: StoresOptions;
  /** By definition, which is one constant per kind and view, then by namespace; the empty name is all of them. */
  readonly #stores = new Map<object, Map<string, AnyStore>>();
  #disposed = false;

  constructor(options: StoresOptions) {
    this.#options = options;
  }

  /** The store of a definition, told apart by identity. Nothing is called before somebody holds it. */
  get<T>(definition: StoreDefinition<T>, namespace?: string): Store<T> {
    let byNamespace = this.#stores.get(definition);
    if (byNamespace === undefined) {
      byNamespace = new Map();
      this.#stores.set(definition, byNamespace);
    }
    // The same definition object always has the same T.
    const known = byNamespace.get(namespace ?? "") as WatchStore<T> | undefined;
    if (known !== undefined) return known;
    const store = new WatchStore({ ...this.#options, definition, namespace });
    if (this.#disposed) store.dispose();
    byNamespace.set(namespace ?? "", store);
    return store;
  }

  /** Reads all held stores anew, such as after a sign-in. */
  refresh(): void {
    for (const store of this.#all()) store.refresh();
  }

  dispose(): void {
    this.#disposed = true;
    for (const store of this.#all()) store.dispose();
  }

  #all(): AnyStore[] {
    return [...this.#stores.values()].flatMap((byNamespace) => [...byNamespace.values()]);
  }
}
