import { type FSWatcher, watch } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { Step } from "../../contract/preview.ts";
import type { CancelWords } from "../../contract/wizard.ts";
import type { Clock } from "../../core/clock.ts";
import type { Disposable } from "../../core/dispose.ts";
import { errorCode, errorText } from "../../core/errors.ts";
import { Emitter } from "../../core/events.ts";
import type { Logger } from "../../core/log.ts";
import { label } from "../../core/sanitize.ts";
import { Tail } from "./child.ts";
import type { FailureContext } from "./failures.ts";
import { isAlive } from "./processes.ts";
import { type RunEnd, runEnd } from "./runEnd.ts";
import { RunFold } from "./runFold.ts";
import { cancelFile, eventsFile, readRun, type Run, runNow } from "./runs.ts";
import { StreamParser } from "./stream.ts";

export interface WatchOptions {
  /** Folder of the cluster's runs. */
  readonly runs: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly platform: NodeJS.Platform;
  readonly context?: FailureContext;
}

/** Looked at no more often than this, and at least that often where the system does not tell of changes; in ms. */
const PACE_MS = 150;
const POLL_MS = 2_000;

/**
 * Follows a run from any window, from its beginning to its end, by the files that its keeper and Terraform write. Reading
 * it changes nothing; disposing it leaves the run alone.
 */
export class RunWatch implements Disposable {
  readonly #options: WatchOptions;
  readonly #fold = new RunFold();
  readonly #parser = new StreamParser();
  readonly #tail: Tail;
  readonly #changed = new Emitter<void>();
  readonly #stop = new AbortController();
  #run: Run;
  #wake: AbortController | undefined;
  #end: RunEnd | undefined;
  /** Something was told, or something is under way and has become older. At most every 150 ms. */
  readonly onDidChange = this.#changed.event;
  /** How it ended, `lost` where it cannot be read any more; never settles once this is disposed. */
  readonly ended: Promise<RunEnd>;

