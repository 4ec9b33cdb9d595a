import type { Clock } from "../core/clock.ts";
import { CancelledError } from "../core/errors.ts";
import { ConnectError } from "./errors.ts";
import type { KubeResponse } from "./transport.ts";

export interface ReadOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /**
   * Milliseconds without a byte after which the read fails; asked anew each time with the monotonic time of the last
   * byte. Without it silence is fine.
   */
  readonly silenceMs?: (lastByte: number) => number;
}

/** Nothing was heard for too long, though the request still stood. */
export class SilentStreamError extends ConnectError {
  constructor(ms: number) {
    super("unreachable", `The server sent nothing for ${Math.round(ms / 1000)} s.`);
    this.name = "SilentStreamError";
  }
}

/**
 * The body of a response, which ends for certain: with CancelledError as soon as the signal aborts, with
 * SilentStreamError after too long a silence, whatever the transport does. The request is cancelled on every way out.
 */
export async function* readBody(response: KubeResponse, options: ReadOptions): AsyncGenerator<Buffer> {
  const { signal, clock, silenceMs } = options;
  const reader = response.body[Symbol.asyncIterator]();
  const over = new AbortController();
  let failure: Error | undefined;
  let rejectRead: (error: Error) => void = () => undefined;
  let lastByte = clock.monotonic();
  const fail = (error: Error): void => {
    failure ??= error;
    response.cancel();
    rejectRead(failure);
  };
  const onAbort = (): void => fail(new CancelledError());
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  if (silenceMs !== undefined) void watchSilence(clock, over.signal, silenceMs, () => lastByte, fail);
  try {
    for (;;) {
      const next = await new Promise<IteratorResult<Buffer>>((resolve, reject) => {
        rejectRead = reject;
        if (failure !== undefined) reject(failure);
        else reader.next().then(resolve, reject);
      });
      if (next.done === true) return;
      lastByte = clock.monotonic();
      yield next.value;
    }
  } finally {
    over.abort();
    signal.removeEventListener("abort", onAbort);
    response.cancel();
  }
}

/** The whole body as text. Rejects with ConnectError where it is longer than `maxBytes`. */
export async function readWhole(response: KubeResponse, options: ReadOptions, maxBytes = Infinity): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of readBody(response, options)) {
    size += chunk.length;
    if (size > maxBytes)
      throw new ConnectError("unreachable", `The server's answer is larger than ${Math.round(maxBytes / 2 ** 20)} MB.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function watchSilence(
  clock: Clock,
  over: AbortSignal,
  limitMs: (lastByte: number) => number,
  lastByte: () => number,
  fail: (error: Error) => void,
): Promise<void> {
  try {
    for (;;) {
      const limit = limitMs(lastByte());
      const left = lastByte() + limit - clock.monotonic();
      if (left > 0) await clock.sleep(left, over);
      else {
        fail(new SilentStreamError(limit));
        return;
      }
    }
  } catch {
    // The body ended first.
  }
}
