// Packs code into a `.tar.gz` that is the same for the same content. Packing again costs what has changed: hashes are kept
// by each file's stamp, and the archive is made of parts that are compressed once (gzip members may follow each other).
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream, readFileSync } from "node:fs";
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGzip, gzip } from "node:zlib";
import { CancelledError } from "../../core/errors.ts";
import { Breath, changed, type FoundFile, readFound } from "./files.ts";
import { padding, TAR_END, tarBytes, tarHeader } from "./tar.ts";

const compress = promisify(gzip);

export interface PackedFile extends FoundFile {
  /** Of its content, hex. */
  readonly sha256: string;
}

export interface Packed {
  readonly files: readonly PackedFile[];
  /** Over all paths, modes and contents, hex. */
  readonly hash: string;
  readonly archive: { readonly file: string; readonly bytes: number; readonly sha256: string };
}

/** Bytes of content after which a part ends in any case. */
const PART_BYTES = 4_000_000;
/** A file as large is a part of its own, and never in memory as a whole. */
const LARGE_BYTES = 8_000_000;
/** A part ends at a path whose hash says so, one in so many: what is added or removed elsewhere does not move it. */
const PART_FILES = 128;
/** A file that was written so shortly before may be written again within the same tick of its clock. */
const FRESH_MS = 50;
const KEEP_MS = 30 * 24 * 3_600_000;

/**
 * Packs the files, sorted by path, into `store`/<hash>.tar.gz. Rejects with UserError `unreadable` or `changed`,
 * CancelledError, or the file system's error where the store cannot be written.
 */
export async function packFiles(
  root: string,
  found: readonly FoundFile[],
  store: string,
  signal: AbortSignal | undefined,
): Promise<Packed> {
  const parts = join(store, "parts");
  await mkdir(parts, { recursive: true, mode: 0o700 });
  const index = new HashIndex(join(store, `${sha256(root).slice(0, 16)}.index.json`));
  await index.read();
  const contents = new Map<string, Buffer>();
  const files = await hashed(root, found, index, contents, signal);
  const whole = createHash("sha256");
  for (const { path, isProgram, sha256: hash } of files)
    whole.update(`${Buffer.byteLength(path)}:${path}\0${isProgram ? "x" : "-"}${hash}`);
  const hash = whole.digest("hex");
  await index.write(files);
  const there = new Set(await readdir(parts));
  const places: Place[] = [];
  const making: Promise<void>[] = [];
  for (const part of partsOf(files)) {
    const key = sha256(part.map(({ path, isProgram, sha256: own }) => `${path}\0${isProgram}${own}`).join("\0"));
    const place = join(parts, `${key}.gz`);
    places.push({
      place,
      isLarge: part.some(({ bytes }) => bytes >= LARGE_BYTES),
      bytes: part.reduce((sum, file) => sum + tarBytes(file.path, file.bytes), 0),
    });
    if (!there.has(`${key}.gz`)) making.push(makePart(root, part, place, contents, signal));
  }
  await Promise.all(making);
  return { files, hash, archive: await joined(places, join(store, `${hash}.tar.gz`), signal) };
}

async function hashed(
  root: string,
  found: readonly FoundFile[],
  index: HashIndex,
  contents: Map<string, Buffer>,
  signal: AbortSignal | undefined,
): Promise<readonly PackedFile[]> {
  const breath = new Breath(signal);
  const files: PackedFile[] = [];
  for (const file of found) {
    const known = index.get(file);
    if (known !== undefined) files.push({ ...file, sha256: known });
    else if (file.bytes >= LARGE_BYTES) files.push({ ...file, sha256: await hashLarge(root, file) });
    else {
      const content = readFound(root, file);
      if (content.length !== file.bytes) throw changed(file.path);
      contents.set(file.path, content);
      files.push({ ...file, sha256: createHash("sha256").update(content).digest("hex") });
    }
    if (breath.isDue) await breath.take();
  }
  return files;
}

async function hashLarge(root: string, { path, real }: FoundFile): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(real ?? join(root, path)), hash);
  return hash.digest("hex");
}

/** Groups of files that are compressed together. */
function* partsOf(files: readonly PackedFile[]): Generator<readonly PackedFile[]> {
  let part: PackedFile[] = [];
  let bytes = 0;
  for (const file of files) {
    const isLarge = file.bytes >= LARGE_BYTES;
    if (part.length > 0 && (isLarge || bytes + file.bytes > PART_BYTES || isBorder(file.path))) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(file);
    bytes += isLarge ? PART_BYTES : file.bytes;
  }
  if (part.length > 0) yield part;
}

function isBorder(path: string): boolean {
  let hash = 2_166_136_261;
  for (let at = 0; at < path.length; at++) hash = Math.imul(hash ^ path.charCodeAt(at), 16_777_619);
  return ((hash >>> 8) & (PART_FILES - 1)) === 0;
}

async function makePart(
  root: string,
  part: readonly PackedFile[],
  place: string,
  contents: ReadonlyMap<string, Buffer>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const aside = asideOf(place);
  const pieces = part.some(({ bytes }) => bytes >= LARGE_BYTES)
    ? Readable.from(tarOf(root, part)).pipe(createGzip())
    : Readable.from([await compress(tarInMemory(root, part, contents))]);
  try {
    await pipeline(pieces, createWriteStream(aside, { mode: 0o600 }), { signal });
    await rename(aside, place);
  } catch (error) {
    await rm(aside, { force: true });
    if (signal?.aborted) throw new CancelledError();
    throw error;
  }
}

