import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Claim, claimFile, take } from "./claims.ts";
import { identify, isAlive } from "./processes.ts";

describe("what one process at a time may have", () => {
  let folder: string;
  let mine: Claim;
  // This test's own process that is asked for with another start: as if its number had been given again.
  const reused: Claim = { owner: { pid: process.pid, start: "another" } };
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "trainyard-claims-"));
    mine = { owner: await identify(process.pid) };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const put = (number: number, claim: unknown): void =>
    writeFileSync(claimFile(folder, "run", number), typeof claim === "string" ? claim : JSON.stringify(claim));

  it("goes to one of many who ask at once", async () => {
    const taken = await Promise.all(Array.from({ length: 20 }, () => take(folder, "run", mine)));
    assert.deepEqual(
      taken.filter((number) => number !== undefined),
      [1],
    );
  });

  it("goes to one of many who find its owner dead", async () => {
    put(4, reused);
    const taken = await Promise.all(Array.from({ length: 20 }, () => take(folder, "run", mine)));
    assert.deepEqual(
      taken.filter((number) => number !== undefined),
      [5],
    );
  });

  it("is held by a child whose owner has gone, and free once it was given back", async () => {
    put(1, { ...reused, child: mine.owner });
    assert.equal(await take(folder, "run", mine), undefined);
    put(1, { ...mine, exit: { code: 0 } });
    assert.equal(await take(folder, "run", mine), 2);
  });

  it("is not blocked by a file that a crash left half written", async () => {
    put(1, '{"owner":{"pi');
    assert.equal(await take(folder, "run", mine), 2);
  });

  it("is refused where nobody can see whether it is held", async () => {
    // As a claim, then a folder, that may not be read.
    mkdirSync(claimFile(folder, "run", 1));
    await assert.rejects(take(folder, "run", mine), { code: "EISDIR" });
    await assert.rejects(take(import.meta.filename, "run", mine), { code: "ENOTDIR" });
  });

  it("keeps the last twenty, with what stands beside them", async () => {
    for (let number = 1; number <= 30; number += 1) put(number, reused);
    writeFileSync(path.join(folder, "run-3.jsonl"), "");
    assert.equal(await take(folder, "run", mine), 31);
    const left = readdirSync(folder);
    assert.equal(left.length, 20);
    assert.ok(left.includes("run-12.json") && !left.includes("run-3.jsonl"));
  });

  it("takes a process for alive by its start alone", async () => {
    assert.equal(await isAlive(mine.owner), true);
    for (const gone of [reused.owner, { pid: 0, start: "" }, { pid: -1, start: "" }, { pid: 2 ** 40, start: "" }])
      assert.equal(await isAlive(gone), false, JSON.stringify(gone));
  });
});
