import type { StoreDefinition } from "../kube/store.ts";
import { EXPERIMENTS } from "./kinds/experiment.ts";
import { INFERENCE_SERVICES } from "./kinds/inferenceService.ts";
import { RAY_JOBS } from "./kinds/rayJob.ts";
import type { Workload } from "./kinds/workload.ts";
import type { WorkloadKind } from "./workloadKinds.ts";

/** What is to be known of a kind to list it. */
export interface WorkloadInfo {
  /** One constant each: stores tell definitions apart by identity. */
  readonly store: StoreDefinition<Workload>;
  /** Whose controller brings it about. */
  readonly controller: string;
}

export const WORKLOADS: Readonly<Record<WorkloadKind, WorkloadInfo>> = {
  experiments: { store: EXPERIMENTS, controller: "Katib" },
  models: { store: INFERENCE_SERVICES, controller: "KServe" },
  rayJobs: { store: RAY_JOBS, controller: "KubeRay" },
};
