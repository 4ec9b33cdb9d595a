import { readsTables } from "./reading.ts";
import { Rows } from "./rows.ts";
import type { Listing, ListingDefinition, StoreState } from "./store.ts";
import { WatchStore, type WatchStoreOptions } from "./watchStore.ts";
import { Wholes } from "./wholes.ts";

export interface ListingStoreOptions<T> extends WatchStoreOptions<T> {
  readonly definition: ListingDefinition<T>;
  /** Printed rows do not say it, so that names of several would meet. */
  readonly namespace: string;
}

/** A watch store over a collection that may be large: see Listing. */
export class ListingStore<T> extends WatchStore<T> implements Listing<T> {
  readonly #wholes: Wholes<T>;

  constructor(options: ListingStoreOptions<T>) {
    const { definition, namespace, clock, log } = options;
    const rows = new Rows<T>(clock, log);
    const wholes = new Wholes({ ...options, rows });
    const table = readsTables(definition.projectRow, (name) => wholes.known(name), namespace, clock);
    super(options, { rows, table, onTouched: (name) => wholes.touched(name) });
    this.#wholes = wholes;
    this.onDidChangeState(({ kind }) => this.#follow(kind));
  }

  whole(name: string, signal?: AbortSignal): Promise<T | undefined> {
    return this.#wholes.ask(name, signal);
  }

  override dispose(): void {
    this.#wholes.clear();
    super.dispose();
  }

  /** Whole objects are read for as long as the watch says what has changed. */
  #follow(kind: StoreState["kind"]): void {
    if (kind === "live") this.#wholes.resume();
    else if (kind === "forbidden" || kind === "absent") this.#wholes.clear();
    else if (kind !== "loading") this.#wholes.pause();
  }
}
