// The code of a launch as it is at one moment: which files, their hash, and in which of three ways they travel.
import { createHash } from "node:crypto";
import { isUtf8 } from "node:buffer";
import { mkdir, readFile, realpath, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, parse, posix, relative, resolve, sep } from "node:path";
import { CancelledError, UserError } from "../../core/errors.ts";
import { bytes, plural } from "../../core/text.ts";
import { type Packed, packFiles } from "./archive.ts";
import {
  byCodeUnit,
  changed,
  type FoundFile,
  measure,
  type Measured,
  NOT_COLLECTED,
  readFound,
  unreadable,
} from "./files.ts";
import { findImports } from "./imports.ts";
import { type NotebookCode, notebookCode } from "./notebook.ts";
import { findProject } from "./project.ts";
import { findRequirements, namedRequirements } from "./requirements.ts";

/** `imports`: the script and what it imports of the project. `folder`: all of the project that is no data or secret. */
export type CodeChoice = "imports" | "folder";

export interface SnapshotFile {
  /** POSIX, relative to the root. */
  readonly path: string;
  readonly bytes: number;
}

/** A file as it stands in a ConfigMap. */
export interface KeyedFile {
  readonly path: string;
  /** `f0001-train.py`. */
  readonly key: string;
  /** Text, or base64 where the file is not clean UTF-8. */
  readonly content: string;
  readonly encoding: "utf8" | "base64";
}

/**
 * How the code gets into the cluster (the tiers of the design): each file a key of one ConfigMap, readable there; an
 * archive in several; an archive on a volume.
 */
export type Tier = "files" | "archive" | "volume";

export interface Snapshot {
  /** Absolute local folder. */
  readonly root: string;
  /** POSIX path of the script below the root. */
  readonly script: string;
  /** Folders below the root that modules are found in, besides the script's own; `.` is the root. */
  readonly searched: readonly string[];
  /** Sorted by path. */
  readonly files: readonly SnapshotFile[];
  /** What stays here though it might have been wanted, relative to the root, with the reason. */
  readonly left: readonly { readonly path: string; readonly why: string }[];
  /** Modules that the script imports and that stay here. */
  readonly missing: readonly string[];
  /** The file that says what is to be installed: a requirements.txt, or a pyproject.toml; one of `files`. */
  readonly requirements?: string;
  /** Bytes of all files. */
  readonly bytes: number;
  /** SHA-256 over sorted paths, modes and contents, in hex: equal for equal code, wherever it lies. */
  readonly hash: string;
  readonly tier: Tier;
  /** Of the tier `files`, in the order of `files`; else empty. */
  readonly keyed: readonly KeyedFile[];
  /** All of it as a `.tar.gz` on this computer. */
  readonly archive: { readonly file: string; readonly bytes: number; readonly sha256: string };
}

export interface SnapshotOptions {
  /** Folder where archives are kept, by their hash. */
  readonly store: string;
  readonly choice?: CodeChoice;
  /** Folder of the project; the script's own where left out. Must hold the script. */
  readonly root?: string;
  /** False where nothing is installed: what the requirements name besides is not looked for. */
  readonly installs?: boolean;
  readonly signal?: AbortSignal;
}

/** A ConfigMap may hold 1 MiB (kubernetes core/validation, MaxSecretSize), its metadata with it. */
export const FILES_LIMIT = 900_000;
/** Ten of them, which is what one launch may bring. */
export const ARCHIVE_LIMIT = 8_000_000;
const MAX_KEYED = 2000;
export const MAX_FILES = 50_000;
const MAX_BYTES = 4_000_000_000;

/**
 * Reads the code. Throws UserError: `not-python`, `unreadable`, `outside-root`, `folder-too-wide`, `too-many-files`,
 * `too-large`, `changed`, `requirements`; CancelledError where the signal aborts.
 */
