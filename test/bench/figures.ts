// What a benchmark hands back: samples by arm and figure, summed up as median, least and most.

export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
}

/** Arm → figure. An arm is one way to do the thing; all arms of a benchmark are measured in the same run. */
export type Arms = Readonly<Record<string, Readonly<Record<string, Figure>>>>;

/** A promise about one figure. Missing it is printed, never a failure: the machine may have been busy. */
export interface Goal {
  readonly arm: string;
  readonly figure: string;
  readonly atMost: number;
}

export interface Measured {
  readonly arms: Arms;
  readonly goals: readonly Goal[];
  /** Sentences below the table: what a reader must know to judge it. */
  readonly notes: readonly string[];
}

/** Collects samples in the order in which arms and figures are first seen. */
export class Samples {
  readonly #arms = new Map<string, Map<string, { unit: string; values: number[] }>>();

  add(arm: string, figure: string, value: number, unit: string): void {
    const figures = this.#arms.get(arm) ?? new Map<string, { unit: string; values: number[] }>();
    this.#arms.set(arm, figures);
    const samples = figures.get(figure) ?? { unit, values: [] };
    figures.set(figure, samples);
    if (samples.unit !== unit) throw new Error(`${figure} of ${arm} is measured in ${samples.unit}, not in ${unit}`);
    samples.values.push(value);
  }

  get arms(): Arms {
    const summed = [...this.#arms].map(([arm, figures]) => [
      arm,
      Object.fromEntries([...figures].map(([name, { unit, values }]) => [name, sumUp(values, unit)])),
    ]);
    return Object.fromEntries(summed) as Arms;
  }
}

export function sumUp(values: readonly number[], unit: string): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  const min = sorted[0];
  const max = sorted.at(-1);
  if (min === undefined || max === undefined || sorted.some((value) => !Number.isFinite(value)))
    throw new Error(`nothing to sum up in ${JSON.stringify(values)}`);
  return { median: round(median(sorted)), min: round(min), max: round(max), unit };
}

function median(sorted: readonly number[]): number {
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? NaN;
  return (lower + upper) / 2;
}

/** More digits than a clock or a scheduler can vouch for only make the file hard to compare. */
function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
