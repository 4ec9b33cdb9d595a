import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { type LaunchEntry, LaunchJournal, type LaunchStep } from "../../src/jobs/journal.ts";
import { codeName } from "../../src/jobs/index.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { OUR_LABELS } from "../../src/kubeflow/labels.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";
import { record } from "../../src/kubeflow/read.ts";
import { until } from "../editor/until.ts";
import type { Order } from "./launchChild.ts";
import { FaultProxy } from "./faultProxy.ts";
import { followToEnd } from "./recorder.ts";
import {
  bendKubeconfig,
  Cleanup,
  CONFIG_MAP,
  find,
  kubeconfigOf,
  launchPlan,
  makeNamespace,
  openRig,
  type Rig,
  serverOf,
  temporaryFolder,
  writeProject,
} from "./support.ts";

/** What stands in the way of the request after a step, and how it can be seen from elsewhere that it was served. */
const LOST: readonly {
  readonly after: LaunchStep;
  readonly what: string;
  readonly served: (rig: Rig, entry: LaunchEntry) => Promise<boolean>;
}[] = [
  {
    after: "journalled",
    what: "the job's creation",
    served: async (rig, entry) => (await rootOf(rig, entry)) !== undefined,
  },
  {
    after: "created",
    what: "the code's creation",
    served: async (rig, entry) =>
      (await find(rig.client, CONFIG_MAP, codeName(entry.spec), entry.namespace)) !== undefined,
  },
  {
    after: "code",
    what: "the start",
    served: async (rig, entry) => {
      const root = await rootOf(rig, entry);
      return root !== undefined && !isSuspended(root);
    },
  },
];

function rootOf(rig: Rig, entry: LaunchEntry): Promise<KubeObject | undefined> {
  return find(rig.client, PYTORCH_JOB, entry.name, entry.namespace);
}

function isSuspended(job: KubeObject): boolean {
  return record(record(record(job)["spec"])["runPolicy"])["suspend"] === true;
}

/** Exactly one root of this launch, started, with its code, and nothing else in the namespace that bears its id. */
async function assertOnce(rig: Rig, namespace: string, id: string): Promise<KubeObject> {
  const selector = { namespace, labelSelector: `${OUR_LABELS.launch}=${id}` };
  const roots = (await rig.client.list(PYTORCH_JOB, selector)).items;
  const codes = (await rig.client.list(CONFIG_MAP, selector)).items;
  const [root] = roots;
  assert.ok(root !== undefined);
  assert.equal(roots.length, 1);
  assert.ok(!isSuspended(root));
  assert.deepEqual(
    codes.map((code) => code.metadata.ownerReferences?.map((owner) => owner.uid)),
    [[root.metadata.uid]],
  );
  return root;
}

