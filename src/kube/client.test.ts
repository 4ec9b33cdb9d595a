import assert from "node:assert/strict";
import { KubeClient } from "./client.ts";
import { failure } from "./testing/testServers.ts";
import { ManualClock, turns } from "./testing/manualClock.ts";
import type { KubeResponse } from "./transport.ts";

describe("an answer that is read whole", () => {
  const clientOf = (body: AsyncIterable<Buffer>, clock: ManualClock, status = 200): [KubeClient, () => number] => {
    let cancelled = 0;
    const response: KubeResponse = { status, headers: {}, body, cancel: () => (cancelled += 1) };
    const client = new KubeClient({ send: () => Promise.resolve(response), dispose: () => undefined }, clock);
    return [client, () => cancelled];
  };
  const stalled = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from("{");
    await new Promise(() => undefined);
  };

  for (const status of [200, 503])
    it(`fails after 60 s of silence (${status})`, async () => {
      const clock = new ManualClock();
      const [client, cancelled] = clientOf(stalled(), clock, status);
      const reading = assert.rejects(
        client.json({ method: "GET", path: "/version" }),
        failure("unreachable", /sent nothing for 60 s/),
      );
      await turns();
      await clock.advance(59_000);
      assert.equal(cancelled(), 0);
      await clock.advance(1_000);
      await reading;
      assert.ok(cancelled() > 0);
      assert.equal(clock.timers, 0);
    });

  it("fails beyond 64 MB, without keeping more", async () => {
    let given = 0;
    const endless = async function* (): AsyncGenerator<Buffer> {
      for (const chunk = Buffer.alloc(1024 * 1024, " "); ; given++) yield await Promise.resolve(chunk);
    };
    const [client, cancelled] = clientOf(endless(), new ManualClock());
    await assert.rejects(client.json({ method: "GET", path: "/x" }), failure("unreachable", /larger than 64 MB/));
    assert.ok(given <= 65 && cancelled() > 0);
  });
});
