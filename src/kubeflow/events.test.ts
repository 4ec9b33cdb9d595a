import assert from "node:assert/strict";
import { KubeClient } from "../kube/client.ts";
import { FakeTransport, json } from "../kube/testing/fakeTransport.ts";
import { readEvents } from "./events.ts";

const event = (uid: string, about: string, seconds: number): object => ({
  metadata: {
    name: uid,
    namespace: "ml",
    uid,
    creationTimestamp: `2026-01-01T00:00:${String(seconds).padStart(2, "0")}Z`,
  },
  involvedObject: { kind: "Pod", name: "x", uid: about },
});

describe("events of an object", () => {
  it("are asked for by uid: its own and twenty of its family's, six at a time, oldest first", async () => {
    let [open, most] = [0, 0];
    const asked: string[] = [];
    const transport = new FakeTransport(async ({ query }) => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setImmediate(resolve));
      open--;
      const selector = query["fieldSelector"] ?? "";
      asked.push(selector);
      if (selector.endsWith("=own")) return json({ items: [event("e2", "own", 20)] });
      return json({ items: selector.endsWith("=p3") ? [event("e3", "p3", 5), event("e2", "own", 20)] : [] });
    });
    const family = Array.from({ length: 40 }, (_, at) => `p${at}`);
    const about = { namespace: "ml", name: "bert" };
    const events = await readEvents(new KubeClient(transport), about, new Set(["own", "", ...family]));
    assert.deepEqual(
      events.map(({ uid }) => uid),
      ["e3", "e2"],
    );
    assert.deepEqual([asked.length, most], [21, 6]);
    assert.ok(asked.includes("involvedObject.uid=own") && asked.includes("involvedObject.uid=p19"));
    assert.ok(asked.every((selector) => /^involvedObject\.uid=.+/.test(selector)));
  });

  it("of a node are those that call it by its name too", async () => {
    const transport = new FakeTransport(() => json({ items: [] }));
    await readEvents(new KubeClient(transport), { namespace: undefined, name: "gpu-a" }, new Set([""]));
    assert.deepEqual(
      transport.requests.map(({ path, query }) => [path, query["fieldSelector"]]),
      [["/api/v1/namespaces/default/events", "involvedObject.kind=Node,involvedObject.name=gpu-a"]],
    );
  });
});
