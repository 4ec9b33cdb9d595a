import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import type { LaunchEntry } from "../../../src/jobs/journal.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { LaunchJournal } from "../../../src/jobs/journal.ts";
import type { KubeObject, ResourceKind } from "../../../src/kube/objects.ts";
import { isApiError } from "../../../src/kube/errors.ts";
import { OUR_LABELS } from "../../../src/kubeflow/labels.ts";
import { PYTORCH_JOB } from "../../../src/kubeflow/kinds/pytorchJob.ts";
import { disturbServer } from "../../sandbox/sandbox.ts";
import { itFull } from "../../rings/skip.ts";
import type { Order } from "../launchChild.ts";
import { createRaw, follow, followToEnd } from "../recorder.ts";
import { Cleanup, CONFIG_MAP, kubeconfigOf, launchPlan, temporaryFolder, writeProject } from "../support.ts";
import { become, BentClock, Client, project, sandboxName, Truth, Watched } from "./bench.ts";

const CRD: ResourceKind = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
};

describe("fault matrix, the cluster itself", () => {
  const cleanup = new Cleanup();
  let own = new Cleanup();
  let truth: Truth;

  before(async () => {
    truth = await Truth.open(cleanup, "itself");
  });
  afterEach(async () => {
    await own.run();
    own = new Cleanup();
  });
  after(() => cleanup.run());

  it("row 11: U+2028, carriage returns, NUL, a line of 1 MB and characters that are split: each line once, as it was", async () => {
    const code = [
      "import sys, time",
      "def say(data):",
      "    sys.stdout.buffer.write(data); sys.stdout.buffer.flush()",
      "say(b'10%\\r20%\\r100%\\n')",
      "say('a\\u2028b\\u2029c\\u0085d\\n'.encode())",
      "say(b'nul\\x00here\\n')",
      "say(b'euro \\xe2\\x82'); time.sleep(0.3); say(b'\\xac\\n')",
      "say(b'not utf8 \\xff\\xfe\\n')",
      // Where the runtime cuts lines into parts of 16 KB, a character lies across.
      "say(b'x' + '\\u00e9'.encode() * 20000 + b'\\n')",
      "say(b'm' * 999999 + b'\\n')",
      "say(b'\\n'); say(b'the end, without a line feed')",
    ].join("\n");
    const client = await Client.open(own, truth);
    const target = await createRaw(truth.rig, { name: "bytes", namespace: truth.namespace, master: code });
    const { recorder, result } = await followToEnd(client.rig, target);
    assert.equal(result.verdict.outcome, "succeeded");
    const lines = recorder.records.map(({ text }) => text);
    const long = lines.filter((line) => /^m+$/.test(line));
    assert.deepEqual(
      lines.filter((line) => !long.includes(line)),
      [
        "10%\r20%\r100%",
        "a\u2028b\u2029c\u0085d",
        "nul\0here",
        "euro €",
        "not utf8 \ufffd\ufffd",
        `x${"é".repeat(20_000)}`,
        "",
        "the end, without a line feed",
      ],
    );
    // More than a megabyte with its time before it: it comes in two parts, and whole.
    assert.equal(long.join("").length, 999_999);
    assert.ok(long.length <= 2);
    assert.deepEqual(recorder.gaps, []);
    await client.close();
  });

  it("row 15: a kind that comes into being, goes and comes back while it is watched", async () => {
    const group = `r15-${randomBytes(3).toString("hex")}.trainyard.test`;
    const kind: ResourceKind = { group, version: "v1", plural: "widgets", kind: "Widget", namespaced: true };
    const define = (): Promise<KubeObject> => truth.client.create<KubeObject>(CRD, definitionOf(kind));
    const remove = async (): Promise<void> => {
      const found = await truth.client.get<KubeObject>(CRD, `widgets.${group}`);
      await truth.client.delete(CRD, `widgets.${group}`, undefined, found.metadata.uid ?? "");
    };
    const make = async (name: string): Promise<void> => {
      const object: KubeObject = {
        apiVersion: `${group}/v1`,
        kind: "Widget",
        metadata: { name, namespace: truth.namespace },
      };
      await become(`${name} to be taken`, 15_000, async () => {
        try {
          await truth.client.create(kind, object);
          return true;
        } catch (error) {
          // Not served yet, or still being taken away.
          if (isApiError(error) && [404, 405, 409, 429].includes(error.status)) return false;
          throw error;
        }
      });
    };
    // An absent kind is asked for every minute: a thirtieth of that here.
    const clock = new BentClock(30);
    const client = await Client.open(own, truth, { clock });
    const definition = { kind, project };
    const watched = new Watched(client.stores.get(definition, truth.namespace), truth, definition);
    await watched.is("absent");
    await define();
    own.add(() => remove().catch(() => undefined));
    await watched.is("live");
    clock.times = 1;
    await make("one");
    await make("two");
    await watched.recovers(5_000);
    assert.equal(watched.store.items.size, 2);

    clock.times = 30;
    await remove();
    await watched.is("absent", 20_000);
    assert.deepEqual([watched.store.items.size, watched.believed.size], [0, 0]);
    await define();
    await make("three");
    await watched.is("live", 20_000);
    clock.times = 1;
    await watched.recovers(10_000);
    assert.deepEqual(
      [...watched.store.items.values()].map(({ name }) => name),
      ["three"],
    );
    const refusals = client.faults.seen.filter(({ status }) => status === 404 || status === 429).length;
    assert.ok(refusals <= 30, `${refusals} questions for what is not there`);
    assert.ok(!watched.kinds.includes("failed") || watched.kinds.at(-1) === "live");
    await client.close();
  });

  it("row 19: two windows on one cluster with one folder: each launch once, what was interrupted is finished once, both see the same", async () => {
    const storage = await temporaryFolder(own);
    const file = await writeProject(own, { "two.py": "print('two')\n" });
    const windows = await Promise.all([1, 2].map(() => Client.open(own, truth, { engine: { storage } })));
    const definition = { kind: PYTORCH_JOB, labelSelector: OUR_LABELS.launch, project };
    const watched = windows.map(
      (client) => new Watched(client.stores.get(definition, truth.namespace), truth, definition),
    );
    const jobs = await Promise.all(
      windows.flatMap(({ rig }) => [1, 2].map(() => launchPlan(rig, file, truth.namespace))),
    );
    assert.equal(new Set(jobs.map(({ uid }) => uid)).size, 4);
    const journal = new LaunchJournal(path.join(storage, "launches"), { log: silentLogger, clock: systemClock });
    assert.deepEqual((await journal.list()).map(({ id }) => id).sort(), jobs.map(({ id }) => id).sort());

    // A third window is killed in the middle of a launch; both others find it at the same moment.
    await killedWindow({
      kubeconfig: kubeconfigOf("admin"),
      storage,
      file,
      namespace: truth.namespace,
      stopAt: "created",
      go: "/none",
    });
    const found = await Promise.all(windows.map(({ rig }) => rig.engine.jobs.launcher.interrupted()));
    const [entry] = found[0] ?? [];
    assert.ok(entry !== undefined && found.every((entries) => entries.length === 1));
    const finish = ({ rig }: Client): Promise<{ kind: string }> => rig.engine.jobs.launcher.resume(entry, rig.client);
    const outcomes = await Promise.all(windows.map(finish));
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ["started", "started"],
    );
    await Promise.all(windows.map(({ rig }) => rig.engine.prune()));
    assert.deepEqual(await windows[0]?.rig.engine.jobs.launcher.interrupted(), []);
    for (const { id } of [...jobs, entry]) await assertOne(id);
    for (const one of watched) await one.recovers(20_000);
    assert.equal(watched[0]?.store.items.size, 5);
    for (const client of windows) {
      assert.equal(client.faults.handshakes, 1);
      client.assertNoStorm();
      await client.close();
    }

    async function assertOne(id: LaunchEntry["id"]): Promise<void> {
      const selector = { namespace: truth.namespace, labelSelector: `${OUR_LABELS.launch}=${id}` };
      for (const kind of [PYTORCH_JOB, CONFIG_MAP])
        assert.equal((await truth.client.list(kind, selector)).items.length, 1, kind.kind);
    }
  });

  /** Kills the API server under twelve watches and a log, and starts it again on the same etcd. */
  async function outage(row: string, compacted: boolean): Promise<void> {
    const sandbox = sandboxName();
    const client = await Client.open(own, truth, { random: Math.random });
    const rows = Array.from({ length: 12 }, (_, index) => `${row}-${index}`);
    await Promise.all(rows.map((one) => truth.put(one, "a", "1")));
    const watched = rows.map((one) => client.watch(one));
    await Promise.all(watched.map((one) => one.recovers(10_000)));
    const code = "import time\nfor i in range(600):\n    print(i, flush=True)\n    time.sleep(0.1)";
    const target = await createRaw(truth.rig, { name: row, namespace: truth.namespace, master: code });
    const { recorder, result, stop } = follow(client.rig, target);
    await recorder.heard(0, "5");
    const version =
      (await truth.client.list(CONFIG_MAP, { namespace: truth.namespace })).metadata.resourceVersion ?? "";

    // Whatever fails here, the sandbox is left as it was.
    own.add(() => disturbServer(sandbox, "start"));
    const lost = Date.now();
    await disturbServer(sandbox, "kill");
    if (compacted) await disturbServer(sandbox, "compact");
    for (const { store } of watched) {
      await become("the age to be told", 10_000, () => store.state.kind === "stale");
      const { state } = store;
      assert.ok(state.kind === "stale" && Math.abs(state.since - lost) < 60_000 && state.why !== "");
      assert.equal(store.items.size, 1, "rows stay");
    }
    await disturbServer(sandbox, "start");
    await Promise.all(rows.slice(0, 6).map((one) => truth.put(one, "a", "2")));
    await Promise.all(rows.slice(6).map((one) => truth.remove(one, "a")));
    // Eight to sixteen seconds were the longest pause when it came back.
    await Promise.all(watched.map((one) => one.recovers(25_000)));
    for (const { kinds } of watched) assert.ok(!kinds.includes("failed") && !kinds.includes("absent"), kinds.join());
    if (compacted) {
      // The very last version outlives a compaction; the one before it does not.
      const older = String(Number(version) - 1);
      const exactly = { namespace: truth.namespace, resourceVersion: older, resourceVersionMatch: "Exact" };
      await assert.rejects(
        truth.client.list(CONFIG_MAP, exactly),
        (error) => isApiError(error) && error.status === 410,
        "etcd has forgotten",
      );
    }
    const said = recorder.of(0).length;
    await become("the log to go on", 30_000, () => recorder.of(0).length > said + 10);
    const lines = recorder.of(0).map(Number);
    assert.equal(
      lines.findIndex((value, index) => value !== index),
      -1,
      "a line was lost or came twice",
    );
    stop.abort();
    await result.catch(() => undefined); // Stopped.
    client.assertNoStorm();
    await client.close();
  }

  // Last in their file: what they do is done to everybody, and the controllers need minutes to come back.
  const OUTAGE_MS = 300_000;

  itFull("row 1: the API server is killed and comes back", async function () {
    this.timeout(OUTAGE_MS);
    await outage("r1", false);
  });

  itFull("row 2: the same, and etcd has forgotten every version that we knew", async function () {
    this.timeout(OUTAGE_MS);
    await outage("r2", true);
  });

  itFull("rows 1 and 2 leave a cluster whose controllers work", async function () {
    this.timeout(OUTAGE_MS);
    const target = await createRaw(truth.rig, {
      name: "afterwards",
      namespace: truth.namespace,
      master: "print('well')",
    });
    const { recorder, result } = await followToEnd(truth.rig, target);
    assert.deepEqual([result.verdict.outcome, recorder.of(0)], ["succeeded", ["well"]]);
  });
});

/** A process of its own that launches, and dies after a step. */
async function killedWindow(order: Order): Promise<void> {
  const script = path.join(import.meta.dirname, "..", "launchChild.ts");
  const argv = ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", script, JSON.stringify(order)];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) if (line === order.stopAt) break;
  child.kill("SIGKILL");
  await ended;
}

function definitionOf({ group, version, plural, kind }: ResourceKind): KubeObject {
  const spec = {
    group,
    scope: "Namespaced",
    names: { plural, singular: kind.toLowerCase(), kind },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  };
  const object = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec,
  };
  return object;
}
