import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { silentLogger } from "../core/log.ts";
import { JobDesk } from "./desk.ts";
import type { LaunchedAt } from "./launchedJobs.ts";
import { readManifest } from "./manifestDocument.ts";
import { noPod, TestClock, World } from "./testing/launches.ts";
import { publishSchemas } from "./testing/schemas.ts";

describe("what is launched and followed from here", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-desk-"));
  });

  afterEach(() => fs.rm(folder, { recursive: true, force: true }));

  it("runs an edited manifest again as it was edited", async () => {
    const { api, client, clock } = new World();
    publishSchemas(api);
    const state = { get: () => undefined, set: () => Promise.resolve() };
    const options = { version: "0.1.0", installation: "i", log: silentLogger, connect: noPod };
    const desk = new JobDesk({ ...options, state, clock, folder: path.join(folder, "launches") });
    const file = path.join(folder, "train.py");
    await fs.writeFile(file, "print('hello')\n");
    const size = { nodes: 1, processesPerNode: 1, gpusPerNode: 0 };
    const choice = { kind: "PyTorchJob" as const, context: "team-a", namespace: "alice", size, image: "a:1", args: [] };
    const plan = await desk.plan(file, choice, client);
    const { manifest } = readManifest(desk.manifests.text(plan).replace("image: a:1", "image: mine:1"));
    assert.ok(manifest !== undefined);
    const job = await desk.manifests.launch(await desk.manifests.check(manifest, choice, client), client);
    const [entry] = await desk.history.runs();
    assert.equal(entry?.id, job.id);
    const again = await desk.planAgain(entry, client);
    const text = desk.manifests.preview(again);
    assert.match(text, /image: mine:1/);
    assert.match(text, new RegExp(`name: ${again.spec.name}-code-${again.spec.id.slice(0, 6)}`));
    assert.ok(!text.includes(plan.spec.id.slice(0, 6)), text);
    await desk.launcher.launch(again.spec, again.snapshot, client, undefined, undefined, undefined, again.job);
    assert.equal(api.all("configmaps").length, 2);
  });

  it("keeps the time of its launch where it is followed again", async () => {
    const clock = new TestClock();
    const state = { get: () => undefined, set: () => Promise.resolve() };
    const options = { version: "0.1.0", installation: "i", log: silentLogger };
    const desk = new JobDesk({ ...options, connect: noPod, state, clock, folder: path.join(folder, "launches") });
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
