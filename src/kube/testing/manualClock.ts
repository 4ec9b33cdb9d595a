import type { Clock } from "../../core/clock.ts";
import { CancelledError } from "../../core/errors.ts";

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/** Time that passes only when a test says so. */
export class ManualClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();
  #wall: number;
  #monotonic = 1_000;

  constructor(wall = Date.parse("2026-11-22T00:00:00Z")) {
    this.#wall = wall;
  }

  /** Timers that are running. */
  get timers(): number {
    return this.#sleepers.size;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(new CancelledError());
        return;
      }
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(new CancelledError());
      };
      const sleeper: Sleeper = {
        due: this.#monotonic + ms,
        wake: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Lets time pass, timer by timer, with whatever they set off. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    for (;;) {
      const next = [...this.#sleepers].filter((one) => one.due <= end).sort((a, b) => a.due - b.due)[0];
      const to = next === undefined ? end : Math.max(next.due, this.#monotonic);
      this.#wall += to - this.#monotonic;
      this.#monotonic = to;
      if (next !== undefined) {
        this.#sleepers.delete(next);
        next.wake();
      }
      await turns();
      if (next === undefined) return;
    }
  }

  /** The machine sleeps: wall time goes on, timers do not (CLOCK_MONOTONIC of Linux). */
  suspend(ms: number): void {
    this.#wall += ms;
  }
}

/** Lets promises and streams get on with what they have. */
export async function turns(count = 3): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until something is so; throws after five seconds. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`It did not come to be: ${what}`);
    await turns(1);
  }
}
