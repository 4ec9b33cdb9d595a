import { label } from "../core/sanitize.ts";
import { firstFailed, runTime } from "../kubeflow/jobStatus.ts";
import type { JobPod, Source, TrainingJob } from "../kubeflow/model.ts";
import { replicasOf, replicaSummary, sourceWords } from "../kubeflow/replicas.ts";

export type Outcome = "succeeded" | "failed" | "deleted" | "suspended";

export interface Verdict {
  readonly outcome: Outcome;
  /** `6 min 12 s` from the job's own times. */
  readonly took: string;
  /** The operator's or the failed rank's words; empty where nothing is to be said. */
  readonly reason: string;
  readonly neverStarted: readonly Source[];
  /** Ranks whose pods went on after the job had ended. */
  readonly stillRunning: readonly Source[];
}

/** What a follow has seen of the ranks that it followed. */
export interface Seen {
  readonly started: ReadonlySet<Source>;
  readonly stillRunning: readonly Source[];
  /** The only one that was followed, where it was one. */
  readonly source: Source | undefined;
}

/** How a job ended. `now` is wall ms; `job` is undefined where it was gone before anything was known of it. */
export function verdictOf(
  outcome: Outcome,
  job: TrainingJob | undefined,
  pods: Iterable<JobPod>,
  seen: Seen,
  now: number,
): Verdict {
  if (job === undefined) return { outcome, took: "", reason: "", neverStarted: [], stillRunning: seen.stillRunning };
  const replicas = replicasOf(job, pods);
  const followed = replicas.filter(({ source }) => seen.source === undefined || source === seen.source);
  const failed = firstFailed(replicas);
  const words =
    failed === undefined
      ? label(job.message ?? "", 300)
      : `${sourceWords(failed.source)}: ${replicaSummary(failed.pod).detail}`;
  const tells = outcome === "succeeded" || outcome === "failed";
  return {
    outcome,
    took: runTime(job, now),
    reason: outcome === "failed" ? words : "",
    neverStarted: tells ? followed.map(({ source }) => source).filter((source) => !seen.started.has(source)) : [],
    stillRunning: seen.stillRunning,
  };
}
