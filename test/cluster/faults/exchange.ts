// One request on its way through the fault proxy, and what becomes of its answer.
import { constants, type ServerHttp2Stream } from "node:http2";
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";

/** How an answer ends: RST_STREAM (HTTP/2), a TCP reset of the whole connection, a clean end, or never, in silence. */
export type Ending = "reset" | "cut" | "end" | "hold";

export type Fault =
  /** Answers itself; the server is not asked. */
  | {
      readonly do: "answer";
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Asks the server only once the promise has resolved. */
  | { readonly do: "wait"; readonly until: Promise<unknown> }
  /** Ends the answer after so many bytes of its body, exactly; -1: before its headers. */
  | { readonly do: "stop"; readonly after: number; readonly how: Ending }
  /** Ends the answer when it is so many ms old. */
  | { readonly do: "expire"; readonly ms: number; readonly how: Ending }
  /** Spoils one line of the answer, counted from 1; the rest passes. */
  | { readonly do: "garble"; readonly line: number };

/** One request as it came in. */
export interface Seen {
  /** Monotonic ms. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly token: string | undefined;
  status?: number;
  /** Bytes of the body that the client was sent. */
  bytes: number;
  /** No answer, a refusal, or one that broke off. */
  failed: boolean;
}

export interface NearRequest extends Readable {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remotePort?: number | undefined };
}

export interface NearResponse {
  readonly stream?: ServerHttp2Stream | undefined;
  writeHead(status: number, headers?: OutgoingHttpHeaders): unknown;
  flushHeaders?(): void;
  write(chunk: string | Buffer, written?: () => void): boolean;
  end(): unknown;
  once(event: "close" | "drain", listener: () => void): unknown;
}

/** One request on its way, for as long as the client may hear of it. */
export class Exchange {
  readonly seen: Seen;
  /** Told each line that the server sent, once something listens. */
  onLine: ((line: string) => void) | undefined;
  readonly #response: NearResponse;
  readonly #reset: () => void;
  #upstream: IncomingMessage | undefined;
  #fault: Fault | undefined;
  #rest = "";
  #lines = 0;
  #held = false;
  #over = false;
  #timer: NodeJS.Timeout | undefined;
  #drained: (() => void) | undefined;

  constructor(seen: Seen, response: NearResponse, reset: () => void) {
    this.seen = seen;
    this.#response = response;
    this.#reset = reset;
    response.once("close", () => this.#close());
  }

  get isOpen(): boolean {
    return !this.#over;
  }

  /** The server has begun to answer. */
  get isAnswered(): boolean {
    return this.seen.status !== undefined;
  }

  /** Sends what the server never said. False where the client is behind: wait for `drained`. */
  write(text: string): boolean {
    this.seen.bytes += Buffer.byteLength(text);
    return this.#response.write(text);
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve;
      this.#response.once("drain", resolve);
    });
  }

  /** Ends the answer. What was written before it is sent first. */
  stop(how: Ending): void {
    if (this.#over) return;
    if (how !== "end") this.seen.failed = true;
    if (how === "hold") {
      this.#held = true;
      this.#upstream?.destroy();
      return;
    }
    if (how === "end") this.#response.end();
    else if (how === "reset" && this.#response.stream !== undefined)
      this.#response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else this.#reset();
    this.#close();
  }

  /** The server broke off: so do we, unless it was our own wish. */
  lost(): void {
    if (!this.#held) this.stop("cut");
  }

  head(status: number, headers: OutgoingHttpHeaders = {}): void {
    if (this.#over || this.#held) return;
    this.seen.status = status;
    this.seen.failed = status >= 400;
    this.#response.writeHead(status, headers);
    // By HTTP/1.1 Node keeps them back until there is a body, which a quiet watch does not have.
    this.#response.flushHeaders?.();
  }

  /** Passes the server's answer on, with its fault. */
  pass(upstream: IncomingMessage, fault: Fault | undefined): void {
    this.#upstream = upstream;
    this.#fault = fault;
    upstream.on("error", () => this.lost());
    upstream.on("aborted", () => this.lost());
    if (fault?.do === "stop" && fault.after < 0) {
      this.stop(fault.how);
      return;
    }
    // What belongs to one connection alone; and a length would be a lie for an answer that is spoilt.
    const dropped =
      fault === undefined ? /^(transfer-encoding|connection)$/ : /^(transfer-encoding|connection|content-length)$/;
    this.head(
      upstream.statusCode ?? 502,
      Object.fromEntries(Object.entries(upstream.headers).filter(([name]) => !dropped.test(name))),
    );
    if (fault?.do === "expire") this.#timer = setTimeout(() => this.stop(fault.how), fault.ms);
    upstream.on("data", (chunk: Buffer) => this.#data(chunk));
    upstream.on("end", () => {
      if (this.#held || this.#over) return;
      this.#response.end();
      this.#over = true;
    });
  }

  #data(chunk: Buffer): void {
    if (this.#over || this.#held) return;
    const fault = this.#fault;
    if (fault?.do === "stop") this.#dataUntil(chunk, fault);
    else if (fault?.do === "garble") this.#send(Buffer.from(this.#garbled(chunk, fault.line)));
    else this.#send(chunk);
    if (this.onLine !== undefined) this.#tellLines(chunk, this.onLine);
  }

  #dataUntil(chunk: Buffer, fault: Extract<Fault, { do: "stop" }>): void {
    const left = fault.after - this.seen.bytes;
    if (chunk.length < left) {
      this.#send(chunk);
      return;
    }
    this.#held = true;
    const part = chunk.subarray(0, left);
    this.seen.bytes += part.length;
    // Frames leave in order, but a reset must not overtake what the kernel still holds.
    this.#response.write(part, () => setImmediate(() => this.stop(fault.how)));
  }

  #send(chunk: Buffer): void {
    this.seen.bytes += chunk.length;
    if (chunk.length === 0 || this.#response.write(chunk)) return;
    this.#upstream?.pause();
    this.#response.once("drain", () => this.#upstream?.resume());
  }

  #garbled(chunk: Buffer, spoilt: number): string {
    const lines = (this.#rest + chunk.toString("utf8")).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines
      .map((line) => (++this.#lines === spoilt ? `${line.slice(0, line.length / 2)}\u0000}\n` : `${line}\n`))
      .join("");
  }

  #tellLines(chunk: Buffer, tell: (line: string) => void): void {
    const lines = (this.#rest + chunk.toString("utf8")).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) tell(line);
  }

  #close(): void {
    this.#over = true;
    this.#drained?.();
    clearTimeout(this.#timer);
    this.#upstream?.destroy();
  }
}
