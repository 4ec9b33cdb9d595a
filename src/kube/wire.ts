import type { EventEmitter } from "node:events";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CancelledError } from "../core/errors.ts";
import type { Disposable } from "../core/dispose.ts";
import type { ConnectError } from "./errors.ts";
import type { KubeResponse } from "./transport.ts";

/** A request as it goes out, with everything in its headers. */
export interface WireRequest {
  readonly method: string;
  /** With the server's own path before it and the query after it. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer | undefined;
  /** Milliseconds until the response headers must have come. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** One negotiated connection, or a pool of them, that speaks one version of HTTP with one client certificate. */
export interface Wire extends Disposable {
  /** False when no further request may be sent. */
  readonly isUsable: boolean;
  /** False where a further request would have to wait for others. */
  readonly hasRoom: boolean;
  /** True when it is not usable and nothing runs on it any more: it may be forgotten. */
  readonly isOver: boolean;
  /** Takes its place at once. Rejects with ConnectError, CancelledError or NotProcessed. */
  send(request: WireRequest): Promise<KubeResponse>;
  /** No further requests; what runs may end by itself. */
  retire(): void;
}

/** Of a body, at a time. */
const CHUNK_BYTES = 64 * 1024;

/** Sees to it that every error reads as what happened to the cluster. */
export type Explain = (error: unknown) => Error;

/** It may be sent again: the server certainly did not act on it, whatever its method, or it is a read without an answer. */
export class NotProcessed extends Error {
  constructor(cause: unknown) {
    super("not processed", { cause });
    this.name = "NotProcessed";
  }
}

interface ResponseParts {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly source: Readable;
  /** Asked at the end: false where the connection was lost before all of it had come, which streams do not always tell. */
  readonly isWhole: () => boolean;
  /** Ends the exchange where it has not ended by itself. */
  readonly abandon: () => void;
  readonly probed: boolean;
  readonly signal: AbortSignal | undefined;
  readonly explain: Explain;
}

/** A response whose body is pulled: nothing is read ahead of the consumer beyond the streams' own buffers. */
export function kubeResponse(parts: ResponseParts): KubeResponse {
  const { status, headers, source, isWhole, abandon, probed, signal, explain } = parts;
  const body = decoded(source, headers["content-encoding"]);
  let ended = false;
  let cancelled = false;
  const cancel = (): void => {
    cancelled = true;
    if (ended) return;
    ended = true;
    abandon();
    body.destroy();
  };
  // What a decompressor had not been given yet went with the connection.
  const survives = (): boolean => body === source && !cancelled && signal?.aborted !== true && isWhole();
  const chunks = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* pulled(body, survives);
      if (!isWhole()) throw closedEarly();
      ended = true;
    } catch (error) {
      if (cancelled || signal?.aborted === true) throw new CancelledError();
      // A decompressor complains of what is only the consequence.
      throw explain(isWhole() ? error : closedEarly());
    } finally {
      cancel();
    }
  };
  return { status, headers, body: chunks(), probed, cancel };
}

/**
 * The chunks of a stream, pulled. Node's own iterator (24.21, end-of-stream) takes an HTTP/2 stream for broken whose
 * answer was whole before its first chunk was read: there `closed` says that the exchange is over, not that it was read.
 * `survives`: the stream was taken away with its connection, and yet all of it is here.
 */
async function* pulled(stream: Readable, survives: () => boolean): AsyncGenerator<Buffer> {
  let wake = (): void => undefined;
  const events = ["readable", "end", "error", "close"];
  const onEvent = (): void => wake();
  for (const event of events) stream.on(event, onEvent);
  try {
    for (;;) {
      const isLost = stream.destroyed && !survives();
      // All at once would be a copy of all of it.
      const most = stream.readableLength > CHUNK_BYTES ? CHUNK_BYTES : undefined;
      const chunk = isLost ? null : (stream.read(most) as Buffer | null);
      if (chunk !== null) yield chunk;
      else if (stream.readableEnded || (stream.destroyed && !isLost)) return;
      else if (stream.destroyed) throw stream.errored ?? closedEarly();
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    for (const event of events) stream.off(event, onEvent);
  }
}

function decoded(source: Readable, encoding: string | undefined): Readable {
  // An error that comes while nobody reads is told to the next reader; it must not end the process.
  source.on("error", () => undefined);
  if (encoding !== "gzip") return source;
  return pipeline(source, createGunzip(), () => undefined);
}

/** What the versions of HTTP do differently in one exchange. */
export interface Exchange {
  /** Tells `error` and `close`. */
  readonly emitter: EventEmitter;
  readonly request: WireRequest;
  /** Ends it where it has not ended by itself. With an error, who reads the body is told, also of what is buffered. */
  readonly end: (error?: Error) => void;
  /** Whether the request may be sent again, as NotProcessed has it. */
  readonly isUnprocessed: (error: unknown) => boolean;
  readonly explain: Explain;
  /** The error for a server that was silent for so many milliseconds. */
  readonly silent: (ms: number) => ConnectError;
}

/** Resolves once `listen` has told of the headers of the answer. Rejects as `Wire.send` does. */
export function answerTo(
  { emitter, request, end, isUnprocessed, explain, silent }: Exchange,
  listen: (answered: (parts: Omit<ResponseParts, "abandon" | "signal" | "explain">) => void) => void,
): Promise<KubeResponse> {
  const { signal, timeoutMs } = request;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      clearTimeout(timer);
      reject(isUnprocessed(error) ? new NotProcessed(error) : explain(error));
    };
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(new CancelledError());
      end(new CancelledError());
    };
    const timer = setTimeout(() => {
      fail(silent(timeoutMs));
      end();
    }, timeoutMs);
    emitter.on("error", fail);
    emitter.once("close", () => {
      signal?.removeEventListener("abort", onAbort);
      fail(closedEarly());
    });
    listen((parts) => {
      clearTimeout(timer);
      resolve(kubeResponse({ ...parts, abandon: () => end(), signal, explain }));
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
  });
}

export function closedEarly(): Error {
  return Object.assign(new Error("closed before the end"), { code: "ECONNRESET" });
}

export function plainHeaders(
  headers: Readonly<Record<string, string | readonly string[] | number | undefined>>,
): Record<string, string | undefined> {
  const plain: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !name.startsWith(":"))
      plain[name] = typeof value === "object" ? value.join(", ") : String(value);
  }
  return plain;
}
