// What a benchmark has started and must not leave behind, also where a person ends it half-way.

export type OnEnd = (work: () => Promise<void> | void) => void;

export class Endings {
  readonly #works: (() => Promise<void> | void)[] = [];

  readonly add: OnEnd = (work) => {
    this.#works.push(work);
  };

  /** Latest first. One that fails does not keep the others from being done; the first failure is then thrown. */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (const work of this.#works.splice(0).reverse()) {
      try {
        await work();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
