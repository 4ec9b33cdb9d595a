import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, sensitiveHeaders } from "node:http2";
import type { Socket } from "node:net";
import { CancelledError } from "../core/errors.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { KubeResponse } from "./transport.ts";
import {
  answerTo,
  closedEarly,
  type Exchange,
  NotProcessed,
  plainHeaders,
  type Wire,
  type WireRequest,
} from "./wire.ts";

export interface Http2Options extends Pick<Exchange, "explain" | "silent"> {
  readonly origin: string;
  /** Silence after which a session with open streams is pinged, and how long it has to answer. Milliseconds. */
  readonly quietMs: number;
  readonly answerMs: number;
  /** Milliseconds that the server has for its settings. */
  readonly connectMs: number;
  /** A session without streams is closed after this. Milliseconds. */
  readonly idleMs: number;
  readonly onClose: () => void;
}

// A paused stream holds at most its window; one slow log must not stall the session's other streams.
const STREAM_WINDOW = 512 << 10;
const SESSION_WINDOW = 16 << 20;

/** One HTTP/2 session that all requests share. */
export class Http2Wire implements Wire {
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #options: Http2Options;
  readonly #heartbeat: Heartbeat;
  #streams = 0;
  /** Of the streams, those that must not be sent again. */
  #writes = 0;
  #isUsable = true;
  #idle: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #isDead = false;

  /** Takes over a connected socket; resolves when the server has said how many streams it allows. */
  static async open(socket: Socket, options: Http2Options, signal: AbortSignal): Promise<Http2Wire> {
    const wire = new Http2Wire(socket, options);
    await wire.#settled(signal);
    return wire;
  }

  private constructor(socket: Socket, options: Http2Options) {
    this.#socket = socket;
    this.#options = options;
    this.#session = connect(options.origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW },
      // Megabytes. Node's 10 would refuse streams while a few logs are paused.
      maxSessionMemory: 512,
    });
    this.#heartbeat = new Heartbeat({
      quietMs: options.quietMs,
      answerMs: options.answerMs,
      received: () => socket.bytesRead,
      ask: (answered) => this.#ping(answered),
      // A watch goes on from where it was, and another read is asked anew; a write may have been done.
      mayHurry: () => this.#writes === 0,
      onDead: (ms) => {
        this.#isDead = true;
        this.#end(options.silent(ms));
      },
    });
    // A TLS alert after the handshake (a refused certificate) is told to the socket alone.
    socket.once("error", (error) => this.#end(error));
    socket.once("close", () => this.#end(closedEarly()));
    this.#session.on("error", (error: Error) => {
      this.#failure ??= error;
    });
    this.#session.on("goaway", () => {
      this.#isUsable = false;
    });
    this.#session.on("connect", () => this.#session.setLocalWindowSize(SESSION_WINDOW));
    this.#session.on("close", () => {
      this.#isUsable = false;
      this.#heartbeat.stop();
      clearTimeout(this.#idle);
      options.onClose();
    });
    this.#awaitIdle();
  }

  get isUsable(): boolean {
    return this.#isUsable && !this.#session.closed && !this.#session.destroyed;
  }

  get isOver(): boolean {
    return this.#session.destroyed;
  }

  get hasRoom(): boolean {
    return this.#streams < (this.#session.remoteSettings.maxConcurrentStreams ?? Infinity);
  }

  send(request: WireRequest): Promise<KubeResponse> {
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request(
        { ...request.headers, ":method": request.method, ":path": request.path, [sensitiveHeaders]: ["authorization"] },
        { endStream: request.body === undefined },
      );
    } catch (error) {
      return Promise.reject(new NotProcessed(error));
    }
    this.#opened(stream, request);
    if (request.body !== undefined) stream.end(request.body);
    return this.#response(stream, request);
  }

  retire(): void {
    this.#isUsable = false;
    this.#session.close();
  }

  dispose(): void {
    this.#end(new CancelledError());
  }

  #response(stream: ClientHttp2Stream, request: WireRequest): Promise<KubeResponse> {
    const { explain, silent } = this.#options;
    const exchange: Exchange = {
      emitter: stream,
      request,
      end: (error) => {
        stream.close(constants.NGHTTP2_CANCEL);
        if (error !== undefined) stream.destroy(error);
      },
      // A read that a peer which is gone has not answered may be asked anew: after a sleep it is the first to meet it.
      isUnprocessed: () => stream.rstCode === constants.NGHTTP2_REFUSED_STREAM || (this.#isDead && isRead(request)),
      explain: (error) => explain(this.#failure ?? error),
      silent,
    };
    return answerTo(exchange, (answered) =>
      stream.once("response", (head) =>
        answered({
          status: Number(head[":status"]),
          headers: plainHeaders(head),
          source: stream,
          isWhole: () => stream.rstCode === constants.NGHTTP2_NO_ERROR,
          probed: true,
        }),
      ),
    );
  }

  #opened(stream: ClientHttp2Stream, request: WireRequest): void {
    const writes = isRead(request) ? 0 : 1;
    this.#streams++;
    this.#writes += writes;
    clearTimeout(this.#idle);
    this.#heartbeat.start();
    stream.once("close", () => {
      this.#streams--;
      this.#writes -= writes;
      if (this.#streams > 0) return;
      this.#heartbeat.stop();
      this.#awaitIdle();
    });
  }

  #awaitIdle(): void {
    if (this.#session.destroyed) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.retire(), this.#options.idleMs);
    this.#idle.unref();
  }

  #ping(answered: () => void): void {
    if (this.#session.destroyed) return;
    this.#session.ping((error) => {
      if (error === null) answered();
    });
  }

  #end(error: Error): void {
    this.#isUsable = false;
    this.#failure ??= error;
    this.#session.destroy(error);
    // A peer that is gone does not answer to a polite end.
    this.#socket.destroy();
  }

  /** A server sends its settings first of all: they say how many streams it takes, and that it is there. */
  #settled(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail(this.#options.silent(this.#options.connectMs)), this.#options.connectMs);
      const done = (finish: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        this.#session.off("close", onClose);
        finish();
      };
      const fail = (error: Error): void =>
        done(() => {
          reject(error);
          this.#end(error);
        });
      const onAbort = (): void => fail(new CancelledError());
      const onClose = (): void => fail(this.#options.explain(this.#failure ?? closedEarly()));
      this.#session.once("remoteSettings", () => done(resolve));
      this.#session.once("close", onClose);
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }
}

function isRead({ method }: WireRequest): boolean {
  return method === "GET";
}
