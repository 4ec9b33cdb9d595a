import { after, type Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import { errorText } from "../core/errors.ts";
import { Emitter } from "../core/events.ts";
import type { Logger } from "../core/log.ts";
import type { StoreChange } from "./store.ts";
import { TableRow } from "./table.ts";

/** Changes are told at most this often, in ms; the first after a pause at once. */
export const CHANGE_INTERVAL_MS = 50;

/** What the server said of a row: its object's resourceVersion, or its cells where it sent no more. */
export type Mark = string | TableRow;

/** One object or table row that exists, before its projection. */
export interface Entry<T> {
  readonly key: string;
  /** What comes again with the same mark is no change. Undefined: always a change. */
  readonly mark: Mark | undefined;
  /** May throw. */
  readonly make: () => T;
}

interface RowSet<T> {
  readonly items: Map<string, T>;
  readonly marks: Map<string, Mark | undefined>;
}

const emptySet = <T>(): RowSet<T> => ({ items: new Map(), marks: new Map() });

/** The projections of a store, by key: loads swapped in at once, changes gathered into few events. */
export class Rows<T> implements Disposable {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #emitter = new Emitter<StoreChange<T>>();
  readonly onDidChange = this.#emitter.event;
  readonly #changed = new Map<string, T>();
  readonly #removed = new Map<string, T>();
  #current = emptySet<T>();
  #loading: RowSet<T> | undefined;
  #complete = false;
  #reset = false;
  #timer: Disposable | undefined;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  get items(): ReadonlyMap<string, T> {
    return this.#current.items;
  }

  /** True once a whole load has been seen. */
  get isComplete(): boolean {
    return this.#complete;
  }

  /** What is put from now on makes up a new whole set. Until it is complete for the first time, rows show as they come. */
  beginLoad(): void {
    this.#loading = emptySet();
  }

  /** The load failed; rows stay as they are. */
  abandonLoad(): void {
    this.#loading = undefined;
  }

  /** The load is whole: it replaces what there was, in one step. */
  finishLoad(): void {
    const next = this.#loading;
    if (next === undefined) return;
    const old = this.#current;
    this.#loading = undefined;
    this.#current = next;
    // Of a first load every row was put into both sets, and told.
    if (this.#complete || old.items.size !== next.items.size) this.#noteDifferences(old, next);
    if (this.#complete && this.#changed.size + this.#removed.size > 0) this.#reset = true;
    this.#complete = true;
  }

  /** Takes what exists. Throws what the projection throws. */
  put({ key, mark, make }: Entry<T>): void {
    const before = this.#current.marks.get(key);
    const known = isSame(before, mark) ? this.#current.items.get(key) : undefined;
    const item = known ?? make();
    if (this.#loading !== undefined) {
      setRow(this.#loading, key, item, known === undefined ? mark : before);
      if (this.#complete) return;
    }
    if (known !== undefined) return;
    setRow(this.#current, key, item, mark);
    this.#noteChanged(key, item);
  }

  remove(key: string): void {
    if (this.#loading !== undefined) {
      deleteRow(this.#loading, key);
      if (this.#complete) return;
    }
    const item = this.#current.items.get(key);
    if (item === undefined) return;
    deleteRow(this.#current, key);
    this.#noteRemoved(key, item);
  }

  /** What the server said of a row last. */
  mark(key: string): Mark | undefined {
    return this.#current.marks.get(key);
  }

  /** Another projection of a row that stays; nothing where there is no such row any more. */
  replace(key: string, item: T): void {
    if (!this.#current.items.has(key)) return;
    this.#current.items.set(key, item);
    if (this.#loading?.items.has(key) === true) this.#loading.items.set(key, item);
    this.#noteChanged(key, item);
  }

  /** Forgets everything: what was there may not be read any more, or its kind has gone. */
  clear(): void {
    this.#loading = undefined;
    for (const [key, item] of this.#current.items) this.#noteRemoved(key, item);
    this.#current = emptySet();
    this.#complete = false;
    this.flush();
  }

  /** Tells what has changed: now, or when the interval since the last time is over. */
  flush(): void {
    if (this.#timer === undefined) this.#fire();
  }

  /** Tells what has changed now and leaves no timer behind. */
  settle(): void {
    this.#stopTimer();
    this.#fire();
    this.#stopTimer();
  }

  dispose(): void {
    this.#stopTimer();
    this.#emitter.dispose();
  }

  #stopTimer(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
  }

  #fire(): void {
    if (this.#changed.size + this.#removed.size === 0) return;
    const change = { reset: this.#reset, changed: [...this.#changed.values()], removed: [...this.#removed.values()] };
    this.#changed.clear();
    this.#removed.clear();
    this.#reset = false;
    this.#timer = after(this.#clock, CHANGE_INTERVAL_MS, () => {
      this.#timer = undefined;
      this.#fire();
    });
    try {
      this.#emitter.fire(change);
    } catch (error) {
      // A listener's mistake is no failure of the watch.
      this.#log.error(`A listener to changes failed: ${errorText(error)}`);
    }
  }

  #noteDifferences(old: RowSet<T>, next: RowSet<T>): void {
    for (const [key, item] of old.items) if (!next.items.has(key)) this.#noteRemoved(key, item);
    for (const [key, item] of next.items)
      if (!isSame(old.marks.get(key), next.marks.get(key))) this.#noteChanged(key, item);
  }

  #noteChanged(key: string, item: T): void {
    this.#removed.delete(key);
    this.#changed.set(key, item);
  }

  #noteRemoved(key: string, item: T): void {
    this.#changed.delete(key);
    this.#removed.set(key, item);
  }
}

function isSame(one: Mark | undefined, other: Mark | undefined): boolean {
  if (one === other) return one !== undefined;
  return one instanceof TableRow && other instanceof TableRow && one.isSameAs(other);
}

function setRow<T>(set: RowSet<T>, key: string, item: T, mark: Mark | undefined): void {
  set.items.set(key, item);
  set.marks.set(key, mark);
}

function deleteRow<T>(set: RowSet<T>, key: string): void {
  set.items.delete(key);
  set.marks.delete(key);
}
