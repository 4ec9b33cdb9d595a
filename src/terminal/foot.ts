import { plainLine } from "../core/sanitize.ts";
import type { LogRecord } from "../jobs/index.ts";
import { renderLines } from "./render.ts";

const MOST_ROWS = 8;

/**
 * The bars that ranks draw now, in rows below the last line. Each is cut to one row: what wraps could not be taken away
 * again. Written with what goes to the terminal, so that what never gets there leaves nothing to take away.
 */
export class Foot {
  /** Of the terminal. */
  columns = 80;
  #bars: readonly LogRecord[] = [];
  #drawn = 0;

  /** One for each rank; drawn with the next text. False where it is as it was. */
  set(bars: readonly LogRecord[]): boolean {
    const isNews = bars.length > 0 || this.#bars.length > 0;
    this.#bars = bars.slice(0, MOST_ROWS);
    return isNews;
  }

  /** The text with the rows that were there taken away before, and those of now behind it. */
  around(text: string, ranks: number): string {
    const away = this.#drawn === 0 ? "" : `\u001b[${this.#drawn}A\u001b[J`;
    // Behind a line that is open there is no room.
    const isOpen = text !== "" && !text.endsWith("\n");
    const bars = isOpen ? [] : this.#bars;
    this.#drawn = bars.length;
    // Room for the prefix and one column more, at which a terminal would wrap.
    const room = Math.max(1, this.columns - String(ranks).length - 4);
    const rows = bars.map((bar) => ({ ...bar, text: cut(plainLine(bar.text), room) }));
    return away + text + renderLines(rows, ranks);
  }
}

/** To so many columns: what is beyond the bars' own blocks counts as two. */
function cut(text: string, columns: number): string {
  let used = 0;
  let shown = "";
  for (const character of text) {
    used += (character.codePointAt(0) ?? 0) > 0x2fff ? 2 : 1;
    if (used > columns) break;
    shown += character;
  }
  return shown;
}
