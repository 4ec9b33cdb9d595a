import assert from "node:assert/strict";
import type http from "node:http";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { isCancelled } from "../../core/errors.ts";
import { until } from "../../kube/testing/manualClock.ts";
import { DoorDouble } from "../testing/doorDouble.ts";
import { ArtifactStore, storedAt } from "./artifacts.ts";
import { contentOf, imageType } from "./content.ts";
import type { RunArtifact } from "./model.ts";

const artifact = (uri: string, session = ""): RunArtifact => ({
  ...{
    id: "1",
    name: "data",
    type: "Dataset",
    uri,
    direction: "output",
    metrics: {},
    properties: {},
    tables: [],
    session,
  },
});
const IN_STORE = artifact("minio://mlpipeline/v2/artifacts/p/run 1/data.csv");
const PNG = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");

describe("where artifacts are", () => {
  it("stores, buckets and keys are told apart; hosts, patterns and ways out of a folder are none", () => {
    assert.deepEqual(storedAt("minio://mlpipeline/v2/a"), { source: "minio", bucket: "mlpipeline", key: "v2/a" });
    assert.deepEqual(storedAt("s3://my.bucket/a b/ü"), { source: "s3", bucket: "my.bucket", key: "a b/ü" });
    assert.equal(storedAt("gs://b/a")?.source, "gcs");
    for (const uri of [
      ...["", "a", "http://metadata.google.internal/a", "file:///etc/passwd", "volume://v/a", "oci://host/a"],
      ...[
        "minio://",
        "minio://b",
        "minio://b/",
        "minio://user@host/a",
        "minio://host:80/a",
        "minio://B/a",
        "minio://a..b/c",
      ],
      ...["minio://b/../c", "minio://b/a/./c", "minio://b//c", "minio://b/a\nb", "minio://b/a\\b", "gs://b/*"],
      ...["minio://b?x=/a", `minio://b/${"k".repeat(1025)}`],
    ])
      assert.equal(storedAt(uri), undefined, uri);
  });
});

describe("what artifacts are shown as", () => {
  const shown = (text: string | Buffer, { isCut = false, name = "data" } = {}) =>
    contentOf(Buffer.from(text), isCut, name);

  it("texts without what moves a cursor or reverses them, JSON in lines, tables in cells", () => {
    assert.deepEqual(shown("a\u001b[31m b\r\n\u202ec"), { kind: "text", text: "a b\n\ufffdc", isCut: false });
    assert.deepEqual(shown('{"r2": 0.8, "test": {"rmse": 1e-3}, "kind": "ridge"}'), {
      kind: "scalars",
      values: [
        ["r2", "0.8"],
        ["test.rmse", "0.001"],
        ["kind", "ridge"],
      ],
    });
    for (const text of ['{"a":"b"}', "[1]", "{}", '{"a":{"b":{"c":{"d":{"e":1}}}}}'])
      assert.equal(shown(text).kind, "json");
    assert.deepEqual(shown('{"a":[1]}'), { kind: "json", text: '{\n  "a": [\n    1\n  ]\n}', isCut: false });
    assert.equal(shown('{"a":', { isCut: true }).kind, "text");
    // Written out, each would be many times as long as it is.
    const deep = shown(`${"[".repeat(30_000)}${"]".repeat(30_000)}`);
    assert.ok(deep.kind === "text" && deep.text.length === 2_000 && deep.isCut);
    const wide = shown(`${"[".repeat(30)}${"0,".repeat(30_000)}0${"]".repeat(30)}`);
    assert.ok(wide.kind === "json" && wide.text.length <= 256 * 1024 && wide.isCut);
    assert.deepEqual(shown('x,y\n1,"a, ""b"""\n2,\n'), {
      kind: "table",
      rows: [
        ["x", "y"],
        ["1", 'a, "b"'],
        ["2", ""],
      ],
      isCut: false,
    });
    assert.deepEqual(shown("x\ty\n1\t2\n3\t4\n5\t", { isCut: true }), {
      kind: "table",
      rows: [
        ["x", "y"],
        ["1", "2"],
        ["3", "4"],
      ],
      isCut: true,
    });
    assert.equal(shown("one,\ntwo", { name: "a.CSV" }).kind, "table");
    assert.equal(shown("Hello, you.\nNothing else.\nReally, no, nothing.").kind, "text");
    assert.equal(shown(Buffer.from("é").subarray(0, 1), { isCut: true }).kind, "text");
    assert.equal(shown("").kind, "text");
  });

  it("bytes that are no text are not shown; an SVG is text, and only bitmaps are images", () => {
    for (const bytes of [Buffer.from([0xff, 0xfe, 0x41]), Buffer.from("PK\u0003\u0004")])
      assert.equal(shown(bytes).kind, "other");
    assert.equal(shown('<svg onload="alert(1)">').kind, "text");
    assert.equal(imageType(Buffer.from("<svg>")), undefined);
    assert.equal(imageType(PNG), "image/png");
    assert.equal(imageType(Buffer.from([0xff, 0xd8, 0xff, 0xe0])), "image/jpeg");
    assert.equal(imageType(Buffer.from("GIF89a…")), "image/gif");
  });

  it("a table without end, or a quote without one, is read in time", () => {
    const many = shown("a,b\n".repeat(16_000), { isCut: true });
    assert.ok(many.kind === "table" && many.rows.length === 200 && many.isCut);
    assert.equal(shown(`"${"a,b\n".repeat(16_000)}`, { isCut: true }).kind, "text");
  });
});

