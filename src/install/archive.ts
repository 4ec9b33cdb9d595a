// A git host's `.tar.gz` of a repository, laid into a folder and nowhere else.
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { errorText, UserError } from "../core/errors.ts";
import { tarEntries, whole } from "../core/tar.ts";

const MAX_UNPACKED = 500_000_000;
const MAX_FILES = 50_000;

export interface Archive {
  /** SHA-256 of the tar, hex: packing it anew does not change it. */
  readonly checksum: string;
  /** Commit that `git archive` wrote into the pax header; "" where there is none. */
  readonly commit: string;
  readonly files: readonly { readonly name: string; readonly content: Buffer }[];
}

/** Reads an archive. Names are without the topmost folder; links are left out. Rejects with UserError `archive`. */
export async function readArchive(packed: Buffer): Promise<Archive> {
  let tar: Buffer;
  try {
    tar = gunzipSync(packed, { maxOutputLength: MAX_UNPACKED });
  } catch (error) {
    throw broken(errorText(error));
  }
  const files: { name: string; content: Buffer }[] = [];
  let commit = "";
  for await (const { name, type, content } of tarEntries([tar], broken)) {
    if (type === "g")
      commit = /\bcomment=([0-9a-f]{40})\b/.exec((await whole(content)).toString("utf8"))?.[1] ?? commit;
    if (type === "0") files.push({ name: inside(name), content: await whole(content) });
    if (files.length > MAX_FILES) throw broken(`it has more than ${MAX_FILES} files`);
  }
  if (files.length === 0) throw broken("it holds no files");
  return { checksum: createHash("sha256").update(tar).digest("hex"), commit, files };
}

/** Writes the files below a folder. Rejects with the file system's error. */
export async function unpack(archive: Archive, folder: string): Promise<void> {
  const folders = new Set(archive.files.map(({ name }) => path.dirname(path.join(folder, name))));
  for (const one of folders) await mkdir(one, { recursive: true });
  for (const { name, content } of archive.files) await writeFile(path.join(folder, name), content);
}

/** The name without its topmost folder, where it stays inside of it. */
function inside(name: string): string {
  const parts = name.split("/").slice(1);
  const isOdd = (part: string): boolean => part === "" || part === "." || part === ".." || /[\\:\0]/.test(part);
  if (name.startsWith("/") || parts.length === 0 || parts.some(isOdd)) throw broken("it holds a file with an odd name");
  return parts.join("/");
}

function broken(why: string): UserError {
  return new UserError("archive", `The release’s archive cannot be used: ${why}.`);
}
