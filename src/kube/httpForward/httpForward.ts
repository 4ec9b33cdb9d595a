// A web server in a pod, for this person's browser: a server on this computer's loopback that passes on what it is
// allowed to, and rewrites no more than it must.
import { once } from "node:events";
import { ClientRequest, createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Duplex, pipeline } from "node:stream";
import { type Clock, systemClock } from "../../core/clock.ts";
import type { Disposable } from "../../core/dispose.ts";
import { CancelledError, errorCode, errorText, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { Gate, type Passage } from "./gate.ts";
import { toBrowser, toTarget } from "./headers.ts";
import { StreamPool } from "./pool.ts";
import { SleepGate } from "./sleepGate.ts";

/** Read anew with each request. */
export interface HttpForwardOptions {
  /** Opens one more stream to the target. `signal` ends it with the forward. */
  readonly connect: (signal: AbortSignal) => Promise<Duplex>;
  /** `host:port` by which the target may name itself in redirections. */
  readonly ownHosts?: readonly string[];
  /** Port of 127.0.0.1 to listen at, where it is free. */
  readonly port?: number;
  /** The beginning of a path, and what the target is asked for in its place. */
  readonly rewrite?: { readonly from: string; readonly to: string } | undefined;
  /** Told to the target with every request, in the place of what the client says; lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The same, of clients that show the secret. */
  readonly programHeaders?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Milliseconds after which an unused stream ends. 60,000. */
  readonly idleMs?: number;
}

const IDLE_MS = 60_000;
/** For so long a request waits for a target that has answered before, and is away: a person gets to know why sooner. */
const PATIENCE_MS = { browser: 20_000, program: 60_000 };
/** Between two tries, in ms. */
const PAUSE_MS = 250;
/** Of a target that is away for a while: its pod starts anew, or the network comes back. */
const AWAY = ["gone", "not-ready", "port-closed", "unreachable", "ECONNRESET"];
/** For so long what a kernel's client has written waits for it to come again, in ms. */
const UNSENT_MS = 120_000;
/** Cookies know no ports: a browser sends those of every server that it has met on this computer. */
const MAX_HEADER_BYTES = 64 * 1024;

/** One forwarded target. Nothing is opened towards it before a request passes. Ends with `dispose`. */
export class HttpForward implements Disposable {
  readonly #options: HttpForwardOptions;
  readonly #clock: Clock;
  readonly #server: Server;
  readonly #gate: Gate;
  readonly #pool: StreamPool;
  readonly #ending = new AbortController();
  /** By the request that asks for the same connection anew: frames that its client wrote when the last one was lost. */
  readonly #unsent = new Map<string, { readonly frames: Buffer; readonly until: number }>();
  /** Sockets of upgraded requests, which the server forgets. */
  readonly #upgraded = new Set<Duplex>();
  readonly port: number;
  #hasAnswered = false;

  /** Listens on 127.0.0.1, at the wanted port or one that is free. */
  static async start(options: HttpForwardOptions): Promise<HttpForward> {
    const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: 0, keepAliveTimeout: 30_000 });
    const listen = async (port: number): Promise<void> => {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    };
    // Taken by another program, or by another window: any other will do.
    await listen(options.port ?? 0).catch(() => listen(0));
    const address = server.address();
    return new HttpForward(options, server, typeof address === "object" && address !== null ? address.port : 0);
  }

  private constructor(options: HttpForwardOptions, server: Server, port: number) {
    this.#options = options;
    this.#server = server;
    this.port = port;
    const clock = options.clock ?? systemClock;
    this.#clock = clock;
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

  /** Whether a client keeps a WebSocket open, as one does of a kernel. */
  get isConnected(): boolean {
    return this.#upgraded.size > 0;
  }

  dispose(): void {
    this.#ending.abort();
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
    this.#pool.destroy();
  }

  /**
   * Asks the target itself, as a program would, and reads its answer's first bytes. Rejects with what stood in the way of
   * reaching it (as `connect` does, or as its stream fails), and where the signal aborts.
   */
  async ask(path: string, signal: AbortSignal): Promise<{ readonly status: number; readonly text: string }> {
    signal.throwIfAborted();
    const headers = { host: `127.0.0.1:${this.port}` };
    const outgoing = this.#ask(
      { method: "GET", url: path, headers, rawHeaders: Object.entries(headers).flat() },
      "program",
    );
    if (outgoing === undefined) throw new UserError("odd-path", "This path is not passed on.");
    const onAbort = (): void => void outgoing.destroy(new CancelledError());
    // The first failure is thrown below; another, after it, is of no interest.
    outgoing.on("error", () => undefined);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      outgoing.end();
      const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
      this.#hasAnswered = true;
      let text = "";
      for await (const chunk of answer.setEncoding("utf8") as AsyncIterable<string>) {
        text += chunk;
        if (text.length > MOST_ASKED) break;
      }
      return { status: answer.statusCode ?? 0, text };
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const passage = this.#gate.admit(request);
    if (passage.kind === "enter") this.#letIn(response, passage);
    else if (passage.kind === "refuse") sayPlainly(response, passage.status, passage.why);
    else {
      this.#withdrawUnsent(request);
      this.#pass(request, response, passage.who, this.#patience(passage.who));
    }
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

  #pass(request: IncomingMessage, response: ServerResponse, who: Who, mayRetry: MayRetry): void {
    const outgoing = this.#ask(request, who);
    if (outgoing === undefined) {
      sayPlainly(response, 400, "This request is not passed on.");
      return;
    }
    const onClose = (): void => {
      if (!response.writableEnded) outgoing.destroy();
    };
    response.once("close", onClose);
    let isSent = false;
    outgoing.on("error", (error) => {
      if (response.headersSent || response.destroyed) {
        response.destroy();
        return;
      }
      // Nothing of it has reached the target, or it may be sent twice.
      const mayRepeat = !isSent || (SAFE.has(request.method ?? "") && !hasBody(request));
      const again = mayRepeat ? mayRetry(error, outgoing.reusedSocket) : undefined;
      if (again === undefined)
        sayPlainly(response, awayStatus(error, request.method, isSent), label(errorText(error), 600));
      else {
        response.off("close", onClose);
        this.#later(again, () => response.destroyed || this.#pass(request, response, who, mayRetry));
      }
    });
    outgoing.on("response", (incoming) => {
      this.#hasAnswered = true;
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
    outgoing.once("socket", () => {
      isSent = true;
      if (hasBody(request)) pipeline(request, outgoing, () => undefined);
    });
    if (!hasBody(request)) outgoing.end();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#upgraded.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#upgraded.delete(socket));
    const passage = this.#gate.admit(request);
    if (passage.kind !== "pass") socket.end(plainAnswer(403, passage.kind === "refuse" ? passage.why : ""));
    else if (request.headers.upgrade?.toLowerCase() !== "websocket")
      socket.end(plainAnswer(400, "This request is not passed on."));
    else this.#switch(request, socket, head, passage.who, this.#patience(passage.who));
  }

  #switch(request: IncomingMessage, socket: Duplex, head: Buffer, who: Who, mayRetry: MayRetry): void {
    const outgoing = this.#ask(request, who, ["Connection", "Upgrade", "Upgrade", "websocket"]);
    if (outgoing === undefined) {
      socket.end(plainAnswer(400, "This request is not passed on."));
      return;
    }
    const onClose = (): void => void outgoing.destroy();
    socket.once("close", onClose);
    outgoing.on("error", (error) => {
      const again = socket.destroyed ? undefined : mayRetry(error, outgoing.reusedSocket);
      if (again === undefined) socket.end(plainAnswer(awayStatus(error, request.method), label(errorText(error), 600)));
      else {
        socket.off("close", onClose);
        this.#later(again, () => socket.destroyed || this.#switch(request, socket, head, who, mayRetry));
      }
    });
    outgoing.on("upgrade", (answer, stream, first) => {
      this.#hasAnswered = true;
      socket.write(this.#answerHead(answer, ["Connection", "Upgrade", "Upgrade", "websocket"]));
      stream.unshift(first);
      socket.unshift(head);
      // Frames of a compressed connection mean nothing to the next one.
      const { url = "" } = request;
      const mayGoOn = KERNEL.test(url) && answer.headers["sec-websocket-extensions"] === undefined;
      const before = mayGoOn ? this.#takeUnsent(url) : undefined;
      if (before !== undefined) stream.write(before);
      const gate = new SleepGate(this.#clock, (unsent) => {
        if (mayGoOn && unsent.length > 0) this.#keepUnsent(url, unsent);
        stream.destroy();
        socket.destroy();
      });
      // Each end takes the other with it.
      pipeline(stream, socket, gate, stream, () => socket.destroy());
    });
    outgoing.on("response", (answer) => {
      socket.write(this.#answerHead(answer, ["Connection", "close"]));
      pipeline(answer, socket, () => undefined);
    });
    outgoing.end();
  }

  #keepUnsent(url: string, frames: Buffer): void {
    const now = this.#clock.now();
    for (const [other, { until }] of this.#unsent) if (until < now) this.#unsent.delete(other);
    this.#unsent.set(url, { frames, until: now + UNSENT_MS });
  }

  /** Whoever interrupts a kernel, starts it anew or ends it does not want what waits for it, whichever gets there first. */
  #withdrawUnsent({ method = "", url = "" }: IncomingMessage): void {
    const [, kernel] = (method === "POST" || method === "DELETE" ? KERNEL_ORDER.exec(url) : null) ?? [];
    if (kernel === undefined) return;
    for (const other of this.#unsent.keys()) if (other.includes(`${kernel}/channels?`)) this.#unsent.delete(other);
  }

  /** Given once, and only to who comes soon: a cell that runs long after it was started is worse than one that does not. */
  #takeUnsent(url: string): Buffer | undefined {
    const kept = this.#unsent.get(url);
    this.#unsent.delete(url);
    return kept === undefined || kept.until < this.#clock.now() ? undefined : kept.frames;
  }

  /**
   * For one request: in how many ms it may be tried again after this failure, undefined where it may not. A kept stream
   * that had ended on the other side is no failure of the target's.
   */
  #patience(who: Who): MayRetry {
    const clock = this.#clock;
    const until = clock.monotonic() + PATIENCE_MS[who];
    let isReused = false;
    return (error, reused) => {
      const code = errorCode(error) ?? "";
      if (!AWAY.includes(code)) return undefined;
      if (reused && !isReused) {
        isReused = true;
        return 0;
      }
      const mayComeBack = this.#hasAnswered && code !== "ECONNRESET" && clock.monotonic() < until;
      return mayComeBack ? PAUSE_MS : undefined;
    };
  }

  #later(ms: number, work: () => unknown): void {
    if (ms === 0) work();
    else
      this.#clock.sleep(ms, this.#ending.signal).then(
        () => void work(),
        // The forward has ended, and its clients with it.
        () => undefined,
      );
  }

  /** The request towards the target; undefined for one that Node would not write. */
  #ask(request: Asked, who: Who, more: readonly string[] = []): ClientRequest | undefined {
    const chunked = request.headers["transfer-encoding"] === undefined ? [] : ["Transfer-Encoding", "chunked"];
    const { rewrite, headers = {}, programHeaders = {} } = this.#options;
    const set = who === "program" ? { ...headers, ...programHeaders } : headers;
    const { url = "/" } = request;
    const path =
      rewrite !== undefined && url.startsWith(rewrite.from) ? rewrite.to + url.slice(rewrite.from.length) : url;
    try {
      // Not http.request: VS Code patches that to put an agent of its own in the place of ours.
      return new ClientRequest({
        agent: this.#pool,
        method: request.method ?? "GET",
        path,
        headers: [...toTarget(request.rawHeaders, this.#gate.cookieName, set), ...chunked, ...more],
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

type Who = (Passage & { kind: "pass" })["who"];
type MayRetry = (error: unknown, isReused: boolean) => number | undefined;
type Asked = Pick<IncomingMessage, "method" | "url" | "headers" | "rawHeaders">;

/** Jupyter's way to a kernel, for one client that says who it is: each message there stands for itself. */
const KERNEL = /\/api\/kernels\/[^/?]+\/channels\?(?:.*&)?session_id=/;
/** What a person does to a kernel as a whole; the group is its path. */
const KERNEL_ORDER = /(\/api\/kernels\/[^/?]+)(?:\/(?:restart|interrupt))?\/?(?:\?|$)/;
/** As much of an answer as is read to see what it is, in characters. */
const MOST_ASKED = 10_000;
/** What may be asked twice (RFC 9110, 9.2.1). */
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
const PLAIN = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/**
 * Of what was not answered. JupyterLab's reads come again after a 503, and take a kernel for dead after others (services
 * 7.6), though it lives on while a network is away or a person signs in: for them only a plain no is another. What may
 * have been done, or waits for a person, is not to be sent again by itself.
 */
function awayStatus(error: unknown, method = "", isSent = true): 502 | 503 {
  const code = errorCode(error) ?? "";
  const mayComeBack = SAFE.has(method) ? !/^(no-rights$|HPE_)/.test(code) : !isSent && AWAY.includes(code);
  return mayComeBack ? 503 : 502;
}

function sayPlainly(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...PLAIN });
  response.end(`${why}\n`);
}

function plainAnswer(status: number, why: string): string {
  return `HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${why}\n`;
}
