// One file of a tar as POSIX has it (ustar, with a pax header where a name does not fit), the same for the same content.
const BLOCK = 512;
/** Of a name that needs no pax header. */
const NAME_BYTES = 100;

/** What stands before the content. `path` is POSIX, relative. */
export function tarHeader(path: string, bytes: number, isProgram: boolean): Buffer {
  const name = Buffer.from(path);
  if (name.length <= NAME_BYTES) return header(name, bytes, isProgram ? 0o755 : 0o644, "0");
  const record = paxRecord("path", path);
  const short = Buffer.from(path.slice(-60).replace(/[^\x20-\x7e]/g, "_"));
  return Buffer.concat([
    header(Buffer.from("pax"), record.length, 0o644, "x"),
    record,
    padding(record.length),
    header(short, bytes, isProgram ? 0o755 : 0o644, "0"),
  ]);
}

/** Bytes of a file in a tar with what stands before and behind its content. */
export function tarBytes(path: string, bytes: number): number {
  const before = Buffer.byteLength(path) <= NAME_BYTES ? BLOCK : tarHeader(path, bytes, false).length;
  return before + Math.ceil(bytes / BLOCK) * BLOCK;
}

/** What stands behind it. */
export function padding(bytes: number): Buffer {
  return Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK);
}

/** The end of a tar. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/** `<length> path=<value>\n`, its own length counted. */
function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  const size = Buffer.byteLength(rest);
  let length = size;
  while (String(length).length + size !== length) length = String(length).length + size;
  return Buffer.from(`${length}${rest}`);
}

function header(name: Buffer, bytes: number, mode: number, type: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  name.copy(block, 0, 0, NAME_BYTES);
  octal(block, mode, 100, 8);
  octal(block, 0, 108, 8);
  octal(block, 0, 116, 8);
  octal(block, bytes, 124, 12);
  // No time of its own: equal code is an equal archive.
  octal(block, 0, 136, 12);
  block.write("        ", 148);
  block.write(type, 156);
  block.write("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148);
  return block;
}

function octal(block: Buffer, value: number, at: number, width: number): void {
  block.write(`${value.toString(8).padStart(width - 1, "0")}\u0000`, at);
}
