import { Backoff } from "../core/backoff.ts";
import type { Clock } from "../core/clock.ts";
import { CancelledError, errorCode, errorText, isCancelled, UserError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { ApiError, ConnectError } from "../kube/errors.ts";

/** How one launch talks to its cluster. */
export interface Attempts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal | undefined;
  /** Tries altogether, the first included. */
  readonly tries: number;
  /** Called for each failure after which nobody knows whether the request was served. */
  readonly onTransient?: () => void;
}

const RETRIED_STATUS = new Set([429, 500, 502, 503, 504]);
const LONGEST_WAIT_MS = 30_000;

/** Says to `withRetries` that a new try is worth it, though no error of the network said so. */
export class TryAgain extends Error {}

/**
 * True where another try may help: no answer, a cut answer, an overloaded or starting server. A refusal, a missing
 * sign-in and cancellation are final.
 */
export function isTransient(error: unknown): boolean {
  if (isCancelled(error)) return false;
  if (error instanceof ConnectError) return error.code === "unreachable";
  if (error instanceof UserError) return false;
  if (error instanceof ApiError) return RETRIED_STATUS.has(error.status) && !/request is too large/.test(error.message);
  // The answer broke off: half of its JSON, or an error of the socket.
  return error instanceof TryAgain || error instanceof SyntaxError || /^E[A-Z]/.test(errorCode(error) ?? "");
}

/**
 * Runs the action, again after transient failures, with waits of client-go's reflector or as long as the server asks
 * (at most 30 s). `attempt` counts from 0. Rejects with the last error, or CancelledError.
 */
export async function withRetries<T>(
  how: Attempts,
  action: (attempt: number) => Promise<T>,
  isWorthIt: (error: unknown) => boolean = isTransient,
): Promise<T> {
  const backoff = new Backoff();
  for (let attempt = 0; ; attempt += 1) {
    if (how.signal?.aborted) throw new CancelledError();
    try {
      return await action(attempt);
    } catch (error) {
      if (!isWorthIt(error)) throw error;
      how.onTransient?.();
      if (attempt + 1 >= how.tries) throw error;
      const asked = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
      const wait = Math.min(LONGEST_WAIT_MS, Math.max(asked, backoff.next(how.clock.monotonic())));
      how.log.debug(`trying again in ${Math.round(wait)} ms: ${errorText(error)}`);
      await how.clock.sleep(wait, how.signal);
    }
  }
}
