import type { Clock } from "../core/clock.ts";
import { isCancelled } from "../core/errors.ts";

/** One stretch of trying, from a start to its stop: what is under way can be cut short, or ended for good. */
export class WatchRun {
  readonly #clock: Clock;
  #step = new AbortController();
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isStopped(): boolean {
    return this.#stopped;
  }

  /** Ends the request or pause under way; nothing follows. */
  stop(): void {
    this.#stopped = true;
    this.#step.abort();
  }

  /** Ends the request or pause under way; the next one follows at once. */
  kick(): void {
    this.#step.abort();
  }

  /** Runs one try. Returns its failure; undefined where it ended well or was cut short. */
  async attempt(work: (signal: AbortSignal) => Promise<void>): Promise<Error | undefined> {
    const step = this.#next();
    try {
      await work(step.signal);
    } catch (error) {
      // Whatever a request says once we have ended it, we wanted it so.
      if (step.signal.aborted) return undefined;
      return error instanceof Error ? error : new Error(String(error));
    }
    return undefined;
  }

  async pause(ms: number): Promise<void> {
    const step = this.#next();
    try {
      await this.#clock.sleep(ms, step.signal);
    } catch (error) {
      if (!isCancelled(error)) throw error;
    }
  }

  #next(): AbortController {
    // A kick that came between two steps has nothing left to end.
    this.#step = new AbortController();
    if (this.#stopped) this.#step.abort();
    return this.#step;
  }
}
