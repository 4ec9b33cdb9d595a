// The extension's side of the page of a run: its graph as it goes, and what a person asks of a step.
import type {
  FromPipeline,
  GraphFact,
  Round,
  RunHead,
  ShownArtifact,
  ShownContent,
  StepDetails,
  StepStatus,
  ToPipeline,
} from "../../contract/pipeline.ts";
import type { Clock } from "../../core/clock.ts";
import { DisposableStore } from "../../core/dispose.ts";
import { errorText, isCancelled } from "../../core/errors.ts";
import { label, plainLine } from "../../core/sanitize.ts";
import { ago, joined } from "../../core/text.ts";
import { graphOf } from "../graph/graph.ts";
import { isActive } from "../model.ts";
import type { ArtifactContent, RunArtifact, RunDetails, RunReader, TaskMetadata, TaskProgress } from "./model.ts";

/** What can be done with the run as it is now. */
export interface RunDeedChoice {
  readonly title: string;
  readonly press: () => Promise<void>;
}

export interface RunPagePorts {
  readonly deeds: (details: RunDetails) => readonly RunDeedChoice[];
  /** Follows, or shows, the log of a task. */
  readonly logs: (task: string) => Promise<void>;
  /** Asks where to, and writes it there. */
  readonly save: (artifact: RunArtifact) => Promise<void>;
  readonly onError: (error: unknown) => void;
  /** For the log of the extension. */
  readonly onNote: (text: string) => void;
}

const READ_AGAIN = "Read Again";
const MOST_TEXT = 400;
const MOST_VALUE = 2_000;
/** Of a step: one in a loop has written many. */
const MOST_UNASKED = 5;

export class RunPageHost {
  readonly #place: string;
  readonly #reader: RunReader;
  readonly #ports: RunPagePorts;
  readonly #clock: Clock;
  readonly #held = new DisposableStore();
  readonly #over = new AbortController();
  #send: (message: ToPipeline) => void = () => undefined;
  /** What the page has. */
  #told = { graph: "", head: "", states: new Map<string, string>() };
  #selected = "";
  /** Artifacts that were shown though nobody had asked for them. */
  readonly #unasked = new Set<string>();
  /** Artifacts that are being read, by their ids. */
  readonly #reading = new Map<string, AbortController>();
  #failure: RunHead["failure"] = null;
  /** Steps that had failed when the failure was read last. */
  #failureOf = "";
  #isReadingFailure = false;
  #deeds: readonly RunDeedChoice[] = [];

  /** `place`: cluster, namespace and the way in. The reader ends with the page. */
  constructor(place: string, reader: RunReader, ports: RunPagePorts, clock: Clock) {
    this.#place = place;
    this.#reader = this.#held.add(reader);
    this.#ports = ports;
    this.#clock = clock;
    this.#held.add(reader.onDidChange(() => this.#tell()));
    this.#held.add(reader.metadata.onDidChange(() => this.#tellStep()));
  }

  start(send: (message: ToPipeline) => void): void {
    this.#send = send;
    this.#reader.look();
  }

  async receive(message: FromPipeline): Promise<void> {
    try {
      await this.#receive(message);
    } catch (error) {
      if (!isCancelled(error)) this.#ports.onError(error);
    }
  }

  /** Nothing is read while nobody sees it. */
  seen(isVisible: boolean): void {
    if (isVisible) this.#reader.look();
    else this.#reader.rest();
  }

  dispose(): void {
    this.#over.abort();
    this.#held.dispose();
  }

