// A Python package as pip takes it, made here: no package index is asked in a test.
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/** A wheel of one module, with a program that calls its `main`. */
export function wheel(name: string, version: string, code: string, program: string): Buffer {
  const info = `${name}-${version}.dist-info`;
  const files: (readonly [string, string])[] = [
    [`${name}.py`, code],
    [`${info}/METADATA`, `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`],
    [`${info}/WHEEL`, "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"],
    [`${info}/entry_points.txt`, `[console_scripts]\n${program} = ${name}:main\n`],
  ];
  const record = files.map(([path, text]) => {
    const hash = createHash("sha256").update(text).digest("base64url");
    return `${path},sha256=${hash},${Buffer.byteLength(text)}`;
  });
  return zip([...files, [`${info}/RECORD`, [...record, `${info}/RECORD,,`, ""].join("\n")]]);
}

/** A zip whose entries are stored as they are. */
function zip(files: readonly (readonly [string, string])[]): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const [path, text] of files) {
    const [name, content] = [Buffer.from(path), Buffer.from(text)];
    const about = Buffer.alloc(26);
    about.writeUInt16LE(20, 0);
    about.writeUInt16LE(0x21, 8);
    about.writeUInt32LE(crc32(content), 10);
    about.writeUInt32LE(content.length, 14);
    about.writeUInt32LE(content.length, 18);
    about.writeUInt16LE(name.length, 22);
    const entry = Buffer.concat([Buffer.from("PK\u0003\u0004"), about, name, content]);
    const place = Buffer.alloc(16);
    place.writeUInt32LE(at, 12);
    central.push(Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\u0000"), about, place.subarray(2), name]));
    local.push(entry);
    at += entry.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...local, directory, Buffer.from("PK\u0005\u0006"), end]);
}
