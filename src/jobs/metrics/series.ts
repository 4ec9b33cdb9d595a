import type { CurvePiece, CurveValue } from "../../contract/curves.ts";
import { type Source, sourceWords } from "../../kubeflow/model.ts";
import type { MetricPoint } from "./reader.ts";

const MOST_SERIES = 50;
export const MOST_POINTS = 20_000;
const MOST_COUNTED = 1_000;

/** A point, and how often its metric had been told by then. */
export interface SeriesPoint extends MetricPoint {
  readonly count: number;
}

/**
 * The metrics of one run: at most 50, and 20,000 points of each. Ranks of one training tell the same: of those that tell
 * a metric, the lowest is kept.
 */
export class RunSeries {
  readonly #series = new Map<string, Series>();
  readonly #leftOut = new Set<string>();

  get series(): Iterable<Series> {
    return this.#series.values();
  }

  /** Metrics beyond the first 50; counted up to 1,000. */
  get leftOut(): number {
    return this.#leftOut.size;
  }

  add(point: MetricPoint): void {
    let series = this.#series.get(point.name);
    if (series === undefined || order(point.rank) < order(series.rank)) {
      if (series === undefined && this.#series.size >= MOST_SERIES) {
        if (this.#leftOut.size < MOST_COUNTED) this.#leftOut.add(point.name);
        return;
      }
      series = new Series(point.name, point.rank);
      this.#series.set(point.name, series);
    }
    if (point.rank === series.rank) series.add(point);
  }

  /** What was not taken before, a piece for each metric that has news; `all`: as if nothing ever was. */
  take(run: number, all: boolean): CurvePiece[] {
    return [...this.series].flatMap((series) => series.take(run, all) ?? []);
  }
}

/** Ranks by number, then what has none. */
function order(rank: Source): number {
  return typeof rank === "number" ? rank : Infinity;
}

/** One metric of one run. Where it has too many points, every second goes, and of the next ones every second comes. */
class Series {
  readonly name: string;
  readonly rank: Source;
  #kept: SeriesPoint[] = [];
  #every = 1;
  #count = 0;
  /** The newest, where it is not one of those that are kept: what a run ended with must be seen. */
  #last: SeriesPoint | undefined;
  #counted = false;
  #taken = 0;
  #isNew = false;

  constructor(name: string, rank: Source) {
    this.name = name;
    this.rank = rank;
  }

  get points(): readonly SeriesPoint[] {
    return this.#last === undefined ? this.#kept : [...this.#kept, this.#last];
  }

  get last(): SeriesPoint | undefined {
    return this.points.at(-1);
  }

  add(point: MetricPoint): void {
    const own = { ...point, count: ++this.#count };
    if (point.step === undefined && !this.#counted) {
      this.#counted = true;
      this.#taken = 0;
    }
    this.#isNew = true;
    this.#last = own;
    if ((this.#count - 1) % this.#every !== 0) return;
    this.#kept.push(own);
    this.#last = undefined;
    if (this.#kept.length <= MOST_POINTS) return;
    this.#kept = this.#kept.filter((_, index) => index % 2 === 0);
    this.#every *= 2;
    this.#taken = 0;
  }

  take(run: number, all: boolean): CurvePiece | undefined {
    if (all) this.#taken = 0;
    else if (!this.#isNew) return undefined;
    const from = this.#taken;
    const points = this.points.slice(from);
    this.#taken = this.#kept.length;
    this.#isNew = false;
    return {
      run,
      metric: this.name,
      rank: sourceWords(this.rank),
      counted: this.#counted,
      every: this.#every,
      from,
      values: points.map(({ value }) => jsonValue(value)),
      steps: points.map(({ step, count }) => (this.#counted ? count : (step ?? count))),
      epochs: points.map(({ epoch = null }) => epoch),
      times: points.map(({ time = null }) => time),
    };
  }
}

function jsonValue(value: number): CurveValue {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? value : value > 0 ? "Infinity" : "-Infinity";
}
