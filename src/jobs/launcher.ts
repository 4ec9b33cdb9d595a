import type { Clock } from "../core/clock.ts";
import { CancelledError, errorText, UserError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { KubeClient } from "../kube/client.ts";
import { ApiError } from "../kube/errors.ts";
import type { KubeObject } from "../kube/objects.ts";
import {
  ensureChild,
  ensureRoot,
  findAbandonedRoot,
  findRoot,
  isCode,
  jobDeleted,
  removeRoot,
  type Root,
  startRoot,
} from "./cluster.ts";
import { endOf, Flight, newEntry, startedEntry, unknownOutcome, withLeftovers, writtenEntry } from "./flight.ts";
import { BUILT_IN_IMAGE } from "./images.ts";
import { isInstanceAlive } from "./instance.ts";
import type { Journal, LaunchEntry } from "./journal.ts";
import { launchFailure, noJournal } from "./launchErrors.ts";
import { buildManifests } from "./manifests/index.ts";
import { ensureVolume } from "./mover/codeVolume.ts";
import type { ConnectPod } from "./mover/mover.ts";
import { dryRun } from "./preflight.ts";
import { type Attempts, isTransient, withRetries } from "./retry.ts";
import type { Snapshot } from "./code/snapshot.ts";
import { assertSpec, type LaunchKind, launchKind, type LaunchSpec } from "./spec.ts";
import { CONFIG_MAPS, type JobObject, type Manifests } from "./types.ts";

export interface LauncherOptions {
  readonly journal: Journal;
  readonly log: Logger;
  readonly clock: Clock;
  /** Of this window (`newInstance`). */
  readonly instance: string;
  /** Version of the extension. */
  readonly version: string;
  readonly connect: ConnectPod;
}

export interface LaunchedJob {
  readonly kind: LaunchKind;
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

/** What became of an interrupted launch. `gone`: somebody else has deleted it. */
export type ResumeOutcome =
  { readonly kind: "started"; readonly job: LaunchedJob } | { readonly kind: "removed" } | { readonly kind: "gone" };

/** `auto` finishes a launch of the last ten minutes, and removes an older one: nobody waits for that any more. */
export type ResumeChoice = "auto" | "start" | "remove";

export const FINISH_WITHIN_MS = 10 * 60_000;
/** A request that was given up may still be served for a while: until then the absence of a root proves nothing. */
export const SETTLED_AFTER_MS = 2 * 60_000;
const TRIES = 5;
const UNDO_TRIES = 3;
const UNDO_WITHIN_MS = 20_000;

/**
 * Makes launches happen exactly once (reference E3): journal, suspended root, code owned by it, go. Every step can be
 * repeated, the journal says from where; until the last one there is nothing but a suspended job that owns the rest.
 */
export class Launcher {
  readonly #o: LauncherOptions;
  readonly #active = new Set<string>();

  constructor(options: LauncherOptions) {
    this.#o = options;
  }

  /** A dry run of both objects (preflight.ts). Rejects with a UserError of launchErrors.ts, ConnectError or CancelledError. */
  async preflight(
    spec: LaunchSpec,
    snapshot: Snapshot,
    client: KubeClient,
    signal?: AbortSignal,
    job?: JobObject,
  ): Promise<void> {
    assertSpec(spec);
    try {
      const built = await buildManifests(spec, snapshot, this.#o.version);
      await dryRun(client, job === undefined ? built : { ...built, job }, this.#attempts(signal));
    } catch (error) {
      throw launchFailure(error, spec);
    }
  }

  /**
   * Launches. Resolves once the job may run. Rejects with a UserError, ConnectError or CancelledError, and then nothing
   * of it is left, or the journal knows what must still go and the error says so. UserError `unknown-outcome`: the last
   * step got no answer, and the job may run; `resume` finds out. `onStep` hears each step once it is certain, `tell` how far
   * a large archive has come. `job` is what a person has made of the plan's manifest.
   */
  async launch(
    spec: LaunchSpec,
    snapshot: Snapshot,
    client: KubeClient,
    signal?: AbortSignal,
    onStep?: (step: LaunchEntry["step"]) => void,
    tell?: (text: string) => void,
    job?: JobObject,
  ): Promise<LaunchedJob> {
    assertSpec(spec);
    if (signal?.aborted) throw new CancelledError();
    return this.#begin(await newEntry(spec, snapshot, this.#o, job), client, signal, onStep, tell);
  }

  /** Launches a job that a person has written, under its launch id: it owns nothing. Resolves and rejects as `launch`. */
  async create(job: JobObject, context: string, client: KubeClient, signal?: AbortSignal): Promise<LaunchedJob> {
    if (signal?.aborted) throw new CancelledError();
    return this.#begin(writtenEntry(job, context, this.#o), client, signal);
  }

  #begin(
    entry: LaunchEntry & { readonly manifests: Manifests },
    client: KubeClient,
    signal?: AbortSignal,
    onStep?: (step: LaunchEntry["step"]) => void,
    tell?: (text: string) => void,
  ): Promise<LaunchedJob> {
    return this.#guarded(entry.id, async () => {
      await this.#o.journal.put(entry).catch((error: unknown) => noJournal(error));
      onStep?.("journalled");
      const flight = new Flight(entry, this.#attempts(signal), onStep);
      try {
        return await this.#drive(flight, entry.manifests, client, tell);
      } catch (error) {
        throw await this.#failed(flight, client, endOf(error, signal));
      }
    });
  }

  /** Launches that were begun and that no living window is busy with. Newest first. */
  async interrupted(): Promise<LaunchEntry[]> {
    return (await this.#o.journal.list()).filter((entry) => entry.step !== "started" && !this.#isBusy(entry));
  }

  /** What is known here of a launch; `isBusy` where a living window is at it. */
  async known(id: string): Promise<{ readonly entry: LaunchEntry; readonly isBusy: boolean } | undefined> {
    const entry = await this.#o.journal.get(id);
    return entry && { entry, isBusy: entry.step !== "started" && this.#isBusy(entry) };
  }

  #isBusy({ id, instance }: LaunchEntry): boolean {
    return this.#active.has(id) || (instance !== this.#o.instance && isInstanceAlive(instance));
  }

  /**
   * Finishes or undoes an interrupted launch. Cancelled or without an answer from the cluster it rejects and leaves
   * the entry for the next time; a refusal by the cluster undoes the launch and rejects with its UserError.
   */
  async resume(
    entry: LaunchEntry,
    client: KubeClient,
    signal?: AbortSignal,
    choice: ResumeChoice = "auto",
  ): Promise<ResumeOutcome> {
    if (entry.step === "started") return { kind: "started", job: launched(entry, entry.uid ?? "") };
    return this.#guarded(entry.id, async () => {
      const flight = new Flight(entry, this.#attempts(signal));
      const { how } = flight;
      const { manifests } = entry;
      if (choice === "remove" || manifests === undefined) return this.#undo(entry, client, how);
      if (entry.intent === "undo") return this.#resumeUndo(flight, client, manifests.job);
      try {
        const root = await withRetries(how, () => findRoot(client, manifests.job, signal, flight.queue));
        if (entry.uid !== undefined && root?.uid !== entry.uid) throw jobDeleted(entry.name);
        // It runs: the answer to the last step was lost, and that is no reason to end it now.
        if (root !== undefined && flight.isDone(root))
          return { kind: "started", job: await this.#started(flight, root) };
        const late = this.#o.clock.now() - entry.time > FINISH_WITHIN_MS;
        if (late && choice === "auto") return await this.#undo(entry, client, how);
        return { kind: "started", job: await this.#drive(flight, manifests, client, undefined, { root }) };
      } catch (error) {
        return await this.#resumeFailed(flight.entry, client, error);
      }
    });
  }

  async #drive(
    flight: Flight,
    manifests: Manifests,
    client: KubeClient,
    tell: (text: string) => void = () => undefined,
    /** Of a launch that was interrupted: what there is of it. */
    found?: { readonly root: Root | undefined },
  ): Promise<LaunchedJob> {
    const { how } = flight;
    const { name, namespace } = flight.entry;
    const { kind } = manifests.job;
    const look = found !== undefined;
    const root = found?.root ?? (await ensureRoot(client, manifests.job, how, flight.queue, look));
    const { uid } = root;
    if (flight.entry.uid === undefined) {
      flight.reach("created", uid);
      await this.#note(flight.entry);
    }
    if (flight.entry.step !== "code") {
      const owner = { kind, name, uid };
      for (const code of manifests.code) await ensureChild(client, CONFIG_MAPS, code, owner, how);
      if (manifests.volume !== undefined) await this.#fill(flight, client, owner, manifests.volume, tell);
      flight.reach("code", uid);
      await this.#note(flight.entry);
    }
    if (!flight.isDone(root)) await startRoot(client, { kind, name, namespace, uid }, flight.queue, how);
    return this.#started(flight, root);
  }

  async #fill(
    { entry, how }: Flight,
    client: KubeClient,
    root: { readonly kind: LaunchKind; readonly name: string; readonly uid: string },
    claim: KubeObject,
    tell: (text: string) => void,
  ): Promise<void> {
    const { id, context, spec, code } = entry;
    const { archive } = code;
    if (archive === undefined)
      throw new UserError("refused", "The job was not created.", { why: "Its code is not on this computer any more." });
    const image = spec.image === "" ? (spec.runtime?.image ?? BUILT_IN_IMAGE.reference) : spec.image;
    const site = { connect: this.#o.connect, context, image, launch: id };
    await ensureVolume({ client, root, claim, archive, site }, how, tell);
  }

  async #started(flight: Flight, root: Pick<Root, "uid">): Promise<LaunchedJob> {
    flight.reach("started", root.uid);
    const entry = startedEntry(flight.entry, root.uid);
    await this.#note(entry);
    this.#o.log.info(`launch ${entry.id}: ${entry.namespace}/${entry.name} may run`);
    return launched(entry, root.uid);
  }

  /** Settles what a failed launch leaves, as far as that is possible now, and says what the person hears. */
  async #failed(flight: Flight, client: KubeClient, error: unknown): Promise<Error> {
    const { spec, id } = flight.entry;
    if (flight.leftNothing(error)) {
      await this.#o.journal.remove(id);
      return launchFailure(error, spec);
    }
    if (flight.mayRun(error)) {
      this.#o.log.warn(`launch ${id}: the last step got no answer: ${errorText(error)}`);
      return unknownOutcome(flight.entry, error);
    }
    const isUndone = await this.#abandon(flight.entry, client, error);
    const failure = launchFailure(error, spec);
    if (isUndone || !(failure instanceof UserError)) return failure;
    return flight.mayHaveStarted ? unknownOutcome(flight.entry, error) : withLeftovers(failure);
  }

  /** Finishes an undo of earlier. By now a job that runs after all is somebody's work: it is told of, not deleted. */
  async #resumeUndo(flight: Flight, client: KubeClient, job: Manifests["job"]): Promise<ResumeOutcome> {
    const { entry, how } = flight;
    try {
      const root = await withRetries(how, () => findRoot(client, job, how.signal, flight.queue));
      if (root?.suspended === false) {
        flight.entry = { ...entry, intent: "start" };
        return { kind: "started", job: await this.#started(flight, root) };
      }
    } catch (error) {
      if (!isCode(error, "name-taken", "job-deleted")) throw error;
    }
    return this.#undo(entry, client, how);
  }

  async #resumeFailed(entry: LaunchEntry, client: KubeClient, error: unknown): Promise<ResumeOutcome> {
    if (isCode(error, "job-deleted")) {
      await this.#o.journal.remove(entry.id);
      return { kind: "gone" };
    }
    const refused = (error instanceof ApiError && !isTransient(error)) || isCode(error, "name-taken");
    if (refused) await this.#abandon(entry, client, error);
    throw launchFailure(error, entry.spec);
  }

  /**
   * After a failure that the person hears of: what there is must go, now or when the cluster answers again. False where
   * it could not go now.
   */
  async #abandon(entry: LaunchEntry, client: KubeClient, error: unknown): Promise<boolean> {
    this.#o.log.warn(`launch ${entry.id} is given up: ${errorText(error)}`);
    await this.#note({ ...entry, intent: "undo" });
    // The person's own signal may be aborted already.
    const how = { ...this.#attempts(AbortSignal.timeout(UNDO_WITHIN_MS)), tries: UNDO_TRIES };
    try {
      await this.#undo(entry, client, how);
      return true;
    } catch (undoError) {
      this.#o.log.warn(`launch ${entry.id} is still to be removed: ${errorText(undoError)}`);
      return false;
    }
  }

  async #undo(entry: LaunchEntry, client: KubeClient, how: Attempts): Promise<ResumeOutcome> {
    const { id, name, namespace, manifests } = entry;
    const uid =
      entry.uid ?? (manifests === undefined ? undefined : await findAbandonedRoot(client, manifests.job, how));
    if (uid !== undefined) await removeRoot(client, { kind: launchKind(entry.spec.kind), name, namespace, uid }, how);
    if (uid !== undefined || this.#o.clock.now() - entry.time >= SETTLED_AFTER_MS) await this.#o.journal.remove(id);
    else await this.#note({ ...entry, intent: "undo" });
    return { kind: "removed" };
  }

  /** Later entries only shorten what a resume has to find out: the cluster itself knows the launch id. */
  async #note(entry: LaunchEntry): Promise<void> {
    try {
      await this.#o.journal.put({ ...entry, instance: this.#o.instance });
    } catch (error) {
      this.#o.log.warn(`launch ${entry.id}: the journal cannot be written (${errorText(error)})`);
    }
  }

  async #guarded<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (this.#active.has(id)) throw new UserError("busy", "This launch is already under way.");
    this.#active.add(id);
    try {
      return await work();
    } finally {
      this.#active.delete(id);
    }
  }

  #attempts(signal: AbortSignal | undefined): Attempts {
    return { clock: this.#o.clock, log: this.#o.log, signal, tries: TRIES };
  }
}

function launched(entry: LaunchEntry, uid: string): LaunchedJob {
  const { id, name, namespace, spec } = entry;
  return { kind: launchKind(spec.kind), id, name, namespace, uid };
}
