import { CancelledError, errorText } from "../core/errors.ts";
import { ApiError, ConnectError } from "./errors.ts";

/** How one read of a log ended. */
export type ReadEnd =
  /** As it should; `prompt`: something came of it, so that the next may follow at once. */
  | { readonly kind: "closed"; readonly prompt: boolean }
  /** By ourselves, in the middle: its connection may be dead without knowing it. */
  | { readonly kind: "cut" }
  /** The container has not started yet. */
  | { readonly kind: "waiting" }
  /** There is no such pod, or no such earlier container, any more. */
  | { readonly kind: "missing"; readonly certain: boolean }
  | { readonly kind: "failed"; readonly why: string; readonly atLeastMs: number }
  /** Another instance writes there by now: what was read is not of ours. */
  | { readonly kind: "replaced"; readonly by: "gone" | "restarted" };

/** pkg/registry/core/pod/strategy.go: a container without a log yet, all with 400 BadRequest. */
const NOT_YET = /is waiting to start|is not available|is terminated/;
const NO_EARLIER = /^previous terminated container .* not found/;

/** What a failure of a read means. Throws it again where trying again is no use without a person. */
export function readEndOf(error: unknown): ReadEnd {
  if (error instanceof ApiError) return endByAnswer(error);
  // Not by the reader, who looks for that first: the transport has ended, and no other read can succeed.
  if (error instanceof CancelledError) throw error;
  if (error instanceof ConnectError && error.code !== "unreachable") throw error;
  return { kind: "failed", why: errorText(error), atLeastMs: 0 };
}

function endByAnswer(error: ApiError): ReadEnd {
  const { status, message } = error;
  if (status === 404) return { kind: "missing", certain: error.details?.kind === "pods" };
  if (status === 400 && NOT_YET.test(message)) return { kind: "waiting" };
  if (status === 400 && NO_EARLIER.test(message)) return { kind: "missing", certain: true };
  if (status < 500 && status !== 429 && status !== 408) throw error;
  return { kind: "failed", why: message, atLeastMs: (error.retryAfterSeconds ?? 0) * 1000 };
}
