import { ApiError, ConnectError } from "./errors.ts";
import { NoTableError } from "./table.ts";
import { GarbledStreamError } from "./watchEvents.ts";

/** Watches shorter than this, in ms, that brought nothing count as failures (client-go's VeryShortWatchError). */
export const SHORT_WATCH_MS = 1_000;

/** The server took the watch and ended it at once, with nothing in it. */
export class ShortWatchError extends Error {
  constructor() {
    super("The server ends every watch at once.");
    this.name = "ShortWatchError";
  }
}

/** What a store does about a failure. */
export type Reaction =
  | {
      readonly kind: "retry";
      /** What was read cannot be continued: read everything anew. */
      readonly anew: boolean;
      /** Wait at least this long, in ms. */
      readonly atLeastMs: number;
    }
  | { readonly kind: "forbidden" }
  | { readonly kind: "absent" }
  /** Only a person can help: no retry until asked. */
  | { readonly kind: "halt" };

/** Statuses by which servers that do not stream lists refuse to (API reference: 400 and 422; proxies: 405). */
const REFUSALS: readonly number[] = [400, 405, 422];

export function refusesWatchList(error: unknown): boolean {
  return error instanceof ApiError && REFUSALS.includes(error.status);
}

/** 406 is what the API server says to a type that it does not have; aggregated servers may send something else. */
export function refusesTable(error: unknown): boolean {
  return error instanceof NoTableError || (error instanceof ApiError && error.status === 406);
}

export function isForbidden(error: unknown): boolean {
  return error instanceof ApiError && error.status === 403;
}

/** 410: the history or a continue token is older than what the server still has. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 410 || error.reason === "Expired" || error.reason === "Gone");
}

export function reactionTo(error: unknown): Reaction {
  if (error instanceof ApiError) return reactionToAnswer(error);
  if (error instanceof ConnectError && error.code !== "unreachable") return { kind: "halt" };
  return retry(error instanceof GarbledStreamError);
}

function reactionToAnswer(error: ApiError): Reaction {
  const atLeastMs = (error.retryAfterSeconds ?? 0) * 1000;
  if (isExpired(error) || isFromTheFuture(error)) return retry(true, atLeastMs);
  if (error.status === 401) return { kind: "halt" };
  if (error.status === 403) return { kind: "forbidden" };
  if (error.status === 404) return { kind: "absent" };
  // Another client error: whatever we asked, asking the same again would not help.
  return retry(error.status < 500 && error.status !== 429, atLeastMs);
}

/** After a restore from a backup the cluster's versions are below ours (apiserver storage errors, ResourceVersionTooLarge). */
function isFromTheFuture(error: ApiError): boolean {
  return error.details?.causes?.some((cause) => cause.reason === "ResourceVersionTooLarge") === true;
}

function retry(anew: boolean, atLeastMs = 0): Reaction {
  return { kind: "retry", anew, atLeastMs };
}
