import type { NextStep } from "../core/errors.ts";
import { UserError } from "../core/errors.ts";

/** Kubernetes' `Status` object, as far as we read it (apimachinery meta/v1 Status). */
export interface ApiStatus {
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly field?: string; readonly message?: string; readonly reason?: string }[];
  };
}

/** The API server answered, and the answer is no. `message` holds the server's own words. */
export class ApiError extends Error {
  /** By its name: each bundle carries a class of its own, and errors go from one to another. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "ApiError";
  }

  readonly status: number;
  /** `NotFound`, `AlreadyExists`, `Forbidden`, `Invalid`, `Expired`, …; empty where the server gave none. */
  readonly reason: string;
  readonly details: ApiStatus["details"];
  /** Seconds the server asks us to wait, from the header or the Status. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, body: ApiStatus, retryAfterSeconds?: number) {
    // A proxy may send JSON of any shape.
    super(typeof body.message === "string" ? body.message : `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.reason = body.reason ?? "";
    this.details = body.details;
    this.retryAfterSeconds = retryAfterSeconds ?? body.details?.retryAfterSeconds;
  }
}

export type ConnectFailure =
  /** No network path, refused, reset, timed out, name not found. */
  | "unreachable"
  /** The server's certificate was not accepted. */
  | "untrusted-server"
  /** The person's certificate has expired or was refused. */
  | "certificate-expired"
  /** 401 after a fresh try, or no usable credentials. */
  | "sign-in-needed"
  | "plugin-missing"
  | "plugin-failed"
  | "plugin-timeout"
  | "plugin-output"
  /** The person did not allow the program to run. */
  | "plugin-declined"
  /** The kubeconfig's entry cannot be used. */
  | "kubeconfig";

/** No usable answer came from the cluster. `code` says which way it failed. */
export class ConnectError extends UserError {
  static override [Symbol.hasInstance](value: unknown): boolean {
    const isNamed = value instanceof Error && /^(Connect|SilentStream)Error$/.test(value.name);
    return super[Symbol.hasInstance](value) || (this === ConnectError && isNamed);
  }

  declare readonly code: ConnectFailure;

  constructor(
    code: ConnectFailure,
    what: string,
    options: { why?: string; hint?: string; next?: readonly NextStep[]; cause?: unknown } = {},
  ) {
    super(code, what, options);
    this.name = "ConnectError";
  }
}

export function isApiError(error: unknown, ...reasons: readonly string[]): error is ApiError {
  return error instanceof ApiError && (reasons.length === 0 || reasons.includes(error.reason));
}

/**
 * The name belongs to another object by now: a write that named a uid met a different one. The API server says so with
 * a Conflict to deletions and to patches of built-in kinds, and with an immutable `metadata.uid` to patches of custom
 * ones (apimachinery api/validation: ValidateObjectMetaAccessorUpdate).
 */
export function isReplaced(error: unknown): boolean {
  if (!isApiError(error)) return false;
  if (error.reason === "Conflict") return true;
  return error.reason === "Invalid" && error.details?.causes?.some(({ field }) => field === "metadata.uid") === true;
}

/** The very object that was meant is no more: nothing has its name, or another does. */
export function isGone(error: unknown): boolean {
  return isApiError(error, "NotFound") || isReplaced(error);
}
