import type { Socket } from "node:net";
import * as v from "valibot";
import type { Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import { isCancelled } from "../core/errors.ts";
import { Emitter, type Event } from "../core/events.ts";
import type { Logger } from "../core/log.ts";
import { KubeClient } from "./client.ts";
import type { ContextInfo } from "./context.ts";
import { ClusterTransport, dialOptions, type TransportOptions } from "./createTransport.ts";
import type { Credentials, Identity } from "./credentials.ts";
import { dial, type DialOptions } from "./dial.ts";
import { ConnectError } from "./errors.ts";
import type { ContextEntry } from "./kubeconfigEntries.ts";
import { SingleFlight } from "./singleFlight.ts";
import type { KubeRequest, KubeResponse, Transport } from "./transport.ts";
import { identityHeaders } from "./wireRequest.ts";

/** What `/version` says (apimachinery version.Info). */
export interface ServerVersion {
  /** Such as `v1.36.4`. */
  readonly gitVersion: string;
  readonly major: string;
  /** May end with `+`. */
  readonly minor: string;
}

export type ConnectionState =
  | { readonly kind: "not-connected" }
  | { readonly kind: "connecting" }
  /** The server answered last time. */
  | { readonly kind: "live" }
  /** The last request got no answer, or `/version` a refusal. */
  | { readonly kind: "failed"; readonly error: Error };

export interface ConnectionOptions extends TransportOptions {
  readonly clock: Clock;
}

/** A connection that speaks HTTP/1.1, and what a request on it must carry to be this user's. */
export interface OwnConnection {
  readonly socket: Socket;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

const VersionSchema = v.object({ gitVersion: v.string(), major: v.string(), minor: v.string() });

/**
 * One context of the kubeconfig. Making one does nothing: the first request, or `connect` when a person looks, signs in
 * and dials. A failed connection does nothing by itself either; its state only says what became of the requests.
 */
export class Connection implements Disposable {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly #options: ConnectionOptions;
  readonly #credentials: Credentials;
  readonly #dialled = new Set<Socket>();
  readonly #ending = new AbortController();
  readonly #transport: Transport;
  readonly #stateEmitter = new Emitter<ConnectionState>();
  readonly #connecting = new SingleFlight<ServerVersion>();
  readonly onDidChangeState: Event<ConnectionState> = this.#stateEmitter.event;
  #entry: ContextEntry;
  #state: ConnectionState = { kind: "not-connected" };

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#entry = options.entry;
    this.log = options.log;
    this.#credentials = options.credentials;
    this.#transport = new ClusterTransport(options);
    const send = (request: KubeRequest): Promise<KubeResponse> => this.#send(request);
    this.client = new KubeClient({ send, dispose: () => this.#transport.dispose() }, options.clock);
  }

  get context(): ContextInfo {
    return this.#entry.context;
  }

  /** For what speaks to the server by other means (exec, port-forward). */
  get entry(): ContextEntry {
    return this.#entry;
  }

  get credentials(): Credentials {
    return this.#credentials;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /**
   * Asks the server for its version; a second call shares the first's answer. Rejects with ConnectError, ApiError or
   * CancelledError.
   */
  connect(signal?: AbortSignal): Promise<ServerVersion> {
    return this.#connecting.join(async (running) => {
      const before = this.#state;
      if (before.kind !== "live") this.#become({ kind: "connecting" });
      try {
        const version = await this.#version(running);
        this.#become({ kind: "live" });
        return version;
      } catch (error) {
        this.#become(
          isCancelled(error)
            ? before
            : { kind: "failed", error: error instanceof Error ? error : new Error(String(error)) },
        );
        throw error;
      }
    }, signal);
  }

  /**
   * A connection for one use by who takes it over (exec and port-forward upgrade it to a WebSocket). Ends with this
   * object at the latest. Rejects with ConnectError or CancelledError.
   */
  async dial(identity: Identity, signal: AbortSignal): Promise<OwnConnection> {
    const options: DialOptions = {
      ...dialOptions({ ...this.#options, entry: this.#entry }),
      protocols: ["http/1.1"],
    };
    const { socket } = await dial(options, identity, AbortSignal.any([signal, this.#ending.signal]));
    return { socket: this.#keep(socket), headers: identityHeaders(identity, this.#entry, this.#options.userAgent) };
  }

  /**
   * A connection to another server, such as the gateway of the cluster's Kubeflow: by the editor's proxy, with the
   * authorities of the system; nothing of the kubeconfig goes along. Ends and rejects as `dial`.
   */
  async dialSite(origin: URL, signal: AbortSignal): Promise<Socket> {
    const cluster = { name: origin.host, server: origin.href, insecureSkipTlsVerify: false };
    const entry = { ...this.#entry, cluster };
    const plain = dialOptions({ ...this.#options, entry });
    const options: DialOptions = { ...plain, place: { ...plain.place, site: origin.host }, protocols: ["http/1.1"] };
    return this.#keep((await dial(options, {}, AbortSignal.any([signal, this.#ending.signal]))).socket);
  }

  /** The same cluster and user, after the kubeconfig was read anew. */
  update(entry: ContextEntry): void {
    this.#entry = entry;
  }

  #keep(socket: Socket): Socket {
    if (this.#ending.signal.aborted) socket.destroy();
    this.#dialled.add(socket);
    socket.once("close", () => this.#dialled.delete(socket));
    return socket;
  }

  /** Closes all sockets. The credentials belong to whoever made them. */
  dispose(): void {
    this.#connecting.cancel();
    this.#ending.abort();
    for (const socket of this.#dialled) socket.destroy();
    this.#transport.dispose();
    this.#stateEmitter.dispose();
  }

  async #version(signal: AbortSignal): Promise<ServerVersion> {
    const answer = v.safeParse(
      VersionSchema,
      await this.client.json<unknown>({ method: "GET", path: "/version", signal }),
    );
    if (answer.success) return answer.output;
    throw new ConnectError("unreachable", "The server answers, but not as a Kubernetes API server does.", {
      hint: `The kubeconfig names ${this.context.server}.`,
    });
  }

  async #send(request: KubeRequest): Promise<KubeResponse> {
    try {
      const response = await this.#transport.send(request);
      if (this.#state.kind === "failed" || this.#state.kind === "not-connected") this.#become({ kind: "live" });
      return response;
    } catch (error) {
      if (error instanceof ConnectError) this.#become({ kind: "failed", error });
      throw error;
    }
  }

  #become(state: ConnectionState): void {
    if (state.kind === this.#state.kind && state.kind !== "failed") return;
    this.#state = state;
    this.#stateEmitter.fire(state);
  }
}