export async function collectSnapshot(scriptPath: string, options: SnapshotOptions): Promise<Snapshot> {
  const script = resolve(scriptPath);
  const { choice = "imports", installs = true, signal } = options;
  const project = resolve(options.root ?? dirname(script));
  assertPython(script);
  if (choice === "folder") assertNarrow(project);
  const below = belowRoot(project, script);
  const realRoot = await realpath(project).catch((error: unknown) => unreadable(project, error));
  belowRoot(realRoot, await realpath(script).catch((error: unknown) => unreadable(script, error)));

  const notebook = isNotebook(below) ? await readNotebook(script, options.store) : undefined;
  const requirements = await findRequirements(project, posix.dirname(below));
  const imports = await findImports(project, realRoot, below, MAX_FILES, signal, notebook?.code);
  const chosen =
    choice === "imports"
      ? await imported(project, realRoot, imports, requirements, signal)
      : await projectOf(project, realRoot, below, signal);
  const asked = notebook === undefined ? chosen : asScript(chosen, below, notebook);
  const { files, left } = installs ? await withNamed(project, realRoot, asked, requirements) : asked;
  if (imports.tooMany || files.length > MAX_FILES) throw tooMany(project);
  const sent = new Set(files.map(({ path }) => path));
  const missing = imports.files.filter((path) => !sent.has(path) && path !== below);
  // Where nothing else of the project travels, the script's folder is all of it.
  const folder = posix.dirname(below);
  const isNarrow = choice === "imports" && folder !== "." && files.every(({ path }) => path.startsWith(`${folder}/`));
  const root = isNarrow ? resolve(project, folder) : project;
  const shorten = (path: string): string => (isNarrow ? posix.relative(folder, path) : path);

  const found = isNarrow ? files.map((file) => ({ ...file, path: shorten(file.path) })) : files;
  const packed = await pack(root, found, options.store, signal);
  return {
    ...packed,
    script: shorten(notebook === undefined ? below : `${below}.py`),
    searched: isNarrow ? [] : imports.searched,
    left: left.map(({ path, why }) => ({ path: shorten(path), why })),
    missing: missing.map(shorten),
    ...(requirements !== undefined && sent.has(requirements) && { requirements: shorten(requirements) }),
  };
}

/**
 * The code of an earlier launch once more, from a folder that holds nothing else. `known` is what was found out about it
 * then. Rejects as collectSnapshot does.
 */
export async function recollect(
  folder: string,
  paths: readonly string[],
  known: Pick<Snapshot, "root" | "script" | "searched" | "requirements">,
  store: string,
  signal: AbortSignal | undefined,
): Promise<Snapshot> {
  const { files } = await measure(folder, await realpath(folder), paths, false, signal);
  return { ...(await pack(folder, files, store, signal)), left: [], missing: [], ...known };
}

type Contents = Pick<Snapshot, "root" | "files" | "bytes" | "hash" | "tier" | "keyed" | "archive">;

async function pack(
  root: string,
  files: readonly FoundFile[],
  store: string,
  signal: AbortSignal | undefined,
): Promise<Contents> {
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  if (total > MAX_BYTES) throw tooLarge(files, MAX_BYTES);
  const sorted = [...files].sort((a, b) => byCodeUnit(a.path, b.path));
  const packed = await packFiles(root, sorted, store, signal);
  const tier = tierOf(packed);
  return {
    root,
    files: packed.files.map(({ path, bytes: size }) => ({ path, bytes: size })),
    bytes: total,
    hash: packed.hash,
    tier,
    keyed: tier === "files" ? keyedFiles(root, packed.files, signal) : [],
    archive: packed.archive,
  };
}

function isNotebook(path: string): boolean {
  return /\.ipynb$/i.test(path);
}

interface Notebook extends NotebookCode {
  /** The script that was made of it, as a file. */
  readonly made: FoundFile;
}

/** Makes the script of a notebook, in the store: the project stays as it is. */
async function readNotebook(notebook: string, store: string): Promise<Notebook> {
  const text = await readFile(notebook, "utf8").catch((error: unknown) => unreadable(notebook, error));
  const read = notebookCode(text, posix.basename(notebook.split(sep).join("/")));
  const folder = join(store, "notebooks");
  const name = `${createHash("sha256").update(read.script).digest("hex")}.py`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, name), read.script, { mode: 0o600 });
  const [made] = (await measure(folder, folder, [name], false, undefined)).files;
  if (made === undefined) throw changed(name);
  return { ...read, made: { ...made, real: join(folder, name) } };
}

/** The script in the place of the notebook, whose outputs stay here; beside it, as it is found by its name. */
function asScript({ files, left }: Measured, path: string, { made, leftOut }: Notebook): Measured {
  const others = files.filter((file) => file.path !== path);
  const why = "only a notebook understands it";
  return {
    files: [...others, { ...made, path: `${path}.py` }],
    left: [...left, ...leftOut.slice(0, 20).map((line) => ({ path: line, why }))],
  };
}

