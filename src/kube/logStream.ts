import { Backoff } from "../core/backoff.ts";
import type { Clock } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { readBody } from "./body.ts";
import { type KubeClient, objectPath } from "./client.ts";
import { type Line, lineBatches } from "./lines.ts";
import type { LogEvent } from "./logEvents.ts";
import { type ReadEnd, readEndOf } from "./logFailures.ts";
import { lastState, OneRead, pieces } from "./logRead.ts";
import { ResumePoint } from "./logResume.ts";
import type { ResourceKind } from "./objects.ts";
import type { KubeRequest } from "./transport.ts";
import { onWake } from "./wake.ts";

export type { LogEvent } from "./logEvents.ts";

/**
 * Whether the container instance that is followed can still write. `restarted`: a later instance has taken its place
 * in the same pod, so that its own log is the previous one now.
 */
export type InstanceState = "running" | "ended" | "restarted" | "gone";

export interface FollowLogOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Reads the instance before the present one, which has ended. */
  readonly previous?: boolean;
  /** Lines to begin with; 0 is from now on. */
  readonly tailLines?: number;
  readonly isOver: () => Promise<InstanceState>;
  /** Told what stands now of a line that is not complete and drawn over with `\r`, as often as more of it comes. */
  readonly onDrawn?: (text: string) => void;
  readonly random?: () => number;
}

const PODS: ResourceKind = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };
/** Bytes of a line that are given at a time. */
const MAX_LINE_BYTES = 1_000_000;
/** A container that has not started is asked for again after this, in ms, growing. */
const WAIT_FIRST_MS = 500;
const WAIT_CAP_MS = 2_000;
/** A stream that ends well is opened again without a pause at most this often, in ms. */
const PROMPT_EVERY_MS = 1_000;
/** A read that lasted this long, in ms, was no failure to connect. */
const STEADY_MS = 10_000;
/**
 * A container can be known to have ended before the runtime has written its last lines to the file (containerd copies
 * through buffers of its own): it is over when reads after these pauses, in ms, bring nothing more.
 */
const SETTLE_MS: readonly number[] = [250, 750];

/**
 * Follows the log of one container instance to its end, through any interruption: no line twice, none lost unless a
 * `gap` says so. Yields the lines of one chunk at a time and reads no further until it is asked to. Returns when the
 * instance is over and everything was read, or the signal aborts. Throws ApiError where the log may not be read, and
 * ConnectError where a person must sign in, CancelledError where the connection was ended.
 */
export async function* followLog(options: FollowLogOptions): AsyncGenerator<readonly LogEvent[]> {
  yield* new LogFollower(options).run();
}

class LogFollower {
  readonly #options: FollowLogOptions;
  readonly #resume: ResumePoint;
  readonly #random: () => number;
  #backoff: Backoff;
  #attempt = 0;
  #waitMs = WAIT_FIRST_MS;
  #lastPrompt = Number.NEGATIVE_INFINITY;
  /** The line that the last read ended inside of, if it did. */
  #torn: Line | undefined;
  /** Ends the read or the pause under way. */
  #step = new AbortController();

  constructor(options: FollowLogOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#backoff = new Backoff(this.#random);
    this.#resume = new ResumePoint({ startsInside: options.tailLines !== undefined });
  }

