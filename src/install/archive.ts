// A git host's `.tar.gz` of a repository (POSIX ustar with pax headers), laid into a folder and nowhere else.
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { errorText, UserError } from "../core/errors.ts";

const BLOCK = 512;
const MAX_UNPACKED = 500_000_000;
const MAX_FILES = 50_000;

export interface Archive {
  /** SHA-256 of the tar, hex: packing it anew does not change it. */
  readonly checksum: string;
  /** Commit that `git archive` wrote into the pax header; "" where there is none. */
  readonly commit: string;
  readonly files: readonly { readonly name: string; readonly content: Buffer }[];
}

/** Reads an archive. Names are without the topmost folder; links are left out. Throws UserError `archive`. */
export function readArchive(packed: Buffer): Archive {
  let tar: Buffer;
  try {
    tar = gunzipSync(packed, { maxOutputLength: MAX_UNPACKED });
  } catch (error) {
    throw broken(errorText(error));
  }
  const files: { name: string; content: Buffer }[] = [];
  let commit = "";
  let long: string | undefined;
  for (let at = 0; at + BLOCK <= tar.length;) {
    const header = tar.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const size = Number.parseInt(field(header, 124, 12).trim() || "0", 8);
    if (!Number.isInteger(size) || size < 0 || at + BLOCK + size > tar.length) throw broken("it is cut short");
    const content = tar.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const type = field(header, 156, 1);
    if (type === "g") commit = /\bcomment=([0-9a-f]{40})\b/.exec(content.toString("utf8"))?.[1] ?? commit;
    else if (type === "x") long = /(?:^|\n)\d+ path=([^\n]+)/.exec(content.toString("utf8"))?.[1];
    else {
      const prefix = field(header, 345, 155);
      const name = long ?? (prefix === "" ? "" : `${prefix}/`) + field(header, 0, 100);
      long = undefined;
      if (type === "0" || type === "") files.push({ name: inside(name), content });
      if (files.length > MAX_FILES) throw broken(`it has more than ${MAX_FILES} files`);
    }
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

function field(header: Buffer, at: number, length: number): string {
  return (
    header
      .subarray(at, at + length)
      .toString("utf8")
      .split("\0")[0] ?? ""
  );
}

function broken(why: string): UserError {
  return new UserError("archive", `The release's archive cannot be used: ${why}.`);
}
