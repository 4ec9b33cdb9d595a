import type { ResourceKind } from "../../kube/objects.ts";

export const PYTORCH_JOB: ResourceKind = {
  group: "kubeflow.org",
  version: "v1",
  plural: "pytorchjobs",
  kind: "PyTorchJob",
  namespaced: true,
};

/** The container that runs the person's code (training-operator v1.9.4: PyTorchJobDefaultContainerName). */
export const PYTORCH_CONTAINER = "pytorch";
