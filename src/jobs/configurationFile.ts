// `.vscode/trainyard.json` itself: JSON with comments and trailing commas, which a person writes and we add to.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from "yaml";
import { errorText, unlessMissing, UserError } from "../core/errors.ts";
import { type Configuration, readConfiguration } from "./configurations.ts";

/** Something that is wrong in the file. */
interface FileProblem {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

export interface ConfigurationFile {
  /** Absolute path, whether or not it is there. */
  readonly file: string;
  /** Those with nothing wrong, in their order. */
  readonly configurations: readonly Configuration[];
  readonly problems: readonly FileProblem[];
}

/** The runs that a workspace folder names; none where it has no such file. What cannot be read is a problem. */
export async function readConfigurations(folder: string): Promise<ConfigurationFile> {
  const file = fileOf(folder);
  try {
    const text = await readFile(file, "utf8").catch(unlessMissing);
    return { file, ...(text === undefined ? { configurations: [], problems: [] } : parseConfigurations(text)) };
  } catch (error) {
    return { file, configurations: [], problems: [{ line: 1, text: `It cannot be read: ${errorText(error)}` }] };
  }
}

/**
 * Adds the configuration to the folder's file, or puts it in the place of the one of its name, and leaves all else as it
 * is written. Rejects with UserError `bad-configurations` where the file cannot be understood, or the file system's error.
 */
export async function saveConfiguration(folder: string, configuration: Configuration): Promise<void> {
  const file = fileOf(folder);
  const text = await readFile(file, "utf8").catch(unlessMissing);
  const written = withConfiguration(text ?? "", configuration);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, written);
}

function fileOf(folder: string): string {
  return path.join(folder, ".vscode", "trainyard.json");
}

/** Pure. */
export function parseConfigurations(text: string): Omit<ConfigurationFile, "file"> {
  const { value, error, lineOf } = parse(text);
  if (error !== undefined) return { configurations: [], problems: [error] };
  const problems: FileProblem[] = [];
  const say = (at: readonly unknown[], what: string): void => void problems.push({ line: lineOf(at), text: what });
  const { configurations: list, ...others } = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(others)) if (key !== "$schema") say([key], `${key} is not known here.`);
  if (!Array.isArray(list)) say(["configurations"], "configurations must be a list.");
  const names = new Set<string>();
  const configurations = (Array.isArray(list) ? list : []).flatMap((value, index) => {
    const read = readConfiguration(value);
    if (!("name" in read)) {
      for (const { path: at, text: what } of read) say(["configurations", index, ...at], what);
      return [];
    }
    if (names.has(read.name)) {
      say(["configurations", index, "name"], `There are two configurations called ${read.name}.`);
      return [];
    }
    names.add(read.name);
    return [read];
  });
  return { configurations, problems };
}

/** The text with the configuration in it; see saveConfiguration. Pure. */
export function withConfiguration(text: string, configuration: Configuration): string {
  const isNew = text.trim() === "";
  const written = isNew
    ? `${JSON.stringify({ configurations: [configuration] }, null, 2)}\n`
    : edited(text, configuration);
  const { configurations } = parseConfigurations(written);
  if (configurations.some((one) => isDeepStrictEqual(one, configuration))) return written;
  const read = readConfiguration(configuration);
  throw "name" in read ? refused("What would be written cannot be read back.") : refused(read[0]?.text ?? "", "");
}

function edited(text: string, configuration: Configuration): string {
  const { root, error, blank } = parse(text);
  if (error !== undefined) throw refused(`Line ${error.line}: ${error.text}`);
  const list = root.get("configurations", true);
  if (!isSeq(list) || !list.range) throw refused("It has no list of configurations.");
  const [start, behind] = list.range;
  const end = behind - 1;
  const newLine = text.includes("\r\n") ? "\r\n" : "\n";
  const indentAt = (offset: number): string =>
    /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", offset - 1) + 1))?.[0] ?? "";
  const unit = /\n\t/.test(text) ? "\t" : "  ";
  const json = (indent: string): string =>
    JSON.stringify(configuration, null, unit).replaceAll("\n", `${newLine}${indent}`);

  const items = list.items.flatMap((item) => (isMap(item) && item.range ? [{ item, range: item.range }] : []));
  const same = items.find(({ item }) => item.get("name") === configuration.name);
  if (same !== undefined) {
    const [from, to] = same.range;
    return `${text.slice(0, from)}${json(indentAt(from))}${text.slice(to)}`;
  }
  const last = items.at(-1);
  const from = last?.range[1] ?? start + 1;
  // What stands between the last one and the bracket stays there, comments before the new one.
  const between = text.slice(from, end);
  const kept = between.trimEnd();
  const comma = last === undefined || blank.slice(from, end).includes(",") ? "" : ",";
  const indent = last === undefined ? `${indentAt(start)}${unit}` : indentAt(last.range[0]);
  const rest = last === undefined ? `${newLine}${indentAt(start)}` : between.slice(kept.length);
  return `${text.slice(0, from)}${comma}${kept}${newLine}${indent}${json(indent)}${rest}${text.slice(end)}`;
}

function refused(why: string, hint = "Mend it first; Problems names the line."): UserError {
  return new UserError("bad-configurations", "The configuration was not saved to .vscode/trainyard.json.", {
    why,
    hint,
  });
}

type Parsed = { readonly blank: string; readonly lineOf: (path: readonly unknown[]) => number } & (
  | { readonly root: YAMLMap; readonly value: unknown; readonly error?: undefined }
  | { readonly root?: undefined; readonly value?: undefined; readonly error: FileProblem }
);

/** JSON is YAML in its flow style, and YAML's parser knows where everything stands. */
function parse(text: string): Parsed {
  const lines = new LineCounter();
  const blank = withoutComments(text);
  const document = parseDocument(blank, { schema: "json", lineCounter: lines, prettyErrors: false });
  const { contents: root, errors } = document;
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const lineOf = (at: readonly unknown[]): number => lineAt(root === null ? 0 : offsetOf(root, at));
  const [wrong] = errors;
  if (wrong !== undefined)
    return { blank, lineOf, error: { line: lineAt(wrong.pos[0]), text: `This is not JSON: ${wrong.message}.` } };
  if (isMap(root) && root.flow === true) return { blank, lineOf, root, value: document.toJS() };
  const error = { line: lineOf([]), text: 'The file must be an object: { "configurations": [ … ] }.' };
  return { blank, lineOf, error };
}

/** Where the value at the path stands, by its key; as far as the path leads. */
function offsetOf(root: unknown, at: readonly unknown[]): number {
  let node = root;
  let offset = 0;
  for (const step of at) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === "number") {
      node = node.items[step];
      if (isMap(node) || isScalar(node) || isSeq(node)) offset = node.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

/** Comments as spaces, so that everything else stays where it is. */
function withoutComments(text: string): string {
  return text
    .replace(/^\ufeff/, " ")
    .replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g, (found) =>
      found.startsWith('"') ? found : found.replace(/[^\r\n]/g, " "),
    );
}
