// An HTTP proxy that fails on command, between a real client and a real API server. It ends the client's TLS with the
// tests' own certificate, speaks HTTP/2 or HTTP/1.1, and asks the server as the administrator whom its kubeconfig names.
import fs from "node:fs/promises";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import https from "node:https";
import { once } from "node:events";
import type { Socket } from "node:net";
import path from "node:path";
import { parse } from "yaml";
import { Exchange, type Fault, type NearRequest, type NearResponse, type Seen } from "./exchange.ts";

const CERTIFICATES = path.join(import.meta.dirname, "..", "..", "certificates");

export interface Rule {
  readonly method?: string;
  readonly path?: RegExp;
  /** Parameters of the query and how they must read; undefined: must not be there. */
  readonly query?: Readonly<Record<string, RegExp | undefined>>;
  /** Matching requests that pass before it applies. */
  readonly skip?: number;
  /** Matching requests that it applies to. Default: all. */
  readonly times?: number;
  /** Changes what the server is asked. */
  readonly rewrite?: (url: URL) => void;
  /** Of several rules the first fault counts. */
  readonly then?: Fault;
}

interface Held {
  readonly rule: Rule;
  met: number;
}

export interface HttpFaultsOptions {
  /** A kubeconfig with a client certificate, whose rights every client has. */
  readonly kubeconfig: string;
  /** Default `h2`. */
  readonly speaks?: "h2" | "http/1.1";
}

export class HttpFaults {
  readonly #server: Http2SecureServer | https.Server;
  readonly #agent: https.Agent;
  readonly #target: URL;
  readonly #sockets = new Map<number, Socket>();
  readonly #exchanges = new Set<Exchange>();
  readonly #seen: Seen[] = [];
  #rules: Held[] = [];
  #handshakes = 0;
  #port = 0;
  /** Which bearer tokens are good; 401 for others. */
  accepts: (token: string | undefined) => boolean = () => true;

