import type { LogLine, LogRecord } from "../jobs/index.ts";
import { ALL_LINES, type LogFilter, passes } from "./logFilter.ts";
import { Foot } from "./foot.ts";
import type { Pacer } from "./pacer.ts";
import { renderLines, renderNote } from "./render.ts";

/** Lines that a terminal keeps by default: what is written again, or held back, beyond them would be lost in it at once. */
export const KEPT_LINES = 1_000;
/** To the corner, all rows cleared, then the scrollback: in this order rows that a clear moves there go too. */
const CLEAR = "\u001b[H\u001b[2J\u001b[3J";

/** What a terminal shows of a log: the lines that its filter lets through, and nothing while it is paused. */
export class LogScreen {
  readonly #pacer: Pacer;
  /** Number of ranks, for the width of the prefix. */
  ranks = 1;
  readonly #foot = new Foot();
  #filter = ALL_LINES;
  #held: string[] | undefined;
  #came = 0;

  constructor(pacer: Pacer) {
    this.#pacer = pacer;
  }

  get filter(): LogFilter {
    return this.#filter;
  }

  get isPaused(): boolean {
    return this.#held !== undefined;
  }

  set columns(columns: number) {
    this.#foot.columns = columns;
  }

  /** What goes to the terminal, with the bars below it. */
  around(text: string): string {
    return this.#foot.around(text, this.ranks);
  }

  /** The bars that are being drawn, of a log that is not paused. */
  bars(bars: readonly LogRecord[]): void {
    const wanted = bars.filter(({ source, text }) => passes(this.#filter, source, text));
    if (this.#foot.set(this.isPaused ? [] : wanted)) this.#pacer.redraw();
  }

  lines(records: readonly LogRecord[]): void {
    const { words, sources } = this.#filter;
    const isAll = words.length === 0 && sources.size === 0;
    const wanted = isAll ? records : records.filter(({ source, text }) => passes(this.#filter, source, text));
    if (wanted.length === 0) return;
    if (this.#held === undefined) this.#pacer.send(renderLines(wanted, this.ranks));
    else this.#hold(wanted.slice(-KEPT_LINES).map((record) => renderLines([record], this.ranks)));
    this.#came += wanted.length;
  }

  /** A rendered line that no filter hides. */
  mark(line: string): void {
    if (this.#held === undefined) this.#pacer.send(line);
    else this.#hold([line]);
  }

  pause(): void {
    this.#held = [];
    this.#came = 0;
  }

  /** Shows what was held back, behind what `mark` says of it; does nothing where nothing is. */
  goOn(mark: (came: number, left: number) => string): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.#pacer.send(mark(this.#came, Math.max(0, this.#came - KEPT_LINES)) + held.join(""));
  }

  /** Which lines of the file are written again under this filter: what warns stays, whoever it is about. */
  static shows(filter: LogFilter, { source, text }: LogLine): boolean {
    if (source !== undefined) return passes(filter, source, text);
    return text.startsWith("⚠") || (filter.text === "" && !text.startsWith("▶"));
  }

  /** Begins again under another filter, with these lines of the file behind the rendered head. A pause is over. */
  again(filter: LogFilter, head: string, lines: readonly LogLine[]): void {
    this.#filter = filter;
    this.#held = undefined;
    this.#foot.set([]);
    this.#pacer.clear();
    let text = CLEAR + head;
    for (const { source, text: line } of lines)
      text += source === undefined ? renderNote(line) : renderLines([{ source, time: "", text: line }], this.ranks);
    this.#pacer.send(text);
  }

  #hold(lines: readonly string[]): void {
    const held = [...(this.#held ?? []), ...lines];
    this.#held = held.slice(-KEPT_LINES);
  }
}
