import { type Clock, within } from "../core/clock.ts";

/** Asks the terminal for its status; it answers once it has drawn everything before it (ECMA-48 DSR). */
const ASK = "\u001b[5n";
const ANSWER = "\u001b[0n";
/**
 * Characters that may be on their way to the terminal without an answer: within a round trip of 10 ms as much as a log
 * brings at its fastest, and less than what makes a terminal sluggish (500,000).
 */
const WINDOW = 384 * 1024;
/** One question for so many keeps the pipe full without a round trip for every batch. */
const ASK_AFTER = 64 * 1024;
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
  readonly #around: (text: string) => string;
  /** Characters before each question that has no answer yet, and those after the last one. */
  readonly #asked: number[] = [];
  #sinceAsked = 0;
  #unanswered = 0;
  #askedAt = 0;
  #queue: string[] = [];
  #queued = 0;
  #dropped = 0;
  #onReady: () => void = () => undefined;
  #waiting: Promise<void> | undefined;

  /** `mark` renders the line that stands for dropped lines; `around` adds to what is written what belongs to its place. */
  constructor(
    write: (text: string) => void,
    mark: (lines: number) => string,
    clock: Clock,
    around: (text: string) => string = (text) => text,
  ) {
    this.#around = around;
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

  /** What is around has changed; where text waits, that takes it along. */
  redraw(): void {
    if (this.#queued === 0 && this.#unanswered < WINDOW) this.#put("");
  }

  /** Resolves when the caller may produce more, or soon after the signal has aborted. */
  async ready(signal: AbortSignal): Promise<void> {
    while (!this.isReady && !signal.aborted) await (this.#waiting ??= this.#answerOrPause());
  }

  /** All ranks wait for the same answer. A terminal that gives none for a second counts as hidden, and nobody waits for it. */
  async #answerOrPause(): Promise<void> {
    await within(this.#clock, 300, new Promise<void>((resolve) => (this.#onReady = resolve)));
    this.#waiting = undefined;
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

  /** Drops what still waits, unmarked: the terminal begins again. */
  clear(): void {
    this.#queue = [];
    this.#queued = 0;
    this.#dropped = 0;
    this.#onReady();
  }

  #answered(): void {
    const drawn = this.#asked.shift();
    if (drawn === undefined) return;
    this.#unanswered -= drawn;
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

  #put(plain: string): void {
    const text = this.#around(plain);
    this.#unanswered += text.length;
    this.#sinceAsked += text.length;
    const asks = this.#sinceAsked >= ASK_AFTER;
    if (asks) {
      this.#asked.push(this.#sinceAsked);
      this.#sinceAsked = 0;
      this.#askedAt = this.#clock.monotonic();
    }
    this.#write(asks ? text + ASK : text);
  }

  #isHidden(): boolean {
    return this.#asked.length > 0 && this.#clock.monotonic() - this.#askedAt > HIDDEN_AFTER_MS;
  }

  #shed(): void {
    while (this.#queued > KEPT && this.#queue.length > 1) {
      const text = this.#queue.shift() ?? "";
      this.#queued -= text.length;
      for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#dropped++;
    }
  }
}
