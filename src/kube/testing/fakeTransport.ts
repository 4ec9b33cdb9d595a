import { CancelledError } from "../../core/errors.ts";
import type { KubeRequest, KubeResponse, Transport } from "../transport.ts";

/** A body that a test writes, breaks or leaves hanging. */
export class FakeBody implements AsyncIterable<Buffer> {
  readonly #chunks: Buffer[] = [];
  #waiting: { resolve: (result: IteratorResult<Buffer>) => void; reject: (error: Error) => void } | undefined;
  #end: { readonly error: Error | undefined } | undefined;
  #cancelled = false;

  get isCancelled(): boolean {
    return this.#cancelled;
  }

  /** No side will say anything any more. */
  get isOver(): boolean {
    return this.#cancelled || this.#end !== undefined;
  }

  push(...chunks: readonly (Buffer | string)[]): this {
    for (const chunk of chunks) this.#chunks.push(Buffer.from(chunk));
    this.#deliver();
    return this;
  }

  /** The same bytes in chunks of `size`, 1 being every byte for itself. */
  pushInChunks(bytes: Buffer | string, size: number): this {
    const all = Buffer.from(bytes);
    for (let start = 0; start < all.length; start += size) this.#chunks.push(all.subarray(start, start + size));
    this.#deliver();
    return this;
  }

  /** Ends the body as it should. */
  end(): this {
    this.#end ??= { error: undefined };
    this.#deliver();
    return this;
  }

  /** Breaks the connection, once what was pushed has been read. */
  fail(error: Error = new Error("ECONNRESET")): this {
    this.#end ??= { error };
    this.#deliver();
    return this;
  }

  cancel(): void {
    if (this.isOver && this.#chunks.length === 0) return;
    this.#cancelled = true;
    this.#chunks.length = 0;
    this.#end = { error: new CancelledError() };
    this.#deliver();
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return {
      next: () =>
        new Promise((resolve, reject) => {
          this.#waiting = { resolve, reject };
          this.#deliver();
        }),
    };
  }

  #deliver(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const chunk = this.#chunks.shift();
    if (chunk === undefined && this.#end === undefined) return;
    this.#waiting = undefined;
    if (chunk !== undefined) waiting.resolve({ done: false, value: chunk });
    else if (this.#end?.error !== undefined) waiting.reject(this.#end.error);
    else waiting.resolve({ done: true, value: undefined });
  }
}

export interface FakeReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: FakeBody;
}

/** A request as a script sees it: path and query in one, as a browser would show it. */
export interface FakeRequest {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly raw: KubeRequest;
}

/** Answers requests from a function of the test; a thrown error is a connection that never came to be. */
export class FakeTransport implements Transport {
  readonly requests: FakeRequest[] = [];
  /** As over HTTP/2. */
  probed = false;
  readonly #answer: (request: FakeRequest, index: number) => FakeReply | Promise<FakeReply>;
  readonly #bodies = new Set<FakeBody>();

  constructor(answer: (request: FakeRequest, index: number) => FakeReply | Promise<FakeReply>) {
    this.#answer = answer;
  }

  /** Requests that neither side has ended. */
  get open(): number {
    return [...this.#bodies].filter((body) => !body.isOver).length;
  }

  async send(raw: KubeRequest): Promise<KubeResponse> {
    const query: Record<string, string> = {};
    for (const [key, value] of Object.entries(raw.query ?? {})) if (value !== undefined) query[key] = String(value);
    const request = { path: raw.path, query, raw };
    this.requests.push(request);
    const reply = await abortable(Promise.resolve(this.#answer(request, this.requests.length - 1)), raw.signal);
    this.#bodies.add(reply.body);
    const { status, headers = {}, body } = reply;
    return { status, headers, body, probed: this.probed, cancel: () => body.cancel() };
  }

  dispose(): void {
    for (const body of this.#bodies) body.cancel();
  }
}

/** A whole answer. */
export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): FakeReply {
  return { status, headers, body: new FakeBody().push(JSON.stringify(value)).end() };
}

/** A refusal in Kubernetes' words. */
export function refusal(code: number, reason: string, message: string, details?: unknown): FakeReply {
  return json({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message, details }, code);
}

/** An answer whose body the test goes on writing. */
export function streaming(body: FakeBody = new FakeBody()): FakeReply {
  return { status: 200, body };
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new CancelledError());
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal?.removeEventListener("abort", onAbort));
  });
}