  constructor(run: Run, options: WatchOptions) {
    this.#run = run;
    this.#options = options;
    this.#tail = new Tail(eventsFile(options.runs, run.number));
    this.ended = new Promise((resolve) => {
      void this.#follow()
        .catch((error: unknown) => (this.#stop.signal.aborted ? undefined : this.#lost(error)))
        .then((end) => end !== undefined && resolve(end));
    });
  }

  get run(): Run {
    return this.#run;
  }

  get end(): RunEnd | undefined {
    return this.#end;
  }

  /** The run as a line of the timeline. */
  step(id: string, label: string): Step {
    const { startedAt, expectedMs, expectedFrom } = this.#run;
    const now = this.#options.clock.now();
    const expected =
      expectedMs === undefined ? {} : { expectedMs, ...(expectedFrom !== undefined && { expectedFrom }) };
    const base = { id, label, startedAt, ...expected, parts: this.#fold.parts(this.#end?.at ?? now) };
    const end = this.#end;
    if (end === undefined) return { ...base, state: "running", detail: this.#detail(now) };
    const state = end.kind === "succeeded" ? "done" : end.kind === "cancelled" ? "cancelled" : "failed";
    const next = [...new Set(end.failures.flatMap((failure) => failure.next.map(({ title }) => title)))];
    return { ...base, state, detail: end.message, endedAt: end.at ?? now, ...(next.length > 0 && { next }) };
  }

  /** What Cancel would do now. */
  cancelWords(): CancelWords {
    if (this.#end !== undefined) return { possible: false, meaning: "It has ended." };
    if (this.#options.platform === "win32")
      return {
        possible: false,
        meaning: "On Windows a program can only be ended at once, which would lose what is being made from the state.",
      };
    if (this.#run.cancelledAt !== undefined)
      return {
        possible: false,
        meaning: "It is stopping: what has begun is finished or undone, and the state is saved.",
      };
    return {
      possible: true,
      meaning: "Terraform stops what is under way and saves its state, which can take minutes. What is made stays.",
    };
  }

  /**
   * Interrupts Terraform, once and for all windows: a second interrupt would have it drop what it is doing. `stopping`:
   * that was done before.
   */
  async cancel(): Promise<"interrupted" | "stopping" | "over" | "impossible"> {
    if (this.#options.platform === "win32") return "impossible";
    const run = (await readRun(this.#options.runs, this.#run.number)) ?? this.#run;
    if (run.exit !== undefined || run.child === undefined || !(await isAlive(run.child)))
      return run.child === undefined && run.exit === undefined ? "impossible" : "over";
    try {
      await writeFile(cancelFile(this.#options.runs, run.number), "", { flag: "wx", mode: 0o600 });
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
      this.#run = { ...run, cancelledAt: this.#options.clock.now() };
      return "stopping";
    }
    try {
      process.kill(run.child.pid, "SIGINT");
    } catch {
      // It ended in this moment.
      return "over";
    }
    this.#options.log.info(`run ${run.id}: interrupted`);
    this.#run = { ...run, cancelledAt: this.#options.clock.now() };
    this.#wake?.abort();
    this.#changed.fire();
    return "interrupted";
  }

  dispose(): void {
    this.#stop.abort();
    this.#wake?.abort();
    this.#changed.dispose();
  }

  #detail(now: number): string {
    if (this.#fold.unsupported) return "It runs; what it writes is of a newer form that is not known here.";
    return this.#run.cancelledAt === undefined ? this.#fold.detail(now) : `Stopping: ${this.#fold.detail(now)}`;
  }

  async #follow(): Promise<RunEnd | undefined> {
    const watcher = this.#watch();
    try {
      for (;;) {
        // First the state, then the stream: what was written before the end is read before it is told.
        const now = await runNow(this.#options.runs, this.#run.number);
        // What was read before it was interrupted does not take that back.
        this.#run = { ...this.#run, ...now?.run };
        await this.#tail.drain((chunk) => this.#add(chunk));
        if (this.#stop.signal.aborted) return undefined;
        if (now?.status === "ended" || now?.status === "lost") return this.#finish();
        this.#changed.fire();
        if (!(await this.#pause())) return undefined;
      }
    } finally {
      watcher?.close();
    }
  }

  #finish(): RunEnd {
    for (const event of this.#parser.end()) this.#fold.add(event);
    this.#end = runEnd(this.#run, this.#fold, this.#options.context);
    this.#changed.fire();
    return this.#end;
  }

  /** It cannot be read any more, as for want of a right. */
  #lost(error: unknown): RunEnd {
    this.#options.log.warn(`run ${this.#run.id} is not followed: ${errorText(error)}`);
    const message = `The run cannot be followed: ${label(errorText(error), 200)}. It may still go on.`;
    const next = [{ title: "Plan Again", kind: "plan-again" as const }];
    const things = { inFlight: this.#fold.inFlight(), halfMade: this.#fold.halfMade() };
    this.#end = { kind: "lost", message, failures: [{ code: "run-unread", message, next }], ...things };
    this.#changed.fire();
    return this.#end;
  }

  #add(chunk: Buffer): void {
    for (const event of this.#parser.push(chunk)) this.#fold.add(event);
  }

  /** False once disposed. */
  async #pause(): Promise<boolean> {
    const { clock } = this.#options;
    const wake = new AbortController();
    this.#wake = wake;
    // Both end early by an abort, which is what they are for.
    await clock.sleep(PACE_MS, this.#stop.signal).catch(() => undefined);
    await clock.sleep(POLL_MS, wake.signal).catch(() => undefined);
    return !this.#stop.signal.aborted;
  }

  #watch(): FSWatcher | undefined {
    try {
      const watcher = watch(this.#options.runs, { persistent: false }, () => this.#wake?.abort());
      watcher.on("error", () => watcher.close());
      return watcher;
    } catch (error) {
      this.#options.log.debug(`runs are polled: ${errorCode(error) ?? "unknown"}`);
      return undefined;
    }
  }
}

/** Reads a run whose end is known, or that has been lost, in one go. */
export async function readEnd(run: Run, runs: string, context?: FailureContext): Promise<RunEnd> {
  const [fold, parser] = [new RunFold(), new StreamParser()];
  await new Tail(eventsFile(runs, run.number)).drain((chunk) => {
    for (const event of parser.push(chunk)) fold.add(event);
  });
  for (const event of parser.end()) fold.add(event);
  return runEnd(run, fold, context);
}
