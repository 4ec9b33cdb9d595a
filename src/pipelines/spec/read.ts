import { label } from "../../core/sanitize.ts";
import { type Json, record, text, whole } from "../../kubeflow/read.ts";
import { type PipelineDocument, pipelineDocument } from "./document.ts";
import type {
  ArtifactInput,
  PipelineInput,
  PipelineSpec,
  PipelineTask,
  Source,
  TaskInput,
  TaskKind,
  TaskOutput,
  ValueType,
} from "./model.ts";

/** What is kept of a pipeline: tasks with those in them, characters of a text, levels. Components may hold themselves. */
const MOST_TASKS = 5_000;
const MOST_TEXT = 1_000;
const MOST_LEVELS = 30;

const TYPES: Readonly<Record<string, ValueType>> = {
  STRING: "string",
  NUMBER_INTEGER: "integer",
  NUMBER_DOUBLE: "number",
  BOOLEAN: "boolean",
  LIST: "list",
  STRUCT: "struct",
  TASK_FINAL_STATUS: "struct",
  TASK_CONFIG: "struct",
  // Of schema 2.0.0.
  INT: "integer",
  DOUBLE: "number",
};

/** What stands around the tasks that are read. */
interface Around {
  /** With a slash at its end; empty at the root. */
  readonly path: string;
  readonly levels: number;
  /** Where an input of the surrounding component comes from. */
  readonly inputs: ReadonlyMap<string, Source>;
}

/**
 * Reads what an SDK has compiled or a server keeps: kfp's PipelineSpec as JSON (pipelines: api/v2alpha1/pipeline_spec.proto),
 * alone or as `pipelineDocument` takes it. Never trusts it: texts are cut and cleaned, what has another form is left out.
 * Throws UserError as `pipelineDocument` does.
 */
export function readPipelineSpec(json: unknown): PipelineSpec {
  return specOf(pipelineDocument(json));
}

export function specOf({ pipeline }: PipelineDocument): PipelineSpec {
  const info = record(pipeline["pipelineInfo"]);
  const root = record(pipeline["root"]);
  const { parameters, artifacts } = record(root["inputDefinitions"]);
  const inputs = entries(parameters).map(([name, json]) => inputOf(name, json));
  const given = entries(artifacts).map(([name, json]) => artifactOf(name, json));
  const reader = new Reader(pipeline);
  const outer = new Map([...inputs, ...given].map(({ name }): [string, Source] => [name, { kind: "input", name }]));
  const tasks = reader.tasks(root, { path: "", levels: 0, inputs: outer });
  const name = said(info["name"]);
  return {
    name,
    displayName: said(info["displayName"]) || name,
    description: said(info["description"]),
    sdk: said(pipeline["sdkVersion"]),
    inputs,
    artifacts: given,
    tasks,
    isCut: reader.isCut,
  };
}

class Reader {
  isCut = false;
  readonly #components: Json;
  readonly #executors: Json;
  #count = 0;

  constructor(pipeline: Json) {
    this.#components = record(pipeline["components"]);
    this.#executors = record(record(pipeline["deploymentSpec"])["executors"]);
  }

