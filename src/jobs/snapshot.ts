import { createHash } from "node:crypto";
import { isUtf8 } from "node:buffer";
import { constants } from "node:fs";
import { lstat, open, realpath, type FileHandle } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, parse, posix, relative, resolve, sep } from "node:path";
import { CancelledError, errorCode, errorText, UserError } from "../core/errors.ts";
import { bytes, plural } from "../core/text.ts";
import { findPythonFiles } from "./walk.ts";

export interface SnapshotFile {
  /** POSIX, relative to the root. */
  readonly path: string;
  /** Key in the ConfigMap: `f0001-train.py`. */
  readonly key: string;
  /** Of the file itself. */
  readonly bytes: number;
  /** Text, or base64 where the file is not clean UTF-8. */
  readonly content: string;
  readonly encoding: "utf8" | "base64";
}

export interface Snapshot {
  /** Absolute local folder. */
  readonly root: string;
  /** POSIX path of the script below the root. */
  readonly script: string;
  /** Sorted by path. */
  readonly files: readonly SnapshotFile[];
  /** Links that were not followed and folders that could not be read; relative to the root. */
  readonly skipped: readonly string[];
  /** Bytes that the ConfigMap will hold, keys included. */
  readonly bytes: number;
  /** SHA-256 over sorted paths and contents, in hex: equal for equal code, wherever it lies. */
  readonly hash: string;
}

export interface SnapshotOptions {
  /** Folder that travels; the script's own where left out. Must hold the script. */
  readonly root?: string;
  /** Default 900,000: a ConfigMap may hold 1 MiB (kubernetes core/validation, MaxSecretSize). */
  readonly limitBytes?: number;
  readonly signal?: AbortSignal;
}

export const DEFAULT_LIMIT_BYTES = 900_000;
export const MAX_FILES = 2000;

interface SizedFile {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Reads the script and every Python file under its folder, without environments, caches and build results (walk.ts).
 * Throws UserError: `not-python`, `unreadable`, `outside-root`, `folder-too-wide`, `too-many-files`, `too-large`;
 * CancelledError where the signal aborts.
 */
export async function collectSnapshot(scriptPath: string, options: SnapshotOptions = {}): Promise<Snapshot> {
  const script = resolve(scriptPath);
  const root = resolve(options.root ?? dirname(script));
  const limit = options.limitBytes ?? DEFAULT_LIMIT_BYTES;
  assertPython(script);
  const scriptBelow = below(root, script);
  assertNarrow(root);
  const realRoot = await realpath(root).catch((error: unknown) => unreadable(root, error));
  await assertInside(realRoot, script);

  const found = await findPythonFiles(root, realRoot, MAX_FILES, options.signal);
  const paths = [...new Set([...found.files, scriptBelow])].sort(byCodeUnit);
  if (found.tooMany || paths.length > MAX_FILES) throw tooMany(root);
  const sized = await Promise.all(paths.map((path) => measure(root, path)));
  if (stored(sized) > limit) throw tooLarge(sized, limit);

  const files: SnapshotFile[] = [];
  const hash = createHash("sha256");
  for (const [index, path] of paths.entries()) {
    if (options.signal?.aborted) throw new CancelledError();
    const content = await readPlain(root, realRoot, path);
    hash.update(`${Buffer.byteLength(path)}:${path}\0${content.length}:`).update(content);
    files.push({ path, key: configMapKey(index, path), bytes: content.length, ...encode(content) });
  }
  // Files may have grown since they were measured.
  const total = stored(files);
  if (total > limit) throw tooLarge(files, limit);
  return { root, script: scriptBelow, files, skipped: found.skipped, bytes: total, hash: hash.digest("hex") };
}

/** A key may hold letters, digits, `-`, `_` and `.`; the number keeps keys apart whatever the names are. */
export function configMapKey(index: number, path: string): string {
  const name = posix.basename(path).replace(/[^-._a-zA-Z0-9]/g, "_");
  return `f${String(index + 1).padStart(4, "0")}-${name.slice(-80)}`;
}

/** Anything but clean text goes as base64: JSON would write control characters at six times their size. */
function encode(content: Buffer): Pick<SnapshotFile, "content" | "encoding"> {
  // eslint-disable-next-line no-control-regex -- they are what must not be sent as text
  const clean = isUtf8(content) && !/[\0-\x08\x0b\x0e-\x1f]/.test(content.toString("latin1"));
  return clean
    ? { content: content.toString("utf8"), encoding: "utf8" }
    : { content: content.toString("base64"), encoding: "base64" };
}

function stored(files: readonly SizedFile[]): number {
  return files.reduce((sum, file, index) => sum + file.bytes + configMapKey(index, file.path).length, 0);
}

async function measure(root: string, path: string): Promise<SizedFile> {
  const stats = await lstat(join(root, path)).catch((error: unknown) => unreadable(path, error));
  // Opening a named pipe would wait for ever.
  if (!stats.isFile() && !stats.isSymbolicLink()) unreadable(path, new Error("not a file"));
  return { path, bytes: stats.isSymbolicLink() ? 0 : stats.size };
}

/** Links were resolved and found inside; the last step of a plain path is never a link (O_NOFOLLOW). */
async function readPlain(root: string, realRoot: string, path: string): Promise<Buffer> {
  let handle: FileHandle | undefined;
  try {
    const real = await realpath(join(root, path));
    below(realRoot, real);
    handle = await open(real, constants.O_RDONLY | (constants.O_NOFOLLOW || 0));
    return await handle.readFile();
  } catch (error) {
    if (error instanceof UserError) throw error;
    return unreadable(path, error);
  } finally {
    await handle?.close();
  }
}

async function assertInside(realRoot: string, script: string): Promise<void> {
  const real = await realpath(script).catch((error: unknown) => unreadable(script, error));
  below(realRoot, real);
}

/** POSIX path of `file` below `root`; throws where it is not below. */
function below(root: string, file: string): string {
  const path = relative(root, file);
  if (path !== "" && path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path))
    return path.split(sep).join("/");
  throw new UserError("outside-root", "The code was not collected.", {
    why: `${file} lies outside ${root}.`,
    hint: "Open the file where it really is, and run it from there.",
  });
}

