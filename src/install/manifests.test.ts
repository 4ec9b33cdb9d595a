import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { systemClock } from "../core/clock.ts";
import { type ManifestTools, openSource, type Pin, Renderer } from "./manifests.ts";
import type { Release } from "./release.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const NEVER = new AbortController().signal;

function entry(name: string, type: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(Buffer.byteLength(content).toString(8).padStart(11, "0"), 124);
  header.write(type, 156);
  const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512);
  body.write(content);
  return Buffer.concat([header, body]);
}

const archive = (...files: Buffer[]): Buffer =>
  gzipSync(Buffer.concat([entry("pax_global_header", "g", `52 comment=${COMMIT}\n`), ...files, Buffer.alloc(1024)]));
const GOOD = archive(entry("r-1/common/a.yaml", "0", "a: b\n"));

describe("a release's files", () => {
  let server: Server;
  let tools: ManifestTools;
  let answer: { status: number; body: Buffer };
  const asked: string[] = [];

  before(async () => {
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(answer.status).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(async () => {
    asked.length = 0;
    answer = { status: 200, body: GOOD };
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const cache = await mkdtemp(path.join(os.tmpdir(), "trainyard-release-"));
    tools = {
      env: {},
      platform: process.platform,
      clock: systemClock,
      cache,
      archives: `http://127.0.0.1:${address.port}`,
    };
  });
  afterEach(() => rm(tools.cache, { recursive: true, force: true }));

  const release = (more: Partial<Release["source"]> = {}): Release => ({
    id: "r",
    date: "2026-11-22",
    source: { repository: "a/b", ref: "1.0", ...more },
    kubernetes: { oldest: 34, newest: 36 },
    profiles: [],
    components: [],
  });
  const open = (of = release(), held?: Pin) => openSource(tools, of, {}, held, NEVER);

  it("resolves a tag once, and holds to its commit and checksum without asking again", async () => {
    const { folder, pin } = await open();
    assert.deepEqual(asked, ["/a/b/tar.gz/refs/tags/1.0"]);
    assert.equal(pin.commit, COMMIT);
    assert.match(pin.checksum, /^[0-9a-f]{64}$/);
    assert.equal(await readFile(path.join(folder, "common", "a.yaml"), "utf8"), "a: b\n");
    assert.deepEqual(await open(release(), pin), { folder, pin });
    assert.equal(asked.length, 1);
  });

  it("asks for the commit where it is known, and refuses another one", async () => {
    await open(release({ commit: COMMIT }));
    assert.deepEqual(asked, [`/a/b/tar.gz/${COMMIT}`]);
    await assert.rejects(open(release({ commit: "f".repeat(40) })), {
      code: "wrong-checksum",
      message: /Somebody may have moved the tag/,
    });
  });

  it("refuses an archive with a wrong checksum, and keeps nothing of it", async () => {
    await assert.rejects(open(release({ checksum: "0".repeat(64) })), { code: "wrong-checksum" });
    await assert.rejects(readFile(path.join(tools.cache, COMMIT, "common", "a.yaml")), { code: "ENOENT" });
  });

  it("takes an archive that was packed anew, since its content is the same", async () => {
    const { pin } = await open();
    await rm(path.join(tools.cache, COMMIT), { recursive: true });
    answer = { status: 200, body: gzipSync(Buffer.from(await gunzip(GOOD)), { level: 1 }) };
    assert.equal((await open(release(), pin)).pin.checksum, pin.checksum);
  });

  for (const [what, name] of [
    ["climbs out", "r-1/../../evil"],
    ["is absolute", "/r-1/evil"],
    ["has a drive", "r-1/C:evil"],
  ] as const) {
    it(`refuses an archive with a file that ${what}`, async () => {
      answer = { status: 200, body: archive(entry(name, "0", "x")) };
      await assert.rejects(open(), { code: "archive", message: /odd name/ });
    });
  }

  it("knows a file by its long name, leaves links out, and refuses what is cut short", async () => {
    const [file, record] = [entry("r-1/short.yaml", "0", "a: b\n"), "26 path=r-1/common/b.yaml\n"];
    answer = { status: 200, body: archive(entry("pax", "x", record), file, entry("r-1/link", "2", "")) };
    const { folder } = await open();
    assert.deepEqual((await readdir(folder, { recursive: true })).sort(), [
      ".trainyard-release.json",
      "common",
      "common/b.yaml",
    ]);
    for (const cut of [512, 800, 1024]) {
      tools = { ...tools, cache: path.join(tools.cache, "other") };
      answer = { status: 200, body: gzipSync(Buffer.from(await gunzip(GOOD)).subarray(0, 1024 + cut)) };
      await assert.rejects(open(), { code: "archive", message: /cut short/ });
    }
  });

  it("says what the server answered, and that nothing is reached without a network", async () => {
    answer = { status: 404, body: Buffer.alloc(0) };
    await assert.rejects(open(), { code: "download-refused", message: /answered 404/ });
    answer = { status: 200, body: Buffer.from("<html>") };
    await assert.rejects(open(), { code: "archive" });
    tools = { ...tools, archives: "http://127.0.0.1:9" };
    await assert.rejects(open(), {
      code: "no-network",
      message: /^127\.0\.0\.1:9 cannot be reached: nothing listens .*folder with the release’s files/,
    });
  });

  it("goes through the person's proxy, and says what the proxy said", async () => {
    const proxied = { ...tools, archives: "https://example.invalid", env: { HTTPS_PROXY: tools.archives ?? "" } };
    await assert.rejects(openSource(proxied, release(), {}, undefined, NEVER), {
      code: "no-network",
      message: /^example\.invalid cannot be reached through the proxy 127\.0\.0\.1/,
    });
  });

  it("takes a folder of the person's own, and says where kubectl is missing", async () => {
    const source = await openSource(tools, release(), { folder: tools.cache }, undefined, NEVER);
    assert.equal(source.folder, tools.cache);
    await assert.rejects(openSource(tools, release(), { folder: path.join(tools.cache, "no") }, undefined, NEVER), {
      code: "no-folder",
    });
    const component = {
      id: "a",
      title: "A",
      version: "",
      about: "",
      needs: [],
      paths: ["a"],
      namespaces: [],
      readyWithinS: 1,
      uses: { cpu: 0, memory: 0, storage: 0 },
    };
    await assert.rejects(new Renderer(tools).render(source, component, "any", NEVER), { code: "kubectl-missing" });
  });
});

async function gunzip(packed: Buffer): Promise<Buffer> {
  const { gunzipSync } = await import("node:zlib");
  return gunzipSync(packed);
}
