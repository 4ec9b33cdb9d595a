import type { ContextEntry } from "./kubeconfigEntries.ts";

/** Whom a connection talks to and as whom, for paths and sentences. */
export interface Place {
  /** The server's URL. Its path, if any, stands before every request's. */
  readonly url: URL;
  /** Name or address without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
  /** `host:port` as a person reads it. */
  readonly at: string;
  readonly cluster: string;
  readonly user: string;
  /** As it begins a sentence, where it is no cluster: no kubeconfig says anything of it. */
  readonly site?: string;
}

export function placeOf(entry: Pick<ContextEntry, "cluster" | "user">): Place {
  const url = new URL(entry.cluster.server);
  return {
    url,
    ...hostAndPort(url, url.protocol === "https:" ? 443 : 80),
    cluster: entry.cluster.name,
    user: entry.user.name,
  };
}

export function hostAndPort(url: URL, defaultPort: number): { host: string; port: number; at: string } {
  const port = url.port === "" ? defaultPort : Number(url.port);
  return { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port, at: `${url.hostname}:${port}` };
}
