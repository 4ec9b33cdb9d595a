// What an artifact's first bytes can be shown as. They come from whoever wrote them.
import { label, plainLine } from "../../core/sanitize.ts";
import type { ArtifactContent } from "./model.ts";

/** Of a text. */
export const PREVIEW_BYTES = 64 * 1024;
/** Of an image, which is shown whole or not at all. */
export const IMAGE_BYTES = 2 * 1024 * 1024;
const MOST_ROWS = 200;
const MOST_COLUMNS = 50;
const MOST_CELL = 200;
const MOST_LINE = 2_000;
/** Of JSON: levels, and characters with their indents. */
const MOST_DEPTH = 30;
const MOST_JSON = 4 * PREVIEW_BYTES;
/** Of scalars in each other. */
const MOST_LEVELS = 3;
/** Lines that must have as many columns as the first for a text to be a table. */
const SAME_LINES = 20;

type Image = Extract<ArtifactContent, { readonly kind: "image" }>["type"];

/** By its magic bytes. An SVG is none: it is a document that may load and run things. */
export function imageType(bytes: Buffer): Image | undefined {
  if (bytes.subarray(0, 8).equals(PNG)) return "image/png";
  if (bytes.subarray(0, 3).equals(JPEG)) return "image/jpeg";
  return /^GIF8[79]a$/.test(bytes.subarray(0, 6).toString("latin1")) ? "image/gif" : undefined;
}

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const JPEG = Buffer.from([0xff, 0xd8, 0xff]);

/** Anything but an image. `name` may end in `.csv` or `.tsv`. */
export function contentOf(bytes: Buffer, isCut: boolean, name: string): ArtifactContent {
  const text = textOf(bytes, isCut);
  if (text === undefined) return { kind: "other", why: "It is neither text nor an image that is shown here." };
  const json = isCut ? undefined : jsonOf(text);
  if (json !== undefined) {
    const values = scalarsOf(json);
    const isScalars = values?.some(([, value]) => typeof value === "number") === true && values.length <= MOST_ROWS;
    if (isScalars) return { kind: "scalars", values: values.map(([name, value]) => [name, String(value)]) };
    // An indent for each of many levels would make much of little.
    if (depthOf(text) > MOST_DEPTH) return { kind: "text", text: clean(text), isCut: text.length > MOST_LINE };
    const written = JSON.stringify(json, null, 2);
    return { kind: "json", text: clean(written.slice(0, MOST_JSON)), isCut: written.length > MOST_JSON };
  }
  const rows = tableOf(text, isCut, name);
  return rows === undefined ? { kind: "text", text: clean(text), isCut } : { kind: "table", ...rows };
}

/** Undefined for what is no UTF-8, or has bytes that texts have not. A character may be cut in two at the end. */
function textOf(bytes: Buffer, isCut: boolean): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: isCut });
    // eslint-disable-next-line no-control-regex -- they are what tells
    return /[\u0000-\u0006\u000e-\u001a]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function jsonOf(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return Object(JSON.parse(text)) as object;
  } catch {
    return undefined;
  }
}

/** Levels of a JSON text. */
function depthOf(json: string): number {
  let [depth, most] = [0, 0];
  for (const [part] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (part === "[" || part === "{") most = Math.max(most, (depth += 1));
    else if (part === "]" || part === "}") depth -= 1;
  }
  return most;
}

/** Metrics as a step writes them into a file, `{"loss": 0.1, "test": {"r2": 0.8}}`; undefined where there are lists, too. */
function scalarsOf(json: object, before = "", levels = 0): (readonly [name: string, value: unknown])[] | undefined {
  const all: (readonly [string, unknown])[] = [];
  if (Array.isArray(json) || levels > MOST_LEVELS) return undefined;
  for (const [key, value] of Object.entries(json) as [string, unknown][]) {
    const inside =
      typeof value === "object" && value !== null
        ? scalarsOf(value, `${before}${key}.`, levels + 1)
        : [[`${before}${key}`, value] as const];
    if (inside === undefined) return undefined;
    all.push(...inside);
  }
  return all;
}

/** Line by line, without what moves a cursor or reverses what is read. */
function clean(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => plainLine(line.slice(0, MOST_LINE)))
    .join("\n");
}

function tableOf(
  text: string,
  isCut: boolean,
  name: string,
): { readonly rows: readonly (readonly string[])[]; readonly isCut: boolean } | undefined {
  const named = /\.([ct]sv)$/i.exec(name)?.[1]?.toLowerCase();
  const separators = named === undefined ? ["\t", ","] : [named === "tsv" ? "\t" : ","];
  for (const separator of separators) {
    const all = rowsOf(text, separator);
    // The last may be half of one.
    const whole = isCut ? all.slice(0, -1) : all;
    const [first, ...others] = whole.slice(0, SAME_LINES);
    const isEven = others.length > 1 && others.every((row) => row.length === first?.length);
    if (first === undefined || (named === undefined && (first.length < 2 || !isEven))) continue;
    const rows = whole
      .slice(0, MOST_ROWS)
      .map((row) => row.slice(0, MOST_COLUMNS).map((cell) => label(cell, MOST_CELL)));
    return { rows, isCut: isCut || whole.length > rows.length || first.length > MOST_COLUMNS };
  }
  return undefined;
}

/** Rows and cells of RFC 4180; empty lines are left out. */
function rowsOf(text: string, separator: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cells = new RegExp(
    `(?:"((?:[^"]|"")*)"|([^"${separator}\\r\\n][^${separator}\\r\\n]*|))(${separator}|\\r?\\n|$)`,
    "gy",
  );
  for (let cell = cells.exec(text); cell !== null && rows.length <= MOST_ROWS; cell = cells.exec(text)) {
    row.push(cell[1]?.replaceAll('""', '"') ?? cell[2] ?? "");
    if (cell[3] !== separator) {
      if (row.length > 1 || row[0] !== "") rows.push(row);
      row = [];
    }
    if (cells.lastIndex >= text.length && cell[3] !== separator) return rows;
  }
  // A quote that nothing ends, or more rows than are shown.
  return rows;
}
