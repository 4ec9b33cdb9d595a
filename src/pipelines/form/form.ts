// What a person writes on the page of a run, and what the server is sent of it.
import type { RunForm, RunInput, RunProblem } from "../../contract/runForm.ts";
import { UserError } from "../../core/errors.ts";
import { record } from "../../kubeflow/read.ts";
import type { RunWish, Schedule } from "../runs.ts";
import { readCron, type Trigger } from "../schedule.ts";
import type { PipelineDocument } from "../spec/document.ts";
import type { PipelineInput } from "../spec/model.ts";

export interface ReadRun {
  readonly wish: Omit<RunWish, "source">;
  readonly schedule: Schedule | undefined;
  readonly problems: readonly RunProblem[];
}

const MOST_NAME = 128;
/** Of a schedule at a time (pipelines: max_concurrency). */
const MOST_AT_ONCE = 10;
const MOST_MINUTES = 525_600;

/** A form in which nothing was written but the name, with the pipeline's defaults; `given` are values of another run. */
export function emptyForm(
  name: string,
  inputs: readonly PipelineInput[],
  given: Readonly<Record<string, unknown>> = {},
): RunForm {
  const values = inputs.map((input) => {
    const value = Object.hasOwn(given, input.name) ? given[input.name] : input.default;
    return [input.name, writtenAs(input, value)] as const;
  });
  return {
    name,
    experiment: "",
    serviceAccount: "",
    root: "",
    caching: "as written",
    when: "once",
    cron: "0 6 * * *",
    every: "60",
    atOnce: "1",
    catchUp: false,
    values: Object.fromEntries(values),
  };
}

export function shownInput(input: PipelineInput): RunInput {
  const { name, type, description, optional, choices } = input;
  const all = choices.map((choice) => writtenAs(input, choice));
  return { name, type, description, optional, default: writtenAs(input, input.default), choices: all };
}

/** Reads the form. Where it has problems, what is read besides is not to be sent. */
export function readRunForm(form: RunForm, inputs: readonly PipelineInput[]): ReadRun {
  const problems: RunProblem[] = [];
  const parameters: Record<string, unknown> = {};
  for (const input of inputs) {
    const read = readValue(input, form.values[input.name] ?? "");
    if (read.problem !== undefined) problems.push({ input: input.name, text: read.problem });
    else if (read.value !== undefined) parameters[input.name] = read.value;
  }
  const name = form.name.trim();
  if (name === "" || name.length > MOST_NAME)
    problems.push({ field: "name", text: `A name has 1 to ${MOST_NAME} characters.` });
  if (form.serviceAccount !== "" && !/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(form.serviceAccount))
    problems.push({ field: "serviceAccount", text: "A service account has lower-case letters, digits and hyphens." });
  if (form.root !== "" && !/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(form.root))
    problems.push({ field: "root", text: "It is a URI such as s3://bucket/folder." });
  return {
    wish: {
      name,
      parameters,
      experiment: form.experiment.trim(),
      serviceAccount: form.serviceAccount,
      root: form.root,
    },
    schedule: readSchedule(form, problems),
    problems,
  };
}

/** The same pipeline with results of earlier runs used, or not, for every step (kfp: cachingOptions of each task). */
export function withCaching({ pipeline, platform }: PipelineDocument, isOn: boolean): PipelineDocument {
  const ofDag = (component: unknown): unknown => {
    const dag = record(record(component)["dag"]);
    const tasks = Object.entries(record(dag["tasks"]));
    if (tasks.length === 0) return component;
    const options = isOn ? { enableCache: true } : {};
    const all = tasks.map(([key, task]) => [key, { ...record(task), cachingOptions: options }]);
    return { ...record(component), dag: { ...dag, tasks: Object.fromEntries(all) as unknown } };
  };
  const components = Object.entries(record(pipeline["components"])).map(([key, one]) => [key, ofDag(one)]);
  return {
    pipeline: {
      ...pipeline,
      root: ofDag(pipeline["root"]),
      ...(components.length > 0 && { components: Object.fromEntries(components) as unknown }),
    },
    platform,
  };
}

function readSchedule(form: RunForm, problems: RunProblem[]): Schedule | undefined {
  if (form.when === "once") return undefined;
  const trigger = form.when === "cron" ? readTrigger(form.cron, problems) : readInterval(form.every, problems);
  const atOnce = Number(form.atOnce);
  if (!/^\d+$/.test(form.atOnce) || atOnce < 1 || atOnce > MOST_AT_ONCE)
    problems.push({ field: "atOnce", text: `It is a whole number between 1 and ${MOST_AT_ONCE}.` });
  return trigger && { trigger, atOnce, catchUp: form.catchUp };
}

function readTrigger(text: string, problems: RunProblem[]): Trigger | undefined {
  try {
    return readCron(text);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push({ field: "cron", text: error.message });
    return undefined;
  }
}

function readInterval(text: string, problems: RunProblem[]): Trigger | undefined {
  const minutes = Number(text);
  if (/^\d+$/.test(text) && minutes >= 1 && minutes <= MOST_MINUTES) return { kind: "every", seconds: minutes * 60 };
  problems.push({ field: "every", text: "It is a whole number of minutes, 1 or more, at most a year." });
  return undefined;
}

interface ReadValue {
  /** Undefined: it is left out, and has its default. */
  readonly value?: unknown;
  readonly problem?: string;
}

function readValue(input: PipelineInput, written: string): ReadValue {
  const { type, optional, choices } = input;
  const isText = type === "string";
  const text = isText ? written : written.trim();
  if (text === "") {
    // An empty text in the place of another default is meant.
    if (isText && typeof input.default === "string" && input.default !== "") return { value: "" };
    return optional ? {} : { problem: "It needs a value." };
  }
  const read = parsed(type, text);
  if (read.problem !== undefined || choices.length === 0) return read;
  const isOne = choices.some((choice) => JSON.stringify(choice) === JSON.stringify(read.value));
  return isOne ? read : { problem: `It is one of ${choices.map((choice) => writtenAs(input, choice)).join(", ")}.` };
}

function parsed(type: PipelineInput["type"], text: string): ReadValue {
  switch (type) {
    case "string":
      return { value: text };
    case "integer": {
      const value = Number(text);
      const isWhole = /^[+-]?\d+$/.test(text) && Number.isSafeInteger(value);
      return isWhole ? { value } : { problem: "It is a whole number, such as 3." };
    }
    case "number": {
      const value = Number(text);
      return Number.isFinite(value) ? { value } : { problem: "It is a number, such as 0.001 or 1e-3." };
    }
    case "boolean":
      return /^(true|false)$/i.test(text)
        ? { value: text.toLowerCase() === "true" }
        : { problem: "It is true or false." };
    case "list":
    case "struct":
      return parsedJson(type, text);
  }
}

function parsedJson(type: "list" | "struct", text: string): ReadValue {
  const what = type === "list" ? "a JSON list, such as [1, 2]" : 'a JSON object, such as {"a": 1}';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // V8 repeats the text in its words; where it stops is what helps.
    const why = error instanceof Error ? error.message.replace(/, (?:\.\.\.)?".*/s, "") : "";
    return { problem: `It is ${what}. ${why}`.trim().replace(/\.?$/, ".") };
  }
  const isList = Array.isArray(value);
  const fits = type === "list" ? isList : typeof value === "object" && value !== null && !isList;
  return fits ? { value } : { problem: `It is ${what}.` };
}

/** A value as it stands in a field. */
function writtenAs({ type }: Pick<PipelineInput, "type">, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string" && type !== "list" && type !== "struct") return value;
  return JSON.stringify(value);
}