describe("content of artifacts", () => {
  const { signal } = new AbortController();
  let double: DoorDouble;
  let store: ArtifactStore;
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "artifacts-"));
    double = await DoorDouble.start("kubeflow/ml-pipeline-ui");
    store = new ArtifactStore(double.place, "");
  });
  afterEach(async () => {
    store.dispose();
    await double.stop();
    await rm(folder, { recursive: true });
  });

  it("is asked of the server of Kubeflow's pages as they ask it, and read no further than is shown", async () => {
    // As 2.0.5, whose peek lets too much pass.
    double.answer = (_, __, response) => void response.end("x".repeat(500_000));
    const session = '{"Provider":"minio"}';
    const found = await store.content({ ...IN_STORE, uri: "minio://mlpipeline/v2/run 1/a", session }, signal);
    assert.ok(found.kind === "text" && found.isCut && found.text.length <= 65_536);
    assert.deepEqual(double.connected, ["kubeflow/ml-pipeline-ui:80"]);
    const [{ pathname, searchParams } = new URL("http://none")] = double.asked;
    assert.equal(pathname, "/artifacts/get");
    assert.deepEqual(Object.fromEntries(searchParams), {
      ...{ source: "minio", bucket: "mlpipeline", key: "v2/run 1/a", peek: "65537", providerInfo: session },
    });
  });

  it("an image comes whole, or not at all", async () => {
    const image = (size: number) => Buffer.concat([PNG, Buffer.alloc(size)]);
    double.answer = ({ searchParams }, _, response) =>
      void response.end(image(100_000).subarray(0, Number(searchParams.get("peek"))));
    const small = await store.content(IN_STORE, signal);
    assert.ok(small.kind === "image" && small.type === "image/png" && small.bytes.length === 100_016);
    double.answer = (_, __, response) => void response.end(image(3_000_000));
    assert.deepEqual(await store.content(IN_STORE, signal), {
      kind: "other",
      why: "It is an image of more than 2 MB.",
    });
  });

  it("for several people it is asked of the profile's own server, else of the common one, in the profile's name", async () => {
    const own = new ArtifactStore(double.place, "team-a");
    double.answer = (_, __, response) => void response.end("a");
    await own.content(IN_STORE, signal);
    double.services.add("team-a/ml-pipeline-ui-artifact");
    await own.content(IN_STORE, signal);
    double.answer = ({ searchParams }, _, response) =>
      void response.writeHead(401).end(`Authentication required for ${searchParams.get("bucket") ?? ""}`);
    const refused = { code: "no-rights", message: /It says: Authentication required for mlpipeline\.$/ };
    await assert.rejects(own.content(IN_STORE, signal), refused);
    own.dispose();
    assert.deepEqual(double.connected, ["kubeflow/ml-pipeline-ui:80", "team-a/ml-pipeline-ui-artifact:80"]);
    assert.equal(double.asked[0]?.searchParams.get("namespace"), "team-a");
  });

  it("says that it is gone, refused or unreachable, and what is no place of a store", async () => {
    const fails = (code: string, message: RegExp, what = IN_STORE) =>
      assert.rejects(store.content(what, signal), { code, message });
    const answer = (status: number, body: string): void => {
      double.answer = (_, __, response) => void response.writeHead(status).end(body);
    };
    answer(500, "Failed to get object in bucket: S3Error: The specified key does not exist.");
    await fails("gone", /^The artifact was not read\. It is not in its store any more\.$/);
    answer(500, "Failed to get object in bucket: AccessDenied: Access Denied.");
    await fails("no-rights", /It says: Failed to get object in bucket: AccessDenied/);
    answer(401, "Authentication required for artifact access");
    await fails("no-rights", /Authentication required/);
    answer(500, "Failed to get object in bucket: Error: connect ECONNREFUSED 10.0.0.1:9000");
    await fails("store", /ECONNREFUSED 10\.0\.0\.1:9000\.$/);
    await fails("no-place", /http:\/\/a\/b is no object of a store\.$/, artifact("http://a/b"));
    double.services.clear();
    const other = new ArtifactStore(double.place, "");
    await assert.rejects(other.content(IN_STORE, signal), { code: "no-server" });
  });

  it("is downloaded whole into a file, as it is", async () => {
    const all = Buffer.alloc(300_000, "abc");
    double.answer = (_, __, response) => void response.end(all);
    const heard: number[] = [];
    const file = path.join(folder, "model.bin");
    await store.download({ ...IN_STORE, uri: "s3://bucket/a b/ü?.bin" }, file, (bytes) => heard.push(bytes), signal);
    assert.deepEqual(await readFile(file), all);
    assert.equal(heard.at(-1), all.length);
    assert.equal(double.asked[0]?.pathname, "/artifacts/s3/bucket/a%20b/%C3%BC%3F.bin");
  });

  it("is waited for while it comes; one that stalls is left off, and that is said", async () => {
    const begun = Promise.withResolvers<http.ServerResponse>();
    double.answer = (_, __, response) => {
      response.writeHead(200);
      response.write("a".repeat(1_000));
      begun.resolve(response);
    };
    const heard = new Set<number>();
    const file = path.join(folder, "model.bin");
    const download = store.download(IN_STORE, file, (bytes) => heard.add(bytes), signal);
    const failed = assert.rejects(download, { message: "The server of Kubeflow’s pages sent nothing more for 30 s." });
    const response = await begun.promise;
    await until("the beginning", () => heard.has(1_000));
    await double.clock.advance(20_000);
    response.write("b".repeat(1_000));
    await until("the rest", () => heard.has(2_000));
    await double.clock.advance(20_000);
    assert.deepEqual((await readdir(folder)).length, 1);
    await double.clock.advance(10_000);
    await failed;
    assert.deepEqual(await readdir(folder), []);
  });

  it("of a download that is given up, or breaks off, nothing is left", async () => {
    const begun = Promise.withResolvers<number>();
    let end: () => void = () => undefined;
    double.answer = (_, __, response) => {
      response.writeHead(200, { "content-length": 1_000_000 });
      response.write(Buffer.alloc(1000));
      end = () => response.destroy();
    };
    const stop = new AbortController();
    const file = path.join(folder, "model.bin");
    const first = store.download(IN_STORE, file, begun.resolve, stop.signal);
    await begun.promise;
    stop.abort();
    await assert.rejects(first, isCancelled);
    await assert.rejects(
      store.download(IN_STORE, file, () => end(), signal),
      {
        message: "The connection to the server of Kubeflow’s pages ended.",
      },
    );
    assert.deepEqual(await readdir(folder), []);
  });
});
