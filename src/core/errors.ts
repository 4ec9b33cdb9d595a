/**
 * A thing a person can press after a failure. `command` is an id of src/manifest.ts; the lower layers only
 * name it, the commands layer knows what it does.
 */
export interface NextStep {
  readonly title: string;
  readonly command: string;
  readonly args?: readonly unknown[];
}

export interface UserErrorOptions {
  /** Why it happened, in the system's own words where they help. One sentence. */
  readonly why?: string;
  /** What to do next, where no button says it. One sentence. */
  readonly hint?: string;
  readonly next?: readonly NextStep[];
  readonly cause?: unknown;
}

/**
 * A failure with a clear sentence for the person. `code` is for guards (never match on the text);
 * `message` says what did not happen, then why, then what to do.
 */
export class UserError extends Error {
  /** Also by what it has: each bundle carries a class of its own, and errors go from one to another. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return super[Symbol.hasInstance](value) || (this === UserError && isUserError(value));
  }

  readonly code: string;
  readonly next: readonly NextStep[];

  constructor(code: string, what: string, options: UserErrorOptions = {}) {
    super(
      [what, options.why, options.hint].filter((part) => part !== undefined && part !== "").join(" "),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = "UserError";
    this.code = code;
    this.next = options.next ?? [];
  }
}

/** The person said no. Silent everywhere. */
export class CancelledError extends Error {
  constructor() {
    super("cancelled");
    this.name = "CancelledError";
  }
}

// Guards go by what an error has, never by its class: each bundle carries a class of its own.

/** True for our own cancellation and for an aborted signal. */
export function isCancelled(error: unknown): boolean {
  return error instanceof Error && (error.name === "CancelledError" || error.name === "AbortError");
}

/** True for a failure whose message is meant for the person. */
export function isUserError(error: unknown): error is UserError {
  return error instanceof Error && "next" in error && Array.isArray(error.next) && typeof errorCode(error) === "string";
}

export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(errorText).join("; ");
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system error such as ECONNREFUSED, or of a UserError. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** For `catch`: nothing for a file that is not there; what else went wrong with it goes on. */
export function unlessMissing(error: unknown): undefined {
  if (errorCode(error) !== "ENOENT") throw error;
  return undefined;
}
