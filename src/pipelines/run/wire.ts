// Messages of ML Metadata as they are sent: grpc-web around Protocol Buffers. The numbers of their fields are those of
// ml_metadata/proto/metadata_store.proto and metadata_store_service.proto (the same since ML Metadata 1.5).
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";

/** The fields of one message by their numbers, in the order in which they came: no schema, and what is unknown stays. */
export class Message {
  readonly #fields = new Map<number, (Uint8Array | string | number)[]>();

  /** Throws where the bytes are no message. */
  constructor(bytes: Uint8Array) {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      const all = this.#fields.get(field) ?? [];
      this.#fields.set(field, all);
      // Of these messages only doubles have eight bytes.
      if (type === WireType.Bit64) all.push(reader.double());
      else if (type === WireType.Varint) all.push(String(reader.int64()));
      else if (type === WireType.LengthDelimited) all.push(reader.bytes());
      else reader.skip(type, field);
    }
  }

  text(field: number): string | undefined {
    const bytes = this.#bytes(field).at(-1);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  }

  /** As text: 64 bits are more than a number holds. */
  int(field: number): string | undefined {
    const value = this.#fields.get(field)?.at(-1);
    return typeof value === "string" ? value : undefined;
  }

  double(field: number): number | undefined {
    const value = this.#fields.get(field)?.at(-1);
    return typeof value === "number" ? value : undefined;
  }

  one(field: number): Message | undefined {
    return this.all(field).at(-1);
  }

  all(field: number): readonly Message[] {
    return this.#bytes(field).map((bytes) => new Message(bytes));
  }

  /** `map<string, …>`. */
  map(field: number): ReadonlyMap<string, Message> {
    return new Map(
      this.all(field).flatMap((entry) => {
        const value = entry.one(2);
        return value === undefined ? [] : [[entry.text(1) ?? "", value] as const];
      }),
    );
  }

  #bytes(field: number): readonly Uint8Array[] {
    return (this.#fields.get(field) ?? []).filter((value) => value instanceof Uint8Array);
  }
}

const MOST_LEVELS = 50;

/** A google.protobuf.Struct as JSON (protobuf: google/protobuf/struct.proto). */
export function structOf(struct: Message, levels = 0): Readonly<Record<string, unknown>> {
  if (levels > MOST_LEVELS) throw new RangeError("It is nested too deeply.");
  return Object.fromEntries([...struct.map(1)].map(([key, value]) => [key, valueOf(value, levels + 1)]));
}

function valueOf(value: Message, levels: number): unknown {
  const [struct, list] = [value.one(5), value.one(6)];
  if (struct !== undefined) return structOf(struct, levels);
  if (list !== undefined) return list.all(1).map((one) => valueOf(one, levels + 1));
  const bool = value.int(4);
  return value.double(2) ?? value.text(3) ?? (bool === undefined ? null : bool !== "0");
}

/** A message of texts and of numbers of 64 bits; those that repeat are written one by one, as proto2 does. */
export function messageOf(fields: Readonly<Record<number, string | readonly bigint[]>>): Uint8Array {
  const writer = new BinaryWriter();
  for (const [field, value] of Object.entries(fields)) {
    if (typeof value === "string") writer.tag(Number(field), WireType.LengthDelimited).string(value);
    else for (const one of value) writer.tag(Number(field), WireType.Varint).int64(one);
  }
  return writer.finish();
}

/** One frame: a byte of flags, four of length. */
export function frameOf(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const TRAILERS = 0x80;
/** Codes of gRPC that say something of their own. */
const CODES: Readonly<Record<string, string>> = { "5": "gone", "7": "no-rights", "14": "no-server", "16": "no-rights" };

/**
 * What is in an answer of grpc-web (grpc: doc/PROTOCOL-WEB.md). `headers` are those of HTTP, which have the status where
 * there is no message. Throws UserError `gone`, `no-rights`, `no-server` or `metadata`.
 */
export function messageIn(body: Buffer, headers: Readonly<Record<string, unknown>>, what: string): Message {
  let message: Buffer | undefined;
  let trailers = new Map(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  for (let at = 0; at + 5 <= body.length;) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    const content = body.subarray(at + 5, end);
    if (((body[at] ?? 0) & TRAILERS) === 0) message = content;
    else trailers = trailersIn(content.toString("utf8"));
    at = end;
  }
  const status = trailers.get("grpc-status") ?? "0";
  if (status !== "0") {
    const said = label(decoded(trailers.get("grpc-message") ?? ""), 300).replace(/\.$/, "");
    throw new UserError(CODES[status] ?? "metadata", what, {
      why: `The metadata server says: ${said || `code ${label(status, 10)}`}.`,
    });
  }
  try {
    if (message !== undefined) return new Message(message);
  } catch {
    // What is no message is said below.
  }
  throw new UserError("metadata", what, { why: "What the metadata server answered was not understood." });
}

function trailersIn(text: string): Map<string, string> {
  return new Map(
    text.split("\r\n").flatMap((line) => {
      const colon = line.indexOf(":");
      return colon === -1 ? [] : [[line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const];
    }),
  );
}

/** gRPC percent-encodes what is said. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
