import type { Clock } from "../core/clock.ts";
import { isCancelled, UserError } from "../core/errors.ts";
import { ApiError } from "../kube/errors.ts";
import type { LaunchEntry, LaunchStep } from "./journal.ts";
import { buildCodeConfigMap, buildPyTorchJob } from "./manifest.ts";
import type { Attempts } from "./retry.ts";
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

  /** True where the cluster refused the very first request: then there is nothing to undo, for certain. */
  leftNothing(error: unknown): boolean {
    const answered = !isCancelled(error) && (error instanceof ApiError || error instanceof UserError);
    return this.entry.uid === undefined && answered && !this.#unanswered;
  }
}

/** Both objects of a launch. `version` is the extension's. */
export function buildManifests(
  spec: LaunchSpec,
  snapshot: Snapshot,
  version: string,
): NonNullable<LaunchEntry["manifests"]> {
  const meta = { version, ...(spec.git !== undefined && { git: spec.git }) };
  return { job: buildPyTorchJob(spec, snapshot, meta), code: buildCodeConfigMap(spec, snapshot, meta) };
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
  const { id, context, namespace, name, intent, code, time, instance } = entry;
  return {
    id,
    context,
    namespace,
    name,
    intent,
    code,
    time,
    instance,
    step: "started",
    uid,
    spec: { ...entry.spec, env: [] },
  };
}
