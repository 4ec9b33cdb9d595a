import { label, plainLine } from "../../core/sanitize.ts";
import type { Source } from "../../kubeflow/model.ts";
import { lineTime, readLine, type Said } from "./formats.ts";
import { type OwnPattern, ownPattern } from "./ownPattern.ts";

/** What is read of a line; metrics stand at its beginning. */
const MOST_OF_LINE = 4_000;
const MOST_OF_NAME = 100;
/** No line means more than so many. */
const MOST_PER_LINE = 50;

export interface MetricLine {
  readonly source: Source;
  /** Raw and hostile. */
  readonly text: string;
  /** When it was written, ms since 1970. */
  readonly time?: number;
}

export interface MetricPoint {
  readonly name: string;
  /** May be no number, or endless: a loss that has left its way. */
  readonly value: number;
  readonly step?: number;
  readonly epoch?: number;
  readonly rank: Source;
  /** Ms since 1970: as the line says itself, else when it was written. */
  readonly time?: number;
}

/**
 * Reads metrics out of a log, line by line; which formats, and what counts as one, formats.ts says. An epoch that has a
 * line of its own, as with Keras, holds for the rank's lines until it names another.
 */
export class MetricReader {
  readonly #own: OwnPattern | undefined;
  readonly #epochs = new Map<Source, number>();

  /** Throws a UserError where the person's own pattern cannot be used; it is asked before the formats that are known. */
  constructor(pattern = "") {
    this.#own = pattern === "" ? undefined : ownPattern(pattern);
  }

  read({ source, text, time }: MetricLine): MetricPoint[] {
    const line = plainLine(text).slice(0, MOST_OF_LINE).trim();
    const said = this.#own?.(line) ?? readLine(line);
    if (said === undefined) return [];
    if (said.epoch !== undefined) this.#epochs.set(source, said.epoch);
    return said.metrics
      .slice(0, MOST_PER_LINE)
      .map(([name, value]) => this.#point(said, name, value, source, line, time));
  }

  #point(said: Said, name: string, value: number, rank: Source, line: string, written?: number): MetricPoint {
    const epoch = said.epoch ?? this.#epochs.get(rank);
    const time = said.time ?? lineTime(line) ?? written;
    return {
      name: label(name, MOST_OF_NAME),
      value,
      rank,
      ...(said.step === undefined ? {} : { step: said.step }),
      ...(epoch === undefined ? {} : { epoch }),
      ...(time === undefined ? {} : { time }),
    };
  }
}
