import { type LineEvent, type LogEvent, StampParser } from "./logEvents.ts";
import type { Line } from "./lines.ts";
import type { ResumePoint } from "./logResume.ts";

/** Words of the kubelet's own that are kept at most. */
const MAX_UNSTAMPED = 20;

/**
 * One read of a log: what of it is new. A line without a time is either the kubelet's own complaint, such as «unable to
 * retrieve container logs», or the tail of a line of more than 16 KB whose beginning lies before `sinceTime`
 * (pkg/kubelet/kuberuntime/logs: only beginnings are stamped). It is held until the next line tells which.
 */
export class OneRead {
  readonly #resume: ResumePoint;
  /** The read began at a time, not at the beginning of the log. */
  readonly #fromTime: boolean;
  readonly #parser = new StampParser();
  #unstamped: string[] = [];
  #stampSeen = false;
  #held: { readonly line: LineEvent; readonly rest: readonly Line[] } | undefined;

  constructor(resume: ResumePoint, fromTime: boolean) {
    this.#resume = resume;
    this.#fromTime = fromTime;
  }

  /** Lines before the next one are missing: `take` stopped there, `passGap` goes on. */
  get isAtGap(): boolean {
    return this.#held !== undefined;
  }

  /** What the kubelet said instead of a log, if nothing with a time came after it. */
  get complaint(): string | undefined {
    return this.#unstamped[0];
  }

  /** The new ones of these lines, up to a gap. */
  take(lines: readonly Line[]): LogEvent[] {
    const events: LogEvent[] = [];
    let taken = 0;
    for (const each of lines) {
      taken++;
      const line = this.#parser.parse(each);
      if (line.time === "") {
        if (this.#unstamped.length < MAX_UNSTAMPED) this.#unstamped.push(line.text);
        continue;
      }
      if (!this.#stampSeen || this.#unstamped.length > 0) this.#tellUnstamped(events);
      const verdict = this.#resume.accept(line.time, line.text);
      if (verdict === "emit") events.push(line);
      else if (verdict === "gap") {
        this.#held = { line, rest: lines.slice(taken) };
        break;
      }
    }
    return events;
  }

  /**
   * The gap and what follows it of the lines last taken. `torn` is where the read before ended inside a line: a runtime
   * that is told to begin a new file cuts the line being written in two (containerd: one logger for each file), and the
   * new file begins with the other half of it.
   */
  passGap(torn?: Line): LogEvent[] {
    const held = this.#held;
    if (held === undefined) return [];
    this.#held = undefined;
    const { line, rest } = held;
    const begun = torn === undefined ? undefined : new StampParser().parse(torn);
    const isLost = begun !== undefined && begun.time !== "" && begun.time !== line.time;
    const gap: LogEvent = { type: "gap", after: this.#resume.lastTime, before: line.time };
    this.#resume.accept(line.time, line.text);
    return [...(isLost ? [{ ...begun, partial: true }] : []), gap, line, ...this.take(rest)];
  }

  /** The log is over: what was still held back, with the last line that has no line feed. */
  end(rest: Line | undefined): LogEvent[] {
    const events = rest === undefined ? [] : this.take([rest]);
    events.push(...this.passGap());
    this.#stampSeen = true;
    this.#tellUnstamped(events);
    return events;
  }

  #tellUnstamped(into: LogEvent[]): void {
    const tail = this.#fromTime && !this.#stampSeen;
    if (!tail) {
      const time = this.#resume.lastTime ?? "";
      for (const text of this.#unstamped) into.push({ type: "line", time, text, partial: false });
    }
    this.#unstamped = [];
    this.#stampSeen = true;
  }
}

/**
 * What stands now of a line that is drawn over and over with `\r`, by the end of what came of it; undefined where it is no
 * such line. A runtime gives an unfinished line away in parts of 16 KB (containerd, CRI-O): where the last state was cut,
 * the one before it counts.
 */
export function lastState(tail: Buffer): string | undefined {
  if (!tail.includes(CARRIAGE_RETURN)) return undefined;
  const states = tail
    .toString("utf8")
    .replace(/\ufffd+$/, "")
    .split("\r");
  const [before, last] = states
    .slice(1)
    .filter((state) => state.trim() !== "")
    .slice(-2);
  return last === undefined || (before !== undefined && last.length < before.length) ? before : last;
}

const CARRIAGE_RETURN = 0x0d;

/** Bytes that are worked off in a moment. */
const PIECE_BYTES = 16 * 1024;
/** Milliseconds that all logs together may hold the process. */
const HOLD_MS = 5;

/** One after the other: each log that waits gets a round of the event loop of its own. */
let turn: Promise<unknown> = Promise.resolve();
let turnBegan = 0;

/**
 * The body in pieces, with a turn for everybody else between them: what has come of a fast log, and of many at once, would
 * else hold the process for as long as all of it takes.
 */
export async function* pieces(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      if (performance.now() - turnBegan > HOLD_MS) {
        turn = turn.then(() => new Promise(setImmediate));
        await turn;
        turnBegan = performance.now();
      }
      yield chunk.subarray(at, at + PIECE_BYTES);
    }
  }
}
