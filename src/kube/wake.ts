import type { Clock } from "../core/clock.ts";
import { type Disposable, toDisposable } from "../core/dispose.ts";

/** Between two looks at the clock, in ms: sleep is noticed this long after waking at the latest. */
export const WAKE_TICK_MS = 4_000;
/** A look that comes this much too late, in ms, means that the machine slept. */
export const WAKE_LATE_MS = 10_000;

const watches = new WeakMap<Clock, WakeWatch>();

/**
 * Calls the listener when the machine has slept: its connections may be dead without knowing it. All listeners of a
 * clock share one timer, which runs only while there are any.
 */
export function onWake(clock: Clock, listener: () => void): Disposable {
  let watch = watches.get(clock);
  if (watch === undefined) {
    watch = new WakeWatch(clock);
    watches.set(clock, watch);
  }
  return watch.add(listener);
}

/** Looks now, and not with the next tick: whoever is about to use a connection wants to know. Calls the listeners, too. */
export function lookForWake(clock: Clock): void {
  watches.get(clock)?.look();
}

class WakeWatch {
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #ticking: AbortController | undefined;
  /** Of the last look at the clock. */
  #wall = 0;
  #monotonic = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(listener: () => void): Disposable {
    const own = (): void => listener();
    this.#listeners.add(own);
    if (this.#ticking === undefined) {
      this.#ticking = new AbortController();
      void this.#tick(this.#ticking.signal);
    }
    return toDisposable(() => {
      if (!this.#listeners.delete(own) || this.#listeners.size > 0) return;
      this.#ticking?.abort();
      this.#ticking = undefined;
    });
  }

  look(): void {
    if (this.#ticking === undefined) return;
    // Whether monotonic time goes on during sleep differs between systems; wall time always does.
    const [wall, monotonic] = [this.#clock.now(), this.#clock.monotonic()];
    const passed = Math.max(wall - this.#wall, monotonic - this.#monotonic);
    if (passed <= WAKE_TICK_MS + WAKE_LATE_MS) return;
    // Before they are told: what they begin anew has not slept.
    [this.#wall, this.#monotonic] = [wall, monotonic];
    for (const listener of [...this.#listeners]) listener();
  }

  async #tick(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        this.#wall = this.#clock.now();
        this.#monotonic = this.#clock.monotonic();
        await this.#clock.sleep(WAKE_TICK_MS, signal);
        this.look();
      }
    } catch {
      // The last listener has gone.
    }
  }
}
