import type { Identity } from "./credentials.ts";
import type { ContextEntry, UserEntry } from "./kubeconfigEntries.ts";
import type { KubeRequest } from "./transport.ts";
import type { WireRequest } from "./wire.ts";

const HEADERS_MS = 30_000;

/** The request with the server's own path, its query, the identity and the headers that every request has. */
export function requestOf(
  request: KubeRequest,
  identity: Identity,
  entry: ContextEntry,
  userAgent: string,
): WireRequest {
  const body = request.body === undefined ? undefined : bytesOf(request.body);
  const base = new URL(entry.cluster.server).pathname.replace(/\/+$/, "");
  return {
    method: request.method,
    path: base + request.path + queryString(request.query),
    headers: {
      accept: request.accept ?? "application/json",
      // What is followed must arrive as it happens, not when a compressor's block is full.
      ...(isFollowed(request) ? {} : { "accept-encoding": "gzip" }),
      ...(body === undefined
        ? {}
        : { "content-type": request.contentType ?? "application/json", "content-length": String(body.length) }),
      ...identityHeaders(identity, entry, userAgent),
    },
    body,
    timeoutMs: request.timeoutMs ?? HEADERS_MS,
    signal: request.signal,
  };
}

/** The headers that say who asks, and as whom. */
export function identityHeaders(
  identity: Identity,
  entry: ContextEntry,
  userAgent: string,
): Record<string, string | readonly string[]> {
  return { "user-agent": userAgent, ...authorization(identity), ...impersonation(entry.user) };
}

function queryString(query: KubeRequest["query"]): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`;
}

function isFollowed({ query }: KubeRequest): boolean {
  return String(query?.["watch"]) === "true" || String(query?.["follow"]) === "true";
}

function authorization({ token, basic }: Identity): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  if (basic === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString("base64")}` };
}

/** The kubeconfig's `as`, `as-groups` and `as-uid`: leaving them out would act with more rights than the person chose. */
function impersonation({ impersonate }: UserEntry): Record<string, string | readonly string[]> {
  if (impersonate === undefined) return {};
  const { user, groups, uid } = impersonate;
  return {
    "impersonate-user": user,
    ...(groups.length === 0 ? {} : { "impersonate-group": groups }),
    ...(uid === undefined ? {} : { "impersonate-uid": uid }),
  };
}

function bytesOf(body: unknown): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
}
