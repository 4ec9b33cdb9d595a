import { label } from "../core/sanitize.ts";
import { runTime } from "../kubeflow/jobStatus.ts";
import type { JobPod, TrainingJob } from "../kubeflow/model.ts";
import { replicasOf, replicaSummary } from "../kubeflow/replicas.ts";

export type Outcome = "succeeded" | "failed" | "deleted" | "suspended";

export interface Verdict {
  readonly outcome: Outcome;
  /** `6 min 12 s` from the job's own times. */
  readonly took: string;
  /** The operator's or the failed rank's words; empty where nothing is to be said. */
  readonly reason: string;
  readonly neverStarted: readonly number[];
  /** Ranks whose pods went on after the job had ended. */
  readonly stillRunning: readonly number[];
}

/** What a follow has seen of the ranks that it followed. */
export interface Seen {
  readonly started: ReadonlySet<number>;
  readonly stillRunning: readonly number[];
  /** The only rank that was followed, where it was one. */
  readonly rank: number | undefined;
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
  const followed = replicas.filter(({ rank }) => seen.rank === undefined || rank === seen.rank);
  const failed = replicas.find((replica) => replicaSummary(replica.pod).state === "Failed");
  const words =
    failed === undefined ? label(job.message ?? "", 300) : `rank ${failed.rank}: ${replicaSummary(failed.pod).detail}`;
  const tells = outcome === "succeeded" || outcome === "failed";
  return {
    outcome,
    took: runTime(job, now),
    reason: outcome === "failed" ? words : "",
    neverStarted: tells ? followed.map(({ rank }) => rank).filter((rank) => !seen.started.has(rank)) : [],
    stillRunning: seen.stillRunning,
  };
}
