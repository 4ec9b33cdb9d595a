/** A line of a byte stream, without its line feed. */
export interface Line {
  readonly text: string;
  /** The line was longer than allowed: it goes on in the next one. */
  readonly more: boolean;
}

const LINE_FEED = 0x0a;
/** So much of the end of an open line is told. */
const TAIL_BYTES = 4096;

/**
 * Cuts a byte stream into lines at 0x0A and nowhere else: a progress bar's `\r` and U+2028 stay inside a line, which
 * Node's readline would break there (measured). Bytes are decoded for whole lines only, so no character is split.
 * A line of more than `maxBytes` comes in parts; where it is cut depends on the line alone, never on the chunks, so
 * that a line read twice falls into the same parts.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(maxBytes: number) {
    // Room for one character at least, else a cut could not move forward.
    this.#maxBytes = Math.max(maxBytes, 4);
  }

  /** Of the line that is not complete yet, so many bytes as came last, or all of it. */
  tail(bytes: number): Buffer {
    let at = this.#pending.length;
    for (let found = 0; at > 0 && found < bytes;) found += this.#pending[--at]?.length ?? 0;
    return Buffer.concat(this.#pending.slice(at)).subarray(-bytes);
  }

  /** Takes the next bytes; returns what they completed. */
  push(chunk: Buffer): Line[] {
    const last = chunk.lastIndexOf(LINE_FEED);
    if (last < 0) {
      this.#keep(chunk);
      return this.#pendingBytes > this.#maxBytes ? this.#cutPending() : [];
    }
    // What was kept belongs to the first line alone: the others need no copy.
    const first = this.#pendingBytes === 0 ? -1 : chunk.indexOf(LINE_FEED);
    const lines = first < 0 ? [] : this.#linesOf(this.#take(chunk.subarray(0, first)));
    if (first < last) lines.push(...this.#linesOf(chunk.subarray(first + 1, last)));
    this.#keep(chunk.subarray(last + 1));
    if (this.#pendingBytes > this.#maxBytes) lines.push(...this.#cutPending());
    return lines;
  }

  /** The stream is over: what stood after the last line feed, if anything. */
  end(): Line | undefined {
    const rest = this.#take(Buffer.alloc(0));
    return rest.length === 0 ? undefined : { text: rest.toString("utf8"), more: false };
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  #take(bytes: Buffer): Buffer {
    if (this.#pendingBytes === 0) return bytes;
    const whole = Buffer.concat([...this.#pending, bytes]);
    this.#pending = [];
    this.#pendingBytes = 0;
    return whole;
  }

  /** Line feeds never are part of another character: the region may be decoded in one go. */
  #linesOf(region: Buffer): Line[] {
    return region.length <= this.#maxBytes ? plainLines(region) : this.#longLines(region);
  }

  #longLines(whole: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    while (start <= whole.length) {
      const found = whole.indexOf(LINE_FEED, start);
      const end = found < 0 ? whole.length : found;
      const rest = this.#parts(whole.subarray(start, end), lines);
      lines.push({ text: rest.toString("utf8"), more: false });
      start = end + 1;
    }
    return lines;
  }

  #cutPending(): Line[] {
    const lines: Line[] = [];
    this.#keep(this.#parts(this.#take(Buffer.alloc(0)), lines));
    return lines;
  }

  /** Moves all parts but the last to `into`; returns the last, which may still grow. */
  #parts(line: Buffer, into: Line[]): Buffer {
    let rest = line;
    while (rest.length > this.#maxBytes) {
      const at = characterStart(rest, this.#maxBytes);
      into.push({ text: rest.toString("utf8", 0, at), more: true });
      rest = rest.subarray(at);
    }
    return rest;
  }
}

/**
 * The lines of a body, as many at a time as one chunk completes. What follows the last line feed comes as a last batch
 * of one, by `onRest`, since only the caller knows whether a stream that ended there was cut. `onOpen` is told the end of
 * it while it grows.
 */
export async function* lineBatches(
  body: AsyncIterable<Buffer>,
  maxBytes: number,
  onRest: (rest: Line) => void,
  onOpen?: (tail: Buffer) => void,
): AsyncGenerator<readonly Line[]> {
  const splitter = new LineSplitter(maxBytes);
  for await (const chunk of body) {
    const lines = splitter.push(chunk);
    if (lines.length > 0) yield lines;
    onOpen?.(splitter.tail(TAIL_BYTES));
  }
  const rest = splitter.end();
  if (rest !== undefined) onRest(rest);
}

function plainLines(bytes: Buffer): Line[] {
  return bytes
    .toString("utf8")
    .split("\n")
    .map((text) => ({ text, more: false }));
}

/** The nearest offset at or before `at` where a UTF-8 character begins; `at` itself in what is no UTF-8. */
function characterStart(bytes: Buffer, at: number): number {
  for (let start = at; start > at - 4; start--) {
    if (((bytes[start] ?? 0) & 0xc0) !== 0x80) return start;
  }
  return at;
}