function assertPython(script: string): void {
  if (/\.py$/i.test(script)) return;
  const notebook = /\.ipynb$/i.test(script);
  throw new UserError("not-python", `${posix.basename(script.split(sep).join("/"))} is not a Python file.`, {
    hint: notebook
      ? "Export the notebook as a Python script, and run that."
      : "Open the .py file that starts the training.",
  });
}

/** Everything below a home folder would travel: other projects and what lies in them. */
function assertNarrow(root: string): void {
  if (root !== resolve(homedir()) && root !== parse(root).root) return;
  throw new UserError("folder-too-wide", "The code was not collected.", {
    why: `Every Python file under ${root} would be sent to the cluster.`,
    hint: "Move the script into a folder of its own.",
  });
}

function tooMany(root: string): UserError {
  return new UserError("too-many-files", "The code was not collected.", {
    why: `${root} holds more than ${MAX_FILES.toLocaleString("en-US")} Python files, or very many others.`,
    hint: "Move the script and what it imports into a folder of its own.",
  });
}

function tooLarge(files: readonly SizedFile[], limit: number): UserError {
  const biggest = [...files].sort((a, b) => b.bytes - a.bytes).slice(0, 3);
  const list = biggest.map((file) => `${file.path} (${bytes(file.bytes)})`).join(", ");
  return new UserError("too-large", "The code was not sent.", {
    why: `${plural(files.length, "file")} with ${bytes(stored(files))} are more than the ${bytes(limit)} that one launch carries; the biggest: ${list}.`,
    hint: "Move them out of this folder, or build them into the image.",
  });
}

function unreadable(path: string, error: unknown): never {
  throw new UserError("unreadable", "The code was not collected.", {
    why: `${path} cannot be read (${errorCode(error) ?? errorText(error)}).`,
    cause: error,
  });
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
