// The pipeline that step scripts make: their order, and what each of their arguments is in it.
import { posix } from "node:path";
import { artifactName, parameterName, snake, stepName, topic, unique } from "./names.ts";
import { likeness, meet, type Offered } from "./matching.ts";
import { orderOf, rank } from "./order.ts";
import type { Argument, Literal, Script } from "./readScripts.ts";

export type ArtifactType = "Dataset" | "Model" | "Metrics" | "HTML" | "Markdown" | "Artifact";
export type ParameterType = "str" | "int" | "float" | "bool" | "list" | "dict";

export type Role =
  /** An artifact that another step makes. */
  | { readonly kind: "input"; readonly from: string; readonly output: string }
  | { readonly kind: "output"; readonly type: ArtifactType }
  /** What the function returns. */
  | { readonly kind: "result"; readonly type: ParameterType }
  /** `input` of the pipeline; without `default` it is asked for, and empty is the script's own where `isOptional`. */
  | {
      readonly kind: "parameter";
      readonly type: ParameterType;
      readonly input: string;
      readonly default?: Literal;
      readonly isOptional: boolean;
    }
  /** Not passed. */
  | { readonly kind: "left" };

/** An argument, a file that the script names, or what its function returns. */
export interface Part {
  /** In the script. */
  readonly key: string;
  /** In the component. */
  readonly name: string;
  readonly argument?: Argument;
  readonly file?: string;
  /** What the script's path must end with, which an artifact's does not. */
  readonly suffix?: string;
  readonly role: Role;
}

export interface Step {
  /** `[a-z][a-z0-9_]*` */
  readonly id: string;
  readonly script: Script;
  readonly parts: readonly Part[];
  /** Steps that it waits for though it takes nothing of theirs. */
  readonly after: readonly string[];
}

export interface Plan {
  /** `[a-z][a-z0-9-]*` */
  readonly name: string;
  /** Of the interpreter that read the scripts: `3.11`. */
  readonly python: string;
  /** In their order. */
  readonly steps: readonly Step[];
}

/** What the person wants otherwise. */
export interface Wishes {
  /** Scripts, all of them. */
  readonly order?: readonly string[];
  /** By `roleKey`. */
  readonly roles: ReadonlyMap<string, RoleWish>;
}

export type RoleWish =
  | { readonly kind: "output" | "parameter" | "left" }
  | { readonly kind: "input"; readonly from: string; readonly output: string };

export function roleKey(script: string, part: Pick<Part, "key">): string {
  return `${script}\0${part.key}`;
}

/** Before its role is known. */
interface Candidate {
  readonly key: string;
  /** As people call it: for what it is about. */
  readonly title: string;
  readonly argument?: Argument;
  readonly file?: string;
  readonly reads: boolean;
}

interface Draft {
  readonly id: string;
  readonly script: Script;
  readonly outputs: readonly Candidate[];
  readonly others: readonly Candidate[];
}

/** @param folder name of the pipeline's folder */
export function makePlan(folder: string, python: string, scripts: readonly Script[], wishes: Wishes): Plan {
  const name =
    snake(folder)
      .replace(/^[\d_]+/, "")
      .replaceAll("_", "-") || "pipeline";
  const drafts = draft(scripts, wishes);
  const ordered = orderOf(drafts, wishes.order, producers);
  const earlier: Offered[][] = [];
  const steps: Step[] = [];
  for (const one of ordered) {
    const names = new Set<string>();
    const parts: Part[] = [];
    for (const each of one.others) {
      const role = roleOf(one, each, earlier, wishes);
      parts.push(part(each, names, role, role.kind === "input" ? kept(role, steps) : undefined));
    }
    const offered: Offered[] = [];
    for (const each of one.outputs) {
      const type = artifactType(one, each);
      const output = part(each, names, { kind: "output", type }, each.argument?.suffix);
      offered.push({ step: one.id, output: output.name, name: each.title, type });
      parts.push(output);
    }
    earlier.push(offered);
    const { returns } = one.script;
    if (returns !== null)
      parts.push({ key: "return", name: unique("result", names), role: { kind: "result", type: returns } });
    const after = waitsFor(one, parts, steps);
    steps.push({
      id: one.id,
      script: one.script,
      parts: parts.filter(({ file, role }) => file === undefined || role.kind !== "left"),
      after,
    });
  }
  return { name, python, steps: nameInputs(name, steps) };
}

