/** `skip`: already given. `emit`: new, and now remembered. `gap`: see `ResumePoint.accept`. */
export type Verdict = "emit" | "skip" | "gap";

export interface ResumeOptions {
  /** RFC 3339; the caller wanted nothing before this time (whole seconds count, as for the server). */
  readonly sinceTime?: string;
  /** The first read began somewhere inside the log (`tailLines`). */
  readonly startsInside?: boolean;
  readonly maxLines?: number;
}

/** 16 bytes a line at most: 3 MB in the worst second. */
const MAX_LINES = 200_000;
const MAX_BLOCK = 4_096;
/**
 * stdout and stderr are stamped by two goroutines of the container runtime and then written one after the other: their
 * times may go back by a moment, also across the turn of a second. So much is read again, in seconds.
 */
const MARGIN_S = 1;

/** Lines emitted one after the other within one second. */
interface Block {
  readonly second: number;
  readonly hashes: number[];
}

/** How far the lines that come again have been recognised. */
interface Skip {
  readonly record: readonly number[];
  at: number;
  /** Built when a line is not where it was expected. */
  known?: ReadonlySet<number>;
}

/**
 * Continues a log after an interruption, with no line lost and none twice. The server truncates `sinceTime` to whole
 * seconds (pkg/registry/core/pod/strategy.go), so some lines always come again: hashes of all lines emitted from that
 * second on are kept in order, and what comes again is skipped for as long as it equals them. Lines with the same time
 * and text are thus counted. An interruption while skipping changes nothing: the record stays.
 *
 * Where the record does not reach back far enough (more than `maxLines` in a second, a start inside the log, a node's
 * clock set back by more than a second), lines of those seconds are skipped until the record begins. That is exact too,
 * unless the node has rotated the log away in the same second, or two lines agree in time and text. What no client can
 * have: lines stamped before the floor that are first written during the interruption, since the server leaves them out.
 */
export class ResumePoint {
  readonly #maxLines: number;
  readonly #maxBlock: number;
  readonly #from: number;
  readonly #startsInside: boolean;
  #blocks: Block[] = [];
  #size = 0;
  #lastTime: string | undefined;
  #newest = 0;
  /** The second to read again from. */
  #floor = 0;
  /** Lines of seconds up to this one may have been emitted and forgotten, or left out on purpose. */
  #unknownUpTo = Number.NEGATIVE_INFINITY;
  #skip: Skip | undefined;
  #clock = { prefix: "", zone: "", second: 0 };

  constructor(options: ResumeOptions = {}) {
    this.#maxLines = options.maxLines ?? MAX_LINES;
    this.#maxBlock = Math.max(1, Math.min(MAX_BLOCK, Math.floor(this.#maxLines / 4)));
    this.#from = options.sinceTime === undefined ? Number.NEGATIVE_INFINITY : epochSecond(options.sinceTime);
    this.#startsInside = options.startsInside ?? false;
  }

  /** Time of the last line emitted, as it was written. */
  get lastTime(): string | undefined {
    return this.#lastTime;
  }

  /** What comes is read again, as far as is known by now. */
  get isSkipping(): boolean {
    return this.#skip !== undefined;
  }

