import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { CancelledError } from "../../core/errors.ts";

/** Folders that hold other people's code, results or caches. Hidden ones are left out in any case. */
const EXCLUDED = new Set([
  "__pycache__",
  "venv",
  "env",
  "node_modules",
  "site-packages",
  "build",
  "dist",
  // Both keep copies of the code of each run.
  "wandb",
  "mlruns",
]);

/** Names looked at before giving up: a folder like that is not one project. */
const MAX_SEEN = 100_000;

export interface FoundFiles {
  /** POSIX, relative to the root, unsorted. */
  readonly files: readonly string[];
  readonly skipped: readonly string[];
  readonly tooMany: boolean;
}

/**
 * Python files under `root`, at most `max` and a bit. Links to folders are not followed (they may lead round in
 * circles), links to files only where they end inside `realRoot`. Stops early and says so where there are too many.
 */
export async function findPythonFiles(
  root: string,
  realRoot: string,
  max: number,
  signal?: AbortSignal,
): Promise<FoundFiles> {
  const files: string[] = [];
  const skipped: string[] = [];
  const folders = [""];
  let seen = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    if (signal?.aborted) throw new CancelledError();
    const entries = await list(join(root, folder));
    if (entries === undefined) {
      skipped.push(folder);
      continue;
    }
    seen += entries.length;
    if (files.length > max || seen > MAX_SEEN) return { files, skipped, tooMany: true };
    if (folder !== "" && isEnvironment(entries)) continue;
    for (const entry of entries) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory()) {
        if (!EXCLUDED.has(entry.name)) folders.push(path);
      } else if (entry.isSymbolicLink()) {
        const kept = /\.py$/i.test(path) && (await isInside(join(root, path), realRoot));
        if (kept) files.push(path);
        else if (/\.py$/i.test(path) || !entry.name.includes(".")) skipped.push(path);
      } else if (entry.isFile() && /\.py$/i.test(entry.name)) files.push(path);
    }
  }
  return { files, skipped, tooMany: false };
}

/** A folder that may not be read is left out (a database's data folder beside the code); undefined then. */
async function list(folder: string): Promise<Dirent[] | undefined> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    return undefined; // Whatever it is, its files could not be sent.
  }
}

/** Virtual and conda environments under any name. */
function isEnvironment(entries: readonly Dirent[]): boolean {
  return entries.some((entry) => entry.name === "pyvenv.cfg" || entry.name === "conda-meta");
}

/** True for a file, or a link to one, whose real place is below the root's. False where it leads nowhere, or where we may not look. */
export async function isInside(path: string, realRoot: string): Promise<boolean> {
  try {
    const target = await realpath(path);
    return target.startsWith(realRoot + sep) && (await stat(target)).isFile();
  } catch {
    return false;
  }
}
