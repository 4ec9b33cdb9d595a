import type { Source } from "../kubeflow/model.ts";
import type { LogRecord } from "./readings.ts";

// tqdm below another bar: `\n`, `\r`, the bar, and the cursor up again (its moveto), whether a terminal listens or not.
const UP = "\u001b[A";

/**
 * Leaves out states of a bar that the next one was drawn over, where each came as a line of its own: thousands in an
 * epoch. What `\r` draws over within one line is no matter of this. All else passes as it came.
 */
export class Redraws {
  /** By rank, the state that may be drawn over yet. */
  readonly #held = new Map<Source, LogRecord>();
  /** By rank, what a line shows that has not come to its end: its end brings all of it. */
  readonly #open = new Map<Source, LogRecord>();

  /** What stands now: of these, and of those before. */
  settle(records: readonly LogRecord[]): LogRecord[] {
    const settled: LogRecord[] = [];
    for (const record of records) {
      this.#open.delete(record.source);
      const before = this.#held.get(record.source);
      if (before !== undefined) {
        this.#held.delete(record.source);
        if (!record.text.startsWith("\r")) settled.push(before);
      }
      if (record.text.startsWith("\r") && record.text.endsWith(UP)) this.#held.set(record.source, record);
      else settled.push(record);
    }
    return settled;
  }

  /** A state that is drawn over within its line. */
  draw(bar: LogRecord): void {
    this.#open.set(bar.source, bar);
  }

  /** The states that may be drawn over yet, one of a rank. */
  get drawn(): readonly LogRecord[] {
    return [...new Map([...this.#held, ...this.#open]).values()];
  }

  /** Nothing more comes: what was held back stands. */
  rest(): LogRecord[] {
    const rest = [...this.#held.values()];
    this.#held.clear();
    this.#open.clear();
    return rest;
  }
}
