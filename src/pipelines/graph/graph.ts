import type { Graph, GraphFact, GraphTask } from "../../contract/pipeline.ts";
import { label } from "../../core/sanitize.ts";
import { joined, shorten } from "../../core/text.ts";
import type { PipelineSpec, PipelineTask, Source } from "../spec/model.ts";

const MOST_WORDS = 200;

/** What a page draws of a pipeline. */
export function graphOf(spec: PipelineSpec): Graph {
  const names = new Map<string, string>();
  const name = (tasks: readonly PipelineTask[]): void => {
    for (const task of tasks) {
      names.set(task.path, task.name);
      name(task.children);
    }
  };
  name(spec.tasks);
  return {
    name: spec.displayName,
    description: spec.description,
    inputs: [
      ...spec.artifacts.map(({ name: input, type }) => ({ name: label(input), type, words: "" })),
      ...spec.inputs.map((input) => ({
        name: label(input.name),
        type: typeWords(input.type),
        words: json(input.default),
      })),
    ],
    tasks: spec.tasks.map((task) => taskOf(task, names)),
    isCut: spec.isCut,
  };
}

function taskOf(task: PipelineTask, names: ReadonlyMap<string, string>): GraphTask {
  const { path, name, kind, image, component, dependsOn, always, caching, retry } = task;
  return {
    path,
    name,
    kind,
    short: shortOf(task, names),
    image,
    component,
    after: dependsOn,
    always,
    caching,
    retry,
    inputs: task.inputs.map((input) => ({
      name: input.name,
      type: typeWords(input.type),
      ...wordsOf(input.from, names),
    })),
    outputs: task.outputs.map((output) => ({ name: output.name, type: typeWords(output.type), words: "" })),
    children: task.children.map((child) => taskOf(child, names)),
  };
}

/** A `dict` in Python is a `STRUCT` to the SDK. */
function typeWords(type: string): string {
  return type === "struct" ? "dict" : type;
}

function shortOf({ kind, image, condition, loop }: PipelineTask, names: ReadonlyMap<string, string>): string {
  const times = loop?.parallelism === undefined ? "" : `${loop.parallelism} at a time`;
  if (loop !== undefined) return joined([`for each of ${shorten(wordsOf(loop.over, names).words, 60)}`, times]);
  if (condition !== "") return `if ${condition}`;
  return kind === "container" ? shortImage(image) : "";
}

/** Without registry, digest and folders: `train:1.2`. */
export function shortImage(image: string): string {
  const name = image.replace(/@sha256:[0-9a-f]+$/, "");
  return name.slice(name.lastIndexOf("/") + 1);
}

function wordsOf(source: Source, names: ReadonlyMap<string, string>): Pick<GraphFact, "words" | "task"> {
  const named = (task: string): string => names.get(task) ?? label(task);
  switch (source.kind) {
    case "constant":
      return { words: json(source.value) };
    case "input":
      // Names of the pipeline's inputs are what a run is given them by: only here are they words.
      return { words: `input ${label(source.name)}` };
    case "output":
      return { words: `${named(source.task)} → ${source.name}`, task: source.task };
    case "item":
      return { words: `each item of ${named(source.task)}`, task: source.task };
    case "status":
      return { words: `how ${named(source.task)} ended`, task: source.task };
    case "unknown":
      return { words: "not known" };
  }
}

function json(value: unknown): string {
  return value === undefined ? "" : label(typeof value === "string" ? value : JSON.stringify(value), MOST_WORDS);
}
