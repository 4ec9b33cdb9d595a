import type { Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import type { Logger } from "../core/log.ts";
import type { KubeClient } from "./client.ts";
import { ListingStore } from "./listingStore.ts";
import { RetryPace } from "./retryPace.ts";
import type { Listing, ListingDefinition, Store, StoreDefinition } from "./store.ts";
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
  readonly #options: StoresOptions & { readonly pace: RetryPace };
  /** By definition, which is one constant per kind and view, then by namespace; the empty name is all of them. */
  readonly #stores = new Map<object, Map<string, AnyStore>>();
  readonly #listings = new Map<object, Map<string, AnyStore>>();
  #disposed = false;

  constructor(options: StoresOptions) {
    this.#options = { ...options, pace: new RetryPace(options.clock) };
  }

  /** The store of a definition, told apart by identity. Nothing is called before somebody holds it. */
  get<T>(definition: StoreDefinition<T>, namespace?: string): Store<T> {
    // The same definition object always has the same T.
    return this.#find(this.#stores, definition, namespace ?? "", () => {
      return new WatchStore({ ...this.#options, definition, namespace });
    }) as Store<T> & Disposable;
  }

  /** The same for a collection that may be large: by name, and whole objects only where there are few or when asked for. */
  listing<T>(definition: ListingDefinition<T>, namespace: string): Listing<T> {
    return this.#find(this.#listings, definition, namespace, () => {
      return new ListingStore({ ...this.#options, definition, namespace });
    }) as Listing<T> & Disposable;
  }

  /** Reads all held stores anew, such as after a sign-in. */
  refresh(): void {
    for (const store of this.#all()) store.refresh();
  }

  dispose(): void {
    this.#disposed = true;
    for (const store of this.#all()) store.dispose();
  }

  #find(
    stores: Map<object, Map<string, AnyStore>>,
    definition: object,
    namespace: string,
    make: () => AnyStore,
  ): AnyStore {
    const byNamespace = stores.get(definition) ?? new Map<string, AnyStore>();
    stores.set(definition, byNamespace);
    const store = byNamespace.get(namespace) ?? make();
    byNamespace.set(namespace, store);
    if (this.#disposed) store.dispose();
    return store;
  }

  #all(): AnyStore[] {
    return [this.#stores, this.#listings].flatMap((stores) =>
      [...stores.values()].flatMap((byNamespace) => [...byNamespace.values()]),
    );
  }
}
