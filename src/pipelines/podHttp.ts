import { ClientRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { after, type Clock } from "../core/clock.ts";
import { CancelledError } from "../core/errors.ts";
import type { Disposable } from "../core/dispose.ts";
import { ConnectError } from "../kube/errors.ts";
import { StreamPool } from "../kube/httpForward/pool.ts";

export type Method = "GET" | "DELETE";

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** A whole answer may take this long, in ms. */
const ANSWER_MS = 30_000;
/** A stream is kept over the minute between two looks at a list. */
const IDLE_MS = 90_000;
const MAX_BYTES = 32 * 1024 * 1024;

/** Plain HTTP to one port of a pod, over a few streams that are used again. */
export class PodHttp implements Disposable {
  readonly #clock: Clock;
  readonly #pool: StreamPool;
  readonly #ending = new AbortController();

  constructor(connect: (signal: AbortSignal) => Promise<Duplex>, clock: Clock) {
    this.#clock = clock;
    this.#pool = new StreamPool(() => connect(this.#ending.signal), clock, IDLE_MS);
  }

  /** `path` is encoded. Any status resolves. Rejects with what the stream failed with, or CancelledError. */
  async send(
    method: Method,
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const first = await this.#send(method, path, headers, signal);
    // A kept stream had ended on the other side: to read again, or to delete what bears an id, does no harm.
    const answer = first === "ended" ? await this.#send(method, path, headers, signal) : first;
    if (answer === "ended") throw closed();
    return answer;
  }

  dispose(): void {
    this.#ending.abort();
    this.#pool.destroy();
  }

  async #send(
    method: Method,
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer | "ended"> {
    if (signal.aborted) throw new CancelledError();
    if (this.#ending.signal.aborted) throw closed();
    const over = new AbortController();
    // Not http.request: VS Code patches that to put an agent of its own in the place of ours.
    const request = new ClientRequest({
      ...{ agent: this.#pool, method, path },
      headers: { host: "ml-pipeline", ...headers },
    });
    const stopped = Promise.withResolvers<never>();
    // A request that still waits for its stream does not say that it was destroyed.
    const stop = (error: Error): void => {
      over.abort();
      stopped.reject(error);
      request.destroy();
    };
    const onAbort = (): void => stop(new CancelledError());
    const onEnd = (): void => stop(closed());
    signal.addEventListener("abort", onAbort);
    this.#ending.signal.addEventListener("abort", onEnd);
    const limit = after(this.#clock, ANSWER_MS, () =>
      stop(new ConnectError("unreachable", "The pipelines' server did not answer within 30 s.")),
    );
    try {
      const answered = new Promise<HttpAnswer>((resolve, reject) => {
        request.on("error", reject);
        request.on("response", (response) => void readAll(response).then(resolve, reject));
        request.end();
      });
      return await Promise.race([stopped.promise, answered]);
    } catch (error) {
      if (over.signal.aborted || !request.reusedSocket) throw error;
      return "ended";
    } finally {
      limit.dispose();
      signal.removeEventListener("abort", onAbort);
      this.#ending.signal.removeEventListener("abort", onEnd);
    }
  }
}

function closed(): ConnectError {
  return new ConnectError("unreachable", "The connection to the pipelines' server ended.");
}

async function readAll(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new ConnectError("unreachable", "The pipelines' server's answer is larger than 32 MB.");
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") };
}
