// Reads a tar (POSIX ustar with pax headers) entry by entry. What is made of names, types and sizes is the caller's.
const BLOCK = 512;
const MAX_HEADER = 64 * 1024;

export interface TarEntry {
  /** As it stands there: none of it is to be trusted. */
  readonly name: string;
  /** One character; "0" for files, also where an old tar has NUL. */
  readonly type: string;
  readonly size: number;
  readonly isProgram: boolean;
  /** What is not read is skipped with the next entry. */
  readonly content: AsyncGenerator<Buffer>;
}

/** `broken` makes the error of what is cut short, or no tar. Rejects with that, and with the stream's own. */
export async function* tarEntries(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
  broken: (why: string) => Error,
): AsyncGenerator<TarEntry> {
  const reader = new Reader(source, broken);
  let pax: { readonly path?: string; readonly size?: number } = {};
  for (;;) {
    const header = await reader.take(BLOCK);
    if (header.every((byte) => byte === 0)) return;
    const size = pax.size ?? octal(header, 124, 12);
    if (!Number.isSafeInteger(size) || size < 0) throw broken("it cannot be read");
    const type = String.fromCharCode(header[156] ?? 0).replace("\0", "0");
    const content = reader.content(size);
    if (type === "x") {
      if (size > MAX_HEADER) throw broken("it cannot be read");
      pax = readPax(await whole(content), broken);
      continue;
    }
    yield {
      name: pax.path ?? ustarName(header),
      type,
      size,
      isProgram: (octal(header, 100, 8) & 0o100) !== 0,
      content,
    };
    pax = {};
    while ((await content.next()).done !== true);
  }
}

/** All of a content. */
export async function whole(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}

function ustarName(header: Buffer): string {
  const prefix = textOf(header, 345, 155);
  return (prefix === "" ? "" : `${prefix}/`) + textOf(header, 0, 100);
}

function textOf(header: Buffer, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString("utf8");
}

function octal(header: Buffer, at: number, length: number): number {
  return Number.parseInt(textOf(header, at, length).trim() || "0", 8);
}

/** Records `<length> key=value\n` (POSIX pax). */
function readPax(content: Buffer, broken: (why: string) => Error): { readonly path?: string; readonly size?: number } {
  const found: { path?: string; size?: number } = {};
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(32, at);
    const length = Number(content.subarray(at, space).toString("latin1"));
    if (space < 0 || !Number.isInteger(length) || length < 3 || at + length > content.length)
      throw broken("it cannot be read");
    const [, key = "", value = ""] =
      /^([^=]*)=(.*)$/s.exec(content.subarray(space + 1, at + length - 1).toString("utf8")) ?? [];
    if (key === "path") found.path = value;
    if (key === "size") found.size = Number(value);
    at += length;
  }
  return found;
}

/** Takes bytes off a stream in the amounts that are wanted. */
class Reader {
  readonly #source: AsyncIterator<Buffer> | Iterator<Buffer>;
  readonly #broken: (why: string) => Error;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer> | Iterable<Buffer>, broken: (why: string) => Error) {
    this.#source = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    this.#broken = broken;
  }

  async take(count: number): Promise<Buffer> {
    while (this.#rest.length < count) {
      const next = await this.#next();
      this.#rest = this.#rest.length === 0 ? next : Buffer.concat([this.#rest, next]);
    }
    return this.#off(count);
  }

  /** A content piece by piece; its padding is taken off as well. */
  async *content(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0;) {
      if (this.#rest.length === 0) this.#rest = await this.#next();
      const piece = this.#off(Math.min(left, this.#rest.length));
      left -= piece.length;
      yield piece;
    }
    await this.take(-size & (BLOCK - 1));
  }

  #off(count: number): Buffer {
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return taken;
  }

  async #next(): Promise<Buffer> {
    const next = await this.#source.next();
    if (next.done === true) throw this.#broken("it is cut short");
    return next.value;
  }
}
