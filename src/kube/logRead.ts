import { type LogEvent, type StampedLine, StampParser } from "./logEvents.ts";
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
  #held: { readonly line: StampedLine; readonly time: string; readonly rest: readonly Line[] } | undefined;

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
    for (const [index, line] of lines.entries()) {
      const stamped = this.#parser.parse(line);
      if (stamped.time === undefined) {
        if (this.#unstamped.length < MAX_UNSTAMPED) this.#unstamped.push(stamped.text);
        continue;
      }
      if (!this.#stampSeen || this.#unstamped.length > 0) this.#tellUnstamped(events);
      const verdict = this.#resume.accept(stamped.time, stamped.text);
      if (verdict === "emit") events.push(lineEvent(stamped.time, stamped));
      else if (verdict === "gap") {
        this.#held = { line: stamped, time: stamped.time, rest: lines.slice(index + 1) };
        break;
      }
    }
    return events;
  }

  /** The gap and what follows it of the lines last taken. */
  passGap(): LogEvent[] {
    const held = this.#held;
    if (held === undefined) return [];
    this.#held = undefined;
    const gap: LogEvent = { type: "gap", after: this.#resume.lastTime, before: held.time };
    this.#resume.accept(held.time, held.line.text);
    return [gap, lineEvent(held.time, held.line), ...this.take(held.rest)];
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

function lineEvent(time: string, line: StampedLine): LogEvent {
  return { type: "line", time, text: line.text, partial: line.partial };
}
