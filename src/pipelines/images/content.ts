import { createHash } from "node:crypto";
import { createReadStream, type Dirent, type Stats } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";
import { errorCode, unlessMissing, UserError } from "../../core/errors.ts";
import { gitOutput } from "../../jobs/index.ts";
import { dockerIgnore } from "./dockerIgnore.ts";
import { sourcesOf } from "./dockerfile.ts";

/** What an image is built of. */
export interface ImageSource {
  /** Absolute paths. */
  readonly context: string;
  readonly dockerfile: string;
  /** A pipeline names its digest. */
  readonly isComponent: boolean;
}

/** Names the images and holds their digests: for those it counts only where a Dockerfile copies it by its name. */
export const PIPELINE_FILE = "pipeline.py";

const DIGITS = 16;

/**
 * The tag of an image by what goes into it: the Dockerfile, its .dockerignore, and each file that its COPY and ADD lines
 * take, or the whole context where those do not tell. It is the hash of what `git ls-files -sz` says of the same files, so
 * that a workflow has the same tag from the index alone (workflow/workflow.ts). Rejects with UserError `no-source` where a
 * named file is not there, CancelledError when aborted.
 */
export async function contentTag(source: ImageSource, signal: AbortSignal): Promise<string> {
  const { context, dockerfile, isComponent } = source;
  const text = await readFile(dockerfile, "utf8");
  const own = await ignoreFileOf(source);
  const { ignores, prunes } = dockerIgnore(own === undefined ? "" : await readFile(own, "utf8"));
  const paths = new Set<string>();
  for (const always of [dockerfile, own])
    if (always !== undefined) paths.add(path.relative(context, always).split(path.sep).join("/"));
  const walk = async (at: string): Promise<void> => {
    signal.throwIfAborted();
    const entries = await readdir(path.join(context, at), { withFileTypes: true });
    for (const entry of entries) {
      const name = at === "" ? entry.name : `${at}/${entry.name}`;
      if (name !== ".git" && !(isComponent && name === PIPELINE_FILE)) await take(name, entry);
    }
  };
  const take = async (name: string, entry: Pick<Dirent, "isDirectory">): Promise<void> => {
    if (entry.isDirectory()) {
      if (!prunes(name)) await walk(name);
    } else if (!ignores(name)) paths.add(name);
  };
  const sources = sourcesOf(text);
  if (sources === undefined) await walk("");
  for (const name of sources ?? []) {
    const entry = await lstat(path.join(context, name)).catch(unlessMissing);
    if (entry === undefined) throw missing(name, source);
    await take(name, entry);
  }
  const hash = createHash("sha256");
  const entries = await gitEntries(context, paths);
  for (const name of [...paths].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
    signal.throwIfAborted();
    hash.update(`${entries.get(name) ?? (await gitEntry(path.join(context, name)))} 0\t${name}\0`);
  }
  return hash.digest("hex").slice(0, DIGITS);
}

/** `<name of the Dockerfile>.dockerignore` wins, as BuildKit has it. */
export async function ignoreFileOf({ context, dockerfile }: ImageSource): Promise<string | undefined> {
  for (const file of [`${dockerfile}.dockerignore`, path.join(context, ".dockerignore")])
    if ((await lstat(file).catch(unlessMissing)) !== undefined) return file;
  return undefined;
}

/** Characters of a command line that every system takes. */
const MAX_LINE = 16_000;

/**
 * As git itself has, or would have, them in its index: on a disk line ends, modes and links may be others, as on Windows.
 * Empty where the folder is in no repository, or git is missing.
 */
async function gitEntries(context: string, names: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const listed = await gitOutput(context, ["ls-files", "-sz"]);
  const modified = await gitOutput(context, ["ls-files", "-mz"]);
  if (listed === undefined || modified === undefined) return new Map();
  const index = new Map(
    listed.split("\0").flatMap((line) => {
      const [, mode = "", blob = "", name = ""] = /^(\d+) (\w+) 0\t(.*)$/s.exec(line) ?? [];
      return names.has(name) ? [[name, { mode, blob }] as const] : [];
    }),
  );
  const changed = new Set(modified.split("\0"));
  const entries = new Map<string, string>();
  const others: { readonly name: string; readonly mode: string }[] = [];
  for (const name of names) {
    const known = index.get(name);
    if (known !== undefined && !changed.has(name)) {
      entries.set(name, `${known.mode} ${known.blob}`);
      continue;
    }
    const stats = await lstat(path.join(context, name));
    // Git would follow a link.
    if (stats.isFile()) others.push({ name, mode: (isWindows && known?.mode) || modeOf(stats) });
  }
  for (let at = 0, end = 0; at < others.length; at = end) {
    let length = 0;
    while (end < others.length && (end === at || length < MAX_LINE)) length += (others[end++]?.name.length ?? 0) + 3;
    const some = others.slice(at, end);
    // From the index's side of filters: with line ends as they would be committed.
    const blobs = (await gitOutput(context, ["hash-object", "--", ...some.map(({ name }) => name)]))?.split("\n");
    some.forEach(({ name, mode }, place) => {
      const blob = blobs?.[place] ?? "";
      if (blob !== "") entries.set(name, `${mode} ${blob}`);
    });
  }
  return entries;
}

const isWindows = process.platform === "win32";

function modeOf({ mode }: Stats): string {
  return !isWindows && (mode & 0o100) !== 0 ? "100755" : "100644";
}

/** Mode and blob of a file as it is on the disk. */
async function gitEntry(file: string): Promise<string> {
  const stats = await lstat(file);
  const hash = createHash("sha1");
  if (stats.isSymbolicLink()) {
    const target = Buffer.from(await readlink(file));
    return `120000 ${hash.update(`blob ${target.length}\0`).update(target).digest("hex")}`;
  }
  hash.update(`blob ${stats.size}\0`);
  // A socket or the like goes into no image.
  if (stats.isFile()) for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return `${modeOf(stats)} ${hash.digest("hex")}`;
}

function missing(name: string, { dockerfile, context }: ImageSource): UserError {
  return new UserError("no-source", "The image was not built.", {
    why: `${path.basename(dockerfile)} copies ${name}, which is not in ${context}.`,
  });
}

/**
 * The folder that a Dockerfile's COPY lines start from: the nearest one, up to `root`, that has all they name. A
 * component's is its pipeline's folder. Where none has, the Dockerfile's own, as the tools have it.
 */
export async function contextOf(dockerfile: string, root: string): Promise<string> {
  const own = path.dirname(dockerfile);
  const above = path.resolve(own, "..", "..");
  if (path.basename(path.dirname(own)) === COMPONENTS && (await isThere(path.join(above, PIPELINE_FILE)))) return above;
  const sources = sourcesOf(await readFile(dockerfile, "utf8")) ?? [];
  for (let at = own; ; at = path.dirname(at)) {
    const found = await Promise.all(sources.map((source) => isThere(path.join(at, source))));
    if (found.every(Boolean)) return at;
    if (at === root || at === path.dirname(at)) return own;
  }
}

/** Folder of a pipeline that has a folder for each component. */
export const COMPONENTS = "components";

async function isThere(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return false;
    throw error;
  }
}
