import type { Disposable } from "../core/dispose.ts";
import { CancelledError, UserError } from "../core/errors.ts";
import type { FollowTarget } from "./follow.ts";

const REPLACED = "replaced";

/**
 * The follows of each context. One whose connection was ended, since its entry in the kubeconfig has changed, waits for
 * listeners that are gone: it must end, and say why.
 */
export class Follows implements Disposable {
  readonly #ends = new Map<string, AbortController>();
  #isDisposed = false;

  /** Runs a follow. Rejects with UserError `connection-replaced` where `replaced` is called for its context. */
  async run<T>(
    context: string,
    target: FollowTarget,
    signal: AbortSignal,
    follow: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (this.#isDisposed) throw new CancelledError();
    const ending = this.#ends.get(context) ?? new AbortController();
    this.#ends.set(context, ending);
    try {
      return await follow(AbortSignal.any([signal, ending.signal]));
    } catch (error) {
      if (ending.signal.reason !== REPLACED || signal.aborted) throw error;
      throw connectionReplaced(context, target, error);
    }
  }

  /** The connection of this context was ended. */
  replaced(context: string): void {
    this.#ends.get(context)?.abort(REPLACED);
    this.#ends.delete(context);
  }

  /** Ends all of them, as if they were cancelled. */
  dispose(): void {
    this.#isDisposed = true;
    for (const ending of this.#ends.values()) ending.abort();
    this.#ends.clear();
  }
}

function connectionReplaced(
  context: string,
  { namespace, name, uid, kind: jobKind }: FollowTarget,
  cause: unknown,
): UserError {
  const job = { kind: "job-reference", context, namespace, name, uid, jobKind };
  return new UserError(
    "connection-replaced",
    `${name} is no longer followed: its entry in the kubeconfig has changed.`,
    { next: [{ title: "Follow Again", command: "trainyard.job.follow", args: [job] }], cause },
  );
}
