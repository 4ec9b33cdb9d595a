import { join, posix } from "node:path";
import { CODE_ROOT } from "./manifests/index.ts";

/** A place in the person's code that a log line names. */
export interface CodeReference {
  /** POSIX, relative to the snapshot's root. */
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  /** Of a notebook: which of its code cells the line is in, counted from 1. */
  readonly cell?: number;
  /** Where in the given text the link begins, in UTF-16 units. */
  readonly startIndex: number;
  readonly length: number;
}

export interface ReferenceOptions {
  /** POSIX folder of the script below the root, against which relative names stand; the root where left out. */
  readonly folder?: string;
  /** Paths of the snapshot: what is not among them is no reference. */
  readonly files?: ReadonlySet<string>;
  readonly codeRoot?: string;
}

/** Colours, which Python 3.13 puts between the words of a traceback. */
// eslint-disable-next-line no-control-regex -- an escape is what is looked for
const SGR = /\x1b\[[0-9;]*m/g;
const TRACEBACK = /File "([^"\n]{1,1000})", line (\d{1,7})/g;
/** As code/notebook.ts names what it compiles. */
const CELL = /^(.*\.ipynb), cell (\d{1,6})$/i;
/** Warnings and most linters: `/opt/trainyard/code/train.py:41: UserWarning: …`. */
const COLON = /(?<![^\s"'(=])([^\s"'(:]{1,1000}\.py):(\d{1,7})(?=[:\s)]|$)/g;

/**
 * Finds the places in our own code that one line of a log names, from left to right. The text is hostile: a path
 * that leaves the code's folder is no reference.
 */
export function findReferences(text: string, options: ReferenceOptions = {}): CodeReference[] {
  // Most lines name no file, and logs have many lines.
  if (!text.includes('", line ') && !text.includes(".py")) return [];
  const line = text.slice(0, 4000);
  const { plain, offset } = withoutColours(line);
  const found: CodeReference[] = [];
  for (const pattern of [TRACEBACK, COLON]) {
    for (const match of plain.matchAll(pattern)) {
      const written = match[1] ?? "";
      const [, notebook, cell] = CELL.exec(written) ?? [];
      const path = relativePath(notebook ?? written, options);
      const number = Number(match[2]);
      // A notebook is named with a cell, and nothing else is.
      if (path === undefined || number < 1 || /\.ipynb$/i.test(path) !== (cell !== undefined)) continue;
      const start = offset(match.index);
      found.push({
        path,
        line: number,
        ...(cell !== undefined && { cell: Number(cell) }),
        startIndex: start,
        length: offset(match.index + match[0].length - 1) + 1 - start,
      });
    }
  }
  return found.sort((a, b) => a.startIndex - b.startIndex);
}

/** The local file of a reference. It lies under `root` by construction of the path. */
export function localFile(root: string, reference: Pick<CodeReference, "path">): string {
  return join(root, ...reference.path.split("/"));
}

/**
 * Where a line stands in a text that has been edited since, counted from 1: what is alike before it and behind it counts
 * first, then the nearest line that reads the same; else its number stays.
 */
export function movedLine(before: string, now: string, line: number): number {
  const [was, is] = [before.split(/\r?\n/), now.split(/\r?\n/)];
  const text = was[line - 1];
  if (text === undefined) return line;
  let [above, below] = [0, 0];
  while (above < line && was[above] === is[above]) above++;
  while (below <= was.length - line && below < is.length && was.at(-1 - below) === is.at(-1 - below)) below++;
  if (above === line) return line;
  const shifted = line + is.length - was.length;
  if (below > was.length - line) return shifted;
  const same = is.flatMap((each, index) => (each === text ? [index + 1] : []));
  const [nearest = line] = same.sort((a, b) => Math.abs(a - line) - Math.abs(b - line));
  return Math.min(nearest, is.length);
}

function relativePath(written: string, options: ReferenceOptions): string | undefined {
  const { codeRoot = CODE_ROOT, folder = ".", files } = options;
  let path: string;
  if (written.startsWith(`${codeRoot}/`)) path = written.slice(codeRoot.length + 1);
  else if (/^[/\\<]|^[a-zA-Z]:/.test(written)) return undefined;
  else path = posix.join(folder, written);
  // A ConfigMap volume is links through `..data` to `..<time>`, and Python follows the first (kubelet's AtomicWriter).
  path = posix.normalize(path.replace(/^\.\.(data|\d{4}_[^/]*)\//, ""));
  if (path === ".." || path.startsWith("../") || path.startsWith("/") || path.includes("\\") || path.includes("\0"))
    return undefined;
  if (!/\.(?:py|ipynb)$/i.test(path)) return undefined;
  return files === undefined || files.has(path) ? path : undefined;
}

/** The text without colours, and where each of its characters stands in the original. */
function withoutColours(text: string): { plain: string; offset: (index: number) => number } {
  const cuts: { at: number; length: number }[] = [];
  let removed = 0;
  const plain = text.replace(SGR, (match: string, index: number) => {
    cuts.push({ at: index - removed, length: match.length });
    removed += match.length;
    return "";
  });
  return { plain, offset: (index) => cuts.reduce((sum, cut) => (cut.at <= index ? sum + cut.length : sum), index) };
}
