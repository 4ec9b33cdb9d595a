import type { Clock } from "../core/clock.ts";

/** Asks the terminal for its status; it answers once it has drawn everything before it (ECMA-48 DSR). */
const ASK = "\u001b[5n";
const ANSWER = "\u001b[0n";
/** Characters that may be on their way to the terminal without an answer. */
const WINDOW = 256 * 1024;
/** Milliseconds without an answer after which the terminal counts as hidden. */
const HIDDEN_AFTER_MS = 1000;
/** Characters kept for a terminal that comes back: more than its default scrollback of 1,000 lines holds. */
const KEPT = 256 * 1024;

/**
 * Writes to a terminal no faster than it draws: a terminal of an extension has no flow control of its own. While the
 * terminal is hidden, the newest text is kept and older text dropped, with a mark; the file has all of it.
 */
export class Pacer {
  readonly #write: (text: string) => void;
  readonly #mark: (lines: number) => string;
  readonly #clock: Clock;
  #unanswered = 0;
  #asked = 0;
  #askedAt = 0;
  #queue: string[] = [];
  #queued = 0;
  #dropped = 0;
  #onReady: () => void = () => undefined;

  /** `mark` renders the line that stands for dropped lines. */
  constructor(write: (text: string) => void, mark: (lines: number) => string, clock: Clock) {
    this.#write = write;
    this.#mark = mark;
    this.#clock = clock;
  }

  /** Lines that the terminal never got. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether the caller may produce more now; a hidden terminal never holds anybody back. */
  get isReady(): boolean {
    return this.#queued === 0 || this.#isHidden();
  }

  send(text: string): void {
    if (this.#queued === 0 && this.#unanswered < WINDOW) {
      this.#put(text);
      return;
    }
    this.#queue.push(text);
    this.#queued += text.length;
    if (this.#isHidden()) this.#shed();
  }

  /** Resolves when the caller may produce more, or the signal aborts. */
  async ready(signal: AbortSignal): Promise<void> {
    while (!this.isReady && !signal.aborted) {
      const answered = new Promise<void>((resolve) => (this.#onReady = resolve));
      // A terminal that does not answer for a second counts as hidden, and nobody waits for it.
      await Promise.race([answered, this.#clock.sleep(300, signal).catch(() => undefined)]);
    }
  }

  /** Takes the terminal's answers out of what came from it and returns the rest: what the person typed. */
  receive(data: string): string {
    let typed = "";
    let from = 0;
    for (let at = data.indexOf(ANSWER); at >= 0; at = data.indexOf(ANSWER, from)) {
      typed += data.slice(from, at);
      from = at + ANSWER.length;
      this.#answered();
    }
    if (this.isReady) this.#onReady();
    return typed + data.slice(from);
  }

  /** Lets everything go that still waits, whatever the terminal says: nothing more will come. */
  flush(): void {
    this.#drain(Number.POSITIVE_INFINITY);
  }

  #answered(): void {
    if (this.#asked === 0) return;
    this.#asked--;
    if (this.#asked > 0) return;
    this.#unanswered = 0;
    this.#drain(WINDOW);
  }

  #drain(limit: number): void {
    if (this.#dropped > 0 && this.#queue.length > 0) {
      this.#put(this.#mark(this.#dropped));
      this.#dropped = 0;
    }
    while (this.#queue.length > 0 && this.#unanswered < limit) {
      const text = this.#queue.shift() ?? "";
      this.#queued -= text.length;
      this.#put(text);
    }
  }

  #put(text: string): void {
    const before = this.#unanswered;
    this.#unanswered += text.length;
    // One question per quarter window keeps the pipe full without a round trip for every batch.
    const asks = Math.floor(this.#unanswered / (WINDOW / 4)) > Math.floor(before / (WINDOW / 4));
    if (asks) {
      this.#asked++;
      this.#askedAt = this.#clock.monotonic();
    }
    this.#write(asks ? text + ASK : text);
  }

  #isHidden(): boolean {
    return this.#asked > 0 && this.#clock.monotonic() - this.#askedAt > HIDDEN_AFTER_MS;
  }

  #shed(): void {
    while (this.#queued > KEPT && this.#queue.length > 1) {
      const text = this.#queue.shift() ?? "";
      this.#queued -= text.length;
      this.#dropped += text.split("\n").length - 1;
    }
  }
}
