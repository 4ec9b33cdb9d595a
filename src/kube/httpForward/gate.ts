import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Clock } from "../../core/clock.ts";

/** Begins the name of every cookie of ours: none of them may reach a server, whichever forward it belongs to. */
export const COOKIE_PREFIX = "trainyard-forward-";
/** For clients that are programs: the secret itself, instead of the cookie. Lower case, as Node names headers. */
export const SECRET_HEADER = "x-trainyard-secret";

const ENTRY = "/.trainyard-entry/";
const ENTRY_MS = 300_000;

/** As much of a request as decides whether it may pass. */
export interface Visit {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

export type Passage =
  /** A program showed the secret, or a browser the cookie. */
  | { readonly kind: "pass"; readonly who: "program" | "browser" }
  /** The one use of an entry: give the cookie, and those that came with it; go on to `to`. */
  | {
      readonly kind: "enter";
      readonly to: string;
      readonly cookies: readonly string[];
      readonly isFirst: boolean;
    }
  | { readonly kind: "refuse"; readonly status: 400 | 403 | 421; readonly why: string };

/**
 * Who may use a forward: whoever opened an address that we gave out, once, and then shows the cookie that it left; or
 * who knows the secret. Other programs and users of this computer, and pages of other sites, know neither. Pages of
 * other ports of this computer do send the cookie, since cookies know no ports: what they ask for is told by its origin.
 */
export class Gate {
  readonly secret = randomBytes(32).toString("base64url");
  readonly cookieName = `${COOKIE_PREFIX}${randomBytes(6).toString("hex")}`;
  readonly #clock: Clock;
  readonly #hosts: Set<string>;
  readonly #entries = new Map<
    string,
    { readonly to: string; readonly cookies: readonly string[]; readonly until: number }
  >();
  #hasEntered = false;

  constructor(port: number, clock: Clock) {
    this.#clock = clock;
    this.#hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
  }

  /** Another `host` or `host:port` that browsers may know the forward by (vscode.env.asExternalUri). */
  allow(host: string): void {
    this.#hosts.add(host.toLowerCase());
  }

  /**
   * A path that lets one visitor in, once and within five minutes, and sends them to `to`, a path of the target, with
   * these cookies, `name=value` each.
   */
  entry(to: string, given: readonly string[]): string {
    const now = this.#clock.monotonic();
    for (const [old, { until }] of this.#entries) if (until <= now) this.#entries.delete(old);
    const token = randomBytes(32).toString("base64url");
    const { pathname, search, hash } = new URL(to, "http://target");
    this.#entries.set(token, { to: `${pathname}${search}${hash}`, cookies: given, until: now + ENTRY_MS });
    return `${ENTRY}${token}`;
  }

  admit({ method, url = "", headers }: Visit): Passage {
    if (!this.#hosts.has((headers.host ?? "").toLowerCase()))
      return refuse(421, "This is not the host it is meant for.");
    if (!isPlainPath(url)) return refuse(400, "This path is not passed on.");
    if (this.#isForeign(headers)) return refuse(403, "Another page asked for this.");
    if (url.startsWith(ENTRY)) return this.#enter(method, url.slice(ENTRY.length));
    const shown = headers[SECRET_HEADER];
    if (typeof shown === "string" && isSame(shown, this.secret)) return { kind: "pass", who: "program" };
    if (cookies(headers.cookie).some(([name, value]) => name === this.cookieName && isSame(value, this.secret)))
      return { kind: "pass", who: "browser" };
    return refuse(403, "Open this from Visual Studio Code: it lets in only the browser that it opened.");
  }

  #enter(method: string | undefined, token: string): Passage {
    const entry = method === "GET" ? this.#entries.get(token) : undefined;
    if (entry === undefined || entry.until <= this.#clock.monotonic())
      return refuse(403, "This address works once, and for a few minutes. Open it again from Visual Studio Code.");
    this.#entries.delete(token);
    const isFirst = !this.#hasEntered;
    this.#hasEntered = true;
    return { kind: "enter", to: entry.to, cookies: entry.cookies, isFirst };
  }

  /** Asked for by a page of another origin, other than by a person following a link. */
  #isForeign(headers: IncomingHttpHeaders): boolean {
    const { origin } = headers;
    if (origin !== undefined && !(URL.canParse(origin) && this.#hosts.has(new URL(origin).host))) return true;
    const site = headers["sec-fetch-site"];
    if (site === undefined || site === "same-origin" || site === "none") return false;
    return headers["sec-fetch-mode"] !== "navigate" || headers["sec-fetch-dest"] !== "document";
  }
}

export function cookies(header: string | undefined): readonly (readonly [name: string, value: string])[] {
  return (header ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "")
    .map((pair) => {
      const at = pair.indexOf("=");
      return at < 0 ? ["", pair] : [pair.slice(0, at), pair.slice(at + 1)];
    });
}

/** A path from the root, without a step upwards in any spelling that a server might take for one. */
function isPlainPath(url: string): boolean {
  const [path = ""] = url.split("?");
  if (!path.startsWith("/") || path.startsWith("//")) return false;
  try {
    // eslint-disable-next-line no-control-regex -- control characters are what this looks for
    return !/[\\\u0000-\u001f\u007f]|(^|\/)\.\.(\/|;|$)/.test(decodeURIComponent(path));
  } catch {
    // Not a spelling of anything.
    return false;
  }
}

function isSame(shown: string, secret: string): boolean {
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(shown), hash(secret));
}

function refuse(status: 400 | 403 | 421, why: string): Passage {
  return { kind: "refuse", status, why };
}
