import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { errorCode } from "../../core/errors.ts";
import { silentLogger } from "../../core/log.ts";
import { skipBecause } from "../../../test/rings/skip.ts";
import { KubeClient } from "../../kube/client.ts";
import { FakeTransport, json, refusal } from "../../kube/testing/fakeTransport.ts";
import { collectSnapshot } from "../code/snapshot.ts";
import { type LaunchEntry, LaunchJournal } from "../journal.ts";
import { SPEC, TestClock } from "../testing/launches.ts";
import type { JobObject } from "../types.ts";
import { History } from "./history.ts";

describe("the history of runs", () => {
  let base: string;
  let project: string;
  let history: History;
  let journal: LaunchJournal;

  beforeEach(async () => {
    base = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-history-"));
    project = path.join(base, "project");
    journal = new LaunchJournal(path.join(base, "launches"), { log: silentLogger, clock: new TestClock() });
    history = new History(journal, path.join(base, "code"));
    await write({ "train.py": "import model\n", "model.py": "SIZE = 1\n", "run.sh": "true\n" });
  });
  afterEach(() => fs.rm(base, { recursive: true, force: true }));

  async function write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await fs.mkdir(path.dirname(path.join(project, name)), { recursive: true });
      await fs.writeFile(path.join(project, name), text);
    }
  }

  /** A launch of the project as it is now. */
  async function launch(
    id: string,
    time: number,
    more: Partial<LaunchEntry["spec"]> = {},
    file = "train.py",
  ): Promise<LaunchEntry> {
    const snapshot = await collectSnapshot(path.join(project, file), {
      ...{ store: path.join(base, "code"), choice: "folder", root: project },
    });
    const { hash, files, bytes, archive, searched } = snapshot;
    const name = `train-${id.slice(0, 4)}`;
    const entry: LaunchEntry = {
      ...{ id, context: "team-a", namespace: "alice", name, step: "started", intent: "start", uid: `uid-${id}` },
      spec: { ...SPEC, id, name, env: [], script: { root: project, path: snapshot.script }, ...more },
      code: { hash, files: files.length, bytes, archive, searched },
      ...{ time, instance: "host/1/x" },
    };
    await journal.put(entry);
    return entry;
  }

  it("gives the code of a run back as it was, also to be sent again, whatever became of the files", async () => {
    await fs.chmod(path.join(project, "run.sh"), 0o755);
    const entry = await launch("aaaa00000000", 1);
    await write({ "train.py": "print('other')\n" });
    await fs.rm(path.join(project, "model.py"));
    const folder = await history.code(entry);
    assert.equal(await fs.readFile(path.join(folder, "model.py"), "utf8"), "SIZE = 1\n");
    const again = await history.snapshot(entry);
    assert.deepEqual(
      [again.hash, again.root, again.script, again.tier],
      [entry.code.hash, project, "train.py", "files"],
    );
    assert.equal(again.keyed.find(({ path: name }) => name === "train.py")?.content, "import model\n");
    await fs.writeFile(path.join(folder, "model.py"), "SIZE = 2\n");
    await assert.rejects(history.snapshot(entry), (error) => errorCode(error) === "no-code");
    const { archive = { file: "" } } = entry.code;
    await fs.rm(archive.file);
    await fs.rm(folder, { recursive: true });
    await assert.rejects(history.code(entry), (error) => errorCode(error) === "no-code");
  });

  it("finds a run's line in the local file, and what was sent beside it where that has changed", async () => {
    await write({ "model.py": "a\nb\nc\n" });
    const { id: sent } = await launch("aaaa00000000", 1);
    const code = { root: project, launch: sent };
    const file = path.join(project, "model.py");
    const later = new Date(Date.now() + 60_000);
    await fs.utimes(file, later, later);
    assert.deepEqual(await history.place(code, { path: "model.py", line: 3 }), { file, line: 3, hasChanged: false });
    await write({ "model.py": "new\na\nb\nc\n" });
    const past = new Date(0);
    await fs.utimes(file, past, past);
    const { sent: before = "", ...now } = await history.place(code, { path: "model.py", line: 3 });
    assert.deepEqual(now, { file, line: 4, hasChanged: true });
    assert.equal(await fs.readFile(before, "utf8"), "a\nb\nc\n");
    for (const other of [{ ...code, launch: "bbbb00000000" }, code])
      assert.equal((await history.place(other, { path: "train.py", line: 1 })).hasChanged, false);
    await fs.rm(file);
    await assert.rejects(history.place(code, { path: "model.py", line: 3 }), { code: "ENOENT" });
  });

  it("finds a notebook's cell where it stands by now", async () => {
    const book = (...sources: readonly string[]): string =>
      JSON.stringify({ nbformat: 4, cells: sources.map((source) => ({ cell_type: "code", source })) });
    await write({ "sub/fit.ipynb": book("import x", "%time\nfail()\n") });
    const { id } = await launch("aaaa00000000", 1, {}, "sub/fit.ipynb");
    const file = path.join(project, "sub", "fit.ipynb");
    const at = (line: number): Promise<object> =>
      history.place({ root: project, launch: id }, { path: "fit.ipynb", cell: 2, line });
    assert.deepEqual(await at(2), { file, line: 2, cell: 2, hasChanged: false });
    await write({ "sub/fit.ipynb": book("import x", "new", "%time\nfail()\n") });
    assert.deepEqual(await at(2), { file, line: 2, cell: 3, hasChanged: false });
    await write({ "sub/fit.ipynb": book("import x", "%time\n# slow\nfail()\n") });
    assert.deepEqual(await at(2), { file, line: 3, cell: 2, hasChanged: true });
  });

  it("keeps how the code differed from its commit", async function () {
    const git = (...args: string[]): Promise<unknown> =>
      promisify(execFile)("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd: project });
    if ((await git("init", "-q").catch(() => undefined)) === undefined) skipBecause(this, "git is not on the PATH");
    await git("add", ".");
    await git("commit", "-qm", "x");
    const state = async (hash: string): Promise<LaunchEntry["spec"]["git"]> => history.git({ root: project, hash });
    const clean = await launch("aaaa00000000", 1);
    const before = await state(clean.code.hash);
    assert.equal(before?.dirty, false);
    await write({ "model.py": "SIZE = 2\n" });
    const entry = await launch("bbbb00000000", 2);
    const now = await state(entry.code.hash);
    const run = (of: LaunchEntry, at: typeof now): LaunchEntry => ({
      ...of,
      spec: { ...of.spec, ...(at && { git: at }) },
    });
    assert.match((await history.changesSince(run(entry, now))) ?? "", /-SIZE = 1\n\+SIZE = 2\n/);
    assert.equal(await history.changesSince(run(clean, before)), undefined);
    assert.equal(await history.changesSince(run(clean, now)), undefined);
  });

  it("keeps how a run ended, and compares settings, metrics and code", async () => {
    await launch("aaaa00000000", 1, { args: ["--lr", "0.1"] });
    await write({ "model.py": "SIZE = 2\n", "new.py": "" });
    await fs.rm(path.join(project, "run.sh"));
    await launch("bbbb00000000", 2, { args: ["--lr", "0.2"], nodes: 4 });
    const log = path.join(base, "train-aaaa.log");
    await fs.writeFile(log, "▶ train\n0 │ epoch=1 loss=0.9\n0 │ epoch=2 loss=0.5\n");
    const digest = `sha256:${"5f3a".padEnd(64, "0")}`;
    const pods = { items: [{ status: { containerStatuses: [{ imageID: `pytorch/pytorch@${digest}` }] } }] };
    const client = new KubeClient(new FakeTransport(() => json(pods)));
    await history.ended("uid-aaaa00000000", { outcome: "succeeded", took: "2 s", line: "✓ done", log }, client);
    const refused = new KubeClient(new FakeTransport(() => refusal(403, "Forbidden", "no")));
    await history.ended("uid-bbbb00000000", { outcome: "failed", took: "3 s", line: "", log }, refused);
    await history.ended("uid-nobody", { outcome: "failed", took: "2 s", line: "", log }, client);
    const [newer, older] = await history.runs();
    assert.ok(newer !== undefined && older?.end?.outcome === "succeeded");
    const edited: JobObject = { kind: "PyTorchJob", metadata: { name: older.name }, spec: {} };
    const text = await history.compare([newer, { ...older, job: edited }], (time) => `at ${time}`);
    const lines = text.split("\n").map((line) => line.replace(/ {2,}/g, " | ").replace(/\([0-9a-f]{8}\)/, "(DIGEST)"));
    for (const line of [
      " | run | train-aaaa | train-bbbb",
      "≠ outcome | succeeded after 2 s | failed after 3 s",
      "≠ digest | sha256:5f3a00000000",
      "≠ size | 2 nodes | 4 nodes",
      "≠ arguments | --lr 0.1 | --lr 0.2",
      "≠ manifest | edited (DIGEST)",
      " | loss | 0.5 | 0.5",
      "Code of train-bbbb against train-aaaa:",
      " | changed | model.py",
      " | added | new.py",
      " | removed | run.sh",
    ])
      assert.ok(lines.includes(line), `${line}\n${lines.join("\n")}`);
    const written = { ...newer, code: { hash: "", files: 0, bytes: 0 } };
    await assert.rejects(history.changes(older, written), (error) => errorCode(error) === "no-code");
    assert.ok(lines.some((line) => /^ {2}cluster|^ \| cluster/.test(line)));
  });
});
