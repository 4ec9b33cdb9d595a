export interface HeartbeatOptions {
  /** Silence after which the peer is asked, and how long it has to answer. Milliseconds. */
  readonly quietMs: number;
  readonly answerMs: number;
  /** Bytes received so far. */
  readonly received: () => number;
  /** Asks the peer; calls back when it has answered. */
  readonly ask: (answered: () => void) => void;
  /** Whether a connection that ends for nothing costs no more than a new one: else the peer always has its usual time. */
  readonly mayHurry?: () => boolean;
  /** `ms`: for so long the peer was asked, and did not answer. */
  readonly onDead: (ms: number) => void;
}

// Looking twelve times per quiet period makes the ping at most a twelfth early, never late: with 30 s and 15 s a
// dead peer is found within 45 s, as client-go's HTTP/2 health check does.
const LOOKS = 12;
/** After a rest that is longer than the quiet period, the peer has this part of its usual time to answer: 3 s of 15 s. */
const AFTER_REST = 5;

/**
 * Finds a connection whose other end is gone without a word. Runs only between `start` and `stop`. A timer that comes
 * much too late means that the machine slept: the peer is then asked at once and has a quarter of a look's time to answer.
 * It is asked at once, too, where it is used again after a long rest, or after one that began in doubt.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #lookMs: number;
  #timer: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #seen = 0;
  #quietLooks = 0;
  #lastLook = 0;
  /** Bytes that had come when the peer was asked. */
  #asked = 0;
  #isInDoubt = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#lookMs = options.quietMs / LOOKS;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    const rested = this.#lastLook === 0 ? 0 : Date.now() - this.#lastLook;
    this.#seen = this.#options.received();
    this.#quietLooks = 0;
    this.#lastLook = Date.now();
    // While nobody asked, the machine may have slept.
    if (this.#isInDoubt || rested > this.#options.quietMs) this.#ask(this.#options.answerMs / AFTER_REST);
    this.#timer = setInterval(() => this.#look(), this.#lookMs);
  }

  stop(): void {
    if (this.#timer === undefined) return;
    // A sleep that no look has seen, or a question without an answer: the last stream may go before either is done with.
    this.#isInDoubt = this.#isLate() || (this.#deadline !== undefined && this.#options.received() === this.#asked);
    clearInterval(this.#timer);
    clearTimeout(this.#deadline);
    this.#timer = undefined;
    this.#deadline = undefined;
  }

  /** By wall time, since the monotonic clock stands still on a sleeping Linux. */
  #isLate(): boolean {
    return Date.now() - this.#lastLook > 2 * this.#lookMs + 2000;
  }

  #look(): void {
    const slept = this.#isLate();
    this.#lastLook = Date.now();
    const received = this.#options.received();
    this.#quietLooks = received === this.#seen ? this.#quietLooks + 1 : 0;
    this.#seen = received;
    // With its stream's first pause (1.6 s at most) all goes on within 5 s of waking; a wrong guess costs a handshake.
    if (slept) this.#ask(this.#lookMs / 4);
    else if (this.#quietLooks >= LOOKS - 1) this.#ask(this.#options.answerMs);
  }

  #ask(answerMs: number): void {
    if (this.#deadline !== undefined) return;
    this.#asked = this.#options.received();
    this.#await(answerMs, answerMs);
    this.#options.ask(() => {
      clearTimeout(this.#deadline);
      this.#deadline = undefined;
      this.#isInDoubt = false;
      this.#quietLooks = 0;
    });
  }

  /** `ms` from now, which are `inAllMs` since the peer was asked. */
  #await(ms: number, inAllMs: number): void {
    const { answerMs, mayHurry, received, onDead } = this.#options;
    const deadline = setTimeout(() => {
      // What arrived while the process was busy is read first.
      setImmediate(() => {
        if (this.#deadline !== deadline) return;
        this.#deadline = undefined;
        if (received() !== this.#asked) return;
        // Only now: what costs more may have begun after the question.
        if (inAllMs < answerMs && mayHurry?.() === false) this.#await(answerMs - inAllMs, answerMs);
        else onDead(inAllMs);
      });
    }, ms);
    this.#deadline = deadline;
  }
}
