import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import type { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import { WebSocketHandler, type WebSocketInterface } from "@kubernetes/client-node/dist/web-socket-handler.js";
import { WebSocket } from "ws";
import { CancelledError, errorText, isCancelled } from "../../core/errors.ts";
import type { Disposable } from "../../core/dispose.ts";
import { connectFailure, signInNeeded } from "../connectFailure.ts";
import type { Connection } from "../connection.ts";
import type { Identity } from "../credentials.ts";
import { isApiError } from "../errors.ts";
import { Heartbeat } from "../heartbeat.ts";
import { placeOf } from "../place.ts";
import { readRefusal } from "./refusal.ts";

/** Milliseconds until the server must have answered the upgrade. */
const UPGRADE_MS = 30_000;
const QUIET_MS = 30_000;
const ANSWER_MS = 15_000;

type OnText = Parameters<WebSocketInterface["connect"]>[1];
type OnBytes = Parameters<WebSocketInterface["connect"]>[2];

/**
 * Opens one WebSocket for client-node's Exec or PortForward, over a connection that we have dialled and signed in:
 * client-node's own way knows neither proxies nor our credentials. A 401 is answered once with fresh ones.
 */
export class PodSocket implements WebSocketInterface, Disposable {
  readonly #connection: Connection;
  readonly #signal: AbortSignal;
  readonly #onClose: (error: Error | undefined) => void;
  #client: WebSocket | undefined;
  #socket: Socket | undefined;
  #heartbeat: Heartbeat | undefined;
  #failure: Error | undefined;

  /** `onClose` hears once that an open socket is over: why, where that is known. */
  constructor(connection: Connection, signal: AbortSignal, onClose: (error: Error | undefined) => void) {
    this.#connection = connection;
    this.#signal = signal;
    this.#onClose = onClose;
  }

  /** What client-node asks for a server; it never asks for more, and its own class would load its HTTP layer. */
  get config(): KubeConfig {
    const { server } = this.#connection.entry.cluster;
    const config: object = {
      getCurrentCluster: () => ({ server: server.replace(/\/+$/, "") }),
      applyToHTTPSOptions: () => Promise.resolve(),
    };
    return config as KubeConfig;
  }

  /** Rejects with ApiError for an answer that is no upgrade, with ConnectError or CancelledError. */
  async connect(path: string, onText: OnText, onBytes: OnBytes): Promise<WebSocket> {
    const { credentials } = this.#connection;
    const identity = await credentials.get(this.#signal);
    try {
      return await this.#open(identity, path, onText, onBytes);
    } catch (error) {
      if (!isApiError(error) || error.status !== 401) throw error;
    }
    const fresh = await credentials.refresh(identity, this.#signal);
    try {
      if (fresh !== identity) return await this.#open(fresh, path, onText, onBytes);
    } catch (error) {
      if (!isApiError(error) || error.status !== 401) throw error;
    }
    const error = signInNeeded(placeOf(this.#connection.entry));
    credentials.block(error);
    throw error;
  }

  /** Nothing is read until `resume`: whoever takes the bytes is behind. */
  pause(): void {
    if (this.#client?.readyState !== 1) return;
    // Answers wait unread as well.
    this.#heartbeat?.stop();
    this.#client.pause();
  }

  resume(): void {
    if (this.#client?.readyState !== 1) return;
    this.#client.resume();
    this.#heartbeat?.start();
  }

  /** Calls back when what was sent has left this process, as far as that is worth waiting for. */
  sent(done: () => void): void {
    if (this.#socket?.writableNeedDrain === true) this.#socket.once("drain", done);
    else done();
  }

  /** Ends it at once, in whatever state it is. */
  dispose(error?: Error): void {
    this.#failure ??= error;
    this.#client?.terminate();
    this.#socket?.destroy();
  }

  async #open(identity: Identity, path: string, onText: OnText, onBytes: OnBytes): Promise<WebSocket> {
    const { socket, headers } = await this.#connection.dial(identity, this.#signal);
    this.#socket = socket;
    const refused = Promise.withResolvers<never>();
    const make = (uri: string, protocols: string[]): WebSocket => {
      const { pathname, search, host } = new URL(uri);
      // ws asks http.request, which VS Code patches to put a connection of its own in the place of ours, except where
      // a socket's path is named: so one is. Nobody opens it, since the connection is here already.
      const client = new WebSocket(`ws+unix:/dialled:${pathname}${search}`, protocols, {
        createConnection: () => socket,
        headers: { ...headers, host },
        perMessageDeflate: false,
        handshakeTimeout: UPGRADE_MS,
      });
      this.#client = client;
      client.on("unexpected-response", (_, response) => {
        readRefusal(response).then(refused.reject, refused.reject);
      });
      return client;
    };
    const onAbort = (): void => this.dispose(new CancelledError());
    this.#signal.addEventListener("abort", onAbort, { once: true });
    socket.once("close", () => this.#signal.removeEventListener("abort", onAbort));
    try {
      // The default for its streams is this process's own: in an editor, asking for them alone does harm.
      const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
      const handler = new WebSocketHandler(this.config, make, streams);
      const client = await Promise.race([
        handler.connect(path, onText, (stream, bytes) => this.#guard(() => onBytes?.(stream, bytes) ?? true)),
        refused.promise,
      ]);
      this.#watch(client, socket);
      return client;
    } catch (error) {
      this.dispose();
      throw this.#explain(error);
    }
  }

  /** client-node throws out of its listener for what it does not know: that must end this socket, not the process. */
  #guard(listener: () => boolean): boolean {
    try {
      return listener();
    } catch (error) {
      this.dispose(new Error(`The server sent what cannot be read (${errorText(error)}).`));
      return false;
    }
  }

  /** Finds an end that has gone without a word, and tells how it ended. */
  #watch(client: WebSocket, socket: Socket): void {
    const heartbeat = new Heartbeat({
      quietMs: QUIET_MS,
      answerMs: ANSWER_MS,
      received: () => socket.bytesRead,
      ask: (answered) => {
        client.once("pong", answered);
        client.ping();
      },
      onDead: () => this.dispose(connectFailure({ code: "ETIMEDOUT" }, placeOf(this.#connection.entry))),
    });
    this.#heartbeat = heartbeat;
    heartbeat.start();
    client.on("error", (error) => (this.#failure ??= this.#explain(error)));
    client.on("close", (code) => {
      // Anything but a farewell is a connection that broke.
      if (code !== 1000) this.#failure ??= this.#explain({ code: "ECONNRESET" });
      heartbeat.stop();
      socket.destroy();
      this.#onClose(this.#failure);
    });
  }

  #explain(error: unknown): Error {
    if (this.#signal.aborted || isCancelled(error)) return new CancelledError();
    if (isApiError(error)) return error;
    // What ws tells its listeners is an event around the error.
    const cause: unknown = error instanceof Object && "error" in error ? error.error : error;
    return connectFailure(cause, placeOf(this.#connection.entry));
  }
}
