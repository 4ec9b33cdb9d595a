import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { newInstance } from "./instance.ts";
import { OpenFollows } from "./openFollows.ts";

describe("what an earlier window followed", () => {
  let folder: string;
  const dead = `${os.hostname()}/4194303/abc`;
  const follow = { id: "i", name: "n", context: "c", namespace: "ns", uid: "u1", instance: dead, time: 1000 };

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-follows-"));
  });

  afterEach(() => fs.rm(folder, { recursive: true, force: true }));

  it("is found once that window is gone, until somebody ends it", async () => {
    const follows = new OpenFollows(path.join(folder, "later"));
    await follows.begun(follow);
    await follows.begun({ ...follow, uid: "u2", instance: newInstance() });
    // Older versions wrote no kind.
    assert.deepEqual(await follows.abandoned(2000), [{ ...follow, kind: "PyTorchJob" }]);
    await follows.ended("u1");
    assert.deepEqual(await follows.abandoned(2000), []);
  });

  it("is forgotten after a week, and whatever cannot be read at once", async () => {
    const follows = new OpenFollows(folder);
    await follows.begun(follow);
    await fs.writeFile(path.join(folder, "junk.json"), "{");
    assert.deepEqual(await follows.abandoned(8 * 24 * 3_600_000), []);
    assert.deepEqual(await fs.readdir(folder), []);
  });
});
