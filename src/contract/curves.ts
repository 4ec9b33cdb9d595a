// Messages between the page of curves and the extension: what runs have printed as metrics.
import * as v from "valibot";

/** From the page. Anything else is refused, see panels/. */
export const FromCurvesSchema = v.variant("type", [
  /** The page is drawn and wants all that is known. */
  v.strictObject({ type: v.literal("ready") }),
  /** Write every point into a file of the person's choice. */
  v.strictObject({ type: v.literal("saveCsv") }),
]);
export type FromCurves = v.InferOutput<typeof FromCurvesSchema>;

/** A message is JSON, which has no word for what is no number. */
export type CurveValue = number | "NaN" | "Infinity" | "-Infinity";

export interface CurveRun {
  readonly id: number;
  readonly name: string;
  /** Which of the page's colours and strokes; counted from 0, without end. */
  readonly colour: number;
  /** `reading`: more of what is there already will come; `following`: all was read, what is written comes. */
  readonly state: "reading" | "following";
  /** Why its log cannot be read, in a sentence; "" while it can. */
  readonly problem: string;
  /** Metrics beyond those that are kept. */
  readonly leftOut: number;
}

/** Points of one metric of one run: they stand in place of all that the page has of it from index `from` on. */
export interface CurvePiece {
  readonly run: number;
  readonly metric: string;
  /** `rank 0`: whose they are. */
  readonly rank: string;
  /** The script told no step with some: `steps` counts how often it has told the metric. */
  readonly counted: boolean;
  /** One of so many points is shown; 1: all are. */
  readonly every: number;
  readonly from: number;
  readonly values: readonly CurveValue[];
  readonly steps: readonly number[];
  /** Null where none is known. */
  readonly epochs: readonly (number | null)[];
  /** Milliseconds since 1970. */
  readonly times: readonly (number | null)[];
}

/** To the page. */
export interface ToCurves {
  readonly type: "curves";
  /** Forget what was said before. */
  readonly anew: boolean;
  readonly runs: readonly CurveRun[];
  readonly pieces: readonly CurvePiece[];
}
