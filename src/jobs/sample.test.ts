import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { silentLogger } from "../core/log.ts";
import { KubeClient } from "../kube/client.ts";
import { JobDesk } from "./desk.ts";
import { LogFile } from "./logFile.ts";
import { runSample } from "./sample.ts";
import { FakeApi } from "../kubeflow/testing/fakeApi.ts";
import { noPod, TestClock } from "./testing/launches.ts";
import type { Outcome } from "./verdict.ts";

const NEVER = new AbortController().signal;
const ID = "ffff91bc77aa";

describe("the sample job", () => {
  let folder: string;
  let api: FakeApi;

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-sample-"));
    await fs.writeFile(path.join(folder, "train.py"), "print('hello')\n");
    api = new FakeApi();
  });
  afterEach(() => fs.rm(folder, { recursive: true, force: true }));

  /** Runs it as a new window would; its job then comes to this end in the cluster. */
  function run(outcome: Outcome): Promise<string> {
    const state = { get: () => undefined, set: () => Promise.resolve() };
    const options = { version: "0.1.0", installation: "i", log: silentLogger, clock: new TestClock() };
    const desk = new JobDesk({ ...options, connect: noPod, state, folder: path.join(folder, "launches") });
    const at = { kind: "PyTorchJob" as const, context: "c", namespace: "ada", id: ID, image: "i:1" };
    return runSample(
      {
        ...{ ...at, desk, client: new KubeClient(api), file: path.join(folder, "train.py") },
        follow: async ({ name, uid }) => {
          const at = `/apis/kubeflow.org/v1/namespaces/ada/pytorchjobs/${name}`;
          const job = api.objects.get(at);
          assert.ok(job !== undefined);
          const type = outcome === "failed" ? "Failed" : "Succeeded";
          api.objects.set(at, { ...job, ...{ status: { conditions: [{ type, status: "True" }] } } });
          const log = await LogFile.create(path.join(folder, "logs"), name, uid);
          const verdict = { outcome, took: "2 s", reason: "it said no", neverStarted: [], stillRunning: [] };
          return { verdict, raised: undefined, log };
        },
      },
      () => undefined,
      NEVER,
    );
  }

  it("that is there is followed again; one that has failed is not the next", async () => {
    await assert.rejects(run("failed"), {
      code: "sample-failed",
      message: /sample-ffff in ada: failed\. it said no /,
    });
    assert.equal(await run("succeeded"), "sample-0000 in ada succeeded after 2 s.");
    assert.equal(await run("succeeded"), "sample-0000 in ada succeeded after 2 s.");
    assert.deepEqual(api.created, ["sample-ffff", "sample-0000"]);
  });

  it("ends at the last of twenty", async () => {
    for (let attempt = 0; attempt < 22; attempt++) await assert.rejects(run("failed"), { code: "sample-failed" });
    assert.equal(api.created.length, 20);
  });
});
