import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { NO_KUBEFLOW, type Wish } from "../../contract/wish.ts";
import { ManualClock } from "../../kube/testing/manualClock.ts";
import { MadeClusters } from "./madeClusters.ts";

const pool = { machine: "m", nodes: 1, maxNodes: 2 };
const WISH: Wish = {
  where: "gke",
  name: "ml-team",
  state: { kind: "mine" },
  gke: {
    project: "p-1",
    region: "us-central1",
    zones: [],
    cpu: pool,
    gpu: null,
    authorizedNetworks: [],
    protect: false,
  },
  eks: { profile: "", region: "us-east-1", version: "1.35", cpu: pool, gpu: null, authorizedNetworks: [] },
  local: {
    ...{ tool: "k3d", version: "", cpus: 4, memoryGiB: 8, diskGiB: 80 },
    ...{ gpus: false, registry: false, volume: "" },
  },
  kubeflow: NO_KUBEFLOW,
};

describe("clusters that were made", () => {
  let folder: string;
  let warnings: string[];
  const made = (clock = new ManualClock()): MadeClusters =>
    new MadeClusters({
      folder: path.join(folder, "made"),
      version: "1.2.3",
      clock,
      log: {
        trace: () => undefined,
        debug: () => undefined,
        info: () => undefined,
        warn: (line) => warnings.push(line),
        error: (line) => warnings.push(line),
      },
    });

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "made-"));
    warnings = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("keeps a record for another window, readable by the person alone", async () => {
    const { id } = await made().plan(WISH);
    const [record] = await made().list();
    assert.equal(record?.id, id);
    assert.deepEqual(record.wish, WISH);
    assert.equal(record.version, "1.2.3");
    const file = path.join(made().folder(id), "trainyard.json");
    if (process.platform !== "win32") assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.match(await readFile(file, "utf8"), /"ml-team"/);
  });

  it("reads a record that was written before there was a choice of Kubeflow", async () => {
    const { id } = await made().plan({ ...WISH, kubeflow: { ...NO_KUBEFLOW, profile: "full" } });
    const file = path.join(made().folder(id), "trainyard.json");
    const written = {
      id,
      wish: { ...WISH, kubeflow: undefined },
      phase: "made",
      version: "1.2.3",
      createdAt: 1,
      changedAt: 2,
    };
    await writeFile(file, JSON.stringify(written));
    assert.deepEqual(await made().list(), [{ ...written, wish: WISH }]);
  });

  it("plans the same cluster in the same folder, and another elsewhere in another", async () => {
    const first = await made().plan(WISH);
    const again = await made().plan({ ...WISH, gke: { ...WISH.gke, zones: ["us-central1-a"] } });
    const other = await made().plan({ ...WISH, gke: { ...WISH.gke, region: "europe-west4" } });
    assert.equal(again.id, first.id);
    assert.notEqual(other.id, first.id);
    assert.equal((await made().list()).length, 2);
  });

  it("does not plan over a cluster that was made, and forgets none that the cloud may hold", async () => {
    const { id } = await made().plan(WISH);
    await made().update(id, { phase: "made" });
    await assert.rejects(made().plan(WISH), { code: "cluster-exists" });
    await assert.rejects(made().forget(id), { code: "cluster-kept" });
    await made().update(id, { phase: "destroyed" });
    await made().forget(id);
    assert.deepEqual(await made().list(), []);
    assert.deepEqual(await readdir(path.join(folder, "made")), []);
  });

  it("keeps the time of its phase while something else of a record changes", async () => {
    const clock = new ManualClock();
    const clusters = made(clock);
    const { id, changedAt } = await clusters.plan(WISH);
    await clock.advance(1_000);
    assert.equal((await clusters.update(id, { note: "x", phase: "planned" })).changedAt, changedAt);
    assert.equal((await clusters.update(id, { phase: "making" })).changedAt, changedAt + 1_000);
    assert.equal((await clusters.update(id, { phase: "failed", changedAt })).changedAt, changedAt, "another is named");
  });

  it("forgets twice what was forgotten by another window", async () => {
    const { id } = await made().plan(WISH);
    await made().forget(id);
    await made().forget(id);
    assert.deepEqual(await made().list(), []);
  });

  it("tells of each change", async () => {
    const clusters = made();
    let told = 0;
    clusters.onDidChange(() => (told += 1));
    const { id } = await clusters.plan(WISH);
    await clusters.update(id, { phase: "making" });
    assert.equal(told, 2);
  });

  it("leaves a record alone that it does not understand, says so, and goes on with the others", async () => {
    const clusters = made();
    const { id } = await clusters.plan(WISH);
    const strange = path.join(folder, "made", "gke-strange-1");
    await mkdir(strange);
    await writeFile(path.join(strange, "trainyard.json"), `{"id":"gke-strange-1","phase":"dreaming"}`);
    assert.deepEqual(
      (await clusters.list()).map((record) => record.id),
      [id],
    );
    assert.match(clusters.unread.get("gke-strange-1") ?? "", /record of gke-strange-1 cannot be read.* not known here/);
    assert.equal(warnings.length, 1);
    assert.match(await readFile(path.join(strange, "trainyard.json"), "utf8"), /dreaming/);
  });

  it("neither plans over nor forgets what it cannot read", async () => {
    const { id } = await made().plan(WISH);
    const file = path.join(made().folder(id), "trainyard.json");
    await writeFile(file, `{"id":"${id}","phase":"ma`);
    await assert.rejects(made().plan(WISH), { code: "record-unread" });
    await assert.rejects(made().forget(id), { code: "record-unread" });
    assert.match(await readFile(file, "utf8"), /"ma$/);
    // As a folder that may not be read.
    await rm(file);
    await mkdir(file);
    await assert.rejects(made().plan(WISH), { code: "record-unread", message: /EISDIR/ });
  });

  it("takes no path for an id", () => {
    assert.throws(() => made().folder("../x"));
    assert.throws(() => made().folder("a/b"));
  });
});
