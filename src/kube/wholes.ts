import type { Clock } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { KubeClient } from "./client.ts";
import { isApiError } from "./errors.ts";
import type { Rows } from "./rows.ts";
import { SingleFlight } from "./singleFlight.ts";
import type { ListingDefinition } from "./store.ts";
import { TableRow } from "./table.ts";

/** Whole objects that are kept up to date, of one listing. */
export const KEPT_WHOLES = 500;
/** Changed objects are read again at most this often, in ms: a busy job writes its status many times a second. */
export const WHOLE_INTERVAL_MS = 1_000;
/** The longest pause, in ms, while they cannot be read. */
const MOST_INTERVAL_MS = 30_000;
/** Requests at a time. */
const AT_A_TIME = 6;

export interface WholesOptions<T> {
  readonly client: KubeClient;
  readonly definition: ListingDefinition<T>;
  readonly namespace: string;
  readonly rows: Rows<T>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The whole objects behind some rows of a table: those that were asked for last, read again when their rows change. */
export class Wholes<T> {
  readonly #options: WholesOptions<T>;
  /** By name, the one that was asked for last at the end. */
  readonly #kept = new Map<string, T>();
  /** Names whose objects have changed since they were read. */
  readonly #changed = new Set<string>();
  readonly #reading = new Map<string, SingleFlight<T | undefined>>();
  #round: AbortController | undefined;

  constructor(options: WholesOptions<T>) {
    this.#options = options;
  }

  /** The projection of the whole object as it was last read. */
  known(name: string): T | undefined {
    return this.#kept.get(name);
  }

  /** As Listing.whole. */
  async ask(name: string, signal?: AbortSignal): Promise<T | undefined> {
    const { rows } = this.#options;
    const kept = this.#kept.get(name);
    if (kept === undefined && rows.mark(name) instanceof TableRow) return this.#read(name, signal);
    if (kept !== undefined) this.#keep(name, kept);
    return rows.items.get(name);
  }

  /** The object has changed or gone; without a name, any may have. */
  touched(name?: string): void {
    if (name === undefined) for (const kept of this.#kept.keys()) this.#changed.add(kept);
    else if (this.#options.rows.mark(name) === undefined) this.#forget(name);
    else if (this.#kept.has(name) || this.#reading.has(name)) this.#changed.add(name);
    this.resume();
  }

  /** Reads what has changed, if anything has. */
  resume(): void {
    if (this.#changed.size > 0 && this.#round === undefined) void this.#rounds();
  }

  /** Reads nothing more by itself. */
  pause(): void {
    this.#round?.abort();
    this.#round = undefined;
  }

  clear(): void {
    this.pause();
    this.#kept.clear();
    this.#changed.clear();
  }

  async #rounds(): Promise<void> {
    const round = new AbortController();
    this.#round = round;
    let pause = WHOLE_INTERVAL_MS;
    try {
      while (this.#changed.size > 0) {
        const names = [...this.#changed].values();
        const failed = new Set<string>();
        const work = async (): Promise<void> => {
          // What cannot be read now waits for the next round, and so do those behind it.
          for (const name of names) {
            if (!(await this.#again(name, round.signal))) failed.add(name);
            if (failed.size > 0) return;
          }
        };
        await Promise.all(Array.from({ length: AT_A_TIME }, work));
        pause = failed.size === 0 ? WHOLE_INTERVAL_MS : Math.min(2 * pause, MOST_INTERVAL_MS);
        await this.#options.clock.sleep(pause, round.signal);
      }
    } catch {
      // Paused meanwhile.
    }
    if (this.#round === round) this.#round = undefined;
  }

  /** False where it could not be read now: until it can, what was known of it stays, in the state of its row. */
  async #again(name: string, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if (!this.#kept.has(name) && !this.#reading.has(name)) {
      this.#forget(name);
      return true;
    }
    try {
      await this.#read(name, signal);
      return true;
    } catch (error) {
      // Only this one may not be read any more: the printed row goes on alone, rather than with what is no longer so.
      const isRefused = isApiError(error) && error.status === 403;
      if (isRefused) this.#drop(name);
      else if (this.#kept.has(name)) this.#changed.add(name);
      signal.throwIfAborted();
      this.#options.log.debug(`${name} could not be read again: ${errorText(error)}`);
      return isRefused;
    }
  }

  async #read(name: string, signal: AbortSignal | undefined): Promise<T | undefined> {
    const flight = this.#reading.get(name) ?? new SingleFlight<T | undefined>();
    this.#reading.set(name, flight);
    return flight.join(async (running) => {
      try {
        return await this.#readOnce(name, running);
      } finally {
        if (this.#reading.get(name) === flight) this.#reading.delete(name);
      }
    }, signal);
  }

  async #readOnce(name: string, signal: AbortSignal): Promise<T | undefined> {
    const { client, definition, namespace, rows } = this.#options;
    // What changes from here on may not be in the answer.
    this.#changed.delete(name);
    let item: T;
    try {
      item = definition.project(await client.get(definition.kind, name, namespace, signal));
    } catch (error) {
      if (!isApiError(error) || error.status !== 404) throw error;
      this.#drop(name);
      return undefined;
    }
    const mark = rows.mark(name);
    // Gone, or kept as a whole object by now.
    if (!(mark instanceof TableRow)) return rows.items.get(name);
    this.#keep(name, item);
    const shown = this.#changed.has(name) ? definition.projectRow(mark, item) : item;
    rows.replace(name, shown);
    rows.flush();
    return shown;
  }

  #keep(name: string, item: T): void {
    this.#kept.delete(name);
    this.#kept.set(name, item);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_WHOLES && oldest !== undefined) this.#drop(oldest);
  }

  #drop(name: string): void {
    const { definition, rows } = this.#options;
    const mark = rows.mark(name);
    if (this.#kept.has(name) && mark instanceof TableRow) {
      rows.replace(name, definition.projectRow(mark, undefined));
      rows.flush();
    }
    this.#forget(name);
  }

  #forget(name: string): void {
    this.#kept.delete(name);
    this.#changed.delete(name);
  }
}
