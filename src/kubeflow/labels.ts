/** Labels that the Training Operator puts on pods (training-operator v1.9.4: pkg/apis/kubeflow.org/v1/common_types.go). */
export const OPERATOR_LABELS = {
  job: "training.kubeflow.org/job-name",
  role: "training.kubeflow.org/replica-type",
  index: "training.kubeflow.org/replica-index",
} as const;

/** Ours, on jobs, pods and ConfigMaps. */
export const OUR_LABELS = {
  launch: "trainyard/launch-id",
  owner: "trainyard/owner",
} as const;

export const OUR_ANNOTATIONS = {
  script: "trainyard/script",
} as const;

/** Kueue admits jobs that carry it (kueue: label kueue.x-k8s.io/queue-name). */
export const QUEUE_LABEL = "kueue.x-k8s.io/queue-name";
