// Files that travel: measured first, read later, and told apart where they have changed in between.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { join, posix, sep } from "node:path";
import { CancelledError, errorCode, errorText, UserError } from "../../core/errors.ts";

export interface FoundFile {
  /** POSIX, relative to the root. */
  readonly path: string;
  readonly bytes: number;
  readonly isProgram: boolean;
  /** What changes when somebody writes it: size, times in ms, number. */
  readonly stamp: string;
  /** Wall ms of its last change. */
  readonly changedAt: number;
  /** Where a link leads. */
  readonly real?: string;
}

export const NOT_COLLECTED = "The code was not collected.";

/** Milliseconds of work between two breaths: reading thousands of files at once would hold the editor up. */
const BREATH_MS = 8;

/** Lets others run where this has worked for a while. Throws CancelledError. */
export class Breath {
  #since = performance.now();
  readonly #signal: AbortSignal | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  get isDue(): boolean {
    return performance.now() - this.#since > BREATH_MS;
  }

  async take(): Promise<void> {
    await new Promise(setImmediate);
    if (this.#signal?.aborted) throw new CancelledError();
    this.#since = performance.now();
  }
}

export interface Measured {
  readonly files: readonly FoundFile[];
  readonly left: readonly { readonly path: string; readonly why: string }[];
}

/**
 * Looks at each path. What cannot be read is left, where `isLenient`, else UserError `unreadable`; a file that git knows
 * and that is gone is nobody's loss.
 */
export async function measure(
  root: string,
  realRoot: string,
  paths: readonly string[],
  isLenient: boolean,
  signal: AbortSignal | undefined,
): Promise<Measured> {
  const files: FoundFile[] = [];
  const left: { path: string; why: string }[] = [];
  const breath = new Breath(signal);
  const folders = new Map<string, boolean>();
  for (const path of paths) {
    // Synchronous on purpose: twenty thousand promises take five times as long.
    try {
      const found = isBelow(root, realRoot, posix.dirname(path), folders) ? lookAt(root, realRoot, path) : ELSEWHERE;
      if (typeof found !== "string") files.push(found);
      else if (isLenient) left.push({ path, why: found });
      else unreadable(path, new Error(found));
    } catch (error) {
      if (!isLenient || error instanceof UserError) unreadable(path, error);
      if (errorCode(error) !== "ENOENT") left.push({ path, why: `cannot be read (${errorCode(error) ?? "unknown"})` });
    }
    if (breath.isDue) await breath.take();
  }
  return { files, left };
}

const ELSEWHERE = "a link that leads elsewhere";

/** False where one of the folders on the way is a link out of the root, as data that was moved elsewhere. */
function isBelow(root: string, realRoot: string, folder: string, known: Map<string, boolean>): boolean {
  const before = known.get(folder);
  if (before !== undefined) return before;
  const real = realpathSync(join(root, folder));
  const below = real === realRoot || real.startsWith(realRoot + sep);
  known.set(folder, below);
  return below;
}

/** A reason where it is no file of this folder. */
function lookAt(root: string, realRoot: string, path: string): FoundFile | string {
  const place = join(root, path);
  const own = lstatSync(place);
  const isLink = own.isSymbolicLink();
  const stats = isLink ? statSync(place) : own;
  // Opening a named pipe would wait for ever.
  if (!stats.isFile()) return "no file: a submodule, a pipe or a device";
  const real = isLink ? realpathSync(place) : undefined;
  if (real !== undefined && !real.startsWith(realRoot + sep)) return ELSEWHERE;
  return {
    path,
    bytes: stats.size,
    isProgram: (stats.mode & 0o100) !== 0,
    stamp: stampOf(stats),
    changedAt: Math.max(stats.mtimeMs, stats.ctimeMs),
    ...(real !== undefined && { real }),
  };
}

function stampOf({ size, mtimeMs, ctimeMs, ino }: Stats): string {
  return `${size} ${mtimeMs} ${ctimeMs} ${ino}`;
}

/** The bytes of a file that was measured. A link that leads elsewhere by now is not followed. Throws UserError. */
export function readFound(root: string, { path, real }: Pick<FoundFile, "path" | "real">): Buffer {
  let handle: number | undefined;
  try {
    handle = openSync(real ?? join(root, path), constants.O_RDONLY | (constants.O_NOFOLLOW || 0));
    if (!fstatSync(handle).isFile()) throw new Error("not a file");
    return readFileSync(handle);
  } catch (error) {
    return unreadable(path, error);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** Between two looks at a file somebody has written it. */
export function changed(path: string): UserError {
  return new UserError("changed", NOT_COLLECTED, {
    why: `${path} was written while it was read.`,
    hint: "Try again when nothing writes there.",
  });
}

export function unreadable(path: string, error: unknown): never {
  throw new UserError("unreadable", NOT_COLLECTED, {
    why: `${path} cannot be read (${errorCode(error) ?? errorText(error)}).`,
    cause: error,
  });
}

export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