describe("a launch happens exactly once", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;
  let proxy: FaultProxy;
  let proxied: string;
  let file: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "once");
    proxy = await FaultProxy.start(await serverOf(kubeconfigOf("admin")));
    cleanup.add(() => proxy.stop());
    proxied = await bendKubeconfig(
      cleanup,
      kubeconfigOf("admin"),
      ({ cluster }) => (cluster["server"] = proxy.address),
    );
    file = await writeProject(cleanup, { "once.py": "print('once')\n" });
  });

  after(() => cleanup.run());

  afterEach(() => {
    proxy.mute(false);
    proxy.cut();
  });

  function journalOf(storage: string): LaunchJournal {
    return new LaunchJournal(path.join(storage, "launches"), { log: silentLogger, clock: systemClock });
  }

  async function onlyEntry(storage: string): Promise<LaunchEntry> {
    const [entry, ...more] = await journalOf(storage).list();
    assert.ok(entry !== undefined && more.length === 0);
    return entry;
  }

  /** Starts a window of its own that launches, and lets it come to this step. It stands still there. */
  async function windowAt(storage: string, step: LaunchStep): Promise<ChildProcess> {
    const order: Order = { kubeconfig: proxied, storage, file, namespace, stopAt: step, go: path.join(storage, "go") };
    const script = path.join(import.meta.dirname, "launchChild.ts");
    const argv = ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", script, JSON.stringify(order)];
    const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface({ input: child.stdout })) if (line === step) return child;
    throw new Error(`the child ended before ${step}`);
  }

  async function kill(child: ChildProcess): Promise<void> {
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }

  /** The next window finds the launch and finishes it. */
  async function resumeAll(storage: string): Promise<LaunchEntry> {
    const next = await openRig(cleanup, kubeconfigOf("admin"), { storage });
    const { launcher } = next.engine.jobs;
    const [entry, ...more] = await launcher.interrupted();
    assert.ok(entry !== undefined && more.length === 0);
    assert.equal((await launcher.resume(entry, next.client)).kind, "started");
    assert.deepEqual(await launcher.interrupted(), []);
    return entry;
  }

  for (const step of ["journalled", "created", "code", "started"] as const) {
    it(`when the window is killed after «${step}»`, async () => {
      const storage = await temporaryFolder(cleanup);
      await kill(await windowAt(storage, step));
      const { id } = await resumeAll(storage);
      await assertOnce(rig, namespace, id);
    });
  }

  it("when the window is killed while the job's creation is on its way, and it runs to its end", async () => {
    const storage = await temporaryFolder(cleanup);
    const child = await windowAt(storage, "journalled");
    const before = await onlyEntry(storage);
    proxy.mute(true);
    await fs.writeFile(path.join(storage, "go"), "");
    await until(
      "the job",
      () => rootOf(rig, before),
      (root) => root !== undefined,
    );
    await kill(child);
    proxy.mute(false);
    const { id } = await resumeAll(storage);
    const root = await assertOnce(rig, namespace, id);
    const { name, uid = "" } = root.metadata;
    const { recorder, result } = await followToEnd(rig, { namespace, name, uid });
    assert.equal(result.verdict.outcome, "succeeded");
    assert.deepEqual(recorder.of(0), ["once"]);
  });

  for (const { after, what, served } of LOST) {
    it(`when the answer to ${what} is lost`, async () => {
      const storage = await temporaryFolder(cleanup);
      const shaky = await openRig(cleanup, proxied, { storage });
      await shaky.engine.namespaces(shaky.context);
      const launched = launchPlan(shaky, file, namespace, (step) => {
        if (step === after) proxy.mute(true);
      });
      launched.catch(() => undefined);
      const entry = await until(
        "the entry",
        () => journalOf(storage).list(),
        (entries) => entries.length === 1,
      ).then(() => onlyEntry(storage));
      await until(
        `${what} to be served`,
        () => served(rig, entry),
        (done) => done,
      );
      proxy.mute(false);
      proxy.cut();
      const job = await launched;
      assert.equal((await assertOnce(rig, namespace, job.id)).metadata.uid, job.uid);
    });
  }

  it("when it is cancelled halfway: nothing is left of it", async () => {
    const storage = await temporaryFolder(cleanup);
    const own = await openRig(cleanup, kubeconfigOf("admin"), { storage });
    const plan = await own.engine.jobs.plan(file, { ...plannedFor(own), namespace }, own.client);
    const stop = new AbortController();
    const launched = own.engine.jobs.launcher.launch(plan.spec, plan.snapshot, own.client, stop.signal, (step) => {
      if (step === "created") stop.abort();
    });
    await assert.rejects(launched, { name: "CancelledError" });
    await until(
      "the job to go",
      () => find(rig.client, PYTORCH_JOB, plan.spec.name, namespace),
      (left) => left === undefined,
    );
    assert.deepEqual(await own.engine.jobs.journal.list(), []);
  });

  it("when the job was deleted before the next window came: it is not made again", async () => {
    const storage = await temporaryFolder(cleanup);
    await kill(await windowAt(storage, "code"));
    const next = await openRig(cleanup, kubeconfigOf("admin"), { storage });
    const [entry] = await next.engine.jobs.launcher.interrupted();
    assert.ok(entry?.uid !== undefined);
    await rig.client.delete(PYTORCH_JOB, entry.name, namespace, entry.uid);
    await until(
      "the job to go",
      () => rootOf(rig, entry),
      (root) => root === undefined,
    );
    // Somebody else takes the name meanwhile.
    const other = await rig.engine.jobs.plan(file, { ...plannedFor(rig), namespace }, rig.client);
    const theirs = await rig.engine.jobs.launcher.launch(
      { ...other.spec, name: entry.name },
      other.snapshot,
      rig.client,
    );
    const outcome = await next.engine.jobs.launcher.resume(entry, next.client).catch((error: unknown) => error);
    assert.equal((await rootOf(rig, entry))?.metadata.uid, theirs.uid);
    assert.ok(outcome instanceof Error && "code" in outcome && outcome.code === "name-taken", String(outcome));
    assert.deepEqual(await next.engine.jobs.launcher.interrupted(), []);
  });
});

function plannedFor(rig: Rig) {
  return {
    kind: "PyTorchJob" as const,
    context: rig.context,
    namespace: "",
    size: { nodes: 1, gpusPerNode: 0, processesPerNode: 1 },
    image: "trainyard.local/python:1",
    args: [],
  };
}
