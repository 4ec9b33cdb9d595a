// Files of a cluster on disk. What a person changed by hand is never overwritten: the folder remembers what was written.
import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import type { FileText } from "../../contract/preview.ts";
import { errorText, unlessMissing, UserError } from "../../core/errors.ts";
import { writeWhole } from "../../core/wholeFile.ts";

/** Kept beside the files: names of what was written here, with the hashes of their texts. */
export const RECORD = ".trainyard.json";

const RecordSchema = v.object({ files: v.record(v.string(), v.array(v.string())) });
type Written = Readonly<Record<string, readonly string[]>>;

/** A folder to commit is read by others too, as far as the person's umask lets them. */
const SHARED = 0o666;
const NOT_WRITTEN = "The files were not written.";

/**
 * Writes `files` into `folder`, which is made where it is missing; each file is replaced in one step. Files of an earlier
 * call that are no longer wanted go. Throws UserError `folder-foreign` for a folder with other things in it,
 * `folder-edited` for a file that somebody changed, `folder-write` where the disk refuses; nothing is changed then,
 * except by the last, after which the same call can be made again.
 */
export async function writeFolder(folder: string, files: readonly FileText[]): Promise<void> {
  try {
    await fs.mkdir(folder, { recursive: true });
    const record = await readRecord(folder);
    if (record === undefined) await assertEmpty(folder);
    const before = record ?? {};
    const names = new Set(files.map(({ name }) => name));
    const gone = Object.keys(before).filter((name) => !names.has(name));
    for (const { name, text } of files) await assertOurs(folder, name, before[name] ?? [], text);
    for (const name of gone) await assertOurs(folder, name, before[name] ?? []);
    // The new hashes beside the old ones first: a crash between here and the end leaves a folder that is still ours.
    const both = files.map(({ name, text }) => [name, [...(before[name] ?? []), hash(text)]] as const);
    await writeWhole(path.join(folder, RECORD), recordText({ ...before, ...Object.fromEntries(both) }), SHARED);
    for (const { name, text } of files) await writeWhole(path.join(folder, name), text, SHARED);
    for (const name of gone) await fs.rm(path.join(folder, name), { force: true });
    const after = files.map(({ name, text }) => [name, [hash(text)]] as const);
    await writeWhole(path.join(folder, RECORD), recordText(Object.fromEntries(after)), SHARED);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError("folder-write", NOT_WRITTEN, { why: errorText(error), cause: error });
  }
}

/** What was written here before; undefined for a folder that is not ours. */
async function readRecord(folder: string): Promise<Written | undefined> {
  const text = await fs.readFile(path.join(folder, RECORD), "utf8").catch(unlessMissing);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON any more: somebody changed it, and nothing here can be known to be ours.
    value = undefined;
  }
  const parsed = v.safeParse(RecordSchema, value);
  const named = parsed.success ? parsed.output.files : undefined;
  // The names lead to what is deleted, so none may lead out of the folder.
  if (named === undefined || Object.keys(named).some((name) => name !== path.basename(name) || /^\.{1,2}$/.test(name)))
    throw new UserError("folder-edited", NOT_WRITTEN, {
      why: `${path.join(folder, RECORD)} cannot be read any more.`,
      hint: "Choose another folder.",
    });
  return named;
}

async function assertEmpty(folder: string): Promise<void> {
  const entries = (await fs.readdir(folder)).filter((name) => name !== ".git");
  const [first] = entries;
  if (first === undefined) return;
  throw new UserError("folder-foreign", NOT_WRITTEN, {
    why: `${folder} has other files in it, such as ${first}.`,
    hint: "Choose an empty folder.",
  });
}

/** Throws unless the file is missing, as we wrote it, or already what it shall be. */
async function assertOurs(folder: string, name: string, hashes: readonly string[], wanted?: string): Promise<void> {
  const file = path.join(folder, name);
  const text = await fs.readFile(file, "utf8").catch(unlessMissing);
  if (text === undefined || text === wanted || hashes.includes(hash(text))) return;
  throw new UserError("folder-edited", NOT_WRITTEN, {
    why: `${file} was changed by somebody else.`,
    hint: "Choose another folder, or move that file away.",
  });
}

function recordText(files: Written): string {
  return `${JSON.stringify({ note: "Hashes of the files as they were written, so that no change of yours is overwritten.", files }, undefined, 2)}\n`;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
