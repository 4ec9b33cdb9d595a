import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { silentLogger } from "../core/log.ts";
import { KubeClient } from "../kube/client.ts";
import { FakeTransport, json, refusal } from "../kube/testing/fakeTransport.ts";
import { type InstallRecord, Records } from "./record.ts";

const CLUSTER = "5f1c4e0a-0000-4000-8000-000000000000";
const RECORD: InstallRecord = {
  ...{ format: 1, cluster: CLUSTER, intent: "install", updatedAt: 10 },
  choice: { release: "26.03.1", wanted: ["training"], platform: "any", folder: "/mine" },
  pin: { ref: "", commit: "", checksum: "" },
  components: {
    a: {
      ...{ title: "A", state: "done", detail: "", hash: "", kept: [], needs: [] },
      objects: [{ apiVersion: "v1", kind: "Secret", namespace: "a", name: "system:b" }],
    },
  },
};

describe("the record of an install", () => {
  let folder: string;
  let inCluster: object | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "trainyard-"));
    inCluster = undefined;
  });
  afterEach(() => rm(folder, { recursive: true }));

  function records(): Records {
    const transport = new FakeTransport(({ raw }) => {
      if (raw.method !== "GET") return json({});
      if (inCluster === undefined) return refusal(404, "NotFound", "none");
      return json({ metadata: { name: "kubeflow-install" }, data: { record: JSON.stringify(inCluster) } });
    });
    return new Records(new KubeClient(transport), folder, CLUSTER, silentLogger);
  }
  const journal = (): string => path.join(folder, `${CLUSTER}.json`);

  it("is the newer one of the journal and the cluster", async () => {
    await records().save({ ...RECORD, components: {} });
    assert.equal((await records().load())?.choice.folder, "/mine");
    inCluster = { ...RECORD, updatedAt: 20, intent: "uninstall" };
    assert.equal((await records().load())?.intent, "uninstall");
    assert.equal((await records().own())?.intent, "install");
    // Finished, and the cluster knows nothing of it: it was taken away from elsewhere.
    await records().save(RECORD);
    inCluster = undefined;
    assert.equal(await records().load(), undefined);
  });

  it("takes no folder of this computer from a cluster", async () => {
    inCluster = RECORD;
    assert.equal((await records().load())?.choice.folder, undefined);
    await records().save({ ...RECORD, updatedAt: 5 });
    assert.equal((await records().load())?.choice.folder, "/mine");
    inCluster = { ...RECORD, choice: { ...RECORD.choice, folder: "/theirs" } };
    assert.equal((await records().load())?.choice.folder, undefined);
    assert.doesNotMatch(await readFile(journal(), "utf8"), /theirs/);
  });

  const hostile: readonly (readonly [what: string, record: object])[] = [
    ["a tag that climbs out", { ...RECORD, pin: { ...RECORD.pin, ref: "../../../evil/repo/tar.gz/main" } }],
    ["a commit that is none", { ...RECORD, pin: { ...RECORD.pin, commit: "main" } }],
    [
      "a name that is a path",
      {
        ...RECORD,
        components: {
          a: {
            ...RECORD.components["a"],
            objects: [{ apiVersion: "v1", kind: "Secret", namespace: "a", name: "../b" }],
          },
        },
      },
    ],
    ["another version", { ...RECORD, format: 2 }],
  ];
  for (const [what, record] of hostile)
    it(`refuses ${what}, and says so`, async () => {
      inCluster = record;
      await assert.rejects(records().load(), { code: "record-unread" });
      inCluster = undefined;
      await writeFile(journal(), JSON.stringify(record));
      await assert.rejects(records().own(), { code: "record-unread" });
    });

  it("of another cluster is none", async () => {
    inCluster = { ...RECORD, cluster: "another" };
    assert.equal(await records().load(), undefined);
  });
});
