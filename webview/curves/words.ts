// Every word that the page of curves says by itself.
import type { XKind } from "./state.ts";
import { plural } from "../../src/core/text.ts";

export const WORDS = {
  title: "Curves",
  reading: "Reading what the runs have printed…",
  empty: "No metrics in what was printed so far",
  emptyHint:
    "A line such as loss=0.31 epoch=2 becomes a curve. So do JSON lines, and what Keras, Lightning, the Hugging Face Trainer and Katib’s metrics collector print. New lines are read as they come.",
  runs: "Runs",
  axis: "Horizontal axis",
  axes: { step: "Step", epoch: "Epoch", time: "Time" } satisfies Readonly<Record<XKind, string>>,
  smooth: "Smooth",
  table: "Show as table",
  exportCsv: "Export CSV",
  found: (metrics: number, runs: number) => `${plural(metrics, "metric")} of ${plural(runs, "run")}.`,
  nothing: {
    step: "Nothing to show.",
    epoch: "No epoch was printed with it.",
    time: "When it was printed is not known.",
  } satisfies Readonly<Record<XKind, string>>,
  allHidden: "Every run that has it is hidden.",
  counted: (runs: string) => `${runs}: printed without a step, so counted 1, 2, 3 …`,
  notFinite: (runs: string, count: number) => `${runs}: ${plural(count, "value")} not finite (NaN or infinite).`,
  thinned: (runs: string, every: number) => `${runs}: one point of ${every} is shown.`,
  ranks: (runs: string, rank: string) => `${runs}: as ${rank} printed it.`,
  leftOut: (run: string, count: number) => `${run}: ${plural(count, "more metric")} left out.`,
  someRows: (shown: number, all: number) => `${shown} of ${all} rows, evenly spaced; the CSV file has all points.`,
  ends: (run: string, value: string) => `${run} ends at ${value}`,
  chart: (metric: string, x: XKind, ends: string) => `Chart of ${metric} by ${x}. ${ends}.`,
  tableOf: (metric: string) => `Table of ${metric}`,
} as const;
