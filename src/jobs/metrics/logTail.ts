import fs from "node:fs/promises";
import path from "node:path";
import { StringDecoder } from "node:string_decoder";
import type { Source } from "../../kubeflow/model.ts";

/** Read in one go: what is between two turns of everything else. */
const CHUNK_BYTES = 256 * 1024;
/** Of a line that does not end, its beginning. */
const MOST_OF_LINE = 65_536;
/** `0 │ text`, as LogFile writes what replicas said; a line of our own begins otherwise. */
const LINE = /^(?:(\d{1,7})|([a-z0-9][a-z0-9.-]{0,62})) │ (.*)$/;

export type Heard = (source: Source, text: string) => void;

/** Reads the log of a run as it grows, from its first part on. */
export class LogTail {
  readonly #folder: string;
  readonly #name: string;
  #part: number | undefined;
  #offset = 0;
  #begun = "";
  #decoder = new StringDecoder("utf8");

  /** `file`: any part of the log. */
  constructor(file: string) {
    this.#folder = path.dirname(file);
    this.#name = path.basename(file).replace(/(?:\.part\d+)?\.log$/, "");
  }

  /** Reads the next piece; false where nothing is new. Rejects with the file system's error. */
  async read(heard: Heard): Promise<boolean> {
    const parts = await this.#parts();
    this.#part ??= parts[0];
    // The next part is looked for before this one is read: it begins when this one is complete.
    const next = parts.find((part) => part > (this.#part ?? 1));
    const chunk = await this.#chunk(this.#part ?? 1);
    if (chunk.length > 0) {
      this.#offset += chunk.length;
      this.#split(this.#decoder.write(chunk), heard);
      return true;
    }
    if (next === undefined) return false;
    this.#split("\n", heard);
    this.#part = next;
    this.#offset = 0;
    this.#decoder = new StringDecoder("utf8");
    return true;
  }

  /** Numbers of the parts that are there, in order. */
  async #parts(): Promise<number[]> {
    const names = await fs.readdir(this.#folder);
    return names.flatMap((name) => this.#number(name) ?? []).sort((a, b) => a - b);
  }

  #number(file: string): number | undefined {
    if (file === `${this.#name}.log`) return 1;
    if (!file.startsWith(`${this.#name}.part`)) return undefined;
    const number = /^(\d{1,6})\.log$/.exec(file.slice(this.#name.length + ".part".length))?.[1];
    return number === undefined ? undefined : Number(number);
  }

  async #chunk(part: number): Promise<Buffer> {
    const file = await fs.open(path.join(this.#folder, `${this.#name}${part === 1 ? "" : `.part${part}`}.log`));
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, this.#offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  #split(text: string, heard: Heard): void {
    const lines = text.split("\n");
    lines[0] = this.#begun + (lines[0] ?? "");
    this.#begun = (lines.pop() ?? "").slice(0, MOST_OF_LINE);
    for (const line of lines) {
      const [, rank, name, said] = LINE.exec(line) ?? [];
      if (said !== undefined) heard(rank === undefined ? (name ?? "") : Number(rank), said);
    }
  }
}
