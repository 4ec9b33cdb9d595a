import type { Line } from "./lines.ts";

export type LogEvent =
  | {
      readonly type: "line";
      /** RFC 3339 with nanoseconds as the kubelet wrote it; empty for words of the kubelet's own without a time. */
      readonly time: string;
      /** What the program wrote, without its line feed: raw, hostile text. */
      readonly text: string;
      /** The line was too long: it goes on in the next event. */
      readonly partial: boolean;
    }
  /** Lines may be missing here: the node no longer had what was asked for. `before` is empty where nothing follows. */
  | { readonly type: "gap"; readonly after: string | undefined; readonly before: string }
  /** There is no connection; `attempt` counts from 1 and anew after every line. */
  | { readonly type: "reconnecting"; readonly why: string; readonly attempt: number };

/** A line with the stamp that `timestamps=true` puts before it. */
export interface StampedLine {
  /** Undefined where the line had none. */
  readonly time: string | undefined;
  readonly text: string;
  readonly partial: boolean;
}

const SPACE = " ";
const SHORTEST_STAMP = "2026-11-22T00:00:00Z".length;
const LONGEST_STAMP = "2026-11-22T00:00:00.000000000+00:00".length;

/** Takes the stamps off the lines of one read; the parts of a long line have that of its beginning. */
export class StampParser {
  #continued: { readonly time: string | undefined } | undefined;

  parse(line: Line): StampedLine {
    const begun = this.#continued;
    const stamp = begun === undefined ? stampLength(line.text) : 0;
    const time = begun === undefined ? (stamp === 0 ? undefined : line.text.slice(0, stamp)) : begun.time;
    this.#continued = line.more ? { time } : undefined;
    return { time, text: stamp === 0 ? line.text : line.text.slice(stamp + 1), partial: line.more };
  }
}

/** Characters of the RFC 3339 stamp at the beginning; 0 where there is none. */
function stampLength(text: string): number {
  if (text[4] !== "-" || text[10] !== "T" || text[13] !== ":") return 0;
  const space = text.indexOf(SPACE, SHORTEST_STAMP);
  const length = space < 0 ? text.length : space;
  return length >= SHORTEST_STAMP && length <= LONGEST_STAMP ? length : 0;
}
