import path from "node:path";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { UserError } from "../core/errors.ts";
import { Emitter } from "../core/events.ts";
import type { StateStore } from "../core/storage.ts";
import type { KubeClient } from "../kube/client.ts";
import { kindOrDefault } from "../kubeflow/jobKinds.ts";
import type { JobKind } from "../kubeflow/model.ts";
import { argumentsProblem, joinArguments, splitArguments } from "./arguments.ts";
import { readConfigurations, saveConfiguration } from "./configurationFile.ts";
import { fromChoice, kindOf, toChoice } from "./configurations.ts";
import type { JobForm } from "../contract/jobForm.ts";
import { type FormPorts, JobFormHost } from "./form/host.ts";
import { readChoices } from "./form/choices.ts";
import { History } from "./history/history.ts";
import type { CodeOfRun } from "./history/localPlace.ts";
import { BUILT_IN_IMAGE, chooseImage, imageProblem } from "./images.ts";
import type { JobIdentity } from "./jobObjects.ts";
import { newInstance } from "./instance.ts";
import { type LaunchEntry, LaunchJournal } from "./journal.ts";
import { ownerLabel } from "./labels.ts";
import { launchFailure, type RefusedAt } from "./launchErrors.ts";
import { NamedPlaces } from "./namedPlaces.ts";
import { LastRuns } from "./lastRuns.ts";
import { type Needs, needsProblems, needsWords } from "./needs.ts";
import type { EnvVar, JobObject } from "./types.ts";
import type { LaunchedAt } from "./launchedJobs.ts";
import { Launcher, type LaunchedJob } from "./launcher.ts";
import { ManifestDesk } from "./manifestDesk.ts";
import type { ConnectPod } from "./mover/mover.ts";
import { downloadFolder, elsewhere, noPlace, outputOf } from "./mover/outputs.ts";
import type { Taken } from "./mover/untar.ts";
import { type OpenFollow, OpenFollows } from "./openFollows.ts";
import { pruneArchives } from "./code/archive.ts";
import { renamed } from "./renamed.ts";
import { type CodeChoice, collectSnapshot, type Snapshot } from "./code/snapshot.ts";
import { findReferences } from "./traceback.ts";
import { findRuntime, listRuntimes, type RuntimeName } from "./runtimes.ts";
import {
  describeSize,
  type LaunchKind,
  type LaunchSpec,
  newLaunchId,
  localScript,
  type Output,
  outputProblem,
  outputText,
  parseCustomSize,
  readOutput,
  type RuntimeUse,
  type Size,
  SIZES,
  suggestName,
} from "./spec.ts";

export interface JobDeskOptions {
  readonly version: string;
  /** Stands for this installation; becomes the owner label. */
  readonly installation: string;
  readonly state: StateStore;
  readonly log: Logger;
  readonly clock: Clock;
  /** Folder of the launch journal. */
  readonly folder: string;
  readonly connect: ConnectPod;
}

/** What a person decides about a run. */
export interface RunChoice {
  readonly kind: LaunchKind;
  /** Of a TrainJob; the cluster's preferred one where it is left out. */
  readonly runtime?: RuntimeName;
  readonly context: string;
  readonly namespace: string;
  readonly size: Size;
  /** Empty for the image of the runtime. */
  readonly image: string;
  readonly args: readonly string[];
  /** Kubernetes quantities for each pod. */
  readonly cpu?: string;
  readonly memory?: string;
  readonly env?: readonly EnvVar[];
  readonly needs?: Needs;
  /** What travels; the script with its imports where it is left out. */
  readonly code?: CodeChoice;
  /** Absolute folder of the project that the script is part of; its own where it is left out. */
  readonly project?: string;
  /** Where results are kept; they are lost with the pods where it is left out. */
  readonly output?: Output | undefined;
  /** Installs what the code's requirements name, before it starts; true where it is left out. */
  readonly installs?: boolean;
}

/** A run that only needs to be sent. */
export interface RunPlan {
  readonly file: string;
  readonly spec: LaunchSpec;
  readonly snapshot: Snapshot;
  /** What a person has made of its manifest. */
  readonly job?: JobObject;
}

/** The launching side of the engine: snapshots, specs, launches, and what is remembered of them. */
export class JobDesk {
  readonly launcher: Launcher;
  readonly journal: LaunchJournal;
  readonly lastRuns: LastRuns;
  readonly history: History;
  readonly places: NamedPlaces;
  readonly manifests: ManifestDesk;
  readonly #options: JobDeskOptions;
  readonly #instance = newInstance();
  readonly #follows: OpenFollows;

  /** Label value of what this installation launches. */
  readonly owner: string;
  readonly #launched = new Emitter<LaunchedAt>();
  /** A job that was launched from here is being followed. */
  readonly onDidLaunch = this.#launched.event;
  readonly #codes = new Map<string, CodeOfRun>();

