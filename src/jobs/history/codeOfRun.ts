// The code of an earlier run, out of the archive that is kept of it.
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { UserError } from "../../core/errors.ts";
import { untar } from "../mover/untar.ts";

const LIMITS = { files: 100_000, bytes: 5_000_000_000 };

/**
 * Lays the code of a run into `folder`, once, and returns that. Nobody writes there but we: its files are for reading, and
 * for running again. Rejects with UserError `no-code` where the archive is not kept any more.
 */
export async function layCode(archive: string | undefined, folder: string): Promise<string> {
  const there = await stat(folder).catch(() => undefined);
  if (there !== undefined) return folder;
  if (archive === undefined || (await stat(archive).catch(() => undefined)) === undefined)
    throw new UserError("no-code", "The code of this run is not on this computer any more.", {
      why: "Code is kept as long as its launch is remembered: a month, or two hundred launches.",
    });
  const aside = `${folder}.${randomBytes(4).toString("hex")}.part`;
  await mkdir(aside, { recursive: true, mode: 0o700 });
  try {
    const tar = createReadStream(archive).pipe(createGunzip());
    await untar(tar as AsyncIterable<Buffer>, aside, LIMITS, () => undefined, true);
    await rename(aside, folder).catch(async (error: unknown) => {
      // Another window was faster: what is there is the same.
      if ((await stat(folder).catch(() => undefined)) === undefined) throw error;
      await rm(aside, { recursive: true, force: true });
    });
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    throw error;
  }
  return folder;
}

/** Paths of a laid out code, POSIX and sorted. */
export async function filesBelow(folder: string, below = ""): Promise<readonly string[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      return entry.isDirectory() ? filesBelow(folder, path) : [path];
    }),
  );
  return found.flat().sort();
}

export interface ChangedFile {
  readonly path: string;
  readonly kind: "added" | "removed" | "changed";
}

/** What is other in the second code than in the first. */
export async function changedFiles(first: string, second: string): Promise<readonly ChangedFile[]> {
  const [before, after] = await Promise.all([filesBelow(first), filesBelow(second)]);
  const all = [...new Set([...before, ...after])].sort();
  const [had, has] = [new Set(before), new Set(after)];
  const changed = await Promise.all(
    all.map(async (path): Promise<ChangedFile | undefined> => {
      if (!has.has(path)) return { path, kind: "removed" };
      if (!had.has(path)) return { path, kind: "added" };
      const [a, b] = await Promise.all([readFile(join(first, path)), readFile(join(second, path))]);
      return a.equals(b) ? undefined : { path, kind: "changed" };
    }),
  );
  return changed.filter((file) => file !== undefined);
}
