import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { errorCode } from "../../core/errors.ts";
import { padding, TAR_END, tarHeader } from "../code/tar.ts";
import { untar } from "./untar.ts";

type Entry = readonly [name: string, content: string];

function tar(entries: readonly Entry[], change: (header: Buffer, index: number) => void = () => undefined): Buffer {
  const pieces = entries.flatMap(([name, text], index) => {
    const content = Buffer.from(text);
    const header = tarHeader(name, content.length, false);
    change(header, index);
    return [header, content, padding(content.length)];
  });
  return Buffer.concat([...pieces, TAR_END]);
}

describe("untar", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "trainyard-untar-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function read(
    archive: Buffer,
    { chunk = 700, files = 100, bytes = 1_000_000 } = {},
  ): Promise<Awaited<ReturnType<typeof untar>>> {
    async function* pieces(): AsyncGenerator<Buffer> {
      await Promise.resolve();
      for (let at = 0; at < archive.length; at += chunk) yield archive.subarray(at, at + chunk);
    }
    return untar(pieces(), folder, { files, bytes }, () => undefined);
  }
  const refuses = (archive: Buffer, limits = {}): Promise<void> =>
    assert.rejects(read(archive, limits), (error) => errorCode(error) === "archive");

  it("writes what was packed, whatever the names and however it arrives in pieces", async () => {
    const name = fc.array(fc.stringMatching(/^[a-zé0-9_]{1,40}$/), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(name, fc.string({ maxLength: 2000 })), {
          selector: ([parts]) => parts[0],
          maxLength: 5,
        }),
        fc.integer({ min: 1, max: 3000 }),
        async (files, chunk) => {
          await rm(folder, { recursive: true, force: true });
          const entries = files.map(([parts, text]): Entry => [parts.join("/"), text]);
          const taken = await read(tar(entries), { chunk });
          assert.equal(taken.files, entries.length);
          for (const [path, text] of entries) assert.equal(await readFile(join(folder, path), "utf8"), text);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("writes nothing outside of its folder, and no file twice", async () => {
    for (const name of ["../out", "/etc/x", "a/../../out", "a//b", "./a", "x".repeat(256)])
      await refuses(tar([[name, "x"]]));
    assert.deepEqual(await readdir(folder), []);
    await assert.rejects(
      read(
        tar([
          ["a", "1"],
          ["a", "2"],
        ]),
      ),
    );
  });

  it("leaves links and devices out", async () => {
    const types = ["1", "2", "3", "4", "6", "7", "5"];
    const archive = tar(
      types.map((type): Entry => [`t${type}`, ""]),
      (header, index) => header.write(types[index] ?? "", 156),
    );
    assert.deepEqual(await read(archive), { files: 0, bytes: 0, leftOut: types.length, changed: [], missing: [] });
    assert.deepEqual(await readdir(folder), []);
  });

  it("keeps no file of which the next record says that it is not whole, and removes no other", async () => {
    const types = ["0", "0", "W", "0", "R", "R", "R"];
    const names = ["a", "b", "b", "c", "c", "a", "../x"];
    const archive = tar(
      names.map((name, index): Entry => [name, types[index] === "0" ? "1" : ""]),
      (header, index) => header.write(types[index] ?? "", 156),
    );
    const missing = ["c", "a", "../x"];
    assert.deepEqual(await read(archive), { files: 2, bytes: 2, leftOut: 0, changed: ["b"], missing });
    assert.deepEqual(await readdir(folder), ["a", "b"]);
  });

  it("stops at what is more than was said, cut short, or no tar", async () => {
    await refuses(
      tar([
        ["a", "1"],
        ["b", "2"],
      ]),
      { files: 1 },
    );
    await refuses(tar([["a", "12345"]]), { bytes: 4 });
    const whole = tar([["a", "1".repeat(1000)]]);
    for (const length of [0, 100, 512, 900, 1100, 1536]) {
      await rm(folder, { recursive: true, force: true });
      await refuses(whole.subarray(0, length));
    }
    await rm(folder, { recursive: true, force: true });
    await refuses(tar([["a", "1"]], (header) => header.write("zzzzzzzzzzz", 124)));
  });
});
