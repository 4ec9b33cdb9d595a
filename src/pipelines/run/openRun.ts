// One run as a page shows it: the server's word of it, its Workflow as it changes, what went in and came out.
import { errorCode, errorText, UserError } from "../../core/errors.ts";
import { Emitter } from "../../core/events.ts";
import type { Disposable } from "../../core/dispose.ts";
import { ConnectError } from "../../kube/errors.ts";
import { LiveReading } from "../../kube/liveReading.ts";
import { assertName } from "../../kube/names.ts";
import type { StoreState } from "../../kube/store.ts";
import { WatchStore } from "../../kube/watchStore.ts";
import { type Json, record, text } from "../../kubeflow/read.ts";
import type { ClusterPipelinesOptions } from "../clusterPipelines.ts";
import { isActive, type PipelineRun, readRun } from "../model.ts";
import type { PipelineServer } from "../pipelineServer.ts";
import { archivedLog, type RunLog, runLogs } from "../runLogs.ts";
import type { PipelineSpec } from "../spec/model.ts";
import { readPipelineSpec } from "../spec/read.ts";
import { versionSpec } from "../uploads.ts";
import { ArtifactStore } from "./artifacts.ts";
import { failureOf, firstFailed } from "./failure.ts";
import { MetadataServer } from "./metadata.ts";
import type { ArtifactContent, RunArtifact, RunDetails, RunFailure, RunMetadata, RunReader } from "./model.ts";
import { progressOfTasks, progressOfWorkflow, stateOfWorkflow } from "./progress.ts";
import { readWaits, type Waits, withWaits } from "./waits.ts";
import { readWorkflow, type RunWorkflow, WORKFLOW } from "./workflow.ts";

export interface OpenRunOptions extends ClusterPipelinesOptions {
  readonly server: PipelineServer;
  readonly run: string;
  /** Whose token goes along; empty where the server keeps none apart. */
  readonly runNamespace: string;
  /** Of its Workflow and its pods. */
  readonly podNamespace: string;
  readonly onDispose: () => void;
}

/** Milliseconds until the server is asked again: of a run that is under way, watched and not, and of one that has ended. */
const SERVER_MS = 2_000;
const WATCHED_MS = 10_000;
const ENDED_MS = 60_000;
/** The same for metadata, which is read besides whenever a step has ended. */
const METADATA_MS = 5_000;
/** The same for the pods of steps that wait, and where they may not be read. */
const WAITS_MS = 5_000;
const FORBIDDEN_MS = 60_000;

interface Served {
  readonly run: PipelineRun;
  readonly spec: PipelineSpec | undefined;
  readonly specWhy: string;
}

export class OpenRun implements RunReader {
  readonly metadata: LiveReading<RunMetadata>;
  readonly #options: OpenRunOptions;
  readonly #served: LiveReading<Served>;
  readonly #workflows: WatchStore<RunWorkflow>;
  readonly #waits: LiveReading<Waits>;
  readonly #metadataServer: MetadataServer;
  readonly #artifacts: ArtifactStore;
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;
  #watching: Disposable | undefined;
  #isLookedAt = false;
  /** As the server said last. */
  #isGone = false;
  #value: RunDetails | undefined;
  /** Steps that have ended, when it was last said. */
  #ended = 0;

