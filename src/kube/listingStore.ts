import type { Disposable } from "../core/dispose.ts";
import type { Event } from "../core/events.ts";
import { readsTables } from "./reading.ts";
import { Rows } from "./rows.ts";
import type { Listing, ListingDefinition, StoreChange, StoreState } from "./store.ts";
import { WatchStore, type WatchStoreOptions } from "./watchStore.ts";
import { Wholes } from "./wholes.ts";

export interface ListingStoreOptions<T> extends WatchStoreOptions<T> {
  readonly definition: ListingDefinition<T>;
  /** Printed rows do not say it, so that names of several would meet. */
  readonly namespace: string;
}

/** A watch store over a collection that may be large: see Listing. */
export class ListingStore<T> implements Listing<T>, Disposable {
  readonly #store: WatchStore<T>;
  readonly #wholes: Wholes<T>;
  readonly onDidChange: Event<StoreChange<T>>;
  readonly onDidChangeState: Event<StoreState>;

  constructor(options: ListingStoreOptions<T>) {
    const { definition, namespace, clock, log } = options;
    const rows = new Rows<T>(clock, log);
    const wholes = new Wholes({ ...options, rows });
    const table = readsTables(definition.projectRow, (name) => wholes.known(name), namespace, clock);
    this.#wholes = wholes;
    this.#store = new WatchStore(options, { rows, table, onTouched: (name) => wholes.touched(name) });
    this.onDidChange = this.#store.onDidChange;
    this.onDidChangeState = this.#store.onDidChangeState;
    this.#store.onDidChangeState(({ kind }) => this.#follow(kind));
  }

  get items(): ReadonlyMap<string, T> {
    return this.#store.items;
  }

  get state(): StoreState {
    return this.#store.state;
  }

  hold(): Disposable {
    return this.#store.hold();
  }

  settled(signal?: AbortSignal): Promise<void> {
    return this.#store.settled(signal);
  }

  refresh(): void {
    this.#store.refresh();
  }

  whole(name: string, signal?: AbortSignal): Promise<T | undefined> {
    return this.#wholes.ask(name, signal);
  }

  dispose(): void {
    this.#wholes.clear();
    this.#store.dispose();
  }

  /** Whole objects are read for as long as the watch says what has changed. */
  #follow(kind: StoreState["kind"]): void {
    if (kind === "live") this.#wholes.resume();
    else if (kind === "forbidden" || kind === "absent") this.#wholes.clear();
    else if (kind !== "loading") this.#wholes.pause();
  }
}
