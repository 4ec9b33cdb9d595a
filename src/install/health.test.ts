import assert from "node:assert/strict";
import { silentLogger } from "../core/log.ts";
import { KubeClient } from "../kube/client.ts";
import { ApiError } from "../kube/errors.ts";
import { FakeTransport, json, refusal } from "../kube/testing/fakeTransport.ts";
import { ManualClock } from "../kube/testing/manualClock.ts";
import { InstallHealth, type InstallView } from "./health.ts";
import type { ComponentHealth } from "./install.ts";
import type { ComponentRecord, InstallRecord } from "./record.ts";
import { RELEASE_26_03_1 } from "./releases/26.03.1.ts";

const FORBIDDEN = new ApiError(403, { code: 403, reason: "Forbidden", message: "no" });

function recordOf(
  states: Readonly<Record<string, ComponentRecord["state"]>>,
  intent: InstallRecord["intent"],
): InstallRecord {
  const components = Object.entries(states).map(([id, state]) => {
    const entry: ComponentRecord = { title: id, state, detail: "", hash: "", objects: [], kept: [], needs: [] };
    return [id, entry] as const;
  });
  const choice = { release: RELEASE_26_03_1.id, wanted: [], platform: "any" as const };
  const pin = { ref: "", commit: "", checksum: "" };
  return { format: 1, cluster: "", intent, choice, pin, updatedAt: 0, components: Object.fromEntries(components) };
}

/** An install as it is found; what is left out fails as what may not be read does. */
class Bench {
  readonly clock = new ManualClock();
  record: InstallRecord | undefined;
  health: readonly ComponentHealth[] | undefined;
  /** Milliseconds ago that whoever works at it has told so. */
  beat: number | undefined;
  readings = 0;
  readonly live = new InstallHealth({
    client: new KubeClient(
      new FakeTransport(() => {
        const renewTime = new Date(this.clock.now() - (this.beat ?? 0)).toISOString();
        return this.beat === undefined ? refusal(404, "NotFound", "no lease") : json({ spec: { renewTime } });
      }),
    ),
    installer: {
      installed: () => {
        this.readings++;
        return Promise.resolve(this.record);
      },
      health: () => (this.health === undefined ? Promise.reject(FORBIDDEN) : Promise.resolve(this.health)),
    },
    releases: [RELEASE_26_03_1],
    clock: this.clock,
    log: silentLogger,
  });

  async view(): Promise<InstallView | undefined> {
    this.live.look();
    this.live.refresh();
    await this.live.answered(0);
    await this.clock.advance(0);
    return this.live.value;
  }
}

const unready = (id: string, ...reasons: string[]): ComponentHealth => ({ id, title: id, state: "unready", reasons });
const states = (view: InstallView | undefined): readonly string[] => (view?.parts ?? []).map(({ state }) => state);

describe("the health of an install", () => {
  let bench: Bench;
  beforeEach(() => (bench = new Bench()));
  afterEach(() => bench.live.dispose());

  it("has a word for each component, and its version", async () => {
    bench.record = recordOf({ katib: "done", dex: "done", trainer: "done", jobset: "done", hub: "done" }, "install");
    bench.health = [
      { id: "katib", title: "katib", state: "healthy", reasons: [] },
      unready("dex", "Deployment dex in auth: 1 of 2 ready · pod dex-1: starting, on n"),
      unready("trainer", "Deployment t in kubeflow-system: 0 of 1 ready · pod t-1: restarting, exit code 1"),
      unready("jobset", "Deployment j in kubeflow-system: it is not there"),
      unready("hub", "Deployment h in kubeflow: 0 of 1 ready · pod h-1: waiting, the image cannot be pulled"),
    ];
    const view = await bench.view();
    assert.deepEqual(states(view), ["Ready", "Starting", "Failed", "Failed", "Waiting"]);
    assert.match(view?.parts[0]?.version ?? "", /^v?\d/);
    assert.deepEqual([view?.isFinished, view?.isUnderWay], [true, false]);
  });

  it("knows an install that somebody works at from one that was left", async () => {
    bench.record = recordOf({ katib: "running", dex: "waiting", hub: "failed", roles: "cancelled" }, "install");
    bench.health = [];
    assert.deepEqual(states(await bench.view()), ["Stopped", "Waiting", "Failed", "Stopped"]);
    bench.beat = 4_000;
    const busy = await bench.view();
    assert.deepEqual([states(busy)[0], busy?.isFinished, busy?.isUnderWay], ["Starting", false, true]);
  });

  it("says so where health may not be read, and nothing where nothing may be known", async () => {
    bench.record = recordOf({ katib: "done" }, "install");
    const [part] = (await bench.view())?.parts ?? [];
    assert.deepEqual([part?.state, part?.reasons], ["Unknown", ["The cluster says: no"]]);
    bench.record = undefined;
    assert.deepEqual((await bench.view())?.parts, []);
  });

  it("is read every minute, every 15 s while its components can be seen, and not where nobody looks", async () => {
    bench.record = recordOf({ katib: "done" }, "install");
    bench.health = [];
    await bench.view();
    const within = async (ms: number): Promise<number> => {
      const before = bench.readings;
      await bench.clock.advance(ms);
      return bench.readings - before;
    };
    assert.equal(await within(120_000), 2);
    bench.live.show(true);
    assert.equal(await within(0), 1, "at once");
    assert.equal(await within(60_000), 4);
    bench.live.show(false);
    bench.live.rest();
    assert.equal(await within(600_000), 0);
  });
});
