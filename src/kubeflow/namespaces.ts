import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import type { ResourceKind } from "../kube/objects.ts";

const NAMESPACE: ResourceKind = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
};
/** Names read at most: beyond that a person types the name. */
const MOST = 1000;

export interface NamespaceList {
  /** Sorted; empty where listing is forbidden. */
  readonly names: readonly string[];
  /** False where the person may not list namespaces: they are typed by hand then. */
  readonly mayList: boolean;
}

/** The cluster's namespaces without those of Kubernetes itself. */
export async function listNamespaces(client: KubeClient, signal?: AbortSignal): Promise<NamespaceList> {
  try {
    const { items } = await client.list(NAMESPACE, { limit: MOST, ...(signal === undefined ? {} : { signal }) });
    const names = items.map((item) => item.metadata.name).filter((name) => !name.startsWith("kube-"));
    return { names: names.sort(), mayList: true };
  } catch (error) {
    if (isApiError(error) && error.status === 403) return { names: [], mayList: false };
    throw error;
  }
}
