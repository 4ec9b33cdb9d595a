import type { Clock } from "../core/clock.ts";
import { isCancelled, UserError } from "../core/errors.ts";
import { ApiError, ConnectError } from "../kube/errors.ts";
import { kindOrDefault } from "../kubeflow/jobKinds.ts";
import { QUEUE_LABEL } from "../kubeflow/labels.ts";
import type { Root } from "./cluster.ts";
import type { LaunchEntry, LaunchStep } from "./journal.ts";
import { buildManifests } from "./manifests/index.ts";
import { held, isSuspended } from "./manifestText.ts";
import { type Attempts, isTransient } from "./retry.ts";
import type { Snapshot } from "./code/snapshot.ts";
import type { LaunchSpec } from "./spec.ts";
import type { JobObject, Manifests } from "./types.ts";
import { specOfJob } from "./writtenJob.ts";

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

  /** The queue that the last step hands the job to. */
  get queue(): string | undefined {
    const { job, spec } = this.entry;
    return job === undefined ? spec.needs?.queue : job.metadata.labels?.[QUEUE_LABEL];
  }

  /** True where the last step is not ours: a webhook has put it into a queue (kueue: LocalQueueDefaulting), or a person wants it suspended. */
  #isLeft({ queue }: Root): boolean {
    const { job } = this.entry;
    return this.queue === undefined && (queue !== undefined || (job !== undefined && isSuspended(job)));
  }

  /** True where nothing is to be done any more: it was let go, or is left as it is, with all that it needs. */
  isDone(root: Root): boolean {
    const { step, manifests } = this.entry;
    // Another queue's admission is no sign that the code is there.
    const isOthers = root.queue !== undefined && root.queue !== this.queue;
    if (!root.suspended && !isOthers) return true;
    const isWhole = step === "code" || (manifests?.code.length === 0 && manifests.volume === undefined);
    return isWhole && (!root.suspended || this.#isLeft(root));
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
export function unknownOutcome({ context, namespace, name, uid, spec }: LaunchEntry, cause: unknown): UserError {
  const job = { kind: "job-reference", context, namespace, name, uid, jobKind: kindOrDefault(spec.kind) };
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

interface By {
  readonly version: string;
  readonly instance: string;
  readonly clock: Clock;
}

function begun(spec: LaunchSpec, { clock, instance }: By): Omit<LaunchEntry, "code" | "manifests"> {
  const { id, context, namespace, name } = spec;
  return { id, context, namespace, name, step: "journalled", intent: "start", spec, time: clock.now(), instance };
}

type BegunEntry = LaunchEntry & { readonly manifests: Manifests };

/** The entry that is written before the first request. `job` takes the place of the plan's own. */
export async function newEntry(
  spec: LaunchSpec,
  snapshot: Snapshot,
  by: By,
  job: JobObject | undefined,
): Promise<BegunEntry> {
  const built = await buildManifests(spec, snapshot, by.version);
  return {
    ...begun(spec, by),
    code: {
      ...{ hash: snapshot.hash, files: snapshot.files.length, bytes: snapshot.bytes, archive: snapshot.archive },
      searched: snapshot.searched,
      ...(snapshot.requirements === undefined ? {} : { requirements: snapshot.requirements }),
    },
    ...(job === undefined ? {} : { job }),
    manifests: { ...built, job: held(job ?? built.job) },
  };
}

/** The same of a job that a person has written, under its launch id. */
export function writtenEntry(job: JobObject, context: string, by: By): BegunEntry {
  const code = { hash: "", files: 0, bytes: 0 };
  return { ...begun(specOfJob(job, context), by), code, job, manifests: { job: held(job), code: [] } };
}

/** What stays of an entry once its job may run: what tells of it and makes another like it, not its code. */
export function startedEntry(entry: LaunchEntry, uid: string): LaunchEntry {
  return { ...entry, step: "started", uid, manifests: undefined };
}
