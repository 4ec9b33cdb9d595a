/** A frame's first bytes: two, a long length, and a client's mask (RFC 6455, 5.2). */
const FINAL = 0x80;
const OPCODE = 0x0f;
/** Opcodes from here on stand alone, also between the parts of a message. */
const CONTROL = 8;
const MASKED = 0x80;
const LENGTH = 0x7f;

/** Where the messages of one direction of a WebSocket end, however its bytes are cut. */
export class FrameEnds {
  #head = Buffer.alloc(0);
  /** Bytes of the frame that are still to come, once its head is known. */
  #left = 0;
  /** Of a message in several frames, more are to come. */
  #isInside = false;

  /** Nothing of a message has come that has not come whole. */
  get isAtEnd(): boolean {
    return this.#left === 0 && this.#head.length === 0 && !this.#isInside;
  }

  /** Takes the bytes that come next; returns where in them the last message ends, 0 where none does. */
  read(chunk: Buffer): number {
    let end = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === 0) at = this.#readHead(chunk, at);
      const taken = Math.min(this.#left, chunk.length - at);
      this.#left -= taken;
      at += taken;
      if (this.isAtEnd) end = at;
    }
    return end;
  }

  /** Returns where the head ends in the chunk. */
  #readHead(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      this.#head = Buffer.concat([this.#head, chunk.subarray(at, at + 1)]);
      at++;
      const head = headOf(this.#head);
      if (head === undefined) continue;
      if (!head.isControl) this.#isInside = !head.isFinal;
      this.#head = Buffer.alloc(0);
      this.#left = head.payload;
      break;
    }
    return at;
  }
}

/** Of bytes that begin with a message: its frames and those after it that are whole, without pings, pongs and farewells. */
export function wholeMessages(bytes: Buffer): Buffer {
  const whole = bytes.subarray(0, new FrameEnds().read(bytes));
  const frames: Buffer[] = [];
  for (let at = 0; at < whole.length;) {
    const head = headOf(whole.subarray(at));
    if (head === undefined) break;
    const end = at + head.size + head.payload;
    if (!head.isControl) frames.push(whole.subarray(at, end));
    at = end;
  }
  return Buffer.concat(frames);
}

interface FrameHead {
  readonly isFinal: boolean;
  readonly isControl: boolean;
  /** Bytes of the head, and of what follows it. */
  readonly size: number;
  readonly payload: number;
}

/** Undefined until the head is whole. */
function headOf(bytes: Buffer): FrameHead | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  const short = second & LENGTH;
  const more = short === 126 ? 2 : short === 127 ? 8 : 0;
  const size = 2 + more + ((second & MASKED) === 0 ? 0 : 4);
  if (bytes.length < size) return undefined;
  const payload = more === 0 ? short : more === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return { isFinal: (first & FINAL) !== 0, isControl: (first & OPCODE) >= CONTROL, size, payload };
}