function part({ key, title, argument, file }: Candidate, names: Set<string>, role: Role, suffix?: string): Part {
  const short = role.kind === "input" || role.kind === "output" ? artifactName(title) : parameterName(title);
  // Beside `--model`, `--model-path` keeps its whole name.
  const name = names.has(short) ? parameterName(title) : short;
  return {
    ...{ key, name: unique(name, names), role },
    ...(argument === undefined ? {} : { argument }),
    ...(file === undefined ? {} : { file }),
    ...(suffix === undefined ? {} : { suffix }),
  };
}

/** Keras loads only what is called as it saved it; other readers look inside. */
function kept({ from, output }: Role & { kind: "input" }, steps: readonly Step[]): string | undefined {
  const made = steps.find(({ id }) => id === from)?.parts.find(({ name }) => name === output);
  return made?.suffix === ".keras" ? made.suffix : undefined;
}

function draft(scripts: readonly Script[], wishes: Wishes): readonly Draft[] {
  const taken = new Set<string>();
  // By name, so that a step is called the same in whatever order they are chosen.
  const sorted = [...scripts].sort((a, b) => (a.script < b.script ? -1 : 1));
  const ids = new Map(sorted.map(({ script }, at) => [script, unique(stepName(script, at + 1), taken)]));
  return scripts.map((script) => {
    const found: Candidate[] = script.arguments.map((argument) => ({
      key: argument.name,
      title: argument.label ?? argument.name,
      argument,
      reads: argument.reads === true,
    }));
    for (const { path, reads } of namedFiles(script))
      found.push({ key: path, title: stem(path), file: path, reads: reads === true });
    const isOut = (each: Candidate): boolean => {
      const wish = wishes.roles.get(roleKey(script.script, each));
      return wish === undefined ? isOutput(script, each) : wish.kind === "output";
    };
    const outputs = found.filter(isOut);
    const others = found.filter((each) => !outputs.includes(each));
    return { id: ids.get(script.script) ?? "", script, outputs, others };
  });
}

/** Folders that are only made for files which are named themselves, and logs, are none. */
function namedFiles({ files }: Script): Script["files"] {
  const isFolder = (path: string): boolean => files.some((other) => other.path.startsWith(`${path}/`));
  return files.filter(({ path }) => !/\.(log|py)$/i.test(path) && !isFolder(path));
}

function stem(path: string): string {
  const name = posix.basename(path);
  return name.slice(0, name.length - posix.extname(name).length) || name;
}

const SAYS_OUTPUT = new Set(["out", "output", "outputs", "save", "saved", "dest", "destination", "export"]);
const SAYS_PLAIN = new Set(
  "name names format type mode prefix suffix key column columns col every freq interval steps dim size best".split(" "),
);
const SAYS_FILE = new Set("path paths file filename dir directory folder location data dataset".split(" "));

function isText({ argument }: Candidate): boolean {
  if (argument === undefined) return true;
  const { type, choices, untyped } = argument;
  return (type === null || type === "str" || type === "path") && choices === undefined && untyped !== true;
}

function isOutput(script: Script, each: Candidate): boolean {
  if (!isText(each)) return false;
  const { argument, file, title } = each;
  if (argument === undefined) return script.files.some(({ path, writes }) => path === file && writes === true);
  if (argument.writes === true) return true;
  const words = snake(title).split("_");
  return argument.reads !== true && words.some((word) => SAYS_OUTPUT.has(word)) && !SAYS_PLAIN.has(words.at(-1) ?? "");
}

function isFile(each: Candidate): boolean {
  const words = snake(each.title).split("_");
  return each.reads || each.argument?.type === "path" || words.some((word) => SAYS_FILE.has(word));
}

