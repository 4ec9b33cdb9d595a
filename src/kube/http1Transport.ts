import { ClientRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { errorCode } from "../core/errors.ts";
import { AgingAgent } from "./agingAgent.ts";
import type { Place } from "./place.ts";
import type { KubeResponse } from "./transport.ts";
import { answerTo, type Exchange, plainHeaders, type Wire, type WireRequest } from "./wire.ts";

export interface Http1Options extends Pick<Exchange, "explain" | "silent"> {
  readonly place: Place;
  /** A further connection, after the one that was handed over. */
  readonly dial: (signal: AbortSignal) => Promise<Socket>;
  /** A connection without a request is closed after this. Milliseconds. */
  readonly idleMs: number;
}

type OnSocket = (error: Error | null, socket: Duplex) => void;

/** Keep-alive connections that we dial ourselves: through the proxy, with the cluster's authority and certificate. */
class DialAgent extends AgingAgent {
  readonly #dial: () => Promise<Socket>;

  constructor(dial: () => Promise<Socket>, idleMs: number) {
    // Each watch holds a connection of its own.
    const kept = { keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: 8, timeout: idleMs };
    super({ ...kept, maxSockets: Infinity, scheduling: "lifo" }, () => Date.now(), idleMs);
    this.#dial = dial;
  }

  override createConnection(_: object, callback?: OnSocket): undefined {
    this.#dial().then(
      (socket) => callback?.(null, socket),
      // Node's type asks for a socket also where there is none.
      (error: unknown) => (callback as ((error: unknown) => void) | undefined)?.(error),
    );
  }

  override keepSocketAlive(socket: Duplex): void {
    this.rests(socket);
    // eslint-disable-next-line @typescript-eslint/no-confusing-void-expression -- it says whether it is kept, unlike its type
    return super.keepSocketAlive(socket);
  }
}

/** HTTP/1.1 over keep-alive connections: servers and proxies that offer nothing better, and plain http. */
export class Http1Wire implements Wire {
  readonly #options: Http1Options;
  readonly #agent: DialAgent;
  readonly #ending = new AbortController();
  readonly #sockets = new Set<Socket>();
  #first: Socket | undefined;
  #isUsable = true;
  #open = 0;

  /** `first` is the connection that showed which protocol is spoken. */
  constructor(first: Socket, options: Http1Options) {
    this.#options = options;
    this.#hold(first);
    this.#first = first;
    this.#agent = new DialAgent(() => this.#socket(), options.idleMs);
  }

  get isUsable(): boolean {
    return this.#isUsable;
  }

  get isOver(): boolean {
    return !this.#isUsable && this.#open === 0;
  }

  get hasRoom(): boolean {
    return true;
  }

  send(request: WireRequest): Promise<KubeResponse> {
    const { place } = this.#options;
    let outgoing: ClientRequest;
    try {
      // Not http.request: VS Code patches that to put an agent of its own in the place of ours.
      outgoing = new ClientRequest({
        agent: this.#agent,
        host: place.host,
        port: place.port,
        method: request.method,
        path: request.path,
        headers: { host: place.url.host, ...mutable(request.headers) },
      });
    } catch (error) {
      return Promise.reject(this.#options.explain(error));
    }
    this.#open++;
    outgoing.once("close", () => {
      this.#open--;
      if (!this.#isUsable && this.#open === 0) this.#agent.destroy();
    });
    const response = this.#response(outgoing, request);
    outgoing.end(request.body);
    return response;
  }

  retire(): void {
    this.#isUsable = false;
    if (this.#open === 0) this.dispose();
  }

  dispose(): void {
    this.#isUsable = false;
    this.#ending.abort();
    this.#agent.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  #response(outgoing: ClientRequest, request: WireRequest): Promise<KubeResponse> {
    const exchange: Exchange = {
      ...this.#options,
      emitter: outgoing,
      request,
      end: (error) => void outgoing.destroy(error),
      isUnprocessed: (error) => isStale(outgoing, request, error),
    };
    return answerTo(exchange, (answered) =>
      outgoing.once("response", (incoming: IncomingMessage) =>
        answered({
          status: incoming.statusCode ?? 0,
          headers: plainHeaders(incoming.headers),
          source: incoming,
          isWhole: () => incoming.complete,
          probed: false,
        }),
      ),
    );
  }

  async #socket(): Promise<Socket> {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined && !first.destroyed) return first;
    const socket = await this.#options.dial(this.#ending.signal);
    this.#hold(socket);
    if (this.#ending.signal.aborted) socket.destroy();
    return socket;
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    // Between being dialled and being used, nobody else listens.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#sockets.delete(socket));
  }
}

/** The server closed a kept connection just as we used it again: nothing came back, so a read may be asked anew. */
function isStale(outgoing: ClientRequest, request: WireRequest, error: unknown): boolean {
  const closed = errorCode(error) === "ECONNRESET" || errorCode(error) === "EPIPE";
  return closed && outgoing.reusedSocket && request.method === "GET";
}

function mutable(headers: WireRequest["headers"]): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
  );
}
