import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../core/log.ts";
import { isInstanceAlive, newInstance } from "./instance.ts";
import { KEEP_MS, KEEP_STARTED, type LaunchEntry, LaunchJournal } from "./journal.ts";
import { SPEC, TestClock } from "./testing/launches.ts";

describe("the launch journal", () => {
  let folder: string;
  const clock = new TestClock();
  let warnings: string[];
  const log = { ...silentLogger, warn: (text: string) => warnings.push(text) };
  const journal = (): LaunchJournal => new LaunchJournal(join(folder, "launches"), { log, clock });
  const entry = (change: Partial<LaunchEntry> = {}): LaunchEntry => ({
    id: SPEC.id,
    context: "team-a",
    namespace: "alice",
    name: SPEC.name,
    step: "journalled",
    intent: "start",
    spec: SPEC,
    code: { hash: "x", files: 1, bytes: 2 },
    time: clock.now(),
    instance: "here",
    ...change,
  });
  const id = (n: number): string => n.toString(16).padStart(12, "0");

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "trainyard-journal-"));
    warnings = [];
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("is empty where nothing was ever written", async () => {
    assert.deepEqual(await journal().list(), []);
    assert.equal(await journal().get(SPEC.id), undefined);
    await journal().prune();
    assert.deepEqual(warnings, []);
  });

  it("gives back what was written, newest first, to any window", async () => {
    await journal().put(entry({ id: id(1), time: 1 }));
    await journal().put(entry({ id: id(2), time: 2 }));
    await journal().put(entry({ id: id(1), time: 1, step: "created", uid: "u" }));
    assert.deepEqual(
      (await journal().list()).map((each) => each.id),
      [id(2), id(1)],
    );
    assert.deepEqual(await journal().get(id(1)), entry({ id: id(1), time: 1, step: "created", uid: "u" }));
    await journal().remove(id(1));
    await journal().remove(id(1));
    assert.equal(await journal().get(id(1)), undefined);
  });

  it("is for the person's own eyes and leaves nothing half written", async () => {
    await Promise.all(Array.from({ length: 20 }, (_, n) => journal().put(entry({ time: n }))));
    const launches = join(folder, "launches");
    assert.deepEqual(await readdir(launches), [`${SPEC.id}.json`]);
    JSON.parse(await readFile(join(launches, `${SPEC.id}.json`), "utf8"));
    if (process.platform !== "win32") {
      assert.equal((await stat(join(launches, `${SPEC.id}.json`))).mode & 0o777, 0o600);
      assert.equal((await stat(launches)).mode & 0o777, 0o700);
    }
  });

  it("passes over what is not its own and what is damaged", async () => {
    await journal().put(entry());
    const launches = join(folder, "launches");
    await writeFile(join(launches, `${id(1)}.json`), '{"id": "0');
    await writeFile(join(launches, `${id(2)}.json`), JSON.stringify({ ...entry(), step: "dreaming" }));
    await writeFile(join(launches, `${id(3)}.json`), JSON.stringify(entry({ id: id(4) })));
    for (const name of ["notes.json", `x${SPEC.id}.json`, `${SPEC.id}.json~`])
      await writeFile(join(launches, name), "{}");
    assert.deepEqual(
      (await journal().list()).map((each) => each.id),
      [SPEC.id],
    );
    assert.deepEqual(warnings.map((text) => text.slice(0, "launch 000000000001".length)).sort(), [
      `launch ${id(1)}`,
      `launch ${id(2)}`,
      `launch ${id(3)}`,
    ]);
  });

  it("leaves alone what has another form, and says so", async () => {
    await journal().put(entry());
    const file = join(folder, "launches", `${SPEC.id}.json`);
    const others: unknown[] = ["text", 7, null, true];
    for (const key of ["id", "context", "namespace", "name", "instance", "step", "intent", "spec", "code", "time"]) {
      others.push({ ...entry(), [key]: undefined }, { ...entry(), [key]: key === "time" ? "soon" : 7 });
    }
    for (const other of others) {
      warnings = [];
      const text = JSON.stringify(other);
      await writeFile(file, text);
      assert.deepEqual([await journal().get(SPEC.id), await readFile(file, "utf8")], [undefined, text]);
      assert.match(warnings.join(), /another form/, text);
    }
    const undo = entry({ intent: "undo" });
    await journal().put(undo);
    assert.deepEqual(await journal().get(SPEC.id), undo);
  });

  it("says so where it cannot be read", async () => {
    const launches = join(folder, "launches");
    await mkdir(join(launches, `${SPEC.id}.json`), { recursive: true });
    assert.deepEqual(await journal().list(), []);
    assert.match(warnings.join(), /^launch 4f2a91bc77aa cannot be read: .*EISDIR/);
    await rm(launches, { recursive: true });
    await writeFile(launches, "");
    warnings = [];
    assert.deepEqual(await journal().list(), []);
    assert.match(warnings.join(), /^the launch journal cannot be read: .*ENOTDIR/);
  });

  it("never leaves its folder", async () => {
    for (const name of ["../../etc/x", `../${SPEC.id}`, `${SPEC.id}/x`, "", "x"])
      await assert.rejects(journal().put(entry({ id: name })), /not a launch id/);
    await assert.rejects(journal().remove(".."));
  });

  it("prunes by age and by number, but no unfinished launch for its number", async () => {
    const now = clock.now();
    for (let n = 0; n < KEEP_STARTED + 3; n += 1)
      await journal().put(entry({ id: id(n), step: "started", time: now - n }));
    await journal().put(entry({ id: id(9000), time: now + 1 }));
    await journal().put(entry({ id: id(9001), time: now - 1_000_000 }));
    await journal().put(entry({ id: id(9002), time: now - KEEP_MS - 1 }));
    const launches = join(folder, "launches");
    for (const name of ["old.tmp", "new.tmp"]) await writeFile(join(launches, name), "");
    await utimes(join(launches, "old.tmp"), now / 1000 - 7200, now / 1000 - 7200);
    await utimes(join(launches, "new.tmp"), now / 1000, now / 1000);
    await journal().prune();
    const left = (await journal().list()).map((each) => each.id);
    assert.equal(left.length, KEEP_STARTED + 2);
    assert.ok(left.includes(id(9001)) && !left.includes(id(9002)) && !left.includes(id(KEEP_STARTED)));
    assert.deepEqual(
      (await readdir(launches)).filter((name) => name.endsWith(".tmp")),
      ["new.tmp"],
    );
  });

  it("knows which windows live", () => {
    assert.ok(isInstanceAlive(newInstance()));
    assert.ok(isInstanceAlive("some-other-computer/1/ff"));
    const [host = ""] = newInstance().split("/");
    assert.equal(isInstanceAlive(`${host}/2000000000/ff`), false);
    assert.equal(isInstanceAlive(`${host}/x/ff`), false);
  });
});
