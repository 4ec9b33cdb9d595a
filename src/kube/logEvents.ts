import type { Line } from "./lines.ts";

export interface LineEvent {
  readonly type: "line";
  /** RFC 3339 with nanoseconds as the kubelet wrote it; empty for words of the kubelet's own without a time. */
  readonly time: string;
  /** What the program wrote, without its line feed: raw, hostile text. */
  readonly text: string;
  /** The line was too long: it goes on in the next event. */
  readonly partial: boolean;
}

export type LogEvent =
  | LineEvent
  /** Lines may be missing here: the node no longer had what was asked for. `before` is empty where nothing follows. */
  | { readonly type: "gap"; readonly after: string | undefined; readonly before: string }
  /** There is no connection; `attempt` counts from 1 and anew after every line. */
  | { readonly type: "reconnecting"; readonly why: string; readonly attempt: number };

const SPACE = " ";
const SHORTEST_STAMP = "2026-11-22T00:00:00Z".length;
const LONGEST_STAMP = "2026-11-22T00:00:00.000000000+00:00".length;

/**
 * Takes the stamps that `timestamps=true` puts there off the lines of one read; the parts of a long line have that of its
 * beginning.
 */
export class StampParser {
  #continued: string | undefined;

  parse({ text, more }: Line): LineEvent {
    const begun = this.#continued;
    const stamp = begun === undefined ? stampLength(text) : 0;
    const time = begun ?? text.slice(0, stamp);
    this.#continued = more ? time : undefined;
    return { type: "line", time, text: stamp === 0 ? text : text.slice(stamp + 1), partial: more };
  }
}

/** Characters of the RFC 3339 stamp at the beginning; 0 where there is none. */
function stampLength(text: string): number {
  if (text[4] !== "-" || text[10] !== "T" || text[13] !== ":") return 0;
  const space = text.indexOf(SPACE, SHORTEST_STAMP);
  const length = space < 0 ? text.length : space;
  return length >= SHORTEST_STAMP && length <= LONGEST_STAMP ? length : 0;
}
