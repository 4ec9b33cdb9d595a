// A web server in a pod, for this person's browser: a server on this computer's loopback that passes on what it is
// allowed to, and rewrites no more than it must.
import { once } from "node:events";
import { ClientRequest, createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Duplex, pipeline } from "node:stream";
import { type Clock, systemClock } from "../../core/clock.ts";
import type { Disposable } from "../../core/dispose.ts";
import { errorCode, errorText } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { Gate, type Passage } from "./gate.ts";
import { toBrowser, toTarget } from "./headers.ts";
import { StreamPool } from "./pool.ts";

export interface HttpForwardOptions {
  /** Opens one more stream to the target. `signal` ends it with the forward. */
  readonly connect: (signal: AbortSignal) => Promise<Duplex>;
  /** `host:port` by which the target may name itself in redirections. */
  readonly ownHosts?: readonly string[];
  readonly clock?: Clock;
  /** Milliseconds after which an unused stream ends. 60,000. */
  readonly idleMs?: number;
}

const IDLE_MS = 60_000;
/** Cookies know no ports: a browser sends those of every server that it has met on this computer. */
const MAX_HEADER_BYTES = 64 * 1024;

/** One forwarded target. Nothing is opened towards it before a request passes. Ends with `dispose`. */
export class HttpForward implements Disposable {
  readonly #options: HttpForwardOptions;
  readonly #server: Server;
  readonly #gate: Gate;
  readonly #pool: StreamPool;
  readonly #ending = new AbortController();
  /** Sockets of upgraded requests, which the server forgets. */
  readonly #upgraded = new Set<Duplex>();
  readonly port: number;

