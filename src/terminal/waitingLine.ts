import { after, type Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import { clock as clockText, dim } from "./render.ts";

/** Goes to the beginning of the row and clears it. */
const AGAIN = "\r\u001b[2K";
const TICK_MS = 1_000;
/** Columns that the time may take, with the space before it. */
const TIME_COLUMNS = 12;

/**
 * The last line of a terminal whose job waits: its time goes on until something else is written. It is drawn again in its
 * place, which goes for one row alone: what is longer stands above, and the time below it.
 */
export class WaitingLine {
  readonly #send: (text: string) => void;
  readonly #clock: Clock;
  #columns = 80;
  #open: { readonly line: string; readonly since: number } | undefined;
  #tick: Disposable | undefined;

  constructor(send: (text: string) => void, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  /** Of the terminal. Where it becomes too narrow for the line, what is wrapped stays, and the line begins anew. */
  set columns(columns: number) {
    this.#columns = columns;
    const { line = "", since = 0 } = this.#open ?? {};
    if (line !== "" && !this.#fits(line)) this.begin(line, since);
  }

  /** `line` has no control sequences. `since`: wall ms from which its time counts. */
  begin(line: string, since: number): void {
    this.end();
    const fits = this.#fits(line);
    if (!fits) this.#send(`${dim(line)}\r\n`);
    this.#open = { line: fits ? line : "", since };
    this.#draw();
  }

  /** Something else follows, or nothing more: the line stays as it is. */
  end(): void {
    if (this.#open === undefined) return;
    this.#tick?.dispose();
    this.#open = undefined;
    this.#send("\r\n");
  }

  #fits(line: string): boolean {
    return line.length + TIME_COLUMNS < this.#columns;
  }

  #draw(): void {
    if (this.#open === undefined) return;
    const { line, since } = this.#open;
    this.#send(`${AGAIN}${dim(`${line}   ${clockText(this.#clock.now() - since)}`)}`);
    this.#tick = after(this.#clock, TICK_MS, () => this.#draw());
  }
}
