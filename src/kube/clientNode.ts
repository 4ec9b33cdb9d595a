import type { Cluster, Context, User } from "@kubernetes/client-node";
import { KubeConfig } from "@kubernetes/client-node";

// The only import of client-node for kubeconfigs. It lives in the lazily loaded bundle dist/kube.js, where `undici` is
// a stub that throws: nothing here may reach its HTTP layer or its authenticators.

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
  const config = new KubeConfig();
  const json = JSON.stringify(document, (key, value: unknown) => (key === "token-file" ? undefined : value));
  // JSON is YAML: the document was parsed before, by a parser that tells the line of a mistake.
  config.loadFromString(json, { onInvalidEntry: "filter" });
  const current: unknown = config.getCurrentContext();
  return {
    clusters: config.getClusters(),
    users: config.getUsers(),
    contexts: config.getContexts(),
    currentContext: typeof current === "string" && current !== "" ? current : undefined,
  };
}
