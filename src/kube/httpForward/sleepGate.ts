// What a client writes into a WebSocket after this computer has slept, and before anybody knows that its far end is lost.
import { Transform, type TransformCallback } from "node:stream";
import { after, type Clock } from "../../core/clock.ts";
import type { Disposable } from "../../core/dispose.ts";
import { lookForWake, onWake } from "../wake.ts";
import { FrameEnds, wholeMessages } from "./frameEnds.ts";

/** For so long the rest of a message is waited for, in ms: its client is on this computer. */
const REST_MS = 1_000;
/** What had been written before the wake was noticed is read within this time, in ms. */
const UNREAD_MS = 50;
/** What is kept at most, in bytes. */
const MOST_KEPT = 4 * 1024 * 1024;

/**
 * Passes on what a client writes, until the computer has slept. From then on it keeps the client's whole messages, which
 * have reached nobody, and gives them to `onSlept`, who ends both sides; empty where there are none, or where the one
 * before them was sent in part. A connection that has outlived the sleep is given up with the others: that costs its
 * client one more.
 */
export class SleepGate extends Transform {
  readonly #clock: Clock;
  readonly #onSlept: (unsent: Buffer) => void;
  readonly #frames = new FrameEnds();
  readonly #wake: Disposable;
  #kept: Buffer[] | undefined;
  #isWorthKeeping = true;
  #isWriting = false;
  #waiting: Disposable | undefined;

  constructor(clock: Clock, onSlept: (unsent: Buffer) => void) {
    super();
    this.#clock = clock;
    this.#onSlept = onSlept;
    // What is opened now has not slept.
    lookForWake(clock);
    this.#wake = onWake(clock, () => this.#slept());
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.#isWriting = true;
    try {
      lookForWake(this.#clock);
    } finally {
      this.#isWriting = false;
    }
    if (this.#kept !== undefined) this.#keep(this.#kept, chunk);
    else {
      this.#frames.read(chunk);
      this.push(chunk);
    }
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#wake.dispose();
    // Its far end failed, or its client left, before the rest had come.
    if (this.#waiting !== undefined) this.#tell();
    done(error);
  }

  #slept(): void {
    if (this.#kept !== undefined) return;
    this.#kept = [];
    this.#isWorthKeeping = this.#frames.isAtEnd;
    if (!this.#isWriting) this.#tellAfter(UNREAD_MS);
  }

  #keep(kept: Buffer[], chunk: Buffer): void {
    const end = this.#frames.read(chunk);
    const before = kept.reduce((size, { length }) => size + length, 0);
    kept.push(chunk);
    if (before + chunk.length > MOST_KEPT) this.#isWorthKeeping = false;
    if (end === chunk.length || !this.#isWorthKeeping) this.#tell();
    else this.#tellAfter(REST_MS);
  }

  #tellAfter(ms: number): void {
    this.#waiting?.dispose();
    this.#waiting = after(this.#clock, ms, () => this.#tell());
  }

  #tell(): void {
    this.#waiting?.dispose();
    this.#waiting = undefined;
    const kept = this.#isWorthKeeping ? (this.#kept ?? []) : [];
    this.#onSlept(wholeMessages(Buffer.concat(kept)));
  }
}
