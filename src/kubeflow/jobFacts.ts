// What a job says by itself, without its pods.
import { plural } from "../core/text.ts";
import type { TrainingJob } from "./model.ts";

/** True once nothing of the job will change any more. */
export function isFinished(job: TrainingJob): boolean {
  return job.condition === "Succeeded" || job.condition === "Failed";
}

/** True while the job may still use the cluster. */
export function isActive(job: TrainingJob): boolean {
  return !isFinished(job) && !job.deleting && !job.suspended;
}

/** `2 nodes × 1 GPU`, `1 node`; `2 nodes, 3 GPUs in all` where not all have as many; empty where it is not known. What has no rank is not counted. */
export function describeReplicas(job: TrainingJob): string {
  if (job.partial === true) return "";
  const sets = job.replicas.filter(({ firstRank }) => firstRank !== undefined);
  const nodes = sets.reduce((sum, set) => sum + set.count, 0);
  const own = new Set(sets.flatMap(({ count, gpus }) => (count === 0 ? [] : [gpus])));
  const [each = 0] = own;
  if (own.size < 2) return `${plural(nodes, "node")}${each === 0 ? "" : ` × ${plural(each, "GPU")}`}`;
  const all = sets.reduce((sum, { count, gpus }) => sum + count * gpus, 0);
  return `${plural(nodes, "node")}, ${plural(all, "GPU")} in all`;
}