  private constructor(server: (handler: Handler) => Http2SecureServer | https.Server, target: URL, agent: https.Agent) {
    this.#target = target;
    this.#agent = agent;
    this.#server = server((request, response) => this.#handle(request, response));
    this.#server.on("connection", (socket: Socket) => {
      const port = socket.remotePort ?? 0;
      this.#sockets.set(port, socket);
      socket.on("error", () => undefined);
      socket.once("close", () => this.#sockets.delete(port));
    });
    this.#server.on("secureConnection", () => this.#handshakes++);
    this.#server.on("sessionError", () => undefined);
  }

  static async start({ kubeconfig, speaks = "h2" }: HttpFaultsOptions): Promise<HttpFaults> {
    const own = {
      cert: await fs.readFile(path.join(CERTIFICATES, "server.pem")),
      key: await fs.readFile(path.join(CERTIFICATES, "server.key")),
    };
    const { clusters, users } = parse(await fs.readFile(kubeconfig, "utf8")) as KubeconfigFile;
    const [{ cluster }] = clusters;
    const [{ user }] = users;
    const decoded = (text: string): Buffer => Buffer.from(text, "base64");
    const agent = new https.Agent({
      keepAlive: true,
      ca: decoded(cluster["certificate-authority-data"]),
      cert: decoded(user["client-certificate-data"]),
      key: decoded(user["client-key-data"]),
    });
    const make = (handler: Handler): Http2SecureServer | https.Server =>
      speaks === "h2" ? createSecureServer(own, handler) : https.createServer(own, handler);
    const faults = new HttpFaults(make, new URL(cluster.server), agent);
    faults.#server.listen(0, "127.0.0.1");
    await once(faults.#server, "listening");
    const address = faults.#server.address();
    faults.#port = typeof address === "object" && address !== null ? address.port : 0;
    return faults;
  }

  /** `https://127.0.0.1:PORT`; the certificate is also good for `localhost` and `cluster.test`. */
  get address(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Base64 of the PEM that a kubeconfig has to trust. */
  static async authority(): Promise<string> {
    return fs.readFile(path.join(CERTIFICATES, "ca.pem"), "base64");
  }

  /** Every request so far, oldest first. */
  get seen(): readonly Seen[] {
    return this.#seen;
  }

  /** TLS handshakes so far. */
  get handshakes(): number {
    return this.#handshakes;
  }

  /** Connections of clients that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Adds rules; the first fault that matches counts. */
  rule(...rules: Rule[]): void {
    this.#rules.push(...rules.map((rule) => ({ rule, met: 0 })));
  }

  /** No faults any more; what is under way keeps its own. */
  clear(): void {
    this.#rules = [];
  }

  /** Requests that were answered and whose answers have not ended. */
  standing(): Exchange[] {
    return [...this.#exchanges].filter(({ isAnswered, isOpen }) => isAnswered && isOpen);
  }

  /** Watches that stand now and whose path and query hold this text. */
  watches(fits = ""): Exchange[] {
    const text = ({ path, query }: Seen): string => decodeURIComponent(`${path}?${query.toString()}`);
    return this.standing().filter(({ seen }) => seen.query.has("watch") && text(seen).includes(fits));
  }

  /** Requests so far that are like this. */
  count(like: Pick<Rule, "method" | "path" | "query"> = {}): number {
    return this.#seen.filter((seen) => fits(like, seen)).length;
  }

  /** The most requests that failed within any so many seconds. */
  busiest(seconds: number): number {
    const times = this.#seen.filter(({ failed }) => failed).map(({ at }) => at);
    return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + seconds * 1000).length));
  }

  /** Resets every connection of a client. */
  cut(): void {
    for (const socket of this.#sockets.values()) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    this.#agent.destroy();
    await once(this.#server, "close");
  }

  #handle(request: NearRequest, response: NearResponse): void {
    const url = new URL(request.url ?? "/", this.#target);
    const token = request.headers.authorization?.replace(/^Bearer /, "");
    const { method = "GET" } = request;
    const seen: Seen = {
      at: performance.now(),
      method,
      path: url.pathname,
      query: new URLSearchParams(url.search),
      token,
      bytes: 0,
      failed: true,
    };
    this.#seen.push(seen);
    const socket = this.#sockets.get(request.socket.remotePort ?? 0);
    const exchange = new Exchange(seen, response, () => socket?.resetAndDestroy());
    this.#exchanges.add(exchange);
    response.once("close", () => this.#exchanges.delete(exchange));
    const fault = this.#judge(seen, url);
    if (!this.accepts(token)) answer(exchange, 401, status(401, "Unauthorized"));
    else if (fault?.do === "answer")
      answer(exchange, fault.status, fault.body ?? status(fault.status, ""), fault.headers);
    else if (fault?.do === "wait") void fault.until.then(() => this.#ask(request, exchange, url, undefined));
    else this.#ask(request, exchange, url, fault);
  }

  #judge(seen: Seen, url: URL): Fault | undefined {
    let fault: Fault | undefined;
    for (const held of this.#rules) {
      const { rule } = held;
      if (!fits(rule, seen)) continue;
      const nth = held.met++ - (rule.skip ?? 0);
      if (nth < 0 || nth >= (rule.times ?? Infinity)) continue;
      rule.rewrite?.(url);
      fault ??= rule.then;
    }
    return fault;
  }

  #ask(request: NearRequest, exchange: Exchange, url: URL, fault: Fault | undefined): void {
    if (!exchange.isOpen) return;
    // Answers stay plain, so that a byte and a line mean the same here and there; who asks is the administrator.
    const dropped = /^(:|authorization$|accept-encoding$|host$|connection$)/;
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !dropped.test(name)));
    const upstream = https.request(url, { agent: this.#agent, method: exchange.seen.method, headers });
    upstream.on("error", () => exchange.lost());
    upstream.on("response", (incoming) => exchange.pass(incoming, fault));
    request.pipe(upstream);
    request.on("close", () => {
      if (!exchange.isOpen) upstream.destroy();
    });
  }
}

type Handler = (request: NearRequest, response: NearResponse) => void;

interface KubeconfigFile {
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly "certificate-authority-data": string } },
  ];
  readonly users: readonly [
    { readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string } },
  ];
}

function fits(like: Pick<Rule, "method" | "path" | "query">, seen: Seen): boolean {
  if (like.method !== undefined && like.method !== seen.method) return false;
  if (like.path !== undefined && !like.path.test(seen.path)) return false;
  return Object.entries(like.query ?? {}).every(([name, wanted]) => {
    const value = seen.query.get(name);
    return wanted === undefined ? value === null : value !== null && wanted.test(value);
  });
}

/** A Kubernetes `Status`, as the API server writes it. */
export function status(
  code: number,
  reason: string,
  message = `answered ${code} by the tests`,
  details?: object,
): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    code,
    ...(details === undefined ? {} : { details }),
  };
}

function answer(exchange: Exchange, code: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  exchange.head(code, { "content-type": typeof body === "string" ? "text/html" : "application/json", ...headers });
  exchange.write(text);
  exchange.stop("end");
}
