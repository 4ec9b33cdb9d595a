import type { Clock } from "../core/clock.ts";
import { isCancelled, UserError } from "../core/errors.ts";
import { ApiError, ConnectError } from "../kube/errors.ts";
import type { LaunchEntry, LaunchStep } from "./journal.ts";
import { buildCodeConfigMap, buildPyTorchJob } from "./manifest.ts";
import { type Attempts, isTransient } from "./retry.ts";
import type { Snapshot } from "./snapshot.ts";
import type { LaunchSpec } from "./spec.ts";

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

  /** True where the last step got no answer: the job may run, and only the cluster can tell. */
  mayRun(error: unknown): boolean {
    if (this.entry.step !== "code" || isCancelled(error)) return false;
    return error instanceof ConnectError || isTransient(error) || !isAnswer(error);
  }

  /** True where a job that could not be removed may run: an earlier try of the last step may have been served. */
  get mayHaveStarted(): boolean {
    return this.entry.step === "code" && this.#unanswered;
  }

  /** True where the cluster refused the very first request: then there is nothing to undo, for certain. */
  leftNothing(error: unknown): boolean {
    return this.entry.uid === undefined && !isCancelled(error) && isAnswer(error) && !this.#unanswered;
  }
}

function isAnswer(error: unknown): boolean {
  return error instanceof ApiError || error instanceof UserError;
}

/** What the person hears of a launch whose last step got no answer. */
export function unknownOutcome({ context, namespace, name, uid }: LaunchEntry, cause: unknown): UserError {
  const job = { kind: "job-reference", context, namespace, name, uid };
  return new UserError("unknown-outcome", `${name} may be running: the cluster did not answer the last step.`, {
    hint: "It is looked at again when the cluster answers; nothing is launched twice.",
    next: [{ title: "Follow Logs", command: "trainyard.job.follow", args: [job] }],
    cause,
  });
}

/** The failure of a launch that could not be undone at once. Its root is suspended: it cannot run. */
export function withLeftovers(failure: UserError): UserError {
  const left = "What was already created could not be removed: it never runs, and is removed later.";
  return new UserError(failure.code, `${failure.message} ${left}`, { next: failure.next, cause: failure });
}

/**
 * What ended a launch. A cancellation that is not the person's comes of a connection that was ended under it, since its
 * entry in the kubeconfig has changed: it must not pass in silence.
 */
export function endOf(error: unknown, signal: AbortSignal | undefined): unknown {
  if (!isCancelled(error) || signal?.aborted === true) return error;
  return new ConnectError(
    "unreachable",
    "The connection to the cluster was ended: its entry in the kubeconfig has changed.",
  );
}

/** Both objects of a launch. `version` is the extension's. */
export function buildManifests(
  spec: LaunchSpec,
  snapshot: Snapshot,
  version: string,
): NonNullable<LaunchEntry["manifests"]> {
  return { job: buildPyTorchJob(spec, snapshot, version), code: buildCodeConfigMap(spec, snapshot, version) };
}

/** The entry that is written before the first request. */
export function newEntry(
  spec: LaunchSpec,
  snapshot: Snapshot,
  by: { readonly version: string; readonly instance: string; readonly clock: Clock },
): LaunchEntry {
  const { id, context, namespace, name } = spec;
  return {
    id,
    context,
    namespace,
    name,
    step: "journalled",
    intent: "start",
    spec,
    code: { hash: snapshot.hash, files: snapshot.files.length, bytes: snapshot.bytes },
    manifests: buildManifests(spec, snapshot, by.version),
    time: by.clock.now(),
    instance: by.instance,
  };
}

/** What stays of an entry once its job may run: what tells of it, not what made it; no values of variables. */
export function startedEntry(entry: LaunchEntry, uid: string): LaunchEntry {
  return { ...entry, step: "started", uid, spec: { ...entry.spec, env: [] }, manifests: undefined };
}
