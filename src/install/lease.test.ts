import assert from "node:assert/strict";
import { silentLogger } from "../core/log.ts";
import { KubeClient } from "../kube/client.ts";
import { FakeTransport, json, refusal } from "../kube/testing/fakeTransport.ts";
import { ManualClock, until } from "../kube/testing/manualClock.ts";
import { record } from "../kubeflow/read.ts";
import { InstallLease } from "./lease.ts";

const NEVER = new AbortController().signal;
const nothing = (): void => undefined;

/** A cluster with room for one Lease, and windows that want it. */
function rig() {
  const clock = new ManualClock();
  let stored: Record<string, unknown> | undefined;
  let version = 0;
  const store = (spec: unknown) => {
    stored = { metadata: { name: "kubeflow-install", uid: "u", resourceVersion: String(++version) }, spec };
    return json(stored);
  };
  const transport = new FakeTransport(({ raw }) => {
    const body = record(raw.body);
    if (raw.method === "POST")
      return stored === undefined ? store(body["spec"]) : refusal(409, "AlreadyExists", "there");
    if (stored === undefined) return refusal(404, "NotFound", "none");
    if (raw.method === "GET") return json(stored);
    if (raw.method === "DELETE") {
      stored = undefined;
      return json({});
    }
    const seen = record(body["metadata"])["resourceVersion"];
    return seen === String(version) ? store(body["spec"]) : refusal(409, "Conflict", "changed");
  });
  const window = (name: string): InstallLease =>
    new InstallLease(new KubeClient(transport, clock), clock, silentLogger, name);
  return {
    clock,
    window,
    holder: () => record(stored?.["spec"])["holderIdentity"],
    steal: (name: string) =>
      store({ holderIdentity: name, leaseDurationSeconds: 15, renewTime: new Date(clock.now()).toISOString() }),
  };
}

describe("the lease of an install", () => {
  it("is one window's alone, for as long as that one renews it, and free when it is given back", async () => {
    const { clock, window } = rig();
    const held = await window("a").take(nothing, NEVER);
    assert.ok(held !== undefined);
    const other = window("b");
    for (let at = 0; at < 10; at++) {
      assert.equal(await other.take(nothing, NEVER), undefined);
      await clock.advance(6_000);
    }
    await held.release();
    assert.ok((await other.take(nothing, NEVER)) !== undefined);
  });

  it("is taken over from a window that has been silent for fifteen seconds while another looked", async () => {
    const { clock, window } = rig();
    const gone = await window("a").take(nothing, NEVER);
    gone?.dispose();
    const other = window("b");
    assert.equal(await other.take(nothing, NEVER), undefined);
    await clock.advance(14_000);
    assert.equal(await other.take(nothing, NEVER), undefined);
    await clock.advance(2_000);
    assert.ok((await other.take(nothing, NEVER)) !== undefined);
  });

  it("tells its holder when another has it", async () => {
    const { clock, window, steal, holder } = rig();
    let lost = false;
    const held = await window("a").take(() => (lost = true), NEVER);
    steal("b");
    await clock.advance(5_100);
    await until("told", () => lost);
    await held?.release();
    assert.equal(holder(), "b");
  });
});