  async *run(): AsyncGenerator<readonly LogEvent[]> {
    const { signal, clock, previous } = this.#options;
    const onAbort = (): void => this.#step.abort();
    signal.addEventListener("abort", onAbort);
    const wake = onWake(clock, () => this.#woke());
    try {
      let state: InstanceState = previous === true ? "ended" : "running";
      // What was restarted, or is read as the previous run, was written to its end before that could be.
      const unsettled = previous === true ? SETTLE_MS.length : 0;
      let quietReads = unsettled;
      while (!this.#isAborted() && state !== "gone") {
        const isFinal: boolean = state === "restarted" || (state === "ended" && quietReads === SETTLE_MS.length);
        const end: ReadEnd = yield* this.#read(state, isFinal);
        if (this.#isAborted() || (end.kind === "closed" && isFinal)) return;
        if (end.kind === "cut" && state !== "running") continue;
        if (end.kind === "closed" && state === "ended") {
          await this.#sleep(SETTLE_MS[quietReads] ?? 0);
          quietReads = end.prompt ? unsettled : quietReads + 1;
          continue;
        }
        const before: InstanceState = state;
        state = previous === true ? "ended" : end.kind === "replaced" ? end.by : await this.#ask();
        if (isLast(end, state)) {
          // Where the log of an instance cannot be read to its end, its end is not known.
          const after = this.#resume.lastTime;
          if (before === "restarted" && after !== undefined) yield [{ type: "gap", after, before: "" }];
          return;
        }
        yield* this.#pause(end, state !== before);
      }
    } finally {
      wake.dispose();
      signal.removeEventListener("abort", onAbort);
      this.#step.abort();
    }
  }

  /** Reads once, from where the last read got to. */
  async *#read(state: InstanceState, isFinal: boolean): AsyncGenerator<readonly LogEvent[], ReadEnd> {
    const step = this.#nextStep();
    const { client, clock, onDrawn } = this.#options;
    const onOpen = (tail: Buffer): void => {
      // A line that was given long ago grows once more, and nothing will say that it is over.
      if (this.#resume.isSkipping) return;
      const text = lastState(tail);
      if (text !== undefined) onDrawn?.(text);
    };
    const follow = state === "running";
    const read = new OneRead(this.#resume, this.#resume.lastTime !== undefined);
    const startedAt = clock.monotonic();
    let delivered = false;
    try {
      const response = await client.stream({ ...this.#request(state), signal: step.signal });
      const body = readBody(response, { signal: step.signal, clock });
      let rest: Line | undefined;
      for await (const lines of lineBatches(pieces(body), MAX_LINE_BYTES, (line) => (rest = line), onOpen)) {
        let events = read.take(lines);
        if (read.isAtGap) {
          const now = follow ? await this.#ask() : state;
          if (follow && (now === "gone" || now === "restarted")) return { kind: "replaced", by: now };
          events = [...events, ...read.passGap(this.#torn)];
        }
        if (events.length === 0) continue;
        delivered = true;
        this.#torn = undefined;
        this.#heard();
        yield events;
      }
      this.#torn = rest ?? this.#torn;
      // What is unfinished comes again whole; only at the very end a line needs no line feed.
      const last = isFinal ? read.end(rest) : [];
      if (last.length > 0) yield last;
      const lasted = clock.monotonic() - startedAt >= STEADY_MS;
      if (!follow || read.complaint === undefined) return { kind: "closed", prompt: delivered || lasted };
      return { kind: "failed", why: read.complaint, atLeastMs: 0 };
    } catch (error) {
      if (step.signal.aborted) return { kind: "cut" };
      return readEndOf(error);
    } finally {
      if (delivered || clock.monotonic() - startedAt >= STEADY_MS) this.#backoff = new Backoff(this.#random);
    }
  }

  #request(state: InstanceState): KubeRequest {
    const { namespace, pod, container, previous, tailLines } = this.#options;
    const from = this.#resume.reconnect() ?? { tailLines };
    const earlier = previous === true || state === "restarted";
    return {
      method: "GET",
      path: `${objectPath(PODS, pod, namespace)}/log`,
      query: {
        container,
        timestamps: true,
        follow: state === "running",
        previous: earlier ? true : undefined,
        ...from,
      },
      accept: "*/*",
    };
  }

  async *#pause(end: ReadEnd, changed: boolean): AsyncGenerator<readonly LogEvent[]> {
    const { clock } = this.#options;
    let ms = 0;
    if (end.kind === "waiting") {
      ms = this.#waitMs * (1 + this.#random() / 4);
      this.#waitMs = Math.min(this.#waitMs * 1.5, WAIT_CAP_MS);
    } else if (end.kind === "failed" || end.kind === "missing") {
      ms = Math.max(this.#backoff.next(clock.monotonic()), end.kind === "failed" ? end.atLeastMs : 0);
      this.#attempt++;
      const why = end.kind === "failed" ? end.why : "The node does not know the container.";
      yield [{ type: "reconnecting", why, attempt: this.#attempt }];
    } else if (!changed && !(isPrompt(end) && this.#mayBePrompt())) {
      ms = this.#backoff.next(clock.monotonic());
    }
    if (ms > 0) await this.#sleep(ms);
  }

  async #sleep(ms: number): Promise<void> {
    const step = this.#nextStep();
    // Cut short by waking up or by the end; the loop sees which.
    await this.#options.clock.sleep(ms, step.signal).catch(() => undefined);
  }

  #isAborted(): boolean {
    return this.#options.signal.aborted;
  }

  #mayBePrompt(): boolean {
    const now = this.#options.clock.monotonic();
    if (now - this.#lastPrompt < PROMPT_EVERY_MS) return false;
    this.#lastPrompt = now;
    return true;
  }

  async #ask(): Promise<InstanceState> {
    try {
      return await this.#options.isOver();
    } catch (error) {
      this.#options.log.debug(`${this.#options.pod}: its state is not known: ${errorText(error)}`);
      return "running";
    }
  }

  #nextStep(): AbortController {
    this.#step = new AbortController();
    if (this.#options.signal.aborted) this.#step.abort();
    return this.#step;
  }

  /** New lines: the network lets something through, however often it breaks, and the log should not fall behind. */
  #heard(): void {
    this.#attempt = 0;
    this.#backoff = new Backoff(this.#random);
    this.#waitMs = WAIT_FIRST_MS;
  }

  #woke(): void {
    this.#backoff = new Backoff(this.#random);
    this.#lastPrompt = Number.NEGATIVE_INFINITY;
    this.#step.abort();
  }
}

function isPrompt(end: ReadEnd): boolean {
  return end.kind === "cut" || (end.kind === "closed" && end.prompt);
}

function isLast(end: ReadEnd, state: InstanceState): boolean {
  if (end.kind === "missing") return end.certain || state !== "running";
  return end.kind === "waiting" && state !== "running";
}
