import assert from "node:assert/strict";
import { Heartbeat } from "./heartbeat.ts";
import { until } from "./testing/testServers.ts";

describe("heartbeat", () => {
  it("asks at once after a sleep, and does not wait long for a peer that is gone", async () => {
    const now = Date.now.bind(Date);
    let asked = 0;
    let dead = false;
    const heartbeat = new Heartbeat({
      quietMs: 12_000,
      answerMs: 60_000,
      received: () => 0,
      ask: () => asked++,
      onDead: () => (dead = true),
    });
    try {
      heartbeat.start();
      // Wall time goes on while a machine sleeps, timers do not.
      Date.now = () => now() + 60_000;
      const woke = performance.now();
      await until(() => dead, "the end of the connection");
      assert.equal(asked, 1);
      // One look (1 s) until it is noticed, a quarter for the answer.
      assert.ok(performance.now() - woke < 2_000);
    } finally {
      Date.now = now;
      heartbeat.stop();
    }
  });
});
