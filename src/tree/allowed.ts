import type { ResourceKind } from "../kube/objects.ts";
import type { Cluster } from "../kubeflow/cluster.ts";

/** What the person may do with the objects of a kind in a namespace. What is not known is offered. */
export interface Allowed {
  readonly events: boolean;
  readonly logs: boolean;
  readonly shell: boolean;
  readonly change: boolean;
  readonly delete: boolean;
}

/** From what the cluster has said already: asks nothing that a row would wait for. */
export function allowedIn(
  cluster: Cluster,
  namespace: string | undefined,
  { group, plural: resource }: ResourceKind,
): Allowed {
  // Where rows of all namespaces stand together, rights in all of them count: one may have more in some.
  const rights = cluster.rights.in(namespace);
  const may = (verb: string, of: { group: string; resource: string; subresource?: string }): boolean =>
    rights.may({ verb, ...of }) !== "no";
  const pods = (subresource: string) => ({ group: "", resource: "pods", subresource });
  return {
    events: may("list", { group: "", resource: "events" }),
    logs: may("get", pods("log")),
    // By WebSocket up to Kubernetes 1.34 this is a `get`, from 1.35 on also a `create`.
    shell: may("get", pods("exec")) || may("create", pods("exec")),
    change: may("patch", { group, resource }),
    delete: may("delete", { group, resource }),
  };
}
