import type { Disposable } from "../core/dispose.ts";
import { CancelledError, errorText } from "../core/errors.ts";
import { Emitter } from "../core/events.ts";
import type { Logger } from "../core/log.ts";
import type { StoreState } from "./store.ts";

/** The state of a store: tells every real change once, and lets callers wait for an answer. */
export class StateCell implements Disposable {
  readonly #log: Logger;
  readonly #emitter = new Emitter<StoreState>();
  readonly onDidChange = this.#emitter.event;
  /** Told before any listener: one that throws must not keep them waiting. */
  readonly #waiting = new Set<() => void>();
  #value: StoreState = { kind: "idle" };
  #disposed = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  get value(): StoreState {
    return this.#value;
  }

  set(next: StoreState): void {
    if (sameState(this.#value, next)) return;
    this.#value = next;
    this.#fire();
  }

  /** As `Store.settled`; `halted` gives the error of a store that waits for a person. */
  settled(halted: () => Error | undefined, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (act: () => void): void => {
        this.#waiting.delete(look);
        signal?.removeEventListener("abort", look);
        act();
      };
      const look = (): void => {
        const state = this.#value;
        const failure = state.kind === "failed" ? state.error : halted();
        const { kind } = state;
        if (this.#disposed || signal?.aborted === true) finish(() => reject(new CancelledError()));
        else if (kind === "live" || kind === "forbidden" || kind === "absent") finish(resolve);
        else if (failure !== undefined) finish(() => reject(failure));
      };
      this.#waiting.add(look);
      signal?.addEventListener("abort", look);
      look();
    });
  }

  /** Whoever waits gets a CancelledError. */
  dispose(): void {
    this.#disposed = true;
    this.#fire();
    this.#emitter.dispose();
  }

  #fire(): void {
    for (const look of [...this.#waiting]) look();
    try {
      this.#emitter.fire(this.#value);
    } catch (error) {
      // A listener's mistake is no failure of the watch.
      this.#log.error(`A listener to a store's state failed: ${errorText(error)}`);
    }
  }
}

function sameState(one: StoreState, other: StoreState): boolean {
  if (one.kind === "stale" && other.kind === "stale")
    return one.since === other.since && one.why === other.why && one.halted === other.halted;
  if (one.kind === "failed" && other.kind === "failed") return one.error.message === other.error.message;
  if (one.kind === "forbidden" && other.kind === "forbidden") return one.why === other.why;
  if (one.kind === "live" && other.kind === "live") return one.everyMs === other.everyMs;
  return one.kind === other.kind;
}
