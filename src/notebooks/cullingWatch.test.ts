import assert from "node:assert/strict";
import { KubeClient } from "../kube/client.ts";
import { FakeTransport, json, refusal } from "../kube/testing/fakeTransport.ts";
import { ManualClock, turns } from "../kube/testing/manualClock.ts";
import { projectNotebook, STOPPED_ANNOTATION } from "../kubeflow/kinds/notebook.ts";
import { CullingWatch } from "./cullingWatch.ts";

const MINUTE = 60_000;
const object = (annotations: Readonly<Record<string, string>>) => ({
  metadata: { name: "lab", namespace: "team-a", uid: "u", annotations },
});
const FORBIDDEN: Readonly<Record<string, string>> = {};
const used = { context: "dev", notebook: projectNotebook(object({})) };

describe("a notebook that this window uses, before it is stopped for want of use", () => {
  let clock: ManualClock;
  let watch: CullingWatch;
  let idle: string;
  let annotations: Readonly<Record<string, string>>;
  let isAway: boolean;
  let transport: FakeTransport;
  let told: number[];

  const active = (): void =>
    void (annotations = { "notebooks.kubeflow.org/last-activity": new Date(clock.now()).toISOString() });

  beforeEach(() => {
    clock = new ManualClock();
    watch = new CullingWatch(clock);
    [idle, isAway, told] = ["60", false, []];
    active();
    const env = () => [
      { name: "ENABLE_CULLING", value: "true" },
      { name: "CULL_IDLE_TIME", value: idle },
    ];
    transport = new FakeTransport(({ path }) => {
      if (isAway) return refusal(500, "InternalError", "no");
      if (annotations === FORBIDDEN) return refusal(403, "Forbidden", "no");
      if (!path.includes("/deployments/")) return json(object(annotations));
      if (idle === "") return refusal(403, "Forbidden", "no");
      const containers = [{ name: "manager", env: env() }];
      return json({ metadata: { name: "x" }, spec: { template: { spec: { containers } } } });
    });
    watch.onNear(({ left }) => told.push(left / MINUTE));
  });
  afterEach(() => watch.dispose());

  async function use(): Promise<void> {
    watch.use(used, () => new KubeClient(transport));
    await turns(10);
  }

  it("is told of ten minutes ahead, once, and again after it was used", async () => {
    await use();
    await use();
    await clock.advance(49 * MINUTE);
    assert.deepEqual(told, []);
    isAway = true;
    await clock.advance(MINUTE);
    isAway = false;
    await clock.advance(5 * MINUTE);
    assert.deepEqual(told, [5]);
    active();
    await clock.advance(50 * MINUTE);
    assert.deepEqual(told, [5, 10]);
    await clock.advance(9 * MINUTE);
    assert.deepEqual(told, [5, 10]);
  });

  it("is told of nearer where it may be idle for less, and no more once it is stopped or closed", async () => {
    idle = "8";
    await use();
    await clock.advance(5 * MINUTE);
    assert.deepEqual(told, []);
    await clock.advance(MINUTE);
    assert.deepEqual(told, [2]);
    annotations = { [STOPPED_ANNOTATION]: "2026-11-22T00:00:00Z" };
    await clock.advance(10 * MINUTE);
    assert.deepEqual([watch.get("u"), clock.timers], [undefined, 0]);
    active();
    await use();
    assert.ok(watch.get("u") !== undefined);
    watch.close("u");
    await clock.advance(60 * MINUTE);
    assert.deepEqual([told, clock.timers], [[2], 0]);
  });

  it("is not asked about while its cluster must not be, nor once another is in its place or the right is gone", async () => {
    let isLive = true;
    const client = (): KubeClient | undefined => (isLive ? new KubeClient(transport) : undefined);
    watch.use(used, client);
    await turns(10);
    isLive = false;
    const asked = transport.requests.length;
    await clock.advance(30 * MINUTE);
    assert.equal(transport.requests.length, asked);
    isLive = true;
    await clock.advance(21 * MINUTE);
    assert.equal(told.length, 1);
    assert.notEqual(watch.get("u")?.notebook.lastActivity, undefined);
    watch.replaced("other");
    assert.notEqual(watch.get("u"), undefined);
    watch.replaced("dev");
    await turns(10);
    assert.deepEqual([watch.get("u"), clock.timers], [undefined, 0]);
    watch.use(used, client);
    await turns(10);
    annotations = FORBIDDEN;
    await clock.advance(5 * MINUTE);
    assert.deepEqual([watch.get("u"), clock.timers], [undefined, 0]);
  });

  it("is not asked about where nobody may know when", async () => {
    idle = "";
    await use();
    assert.deepEqual([transport.requests.length, clock.timers, watch.get("u")], [1, 0, undefined]);
  });
});