  async #receive(message: FromPipeline): Promise<void> {
    switch (message.type) {
      case "ready":
        this.#told = { graph: "", head: "", states: new Map() };
        this.#unasked.clear();
        this.#tell();
        this.#tellStep();
        return;
      case "open":
        this.#selected = message.path;
        this.#tellStep();
        return;
      case "logs":
        return this.#ports.logs(message.path);
      case "deed":
        // What was pressed may be no more what can be done.
        await this.#deeds.find(({ title }) => title === message.title)?.press();
        this.#reader.refresh();
        return;
      case "artifact": {
        const artifact = this.#artifact(message.id);
        if (artifact === undefined) return;
        if (message.how === "save") return this.#ports.save(artifact);
        if (message.how === "stop") return this.#reading.get(artifact.id)?.abort();
        return this.#show(artifact);
      }
      case "press":
        this.#reader.refresh();
        return;
      case "choose":
        return;
    }
  }

  #tell(): void {
    const { value, state } = this.#reader;
    if (value === undefined) {
      const text = state.kind === "failed" ? label(errorText(state.error), MOST_TEXT) : "Reading the run…";
      const kind = state.kind === "failed" ? "failed" : "working";
      const status = { kind, text, steps: state.kind === "failed" ? [READ_AGAIN] : [] } as const;
      this.#send({ type: "status", status });
      return;
    }
    const { spec, specWhy, source } = value;
    this.#tellHead(value);
    if (spec !== undefined) {
      const graph = graphOf(spec);
      const text = JSON.stringify(graph);
      if (text !== this.#told.graph) {
        this.#told = { ...this.#told, graph: text, states: new Map() };
        this.#send({ type: "graph", file: this.#place, names: [], shown: "", graph, hasSource: false });
      }
    }
    this.#tellStates(value);
    const how = source === "workflow" ? "Live." : "Read every other second: its Workflow may not be watched.";
    const { isGone } = this.#reader;
    const since = state.kind === "stale" && !isGone ? `Not read since ${ago(this.#clock.now() - state.since)}: ` : "";
    const stale = state.kind === "stale" ? `${since}${label(state.why, 200)}` : "";
    const text = [specWhy, stale || (isActive(value.run) ? how : "")].filter((part) => part !== "").join(" ");
    const kind = stale === "" ? "current" : "failed";
    this.#send({ type: "status", status: { kind, text, steps: isGone ? [READ_AGAIN] : [] } });
    this.#tellStep();
  }

  #tellHead(details: RunDetails): void {
    const { run } = details;
    if (run.state !== "Failed") this.#failure = null;
    // Asked again where more is known of which step it was, and where a person reads anew.
    const of = run.state === "Failed" ? failedSteps(details) : "";
    if (of === "") this.#failureOf = "";
    else if (of !== this.#failureOf && !this.#isReadingFailure) {
      this.#failureOf = of;
      void this.#readFailure();
    }
    this.#deeds = this.#reader.isGone ? [] : this.#ports.deeds(details);
    const error = run.error === undefined ? "" : label(run.error, MOST_TEXT);
    const head: RunHead = {
      name: label(run.name),
      state: run.state,
      started: run.started ?? null,
      finished: run.finished ?? this.#goneSince ?? null,
      words: joined([waitWords(details), this.#place, this.#failure === null ? error : ""]),
      deeds: this.#deeds.map(({ title }) => title),
      failure: this.#failure,
    };
    const text = JSON.stringify(head);
    if (text === this.#told.head) return;
    this.#told = { ...this.#told, head: text };
    this.#send({ type: "run", run: head });
  }

  /** When a run that is deleted was seen last, wall ms: no time of its counts on. */
  get #goneSince(): number | undefined {
    const { isGone, state } = this.#reader;
    return isGone && state.kind === "stale" ? state.since : undefined;
  }

  /** Only what is another since. */
  #tellStates({ progress }: RunDetails): void {
    const { states: told } = this.#told;
    const anew = told.size === 0;
    const states: Record<string, StepStatus> = {};
    for (const [path, task] of progress) {
      const status = statusOf(task, this.#goneSince);
      const text = JSON.stringify(status);
      if (told.get(path) === text) continue;
      told.set(path, text);
      states[path] = status;
    }
    if (anew || Object.keys(states).length > 0) this.#send({ type: "states", anew, states });
  }

  async #readFailure(): Promise<void> {
    this.#isReadingFailure = true;
    const of = this.#failureOf;
    let hasFailed = false;
    try {
      const failure = await this.#reader.failure(this.#over.signal);
      if (failure !== undefined) {
        const { task: path, name, why, lines, noLog } = failure;
        this.#failure = { path, name, why, lines, noLog };
      }
    } catch (error) {
      if (isCancelled(error)) return;
      // That it failed is said anyway; which step, and how, is asked once more with the next change.
      this.#ports.onNote(`The failure of a run was not read: ${errorText(error)}`);
      this.#failureOf = "";
      hasFailed = true;
    } finally {
      this.#isReadingFailure = false;
    }
    const { value } = this.#reader;
    // What has changed meanwhile is the next change.
    if (value !== undefined && !(hasFailed && failedSteps(value) === of)) this.#tellHead(value);
  }

  #tellStep(): void {
    const path = this.#selected;
    const { value, metadata } = this.#reader;
    const task = value?.progress.get(path);
    if (path === "" || task === undefined) return;
    const { state } = metadata;
    const known = metadata.value?.get(path) ?? [];
    const why =
      state.kind === "failed" ? `What went in and out is not known. ${label(errorText(state.error), MOST_TEXT)}` : "";
    const note = why !== "" ? why : metadata.value === undefined ? "Reading what went in and out…" : "";
    const rounds =
      task.iterations === undefined ? "" : `${task.iterations.done} of ${task.iterations.of} rounds are over.`;
    const step: StepDetails = {
      message: joined([task.message, rounds]),
      hasLog: task.pods.length > 0,
      rounds: known.map((one, index) => roundOf(one, known.length === 1 ? "" : titleOf(one, index))),
      note,
    };
    this.#send({ type: "step", path, step });
    // Numbers that a step wrote into a file are what its metrics are looked at for.
    const files = known.flatMap(({ artifacts }) => artifacts).filter(isFileOfMetrics);
    for (const artifact of files.slice(0, MOST_UNASKED)) {
      if (this.#unasked.has(artifact.id)) continue;
      this.#unasked.add(artifact.id);
      void this.#show(artifact);
    }
  }

  #artifact(id: string): RunArtifact | undefined {
    const all = [...(this.#reader.metadata.value?.values() ?? [])].flat().flatMap(({ artifacts }) => artifacts);
    return all.find((artifact) => artifact.id === id);
  }

  async #show(artifact: RunArtifact): Promise<void> {
    const { id } = artifact;
    this.#send({ type: "content", id, content: { kind: "reading" } });
    const reading = new AbortController();
    this.#reading.get(id)?.abort();
    this.#reading.set(id, reading);
    const signal = AbortSignal.any([this.#over.signal, reading.signal]);
    try {
      const content = shown(await this.#reader.content(artifact, signal));
      this.#send({ type: "content", id, content });
    } catch (error) {
      // Asked for anew meanwhile.
      if (this.#reading.get(id) !== reading) return;
      const why = isCancelled(error) ? "It was not read." : label(errorText(error), MOST_TEXT);
      this.#send({ type: "content", id, content: { kind: "none", why } });
    } finally {
      if (this.#reading.get(id) === reading) this.#reading.delete(id);
    }
  }
}

/** What keeps the first step that waits from its beginning. */
function waitWords({ run, progress }: RunDetails): string {
  if (run.state !== "Waiting") return "";
  const [first] = [...progress].filter(([, { state, message }]) => state === "Waiting" && message !== "");
  if (first === undefined) return "";
  return label(`${first[0].slice(first[0].lastIndexOf("/") + 1)}: ${first[1].message}`, MOST_TEXT);
}

function failedSteps({ progress }: RunDetails): string {
  return `failed: ${[...progress].flatMap(([path, { state }]) => (state === "Failed" ? [path] : [])).join(" ")}`;
}

function statusOf({ state, started, finished, cached }: TaskProgress, goneSince: number | undefined): StepStatus {
  return { state, started: started ?? null, finished: finished ?? goneSince ?? null, cached };
}

function isFileOfMetrics({ direction, type, uri, metrics }: RunArtifact): boolean {
  return direction === "output" && type === "Metrics" && uri !== "" && Object.keys(metrics).length === 0;
}

function titleOf({ rounds }: TaskMetadata, index: number): string {
  return rounds.length === 0 ? `Time ${index + 1}` : `Round ${rounds.map((round) => round + 1).join(".")}`;
}

function roundOf({ inputs, outputs, artifacts }: TaskMetadata, title: string): Round {
  const of = (direction: RunArtifact["direction"]): ShownArtifact[] =>
    artifacts.filter((one) => one.direction === direction).map(artifactOf);
  return { title, inputs: facts(inputs), outputs: facts(outputs), read: of("input"), written: of("output") };
}

function facts(values: Readonly<Record<string, unknown>>): GraphFact[] {
  return Object.entries(values).map(([name, value]) => {
    const words = typeof value === "string" ? value : JSON.stringify(value);
    const type = Array.isArray(value) ? "list" : value === null ? "null" : typeof value;
    return { name: label(name), type, words: label(words, MOST_VALUE) };
  });
}

function artifactOf({ id, name, type, uri, metrics, properties, tables }: RunArtifact): ShownArtifact {
  const scalars = Object.entries(metrics).map(([key, value]) => [label(key), String(value)] as const);
  const others = Object.entries(properties).map(([key, value]) => [label(key), label(value, MOST_TEXT)] as const);
  const facts = [...scalars, ...others];
  return { id, name: label(name), type: label(type), uri: label(uri, MOST_TEXT), facts, tables };
}

function shown(content: ArtifactContent): ShownContent {
  switch (content.kind) {
    case "text":
    case "json":
      return { kind: "text", text: content.text.split("\n").map(plainLine).join("\n"), isCut: content.isCut };
    case "scalars":
      return { kind: "scalars", facts: content.values.map(([name, value]) => [label(name), label(value, MOST_TEXT)]) };
    case "table":
      return {
        kind: "table",
        rows: content.rows.map((row) => row.map((cell) => label(cell, 200))),
        isCut: content.isCut,
      };
    case "image":
      return { kind: "image", type: content.type, data: content.bytes.toString("base64") };
    case "other":
      return { kind: "none", why: content.why };
  }
}
