// What went into each step of a run and came out of it, as ML Metadata has it.
import type { Disposable } from "../../core/dispose.ts";
import { errorCode, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { type PipelineTask, type PipelineSpec } from "../spec/model.ts";
import { readUpTo } from "../podHttp.ts";
import type { ServerPlace } from "../waysIn.ts";
import { DoorHttp } from "./doorHttp.ts";
import type { RunArtifact, RunMetadata, TaskMetadata } from "./model.ts";
import { tasksByPath } from "./progress.ts";
import { classificationTable } from "./tables.ts";
import type { Message } from "./wire.ts";
import { frameOf, messageIn, messageOf, structOf } from "./wire.ts";

const WHAT = "Inputs, outputs and artifacts were not read.";
const SERVICE = "/ml_metadata.MetadataStoreService";
/** pipelines: backend/src/v2/metadata/client.go. */
const RUN_CONTEXT = "system.PipelineRun";
const MOST_BYTES = 32 * 1024 * 1024;
const MOST_TEXT = 1_000;
const MOST_LEVELS = 50;
/** Custom properties of an artifact that are no metadata of a person's. */
const SESSION = "store_session_info";
const OWN = new Set(["display_name", SESSION]);
/** Of an Event: DECLARED_OUTPUT and DECLARED_INPUT count as what they declare. */
const DIRECTIONS: Readonly<Record<string, RunArtifact["direction"]>> = {
  ...{ "1": "output", "2": "input", "3": "input", "4": "output" },
};
const CACHED = "5";

/** The server of ML Metadata behind its grpc-web gateway. Asks nothing before the first call. */
export class MetadataServer implements Disposable {
  readonly #http: DoorHttp;

  constructor(place: ServerPlace) {
    const door = {
      ...{ namespace: place.namespace, service: "metadata-envoy-service", port: 9090 },
      ...{ selector: { component: "metadata-envoy" }, what: WHAT, behindGateway: "" },
    };
    this.#http = new DoorHttp(place, door, "metadata server");
  }

  /** Empty where nothing of the run is there yet. Rejects with UserError as `messageIn`, else as DoorHttp does. */
  async run(id: string, spec: PipelineSpec, signal: AbortSignal): Promise<RunMetadata> {
    const context = (await this.#context(id, signal))?.int(1);
    if (context === undefined) return new Map();
    const found = await this.#call("GetExecutionsByContext", { 1: [BigInt(context)] }, signal);
    const executions = found.all(1);
    const ids = executions.flatMap((execution) => execution.int(1) ?? []).map(BigInt);
    const known = ids.length === 0 ? [] : (await this.#call("GetEventsByExecutionIDs", { 1: ids }, signal)).all(1);
    const events = known.filter((event) => directionOf(event) !== undefined);
    const wanted = [...new Set(events.flatMap((event) => event.int(1) ?? []))].map(BigInt);
    const artifacts = wanted.length === 0 ? [] : (await this.#call("GetArtifactsByID", { 1: wanted }, signal)).all(1);
    try {
      return readMetadata(spec, executions, events, artifacts);
    } catch (cause) {
      throw new UserError("metadata", WHAT, { why: "What the metadata server answered was not understood.", cause });
    }
  }

  dispose(): void {
    this.#http.dispose();
  }

  async #context(id: string, signal: AbortSignal): Promise<Message | undefined> {
    try {
      return (await this.#call("GetContextByTypeAndName", { 1: RUN_CONTEXT, 2: id }, signal)).one(1);
    } catch (error) {
      // Nothing has run there yet at all.
      if (errorCode(error) === "gone") return undefined;
      throw error;
    }
  }

  #call(method: string, fields: Parameters<typeof messageOf>[0], signal: AbortSignal): Promise<Message> {
    const type = "application/grpc-web+proto";
    const request = {
      ...({ method: "POST", path: `${SERVICE}/${method}`, isSafe: true } as const),
      headers: { accept: type, "x-grpc-web": "1" },
      body: { type, bytes: frameOf(messageOf(fields)) },
    };
    return this.#http.ask(
      request,
      async (response) => {
        const { bytes, isCut } = await readUpTo(response, MOST_BYTES);
        const { statusCode = 0, headers } = response;
        const why = isCut
          ? "There are more than 32 MB of them."
          : `The metadata server answered with HTTP ${statusCode}.`;
        if (isCut || statusCode !== 200) throw new UserError("metadata", WHAT, { why });
        return messageIn(bytes, headers, WHAT);
      },
      signal,
    );
  }
}

interface Execution {
  readonly id: string;
  readonly name: string;
  readonly parent: string | undefined;
  readonly round: string | undefined;
  readonly isLoop: boolean;
  readonly metadata: Pick<TaskMetadata, "inputs" | "outputs" | "cached">;
}

interface Place {
  /** Empty for the run as a whole. */
  readonly path: string;
  readonly rounds: readonly number[];
}

/**
 * Messages of that name of metadata_store.proto. What fits no task of the specification is left out. Throws where a message
 * in one of them is none.
 */
export function readMetadata(
  spec: PipelineSpec,
  executions: readonly Message[],
  events: readonly Message[],
  artifacts: readonly Message[],
): RunMetadata {
  const tasks = tasksByPath(spec);
  const byId = new Map(executions.map(readExecution).map((execution) => [execution.id, execution]));
  const artifactsById = new Map(artifacts.map((artifact) => [artifact.int(1) ?? "", artifact]));
  const eventsOf = Map.groupBy(events, (event) => event.int(2));
  const found = new Map<string, TaskMetadata[]>();
  for (const execution of byId.values()) {
    const place = placeOf(execution, byId, spec, tasks);
    if (place === undefined || place.path === "") continue;
    const own = (eventsOf.get(execution.id) ?? []).flatMap((event) => readArtifact(event, artifactsById) ?? []);
    const known = found.get(place.path) ?? [];
    found.set(place.path, [...known, { rounds: place.rounds, ...execution.metadata, artifacts: own }]);
  }
  for (const rounds of found.values()) rounds.sort((a, b) => compare(a.rounds, b.rounds));
  return found;
}

/** An execution names the DAG that it is in; a loop's rounds are DAGs in the loop's own. */
function placeOf(
  execution: Execution,
  byId: ReadonlyMap<string, Execution>,
  spec: PipelineSpec,
  tasks: ReadonlyMap<string, PipelineTask>,
  levels = 0,
): Place | undefined {
  const { name, parent, round } = execution;
  if (parent === undefined || parent === "0") return { path: "", rounds: [] };
  const outer = byId.get(parent);
  if (outer === undefined || levels > MOST_LEVELS) return undefined;
  const around = placeOf(outer, byId, spec, tasks, levels + 1);
  if (around === undefined) return undefined;
  if (round !== undefined && outer.isLoop) return { ...around, rounds: [...around.rounds, Number(round)] };
  const beside = around.path === "" ? spec.tasks : (tasks.get(around.path)?.children ?? []);
  // 2.0.5 to 2.4 say the name that is shown.
  const task = beside.find(({ key }) => key === name) ?? beside.find((one) => one.name === name);
  return task && { path: task.path, rounds: around.rounds };
}

/** Execution: id = 1, last_known_state = 3, custom_properties = 5. */
function readExecution(execution: Message): Execution {
  const properties = execution.map(5);
  const struct = (key: string): Readonly<Record<string, unknown>> => {
    const value = properties.get(key)?.one(4);
    return value === undefined ? {} : shown(structOf(value));
  };
  return {
    id: execution.int(1) ?? "",
    name: properties.get("task_name")?.text(3) ?? "",
    parent: properties.get("parent_dag_id")?.int(1),
    round: properties.get("iteration_index")?.int(1),
    isLoop: properties.has("iteration_count"),
    metadata: {
      inputs: struct("inputs"),
      outputs: struct("outputs"),
      cached: execution.int(3) === CACHED || properties.has("cached_execution_id"),
    },
  };
}

/** Event: artifact_id = 1, execution_id = 2, path = 3, type = 4. Artifact: id = 1, uri = 3, properties = 4, 5, type = 8. */
function readArtifact(event: Message, artifacts: ReadonlyMap<string, Message>): RunArtifact | undefined {
  const id = event.int(1) ?? "";
  const artifact = artifacts.get(id);
  const direction = directionOf(event);
  if (artifact === undefined || direction === undefined) return undefined;
  const all = [...artifact.map(4), ...artifact.map(5)];
  const tables = all.flatMap(([key, value]) => {
    const struct = value.one(4);
    const table = struct && classificationTable(key, structOf(struct));
    return table === undefined ? [] : [[key, table] as const];
  });
  const told = new Set([...OWN, ...tables.map(([key]) => key)]);
  const given = all.filter(([key]) => !told.has(key));
  const name = event.one(3)?.one(1)?.text(2) ?? artifact.text(7) ?? "";
  return {
    ...{ id, direction, name: shownName(name) },
    type: label((artifact.text(8) ?? "Artifact").replace(/^system\./, ""), 100),
    uri: artifact.text(3) ?? "",
    metrics: Object.fromEntries(given.flatMap(([key, value]) => numberOf(key, value))),
    properties: Object.fromEntries(given.flatMap(([key, value]) => textOf(key, value))),
    tables: tables.map(([, table]) => table),
    session: all.find(([key]) => key === SESSION)?.[1].text(3) ?? "",
  };
}

/** What is still pending, or internal, has none. */
function directionOf(event: Message): RunArtifact["direction"] | undefined {
  return DIRECTIONS[event.int(4) ?? ""];
}

/** Value: int = 1, double = 2, string = 3, struct = 4, bool = 6. */
function numberOf(key: string, value: Message): (readonly [string, number])[] {
  const number = value.double(2) ?? (value.int(1) === undefined ? undefined : Number(value.int(1)));
  return number === undefined ? [] : [[label(key), number]];
}

function textOf(key: string, value: Message): (readonly [string, string])[] {
  const struct = value.one(4);
  const bool = value.int(6);
  const text =
    struct === undefined
      ? (value.text(3) ?? (bool === undefined ? undefined : String(bool !== "0")))
      : JSON.stringify(structOf(struct));
  return text === undefined ? [] : [[label(key), label(text, MOST_TEXT)]];
}

function shown(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [shownName(key), value]));
}

/** Without what the compiler marks names by that it hands into groups. */
function shownName(key: string): string {
  return label(key.replace(/^pipelinechannel--/, ""));
}

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((round, index) => round !== other[index]);
  return at === -1 ? one.length - other.length : (one[at] ?? 0) - (other[at] ?? 0);
}
