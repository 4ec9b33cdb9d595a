/** A frame as a client writes it (RFC 6455, 5.2), masked with zeros; a whole binary message where nothing is said. */
export function clientFrame(payload: Buffer, { opcode = 2, isFinal = true } = {}): Buffer {
  const { length } = payload;
  const short = length < 126 ? length : length < 65_536 ? 126 : 127;
  const more = Buffer.alloc(short < 126 ? 0 : short === 126 ? 2 : 8);
  if (more.length === 2) more.writeUInt16BE(length);
  if (more.length === 8) more.writeBigUInt64BE(BigInt(length));
  return Buffer.concat([Buffer.from([(isFinal ? 0x80 : 0) | opcode, 0x80 | short]), more, Buffer.alloc(4), payload]);
}
