// What step scripts say of themselves: their arguments, the files that they read and write, what they import.
import { readFile, realpath } from "node:fs/promises";
import { join, posix } from "node:path";
import { deflateSync } from "node:zlib";
import { UserError } from "../../core/errors.ts";
import { findImports, type ImportedFiles, importedNames } from "../../jobs/index.ts";
import { childOutput } from "../../kube/childOutput.ts";
import { READER_PROGRAM } from "./readerProgram.ts";

/** A value as Python that black leaves alone: a text, or the items of a list or a dict (each with its key). */
export interface Literal {
  readonly text?: string;
  /** Of a string, the string. */
  readonly value?: string;
  readonly open?: "[" | "{";
  readonly key?: string;
  readonly items?: readonly Literal[];
}

export interface Argument {
  /** As the script knows it: its `dest`, or the parameter of its function. */
  readonly name: string;
  /** What it is called, where `name` is only a place. */
  readonly label?: string;
  /** `""` where its place says which one it is. */
  readonly flag: string;
  /**
   * `null` where nothing says it (then text); `flag` is a switch without a value; `booltext` a conversion of the script's
   * own that takes "true" and "false"; `object` what no text can be.
   */
  readonly type: "int" | "float" | "str" | "bool" | "path" | "list" | "dict" | "flag" | "booltext" | "object" | null;
  readonly required?: boolean;
  readonly default: Literal | null;
  /** Has a default that only the running script knows. */
  readonly computed?: boolean;
  readonly choices?: readonly string[];
  readonly help?: string;
  readonly writes?: boolean;
  readonly reads?: boolean;
  /** What the call that writes it adds to a path without suffix: `.npy`. */
  readonly suffix?: string;
  /** The flag that says no: `--no-shuffle`. */
  readonly off?: string;
  /** Its flag stands before each of its values. */
  readonly repeat?: boolean;
  /** Its default is a number, and what is passed would stay text. */
  readonly untyped?: boolean;
  /** Of a function: cannot be passed by name. */
  readonly positional?: boolean;
}

/** A file that the text of a script names, relative to where it runs. */
export interface NamedFile {
  readonly path: string;
  readonly reads?: boolean;
  readonly writes?: boolean;
}

interface ReadText {
  readonly style: "script" | "function" | "plain";
  /** Of style `function`: which one is called. */
  readonly function: string | null;
  /** Type of what it returns, where a file of text can hold it. */
  readonly returns: "int" | "float" | "str" | "bool" | "list" | "dict" | null;
  /** `commands`: has sub-commands, whose arguments are not read; `object`: its function takes what only Python has. */
  readonly notes: readonly ("commands" | "object")[];
  readonly arguments: readonly Argument[];
  readonly files: readonly NamedFile[];
  /** First line of its docstring. */
  readonly doc: string;
  /** Defines a pipeline or components itself. */
  readonly pipeline: boolean;
  /** Names of all functions that it calls. */
  readonly calls: readonly string[];
}

/** A package as pip names it; without `version` where it is not installed here; `{}` for Python's own. */
interface Package {
  readonly name?: string;
  readonly version?: string;
}

interface ReadAnswer {
  /** `3.11` */
  readonly python: string;
  readonly scripts: readonly (ReadText | { readonly error: { readonly line: number; readonly text: string } })[];
  readonly packages: Readonly<Record<string, Package>>;
}

export interface Script extends ReadText {
  /** POSIX, relative to the folder of the pipeline. */
  readonly script: string;
  readonly local: ImportedFiles;
  /** As lines of a requirements.txt, sorted. */
  readonly requirements: readonly string[];
}

export interface ReadScripts {
  readonly python: string;
  readonly scripts: readonly Script[];
}

/** The person's interpreter. */
export interface Interpreter {
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
}

const NOT_MADE = "No pipeline was written.";
const LIMIT_MS = 30_000;
const MAX_FILES = 5000;

/**
 * @param root folder of the pipeline
 * @param scripts POSIX, relative to it
 * @throws UserError where Python does not run or a script is none; CancelledError
 */
