/**
 * Waiting times after failures, as client-go's reflector has them (tools/cache/reflector.go): 0.8 s, doubled up
 * to 30 s, each stretched at random by up to its own length, back to the start after two healthy minutes.
 */
export class Backoff {
  static readonly firstMs = 800;
  static readonly capMs = 30_000;
  static readonly healthyMs = 120_000;
  readonly #random: () => number;
  #nextMs = Backoff.firstMs;
  #healthySince: number | undefined;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Milliseconds to wait before the next try. `nowMs` is monotonic. */
  next(nowMs: number): number {
    if (this.#healthySince !== undefined && nowMs - this.#healthySince >= Backoff.healthyMs)
      this.#nextMs = Backoff.firstMs;
    this.#healthySince = undefined;
    const base = this.#nextMs;
    this.#nextMs = Math.min(base * 2, Backoff.capMs);
    return base * (1 + this.#random());
  }

  /** Something worked; two minutes of that forget the failures. */
  healthy(nowMs: number): void {
    this.#healthySince ??= nowMs;
  }
}
