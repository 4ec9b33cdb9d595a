// Reads a tar from who knows where into a new folder, and writes nowhere else.
import { mkdir, open, rm } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { tarEntries } from "../../core/tar.ts";
import { MOVER_NOTES } from "./program.ts";

/** Names that are remembered. */
const MAX_NAMES = 1000;

export interface UntarLimits {
  readonly files: number;
  readonly bytes: number;
}

export interface Taken {
  readonly files: number;
  readonly bytes: number;
  /** Links, devices and the like. */
  readonly leftOut: number;
  /** Names that the mover's notes name; those that are missing have no file here. */
  readonly changed: readonly string[];
  readonly missing: readonly string[];
}

/**
 * Writes the regular files of a tar below `folder`, which must be new and the person's own; links, devices and whatever
 * else are left out and counted. Rejects with UserError `archive` for names that lead out of it, for more than the limits,
 * and where it is cut short; with the file system's error. `onBytes` hears how many have been written; programs stay
 * programs where `keepsPrograms` says so.
 */
export async function untar(
  source: AsyncIterable<Buffer>,
  folder: string,
  limits: UntarLimits,
  onBytes: (bytes: number) => void,
  keepsPrograms = false,
): Promise<Taken> {
  let [files, bytes, leftOut] = [0, 0, 0];
  const [changed, missing]: [string[], string[]] = [[], []];
  let last: { readonly name: string; readonly target: string; readonly size: number } | undefined;
  for await (const { name, type, size, isProgram, content } of tarEntries(source, broken)) {
    const note = { [MOVER_NOTES.changed]: changed, [MOVER_NOTES.missing]: missing }[type];
    if (note !== undefined && note.length < MAX_NAMES) note.push(name);
    if (note === missing && name === last?.name) {
      await rm(last.target);
      [files, bytes, last] = [files - 1, bytes - last.size, undefined];
    }
    if (note !== undefined) continue;
    if (type !== "0") {
      leftOut += 1;
      continue;
    }
    files += 1;
    if (files > limits.files || bytes + size > limits.bytes) throw broken("it holds more than was said");
    const target = path.join(folder, ...safeParts(name));
    last = { name, target, size };
    await mkdir(path.dirname(target), { recursive: true });
    const file = await open(target, "wx", keepsPrograms && isProgram ? 0o700 : 0o600);
    try {
      for await (const chunk of content) {
        await file.writeFile(chunk);
        onBytes((bytes += chunk.length));
      }
    } finally {
      await file.close();
    }
  }
  return { files, bytes, leftOut, changed, missing };
}

/** Parts of a relative path; throws for one that leads elsewhere, or that this system would read otherwise. */
function safeParts(name: string): readonly string[] {
  const parts = name.split("/");
  const isOdd = (part: string): boolean =>
    part === "" ||
    part === "." ||
    part === ".." ||
    part.includes("\0") ||
    Buffer.byteLength(part) > 255 ||
    isOddHere(part);
  if (parts.some(isOdd) || parts.length > 100) throw broken(`it holds a file ${JSON.stringify(label(name, 100))}`);
  return parts;
}

/** Names that mean something else on Windows: a path, a stream, a device. */
function isOddHere(part: string): boolean {
  if (process.platform !== "win32") return false;
  return /[\\:<>"|?*]|[. ]$/.test(part) || /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(part);
}

function broken(why: string): UserError {
  return new UserError("archive", "The files were not taken over.", {
    why: `What the cluster sent is not usable: ${why}.`,
  });
}
