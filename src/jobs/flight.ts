import { isCancelled, UserError } from "../core/errors.ts";
import { ApiError } from "../kube/errors.ts";
import type { LaunchEntry, LaunchStep } from "./journal.ts";
import type { Attempts } from "./retry.ts";

/** How far one launch has come in this process, whether or not the journal could be written. */
export class Flight {
  entry: LaunchEntry;
  readonly how: Attempts;
  readonly #onStep: ((step: LaunchStep) => void) | undefined;
  #unanswered = false;

  constructor(entry: LaunchEntry, how: Omit<Attempts, "onTransient">, onStep?: (step: LaunchStep) => void) {
    this.entry = entry;
    this.how = { ...how, onTransient: () => (this.#unanswered = true) };
    this.#onStep = onStep;
  }

  reach(step: LaunchStep, uid: string): void {
    this.entry = { ...this.entry, step, uid };
    this.#onStep?.(step);
  }

  /** True where the cluster refused the very first request: then there is nothing to undo, for certain. */
  leftNothing(error: unknown): boolean {
    const answered = !isCancelled(error) && (error instanceof ApiError || error instanceof UserError);
    return this.entry.uid === undefined && answered && !this.#unanswered;
  }
}

/** What stays of an entry once its job may run: what tells of it, not what made it; no values of variables. */
export function startedEntry(entry: LaunchEntry, uid: string): LaunchEntry {
  const { id, context, namespace, name, intent, code, time, instance } = entry;
  return { id, context, namespace, name, intent, code, time, instance, step: "started", uid, spec: { ...entry.spec, env: [] } };
}
