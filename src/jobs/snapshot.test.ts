import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { CancelledError, errorCode, errorText } from "../core/errors.ts";
import { collectSnapshot, configMapKey } from "./snapshot.ts";

describe("collectSnapshot", () => {
  let base: string;
  let root: string;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), "trainyard-snapshot-"));
    root = join(base, "project");
    await files({ "train.py": "import pkg\n" });
  });

  afterEach(() => rm(base, { recursive: true, force: true }));

  async function files(contents: Readonly<Record<string, string | Buffer>>, under = root): Promise<void> {
    for (const [path, content] of Object.entries(contents)) {
      await mkdir(dirname(join(under, path)), { recursive: true });
      await writeFile(join(under, path), content);
    }
  }

  const collect = (options = {}): ReturnType<typeof collectSnapshot> =>
    collectSnapshot(join(root, "train.py"), options);
  const paths = async (): Promise<string[]> => (await collect()).files.map((file) => file.path);
  const rejects = (code: string, promise: Promise<unknown>): Promise<void> =>
    assert.rejects(promise, (error) => errorCode(error) === code);

  it("takes the script and the Python files under its folder, sorted", async () => {
    await files({ "pkg/__init__.py": "", "pkg/deep/mod.py": "x = 1\n", "data.csv": "1,2", "Z.py": "", "a b/ü.py": "" });
    const snapshot = await collect();
    assert.deepEqual(await paths(), ["Z.py", "a b/ü.py", "pkg/__init__.py", "pkg/deep/mod.py", "train.py"]);
    assert.equal(snapshot.script, "train.py");
    assert.equal(snapshot.root, root);
    assert.equal(snapshot.files[4]?.content, "import pkg\n");
    assert.equal(
      snapshot.bytes,
      snapshot.files.reduce((sum, file) => sum + file.bytes + file.key.length, 0),
    );
    for (const file of snapshot.files) assert.match(file.key, /^[-._a-zA-Z0-9]+$/);
  });

  it("leaves out environments, caches, build results and hidden things", async () => {
    const left = [
      ".git/x.py",
      "__pycache__/x.py",
      ".venv/x.py",
      "venv/x.py",
      "node_modules/x.py",
      "build/x.py",
      ".tox/x.py",
    ];
    await files(Object.fromEntries([...left, "lib/site-packages/x.py", ".#train.py"].map((path) => [path, "x"])));
    await files({
      "my-python/pyvenv.cfg": "",
      "my-python/lib/x.py": "x",
      "conda/conda-meta/h": "",
      "conda/lib/x.py": "x",
    });
    assert.deepEqual(await paths(), ["train.py"]);
  });

  it("has the same hash for the same code elsewhere, and another for other code", async () => {
    const first = await collect();
    const other = join(base, "other");
    await files({ "train.py": "import pkg\n" }, other);
    assert.equal((await collectSnapshot(join(other, "train.py"))).hash, first.hash);
    await files({ "train.py": "import pkg \n" }, other);
    assert.notEqual((await collectSnapshot(join(other, "train.py"))).hash, first.hash);
    await files({ "more.py": "" });
    assert.notEqual((await collect()).hash, first.hash);
  });

  it("sends what is not clean text as base64", async () => {
    await files({ "latin.py": Buffer.from([0x23, 0xe9]), "nul.py": "a\0b", "text.py": "\t# é\r\n\f" });
    const encodings = Object.fromEntries((await collect()).files.map((file) => [file.path, file.encoding]));
    assert.deepEqual(encodings, { "latin.py": "base64", "nul.py": "base64", "text.py": "utf8", "train.py": "utf8" });
    assert.equal((await collect()).files[0]?.content, "I+k=");
  });

  it("keeps a byte order mark", async () => {
    await files({ "train.py": "\ufeffx = 1\n" });
    assert.equal((await collect()).files[0]?.content, "\ufeffx = 1\n");
  });

  it("follows links inside the folder and none out of it", async () => {
    await files({ "outside.py": "secret" }, base);
    await files({ "pkg/mod.py": "inside" });
    await symlink("pkg/mod.py", join(root, "alias.py"));
    await symlink("../outside.py", join(root, "leak.py"));
    await symlink("..", join(root, "up"));
    await symlink("nowhere.py", join(root, "broken.py"));
    const snapshot = await collect();
    assert.deepEqual(
      snapshot.files.map((file) => file.path),
      ["alias.py", "pkg/mod.py", "train.py"],
    );
    assert.equal(snapshot.files[0]?.content, "inside");
    assert.deepEqual([...snapshot.skipped].sort(), ["broken.py", "leak.py", "up"]);
    await rejects("outside-root", collectSnapshot(join(root, "leak.py")));
  });

  it("accepts a folder that is itself reached by a link", async () => {
    await symlink(root, join(base, "link"));
    const snapshot = await collectSnapshot(join(base, "link", "train.py"));
    assert.equal(snapshot.root, join(base, "link"));
    assert.equal(snapshot.files.length, 1);
  });

  it("takes a wider folder where one is given", async () => {
    await files({ "tools/run.py": "", "lib.py": "" });
    const snapshot = await collectSnapshot(join(root, "tools/run.py"), { root });
    assert.equal(snapshot.script, "tools/run.py");
    assert.deepEqual(
      snapshot.files.map((file) => file.path),
      ["lib.py", "tools/run.py", "train.py"],
    );
    await rejects("outside-root", collectSnapshot(join(root, "train.py"), { root: join(root, "tools") }));
  });

  it("refuses too much code, naming size, the biggest files and what to do", async () => {
    await files({ "big.py": "#".repeat(800_000), "small.py": "#".repeat(200_000) });
    await assert.rejects(collect(), (error) => {
      assert.equal(errorCode(error), "too-large");
      assert.match(
        errorText(error),
        /3 files with 1\.0 MB .* 900 KB .*big\.py \(800 KB\), small\.py \(200 KB\).*image\.$/,
      );
      return true;
    });
    assert.equal((await collect({ limitBytes: 1_100_000 })).files.length, 3);
  });

  it("refuses thousands of files", async () => {
    await mkdir(join(root, "many"));
    await Promise.all(Array.from({ length: 2001 }, (_, n) => writeFile(join(root, "many", `m${n}.py`), "")));
    await rejects("too-many-files", collect());
  });

  it("refuses what is not Python, not there, a folder, or a home", async () => {
    await files({ "notes.ipynb": "{}" });
    await mkdir(join(root, "folder.py"));
    await rejects("not-python", collectSnapshot(join(root, "notes.ipynb")));
    await rejects("unreadable", collectSnapshot(join(root, "missing.py")));
    await rejects("unreadable", collectSnapshot(join(root, "folder.py")));
    await rejects("folder-too-wide", collectSnapshot(join(homedir(), "train.py")));
  });

  it("takes an empty file, and stops when it is told to", async () => {
    await files({ "train.py": "" });
    assert.equal((await collect()).files[0]?.content, "");
    await assert.rejects(collect({ signal: AbortSignal.abort() }), CancelledError);
  });

  it("makes keys that Kubernetes takes, all different", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", minLength: 1 }), { maxLength: 20 }), (names) => {
        const keys = names.map((name, index) => configMapKey(index, name));
        assert.equal(new Set(keys).size, keys.length);
        for (const key of keys) assert.match(key, /^[-._a-zA-Z0-9]{1,253}$/);
      }),
      { numRuns: 30 },
    );
  });
});
