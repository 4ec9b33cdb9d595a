import type { CurveRun, FromCurves, ToCurves } from "../../contract/curves.ts";
import type { Clock } from "../../core/clock.ts";
import type { Disposable } from "../../core/dispose.ts";
import { errorCode, errorText } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { label } from "../../core/sanitize.ts";
import { csv } from "./csv.ts";
import { LogTail } from "./logTail.ts";
import { MetricReader } from "./reader.ts";
import { RunSeries } from "./series.ts";

/** How often a log is looked at that had nothing new. */
const LOOK_MS = 1_000;

/** A run to draw. */
export interface CurveSource {
  readonly name: string;
  /** Its log as LogFile wrote it, or still does; any part of it. */
  readonly logFile: string;
}

export interface CurvesFeedOptions {
  readonly runs: readonly CurveSource[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Writes the file; where, it asks the person. */
  readonly save: (text: string) => Promise<void>;
  /** A person's own regular expression for metrics, see ownPattern.ts. */
  readonly pattern?: string;
}

interface Run {
  readonly name: string;
  readonly tail: LogTail;
  readonly reader: MetricReader;
  readonly series: RunSeries;
  state: CurveRun["state"];
  problem: string;
}

/** Reads the logs of runs, while they grow too, and tells the page of curves what they say. */
export class CurvesFeed implements Disposable {
  readonly #options: CurvesFeedOptions;
  readonly #runs: readonly Run[];
  readonly #over = new AbortController();
  #send: (message: ToCurves) => void = () => undefined;
  #told = "";

  /** Throws a UserError where the pattern cannot be used. */
  constructor(options: CurvesFeedOptions) {
    this.#options = options;
    this.#runs = options.runs.map(({ name, logFile }) => ({
      name: label(name),
      tail: new LogTail(logFile),
      reader: new MetricReader(options.pattern),
      series: new RunSeries(),
      state: "reading",
      problem: "",
    }));
  }

  /** Reads until it is disposed of. */
  start(send: (message: ToCurves) => void): void {
    this.#send = send;
    this.#follow().catch((error: unknown) => {
      if (!this.#over.signal.aborted) this.#options.log.error(`Curves are not read any more: ${errorText(error)}`);
    });
  }

  async receive(message: FromCurves): Promise<void> {
    if (message.type === "ready") this.#tell(true);
    else await this.#options.save(csv(this.#runs));
  }

  dispose(): void {
    this.#over.abort();
  }

  async #follow(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#over.signal.aborted) {
      let isNews = false;
      for (const run of this.#runs) isNews = (await this.#read(run)) || isNews;
      this.#tell(false);
      if (!isNews) await clock.sleep(LOOK_MS, this.#over.signal);
    }
  }

  async #read(run: Run): Promise<boolean> {
    // What was there before the page was opened was written at a time that nobody knows.
    const time = run.state === "following" ? { time: this.#options.clock.now() } : {};
    try {
      const isNews = await run.tail.read((source, text) => {
        for (const point of run.reader.read({ source, text, ...time })) run.series.add(point);
      });
      run.problem = "";
      if (!isNews) run.state = "following";
      return isNews;
    } catch (error) {
      const why = errorCode(error) === "ENOENT" ? "it is not there any more" : label(errorText(error));
      run.problem = `Its log cannot be read: ${why}.`;
      run.state = "following";
      return false;
    }
  }

  #tell(anew: boolean): void {
    const runs = this.#runs.map(({ name, state, problem, series }, id): CurveRun => {
      return { id, name, colour: id, state, problem, leftOut: series.leftOut };
    });
    const told = JSON.stringify(runs);
    const pieces = this.#runs.flatMap(({ series }, id) => series.take(id, anew));
    if (!anew && pieces.length === 0 && told === this.#told) return;
    this.#told = told;
    this.#send({ type: "curves", anew, runs, pieces });
  }
}