  /** Listens on 127.0.0.1, at a port that is free. */
  static async start(options: HttpForwardOptions): Promise<HttpForward> {
    const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: 0, keepAliveTimeout: 30_000 });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    return new HttpForward(options, server, typeof address === "object" && address !== null ? address.port : 0);
  }

  private constructor(options: HttpForwardOptions, server: Server, port: number) {
    this.#options = options;
    this.#server = server;
    this.port = port;
    const clock = options.clock ?? systemClock;
    this.#gate = new Gate(port, clock);
    const open = (): Promise<Duplex> => options.connect(this.#ending.signal);
    this.#pool = new StreamPool(open, clock, options.idleMs ?? IDLE_MS);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => this.#serve(request, response));
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
  }

  /** What a client that is no browser sends as SECRET_HEADER. */
  get secret(): string {
    return this.#gate.secret;
  }

  /**
   * An address to open in a browser, once, within five minutes; it leads to `path` of the target. `cookies`: those of a
   * session that was begun through this forward, `name=value` as it gave them.
   */
  address(path: string, cookies: readonly string[] = []): string {
    return `http://127.0.0.1:${this.port}${this.#gate.entry(path, cookies)}`;
  }

  /** Another `host:port` that browsers may come by, such as what vscode.env.asExternalUri says. */
  allowHost(host: string): void {
    this.#gate.allow(host);
  }

  dispose(): void {
    this.#ending.abort();
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
    this.#pool.destroy();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const passage = this.#gate.admit(request);
    if (passage.kind === "enter") this.#letIn(response, passage);
    else if (passage.kind === "refuse") sayPlainly(response, passage.status, passage.why);
    else this.#pass(request, response, true);
  }

  /** A page that goes on by itself, and no redirection: that would count as the opener's, whom strict cookies do not follow. */
  #letIn(response: ServerResponse, { to, cookies, isFirst }: Passage & { kind: "enter" }): void {
    const given = [`${this.#gate.cookieName}=${this.#gate.secret}`, ...cookies];
    response.writeHead(200, {
      "set-cookie": given.map((cookie) => `${cookie}; Path=/; HttpOnly; SameSite=Strict`),
      refresh: `0; url=${to}`,
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'",
      "referrer-policy": "no-referrer",
      ...PLAIN,
      // Another server had this port once, and may have left a service worker in the browser.
      ...(isFirst ? { "clear-site-data": '"storage"' } : {}),
    });
    response.end("<!doctype html><title>Opening</title>");
  }

  #pass(request: IncomingMessage, response: ServerResponse, mayRetry: boolean): void {
    const outgoing = this.#ask(request, []);
    if (outgoing === undefined) {
      sayPlainly(response, 400, "This request is not passed on.");
      return;
    }
    outgoing.on("error", (error) => {
      // A kept stream had ended on the other side: a request without a body may be sent again.
      if (mayRetry && outgoing.reusedSocket && !hasBody(request) && errorCode(error) === "ECONNRESET")
        this.#pass(request, response, false);
      else if (response.headersSent) response.destroy();
      else sayPlainly(response, 502, label(errorText(error), 600));
    });
    outgoing.on("response", (incoming) => {
      try {
        const headers = toBrowser(incoming.rawHeaders, this.#gate.cookieName, this.#options.ownHosts);
        response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, headers);
      } catch {
        // A status or a header that may not be sent on; its words are nobody's.
        incoming.destroy();
        sayPlainly(response, 502, "The answer cannot be read.");
        return;
      }
      // A half answer ends the browser's connection too, so that nobody takes it for whole.
      pipeline(incoming, response, () => undefined);
    });
    response.once("close", () => {
      if (!response.writableEnded) outgoing.destroy();
    });
    if (hasBody(request)) pipeline(request, outgoing, () => undefined);
    else outgoing.end();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#upgraded.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#upgraded.delete(socket));
    const refuse = (status: number, why: string): void => void socket.end(plainAnswer(status, why));
    const passage = this.#gate.admit(request);
    if (passage.kind !== "pass") {
      refuse(403, passage.kind === "refuse" ? passage.why : "");
      return;
    }
    const isWebSocket = request.headers.upgrade?.toLowerCase() === "websocket";
    const outgoing = isWebSocket ? this.#ask(request, ["Connection", "Upgrade", "Upgrade", "websocket"]) : undefined;
    if (outgoing === undefined) {
      refuse(400, "This request is not passed on.");
      return;
    }
    socket.once("close", () => outgoing.destroy());
    outgoing.on("error", (error) => refuse(502, label(errorText(error), 600)));
    outgoing.on("upgrade", (answer, stream, first) => {
      socket.write(this.#answerHead(answer, ["Connection", "Upgrade", "Upgrade", "websocket"]));
      stream.unshift(first);
      socket.unshift(head);
      // Each end takes the other with it.
      pipeline(stream, socket, stream, () => socket.destroy());
    });
    outgoing.on("response", (answer) => {
      socket.write(this.#answerHead(answer, ["Connection", "close"]));
      pipeline(answer, socket, () => undefined);
    });
    outgoing.end();
  }

  /** The request towards the target; undefined for one that Node would not write. */
  #ask(request: IncomingMessage, more: readonly string[]): ClientRequest | undefined {
    const chunked = request.headers["transfer-encoding"] === undefined ? [] : ["Transfer-Encoding", "chunked"];
    try {
      // Not http.request: VS Code patches that to put an agent of its own in the place of ours.
      return new ClientRequest({
        agent: this.#pool,
        method: request.method ?? "GET",
        path: request.url ?? "/",
        headers: [...toTarget(request.rawHeaders, this.#gate.cookieName), ...chunked, ...more],
        maxHeaderSize: MAX_HEADER_BYTES,
      });
    } catch {
      // A character that has no place in a path or header; the browser is told.
      return undefined;
    }
  }

  /** The answer's first line and headers as they go on to the browser. */
  #answerHead({ statusCode, statusMessage, rawHeaders }: IncomingMessage, more: readonly string[]): string {
    const headers = [...toBrowser(rawHeaders, this.#gate.cookieName), ...more];
    const lines = headers.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${headers[i + 1] ?? ""}`] : []));
    return [`HTTP/1.1 ${statusCode ?? 502} ${statusMessage ?? ""}`, ...lines, "", ""].join("\r\n");
  }
}

const PLAIN = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function sayPlainly(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...PLAIN });
  response.end(`${why}\n`);
}

function plainAnswer(status: number, why: string): string {
  return `HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${why}\n`;
}
