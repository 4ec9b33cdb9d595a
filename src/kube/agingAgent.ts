import { Agent, type AgentOptions, type ClientRequest } from "node:http";
import type { Duplex } from "node:stream";

declare module "http" {
  interface Agent {
    /** What a ClientRequest calls to be given a stream; Node's types leave it out. */
    addRequest(request: ClientRequest, options: object): void;
  }
}

/** Keeps streams to be used again, and knows since when: the timers that end old ones stand still while the machine sleeps. */
export class AgingAgent extends Agent {
  readonly #now: () => number;
  readonly #idleMs: number;
  readonly #since = new WeakMap<Duplex, number>();

  /** `now` tells wall ms. */
  constructor(options: AgentOptions, now: () => number, idleMs: number) {
    super(options);
    this.#now = now;
    this.#idleMs = idleMs;
  }

  /** One that is kept from now on. */
  protected rests(stream: Duplex): void {
    this.#since.set(stream, this.#now());
  }

  /** The other end of an old one may be gone without a word: no request is given it. */
  override addRequest(request: ClientRequest, options: object): void {
    this.#endOld();
    super.addRequest(request, options);
  }

  #endOld(): void {
    const before = this.#now() - this.#idleMs;
    for (const stream of Object.values(this.freeSockets).flatMap((some) => some ?? []))
      if ((this.#since.get(stream) ?? Infinity) < before) stream.destroy();
  }
}
