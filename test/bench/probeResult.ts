// What activationProbe.ts and the benchmark that starts it agree on.

/** Where the probe writes its result, and which bundle it loads for comparison. */
export const PROBE_RESULT_VARIABLE = "TRAINYARD_BENCH_RESULT";
export const PROBE_RIVAL_VARIABLE = "TRAINYARD_BENCH_RIVAL";

export interface ProbeResult {
  readonly vscode: string;
  readonly requireMs: number;
  readonly activateMs: number;
  readonly rivalRequireMs: number;
}