function tarInMemory(root: string, part: readonly PackedFile[], contents: ReadonlyMap<string, Buffer>): Buffer {
  return Buffer.concat(
    part.flatMap((file) => {
      const content = contents.get(file.path) ?? readFound(root, file);
      if (sha256(content) !== file.sha256) throw changed(file.path);
      return [tarHeader(file.path, content.length, file.isProgram), content, padding(content.length)];
    }),
  );
}

async function* tarOf(root: string, part: readonly PackedFile[]): AsyncGenerator<Buffer> {
  for (const { path, bytes, isProgram, real, sha256: known } of part) {
    yield tarHeader(path, bytes, isProgram);
    const hash = createHash("sha256");
    let length = 0;
    for await (const chunk of createReadStream(real ?? join(root, path)) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      length += chunk.length;
      if (length > bytes) throw changed(path);
      yield chunk;
    }
    if (length !== bytes || hash.digest("hex") !== known) throw changed(path);
    yield padding(bytes);
  }
}

/** Where a file is written before it is one: two launches may pack the same at the same time. */
function asideOf(file: string): string {
  return `${file}.${randomBytes(4).toString("hex")}.tmp`;
}

interface Place {
  readonly place: string;
  /** Too large to be in memory. */
  readonly isLarge: boolean;
  /** Before it was compressed. */
  readonly bytes: number;
}

/** A part that a crash has cut short does not end with the length of what it holds (RFC 1952, ISIZE). */
async function whole({ place, bytes }: Place): Promise<Buffer> {
  const piece = readFileSync(place);
  if (piece.length > 4 && piece.readUInt32LE(piece.length - 4) === bytes % 2 ** 32) return piece;
  await rm(place, { force: true });
  throw changed("a part that was packed earlier");
}

/** The parts one after the other, and the end of a tar. */
async function joined(
  places: readonly Place[],
  file: string,
  signal: AbortSignal | undefined,
): Promise<Packed["archive"]> {
  const end = await compress(TAR_END);
  const hash = createHash("sha256");
  let bytes = 0;
  const aside = asideOf(file);
  const all = async function* (): AsyncGenerator<Buffer> {
    for (const each of places)
      for await (const piece of each.isLarge
        ? (createReadStream(each.place) as AsyncIterable<Buffer>)
        : [await whole(each)]) {
        hash.update(piece);
        bytes += piece.length;
        yield piece;
      }
    hash.update(end);
    bytes += end.length;
    yield end;
  };
  try {
    await pipeline(Readable.from(all()), createWriteStream(aside, { mode: 0o600 }), { signal });
    await rename(aside, file);
  } catch (error) {
    await rm(aside, { force: true });
    if (signal?.aborted) throw new CancelledError();
    throw error;
  }
  return { file, bytes, sha256: hash.digest("hex") };
}

/** Removes what was made more than a month ago: what is needed again is made again. `kept` are hashes of launches that are remembered. */
export async function pruneArchives(store: string, now: number, kept: ReadonlySet<string>): Promise<void> {
  for (const folder of ["", "parts", LAID])
    for (const name of await readdir(join(store, folder)).catch(() => [])) {
      if (folder === "" && !name.includes(".")) continue;
      const place = join(store, folder, name);
      const found = await stat(place).catch(() => undefined);
      if (found !== undefined && now - found.mtimeMs > KEEP_MS && !kept.has(name.replace(/\..*/, "")))
        await rm(place, { recursive: true, force: true });
    }
}

/** Folder of a store where code is laid out, by its hash. */
export const LAID = "laid";

/** Hashes of a root's files by their stamps, as one file. What cannot be read is computed anew. */
class HashIndex {
  readonly #file: string;
  #known = new Map<string, readonly [stamp: string, hash: string]>();
  #text = "";

  constructor(file: string) {
    this.#file = file;
  }

  async read(): Promise<void> {
    try {
      this.#text = await readFile(this.#file, "utf8");
      const entries = JSON.parse(this.#text) as unknown;
      if (Array.isArray(entries)) this.#known = new Map(entries.filter(isEntry).map(([path, ...rest]) => [path, rest]));
    } catch {
      this.#known.clear(); // It is missing, or half written by nobody: each file is read.
    }
  }

  get({ path, stamp }: FoundFile): string | undefined {
    const [known, hash] = this.#known.get(path) ?? [];
    return known === stamp ? hash : undefined;
  }

  async write(files: readonly PackedFile[]): Promise<void> {
    const oldest = Date.now() - FRESH_MS;
    const entries = files.flatMap(({ path, stamp, changedAt, sha256: hash }) =>
      changedAt < oldest ? [[path, stamp, hash]] : [],
    );
    const text = JSON.stringify(entries);
    if (text === this.#text) return;
    // Renamed but not synced: what is lost is computed anew.
    const aside = asideOf(this.#file);
    await writeFile(aside, text, { mode: 0o600 });
    await rename(aside, this.#file);
  }
}

function isEntry(value: unknown): value is [string, string, string] {
  return Array.isArray(value) && value.length === 3 && value.every((each) => typeof each === "string");
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}
