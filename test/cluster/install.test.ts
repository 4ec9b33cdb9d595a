import assert from "node:assert/strict";
import { Cleanup, openRig, temporaryFolder } from "./support.ts";
import type { Step } from "../../src/contract/preview.ts";
import type { Release } from "../../src/install/index.ts";
import { until } from "../editor/until.ts";
import { lastSteps, type Rig, SANDBOX, sharedRig, training, windowOf } from "../install/rig.ts";
import { make } from "../install/shapes.ts";
import { SMALL_NAMES, SMALL_OBJECTS, smallFolder, smallRelease } from "../install/smallRelease.ts";
import { itFull } from "../rings/skip.ts";
import { disturbServer } from "../sandbox/sandbox.ts";

const ELSEWHERE = "another window does this";

describe("installing Kubeflow", function () {
  this.timeout(120_000);
  const cleanup = new Cleanup();
  const open = sharedRig(cleanup);
  let rig: Rig;
  /** The small release under a name of the row's own: nobody waits for what an earlier one has left. */
  let of = "";
  let folder = "";
  /** Ends what a row that failed has left under way. */
  let row = new AbortController();

  before(async function () {
    // kwok and the release's modules may still have to be built and fetched.
    this.timeout(900_000);
    rig = await open();
  });
  after(() => cleanup.run());
  beforeEach(async () => {
    row = new AbortController();
    await begin();
  });
  afterEach(() => {
    rig.standIn.fills = true;
    row.abort();
  });

  /** As in a cluster that has seen no install. */
  async function begin(more: Parameters<typeof smallFolder>[1] = {}): Promise<void> {
    of = SMALL_NAMES[SMALL_NAMES.indexOf(of) + 1] ?? "";
    folder = await smallFolder(await temporaryFolder(cleanup), more, of);
    await kubectl("delete", "configmap", "kubeflow-install", "-n", "trainyard-system", "--ignore-not-found");
  }

  const all = () => ({ ...training(folder), release: "small", wanted: ["all"] });
  const window = (storage?: string, release: Release = smallRelease(of)) =>
    windowOf(cleanup, rig.client, { release, ...(storage === undefined ? {} : { storage }) });
  const kubectl = (...args: string[]) => rig.sandbox.kubectl(args);
  const apply = (object: object) => rig.sandbox.kubectl(["apply", "-f", "-"], JSON.stringify(object));
  const letGo = (kind: string, name: string, space: string) =>
    kubectl("patch", kind, name, "-n", space, "--type=merge", "-p", '{"metadata":{"finalizers":null}}');

  async function removeAll(): Promise<readonly string[]> {
    const { installer } = await window();
    const { left } = await installer.uninstall({ volumes: false }, () => undefined, row.signal);
    return left;
  }

  /** Namespaces, definitions and webhooks besides those of every cluster; only those of the row's release if it is named. */
  async function there(name?: string): Promise<readonly string[]> {
    const kinds = "namespaces,crds,validatingwebhookconfigurations,mutatingwebhookconfigurations";
    const found = (await kubectl("get", kinds, "-o", "name")).split(/\s+/).filter((each) => each !== "");
    return found.filter((each) => !/default|kube-/.test(each) && (name === undefined || each.includes(name)));
  }

  it("brings the training profile from nothing to healthy, and away again without a Terminating namespace", async () => {
    const { installer, client } = await windowOf(cleanup, rig.client);
    const plan = await installer.plan(training(rig.folder), row.signal);
    assert.equal(plan.blocked, false);
    assert.ok(plan.changes.some(({ component, what }) => component === "trainer" && what.includes("aggregated")));
    // The webhooks have no authority until the install has said that it waits for one.
    rig.standIn.fills = false;
    await installer.run(
      plan,
      (steps) => {
        if (steps.some(({ detail }) => detail.includes("certificate authority is not filled in yet")))
          rig.standIn.fills = true;
      },
      row.signal,
    );
    const objects = plan.components.reduce((sum, one) => sum + one.objects.length, 0);
    assert.equal(client.applied.length, objects);
    assert.ok(rig.standIn.fills, "it did not wait for the webhooks' authority, or did not say so");
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
    assert.deepEqual(await there(), []);
  });

  /** An install that ends after so many objects, and another window that goes on with it, for each of them. */
  async function interruptedAfter(stops: readonly number[]): Promise<void> {
    for (const stop of stops) {
      await begin();
      const first = await window();
      const ending = new AbortController();
      first.client.before = () => {
        if (first.client.applied.length > stop) ending.abort();
      };
      const steps = lastSteps();
      const plan = await first.installer.plan(all(), row.signal);
      await assert.rejects(first.installer.run(plan, steps.onSteps, ending.signal), { name: "CancelledError" });
      const finished = ["base", "next", "side"].filter((id) => steps.of(id)?.state === "done");

      const second = await window(first.storage);
      await second.installer.resume(steps.onSteps, row.signal);
      const repeated = second.client.applied.filter((path) => finished.some((id) => path.includes(`${of}-${id}`)));
      assert.deepEqual(repeated, [], `interrupted after ${stop} objects, with ${finished.join(", ")} done`);
      assert.ok((await second.installer.health(row.signal)).every(({ state }) => state === "healthy"));
      assert.equal(await second.installer.unfinished(row.signal), undefined);
    }
    assert.deepEqual(await removeAll(), []);
    assert.deepEqual(await there(of), []);
  }
  const AT_PHASES = [0, 3, 6, 9, 12];
  const stops = Array.from({ length: SMALL_OBJECTS }, (_, at) => at);

  it("goes on after an interruption at each phase, and repeats no finished component", () =>
    interruptedAfter(AT_PHASES));
  itFull("does so after every other object", () => interruptedAfter(stops.filter((at) => !AT_PHASES.includes(at))));

  it("names a webhook that does not come up, finishes what does not need it, and goes on later", async () => {
    const release = smallRelease(of);
    const hasty = {
      ...release,
      components: release.components.map((one) => ({ ...one, readyWithinS: one.id === "base" ? 15 : 60 })),
    };
    rig.standIn.fills = false;
    const { installer, client, storage } = await window(undefined, hasty);
    const steps = lastSteps();
    const plan = await installer.plan(all(), row.signal);
    await assert.rejects(installer.run(plan, steps.onSteps, row.signal), {
      code: "install-failed",
      message: /base was not installed\..*things\.small\d+\.test: its certificate authority is not filled in yet/,
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
    assert.ok(!later.client.applied.some((path) => path.includes(`${of}-side`)));
  });

  it("says which quota refuses, and keeps a namespace that was there before", async () => {
    const side = `${of}-side`;
    await kubectl("create", "namespace", side);
    await until(
      "the namespace's own ConfigMap",
      () => kubectl("get", "configmaps", "-n", side, "-o", "name"),
      (names) => names !== "",
    );
    await apply({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "tight", namespace: side },
      spec: { hard: { "count/configmaps": "1" } },
    });
    await until(
      "the quota counted",
      () => kubectl("get", "resourcequota", "tight", "-n", side, "-o", "jsonpath={.status.used}"),
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
    await kubectl("delete", "resourcequota", "tight", "-n", side);
    await installer.resume(steps.onSteps, row.signal);
    assert.deepEqual(await removeAll(), []);
    assert.match(await kubectl("get", "namespace", side, "-o", "jsonpath={.status.phase}"), /Active/);
  });

  it("refuses before it writes where the person may not install, with a request for who may", async () => {
    const narrow = await openRig(cleanup, rig.sandbox.narrowKubeconfig);
    const { installer, client } = await windowOf(cleanup, narrow.client, { release: smallRelease(of) });
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
    const { installer } = await window(undefined, { ...smallRelease(of), kubernetes: { oldest: 35, newest: 36 } });
    const plan = await installer.plan(all(), row.signal);
    await assert.rejects(
      installer.run(plan, () => undefined, row.signal),
      { code: "checks-failed", message: /v1\.34\.10 is too old.*1\.35 to 1\.36/ },
    );
  });

  it("waits for a namespace that is stuck Terminating, and names what holds it", async () => {
    const side = `${of}-side`;
    await kubectl("create", "namespace", side);
    await apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "held", namespace: side, finalizers: ["test.local/hold"] },
    });
    await kubectl("delete", "namespace", side, "--wait=false");
    const { installer } = await window();
    const plan = await installer.plan(all(), row.signal);
    assert.ok(plan.checks.some(({ id, state }) => id === `terminating-${side}` && state === "warning"));
    const steps = lastSteps();
    const running = installer.run(plan, steps.onSteps, row.signal);
    // Where the row fails before it waits for this, that is what is to be told.
    running.catch(() => undefined);
    await until(
      "the finalizer named",
      () => Promise.resolve(steps.of("side")?.detail ?? ""),
      (detail) => detail.includes("test.local/hold"),
    );
    await letGo("configmap", "held", side);
    await running;
    assert.ok((await installer.health(row.signal)).every(({ state }) => state === "healthy"));
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
  });

  it("refuses what another tool has installed, takes it over when asked, and leaves it at the end", async () => {
    await kubectl("apply", "--server-side", "--field-manager=helm", "-k", `${folder}/side`);
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
      `ConfigMap settings in ${of}-side: it was there before`,
      `Deployment controller in ${of}-side: it was there before`,
    ]);
    assert.deepEqual(await there(of), [`namespace/${of}-side`]);
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
  });

  it("keeps volumes with data unless asked, and names what holds an object that does not go", async () => {
    await begin({
      side: [
        make("v1", "PersistentVolumeClaim", "small-side", "data", {
          spec: {
            accessModes: ["ReadWriteOnce"],
            storageClassName: "",
            resources: { requests: { storage: "1Gi" } },
          },
        }),
      ],
    });
    const { installer } = await window();
    await installer.run(await installer.plan(all(), row.signal), () => undefined, row.signal);
    const [kind, next] = [`things.${of}.test`, `${of}-next`];
    await apply(make(`${of}.test/v1`, "Thing", next, "held", { metadata: { finalizers: ["test.local/hold"] } }));
    const { left } = await installer.uninstall({ volumes: false, goneWithinMs: 15_000 }, () => undefined, row.signal);
    for (const line of [
      `Namespace ${of}-side: it holds 1 volume with data`,
      `Thing held in ${next}: it waits for the finalizer test.local/hold`,
    ])
      assert.ok(left.includes(line), left.join("\n"));
    assert.deepEqual(await there(of), [
      ...[`namespace/${next}`, `namespace/${of}-side`],
      `customresourcedefinition.apiextensions.k8s.io/${kind}`,
    ]);
    assert.doesNotMatch(await kubectl("get", "namespaces", next, `${of}-side`), /Terminating/);
    await letGo(kind, "held", next);
    await kubectl("delete", "pvc", "data", "-n", `${of}-side`);
  });
});
