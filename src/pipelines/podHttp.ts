import { ClientRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { after, type Clock } from "../core/clock.ts";
import { CancelledError, errorCode, isUserError, UserError } from "../core/errors.ts";
import type { Disposable } from "../core/dispose.ts";
import { ConnectError } from "../kube/errors.ts";
import { StreamPool } from "../kube/httpForward/pool.ts";

export type Method = "GET" | "DELETE" | "POST";

export interface HttpBody {
  readonly type: string;
  readonly bytes: Buffer;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** A whole answer may take this long, and a long one may pause for as long, in ms. */
const ANSWER_MS = 30_000;
/** A stream is kept over the minute between two looks at a list. */
const IDLE_MS = 90_000;
const MAX_BYTES = 32 * 1024 * 1024;

export interface HttpRequest {
  readonly method: Method;
  /** Encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: HttpBody;
  /** Once it has begun, the answer may go on for as long as more of it comes. */
  readonly isLong?: boolean;
  /** It may be sent again, whatever its method. */
  readonly isSafe?: boolean;
}

/** Plain HTTP to one port of a pod, over a few streams that are used again. */
export class PodHttp implements Disposable {
  readonly #clock: Clock;
  readonly #pool: StreamPool;
  readonly #ending = new AbortController();
  readonly #who: string;

  /** @param who answers there, as it stands in a sentence after «The» */
  constructor(connect: (signal: AbortSignal) => Promise<Duplex>, clock: Clock, who = "pipelines' server") {
    this.#clock = clock;
    const open = (): Promise<Duplex> =>
      connect(this.#ending.signal).catch((error: unknown) => {
        throw noPod(error);
      });
    this.#pool = new StreamPool(open, clock, IDLE_MS);
    this.#who = who;
  }

  /** `path` is encoded. Any status resolves. Rejects with what the stream failed with, or CancelledError. */
  async send(
    method: Method,
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    body?: HttpBody,
  ): Promise<HttpAnswer> {
    const request = { method, path, headers, ...(body && { body }) };
    return this.ask(request, (response) => answerIn(response, this.#who), signal);
  }

  /** The same, where `read` reads the answer, and may leave off. Once that has begun, nothing is sent again. */
  async ask<T>(request: HttpRequest, read: (response: IncomingMessage) => Promise<T>, signal: AbortSignal): Promise<T> {
    const first = await this.#send(request, read, signal);
    // A kept stream had ended on the other side: to read again, or to delete what bears an id, does no harm. What makes
    // something is sent once: it may have arrived.
    const answer =
      first === ENDED && (request.method !== "POST" || request.isSafe === true)
        ? await this.#send(request, read, signal)
        : first;
    if (answer === ENDED) throw this.#closed();
    return answer;
  }

  dispose(): void {
    this.#ending.abort();
    this.#pool.destroy();
  }

  async #send<T>(
    { method, path, headers, body, isLong = false }: HttpRequest,
    read: (response: IncomingMessage) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | typeof ENDED> {
    if (signal.aborted) throw new CancelledError();
    if (this.#ending.signal.aborted) throw this.#closed();
    const over = new AbortController();
    // Not http.request: VS Code patches that to put an agent of its own in the place of ours.
    const request = new ClientRequest({
      ...{ agent: this.#pool, method, path },
      headers: {
        host: "ml-pipeline",
        ...headers,
        ...(body && { "content-type": body.type, "content-length": body.bytes.length }),
      },
    });
    const stopped = Promise.withResolvers<never>();
    // A request that still waits for its stream does not say that it was destroyed.
    const stop = (error: Error): void => {
      over.abort();
      stopped.reject(error);
      request.destroy();
    };
    const onAbort = (): void => stop(new CancelledError());
    const onEnd = (): void => stop(this.#closed());
    signal.addEventListener("abort", onAbort);
    this.#ending.signal.addEventListener("abort", onEnd);
    const within = (words: string): Disposable =>
      after(this.#clock, ANSWER_MS, () => stop(new ConnectError("unreachable", `The ${this.#who} ${words}.`)));
    let limit = within("did not answer within 30 s");
    const goesOn = (): void => {
      limit.dispose();
      if (over.signal.aborted) return;
      limit = within("sent nothing more for 30 s");
    };
    const answer = { hasBegun: false };
    try {
      const answered = new Promise<T>((resolve, reject) => {
        request.on("error", reject);
        request.on("response", (response) => {
          answer.hasBegun = true;
          if (isLong) {
            goesOn();
            response.on("readable", goesOn);
          }
          void read(response).then(resolve, reject);
        });
        request.end(body?.bytes);
      });
      return await Promise.race([stopped.promise, answered]);
    } catch (error) {
      if (answer.hasBegun && errorCode(error) === "ECONNRESET") throw this.#closed();
      if (over.signal.aborted || answer.hasBegun || !request.reusedSocket) throw error;
      return ENDED;
    } finally {
      over.abort();
      limit.dispose();
      signal.removeEventListener("abort", onAbort);
      this.#ending.signal.removeEventListener("abort", onEnd);
    }
  }

  #closed(): ConnectError {
    return new ConnectError("unreachable", `The connection to the ${this.#who} ended.`);
  }
}

const ENDED = Symbol("ended");

/** The pod has gone. Of what is asked for, whose absence the server calls `gone`, nobody has said anything. */
function noPod(error: unknown): unknown {
  if (errorCode(error) !== "gone" || !isUserError(error)) return error;
  return new UserError("no-ready-pod", error.message, { next: error.next, cause: error });
}

/** An answer, whole. Rejects with ConnectError where it is too long. @param who as for PodHttp */
export async function answerIn(response: IncomingMessage, who: string): Promise<HttpAnswer> {
  const { bytes, isCut } = await readUpTo(response, MAX_BYTES);
  if (isCut) throw new ConnectError("unreachable", `The ${who}'s answer is larger than 32 MB.`);
  return { status: response.statusCode ?? 0, body: bytes.toString("utf8") };
}

/** The beginning of an answer; what goes on after `max` bytes is left, and with it the stream. */
export async function readUpTo(
  response: IncomingMessage,
  max: number,
): Promise<{ readonly bytes: Buffer; readonly isCut: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    chunks.push(chunk);
    if (size > max) break;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, max), isCut: size > max };
}
