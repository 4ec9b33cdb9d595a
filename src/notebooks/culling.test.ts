import assert from "node:assert/strict";
import { KubeClient } from "../kube/client.ts";
import { type FakeReply, FakeTransport, json, refusal } from "../kube/testing/fakeTransport.ts";
import { readCulling, useLines } from "./culling.ts";

const forbidden = (): FakeReply => refusal(403, "Forbidden", "no");

async function read(container: object, settings: FakeReply | object = {}, deployment?: FakeReply) {
  const spec = { template: { spec: { containers: [{ name: "sidecar" }, { name: "manager", ...container }] } } };
  const transport = new FakeTransport(({ path }) => {
    if (path === "/apis/apps/v1/namespaces/kubeflow/deployments/notebook-controller-deployment")
      return deployment ?? json({ metadata: { name: "x" }, spec });
    assert.equal(path, "/api/v1/namespaces/kubeflow/configmaps/config-1");
    return "status" in settings ? settings : json({ metadata: { name: "x" }, data: settings });
  });
  const ms = await readCulling(new KubeClient(transport));
  return [ms === undefined ? undefined : ms / 60_000, transport.requests.length] as const;
}

describe("the culler's settings", () => {
  const from = { envFrom: [{ configMapRef: { name: "config-1" } }] };
  const ref = (key: string) => ({ name: key, valueFrom: { configMapKeyRef: { name: "config-1", key } } });

  it("are read where the controller has them: its environment, or its ConfigMap, whole or by key", async () => {
    assert.deepEqual(await read(from, { ENABLE_CULLING: "true", CULL_IDLE_TIME: "90" }), [90, 2]);
    const byKey = { env: [ref("ENABLE_CULLING"), ref("CULL_IDLE_TIME")] };
    assert.deepEqual(await read(byKey, { ENABLE_CULLING: "true", CULL_IDLE_TIME: "5" }), [5, 2]);
    const own = [{ name: "ENABLE_CULLING", value: "true" }];
    assert.deepEqual(await read({ env: own }), [1440, 1]);
    assert.deepEqual(await read({ ...from, env: own }, { ENABLE_CULLING: "false", CULL_IDLE_TIME: "x" }), [1440, 2]);
  });

  it("are not guessed: off, unreadable or somewhere else, nothing is known", async () => {
    assert.deepEqual(await read(from, { ENABLE_CULLING: "false", CULL_IDLE_TIME: "90" }), [undefined, 2]);
    assert.deepEqual(await read(from, forbidden()), [undefined, 2]);
    assert.deepEqual(await read({}, {}, forbidden()), [undefined, 1]);
    assert.deepEqual(await read({}, {}, refusal(404, "NotFound", "no")), [undefined, 1]);
    assert.deepEqual(await read({ envFrom: "x", env: [{ name: 5 }] }), [undefined, 1]);
    await assert.rejects(read({}, {}, refusal(500, "InternalError", "no")));
  });

  it("are told in full of a notebook whose use is counted, also where they are not known", () => {
    const HOUR = 3_600_000;
    const stops = (used: number, cullAfter?: number) => useLines(used * HOUR, cullAfter && cullAfter * HOUR, 10 * HOUR);
    assert.deepEqual(stops(8, 24), ["Last used 2 h ago", "Without use it stops in 22 h; here that is after 1 d"]);
    assert.match(stops(1, 8)[1] ?? "", /^Without use it is about to be stopped; here that is after 8 h$/);
    assert.match(stops(8)[1] ?? "", /^When it is stopped for want of use is not known: /);
  });
});
