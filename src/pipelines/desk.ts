// The pipelines of all clusters, for what people do with them: one reader for each cluster, a page's host, a start.
import type { RunForm, RunSubject } from "../contract/runForm.ts";
import type { Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import { UserError } from "../core/errors.ts";
import { Emitter } from "../core/events.ts";
import { label } from "../core/sanitize.ts";
import { draftPipeline } from "./author/index.ts";
import { ClusterPipelines, type ClusterPipelinesOptions } from "./clusterPipelines.ts";
import { emptyForm, type ReadRun, readRunForm, shownInput, withCaching } from "./form/form.ts";
import { RunFormHost, type RunFormPorts } from "./form/host.ts";
import { experiments, type RunSource, settingsOf, startRecurring, startRun } from "./runs.ts";
import { type PipelineDocument, parsePipeline, pipelineDocument } from "./spec/document.ts";
import type { PipelineSpec, PipelineTask } from "./spec/model.ts";
import { readPipelineSpec, specOf } from "./spec/read.ts";
import {
  pipelineNamed,
  stamp,
  type Uploaded,
  uploadPipeline,
  type VersionReference,
  versions,
  versionSpec,
} from "./uploads.ts";

/** Where pipelines are run: `namespace` is empty where the server keeps none apart. */
export interface PipelinePlace {
  readonly context: string;
  readonly namespace: string;
}

/** What is run, before anything was sent of it. */
export interface RunSubjectFacts {
  readonly pipeline: string;
  /** The version's name, or what the file is called. */
  readonly detail: string;
  readonly spec: PipelineSpec;
  /** A document is uploaded first where it is not there yet. */
  readonly source: RunSource;
  /** Of a run that another is to be like. */
  readonly like: Pick<RunForm, "experiment" | "serviceAccount" | "root"> | undefined;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface Started {
  readonly id: string;
  /** Undefined where nothing had to be at the server besides the run. */
  readonly uploaded: Uploaded | undefined;
}

export class PipelineDesk implements Disposable {
  readonly #optionsOf: (context: string) => ClusterPipelinesOptions;
  readonly #clock: Clock;
  /** A pipeline of step scripts, not yet written. */
  readonly draft = draftPipeline;
  readonly #open = new Map<ClusterPipelines, string>();
  readonly #shared = new Map<string, ClusterPipelines>();
  readonly #replaced = new Emitter<string>();
  /** What `of` gave for this context has ended. */
  readonly onDidReplace = this.#replaced.event;

  constructor(optionsOf: (context: string) => ClusterPipelinesOptions, clock: Clock) {
    this.#optionsOf = optionsOf;
    this.#clock = clock;
  }

  /** A reader of a cluster's pipelines while somebody looks at them. Whoever opens one ends it. */
  open(context: string): ClusterPipelines {
    const made = new ClusterPipelines(this.#optionsOf(context));
    this.#open.set(made, context);
    return made;
  }

  /** The one by which commands speak to a cluster's server; it ends with the connection. */
  of(context: string): ClusterPipelines {
    const known = this.#shared.get(context) ?? this.open(context);
    this.#shared.set(context, known);
    return known;
  }

  /** Something was made or done there: whoever looks at it sees it. */
  changed(context: string): void {
    for (const pipelines of this.#openOf(context)) pipelines.changed();
  }

  /** A person has signed in, or out: there may be another way in. */
  reopen(context: string): void {
    for (const pipelines of this.#openOf(context)) pipelines.reopen();
  }

  /** The connection was made anew, or has gone. */
  replaced(context: string): void {
    const had = this.#shared.get(context);
    if (had === undefined) return;
    had.dispose();
    this.#shared.delete(context);
    this.#replaced.fire(context);
  }

  /** A compiled pipeline, as text or as it was read. Throws UserError as `parsePipeline` does. */
  ofFile(compiled: string | PipelineDocument, detail: string): RunSubjectFacts {
    const document = typeof compiled === "string" ? parsePipeline(compiled) : compiled;
    const spec = specOf(document);
    return { pipeline: spec.displayName, detail, spec, source: { document }, like: undefined, values: {} };
  }

  /** A version, the newest where it is left out. Rejects as PipelineServer does, with UserError as `readPipelineSpec`. */
  async ofVersion(
    place: PipelinePlace,
    pipeline: string,
    version: string | undefined,
    signal: AbortSignal,
  ): Promise<RunSubjectFacts> {
    const { server } = this.of(place.context);
    const id = version ?? (await versions(server, pipeline, place.namespace, signal, 1))[0]?.version;
    if (id === undefined)
      throw new UserError("no-version", "The pipeline cannot be run.", { why: "It has no version." });
    const { name, spec: raw } = await versionSpec(server, { pipeline, version: id }, place.namespace, signal);
    const spec = readPipelineSpec(raw);
    const source: VersionReference = { pipeline, version: id };
    return { pipeline: spec.displayName, detail: label(name), spec, source, like: undefined, values: {} };
  }

  /** What another run, or a schedule, was made of and with. Rejects likewise. */
  async ofRun(
    place: PipelinePlace,
    item: { readonly kind: "run" | "recurring"; readonly id: string },
    signal: AbortSignal,
  ): Promise<RunSubjectFacts> {
    const { server } = this.of(place.context);
    const { spec, source, parameters, name, ...like } = await settingsOf(server, item, place.namespace, signal);
    return { pipeline: spec.displayName, detail: label(name), spec, source, like, values: parameters };
  }

  /** The form as it is first: with the pipeline's defaults, or as the run that it is like. */
  firstForm({ spec, like, values }: RunSubjectFacts): RunForm {
    const name = `${spec.name.slice(0, 100)} ${stamp(this.#clock.now())}`;
    return { ...emptyForm(name, spec.inputs, values), ...like };
  }

  host(
    facts: RunSubjectFacts,
    words: string,
    form: RunForm,
    notes: readonly string[],
    ports: RunFormPorts,
  ): RunFormHost {
    const { pipeline, detail, spec } = facts;
    const subject: RunSubject = {
      ...{ pipeline, detail, description: spec.description, place: words },
      inputs: spec.inputs.map(shownInput),
      steps: count(spec.tasks),
    };
    return new RunFormHost(subject, spec.inputs, form, notes, ports, this.#clock);
  }

  read(form: RunForm, { spec }: RunSubjectFacts): ReadRun {
    return readRunForm(form, spec.inputs);
  }

  /** Names of experiments, newest first. Rejects as PipelineServer does. */
  async experimentNames({ context, namespace }: PipelinePlace, signal: AbortSignal): Promise<readonly string[]> {
    return (await experiments(this.of(context).server, namespace, signal)).map(({ name }) => name);
  }

  /** Whether a pipeline of that name is at the server. Rejects likewise. */
  async isThere({ context, namespace }: PipelinePlace, name: string, signal: AbortSignal): Promise<boolean> {
    return (await pipelineNamed(this.of(context).server, name, namespace, signal)) !== undefined;
  }

  async upload(
    { context, namespace }: PipelinePlace,
    document: PipelineDocument,
    names: { readonly name?: string; readonly pipeline?: string; readonly version?: string },
    signal: AbortSignal,
  ): Promise<Uploaded> {
    const { server } = this.of(context);
    const uploaded = await uploadPipeline(server, { document, namespace, ...names }, this.#clock.now(), signal);
    this.changed(context);
    return uploaded;
  }

  /**
   * Uploads what is not there yet, then starts the run, or makes the schedule: once. Where caching is not as the pipeline
   * says, the run carries a pipeline of its own. Rejects as `uploadPipeline` and `startRun` do.
   */
  async start(
    place: PipelinePlace,
    { source, spec, like }: RunSubjectFacts,
    { wish, schedule }: Pick<ReadRun, "wish" | "schedule">,
    caching: RunForm["caching"],
    signal: AbortSignal,
  ): Promise<Started> {
    const { context, namespace } = place;
    const { server } = this.of(context);
    // What another run carried along is carried along again.
    const isFile = "document" in source && like === undefined;
    const uploaded = isFile ? await this.upload(place, source.document, {}, signal) : undefined;
    const of: RunSource = uploaded ?? source;
    const own =
      caching === "as written" ? of : { document: await this.#document(of, namespace, server, caching, signal) };
    const full = { ...wish, source: own };
    try {
      const id =
        schedule === undefined
          ? await startRun(server, full, namespace, signal)
          : await startRecurring(server, full, schedule, namespace, signal);
      return { id, uploaded };
    } catch (error) {
      // 2.0.5 calls a version that has gone a failure of its own.
      if (error instanceof UserError && error.code === "gone" && "version" in own)
        throw new UserError("gone", `The run of ${label(spec.displayName)} was not started.`, {
          why: "Its version is not at the server any more.",
          hint: "Upload it again, or run another.",
          cause: error,
        });
      throw error;
    } finally {
      this.changed(context);
    }
  }

  dispose(): void {
    for (const one of this.#shared.values()) one.dispose();
    this.#shared.clear();
  }

  #openOf(context: string): readonly ClusterPipelines[] {
    for (const pipelines of this.#open.keys()) if (pipelines.isDisposed) this.#open.delete(pipelines);
    return [...this.#open].flatMap(([pipelines, of]) => (of === context ? [pipelines] : []));
  }

  async #document(
    source: RunSource,
    namespace: string,
    server: ClusterPipelines["server"],
    caching: RunForm["caching"],
    signal: AbortSignal,
  ): Promise<PipelineDocument> {
    const document =
      "document" in source
        ? source.document
        : pipelineDocument((await versionSpec(server, source, namespace, signal)).spec);
    return withCaching(document, caching === "on");
  }
}

/** Tasks with code, however deep. */
function count(tasks: readonly PipelineTask[]): number {
  return tasks.reduce((sum, task) => sum + (task.children.length === 0 ? 1 : count(task.children)), 0);
}