async function imported(
  root: string,
  realRoot: string,
  { files, skipped }: Awaited<ReturnType<typeof findImports>>,
  requirements: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Measured> {
  const paths = new Set([...files, ...(requirements === undefined ? [] : [requirements])]);
  const measured = await measure(root, realRoot, [...paths], false, signal);
  const why = "a link that leads elsewhere, or a folder that cannot be read";
  return { files: measured.files, left: skipped.map((path) => ({ path, why })) };
}

/** What the requirements name travels as they do. */
async function withNamed(
  root: string,
  realRoot: string,
  { files, left }: Measured,
  requirements: string | undefined,
): Promise<Measured> {
  const first = files.find(({ path }) => path === requirements);
  if (first === undefined) return { files, left };
  const named = await namedRequirements(root, realRoot, first);
  const others = files.filter(({ path }) => !named.has(path));
  return { files: [...others, ...named.values()], left: left.filter(({ path }) => !named.has(path)) };
}

/** The script travels whatever the rules say. */
async function projectOf(
  root: string,
  realRoot: string,
  script: string,
  signal: AbortSignal | undefined,
): Promise<Measured> {
  const { files, left } = await findProject(root, realRoot, MAX_FILES, signal);
  if (files.some(({ path }) => path === script)) return { files, left };
  const own = await measure(root, realRoot, [script], false, signal);
  return { files: [...files, ...own.files], left: left.filter(({ path }) => path !== script) };
}

function tierOf({ files, archive }: Packed): Tier {
  const keyed = files.reduce((sum, file, index) => sum + file.bytes + configMapKey(index, file.path).length, 0);
  if (keyed <= FILES_LIMIT && files.length <= MAX_KEYED) return "files";
  return archive.bytes <= ARCHIVE_LIMIT ? "archive" : "volume";
}

function keyedFiles(root: string, files: Packed["files"], signal: AbortSignal | undefined): readonly KeyedFile[] {
  const keyed: KeyedFile[] = [];
  for (const [index, file] of files.entries()) {
    if (signal?.aborted) throw new CancelledError();
    const { path, sha256 } = file;
    const content = readFound(root, file);
    if (createHash("sha256").update(content).digest("hex") !== sha256) throw changed(path);
    keyed.push({ path, key: configMapKey(index, path), ...encode(content) });
  }
  return keyed;
}

/** A key may hold letters, digits, `-`, `_` and `.`; the number keeps keys apart whatever the names are. */
export function configMapKey(index: number, path: string): string {
  const name = posix.basename(path).replace(/[^-._a-zA-Z0-9]/g, "_");
  return `f${String(index + 1).padStart(4, "0")}-${name.slice(-80)}`;
}

/** Anything but clean text goes as base64: JSON would write control characters at six times their size. */
function encode(content: Buffer): Pick<KeyedFile, "content" | "encoding"> {
  // eslint-disable-next-line no-control-regex -- they are what must not be sent as text
  const clean = isUtf8(content) && !/[\0-\x08\x0b\x0e-\x1f]/.test(content.toString("latin1"));
  return clean
    ? { content: content.toString("utf8"), encoding: "utf8" }
    : { content: content.toString("base64"), encoding: "base64" };
}

/** POSIX path of `file` below `root`; throws where it is not below. */
function belowRoot(root: string, file: string): string {
  const path = relative(root, file);
  if (path !== "" && path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path))
    return path.split(sep).join("/");
  throw new UserError("outside-root", NOT_COLLECTED, {
    why: `${file} lies outside ${root}.`,
    hint: "Open the file where it really is, and run it from there.",
  });
}

function assertPython(script: string): void {
  if (/\.(?:py|ipynb)$/i.test(script)) return;
  throw new UserError("not-python", `${posix.basename(script.split(sep).join("/"))} is not a Python file.`, {
    hint: "Open the .py file or the notebook that starts the training.",
  });
}

/** Everything below a home folder would travel: other projects and what lies in them. */
function assertNarrow(root: string): void {
  if (root !== resolve(homedir()) && root !== parse(root).root) return;
  throw new UserError("folder-too-wide", NOT_COLLECTED, {
    why: `Every file under ${root} would be sent to the cluster.`,
    hint: "Open the folder of the project, or send the file with its imports.",
  });
}

function tooMany(root: string): UserError {
  return new UserError("too-many-files", NOT_COLLECTED, {
    why: `${root} holds more than ${MAX_FILES.toLocaleString("en-US")} files that would travel.`,
    hint: "Leave folders out in a file .trainyardignore, or send the file with its imports.",
  });
}

function tooLarge(files: readonly FoundFile[], limit: number): UserError {
  const biggest = [...files].sort((a, b) => b.bytes - a.bytes).slice(0, 3);
  const list = biggest.map((file) => `${file.path} (${bytes(file.bytes)})`).join(", ");
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  return new UserError("too-large", "The code was not sent.", {
    why: `${plural(files.length, "file")} with ${bytes(total)} are more than the ${bytes(limit)} that one launch carries; the biggest: ${list}.`,
    hint: "Leave them out in a file .trainyardignore, keep data on a volume, or build it into the image.",
  });
}