  // Plain functions of this feature, for callers that load the engine lazily and so must not import them.
  readonly sizes = { SIZES, describeSize, parseCustomSize };
  readonly imageProblem = imageProblem;
  readonly needsProblems = needsProblems;
  readonly needsWords = needsWords;
  readonly outputProblem = outputProblem;
  readonly localScript = localScript;
  readonly chooseImage = chooseImage;
  readonly listRuntimes = listRuntimes;
  readonly readChoices = readChoices;
  readonly findRuntime = findRuntime;
  readonly findReferences = findReferences;
  /** For `catch`: throws what was refused as a sentence; see launchErrors.ts. */
  readonly refused =
    (at: RefusedAt) =>
    (error: unknown): never => {
      throw launchFailure(error, at);
    };
  readonly argumentsProblem = argumentsProblem;
  readonly splitArguments = splitArguments;
  readonly joinArguments = joinArguments;
  readonly configurations = { read: readConfigurations, save: saveConfiguration, toChoice, fromChoice, kindOf };

  constructor(options: JobDeskOptions) {
    this.#options = options;
    this.owner = ownerLabel(options.installation);
    const { log, clock, version, connect } = options;
    this.#follows = new OpenFollows(path.join(path.dirname(options.folder), "follows"));
    this.journal = new LaunchJournal(options.folder, { log, clock });
    this.lastRuns = new LastRuns(options.state);
    this.places = new NamedPlaces(options.state);
    this.history = new History(this.journal, this.#store);
    this.launcher = new Launcher({ journal: this.journal, log, clock, instance: this.#instance, version, connect });
    this.manifests = new ManifestDesk({ launcher: this.launcher, owner: this.owner, version });
  }

  /**
   * Reads the code and decides everything of a launch but its sending. Asks the cluster for nothing but the runtime of a
   * TrainJob. `like`: a plan of the same file whose code and runtime are taken where the choice leaves them as they are.
   */
  async plan(
    file: string,
    choice: RunChoice,
    client: KubeClient,
    signal?: AbortSignal,
    like?: { readonly plan: RunPlan; readonly choice: RunChoice },
  ): Promise<RunPlan> {
    const { context, namespace, kind, size, image, args, project, code, installs = true, env = [] } = choice;
    const { cpu, memory, needs } = choice;
    const [snapshot, use] = await Promise.all([
      like !== undefined && sameCode(like.choice, choice)
        ? like.plan.snapshot
        : collectSnapshot(file, {
            ...{ store: this.#store, installs },
            ...(code === undefined ? {} : { choice: code }),
            ...(project === undefined ? {} : { root: project }),
            ...(signal === undefined ? {} : { signal }),
          }),
      kind !== "TrainJob"
        ? undefined
        : like?.plan.spec.runtime !== undefined && sameRuntime(like.choice, choice)
          ? like.plan.spec.runtime
          : this.#runtime(client, choice, signal),
    ]);
    const git = like?.plan.snapshot === snapshot ? like.plan.spec.git : await this.history.git(snapshot);
    const id = like?.plan.spec.id ?? newLaunchId();
    const spec: LaunchSpec = {
      ...{ id, context, namespace, kind, image, args, installs, ...size, env, owner: this.owner },
      ...(cpu === undefined ? {} : { cpu }),
      ...(memory === undefined ? {} : { memory }),
      ...(needs === undefined ? {} : { needs }),
      ...(use === undefined ? {} : { runtime: use }),
      ...(choice.output === undefined ? {} : { output: choice.output }),
      name: suggestName(snapshot.script, id),
      script: { root: snapshot.root, path: snapshot.script },
      ...(git === undefined ? {} : { git }),
    };
    return { file, spec, snapshot };
  }

  #runtime(
    client: KubeClient,
    { context, namespace, runtime }: Pick<RunChoice, "context" | "namespace" | "runtime">,
    signal?: AbortSignal,
  ): Promise<RuntimeUse> {
    const at = { name: "", context, namespace, kind: "TrainJob" } as const;
    return findRuntime(client, namespace, runtime, signal).catch(this.refused(at));
  }

  /** The extension's side of a page that shows `choice` for a file of that name; `form`: as the page had it before a reload. */
  form(name: string, choice: RunChoice, ports: FormPorts, form: JobForm | undefined): JobFormHost {
    return new JobFormHost(name, choice, ports, this.#options.clock, form);
  }

  /** An earlier run once more: its code as it was, all else as it was decided then. Rejects as `plan` and `History.snapshot`. */
  async planAgain(entry: LaunchEntry, client: KubeClient, signal?: AbortSignal): Promise<RunPlan> {
    const { spec } = entry;
    const [snapshot, runtime] = await Promise.all([
      this.history.snapshot(entry, signal),
      spec.kind === "TrainJob" ? this.#runtime(client, spec, signal) : undefined,
    ]);
    const id = newLaunchId();
    const file = localScript(spec.script);
    const name = suggestName(snapshot.script, id);
    const again = { ...spec, id, name, ...(runtime === undefined ? {} : { runtime }) };
    if (entry.job === undefined) return { file, spec: again, snapshot };
    if (runtime?.patches !== spec.runtime?.patches)
      throw new UserError("refused", "The job was not created.", {
        why: "Its manifest was edited for another version of this cluster's Trainer.",
        hint: "Run the script anew, and edit the manifest of that.",
      });
    return { file, spec: again, snapshot, job: renamed(entry.job, spec, again) };
  }

  /** Removes journal entries and archives that nobody needs any more. */
  async prune(): Promise<void> {
    await this.journal.prune();
    const kept = new Set((await this.journal.list()).map(({ code }) => code.hash));
    await pruneArchives(this.#store, this.#options.clock.now(), kept);
  }

  /** Folder of the archives of what was launched. */
  get #store(): string {
    return path.join(path.dirname(this.#options.folder), "code");
  }

  /** The choices that the person confirmed. */
  async remember(file: string, choice: RunChoice): Promise<void> {
    await this.lastRuns.remember(file, { ...choice, time: this.#options.clock.now() });
  }

  /**
   * Copies a job's results into the new folder `into`. Where they are is known from the launch, or from the job itself;
   * its pods may be gone. Rejects with UserError `no-output-place` or `output-elsewhere`, and as downloadFolder does.
   */
  async downloadOutputs(
    context: string,
    client: KubeClient,
    job: JobIdentity,
    into: string,
    tell: (text: string) => void,
    signal: AbortSignal,
  ): Promise<Taken> {
    const { namespace, name } = job;
    const entry = (await this.journal.list()).find((candidate) => candidate.uid === job.uid && job.uid !== "");
    const place =
      entry?.spec.output === undefined
        ? await outputOf(client, job, signal)
        : readOutput(outputText(entry.spec.output, name));
    if (place === undefined) throw noPlace(name);
    if ("uri" in place) throw elsewhere(name, place.uri);
    const { claim, folder } = place;
    const image = entry?.spec.image ?? "";
    const { clock, connect } = this.#options;
    return downloadFolder(
      {
        ...{ client, connect, clock, context, namespace, claim, isReadOnly: true },
        ...{
          name: `${folder}-outputs-${newLaunchId().slice(0, 4)}`,
          image: image === "" ? BUILT_IN_IMAGE.reference : image,
        },
        launch: entry?.id ?? newLaunchId(),
      },
      folder,
      into,
      tell,
      signal,
    );
  }

  /** The code of a launch on this computer, by the job's name; undefined for a job of somebody else. */
  async codeOf(job: string): Promise<CodeOfRun | undefined> {
    const known = this.#codes.get(job);
    if (known !== undefined) return known;
    const entry = (await this.journal.list()).find((candidate) => candidate.name === job);
    if (entry === undefined || entry.spec.script.root === "") return undefined;
    const code = { root: entry.spec.script.root, launch: entry.id };
    this.#codes.set(job, code);
    return code;
  }

  /** Follows that a window which is gone has left behind. */
  abandonedFollows(): Promise<readonly OpenFollow[]> {
    return this.#follows.abandoned(this.#options.clock.now());
  }

  /** `launched` is the wall ms of the job's launch; now where it is left out. */
  async followBegun(
    context: string,
    { launched, ...job }: Omit<LaunchedJob, "kind"> & { readonly kind?: JobKind; readonly launched?: number },
  ): Promise<void> {
    const now = this.#options.clock.now();
    const kind = kindOrDefault(job.kind);
    if (job.id !== "" && (kind === "PyTorchJob" || kind === "TrainJob"))
      this.#launched.fire({ ...job, kind, context, launched: launched ?? now });
    await this.#follows.begun({ ...job, context, instance: this.#instance, time: now });
  }

  async followEnded(uid: string): Promise<void> {
    await this.#follows.ended(uid);
  }
}

function sameCode(a: RunChoice, b: RunChoice): boolean {
  const isSame = a.project === b.project && (a.installs ?? true) === (b.installs ?? true);
  return isSame && (a.code ?? "imports") === (b.code ?? "imports");
}

function sameRuntime(a: RunChoice, b: RunChoice): boolean {
  const isSame = a.runtime?.name === b.runtime?.name && a.runtime?.kind === b.runtime?.kind;
  return isSame && a.kind === b.kind && a.context === b.context && a.namespace === b.namespace;
}

export function createJobDesk(options: JobDeskOptions): JobDesk {
  return new JobDesk(options);
}