export async function readScripts(
  { file, env }: Interpreter,
  root: string,
  scripts: readonly string[],
  signal: AbortSignal,
): Promise<ReadScripts> {
  const realRoot = await realpath(root);
  const wanted = await Promise.all(
    scripts.map(async (script) => {
      const local = await findImports(root, realRoot, script, MAX_FILES, signal);
      const texts = await Promise.all(local.files.map((each) => readFile(join(root, each), "utf8").catch(() => "")));
      const own = ownModules(script, local.files);
      const names = new Set(texts.flatMap((text) => [...importedNames(text)]));
      return { script, local, imports: [...names].filter((name) => !own.has(name)).sort() };
    }),
  );
  const request = wanted.map(({ script, imports }) => ({ file: join(root, script), imports }));
  const answer = await ask(file, env, JSON.stringify(request), signal);
  return {
    python: answer.python,
    scripts: wanted.map(({ script, local, imports }, at) => {
      const read = answer.scripts[at];
      if (read === undefined || "error" in read) {
        const why = read === undefined ? "" : `${script}, line ${read.error.line}: ${read.error.text}.`;
        throw new UserError("script", NOT_MADE, { why, hint: "A step is a script that Python can read." });
      }
      if (read.pipeline)
        throw new UserError("is-pipeline", NOT_MADE, {
          why: `${script} defines components or a pipeline itself.`,
          hint: "Choose the scripts that the steps are to run.",
        });
      return { ...read, script, local, requirements: requirements(imports, answer.packages, read.calls) };
    }),
  };
}

async function ask(file: string, env: NodeJS.ProcessEnv, request: string, signal: AbortSignal): Promise<ReadAnswer> {
  // Packed, since Windows has room for 32,767 characters. Isolated: no module of the folder is taken for one of Python's.
  const packed = deflateSync(READER_PROGRAM).toString("base64");
  const start = `import base64, zlib; exec(zlib.decompress(base64.b64decode("${packed}")))`;
  const options = {
    env,
    platform: process.platform,
    timeoutMs: LIMIT_MS,
    maxBytes: 20_000_000,
    input: request,
    signal,
  };
  const { kind, code, stdout, stderr } = await childOutput(file, ["-I", "-c", start], options);
  if (kind === "exit" && code === 0) return JSON.parse(stdout) as ReadAnswer;
  const last = stderr.trim().split("\n").at(-1) ?? "";
  const why =
    kind === "timeout" ? `${file} did not read the scripts within 30 s.` : `${file} could not read them: ${last}`;
  throw new UserError("python", NOT_MADE, { why, hint: "Choose another interpreter: Python 3.9 or newer reads them." });
}

/** First parts of modules that are files of the project. */
function ownModules(script: string, files: readonly string[]): ReadonlySet<string> {
  const folders = [posix.dirname(script), ".", "src"].map((folder) => (folder === "." ? "" : `${folder}/`));
  const below = files.flatMap((file) => folders.filter((f) => file.startsWith(f)).map((f) => file.slice(f.length)));
  return new Set(below.map((file) => file.split("/")[0]?.replace(/\.py$/i, "") ?? ""));
}

/** What pip calls imports that are not installed where the scripts were read. */
const KNOWN: Readonly<Record<string, string>> = {
  ...{ sklearn: "scikit-learn", skimage: "scikit-image", cv2: "opencv-python-headless", PIL: "pillow", yaml: "PyYAML" },
  ...{
    bs4: "beautifulsoup4",
    dotenv: "python-dotenv",
    dateutil: "python-dateutil",
    OpenSSL: "pyOpenSSL",
    git: "GitPython",
  },
  ...{ psycopg2: "psycopg2-binary", umap: "umap-learn", serial: "pyserial", attr: "attrs", faiss: "faiss-cpu" },
};

/** Packages that another one needs for some of its calls alone. */
const NEEDED: readonly (readonly [call: RegExp, name: string])[] = [
  [/^(read|to)_(parquet|feather|orc)$/, "pyarrow"],
  [/^(read|to)_excel$/, "openpyxl"],
];

function requirements(
  imports: readonly string[],
  packages: Readonly<Record<string, Package>>,
  calls: readonly string[],
): readonly string[] {
  const lines = new Map<string, string>();
  for (const name of imports) {
    const known = packages[name];
    if (known?.version !== undefined && known.name !== undefined)
      lines.set(known.name, `${known.name}==${known.version}`);
    else if (known === undefined) lines.set(KNOWN[name] ?? name, KNOWN[name] ?? name);
  }
  if (lines.has("pandas"))
    for (const [call, name] of NEEDED)
      if (!lines.has(name) && calls.some((each) => call.test(each))) lines.set(name, name);
  return [...lines.values()].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
}
