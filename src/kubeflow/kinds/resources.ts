// By themselves: what draws rows names these kinds, and reads none.
import type { ResourceKind } from "../../kube/objects.ts";

export const POD: ResourceKind = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };

const core = (plural: string, kind: string, namespaced = true): ResourceKind => ({
  ...{ group: "", version: "v1", plural, kind, namespaced },
});
export const NAMESPACE = core("namespaces", "Namespace", false);
export const CONFIG_MAP = core("configmaps", "ConfigMap");
export const SECRET = core("secrets", "Secret");
export const SERVICE_ACCOUNT = core("serviceaccounts", "ServiceAccount");
export const RESOURCE_QUOTA = core("resourcequotas", "ResourceQuota");
export const LIMIT_RANGE = core("limitranges", "LimitRange");
export const SERVICE = core("services", "Service");
export const CLAIM = core("persistentvolumeclaims", "PersistentVolumeClaim");
export const VOLUME = core("persistentvolumes", "PersistentVolume", false);
export const INGRESS: ResourceKind = { ...core("ingresses", "Ingress"), group: "networking.k8s.io" };
export const STORAGE_CLASS: ResourceKind = {
  ...core("storageclasses", "StorageClass", false),
  group: "storage.k8s.io",
};
export const DEPLOYMENT: ResourceKind = { ...core("deployments", "Deployment"), group: "apps" };
export const STATEFUL_SET: ResourceKind = { ...core("statefulsets", "StatefulSet"), group: "apps" };
export const DAEMON_SET: ResourceKind = { ...core("daemonsets", "DaemonSet"), group: "apps" };

export const PRIORITY_CLASS: ResourceKind = {
  ...core("priorityclasses", "PriorityClass", false),
  group: "scheduling.k8s.io",
};
/** Kueue v0.10 to v0.14 (apis/kueue/v1beta1); a server with another version has none of it. */
export const LOCAL_QUEUE: ResourceKind = {
  ...{ group: "kueue.x-k8s.io", version: "v1beta1", plural: "localqueues", kind: "LocalQueue", namespaced: true },
};
export const WORKLOAD_PRIORITY_CLASS: ResourceKind = {
  ...LOCAL_QUEUE,
  ...{ plural: "workloadpriorityclasses", kind: "WorkloadPriorityClass", namespaced: false },
};

export const NOTEBOOK: ResourceKind = {
  group: "kubeflow.org",
  version: "v1",
  plural: "notebooks",
  kind: "Notebook",
  namespaced: true,
};

/** Of Katib: the same group as Notebook's, so kind and version tell them apart. */
export const EXPERIMENT: ResourceKind = {
  group: "kubeflow.org",
  version: "v1beta1",
  plural: "experiments",
  kind: "Experiment",
  namespaced: true,
};
export const INFERENCE_SERVICE: ResourceKind = {
  group: "serving.kserve.io",
  version: "v1beta1",
  plural: "inferenceservices",
  kind: "InferenceService",
  namespaced: true,
};
export const RAY_JOB: ResourceKind = {
  group: "ray.io",
  version: "v1",
  plural: "rayjobs",
  kind: "RayJob",
  namespaced: true,
};
export const POD_DEFAULT: ResourceKind = {
  ...{ group: "kubeflow.org", version: "v1alpha1", plural: "poddefaults", kind: "PodDefault", namespaced: true },
};
