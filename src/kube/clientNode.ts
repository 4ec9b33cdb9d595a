import type { Cluster, Context, User } from "@kubernetes/client-node/dist/config_types.js";
import { newClusters, newContexts, newUsers } from "@kubernetes/client-node/dist/config_types.js";

// The only import of client-node for kubeconfigs. Not from the package's root: that would bring its HTTP layer, its
// authenticators and every model of the API into the bundle, 700 KB and 40 ms of loading that nothing here uses.

export interface ClientEntries {
  readonly clusters: readonly Cluster[];
  readonly users: readonly User[];
  readonly contexts: readonly Context[];
  readonly currentContext: string | undefined;
}

/**
 * The clusters, users and contexts of one kubeconfig document, as client-node reads them. Entries that it refuses
 * (no name, no server, no cluster) are left out. Does no I/O: client-node would read a user's `token-file`
 * synchronously (config_types.js, findToken), a key that no kubeconfig has; it is taken out before.
 */
export function readEntries(document: Readonly<Record<string, unknown>>): ClientEntries {
  const json = JSON.stringify(document, (key, value: unknown) => (key === "token-file" ? undefined : value));
  const plain = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const options = { onInvalidEntry: "filter" } as const;
  const current = plain["current-context"];
  return {
    clusters: newClusters(plain["clusters"], options),
    users: newUsers(plain["users"], options),
    contexts: newContexts(plain["contexts"], options),
    currentContext: typeof current === "string" && current !== "" ? current : undefined,
  };
}
