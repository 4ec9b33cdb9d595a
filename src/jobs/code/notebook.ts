// A notebook as a script: its code cells, one after the other, each under its number where something goes wrong.
import { UserError } from "../../core/errors.ts";
import { list, record } from "../../kubeflow/read.ts";

export interface NotebookCode {
  /** Text of the script. */
  readonly script: string;
  /** The cells' code alone, for looking at what it imports. */
  readonly code: string;
  /** Lines that only a notebook understands, and that are left out: `cell 2: !pip install x`. */
  readonly leftOut: readonly string[];
}

/** Cell magics that leave the rest of their cell to Python. */
const HARMLESS = /^%%(?:time|timeit|capture|prun)\b/;

/**
 * Reads an `.ipynb` (nbformat 4). `name` is the notebook's own. Magics (`%matplotlib`, `!pip`) are no Python and are left
 * out, their lines kept so that numbers stay right; a cell in another language is left out whole. Throws UserError
 * `notebook`.
 */
export function notebookCode(text: string, name: string): NotebookCode {
  const book = parse(text, name);
  const leftOut: string[] = [];
  let number = 0;
  const cells = list(record(book)["cells"]).flatMap((cell) => {
    if (cell["cell_type"] !== "code") return [];
    number += 1;
    const source = sourceOf(cell["source"]);
    const at = `cell ${number}`;
    const [first = ""] = source.split("\n");
    if (first.startsWith("%%") && !HARMLESS.test(first)) {
      leftOut.push(`${at}: ${first}`);
      return [];
    }
    return [{ number, source: plain(source, (line) => leftOut.push(`${at}: ${line}`)) }];
  });
  if (cells.length === 0) throw new UserError("notebook", `${name} has no code to run.`);
  const code = cells.map(({ source }) => source).join("\n");
  return { script: scriptOf(cells, name), code, leftOut };
}

function parse(text: string, name: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    const { nbformat } = record(value);
    if (nbformat === 4) return value;
    throw new UserError("notebook", `${name} cannot be run as a script.`, {
      why: "It is no notebook of format 4.",
      hint: "Open it in the editor and save it again.",
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError("notebook", `${name} cannot be read as a notebook.`, { cause: error });
  }
}

function sourceOf(source: unknown): string {
  if (Array.isArray(source)) return source.filter((line) => typeof line === "string").join("");
  return typeof source === "string" ? source : "";
}

/** The source with a comment in the place of each line that is none of Python's. */
function plain(source: string, onLeftOut: (line: string) => void): string {
  const lines = source.split("\n").map((line) => {
    // `% x` at the beginning of a line is Python that goes on from the line before.
    if (!/^\s*(?:%{1,2}[A-Za-z_]|[!?])|^\s*[\w.]+\?{1,2}\s*$/.test(line)) return line;
    onLeftOut(line.trim());
    // An indented block may consist of it alone.
    return `${/^\s*/.exec(line)?.[0] ?? ""}pass  # ${line.trim()}`;
  });
  return lines.join("\n");
}

/** Each cell is compiled under a name of its own, and its lines are told to who prints tracebacks. */
function scriptOf(cells: readonly { readonly number: number; readonly source: string }[], name: string): string {
  return `# The code cells of ${JSON.stringify(name)}, made when it was sent.
import json
import linecache
import os
import sys
import traceback

# Python's own printing of what nobody catches reads files, and a cell is none.
sys.excepthook = traceback.print_exception
os.environ.setdefault("MPLBACKEND", "Agg")
display = print
for _number, _source in json.loads(${pythonString(JSON.stringify(cells.map(({ number, source }) => [number, source])))}):
    _name = ${pythonString(name)} + ", cell " + str(_number)
    linecache.cache[_name] = (len(_source), None, _source.splitlines(True), _name)
    exec(compile(_source, _name, "exec"))
`;
}

/** Sources by cell number of a script that was made of a notebook; none of any other text. */
export function sentCells(script: string): ReadonlyMap<number, string> {
  const [, cells] = /json\.loads\((".*")\):$/m.exec(script) ?? [];
  return new Map(cells === undefined ? [] : (JSON.parse(String(JSON.parse(cells))) as [number, string][]));
}

/** JSON's strings are Python's, once what is beyond ASCII is escaped; a lone half of a pair would not be. */
function pythonString(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
