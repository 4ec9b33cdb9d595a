import type { JobKind } from "./model.ts";

/** Labels that the Training Operator puts on pods (training-operator v1.9.4: pkg/apis/kubeflow.org/v1/common_types.go). */
export const OPERATOR_LABELS = {
  job: "training.kubeflow.org/job-name",
  role: "training.kubeflow.org/replica-type",
  index: "training.kubeflow.org/replica-index",
  operator: "training.kubeflow.org/operator-name",
} as const;

/** Labels of a JobSet's Jobs and pods (jobset v0.12.0: api/jobset/v1alpha2), and of an indexed Job's pods (batch/v1). */
export const JOBSET_LABELS = {
  jobSet: "jobset.sigs.k8s.io/jobset-name",
  role: "jobset.sigs.k8s.io/replicatedjob-name",
  index: "batch.kubernetes.io/job-completion-index",
} as const;

/** Which step of a TrainJob a replicated job stands for (trainer v2.3.0: pkg/constants). */
export const TRAINJOB_STEP_LABEL = "trainer.kubeflow.org/trainjob-ancestor-step";

/** Selects the pods of all jobs of a kind; with a job's name, its alone. */
export function podLabel(kind: JobKind): string {
  return kind === "TrainJob" ? JOBSET_LABELS.jobSet : OPERATOR_LABELS.job;
}

/** Ours, on jobs, pods and ConfigMaps. */
export const OUR_LABELS = {
  launch: "trainyard/launch-id",
  owner: "trainyard/owner",
} as const;

export const OUR_ANNOTATIONS = {
  script: "trainyard/script",
  /** Of the Apply that made an object from a template. */
  apply: "trainyard/apply-id",
} as const;

/** Kueue admits jobs that carry it (kueue: label kueue.x-k8s.io/queue-name). */
export const QUEUE_LABEL = "kueue.x-k8s.io/queue-name";
/** Name of a WorkloadPriorityClass, which orders a job in its queue (kueue: pkg/controller/constants). */
export const PRIORITY_LABEL = "kueue.x-k8s.io/priority-class";
