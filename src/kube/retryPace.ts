import type { Clock } from "../core/clock.ts";
import { isCancelled } from "../core/errors.ts";

/** Between two retries of all stores of a cluster, in ms: a cluster that fails hears at most four a second. */
export const RETRY_GAP_MS = 250;

/** Lets the retries of a cluster's stores go one after the other for as long as none of them is answered. */
export class RetryPace {
  readonly #clock: Clock;
  /** Monotonic. */
  #nextAt = 0;
  #failing = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it is the caller's turn; rejects with CancelledError when the signal aborts. */
  async turn(signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + RETRY_GAP_MS;
    if (at === now) return;
    const over = AbortSignal.any([signal, this.#failing.signal]);
    try {
      await this.#clock.sleep(at - now, over);
    } catch (error) {
      // An answer to another store ends the wait as well.
      if (!isCancelled(error) || signal.aborted) throw error;
    }
  }

  /** The cluster has answered one of the stores: the others may go on at once. */
  answered(): void {
    this.#nextAt = 0;
    this.#failing.abort();
    this.#failing = new AbortController();
  }
}
