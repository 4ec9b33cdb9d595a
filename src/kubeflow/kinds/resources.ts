// By themselves: what draws rows names these kinds, and reads none.
import type { ResourceKind } from "../../kube/objects.ts";

export const POD: ResourceKind = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };

export const NOTEBOOK: ResourceKind = {
  group: "kubeflow.org",
  version: "v1",
  plural: "notebooks",
  kind: "Notebook",
  namespaced: true,
};
