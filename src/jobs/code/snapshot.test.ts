import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { CancelledError, errorCode } from "../../core/errors.ts";
import { collectSnapshot, configMapKey, type Snapshot, type SnapshotOptions } from "./snapshot.ts";

const run = promisify(execFile);

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

  const at = (file: string, options: Partial<SnapshotOptions> = {}): Promise<Snapshot> =>
    collectSnapshot(file, { store: join(base, "store"), ...options });
  const collect = (options: Partial<SnapshotOptions> = {}): Promise<Snapshot> => at(join(root, "train.py"), options);
  const paths = async (options: Partial<SnapshotOptions> = {}): Promise<string[]> =>
    (await collect(options)).files.map((file) => file.path);
  const rejects = (code: string, promise: Promise<unknown>): Promise<void> =>
    assert.rejects(promise, (error) => errorCode(error) === code);

  it("takes the script and what it imports of its own, packages whole, and nothing else", async () => {
    await files({
      "train.py": "import os, pkg.deep.mod as m\nfrom beside import x\ndef late():\n    import lazy\nimport torch",
      "pkg/__init__.py": "",
      "pkg/deep/mod.py": "from . import other\nimport indirect\n",
      "pkg/deep/by_name.py": "",
      "pkg/data.csv": "1,2",
      "beside.py": "import importlib\nimportlib.import_module(f'plugins.{1}')",
      "lazy.py": "",
      "indirect.py": "",
      "plugins/a.py": "",
      "unrelated.py": "",
      "a b/ü.py": "",
    });
    const snapshot = await collect();
    assert.deepEqual(await paths(), [
      "beside.py",
      "indirect.py",
      "lazy.py",
      "pkg/__init__.py",
      "pkg/deep/by_name.py",
      "pkg/deep/mod.py",
      "plugins/a.py",
      "train.py",
    ]);
    assert.deepEqual([snapshot.script, snapshot.root, snapshot.tier], ["train.py", root, "files"]);
    assert.equal(snapshot.keyed[6]?.content, "");
    assert.equal(
      snapshot.bytes,
      snapshot.files.reduce((sum, file) => sum + file.bytes, 0),
    );
    for (const file of snapshot.keyed) assert.match(file.key, /^[-._a-zA-Z0-9]+$/);
  });

  it("finds modules in the project and its src as well, and says where", async () => {
    await files({
      "scripts/run.py": "import helper\nimport lib\nimport model\n",
      "scripts/helper.py": "",
      "lib/__init__.py": "",
      "src/model/__init__.py": "",
      "requirements.txt": "einops",
    });
    const wide = await at(join(root, "scripts/run.py"), { root });
    assert.deepEqual([wide.root, wide.script, wide.searched], [root, "scripts/run.py", [".", "src"]]);
    assert.equal(wide.requirements, "requirements.txt");
    await rm(join(root, "requirements.txt"));
    await rm(join(root, "lib"), { recursive: true });
    await rm(join(root, "src"), { recursive: true });
    const narrow = await at(join(root, "scripts/run.py"), { root });
    assert.deepEqual([narrow.root, narrow.script, narrow.searched], [join(root, "scripts"), "run.py", []]);
    assert.deepEqual(
      narrow.files.map(({ path }) => path),
      ["helper.py", "run.py"],
    );
  });

  it("reads what is to be installed from a pyproject.toml that names it", async () => {
    await files({ "pyproject.toml": "[tool.ruff]\n" });
    assert.equal((await collect()).requirements, undefined);
    await files({ "pyproject.toml": '[project]\ndependencies = ["einops"]\n' });
    assert.equal((await collect()).requirements, "pyproject.toml");
  });

  describe("with requirements that name other files", () => {
    const named = {
      "requirements.txt": "# all\n-r reqs/base.txt  # first\n--constraint=reqs/pins.txt\n-r https://a.example/x.txt\n",
      "reqs/base.txt": '-cpins.txt\n--requirement \\\n  "more of it.txt"\n-r ../extra.txt\n-e ./pkg -r none.txt\n',
      "reqs/pins.txt": "einops==1\n",
      "reqs/more of it.txt": Buffer.from("\ufeff-r ${HOME}/x.txt\r\n-c pins.txt\r\n", "utf16le"),
      "extra.txt": "",
    };
    const sent = ["extra.txt", "reqs/base.txt", "reqs/more of it.txt", "reqs/pins.txt", "requirements.txt"];
    const txt = (all: readonly string[]): string[] => all.filter((path) => path.endsWith(".txt"));

    it("takes them along, also those that git ignores, where pip looks for them", async () => {
      await files(named);
      assert.deepEqual(txt(await paths()), sent);
      await files({ ".gitignore": "reqs/\n", "build/x.txt": "", "extra.txt": "-r build/x.txt" });
      const { files: all, left } = await collect({ choice: "folder" });
      assert.deepEqual(txt(all.map(({ path }) => path)), ["build/x.txt", ...sent]);
      assert.deepEqual(left, []);
      await rm(join(root, "reqs"), { recursive: true });
      assert.deepEqual(txt(await paths({ installs: false })), ["requirements.txt"]);
    });

    it("takes the project's root with a script whose requirements name what is there", async () => {
      await files({
        "a/b/x.py": "",
        "a/b/requirements.txt": "-r ../base.txt",
        "a/base.txt": "-r b/other.txt",
        "a/b/other.txt": "",
      });
      const snapshot = await at(join(root, "a/b/x.py"), { root });
      assert.deepEqual([snapshot.root, snapshot.requirements], [root, "a/b/requirements.txt"]);
      assert.deepEqual(txt(snapshot.files.map(({ path }) => path)), [
        "a/b/other.txt",
        "a/b/requirements.txt",
        "a/base.txt",
      ]);
    });

    it("says which of them is not there, leads elsewhere or round in a circle, or stays here", async () => {
      const refused = async (line: string, words: RegExp): Promise<void> => {
        await files({ "requirements.txt": `x\n${line}\n` });
        await assert.rejects(collect(), { code: "requirements", message: words });
      };
      await files({
        "a.txt": "-r b.txt",
        "b.txt": "-c a.txt",
        ".env": "T=1",
        ".trainyardignore": "own.txt",
        "own.txt": "",
      });
      await files({ "outside.txt": "" }, base);
      await symlink("../outside.txt", join(root, "leak.txt"));
      await symlink(".env", join(root, "link.txt"));
      await refused("-r gone/x.txt", /requirements\.txt names gone\/x\.txt: there is no such file\. Change that line/);
      for (const line of ["../outside.txt", "/etc/x.txt", "a\\b.txt", "C:/x.txt", "file:///x.txt", "a/../../x.txt"])
        await refused(`-c ${line}`, /no path inside of the folder/);
      await refused("-r leak.txt", /a link that leads elsewhere/);
      await refused(
        "-r a.txt",
        /b\.txt names a\.txt: it leads round in a circle \(requirements\.txt → a\.txt → b\.txt → a\.txt\)/,
      );
      await refused("-r requirements.txt", /in a circle/);
      await refused("-r link.txt", /it stays here \(may hold a key or a password\)/);
      await refused("-r own.txt", /it stays here \(\.trainyardignore\)/);
    });
  });

  describe("of a whole folder", () => {
    const folder = { choice: "folder" } as const;
    const git = async (...args: string[]): Promise<void> => {
      const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
      await run("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd: root, env });
    };

    it("takes what is no secret, data, cache or ignored, and says what stays", async () => {
      await files({
        "conf/a.yaml": "x: 1",
        ".env": "TOKEN=1",
        "keys/id_rsa": "k",
        "data/big.csv": "1",
        "model.pt": "w",
        ".gitignore": "*.log\nout/\n",
        "a.log": "",
        "out/x.py": "",
        "sub/.gitignore": "/local.py",
        "sub/local.py": "",
        "sub/kept.py": "",
        "__pycache__/x.pyc": "",
        "my-python/pyvenv.cfg": "",
        "my-python/lib/x.py": "",
      });
      const snapshot = await collect(folder);
      assert.deepEqual(
        snapshot.files.map(({ path }) => path),
        [".gitignore", "conf/a.yaml", "sub/.gitignore", "sub/kept.py", "train.py"],
      );
      const left = Object.fromEntries(snapshot.left.map(({ path, why }) => [path, why]));
      assert.deepEqual(left, {
        ".env": "may hold a key or a password",
        "keys/id_rsa": "may hold a key or a password",
        "model.pt": "data or results",
      });
    });

    it("asks git where there is one: what it tracks travels, but no secret, and none of what was deleted", async () => {
      await files({ "data/small.csv": "1", "gone.py": "", ".env": "T=1", ".gitignore": "ignored.py\n" });
      await git("init", "-q");
      await git("add", "-f", ".");
      await git("commit", "-q", "-m", "x");
      await files({ "new.py": "", "ignored.py": "", "data/other.csv": "2", "train.py": "import ignored" });
      await rm(join(root, "gone.py"));
      const snapshot = await collect(folder);
      assert.deepEqual(
        snapshot.files.map(({ path }) => path),
        [".gitignore", "data/small.csv", "new.py", "train.py"],
      );
      assert.deepEqual(snapshot.missing, ["ignored.py"], "the script imports it, and it stays here");
    });

    it("sends no secret by another name, by a link, or out of a folder that was moved elsewhere", async () => {
      await files({ ".ENV": "T=1", "Server.PEM": "k", ".env": "T=1", "conf/x.txt": "inside" });
      await git("init", "-q");
      await git("add", "-f", ".");
      await git("commit", "-q", "-m", "x");
      await symlink(".env", join(root, "settings.txt"));
      await files({ "x.txt": "outside" }, join(base, "moved"));
      await rm(join(root, "conf"), { recursive: true });
      await symlink("../moved", join(root, "conf"));
      const snapshot = await collect(folder);
      assert.deepEqual(
        snapshot.files.map(({ path }) => path),
        ["train.py"],
      );
      const left = snapshot.left.map(({ path }) => path);
      for (const name of [".ENV", "Server.PEM", "settings.txt", "conf/x.txt"]) assert.ok(left.includes(name), name);
    });

    it("sends nothing where git does not say what it ignores", async () => {
      await mkdir(join(root, "..", ".git"));
      await rejects("git", collect(folder));
    });

    it("lets .trainyardignore leave out more, and take back", async () => {
      await files({ ".trainyardignore": "docs/\n!model.pt\n", "docs/a.md": "", "model.pt": "w", "b.pt": "w" });
      assert.deepEqual(await paths(folder), [".trainyardignore", "model.pt", "train.py"]);
    });

    it("passes over links that lead elsewhere, pipes and what cannot be read", async () => {
      await files({ "outside.txt": "secret" }, base);
      await symlink("../outside.txt", join(root, "leak.txt"));
      await symlink("..", join(root, "up"));
      await symlink("train.py", join(root, "alias.py"));
      const snapshot = await collect(folder);
      assert.deepEqual(
        snapshot.files.map(({ path }) => path),
        ["alias.py", "train.py"],
      );
      assert.deepEqual(snapshot.left.map(({ path }) => path).sort(), ["leak.txt", "up"]);
    });

    it("is packed when it is larger, the same bytes for the same files, and read back as it was", async () => {
      const noise = (seed: number): string =>
        createHash("shake256", { outputLength: 300_000 }).update(String(seed)).digest("hex");
      const many = Object.fromEntries(
        Array.from({ length: 6 }, (_, n) => [`m${n}/${"deep/".repeat(30)}ü${n}.txt`, noise(n)]),
      );
      await files(many);
      const first = await collect(folder);
      assert.equal(first.tier, "archive");
      assert.deepEqual(first.keyed, []);
      const packed = await readFile(first.archive.file);
      assert.equal(packed.length, first.archive.bytes);
      assert.equal(createHash("sha256").update(packed).digest("hex"), first.archive.sha256);
      const other = join(base, "other");
      await files({ ...many, "train.py": "import pkg\n" }, other);
      const second = await at(join(other, "train.py"), { ...folder, store: join(base, "store2") });
      assert.deepEqual([second.hash, second.archive.sha256], [first.hash, first.archive.sha256]);
      const tar = gunzipSync(packed);
      assert.equal(tar.length % 512, 0);
      for (const text of Object.values(many)) assert.ok(tar.includes(text));
      assert.equal((await collect(folder)).hash, first.hash);
      await files({ "m0/new.txt": "1" });
      assert.notEqual((await collect(folder)).hash, first.hash);
    });
  });

  it("has the same hash for the same code elsewhere, and another for other code", async () => {
    const first = await collect();
    const other = join(base, "other");
    await files({ "train.py": "import pkg\n" }, other);
    assert.equal((await at(join(other, "train.py"))).hash, first.hash);
    await files({ "train.py": "import pkg \n" }, other);
    assert.notEqual((await at(join(other, "train.py"))).hash, first.hash);
    await chmod(join(root, "train.py"), 0o755);
    assert.notEqual((await collect()).hash, first.hash);
  });

  it("sends what is not clean text as base64", async () => {
    await files({ "train.py": "import latin, nul, text" });
    await files({ "latin.py": Buffer.from([0x23, 0xe9]), "nul.py": "a\0b", "text.py": "\t# é\r\n\f" });
    const encodings = Object.fromEntries((await collect()).keyed.map((file) => [file.path, file.encoding]));
    assert.deepEqual(encodings, { "latin.py": "base64", "nul.py": "base64", "text.py": "utf8", "train.py": "utf8" });
    assert.equal((await collect()).keyed[0]?.content, "I+k=");
  });

  it("keeps a byte order mark", async () => {
    await files({ "train.py": "\ufeffx = 1\n" });
    assert.equal((await collect()).keyed[0]?.content, "\ufeffx = 1\n");
  });

  it("follows links inside the folder and none out of it", async () => {
    await files({ "outside.py": "secret" }, base);
    await files({ "pkg/mod.py": "inside", "train.py": "import pkg, alias, leak, up, broken" });
    await symlink("pkg/mod.py", join(root, "alias.py"));
    await symlink("../outside.py", join(root, "leak.py"));
    await symlink("../../outside.py", join(root, "pkg/leak.py"));
    await symlink("..", join(root, "up"));
    await symlink("nowhere.py", join(root, "broken.py"));
    const snapshot = await collect();
    assert.deepEqual(
      snapshot.files.map((file) => file.path),
      ["alias.py", "pkg/mod.py", "train.py"],
    );
    assert.equal(snapshot.keyed[0]?.content, "inside");
    assert.deepEqual(
      snapshot.left.map(({ path }) => path),
      ["pkg/leak.py"],
    );
    await rejects("outside-root", at(join(root, "leak.py")));
  });

  it("accepts a folder that is itself reached by a link", async () => {
    await symlink(root, join(base, "link"));
    const snapshot = await at(join(base, "link", "train.py"));
    assert.equal(snapshot.root, join(base, "link"));
    assert.equal(snapshot.files.length, 1);
  });

  it("refuses what is not Python, not there, a folder, or a home", async () => {
    await files({ "notes.txt": "{}" });
    await mkdir(join(root, "folder.py"));
    await rejects("not-python", at(join(root, "notes.txt")));
    await rejects("unreadable", at(join(root, "missing.py")));
    await rejects("unreadable", at(join(root, "folder.py")));
    await rejects("folder-too-wide", at(join(homedir(), "train.py"), { choice: "folder" }));
  });

  it("takes a notebook as a script, with what its cells import, and leaves its outputs here", async () => {
    const cells = [{ cell_type: "code", source: "import pkg\n", outputs: ["large"] }];
    await files({ "fit.ipynb": JSON.stringify({ nbformat: 4, cells }), "pkg/__init__.py": "" });
    const snapshot = await at(join(root, "fit.ipynb"));
    assert.equal(snapshot.script, "fit.ipynb.py");
    assert.deepEqual(
      snapshot.files.map(({ path }) => path),
      ["fit.ipynb.py", "pkg/__init__.py"],
    );
    const whole = await at(join(root, "fit.ipynb"), { choice: "folder" });
    assert.deepEqual(
      whole.files.map(({ path }) => path),
      ["fit.ipynb.py", "pkg/__init__.py", "train.py"],
    );
    assert.deepEqual(whole.missing, []);
  });

  it("is packed by several at the same time", async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => collect({ choice: "folder" })));
    assert.equal(new Set(all.map(({ archive }) => archive.sha256)).size, 1);
    const left = (await readdir(join(base, "store"), { recursive: true })).filter((name) => name.endsWith(".tmp"));
    assert.deepEqual(left, []);
  });

  it("takes an empty file, and stops when it is told to", async () => {
    await files({ "train.py": "" });
    assert.equal((await collect()).keyed[0]?.content, "");
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