  /** Begins a new read. Returns what to ask for; undefined where nothing was emitted yet: ask as the first time. */
  reconnect(): { readonly sinceTime: string } | undefined {
    if (this.#lastTime === undefined) return undefined;
    this.#skip = { record: this.#blocks.flatMap((block) => block.hashes), at: 0 };
    return { sinceTime: new Date(this.#floor * 1000).toISOString().replace(".000Z", "Z") };
  }

  /**
   * Takes the next line of a read. `time` is the kubelet's RFC 3339 stamp, `text` what follows it. A line that came
   * after the lines emitted before were not all seen again gives `gap`, once: it is not taken; offer it again to go on.
   */
  accept(time: string, text: string): Verdict {
    const second = this.#secondOf(time);
    const hash = hashLine(time, text);
    if (this.#skip !== undefined) {
      if (this.#recognises(this.#skip, second, hash)) return "skip";
      this.#skip = undefined;
      return "gap";
    }
    this.#take(second, hash);
    this.#lastTime = time;
    return "emit";
  }

  #recognises(skip: Skip, second: number, hash: number): boolean {
    const found = skip.record[skip.at] === hash ? skip.at : this.#findAhead(skip, hash);
    if (found >= 0) {
      skip.at = found + 1;
      if (skip.at === skip.record.length) this.#skip = undefined;
      return true;
    }
    if (second > this.#unknownUpTo) return false;
    // Before the record begins, whatever seemed to match.
    skip.at = 0;
    return true;
  }

  /** A node that has rotated its log begins in the middle of what we remember. */
  #findAhead(skip: Skip, hash: number): number {
    skip.known ??= new Set(skip.record);
    return skip.known.has(hash) ? skip.record.indexOf(hash, skip.at) : -1;
  }

  #take(second: number, hash: number): void {
    if (this.#lastTime === undefined) this.#begin(second);
    else if (second > this.#newest) this.#advance(second);
    else if (second < this.#floor) this.#setBack(second);
    const last = this.#blocks.at(-1);
    if (last?.second === second && last.hashes.length < this.#maxBlock) last.hashes.push(hash);
    else this.#blocks.push({ second, hashes: [hash] });
    this.#size++;
    if (this.#size > this.#maxLines) this.#forgetOldest();
  }

  #begin(second: number): void {
    this.#newest = second;
    this.#floor = Math.max(second - MARGIN_S, this.#from);
    if (this.#startsInside) this.#unknownUpTo = second + MARGIN_S;
  }

  #advance(second: number): void {
    this.#newest = second;
    this.#floor = Math.max(this.#floor, second - MARGIN_S);
    this.#blocks = this.#blocks.filter((block) => block.second >= this.#floor);
    this.#size = this.#blocks.reduce((sum, block) => sum + block.hashes.length, 0);
  }

  /** The node's clock was set back: lines from here on would not be served from the old floor. */
  #setBack(second: number): void {
    this.#unknownUpTo = Math.max(this.#unknownUpTo, this.#newest);
    this.#newest = second;
    this.#floor = second - MARGIN_S;
  }

  #forgetOldest(): void {
    const oldest = this.#blocks.shift();
    if (oldest === undefined) return;
    this.#size -= oldest.hashes.length;
    this.#unknownUpTo = Math.max(this.#unknownUpTo, oldest.second);
  }

  /** Whole seconds since the epoch; the last second again where the stamp cannot be read. */
  #secondOf(time: string): number {
    const { prefix, zone, second } = this.#clock;
    if (prefix !== "" && time.startsWith(prefix) && time.endsWith(zone)) return second;
    const value = epochSecond(time);
    if (Number.isNaN(value)) return this.#newest;
    this.#clock = { prefix: time.slice(0, 19), zone: zoneOf(time), second: value };
    return value;
  }
}

function zoneOf(time: string): string {
  return /(Z|[+-]\d\d:\d\d)$/.exec(time)?.[0] ?? "";
}

/** Truncates, as the server does; NaN for what is no RFC 3339 time. */
function epochSecond(time: string): number {
  return Date.parse(time.slice(0, 19) + zoneOf(time)) / 1000;
}

const WORDS = new Int32Array(1024);
const BYTES = Buffer.from(WORDS.buffer);

/**
 * 53 bits over the time and the text, which is taken in parts where it is long. By words of four bytes: a string that is
 * part of another one is slow to read character by character (a third of the time, measured).
 */
function hashLine(time: string, text: string): number {
  let low = 0x811c9dc5 ^ text.length;
  let high = 0x9747b28c;
  let bytes = BYTES.write(time, 0, "latin1");
  for (let at = 0; ; at += PART_LENGTH) {
    bytes += BYTES.write(text.length <= PART_LENGTH ? text : text.slice(at, at + PART_LENGTH), bytes, "utf8");
    BYTES.fill(0, bytes, bytes + 3);
    for (let i = 0; i < bytes; i += 4) {
      const word = WORDS[i >>> 2] ?? 0;
      low = Math.imul(low ^ word, 0x01000193);
      low ^= low >>> 15;
      high = Math.imul(high ^ word, 0x85ebca6b);
      high ^= high >>> 13;
    }
    if (at + PART_LENGTH >= text.length) return (high >>> 11) * 0x1_0000_0000 + (low >>> 0);
    bytes = 0;
  }
}

/** UTF-16 units that fit beside a stamp, as three bytes each. */
const PART_LENGTH = 1_300;
