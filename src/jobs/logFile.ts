import { createWriteStream, type WriteStream } from "node:fs";
import fs from "node:fs/promises";
import path from "node:path";
import { once } from "node:events";
import { plainLine } from "../core/sanitize.ts";
import type { LogRecord } from "./readings.ts";

// Beyond these an editor stops colouring (20 MB or 300,000 lines): a log is cut into parts before.
const PART_BYTES = 15_000_000;
const PART_LINES = 250_000;

/** The whole log of one follow, as plain text with rank prefixes; in parts where it is long. */
export class LogFile {
  readonly #folder: string;
  readonly #name: string;
  #stream: WriteStream | undefined;
  #failed: Error | undefined;
  #queue: Promise<void> = Promise.resolve();
  #part = 0;
  #bytes = 0;
  #lines = 0;
  #path = "";

  private constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
  }

  /**
   * A new file `<job>-<first of uid>.log` in the folder, or with `.2` and so on where one exists: an earlier log may be
   * all that is left of pods that are gone.
   */
  static async create(folder: string, job: string, uid: string): Promise<LogFile> {
    await fs.mkdir(folder, { recursive: true });
    const base = `${job}-${uid.slice(0, 8)}`;
    const taken = new Set(await fs.readdir(folder));
    for (let round = 1; ; round++) {
      const name = round === 1 ? base : `${base}.${round}`;
      if (taken.has(`${name}.log`)) continue;
      const file = new LogFile(folder, name);
      await file.#next();
      return file;
    }
  }

  /** The part that is being written. */
  get path(): string {
    return this.#path;
  }

  /** Waits where the disk is slower than the log. Rejects when it cannot be written. */
  async write(records: readonly LogRecord[]): Promise<void> {
    let text = "";
    for (const record of records) text += `${record.source} │ ${plainLine(record.text)}\n`;
    await this.#append(text, records.length);
  }

  /** A line of our own: header, states, verdict. */
  async note(line: string): Promise<void> {
    await this.#append(`${plainLine(line)}\n`, 1);
  }

  /** Everything that was written before is in the file then. */
  async close(): Promise<void> {
    await this.#queue;
    await this.#end();
  }

  async #end(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream !== undefined) await new Promise<void>((resolve) => stream.end(() => resolve()));
  }

  /** Ranks write at the same time, and a part ends while they do: one after the other, nothing falls between. */
  #append(text: string, lines: number): Promise<void> {
    const written = this.#queue.then(() => this.#write(text, lines));
    this.#queue = written.catch(() => undefined);
    return written;
  }

  async #write(text: string, lines: number): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#bytes > PART_BYTES || this.#lines > PART_LINES) await this.#next();
    this.#bytes += Buffer.byteLength(text);
    this.#lines += lines;
    const stream = this.#stream;
    if (stream !== undefined && !stream.write(text)) await drained(stream);
  }

  async #next(): Promise<void> {
    await this.#end();
    this.#part++;
    this.#bytes = 0;
    this.#lines = 0;
    this.#path = path.join(
      this.#folder,
      this.#part === 1 ? `${this.#name}.log` : `${this.#name}.part${this.#part}.log`,
    );
    const stream = createWriteStream(this.#path, { flags: "wx" });
    stream.on("error", (error) => (this.#failed = error));
    this.#stream = stream;
  }
}

/** Resolves when the stream takes more, or has ended; rejects when it failed. */
async function drained(stream: WriteStream): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  try {
    await Promise.race([once(stream, "drain", { signal }), once(stream, "close", { signal })]);
  } finally {
    over.abort();
  }
}

/** The newest log of a job in the folder, or undefined. */
export async function latestLog(folder: string, job: string, uid: string): Promise<string | undefined> {
  const base = `${job}-${uid.slice(0, 8)}`;
  const names = await fs.readdir(folder).catch(() => []);
  const own = names.filter((name) => name === `${base}.log` || name.startsWith(`${base}.`));
  const aged = await Promise.all(
    own.map(async (name) => {
      const file = path.join(folder, name);
      const { mtimeMs, size } = await fs.stat(file);
      return { file, mtimeMs, size };
    }),
  );
  return aged.filter((entry) => entry.size > 0).sort((a, b) => b.mtimeMs - a.mtimeMs)[0]?.file;
}

/** Removes logs that nobody has written for `days`. */
export async function pruneLogs(folder: string, now: number, days = 30): Promise<void> {
  for (const name of await fs.readdir(folder).catch(() => [])) {
    const file = path.join(folder, name);
    const stat = await fs.stat(file).catch(() => undefined);
    if (stat !== undefined && name.endsWith(".log") && now - stat.mtimeMs > days * 86_400_000)
      await fs.rm(file, { force: true });
  }
}