/** The steps that alone make what this one takes, by the same topic. */
function producers(one: Draft, all: readonly Draft[]): readonly string[] {
  return one.others.filter(isText).flatMap(({ title }) => {
    const isMade = ({ outputs }: Draft): boolean => outputs.some((output) => likeness(title, output.title) >= 3);
    const [maker, another] = all.filter((each) => each.id !== one.id && isMade(each));
    return maker === undefined || another !== undefined ? [] : [maker.id];
  });
}

function roleOf(one: Draft, each: Candidate, earlier: readonly (readonly Offered[])[], wishes: Wishes): Role {
  const wish = wishes.roles.get(roleKey(one.script.script, each));
  if (wish?.kind === "input") {
    const isThere = earlier.some((made) =>
      made.some(({ step, output }) => step === wish.from && output === wish.output),
    );
    if (isThere) return { kind: "input", from: wish.from, output: wish.output };
  }
  if (wish?.kind === "left") return { kind: "left" };
  const met = wish === undefined && isText(each) ? meet(each.title, one.id, earlier, isFile(each)) : undefined;
  if (met !== undefined) return { kind: "input", from: met.step, output: met.output };
  const { argument } = each;
  return argument === undefined
    ? { kind: "left" }
    : parameter(argument, parameterName(each.title), one.script, wish !== undefined);
}

const PARAMETERS: Readonly<Record<string, ParameterType>> = {
  ...{ int: "int", float: "float", bool: "bool", flag: "bool", booltext: "bool", list: "list", dict: "dict" },
};

/** What a pipeline cannot pass as the script means it is left to the script, unless it is wished. */
function parameter(argument: Argument, input: string, script: Script, isWished: boolean): Role {
  const isFunction = script.style === "function";
  const { type, untyped, required = false, computed = false } = argument;
  const plain = PARAMETERS[type ?? ""] ?? "str";
  const fits = argument.default === null || isOf(plain, argument.default);
  const isHidden = type === "object" || ((computed || !fits) && !required);
  const isLeft = untyped === true || breaksLines(argument.default) || (isFunction && isHidden);
  if (isLeft && !isWished) return { kind: "left" };
  // What a converter of the script's own makes of a text, and whether there is one for its default, nobody knows.
  const isUnknown = !fits || (!isFunction && type === "object" && argument.default?.value === undefined);
  const isOpen = argument.default === null && (type !== "flag" || (argument.off ?? "") !== "");
  const isOptional = !required && (isOpen || isUnknown);
  if (isOptional) {
    if (plain === "list")
      return { kind: "parameter", type: plain, input, default: { open: "[", items: [] }, isOptional };
    return { kind: "parameter", type: "str", input, default: { text: '""', value: "" }, isOptional };
  }
  const known = argument.default ?? (type === "flag" ? { text: "False" } : undefined);
  return {
    kind: "parameter",
    type: plain,
    input,
    ...(known === undefined ? {} : { default: as(plain, known) }),
    isOptional,
  };
}

