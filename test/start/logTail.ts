// Prints a job's log while the extension writes it.
import fs from "node:fs";
import path from "node:path";

const INTERVAL_MS = 100;
/** A line that a rank wrote; the others are the log's own notes. */
const TRAINING_LINE = /^\d+ │ /m;

export class LogTail {
  /** Wall time of the first line that a rank wrote, in ms. */
  firstLine: number | undefined;
  readonly #folder: string;
  readonly #print: (text: string) => void;
  readonly #offsets = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  /** @param folder the files in it are printed one after the other; it need not exist yet */
  constructor(folder: string, print: (text: string) => void) {
    this.#folder = folder;
    this.#print = print;
    this.#timer = setInterval(() => this.#read(), INTERVAL_MS);
  }

  /** Prints what has come since, and ends. @returns whether there was any log */
  end(): boolean {
    clearInterval(this.#timer);
    this.#read();
    return this.#offsets.size > 0;
  }

  #read(): void {
    if (!fs.existsSync(this.#folder)) return;
    for (const name of fs.readdirSync(this.#folder).sort(byPart)) {
      const before = this.#offsets.get(name) ?? 0;
      const news = readFrom(path.join(this.#folder, name), before);
      // Whole lines alone: half a character could be at the end.
      const end = news.lastIndexOf(10) + 1;
      if (end === 0) continue;
      this.#offsets.set(name, before + end);
      const text = news.toString("utf8", 0, end);
      if (TRAINING_LINE.test(text)) this.firstLine ??= Date.now();
      this.#print(text);
    }
  }
}

/** `job.log` comes before `job.part2.log`, and that before `job.part10.log`. */
function byPart(a: string, b: string): number {
  return partOf(a) - partOf(b) || a.localeCompare(b);
}

function partOf(name: string): number {
  return Number(/\.part(\d+)\.log$/.exec(name)?.[1] ?? 1);
}

function readFrom(file: string, offset: number): Buffer {
  const handle = fs.openSync(file, "r");
  try {
    const buffer = Buffer.alloc(Math.max(0, fs.fstatSync(handle).size - offset));
    return buffer.subarray(0, fs.readSync(handle, buffer, 0, buffer.length, offset));
  } finally {
    fs.closeSync(handle);
  }
}
