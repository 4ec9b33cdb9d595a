export interface HeartbeatOptions {
  /** Silence after which the peer is asked, and how long it has to answer. Milliseconds. */
  readonly quietMs: number;
  readonly answerMs: number;
  /** Bytes received so far. */
  readonly received: () => number;
  /** Asks the peer; calls back when it has answered. */
  readonly ask: (answered: () => void) => void;
  readonly onDead: () => void;
}

// Looking twelve times per quiet period makes the ping at most a twelfth early, never late: with 30 s and 15 s a
// dead peer is found within 45 s, as client-go's HTTP/2 health check does.
const LOOKS = 12;

/**
 * Finds a connection whose other end is gone without a word. Runs only between `start` and `stop`. A timer that comes
 * much too late means that the machine slept: the peer is then asked at once and has a quarter of a look's time to answer.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #lookMs: number;
  #timer: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #seen = 0;
  #quietLooks = 0;
  #lastLook = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#lookMs = options.quietMs / LOOKS;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#seen = this.#options.received();
    this.#quietLooks = 0;
    this.#lastLook = Date.now();
    this.#timer = setInterval(() => this.#look(), this.#lookMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#deadline);
    this.#timer = undefined;
    this.#deadline = undefined;
  }

  #look(): void {
    const now = Date.now();
    // Wall time, since the monotonic clock stands still on a sleeping Linux.
    const slept = now - this.#lastLook > 2 * this.#lookMs + 2000;
    this.#lastLook = now;
    const received = this.#options.received();
    this.#quietLooks = received === this.#seen ? this.#quietLooks + 1 : 0;
    this.#seen = received;
    // With its stream's first pause (1.6 s at most) all goes on within 5 s of waking; a wrong guess costs a handshake.
    if (slept) this.#ask(this.#lookMs / 4);
    else if (this.#quietLooks >= LOOKS - 1) this.#ask(this.#options.answerMs);
  }

  #ask(answerMs: number): void {
    if (this.#deadline !== undefined) return;
    const before = this.#options.received();
    let answered = false;
    this.#deadline = setTimeout(() => {
      // What arrived while the process was busy is read first.
      setImmediate(() => {
        if (this.#deadline === undefined) return;
        this.#deadline = undefined;
        if (!answered && this.#options.received() === before) this.#options.onDead();
      });
    }, answerMs);
    this.#options.ask(() => {
      answered = true;
      clearTimeout(this.#deadline);
      this.#deadline = undefined;
      this.#quietLooks = 0;
    });
  }
}