  tasks(component: Json, around: Around): readonly PipelineTask[] {
    const written = entries(record(component["dag"])["tasks"]);
    const all = written.slice(0, MOST_TASKS);
    this.isCut ||= all.length < written.length;
    const known = new Set(all.map(([key]) => key));
    // What is run in any case after a neighbour's end, and what that neighbour is.
    const guarded = new Set(all.filter(([, json]) => isAlways(json)).flatMap(([, json]) => [...before(json)]));
    const read: PipelineTask[] = [];
    for (const [key, json] of inOrder(all)) {
      if (this.#count >= MOST_TASKS) {
        this.isCut = true;
        break;
      }
      this.#count += 1;
      read.push(this.#task(key, json, around, known, guarded.has(key)));
    }
    return read;
  }

  #task(key: string, json: Json, around: Around, known: ReadonlySet<string>, isGuarded: boolean): PipelineTask {
    const path = around.path + key;
    const reference = text(record(json["componentRef"])["name"]) ?? "";
    const component = own(this.#components, reference);
    const executor = own(this.#executors, text(component["executorLabel"]) ?? "");
    const iterator = record(json["parameterIterator"] ?? json["artifactIterator"]);
    const { condition } = record(json["triggerPolicy"]);
    const isDag = component["dag"] !== undefined;
    const inputs = inputsOf(json, component, around);
    const sources = new Map(inputs.map(([input, { from }]) => [input, from]));
    const item = text(iterator["itemInput"]);
    const loop =
      item === undefined ? undefined : { over: itemsOf(iterator, sources), parallelism: parallelismOf(json) };
    if (item !== undefined) sources.set(item, { kind: "item", task: path });
    const kind = kindOf({ isDag, isLoop: loop !== undefined, condition, reference, isGuarded, executor });
    const inside = { path: `${path}/`, levels: around.levels + 1, inputs: sources };
    const isDeep = isDag && inside.levels > MOST_LEVELS;
    this.isCut ||= isDeep;
    return {
      path,
      key,
      name: said(record(json["taskInfo"])["name"]) || label(key),
      component: label(reference.replace(/^comp-/, "")),
      kind,
      image: said(record(executor["container"])["image"]),
      dependsOn: [...before(json)].filter((other) => known.has(other)).map((other) => around.path + other),
      always: isAlways(json),
      condition: wordsOf(said(condition)),
      loop,
      inputs: inputs.map(([, input]) => input),
      outputs: outputsOf(record(component["outputDefinitions"])),
      caching: record(json["cachingOptions"])["enableCache"] === true,
      retry: whole(record(json["retryPolicy"])["maxRetryCount"], 1_000_000) ?? 0,
      children: isDag && !isDeep ? this.tasks(component, inside) : [],
    };
  }
}

function kindOf(task: {
  readonly isDag: boolean;
  readonly isLoop: boolean;
  readonly condition: unknown;
  readonly reference: string;
  readonly isGuarded: boolean;
  readonly executor: Json;
}): TaskKind {
  if (task.isLoop) return "loop";
  if (!task.isDag) return task.executor["importer"] === undefined ? "container" : "importer";
  // The compiler's own names tell groups from pipelines (kfp 2.4 to 2.17: compiler/pipeline_spec_builder.py).
  if (text(task.condition) !== undefined || /^comp-condition-(branches-)?\d+$/.test(task.reference)) return "condition";
  return task.isGuarded && /^comp-exit-handler-\d+$/.test(task.reference) ? "exit handler" : "dag";
}

/** Each with the key that what is inside knows it by. */
function inputsOf(json: Json, component: Json, around: Around): readonly (readonly [string, TaskInput])[] {
  const defined = record(component["inputDefinitions"]);
  const given = record(json["inputs"]);
  const read = (of: string, isArtifact: boolean, typeOf: (json: Json) => string): (readonly [string, TaskInput])[] => {
    const types = record(defined[of]);
    const values = record(given[of]);
    return [...new Set([...Object.keys(types), ...Object.keys(values)])].flatMap((key) => {
      const type = own(types, key);
      const from = Object.hasOwn(values, key) ? sourceOf(own(values, key), around) : defaultOf(type);
      return from === undefined ? [] : [[key, { name: shownName(key), type: typeOf(type), isArtifact, from }] as const];
    });
  };
  return [...read("artifacts", true, artifactType), ...read("parameters", false, valueType)];
}

function outputsOf({ parameters, artifacts }: Json): readonly TaskOutput[] {
  return [
    ...entries(artifacts).map(([key, json]) => ({ name: shownName(key), type: artifactType(json), isArtifact: true })),
    ...entries(parameters).map(([key, json]) => ({ name: shownName(key), type: valueType(json), isArtifact: false })),
  ];
}

function sourceOf(json: Json, { path, inputs }: Around): Source {
  const output = record(json["taskOutputParameter"] ?? json["taskOutputArtifact"]);
  const task = text(output["producerTask"]);
  if (task !== undefined) {
    const name = text(output["outputParameterKey"] ?? output["outputArtifactKey"]) ?? "";
    return { kind: "output", task: path + task, name: shownName(name) };
  }
  const outer = text(json["componentInputParameter"]) ?? text(json["componentInputArtifact"]);
  if (outer !== undefined) return inputs.get(outer) ?? { kind: "unknown" };
  const ended = text(record(json["taskFinalStatus"])["producerTask"]);
  if (ended !== undefined) return { kind: "status", task: path + ended };
  const { constant, constantValue } = record(json["runtimeValue"]);
  const value = constant ?? Object.values(record(constantValue))[0];
  return value === undefined ? { kind: "unknown" } : { kind: "constant", value };
}

/** What a task gets that is given nothing; undefined where it gets nothing. */
function defaultOf(json: Json): Source | undefined {
  const { defaultValue: value } = json;
  return value === undefined ? undefined : { kind: "constant", value };
}

function itemsOf(iterator: Json, sources: ReadonlyMap<string, Source>): Source {
  const { raw, inputParameter, inputArtifact } = record(iterator["items"]);
  const input = text(inputParameter) ?? text(inputArtifact);
  if (input !== undefined) return sources.get(input) ?? { kind: "unknown" };
  try {
    return { kind: "constant", value: JSON.parse(text(raw) ?? "") as unknown };
  } catch {
    return { kind: "unknown" };
  }
}

function inputOf(name: string, json: Json): PipelineInput {
  const { defaultValue, literals } = json;
  return {
    name,
    type: valueType(json),
    default: defaultValue,
    optional: json["isOptional"] === true || defaultValue !== undefined,
    description: said(json["description"]),
    choices: Array.isArray(literals) ? literals : [],
  };
}

function artifactOf(name: string, json: Json): ArtifactInput {
  return {
    name,
    type: artifactType(json),
    isList: json["isArtifactList"] === true,
    optional: json["isOptional"] === true,
    description: said(json["description"]),
  };
}

function valueType(json: Json): ValueType {
  const type = text(json["parameterType"]) ?? text(json["type"]) ?? "";
  return (Object.hasOwn(TYPES, type) && TYPES[type]) || "string";
}

/** `system.Dataset` is what the SDK calls a Dataset. */
function artifactType(json: Json): string {
  const { schemaTitle, instanceSchema } = record(json["artifactType"]);
  return label((text(schemaTitle) ?? text(instanceSchema) ?? "Artifact").replace(/^system\./, ""), 100);
}

function parallelismOf(json: Json): number | undefined {
  return whole(record(json["iteratorPolicy"])["parallelismLimit"], 1_000_000) || undefined;
}

/** Keys of the neighbours that a task waits for. */
function before(json: Json): ReadonlySet<string> {
  const waits = json["dependentTasks"];
  const { parameters, artifacts } = record(json["inputs"]);
  const producers = [...entries(parameters), ...entries(artifacts)].flatMap(([, input]) =>
    [input["taskOutputParameter"], input["taskOutputArtifact"], input["taskFinalStatus"]].flatMap(
      (from) => text(record(from)["producerTask"]) ?? [],
    ),
  );
  return new Set([...(Array.isArray(waits) ? waits : []).flatMap((key) => text(key) ?? []), ...producers]);
}

function isAlways(json: Json): boolean {
  return record(json["triggerPolicy"])["strategy"] === "ALL_UPSTREAM_TASKS_COMPLETED";
}

/** Each after those that it waits for, as far as they do not wait for each other; else as they are written. */
function inOrder(all: readonly (readonly [string, Json])[]): readonly (readonly [string, Json])[] {
  const places = new Map(all.map(([key], index) => [key, index]));
  const after = all.map((): number[] => []);
  const waits = new Map<number, number>();
  all.forEach(([key, json], index) => {
    const earlier = [...before(json)].filter((other) => other !== key && places.has(other));
    for (const other of earlier) after[places.get(other) ?? 0]?.push(index);
    waits.set(index, earlier.length);
  });
  const done: number[] = [];
  let free = [...waits.keys()].filter((index) => waits.get(index) === 0);
  while (waits.size > 0) {
    if (free.length === 0) free = [...waits.keys()];
    done.push(...free);
    for (const index of free) waits.delete(index);
    const next = new Set<number>();
    for (const index of free.flatMap((one) => after[one] ?? [])) {
      const left = (waits.get(index) ?? 0) - 1;
      if (waits.has(index)) waits.set(index, left);
      if (left === 0) next.add(index);
    }
    free = [...next].sort((a, b) => a - b);
  }
  return done.flatMap((index) => (all[index] === undefined ? [] : [all[index]]));
}

/** `int(inputs.parameter_values['pipelinechannel--n']) == 1` is `n == 1`. */
function wordsOf(condition: string): string {
  return condition
    .replace(/(?:int|double|string)\((inputs\.parameter_values\['[^']*'\])\)/g, "$1")
    .replace(/inputs\.parameter_values\['([^']*)'\]/g, (_, name: string) => shownName(name))
    .replaceAll("&&", "and")
    .replaceAll("||", "or")
    .replace(/!\(/g, "not (");
}

/** Without what the compiler marks names by that it hands into groups. */
function shownName(key: string): string {
  return label(key.replace(/^pipelinechannel--/, ""));
}

function said(value: unknown): string {
  return label(text(value) ?? "", MOST_TEXT);
}

function own(of: Json, key: string): Json {
  return record(Object.hasOwn(of, key) ? of[key] : undefined);
}

function entries(value: unknown): readonly (readonly [string, Json])[] {
  return Object.entries(record(value)).map(([key, json]) => [key, record(json)] as const);
}
