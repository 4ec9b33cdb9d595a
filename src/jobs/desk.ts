import path from "node:path";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { Emitter } from "../core/events.ts";
import type { StateStore } from "../core/storage.ts";
import { kindOrDefault } from "../kubeflow/jobKinds.ts";
import type { JobKind } from "../kubeflow/model.ts";
import { argumentsProblem, joinArguments, splitArguments } from "./arguments.ts";
import { gitState } from "./git.ts";
import { chooseImage, imageProblem } from "./images.ts";
import { newInstance } from "./instance.ts";
import { LaunchJournal } from "./journal.ts";
import { ownerLabel } from "./labels.ts";
import { LastRuns } from "./lastRuns.ts";
import type { LaunchedAt } from "./launchedJobs.ts";
import { Launcher, type LaunchedJob } from "./launcher.ts";
import { type OpenFollow, OpenFollows } from "./openFollows.ts";
import { collectSnapshot, type Snapshot } from "./snapshot.ts";
import { findReferences, localFile } from "./traceback.ts";
import { describeSize, type LaunchSpec, newLaunchId, parseCustomSize, type Size, SIZES, suggestName } from "./spec.ts";

export interface JobDeskOptions {
  readonly version: string;
  /** Stands for this installation; becomes the owner label. */
  readonly installation: string;
  readonly state: StateStore;
  readonly log: Logger;
  readonly clock: Clock;
  /** Folder of the launch journal. */
  readonly folder: string;
}

/** What a person decides about a run. */
export interface RunChoice {
  readonly context: string;
  readonly namespace: string;
  readonly size: Size;
  readonly image: string;
  readonly args: readonly string[];
}

/** A run that only needs to be sent. */
export interface RunPlan {
  readonly file: string;
  readonly spec: LaunchSpec;
  readonly snapshot: Snapshot;
}

/** The launching side of the engine: snapshots, specs, launches, and what is remembered of them. */
export class JobDesk {
  readonly launcher: Launcher;
  readonly journal: LaunchJournal;
  readonly lastRuns: LastRuns;
  readonly #options: JobDeskOptions;
  readonly #instance = newInstance();
  readonly #follows: OpenFollows;

  /** Label value of what this installation launches. */
  readonly owner: string;
  readonly #launched = new Emitter<LaunchedAt>();
  /** A job that was launched from here is being followed. */
  readonly onDidLaunch = this.#launched.event;
  readonly #roots = new Map<string, string>();

  // Plain functions of this feature, for callers that load the engine lazily and so must not import them.
  readonly sizes = { SIZES, describeSize, parseCustomSize };
  readonly imageProblem = imageProblem;
  readonly chooseImage = chooseImage;
  readonly findReferences = findReferences;
  readonly localFile = localFile;
  readonly argumentsProblem = argumentsProblem;
  readonly splitArguments = splitArguments;
  readonly joinArguments = joinArguments;

  constructor(options: JobDeskOptions) {
    this.#options = options;
    this.owner = ownerLabel(options.installation);
    const { log, clock, version } = options;
    this.#follows = new OpenFollows(path.join(path.dirname(options.folder), "follows"));
    this.journal = new LaunchJournal(options.folder, { log, clock });
    this.lastRuns = new LastRuns(options.state);
    this.launcher = new Launcher({ journal: this.journal, log, clock, instance: this.#instance, version });
  }

  /** Reads the code and decides everything of a launch but its sending. Makes no request. */
  async plan(file: string, choice: RunChoice, signal?: AbortSignal): Promise<RunPlan> {
    const snapshot = await collectSnapshot(file, signal === undefined ? {} : { signal });
    const git = await gitState(snapshot.root);
    const id = newLaunchId();
    const { size, ...rest } = choice;
    const spec: LaunchSpec = {
      ...rest,
      ...size,
      id,
      name: suggestName(snapshot.script, id),
      script: { root: snapshot.root, path: snapshot.script },
      env: [],
      owner: this.owner,
      ...(git === undefined ? {} : { git }),
    };
    return { file, spec, snapshot };
  }

  /** The choices that the person confirmed. */
  async remember(file: string, choice: RunChoice): Promise<void> {
    await this.lastRuns.remember(file, { ...choice, time: this.#options.clock.now() });
  }

  /** Local folder that a launch's code came from, by the job's name; undefined for a job of somebody else. */
  async rootOf(job: string): Promise<string | undefined> {
    const known = this.#roots.get(job);
    if (known !== undefined) return known;
    const entry = (await this.journal.list()).find((candidate) => candidate.name === job);
    if (entry !== undefined) this.#roots.set(job, entry.spec.script.root);
    return entry?.spec.script.root;
  }

  /** Follows that a window which is gone has left behind. */
  abandonedFollows(): Promise<readonly OpenFollow[]> {
    return this.#follows.abandoned(this.#options.clock.now());
  }

  /** `launched` is the wall ms of the job's launch; now where it is left out. */
  async followBegun(
    context: string,
    { launched, ...job }: LaunchedJob & { readonly kind?: JobKind; readonly launched?: number },
  ): Promise<void> {
    const now = this.#options.clock.now();
    if (job.id !== "" && kindOrDefault(job.kind) === "PyTorchJob")
      this.#launched.fire({ ...job, context, launched: launched ?? now });
    await this.#follows.begun({ ...job, context, instance: this.#instance, time: now });
  }

  async followEnded(uid: string): Promise<void> {
    await this.#follows.ended(uid);
  }
}

export function createJobDesk(options: JobDeskOptions): JobDesk {
  return new JobDesk(options);
}
