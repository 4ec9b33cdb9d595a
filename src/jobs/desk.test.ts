import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { silentLogger } from "../core/log.ts";
import { JobDesk } from "./desk.ts";
import type { LaunchedAt } from "./launchedJobs.ts";
import { TestClock } from "./testing/launches.ts";

describe("what is launched and followed from here", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-desk-"));
  });

  afterEach(() => fs.rm(folder, { recursive: true, force: true }));

  it("keeps the time of its launch where it is followed again", async () => {
    const clock = new TestClock();
    const state = { get: () => undefined, set: () => Promise.resolve() };
    const options = { version: "0.1.0", installation: "i", log: silentLogger };
    const desk = new JobDesk({ ...options, state, clock, folder: path.join(folder, "launches") });
    const heard: LaunchedAt[] = [];
    desk.onDidLaunch((at) => heard.push(at));
    const job = { id: "4f2a91bc77aa", name: "train-4f2a", namespace: "alice", uid: "u" };
    await desk.followBegun("team-a", job);
    await desk.followBegun("team-a", { ...job, launched: clock.now() - 3_600_000 });
    assert.deepEqual(
      heard.map(({ launched }) => clock.now() - launched),
      [0, 3_600_000],
    );
    await desk.followBegun("team-a", { ...job, id: "" });
    assert.equal(heard.length, 2, "a job of somebody else was not launched from here");
  });
});
