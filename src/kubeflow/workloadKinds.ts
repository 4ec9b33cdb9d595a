// By themselves: what draws rows names these kinds, and reads none.
import type { ResourceKind } from "../kube/objects.ts";
import { EXPERIMENT, INFERENCE_SERVICE, RAY_JOB } from "./kinds/resources.ts";
import type { Parts } from "./parts.ts";

export const WORKLOAD_RESOURCES = {
  experiments: EXPERIMENT,
  models: INFERENCE_SERVICE,
  rayJobs: RAY_JOB,
} as const satisfies Record<string, ResourceKind>;

export type WorkloadKind = keyof typeof WORKLOAD_RESOURCES;

/** Kinds that a cluster serves, in the order in which their folders stand. */
export function servedWorkloads({
  katib,
  kserve,
  ray,
}: Pick<Parts, "katib" | "kserve" | "ray">): readonly WorkloadKind[] {
  const served: Readonly<Record<WorkloadKind, boolean>> = { experiments: katib, models: kserve, rayJobs: ray };
  return (Object.keys(WORKLOAD_RESOURCES) as WorkloadKind[]).filter((kind) => served[kind]);
}
