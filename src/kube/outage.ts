import { after, type Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";

/** Without a connection for this long, in ms, rows count as stale. */
export const STALE_AFTER_MS = 5_000;
/** Sooner where nothing was heard for about 45 s: a tree older than that must say so. */
const NEVER_OLDER_MS = 45_000;
const SHORTEST_MS = 1_000;

/** The time between the loss of a connection and the next one, and when it has gone on for too long to keep quiet. */
export class Outage {
  readonly #clock: Clock;
  readonly #onLong: () => void;
  #lastHeard = 0;
  #why = "";
  #timer: Disposable | undefined;
  #long = false;

  /** `onLong` is called once per outage. */
  constructor(clock: Clock, onLong: () => void) {
    this.#clock = clock;
    this.#onLong = onLong;
  }

  /** Wall time, ms, when the server was last heard. */
  get since(): number {
    return this.#lastHeard;
  }

  get why(): string {
    return this.#why;
  }

  /** True once `onLong` was called, until the outage ends. */
  get isLong(): boolean {
    return this.#long;
  }

  heard(): void {
    this.#lastHeard = this.#clock.now();
  }

  /** There is no connection, or still none. `atOnce`: waiting will not help. */
  begin(why: string, atOnce = false): void {
    this.#why = why;
    if (atOnce) this.#tell();
    if (this.#timer !== undefined || this.#long) return;
    const left = NEVER_OLDER_MS - (this.#clock.now() - this.#lastHeard);
    // Not at once even then: the watch of a quiet kind ends and begins again within moments.
    const ms = Math.min(Math.max(left, SHORTEST_MS), STALE_AFTER_MS);
    this.#timer = after(this.#clock, ms, () => this.#tell());
  }

  end(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#long = false;
  }

  #tell(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    if (this.#long) return;
    this.#long = true;
    this.#onLong();
  }
}
