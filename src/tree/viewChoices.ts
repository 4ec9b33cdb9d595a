import { Emitter } from "../core/events.ts";
import { label } from "../core/sanitize.ts";
import type { StateStore } from "../core/storage.ts";

export type SortOrder = "age" | "name";

/** A filter as the person gave it: words that a name must have, and states of which one must hold. */
export interface RowFilter {
  readonly text: string;
  /** Words of states, as the rows show them; empty means all. */
  readonly states: readonly string[];
}

export const NO_FILTER: RowFilter = { text: "", states: [] };

interface Sortable {
  readonly name: string;
  /** Wall ms. */
  readonly created: number;
}

const SORT_KEY = "tree/sort";

/**
 * How rows are filtered and sorted: a TreeView has no filter box of its own, and its find sees only rows that were
 * loaded. The order is kept for later windows; a filter is not, or rows would be missing without a sign of why.
 */
export class ViewChoices {
  readonly #state: StateStore;
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;
  #filter = NO_FILTER;
  #words: readonly string[] = [];

  constructor(state: StateStore) {
    this.#state = state;
  }

  get filter(): RowFilter {
    return this.#filter;
  }

  get isFiltering(): boolean {
    return this.#words.length > 0 || this.#filter.states.length > 0;
  }

  get sort(): SortOrder {
    return this.#state.get(SORT_KEY) === "name" ? "name" : "age";
  }

  setFilter(filter: RowFilter): void {
    this.#filter = filter;
    this.#words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
    this.#changed.fire();
  }

  async setSort(sort: SortOrder): Promise<void> {
    await this.#state.set(SORT_KEY, sort);
    this.#changed.fire();
  }

  /** `state` is asked for only where the filter names states. */
  shows(name: string, state: () => string): boolean {
    const lower = name.toLowerCase();
    if (!this.#words.every((word) => lower.includes(word))) return false;
    const { states } = this.#filter;
    return states.length === 0 || states.includes(state());
  }

  /** Newest first, or by name. */
  readonly compare = (a: Sortable, b: Sortable): number => {
    const byName = a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
    return this.sort === "name" ? byName : b.created - a.created || byName;
  };

  /** What the view's description says: `bert · Failed, Waiting · by name`; empty where nothing was chosen. */
  words(byName: string): string {
    const { text, states } = this.#filter;
    return [label(text.trim(), 40), states.join(", "), this.sort === "name" ? byName : ""].filter(Boolean).join(" · ");
  }
}
