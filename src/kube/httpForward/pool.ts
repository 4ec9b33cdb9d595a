import type { ClientRequest } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../../core/clock.ts";
import { AgingAgent } from "../agingAgent.ts";

type OnStream = (error: Error | null, stream: Duplex) => void;

/** Streams to one target that are used again, a few; each ends when it was not used for a while. */
export class StreamPool extends AgingAgent {
  readonly #open: () => Promise<Duplex>;
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #idle = new WeakMap<Duplex, AbortController>();

  constructor(open: () => Promise<Duplex>, clock: Clock, idleMs: number) {
    const options = { keepAlive: true, maxSockets: Infinity, maxFreeSockets: 4, scheduling: "lifo" } as const;
    super(options, () => clock.now(), idleMs);
    this.#open = open;
    this.#clock = clock;
    this.#idleMs = idleMs;
  }

  override createConnection(_: object, callback?: OnStream): undefined {
    this.#open().then(
      // The agent takes every stream for a TCP socket.
      (stream) => callback?.(null, Object.assign(stream, { ref: () => stream })),
      // Node's type asks for a stream also where there is none.
      (error: unknown) => (callback as ((error: unknown) => void) | undefined)?.(error),
    );
  }

  /** Instead of what Node does here to TCP sockets, which these are not. */
  override keepSocketAlive(stream: Duplex): boolean {
    const idle = new AbortController();
    this.rests(stream);
    this.#idle.set(stream, idle);
    const onClose = (): void => idle.abort();
    stream.once("close", onClose);
    this.#clock.sleep(this.#idleMs, idle.signal).then(
      () => stream.destroy(),
      // It is used again, a thousand times perhaps, or has ended.
      () => stream.off("close", onClose),
    );
    return true;
  }

  override reuseSocket(stream: Duplex, request: ClientRequest): void {
    this.#idle.get(stream)?.abort();
    super.reuseSocket(stream, request);
  }
}
