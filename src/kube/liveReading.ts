import { Backoff } from "../core/backoff.ts";
import { type Clock, within } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import { errorText, isCancelled } from "../core/errors.ts";
import { Emitter } from "../core/events.ts";
import type { Logger } from "../core/log.ts";
import { StateCell } from "./storeState.ts";
import type { StoreState } from "./store.ts";

export interface ReadingOptions<T> {
  /** For the log: `pipelines`. */
  readonly what: string;
  /** `anew`: a person wants all of it read again, however fresh it is. */
  readonly read: (before: T | undefined, anew: boolean, signal: AbortSignal) => Promise<T>;
  /** Milliseconds until it is read again. */
  readonly everyMs: (value: T) => number;
  /** Whether there is nothing new to be seen. */
  readonly isSame: (before: T, value: T) => boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
}

/** Something of a server without watches: read again and again while somebody looks, and never silently old. */
export class LiveReading<T> implements Disposable {
  readonly #options: ReadingOptions<T>;
  readonly #cell: StateCell;
  readonly #changed = new Emitter<void>();
  readonly #ending = new AbortController();
  readonly #backoff: Backoff;
  readonly onDidChange = this.#changed.event;
  /** Ends the pause under way. */
  #step = new AbortController();
  #isLookedAt = false;
  #isRunning = false;
  #anew = false;
  /** Monotonic. */
  #dueAt = -Infinity;
  #readAt = 0;
  #value: T | undefined;

  constructor(options: ReadingOptions<T>) {
    this.#options = options;
    this.#cell = new StateCell(options.log);
    this.#backoff = new Backoff(options.random);
  }

  get value(): T | undefined {
    return this.#value;
  }

  get state(): StoreState {
    return this.#cell.value;
  }

  /** Somebody sees it: it is read where that is due, and kept fresh. */
  look(): void {
    this.#isLookedAt = true;
    this.#step.abort();
    if (!this.#isRunning) void this.#run();
  }

  /** Nobody sees it: nothing is read till the next look. */
  rest(): void {
    this.#isLookedAt = false;
    this.#step.abort();
  }

  /** A person wants it now, or there is reason to hope again. */
  refresh(anew = true): void {
    this.#anew ||= anew;
    this.#dueAt = -Infinity;
    this.#step.abort();
  }

  /** Resolves when there is an answer, well or not, or after `ms` milliseconds. */
  async answered(ms: number): Promise<void> {
    const over = new AbortController();
    const settled = this.#cell.settled(() => (this.state.kind === "stale" ? STALE : undefined), over.signal);
    await within(this.#options.clock, ms, settled);
    over.abort();
    settled.catch(() => undefined);
  }

  dispose(): void {
    this.#ending.abort();
    this.#step.abort();
    this.#cell.dispose();
    this.#changed.dispose();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    this.#isRunning = true;
    while (!this.#ending.signal.aborted) {
      if (this.#step.signal.aborted) this.#step = new AbortController();
      const wait = this.#isLookedAt ? this.#dueAt - clock.monotonic() : Infinity;
      if (wait <= 0) await this.#read();
      else await pause(clock, wait, this.#step.signal);
    }
  }

  async #read(): Promise<void> {
    const { what, read, everyMs, isSame, clock, log } = this.#options;
    const anew = this.#anew;
    this.#anew = false;
    // Who wants it once more while it is being read gets it read once more.
    this.#dueAt = Infinity;
    const kind = this.state.kind;
    if (kind === "idle") this.#cell.set({ kind: "loading" });
    let next: number;
    try {
      const value = await read(this.#value, anew, this.#ending.signal);
      const isNew = this.#value === undefined || kind !== "live" || !isSame(this.#value, value);
      this.#value = value;
      this.#readAt = clock.now();
      this.#cell.set({ kind: "live" });
      this.#backoff.healthy(clock.monotonic());
      next = everyMs(value);
      if (isNew) this.#tell();
    } catch (error) {
      if (isCancelled(error)) return;
      log.debug(`${what}: ${errorText(error)}`);
      next = this.#backoff.next(clock.monotonic());
      this.#failed(error instanceof Error ? error : new Error(String(error)));
    }
    this.#dueAt = Math.min(this.#dueAt, clock.monotonic() + next);
  }

  #failed(error: Error): void {
    const before = this.state;
    const since = this.#readAt;
    this.#cell.set(
      this.#value === undefined ? { kind: "failed", error } : { kind: "stale", since, why: errorText(error) },
    );
    if (before !== this.state) this.#tell();
  }

  #tell(): void {
    try {
      this.#changed.fire();
    } catch (error) {
      // A listener's mistake must not end the reading.
      this.#options.log.error(`A listener to ${this.#options.what} failed: ${errorText(error)}`);
    }
  }
}

const STALE = new Error("stale");

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (Number.isFinite(ms)) await clock.sleep(ms, signal).catch(() => undefined);
  else if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
