import { stat } from "node:fs/promises";
import * as v from "valibot";
import { unlessMissing } from "../../core/errors.ts";
import { claimFile, ClaimSchema, numbers, readClaim } from "./claims.ts";
import { isAlive } from "./processes.ts";

/**
 * One run of apply, as its keeper writes it: `run-<n>.json`, beside `run-<n>.jsonl` with all that Terraform wrote and
 * `run-<n>.cancel` once it was interrupted. The claim of the folder at the same time: one run per cluster.
 */
export const RunSchema = v.object({
  ...ClaimSchema.entries,
  id: v.string(),
  kind: v.picklist(["apply", "destroy"]),
  program: v.object({ kind: v.picklist(["terraform", "tofu"]), version: v.string() }),
  /** In which Terraform runs. */
  folder: v.string(),
  /** SHA-256 of the plan that was shown, hex. */
  planHash: v.string(),
  /** Wall time, ms. */
  startedAt: v.number(),
  expectedMs: v.optional(v.number()),
  expectedFrom: v.optional(v.string()),
  exit: v.optional(
    v.object({
      code: v.nullable(v.number()),
      signal: v.nullable(v.string()),
      at: v.number(),
      /** Why Terraform was not started, as a code: of the system, or `plan-changed`. */
      notStarted: v.optional(v.string()),
    }),
  ),
});
export type RunRecord = v.InferOutput<typeof RunSchema>;

export interface Run extends RunRecord {
  readonly number: number;
  /** Wall time of the one interrupt, ms. */
  readonly cancelledAt?: number;
}

export const RUN = "run";

/** What Terraform wrote. */
export function eventsFile(runs: string, number: number): string {
  return claimFile(runs, RUN, number).replace(/json$/, "jsonl");
}

export function cancelFile(runs: string, number: number): string {
  return claimFile(runs, RUN, number).replace(/json$/, "cancel");
}

export async function readRun(runs: string, number: number): Promise<Run | undefined> {
  const { success, output } = v.safeParse(RunSchema, await readClaim(claimFile(runs, RUN, number)));
  if (!success) return undefined;
  const cancelled = await stat(cancelFile(runs, number)).catch(unlessMissing);
  return { ...output, number, ...(cancelled !== undefined && { cancelledAt: cancelled.mtimeMs }) };
}

/** The run that counts: the last. */
export async function latestRun(runs: string): Promise<RunNow | undefined> {
  const number = (await numbers(runs, RUN)).at(-1);
  return number === undefined ? undefined : runNow(runs, number);
}

/**
 * `unkept`: Terraform goes on without the keeper that would tell its end. `lost`: both have ended and nobody said how,
 * as after the power went.
 */
export type RunStatus = "running" | "unkept" | "ended" | "lost";

export interface RunNow {
  readonly run: Run;
  readonly status: RunStatus;
}

/** The run as it is now; undefined where it cannot be read. */
export async function runNow(runs: string, number: number): Promise<RunNow | undefined> {
  const run = await readRun(runs, number);
  if (run === undefined) return undefined;
  if (run.exit !== undefined) return { run, status: "ended" };
  if (await isAlive(run.owner)) return { run, status: "running" };
  if (run.child !== undefined && (await isAlive(run.child))) return { run, status: "unkept" };
  // It may have written its end and gone since we read.
  const after = await readRun(runs, number);
  return after?.exit === undefined ? { run, status: "lost" } : { run: after, status: "ended" };
}

/** What a keeper is told, as JSON in its only argument; no secrets. */
export const KeeperTaskSchema = v.object({
  runs: v.string(),
  run: v.omit(RunSchema, ["owner", "child", "exit"]),
  /** The program and its arguments. */
  file: v.string(),
  args: v.array(v.string()),
  /** The plan that was shown. */
  plan: v.string(),
});
export type KeeperTask = v.InferOutput<typeof KeeperTaskSchema>;

/** Exit code of a keeper that found the folder held by another run. */
export const HELD = 3;
