import { CancelledError } from "../core/errors.ts";

interface Run<T> {
  readonly promise: Promise<T>;
  readonly abort: AbortController;
  waiting: number;
  ended: boolean;
}

/** At most one run of a task at a time; who comes while it runs shares it. It is aborted when all who wait have left. */
export class SingleFlight<T> {
  #run: Run<T> | undefined;

  /** Rejects as the task does, or with CancelledError when the caller's own signal aborts. */
  async join(task: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted === true) throw new CancelledError();
    const run = (this.#run ??= this.#start(task));
    run.waiting++;
    try {
      return await orCancelled(run.promise, signal);
    } finally {
      run.waiting--;
      if (run.waiting === 0 && !run.ended) {
        this.#leave(run);
        run.abort.abort();
      }
    }
  }

  /** Aborts the run, whoever waits; the next one begins another. */
  cancel(): void {
    const run = this.#run;
    this.#run = undefined;
    run?.abort.abort();
  }

  #start(task: (signal: AbortSignal) => Promise<T>): Run<T> {
    const abort = new AbortController();
    const run: Run<T> = { promise: task(abort.signal), abort, waiting: 0, ended: false };
    const end = (): void => {
      run.ended = true;
      this.#leave(run);
    };
    run.promise.then(end, end);
    return run;
  }

  #leave(run: Run<T>): void {
    if (this.#run === run) this.#run = undefined;
  }
}

/** The promise, or CancelledError as soon as the signal aborts. */
export function orCancelled<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(new CancelledError());
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
