/** Runs at most `most` pieces of work at the same time, in the order in which they were given. */
export class Limited {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#most) this.#running++;
    // Whoever ends hands its place on.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  /** All results; the first failure once every piece has ended, so that nothing goes on unseen. */
  async all<S, T>(items: Iterable<S>, work: (item: S) => Promise<T>): Promise<readonly T[]> {
    const results = await Promise.allSettled([...items].map((item) => this.run(() => work(item))));
    return results.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
  }
}
