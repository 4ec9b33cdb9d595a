import { COOKIE_PREFIX, cookies, SECRET_HEADER } from "./gate.ts";

/** What concerns one connection only (RFC 9110, 7.6.1), and what our end has answered already. */
const OF_ONE_CONNECTION = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Headers as Node has them raw: names and values in turn. */
type RawHeaders = readonly string[];

/**
 * What the target is told of a request: everything but what is ours or the connection's, and `set`, by lower-case
 * names, in the place of what the client says. Cookies below `own`, the name of the forward's cookie, are the target's
 * under that name.
 */
export function toTarget(raw: RawHeaders, own: string, set: Readonly<Record<string, string>> = {}): string[] {
  const kept = edit(raw, (name, value) => {
    if (name === SECRET_HEADER || name in set) return undefined;
    if (name !== "cookie") return value;
    const kept = cookies(value)
      .map(([cookie, is]) => [cookie.startsWith(`${own}.`) ? cookie.slice(own.length + 1) : cookie, is] as const)
      .filter(([cookie]) => !cookie.startsWith(COOKIE_PREFIX));
    return kept.length === 0
      ? undefined
      : kept.map(([cookie, is]) => (cookie === "" ? is : `${cookie}=${is}`)).join("; ");
  });
  return [...kept, ...Object.entries(set).flat()];
}

/**
 * What the browser is told of an answer. A redirection to one of `ownHosts`, which is where the target believes to be,
 * loses its host; a cookie of ours cannot be set. One that no script reads gets a name below `own`: cookies know no
 * ports, and a session's is no other forward's target's to see.
 */
export function toBrowser(raw: RawHeaders, own: string, ownHosts: readonly string[] = []): string[] {
  return edit(raw, (name, value) => {
    if (name === "set-cookie") {
      const cookie = value.trimStart();
      if (cookie.startsWith(COOKIE_PREFIX)) return undefined;
      return /;\s*httponly\s*(;|$)/i.test(cookie) ? `${own}.${cookie}` : cookie;
    }
    if (name !== "location" || !/^https?:\/\//i.test(value) || !URL.canParse(value)) return value;
    const { host, pathname, search, hash } = new URL(value);
    return ownHosts.includes(host) ? `${pathname}${search}${hash}` : value;
  });
}

function edit(raw: RawHeaders, change: (name: string, value: string) => string | undefined): string[] {
  const kept: string[] = [];
  const dropped = new Set(OF_ONE_CONNECTION);
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]?.toLowerCase() !== "connection") continue;
    for (const name of (raw[i + 1] ?? "").split(",")) dropped.add(name.trim().toLowerCase());
  }
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? "";
    const value = dropped.has(name.toLowerCase()) ? undefined : change(name.toLowerCase(), raw[i + 1] ?? "");
    if (value !== undefined) kept.push(name, value);
  }
  return kept;
}
