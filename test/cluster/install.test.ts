import assert from "node:assert/strict";
import { Cleanup, openRig, temporaryFolder } from "./support.ts";
import type { Step } from "../../src/contract/preview.ts";
import type { Release } from "../../src/install/index.ts";
import { until } from "../editor/until.ts";
import { lastSteps, type Rig, SANDBOX, sharedRig, training, windowOf } from "../install/rig.ts";
import { SMALL, SMALL_OBJECTS, smallFolder, thing } from "../install/smallRelease.ts";
import { disturbServer } from "../sandbox/sandbox.ts";

const ELSEWHERE = "another window does this";
const BUILT_IN = ["default", "kube-node-lease", "kube-public", "kube-system"];

describe("installing Kubeflow", function () {
  this.timeout(120_000);
  const cleanup = new Cleanup();
  const open = sharedRig();
  let rig: Rig;
  let small: string;
  /** Ends what a row that failed has left under way. */
  let row = new AbortController();

  before(async function () {
    // kwok and the release's modules may still have to be built and fetched.
    this.timeout(900_000);
    rig = await open();
    small = await smallFolder(await temporaryFolder(cleanup));
  });
  after(() => cleanup.run());
  beforeEach(() => {
    row = new AbortController();
  });
  afterEach(async function () {
    rig.standIn.fills = true;
    row.abort();
    if (this.currentTest?.state !== "failed") return;
    // One row that fails must not bring down those after it: what cannot be wiped, they will say themselves.
    await wipe().catch((error: unknown) => console.warn("not wiped:", error));
  });

  const all = (folder: string = small) => ({ ...training(folder), release: "small", wanted: ["all"] });
  const window = (storage?: string, release: Release = SMALL) =>
    windowOf(cleanup, rig.client, { release, ...(storage === undefined ? {} : { storage }) });
  const kubectl = (...args: string[]) => rig.sandbox.kubectl(args);
  const apply = (object: object, ...args: string[]) =>
    rig.sandbox.kubectl(["apply", "-f", "-", ...args], JSON.stringify(object));

  const words = (output: string) => output.split(/\s+/).filter((word) => word !== "");
  const spaces = async () =>
    words(await kubectl("get", "namespaces", "-o", "name")).map((name) => name.slice("namespace/".length));

  async function removeAll(): Promise<readonly string[]> {
    const { installer } = await window();
    const { left } = await installer.uninstall({ volumes: false }, () => undefined, row.signal);
    return left;
  }

  /** Whatever a row has left, also what a finalizer of its holds; in a bounded time. */
  async function wipe(): Promise<void> {
    const rest = (await spaces()).filter((name) => !BUILT_IN.includes(name));
    await kubectl("delete", "validatingwebhookconfigurations,mutatingwebhookconfigurations", "--all", "--timeout=20s");
    const definitions = words(await kubectl("get", "crds", "-o", "name")).map((name) => name.split("/")[1] ?? "");
    if (definitions.length > 0) await kubectl("delete", "crds", "--all", "--wait=false");
    if (rest.length > 0) await kubectl("delete", "namespaces", "--ignore-not-found", "--wait=false", ...rest);
    const format = 'jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name}{"\\n"}{end}';
    for (const kind of [...definitions, "configmaps"])
      // A kind that is served no more has no objects.
      for (const at of words(await kubectl("get", kind, "-A", "-o", format).catch(() => ""))) {
        const [space = "", name = ""] = at.split("/");
        if (!rest.includes(space)) continue;
        const none = '{"metadata":{"finalizers":null}}';
        // One that has gone meanwhile needs it no more.
        await kubectl("patch", kind, name, "-n", space, "--type=merge", "-p", none).catch(() => undefined);
      }
    if (definitions.length > 0)
      await kubectl("wait", "--for=delete", "--timeout=20s", ...definitions.map((name) => `crd/${name}`));
    if (rest.length > 0)
      await kubectl("wait", "--for=delete", "--timeout=40s", ...rest.map((name) => `namespace/${name}`));
  }

  async function isEmpty(): Promise<void> {
    assert.deepEqual(await spaces(), BUILT_IN);
    const definitions = await kubectl(
      "get",
      "crds,validatingwebhookconfigurations,mutatingwebhookconfigurations",
      "-o",
      "name",
    );
    assert.equal(definitions.trim(), "");
  }

  it("brings the training profile from nothing to healthy, and away again without a Terminating namespace", async () => {
    const { installer, client } = await windowOf(cleanup, rig.client);
    const plan = await installer.plan(training(rig.folder), row.signal);
    assert.equal(plan.blocked, false);
    assert.ok(plan.changes.some(({ component, what }) => component === "trainer" && what.includes("aggregated")));
    const steps = lastSteps();
    await installer.run(plan, steps.onSteps, row.signal);
    const objects = plan.components.reduce((sum, one) => sum + one.objects.length, 0);
    assert.equal(client.applied.length, objects);
    const said = steps.all.flat().map(({ detail }) => detail);
    assert.ok(said.some((detail) => /certificate authority is not filled in yet|nothing answers behind/.test(detail)));
    const health = await installer.health(row.signal);
    assert.deepEqual(
      new Set(health.map(({ id, state }) => `${id} ${state}`)),
      new Set(["namespaces healthy", "training-operator healthy", "trainer healthy"]),
    );

    const again = await windowOf(cleanup, rig.client);
    await again.installer.run(
      await again.installer.plan(training(rig.folder), row.signal),
      () => undefined,
      row.signal,
    );
    assert.equal(again.client.applied.length, 0);

    assert.deepEqual(await removeAll(), []);
    await isEmpty();
  });

  it("goes on after an interruption at each phase, and repeats no finished component", async () => {
    for (let stop = 0; stop < SMALL_OBJECTS; stop += 3) {
      const first = await window();
      const ending = new AbortController();
      first.client.before = () => {
        if (first.client.applied.length > stop) ending.abort();
      };
      const steps = lastSteps();
      const plan = await first.installer.plan(all(), row.signal);
      await assert.rejects(first.installer.run(plan, steps.onSteps, ending.signal), { name: "CancelledError" });
      const finished = SMALL.components.filter(({ id }) => steps.of(id)?.state === "done").map(({ id }) => id);

      const second = await window(first.storage);
      await second.installer.resume(steps.onSteps, row.signal);
      const repeated = second.client.applied.filter((path) => finished.some((id) => path.includes(`small-${id}`)));
      assert.deepEqual(repeated, [], `interrupted after ${stop} objects, with ${finished.join(", ")} done`);
      assert.ok((await second.installer.health(row.signal)).every(({ state }) => state === "healthy"));
      assert.equal(await second.installer.unfinished(row.signal), undefined);
      assert.deepEqual(await removeAll(), []);
    }
    await isEmpty();
  });

  it("names a webhook that does not come up, finishes what does not need it, and goes on later", async () => {
    const hasty: Release = { ...SMALL, components: SMALL.components.map((one) => ({ ...one, readyWithinS: 4 })) };
    rig.standIn.fills = false;
    const { installer, client, storage } = await window(undefined, hasty);
    const steps = lastSteps();
    const plan = await installer.plan(all(), row.signal);
    await assert.rejects(installer.run(plan, steps.onSteps, row.signal), {
      code: "install-failed",
      message: /base was not installed\..*things\.small\.test: its certificate authority is not filled in yet/,
    });
    assert.deepEqual(
      ["base", "next", "side"].map((id) => steps.of(id)?.state),
      ["failed", "skipped", "done"],
    );
    assert.match(steps.of("next")?.detail ?? "", /needs base/);
    assert.ok(
      !client.applied.some((path) => path.includes("things/")),
      "no custom resource was sent before its webhook was ready",
    );
    rig.standIn.fills = true;
    const later = await window(storage);
    await later.installer.resume(steps.onSteps, row.signal);
    assert.ok(!later.client.applied.some((path) => path.includes("small-side")));
    assert.deepEqual(await removeAll(), []);
  });

  it("says which quota refuses, and keeps a namespace that was there before", async () => {
    await kubectl("create", "namespace", "small-side");
    await until(
      "the namespace's own ConfigMap",
      () => kubectl("get", "configmaps", "-n", "small-side", "-o", "name"),
      (names) => names !== "",
    );
    await apply({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "tight", namespace: "small-side" },
      spec: { hard: { "count/configmaps": "1" } },
    });
    await until(
      "the quota counted",
      () => kubectl("get", "resourcequota", "tight", "-n", "small-side", "-o", "jsonpath={.status.used}"),
      (used) => used.includes("1"),
    );
    const { installer } = await window();
    const steps = lastSteps();
    await assert.rejects(installer.run(await installer.plan(all(), row.signal), steps.onSteps, row.signal), {
      code: "install-failed",
      message: /quota tight/,
    });
    assert.deepEqual(
      ["base", "next", "side"].map((id) => steps.of(id)?.state),
      ["done", "done", "failed"],
    );
    await kubectl("delete", "resourcequota", "tight", "-n", "small-side");
    await installer.resume(steps.onSteps, row.signal);
    assert.deepEqual(await removeAll(), []);
    assert.match(await kubectl("get", "namespace", "small-side", "-o", "jsonpath={.status.phase}"), /Active/);
    await kubectl("delete", "namespace", "small-side");
  });

  it("refuses before it writes where the person may not install, with a request for who may", async () => {
    const narrow = await openRig(cleanup, rig.sandbox.narrowKubeconfig);
    const { installer, client } = await windowOf(cleanup, narrow.client, { release: SMALL });
    const plan = await installer.plan(all(), row.signal);
    assert.match(plan.checks.find(({ id }) => id === "rights")?.detail ?? "", /You may not make .*namespaces/);
    assert.match(plan.adminText({ context: "x", user: "narrow" }), /narrow[^]*kubectl apply --server-side -k/);
    await assert.rejects(
      installer.run(plan, () => undefined, row.signal),
      { code: "checks-failed" },
    );
    assert.equal(
      client.requests.filter(({ method, path }) => method !== "GET" && !path.includes("selfsubject")).length,
      0,
    );
  });

  it("refuses a cluster that is too old", async () => {
    const { installer } = await window(undefined, { ...SMALL, kubernetes: { oldest: 35, newest: 36 } });
    const plan = await installer.plan(all(), row.signal);
    await assert.rejects(
      installer.run(plan, () => undefined, row.signal),
      { code: "checks-failed", message: /v1\.34\.10 is too old.*1\.35 to 1\.36/ },
    );
  });

  it("waits for a namespace that is stuck Terminating, and names what holds it", async () => {
    await kubectl("create", "namespace", "small-side");
    await apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "held", namespace: "small-side", finalizers: ["test.local/hold"] },
    });
    await kubectl("delete", "namespace", "small-side", "--wait=false");
    const { installer } = await window();
    const plan = await installer.plan(all(), row.signal);
    assert.ok(plan.checks.some(({ id, state }) => id === "terminating-small-side" && state === "warning"));
    const steps = lastSteps();
    const running = installer.run(plan, steps.onSteps, row.signal);
    // Where the row fails before it waits for this, that is what is to be told.
    running.catch(() => undefined);
    await until(
      "the finalizer named",
      () => Promise.resolve(steps.of("side")?.detail ?? ""),
      (detail) => detail.includes("test.local/hold"),
    );
    await kubectl(
      "patch",
      "configmap",
      "held",
      "-n",
      "small-side",
      "--type=merge",
      "-p",
      '{"metadata":{"finalizers":null}}',
    );
    await running;
    assert.ok((await installer.health(row.signal)).every(({ state }) => state === "healthy"));
    assert.deepEqual(await removeAll(), []);
  });

  it("lets one of two windows install while the other follows", async () => {
    const windows = [await window(), await window()];
    const shown = windows.map(() => lastSteps());
    // The first is not done before the other has seen it at work.
    rig.standIn.fills = false;
    const runs = windows.map(async ({ installer }, at) => {
      const plan = await installer.plan(all(), row.signal);
      const onSteps = (steps: readonly Step[]): void => {
        shown[at]?.onSteps(steps);
        if (steps.some(({ detail }) => detail.includes(ELSEWHERE))) rig.standIn.fills = true;
      };
      await installer.run(plan, onSteps, row.signal);
    });
    await Promise.all(runs);
    const applied = windows.map(({ client }) => client.applied.length);
    assert.deepEqual([Math.min(...applied), Math.max(...applied)], [0, SMALL_OBJECTS]);
    const follower = shown[applied.indexOf(0)];
    assert.ok(follower?.all.flat().some(({ detail }) => detail.includes(ELSEWHERE)));
    assert.equal(follower?.of("next")?.state, "done");
    assert.deepEqual(await removeAll(), []);
  });

  it("refuses what another tool has installed, takes it over when asked, and leaves it at the end", async () => {
    await kubectl("apply", "--server-side", "--field-manager=helm", "-k", `${small}/side`);
    const { installer } = await window();
    const plan = await installer.plan(all(), row.signal);
    assert.match(plan.checks.find(({ id }) => id === "existing-side")?.detail ?? "", /made by «helm»/);
    await assert.rejects(
      installer.run(plan, () => undefined, row.signal),
      { code: "checks-failed" },
    );
    await installer.run(await installer.plan({ ...all(), adopt: ["side"] }, row.signal), () => undefined, row.signal);
    const left = await removeAll();
    assert.deepEqual([...left].sort(), [
      "ConfigMap settings in small-side: it was there before",
      "Deployment controller in small-side: it was there before",
    ]);
    await kubectl("delete", "namespace", "small-side");
    await isEmpty();
  });

  it("goes on when the API server was killed in the middle", async () => {
    const { installer, client } = await window();
    let killing: Promise<void> | undefined;
    client.before = () => {
      if (client.applied.length === 6)
        killing ??= disturbServer(SANDBOX, "kill").then(() => disturbServer(SANDBOX, "start"));
    };
    await installer.run(await installer.plan(all(), row.signal), () => undefined, row.signal);
    assert.ok(killing !== undefined);
    await killing;
    assert.ok((await installer.health(row.signal)).every(({ state }) => state === "healthy"));
    assert.deepEqual(await removeAll(), []);
  });

  it("keeps volumes with data unless asked, and names what holds an object that does not go", async () => {
    const claim = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data", namespace: "small-side" },
      spec: { accessModes: ["ReadWriteOnce"], storageClassName: "none", resources: { requests: { storage: "1Gi" } } },
    };
    const folder = await smallFolder(await temporaryFolder(cleanup), { side: [claim] });
    const { installer } = await window();
    await installer.run(await installer.plan(all(folder), row.signal), () => undefined, row.signal);
    await apply(thing("held", "small-next", ["test.local/hold"]));
    const { left } = await installer.uninstall({ volumes: false, goneWithinMs: 3_000 }, () => undefined, row.signal);
    assert.ok(
      left.some((line) => line === "Namespace small-side: it holds 1 volume with data"),
      left.join("\n"),
    );
    assert.ok(
      left.some((line) => line === "Thing held in small-next: it waits for the finalizer test.local/hold"),
      left.join("\n"),
    );
    assert.doesNotMatch(await kubectl("get", "namespaces"), /Terminating/);
    await kubectl(
      "patch",
      "thing",
      "held",
      "-n",
      "small-next",
      "--type=merge",
      "-p",
      '{"metadata":{"finalizers":null}}',
    );
    await kubectl("delete", "namespace", "small-side", "small-next");
    await kubectl("delete", "crd", "things.small.test");
    await isEmpty();
  });
});
