import { createWriteStream, type WriteStream } from "node:fs";
import fs from "node:fs/promises";
import path from "node:path";
import { plainLine, plainTexts } from "../core/sanitize.ts";
import { lastLines, type LogLine } from "./logReplay.ts";
import type { LogRecord } from "./readings.ts";

// Beyond these an editor stops colouring (20 MB or 300,000 lines): a log is cut into parts before.
const PART_BYTES = 15_000_000;
const PART_LINES = 250_000;
/** Bytes that may wait for the disk. */
const BEHIND_BYTES = 256 * 1024;

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
  readonly #paths: string[] = [];

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
    return this.#paths.at(-1) ?? "";
  }

  /**
   * Waits where the disk is slower than the log, and for what `show` gives: it is called when the lines are in the file,
   * before anything else is. Rejects when it cannot be written.
   */
  async write(records: readonly LogRecord[], show: () => Promise<void> | void = () => undefined): Promise<void> {
    let shown: unknown;
    await this.#append(encoded(records), records.length, () => {
      shown = show();
    });
    await shown;
  }

  /**
   * Gives the last lines that are wanted, at most `max`, in their order. Nothing is written, and by `write` nothing shown,
   * until then: each line is either among them or shown afterwards.
   */
  replay(max: number, wanted: (line: LogLine) => boolean, show: (lines: readonly LogLine[]) => void): Promise<void> {
    return this.#inTurn(async () => {
      const stream = this.#stream;
      // What was written may still lie in memory.
      if (stream !== undefined) await new Promise<void>((resolve) => stream.write("", () => resolve()));
      show(await lastLines(this.#paths, max, wanted));
    });
  }

  /** A line of our own: header, states, verdict. */
  async note(line: string): Promise<void> {
    await this.#append(Buffer.from(`${plainLine(line)}\n`), 1);
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

  #append(bytes: Buffer, lines: number, then: () => void = () => undefined): Promise<void> {
    return this.#inTurn(async () => {
      await this.#write(bytes, lines);
      then();
    });
  }

  /** Ranks write at the same time, and a part ends while they do: one after the other, nothing falls between. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #write(bytes: Buffer, lines: number): Promise<void> {
    this.#assertWritable();
    if (this.#bytes > PART_BYTES || this.#lines > PART_LINES) await this.#next();
    this.#bytes += bytes.length;
    this.#lines += lines;
    const stream = this.#stream;
    if (stream !== undefined && !stream.write(bytes)) await drained(stream);
    this.#assertWritable();
  }

  #assertWritable(): void {
    if (this.#failed !== undefined) throw this.#failed;
  }

  async #next(): Promise<void> {
    await this.#end();
    this.#part++;
    this.#bytes = 0;
    this.#lines = 0;
    const name = this.#part === 1 ? `${this.#name}.log` : `${this.#name}.part${this.#part}.log`;
    const file = path.join(this.#folder, name);
    this.#paths.push(file);
    const stream = createWriteStream(file, { flags: "wx", highWaterMark: BEHIND_BYTES });
    stream.on("error", (error) => (this.#failed = error));
    this.#stream = stream;
  }
}

function encoded(records: readonly LogRecord[]): Buffer {
  const [first] = records;
  const texts = plainTexts(records);
  if (first === undefined || texts === undefined)
    return Buffer.from(records.map(({ source, text }) => `${source} │ ${plainLine(text)}\n`).join(""));
  // The bytes of the prefix as characters: a string of these needs half the room, and goes to bytes as it is.
  const prefix = Buffer.from(`${first.source} │ `).toString("latin1");
  return Buffer.from(`${prefix}${texts.join(`\n${prefix}`)}\n`, "latin1");
}

/** Resolves when the stream takes more, or has ended or failed. */
function drained(stream: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
  });
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
