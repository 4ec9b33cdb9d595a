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
type Shelf = Map<object, Map<string, AnyStore>>;

/** A store that has been idle for so long, in ms, would read everything anew: its rows are kept no longer. */
const KEEP_IDLE_MS = 240_000;
/** Idle stores are looked for at most this often, in ms, and when another is asked for. */
const LOOK_FOR_IDLE_MS = 30_000;

/** The stores of one cluster: whoever asks for the same objects shares one watch. */
export class Stores implements Disposable {
  readonly #options: StoresOptions & { readonly pace: RetryPace };
  /** By definition, which is one constant per kind and view, then by namespace; the empty name is all of them. */
  readonly #stores: Shelf = new Map();
  readonly #listings: Shelf = new Map();
  /** All that are not forgotten, shared or not. */
  readonly #all = new Set<AnyStore>();
  /** Shared ones that are idle, since when (wall ms), and how they are forgotten. */
  readonly #idle = new Map<AnyStore, { readonly since: number; readonly forget: () => void }>();
  #lookedAt = 0;
  #disposed = false;

  constructor(options: StoresOptions) {
    this.#options = { ...options, pace: new RetryPace(options.clock) };
  }

  /**
   * The store of a definition, told apart by identity. Nothing is called before somebody holds it. One that is idle for
   * some minutes is forgotten, with its rows, unless somebody who still has it holds it again.
   */
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

  /**
   * A store that nobody else gets, such as of one object or of one node's pods. It ends at once with its last holder, and
   * retries in turn with all others.
   */
  own<T>(definition: StoreDefinition<T>, namespace?: string): Store<T> & Disposable {
    const store = new WatchStore<T>({ ...this.#options, definition, namespace, lingerMs: 0 });
    this.#all.add(store);
    store.onDidChangeState(({ kind }) => {
      if (kind !== "idle") return;
      this.#all.delete(store);
      store.dispose();
    });
    if (this.#disposed) store.dispose();
    return store;
  }

  /** Reads all held stores anew, such as after a sign-in. */
  refresh(): void {
    for (const store of this.#all) store.refresh();
  }

  dispose(): void {
    this.#disposed = true;
    for (const store of [...this.#all]) store.dispose();
  }

  #find(shelf: Shelf, definition: object, namespace: string, make: () => AnyStore): AnyStore {
    this.#forgetIdle();
    const known = shelf.get(definition)?.get(namespace);
    if (known !== undefined) return known;
    const store = make();
    this.#put(store, shelf, definition, namespace);
    const forget = (): void => {
      const byNamespace = shelf.get(definition);
      if (byNamespace?.get(namespace) === store) byNamespace.delete(namespace);
      if (byNamespace?.size === 0) shelf.delete(definition);
    };
    const follow = (): void => {
      if (store.state.kind === "idle") {
        this.#idle.set(store, { since: this.#options.clock.now(), forget });
        return;
      }
      this.#idle.delete(store);
      // Forgotten, and held again by somebody who still had it.
      if (!this.#all.has(store)) this.#put(store, shelf, definition, namespace);
    };
    store.onDidChangeState(follow);
    follow();
    return store;
  }

  #put(store: AnyStore, shelf: Shelf, definition: object, namespace: string): void {
    const byNamespace = shelf.get(definition) ?? new Map<string, AnyStore>();
    shelf.set(definition, byNamespace);
    if (!byNamespace.has(namespace)) byNamespace.set(namespace, store);
    this.#all.add(store);
    if (this.#disposed) store.dispose();
  }

  #forgetIdle(): void {
    const now = this.#options.clock.now();
    if (now - this.#lookedAt < LOOK_FOR_IDLE_MS) return;
    this.#lookedAt = now;
    for (const [store, { since, forget }] of this.#idle) {
      if (now - since <= KEEP_IDLE_MS) continue;
      this.#idle.delete(store);
      this.#all.delete(store);
      forget();
    }
  }
}
