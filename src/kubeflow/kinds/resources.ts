// By themselves: what draws rows names these kinds, and reads none.
import type { ResourceKind } from "../../kube/objects.ts";

export const POD: ResourceKind = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };

const core = (plural: string, kind: string, namespaced = true): ResourceKind => ({
  ...{ group: "", version: "v1", plural, kind, namespaced },
});
export const SERVICE = core("services", "Service");
export const CLAIM = core("persistentvolumeclaims", "PersistentVolumeClaim");
export const VOLUME = core("persistentvolumes", "PersistentVolume", false);
export const INGRESS: ResourceKind = { ...core("ingresses", "Ingress"), group: "networking.k8s.io" };
export const STORAGE_CLASS: ResourceKind = {
  ...core("storageclasses", "StorageClass", false),
  group: "storage.k8s.io",
};
export const DAEMON_SET: ResourceKind = { ...core("daemonsets", "DaemonSet"), group: "apps" };

export const NOTEBOOK: ResourceKind = {
  group: "kubeflow.org",
  version: "v1",
  plural: "notebooks",
  kind: "Notebook",
  namespaced: true,
};
