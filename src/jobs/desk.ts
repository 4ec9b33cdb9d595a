import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { StateStore } from "../core/storage.ts";
import { joinArguments, splitArguments } from "./arguments.ts";
import { gitState } from "./git.ts";
import { chooseImage, imageProblem } from "./images.ts";
import { isInstanceAlive, newInstance } from "./instance.ts";
import { LaunchJournal } from "./journal.ts";
import { ownerLabel } from "./labels.ts";
import { LastRuns } from "./lastRuns.ts";
import { Launcher, type LaunchedJob } from "./launcher.ts";
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

/** A launch whose log somebody follows, so that another window or a later one can go on. */
export interface OpenFollow {
  readonly id: string;
  readonly name: string;
  readonly context: string;
  readonly namespace: string;
  readonly uid: string;
  readonly file: string;
  readonly instance: string;
}

const FOLLOWS = "trainyard.jobs.follows";

/** The launching side of the engine: snapshots, specs, launches, and what is remembered of them. */
export class JobDesk {
  readonly launcher: Launcher;
  readonly journal: LaunchJournal;
  readonly lastRuns: LastRuns;
  readonly #options: JobDeskOptions;
  readonly #instance = newInstance();

  /** Label value of what this installation launches. */
  readonly owner: string;
  readonly #roots = new Map<string, string>();

  // Plain functions of this feature, for callers that load the engine lazily and so must not import them.
  readonly sizes = { SIZES, describeSize, parseCustomSize };
  readonly imageProblem = imageProblem;
  readonly chooseImage = chooseImage;
  readonly findReferences = findReferences;
  readonly localFile = localFile;
  readonly splitArguments = splitArguments;
  readonly joinArguments = joinArguments;

  constructor(options: JobDeskOptions) {
    this.#options = options;
    this.owner = ownerLabel(options.installation);
    const { log, clock, version } = options;
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
  abandonedFollows(): readonly OpenFollow[] {
    return this.#follows().filter((follow) => follow.instance !== this.#instance && !isInstanceAlive(follow.instance));
  }

  async followBegun(file: string, context: string, job: LaunchedJob): Promise<void> {
    const others = this.#follows().filter((follow) => follow.uid !== job.uid);
    await this.#options.state.set(FOLLOWS, [...others, { ...job, context, file, instance: this.#instance }].slice(-50));
  }

  async followEnded(uid: string): Promise<void> {
    await this.#options.state.set(
      FOLLOWS,
      this.#follows().filter((follow) => follow.uid !== uid),
    );
  }

  #follows(): readonly OpenFollow[] {
    const value = this.#options.state.get(FOLLOWS);
    if (!Array.isArray(value)) return [];
    return value.filter((item: Partial<OpenFollow> | null): item is OpenFollow =>
      [item?.id, item?.name, item?.context, item?.namespace, item?.uid, item?.file, item?.instance].every(
        (field) => typeof field === "string",
      ),
    );
  }
}

export function createJobDesk(options: JobDeskOptions): JobDesk {
  return new JobDesk(options);
}
