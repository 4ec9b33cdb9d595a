// What the page of curves knows, and what of it is drawn. Pure.
import { duration } from "../../src/core/text.ts";
import type { CurvePiece, CurveRun, ToCurves } from "../../src/contract/curves.ts";

export type XKind = "step" | "epoch" | "time";
export const X_KINDS: readonly XKind[] = ["step", "epoch", "time"];

/** One metric of one run. */
export interface Curve extends Pick<CurvePiece, "rank" | "counted" | "every" | "steps" | "epochs" | "times"> {
  readonly values: readonly number[];
}

export interface State {
  /** False until the extension has spoken. */
  readonly told: boolean;
  readonly runs: readonly CurveRun[];
  /** By metric, in the order in which they came, then by run. */
  readonly metrics: ReadonlyMap<string, ReadonlyMap<number, Curve>>;
  /** When a run first told anything, ms since 1970. */
  readonly began: ReadonlyMap<number, number>;
  readonly x: XKind;
  readonly smooth: boolean;
  readonly table: boolean;
  /** Runs that are not drawn. */
  readonly hidden: readonly number[];
}

/** What the person chose; kept while the page is hidden. */
export type Choices = Pick<State, "x" | "smooth" | "table" | "hidden">;

export const START: State = {
  told: false,
  runs: [],
  metrics: new Map(),
  began: new Map(),
  x: "step",
  smooth: false,
  table: false,
  hidden: [],
};

/** What an earlier page had kept, as far as it can be read. */
export function restored(kept: unknown): Partial<Choices> {
  if (typeof kept !== "object" || kept === null) return {};
  const x = X_KINDS.find((kind) => kind === Reflect.get(kept, "x")) ?? "step";
  const hidden: unknown = Reflect.get(kept, "hidden");
  return {
    x,
    smooth: Reflect.get(kept, "smooth") === true,
    table: Reflect.get(kept, "table") === true,
    hidden: Array.isArray(hidden) ? hidden.filter((run) => typeof run === "number") : [],
  };
}

export function take(state: State, { anew, runs, pieces }: ToCurves): State {
  const metrics = new Map(anew ? [] : state.metrics);
  const began = new Map(anew ? [] : state.began);
  for (const piece of pieces) {
    const curves = new Map(metrics.get(piece.metric));
    curves.set(piece.run, joined(curves.get(piece.run), piece));
    metrics.set(piece.metric, curves);
    for (const time of piece.times)
      if (time !== null && time < (began.get(piece.run) ?? Infinity)) began.set(piece.run, time);
  }
  return { ...state, told: true, runs, metrics, began };
}

function joined(had: Curve | undefined, piece: CurvePiece): Curve {
  const { rank, counted, every, from } = piece;
  const after = <T>(old: readonly T[] = [], more: readonly T[]): T[] => [...old.slice(0, from), ...more];
  return {
    rank,
    counted,
    every,
    values: after(had?.values, piece.values.map(Number)),
    steps: after(had?.steps, piece.steps),
    epochs: after(had?.epochs, piece.epochs),
    times: after(had?.times, piece.times),
  };
}

/** The axes that some point has a place on. */
export function axesOf(state: State): XKind[] {
  const curves = [...state.metrics.values()].flatMap((one) => [...one.values()]);
  return X_KINDS.filter(
    (kind) => kind === "step" || curves.some((curve) => curve[`${kind}s`].some((place) => place !== null)),
  );
}

/** Values of the runs that have any, by ascending x; a run that has none at an x is undefined there. */
export interface Aligned {
  readonly runs: readonly CurveRun[];
  readonly xs: readonly number[];
  readonly columns: readonly (readonly (number | undefined)[])[];
}

/** What is drawn of a metric. X is a step, an epoch, or the seconds since the run first told anything. */
export function aligned(state: State, curves: ReadonlyMap<number, Curve>): Aligned {
  const lines = state.runs.flatMap((run) => {
    const curve = state.hidden.includes(run.id) ? undefined : curves.get(run.id);
    const line = curve === undefined ? undefined : lineOf(curve, state.x, state.began.get(run.id) ?? 0);
    return line === undefined || line.size === 0 ? [] : [{ run, line }];
  });
  const xs = [...new Set(lines.flatMap(({ line }) => [...line.keys()]))].sort((a, b) => a - b);
  return {
    runs: lines.map(({ run }) => run),
    xs,
    columns: lines.map(({ line }) => xs.map((x) => line.get(x))),
  };
}

/** A job that begins again tells the same steps again: what it told last holds. */
function lineOf(curve: Curve, kind: XKind, start: number): Map<number, number> {
  const line = new Map<number, number>();
  const places = curve[`${kind}s`];
  curve.values.forEach((value, index) => {
    const place = places[index] ?? null;
    if (place !== null) line.set(kind === "time" ? (place - start) / 1000 : place, value);
  });
  return line;
}

/** Of what was so far, the newest value counts a fifth. */
const NEWEST = 0.2;

/** A running mean that leaves out what is not finite, and begins where the values do. */
export function smoothed(values: readonly (number | undefined)[]): (number | undefined)[] {
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === undefined || !Number.isFinite(value)) return value;
    sum += (value - sum) * NEWEST;
    weight += (1 - weight) * NEWEST;
    return sum / weight;
  });
}

/** At most so many indexes, evenly spaced, the last among them. */
export function spaced(length: number, most: number): number[] {
  const count = Math.min(length, most);
  return Array.from({ length: count }, (_, index) =>
    count < 2 ? 0 : Math.round((index * (length - 1)) / (count - 1)),
  );
}

/** A number in six digits: `0.31`, `4.9e-5`, `NaN`. */
export function figure(value: number): string {
  const short = Number(value.toPrecision(6));
  return short !== 0 && Math.abs(short) < 1e-4 ? short.toExponential() : String(short);
}

/** What a run ended with, or stands at. */
export function lastOf({ columns }: Aligned, run: number): string {
  return figure(columns[run]?.findLast((value) => value !== undefined) ?? Number.NaN);
}

/** A place on the axis: `120`, `0.5`, `1 min 30 s`. */
export function placeWords(x: XKind, at: number): string {
  return x === "time" ? duration(at * 1000) : figure(at);
}
