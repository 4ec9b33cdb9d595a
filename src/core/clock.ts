import { type Disposable, toDisposable } from "./dispose.ts";
import { CancelledError } from "./errors.ts";

/** Time as the engine sees it, so that tests decide when it passes. Milliseconds throughout. */
export interface Clock {
  /** Wall time since the epoch. */
  now(): number;
  /** Monotonic time, for durations. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with CancelledError when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new CancelledError());
        return;
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, ms);
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(new CancelledError());
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
};

/** Runs it once `ms` milliseconds have passed, unless the result is disposed before. */
export function after(clock: Clock, ms: number, run: () => void): Disposable {
  const over = new AbortController();
  clock.sleep(ms, over.signal).then(run, () => undefined);
  return toDisposable(() => over.abort());
}

/** Resolves when the work has settled, well or not, and after `ms` milliseconds at the latest. */
export async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, clock.sleep(ms, over.signal)]).catch(() => undefined);
  over.abort();
}