/** The SDK writes defaults into comments of its YAML as they are (seen in kfp 2.17.3), which nobody can read back then. */
function breaksLines(literal: Literal | null): boolean {
  return (
    literal !== null &&
    (/(?!\t)[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(literal.value ?? "") || (literal.items ?? []).some(breaksLines))
  );
}

function isOf(type: ParameterType, { open, text, value }: Literal): boolean {
  if (type === "list" || type === "dict") return open === (type === "list" ? "[" : "{");
  if (type === "int" || type === "float") return Number.isFinite(Number((value ?? text ?? "x").replace(/^\s*$/, "x")));
  return open === undefined;
}

/** A default of another type than its argument is what the script would make of it. */
function as(type: ParameterType, literal: Literal): Literal {
  const { text, value } = literal;
  if (type === "float" && text !== undefined && /^-?\d+$/.test(text)) return { text: `${text}.0` };
  if (type === "str" && text !== undefined && value === undefined) return { text: `"${text}"`, value: text };
  if (type === "bool" && value !== undefined) return { text: /^(true|yes|y|t|1|on)$/i.test(value) ? "True" : "False" };
  if ((type === "int" || type === "float") && value !== undefined) return { text: value.trim() };
  if (type === "bool" && text !== undefined && text !== "True") return { text: "False" };
  return literal;
}

const SUFFIXES: readonly (readonly [RegExp, ArtifactType])[] = [
  [/\.html?$/i, "HTML"],
  [/\.md$/i, "Markdown"],
  [/\.(pkl|pickle|joblib|pth?|h5|keras|onnx|safetensors|ubj|cbm)$/i, "Model"],
  [/\.(csv|tsv|parquet|np[yz]|feather|arrow|jsonl|orc)$/i, "Dataset"],
];

function artifactType({ script }: Draft, { title, file, argument }: Candidate): ArtifactType {
  const about = topic(title);
  const says = (...words: readonly string[]): boolean => words.some((word) => about.includes(word));
  if (says("metric", "score")) return "Metrics";
  if (says("model", "scaler", "encoder", "tokenizer")) return "Model";
  const path = file ?? argument?.default?.value ?? argument?.suffix ?? "";
  for (const [suffix, type] of SUFFIXES) if (suffix.test(path)) return type;
  if (says("data", "x", "y", "train", "test", "val", "feature", "label", "prediction")) return "Dataset";
  const at = rank(script.script);
  return at < 3 ? "Dataset" : at === 4 && about.length === 0 ? "Model" : "Artifact";
}

/** A step that ships waits for those that test; one that takes no artifact waits for the one before it, if that comes first by its name. */
function waitsFor({ script }: Draft, parts: readonly Part[], before: readonly Step[]): readonly string[] {
  const own = parts.flatMap(({ role }) => (role.kind === "input" ? [role.from] : []));
  const known = new Set<string>();
  const follow = (id: string): void => {
    known.add(id);
    const step = before.find((each) => each.id === id);
    for (const each of step?.after ?? []) follow(each);
    for (const { role } of step?.parts ?? []) if (role.kind === "input") follow(role.from);
  };
  own.forEach(follow);
  const at = rank(script.script);
  const previous = before.at(-1);
  const tests = at === 6 ? before.filter((step) => rank(step.script.script) === 5) : [];
  const alone =
    own.length === 0 && tests.length === 0 && previous !== undefined && rank(previous.script.script) < at
      ? [previous]
      : [];
  return [...tests, ...alone].map(({ id }) => id).filter((id) => !known.has(id));
}

/** One input of the pipeline for all arguments that are called, typed and set alike; else each is called after its step. */
function nameInputs(pipeline: string, steps: readonly Step[]): readonly Step[] {
  const taken = new Set(steps.flatMap(({ id }) => [id, `${id}_task`]).concat(functionName(pipeline)));
  const kinds = new Map<string, Set<string>>();
  const like = ({ name, role }: Part): string => JSON.stringify([name, { ...role, input: "" }]);
  for (const each of steps.flatMap(({ parts }) => parts))
    if (each.role.kind === "parameter") kinds.set(each.name, (kinds.get(each.name) ?? new Set()).add(like(each)));
  const shared = new Map<string, string>();
  return steps.map((step) => ({
    ...step,
    parts: step.parts.map((each) => {
      if (each.role.kind !== "parameter") return each;
      const isShared = kinds.get(each.name)?.size === 1;
      const known = isShared ? shared.get(each.name) : undefined;
      const input = known ?? unique(isShared ? each.name : `${step.id}_${each.name}`.replace(/_$/, ""), taken);
      if (isShared) shared.set(each.name, input);
      return { ...each, role: { ...each.role, input } };
    }),
  }));
}

/** Of the pipeline `housing`, `housing_pipeline`. */
export function functionName(pipeline: string): string {
  const name = pipeline.replaceAll("-", "_");
  return name.endsWith("pipeline") ? name : `${name}_pipeline`;
}
