import { createHash } from "node:crypto";
import { systemClock, type Clock } from "../core/clock.ts";
import { CancelledError, errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { redact } from "../core/redact.ts";
import { duration } from "../core/text.ts";
import { connectFailure, signInNeeded, unreachable } from "./connectFailure.ts";
import type { Credentials, Identity } from "./credentials.ts";
import { dial, type Dialled, type DialOptions } from "./dial.ts";
import type { ConnectError } from "./errors.ts";
import { Http1Wire } from "./http1Transport.ts";
import { Http2Wire } from "./http2Transport.ts";
import type { ContextEntry } from "./kubeconfigEntries.ts";
import { placeOf, type Place } from "./place.ts";
import { SingleFlight } from "./singleFlight.ts";
import type { KubeRequest, KubeResponse, Transport } from "./transport.ts";
import { requestOf } from "./wireRequest.ts";
import { NotProcessed, type Wire } from "./wire.ts";

/** Milliseconds. */
export interface TransportTiming {
  /** For the name, TCP, the proxy and TLS together. 10,000. */
  readonly connectMs: number;
  /** Silence on a session with open streams after which it is pinged. 30,000. */
  readonly quietMs: number;
  /** How long a ping may stay without an answer. 15,000. */
  readonly answerMs: number;
  /** A connection without requests is closed after this. 300,000. */
  readonly idleMs: number;
}

export interface TransportOptions {
  readonly entry: ContextEntry;
  readonly credentials: Credentials;
  readonly userAgent: string;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly env?: NodeJS.ProcessEnv;
  /** The editor's own proxy setting, read at each dial. */
  readonly proxyOverride?: () => string | undefined;
  /** PEM, besides Node's own, where the kubeconfig names no authority. */
  readonly systemCertificates?: readonly string[];
  readonly timing?: Partial<TransportTiming>;
}

const TIMING: TransportTiming = { connectMs: 10_000, quietMs: 30_000, answerMs: 15_000, idleMs: 300_000 };
const MAX_WIRES = 8;
const MAX_TRIES = 3;

/** The transport for one context. Does nothing before the first `send`. Touches no global agent, dispatcher or variable. */
export class ClusterTransport implements Transport {
  readonly #options: TransportOptions;
  readonly #timing: TransportTiming;
  readonly #place: Place;
  readonly #clock: Clock;
  readonly #dialling = new SingleFlight<void>();
  /** Wires by the client certificate that they were dialled with; also those that only end what runs on them. */
  readonly #wires = new Map<Wire, string>();
  #isDisposed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
    this.#place = placeOf(options.entry);
    this.#clock = options.clock ?? systemClock;
  }

  async send(request: KubeRequest): Promise<KubeResponse> {
    // Before anything else: a sign-in program that the kubeconfig no longer names must not run again.
    if (this.#isDisposed) throw new CancelledError();
    const started = this.#clock.monotonic();
    try {
      const response = await this.#authenticated(request);
      this.#trace(request, started, String(response.status));
      return response;
    } catch (error) {
      this.#trace(request, started, errorText(error));
      throw error;
    }
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#dialling.cancel();
    for (const wire of [...this.#wires.keys()]) wire.dispose();
    this.#wires.clear();
  }

  /** A 401 is answered once with fresh credentials, where there are any. */
  async #authenticated(request: KubeRequest): Promise<KubeResponse> {
    const { credentials } = this.#options;
    const identity = await credentials.get(request.signal);
    const response = await this.#attempt(request, identity);
    if (response.status !== 401) return response;
    response.cancel();
    const fresh = await credentials.refresh(identity, request.signal);
    if (fresh === identity) throw this.#refused();
    this.#options.log.debug(`New credentials for user ${this.#place.user} after a 401 from ${this.#place.at}`);
    const second = await this.#attempt(request, fresh);
    if (second.status !== 401) return second;
    second.cancel();
    throw this.#refused();
  }

  /** Sends on a wire that is there, or dials one. What may be sent again is: see NotProcessed. */
  async #attempt(request: KubeRequest, identity: Identity): Promise<KubeResponse> {
    const wired = requestOf(request, identity, this.#options.entry, this.#options.userAgent);
    const key = certificateKey(identity);
    for (let tries = 1; ;) {
      if (this.#isDisposed) throw new CancelledError();
      // Chosen and taken in one step: of many who waited for one session, no more may go than it has room for.
      const wire = this.#pick(key);
      if (wire === undefined) {
        await this.#dialling.join((running) => this.#dial(identity, key, running), request.signal);
        continue;
      }
      try {
        return await wire.send(wired);
      } catch (error) {
        if (!(error instanceof NotProcessed)) throw error;
        if (tries++ >= MAX_TRIES) throw this.#explain(error.cause);
      }
    }
  }

  #pick(key: string): Wire | undefined {
    const own: Wire[] = [];
    for (const [wire, itsKey] of this.#wires) {
      if (wire.isOver) this.#wires.delete(wire);
      else if (wire.isUsable && itsKey === key) own.push(wire);
    }
    // Beyond so many sessions requests wait inside one of them.
    return own.find((wire) => wire.hasRoom) ?? (own.length >= MAX_WIRES ? own.at(-1) : undefined);
  }

  async #dial(identity: Identity, key: string, signal: AbortSignal): Promise<void> {
    const started = this.#clock.monotonic();
    const dialled = await this.#connect(identity, signal);
    const wire = await this.#wireOver(dialled, identity, signal);
    this.#options.log.debug(
      `Connected to ${this.#place.at} by ${dialled.protocol} in ${Math.round(this.#clock.monotonic() - started)} ms`,
    );
    if (this.#isDisposed) {
      wire.dispose();
      throw new CancelledError();
    }
    // Another certificate: what runs may end on the old connections, nothing new begins there.
    for (const [other, itsKey] of [...this.#wires]) if (itsKey !== key) other.retire();
    this.#wires.set(wire, key);
  }

  #connect(identity: Identity, signal: AbortSignal): Promise<Dialled> {
    return dial(dialOptions(this.#options), identity, signal);
  }

  async #wireOver({ socket, protocol }: Dialled, identity: Identity, signal: AbortSignal): Promise<Wire> {
    const { idleMs } = this.#timing;
    const explain = (error: unknown): Error => this.#explain(error);
    const silent = (ms: number): ConnectError =>
      // After a sleep less than a second, which no duration says.
      unreachable(`no answer from ${this.#place.at} within ${duration(Math.max(ms, 1000))}`, this.#place);
    if (protocol === "h2") {
      const origin = this.#place.url.origin;
      const onClose = (): void => this.#forget();
      return Http2Wire.open(socket, { ...this.#timing, origin, explain, silent, onClose }, signal);
    }
    const again = async (ending: AbortSignal): Promise<typeof socket> => (await this.#connect(identity, ending)).socket;
    return new Http1Wire(socket, { place: this.#place, dial: again, idleMs, explain, silent });
  }

  #forget(): void {
    for (const wire of [...this.#wires.keys()]) if (wire.isOver) this.#wires.delete(wire);
  }

  #explain(error: unknown): Error {
    return this.#isDisposed ? new CancelledError() : connectFailure(error, this.#place);
  }

  #refused(): ConnectError {
    const error = signInNeeded(this.#place);
    this.#options.credentials.block(error);
    return error;
  }

  #trace(request: KubeRequest, started: number, outcome: string): void {
    const { method, path } = request;
    this.#options.log.trace(
      redact(`${method} ${path} ${outcome} in ${Math.round(this.#clock.monotonic() - started)} ms`),
    );
  }
}

/** How a connection to the context's cluster is made now. */
export function dialOptions({ entry, timing, env, proxyOverride, systemCertificates }: TransportOptions): DialOptions {
  return {
    place: placeOf(entry),
    cluster: entry.cluster,
    env: env ?? process.env,
    proxyOverride: proxyOverride?.(),
    systemCertificates,
    timeoutMs: timing?.connectMs ?? TIMING.connectMs,
  };
}

function certificateKey({ cert, key }: Identity): string {
  if (cert === undefined || key === undefined) return "";
  return createHash("sha256").update(cert).update(key).digest("hex");
}