  constructor(options: OpenRunOptions) {
    const { run, podNamespace, runNamespace } = options;
    this.#options = options;
    this.#metadataServer = new MetadataServer(options);
    this.#artifacts = new ArtifactStore(options, runNamespace);
    this.#served = new LiveReading<Served>({
      ...options,
      what: "a run",
      read: (before, anew, signal) => this.#read(before, anew, signal),
      everyMs: ({ run: served }) => (!isActive(served) ? ENDED_MS : this.#isWatched() ? WATCHED_MS : SERVER_MS),
      isSame: (before, now) => before.spec === now.spec && JSON.stringify(before.run) === JSON.stringify(now.run),
    });
    this.#workflows = new WatchStore<RunWorkflow>({
      ...options,
      definition: { kind: WORKFLOW, labelSelector: `pipeline/runid=${assertName(run)}`, project: readWorkflow },
      namespace: podNamespace,
      lingerMs: 0,
    });
    this.metadata = new LiveReading<RunMetadata>({
      ...options,
      what: "metadata",
      read: async (_, _anew, signal) => {
        const spec = this.#value?.spec;
        return spec === undefined ? new Map() : this.#metadataServer.run(run, spec, signal);
      },
      everyMs: () => (this.#value === undefined || isActive(this.#value.run) ? METADATA_MS : ENDED_MS),
      isSame: (before, now) => JSON.stringify([...before]) === JSON.stringify([...now]),
    });
    this.#waits = new LiveReading<Waits>({
      ...options,
      what: "pods that wait",
      read: (_, _anew, signal) => readWaits(options.client, podNamespace, this.#value?.progress ?? new Map(), signal),
      everyMs: ({ isForbidden }) =>
        isForbidden ? FORBIDDEN_MS : this.#value === undefined || isActive(this.#value.run) ? WAITS_MS : ENDED_MS,
      isSame: (before, now) => JSON.stringify([...before.why]) === JSON.stringify([...now.why]),
    });
    this.#waits.onDidChange(() => this.#update());
    this.#served.onDidChange(() => this.#update());
    this.metadata.onDidChange(() => this.#update());
    this.#workflows.onDidChange(() => this.#update());
    this.#workflows.onDidChangeState(() => this.#update());
  }

  get value(): RunDetails | undefined {
    return this.#value;
  }

  get state(): StoreState {
    return this.#served.state;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  look(): void {
    this.#isLookedAt = true;
    if (!this.#isGone) this.#begin();
  }

  rest(): void {
    this.#isLookedAt = false;
    this.#pause();
  }

  refresh(): void {
    this.#served.refresh();
    this.metadata.refresh();
    if (this.#isLookedAt) this.#begin();
  }

  async logs(task: string, signal: AbortSignal): Promise<readonly RunLog[]> {
    if (this.#value === undefined) return [];
    const { progress, source } = this.#value;
    const inside = [...progress].filter(([path]) => path === task || path.startsWith(`${task}/`));
    const name = task.slice(task.lastIndexOf("/") + 1);
    return this.#logs(name, source === "workflow" ? inside.flatMap(([, { pods }]) => pods) : undefined, signal);
  }

  async failure(signal: AbortSignal): Promise<RunFailure | undefined> {
    if (this.#value?.spec === undefined) return undefined;
    const { spec, progress } = this.#value;
    const task = firstFailed(spec, progress);
    if (task === undefined) return undefined;
    const { client, clock } = this.#options;
    return failureOf(task, { progress, client, clock, logs: await this.logs(task.path, signal) }, signal);
  }

  content(artifact: RunArtifact, signal: AbortSignal): Promise<ArtifactContent> {
    return this.#artifacts.content(artifact, signal);
  }

  download(artifact: RunArtifact, file: string, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<void> {
    return this.#artifacts.download(artifact, file, onBytes, signal);
  }

  dispose(): void {
    this.rest();
    this.#served.dispose();
    this.#workflows.dispose();
    this.#waits.dispose();
    this.metadata.dispose();
    this.#metadataServer.dispose();
    this.#artifacts.dispose();
    this.#changed.dispose();
    this.#options.onDispose();
  }

  #begin(): void {
    this.#watching ??= this.#workflows.hold();
    this.#served.look();
    this.#waits.look();
    if (this.#value?.spec !== undefined) this.metadata.look();
  }

  #pause(): void {
    this.#watching?.dispose();
    this.#watching = undefined;
    this.#served.rest();
    this.#waits.rest();
    this.metadata.rest();
  }

  async #read(before: Served | undefined, anew: boolean, signal: AbortSignal): Promise<Served> {
    const { server, run: id, runNamespace } = this.#options;
    const json = await server.json(`/runs/${assertName(id)}`, {}, runNamespace, signal).catch((error: unknown) => {
      if (errorCode(error) !== "gone") throw error;
      this.#isGone = true;
      this.#pause();
      throw deleted(before !== undefined, error);
    });
    this.#isGone = false;
    const run = readRun(json);
    if (run === undefined)
      throw new UserError("server-error", "The run was not understood.", { why: "The server’s answer has no id." });
    // A pipeline does not change while it is run. Where it is gone, only a person's wish is reason to ask again.
    if (before !== undefined && (before.spec !== undefined || !anew)) return { ...before, run };
    return { run, ...(await this.#spec(json, signal)) };
  }

  async #logs(task: string, pods: readonly string[] | undefined, signal: AbortSignal): Promise<readonly RunLog[]> {
    const { server, client, run: id, runNamespace, podNamespace } = this.#options;
    if (this.#value === undefined) return [];
    return runLogs({
      ...{ client, run: this.#value.run, namespace: podNamespace, task, signal },
      ...(pods !== undefined && { pods }),
      archived: (pod, reading) => archivedLog(server, id, pod, runNamespace, reading),
    });
  }

  async #spec(json: Json, signal: AbortSignal): Promise<Pick<Served, "spec" | "specWhy">> {
    const { server, runNamespace } = this.#options;
    const reference = record(json["pipeline_version_reference"]);
    const [pipeline, version] = [text(reference["pipeline_id"]), text(reference["pipeline_version_id"])];
    try {
      const carried = json["pipeline_spec"];
      const raw =
        carried === undefined && pipeline !== undefined && version !== undefined
          ? (await versionSpec(server, { pipeline, version }, runNamespace, signal)).spec
          : carried;
      return { spec: readPipelineSpec(raw), specWhy: "" };
    } catch (error) {
      if (!(error instanceof UserError) || error instanceof ConnectError) throw error;
      return { spec: undefined, specWhy: errorText(error) };
    }
  }

  /** The newest, should there be several. What is stale knows less than the server, which is asked more often then. */
  get #workflow(): RunWorkflow | undefined {
    const { state, items } = this.#workflows;
    if (state.kind !== "live" && state.kind !== "loading" && state.kind !== "idle") return undefined;
    return [...items.values()].sort((a, b) => b.created - a.created)[0];
  }

  #isWatched(): boolean {
    const workflow = this.#workflow;
    return (
      this.#workflows.state.kind === "live" && workflow !== undefined && isActive({ state: stateOfWorkflow(workflow) })
    );
  }

  #update(): void {
    const served = this.#served.value;
    if (served !== undefined) {
      const before = this.#value?.source;
      const details = detailsOf(served, this.#workflow, this.metadata.value);
      this.#value = { ...details, progress: withWaits(details.progress, this.#waits.value) };
      const { spec, run, progress, source } = this.#value;
      // The Workflow's end is known first; where it has gone, or is not heard any more, the server's word may be old.
      const isBehind = (isActive(served.run) && !isActive(run)) || (before === "workflow" && source === "server");
      if (isBehind) this.#served.refresh(false);
      const ended = [...progress.values()].filter((task) => !isActive(task)).length;
      if (ended !== this.#ended) this.metadata.refresh(false);
      this.#ended = ended;
      if (spec !== undefined && this.#watching !== undefined) this.metadata.look();
    }
    this.#changed.fire();
  }
}

function deleted(wasSeen: boolean, cause: unknown): UserError {
  const why = wasSeen ? "It was deleted; this is how it stood." : "It was deleted.";
  return new UserError("gone", "The server has this run no more.", { why, cause });
}

function detailsOf(
  { run, spec, specWhy }: Served,
  workflow: RunWorkflow | undefined,
  metadata: RunMetadata | undefined,
): RunDetails {
  const known = workflow?.nodes === undefined ? undefined : workflow;
  const seen = spec && known && progressOfWorkflow(spec, known);
  if (known === undefined || seen === undefined) {
    const told = spec === undefined ? [] : [...progressOfTasks(spec, run.tasks, run.state)];
    // What the server does not tell, the metadata does.
    const isCached = (path: string): boolean => metadata?.get(path)?.every(({ cached }) => cached) === true;
    const progress = new Map(told.map(([path, task]) => [path, isCached(path) ? { ...task, cached: true } : task]));
    return { run, spec, specWhy, progress, source: "server" };
  }
  const begun = [...seen.values()].filter(({ pods }) => pods.length > 0).map(({ state }) => state);
  const state = stateOfWorkflow(known);
  // No more than one of its steps does, as rows have it.
  const isWaiting = state === "Running" && begun.includes("Waiting") && !begun.includes("Running");
  const finished = isActive({ state }) ? undefined : (known.finished ?? run.finished);
  const now = { ...run, state: isWaiting ? "Waiting" : state, finished } as const;
  return { run: now, spec, specWhy, progress: seen, source: "workflow" };
}
