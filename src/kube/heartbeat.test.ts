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

  it("asks at once after a long rest, in which the machine may have slept", async () => {
    const now = Date.now.bind(Date);
    let [asked, dead] = [0, false];
    const heartbeat = new Heartbeat({
      ...{ quietMs: 12_000, answerMs: 500, received: () => 0 },
      ask: () => asked++,
      onDead: () => (dead = true),
    });
    try {
      heartbeat.start();
      heartbeat.stop();
      heartbeat.start();
      assert.equal(asked, 0);
      heartbeat.stop();
      Date.now = () => now() + 60_000;
      heartbeat.start();
      assert.equal(asked, 1);
      await until(() => dead, "the end of the connection");
    } finally {
      Date.now = now;
      heartbeat.stop();
    }
  });

  it("asks at once where a sleep was not seen, or a question not answered, before the last stream ended", () => {
    const now = Date.now.bind(Date);
    let asked = 0;
    let answer = (): void => undefined;
    const heartbeat = new Heartbeat({
      ...{ quietMs: 36_000, answerMs: 60_000, received: () => 0, onDead: () => undefined },
      ask: (answered) => {
        asked++;
        answer = answered;
      },
    });
    try {
      heartbeat.start();
      // Less than a rest after which it is asked anyway.
      Date.now = () => now() + 20_000;
      heartbeat.stop();
      assert.equal(asked, 0);
      heartbeat.start();
      assert.equal(asked, 1);
      heartbeat.stop();
      heartbeat.start();
      assert.equal(asked, 2);
      heartbeat.stop();
      answer();
      heartbeat.start();
      assert.equal(asked, 2);
      heartbeat.stop();
      Date.now = () => now() + 60_000;
      heartbeat.start();
      assert.equal(asked, 3);
    } finally {
      Date.now = now;
      heartbeat.stop();
    }
  });

  it("leaves the peer its usual time where something would be lost, also what began after the question", async () => {
    const now = Date.now.bind(Date);
    for (const cheap of [true, false]) {
      let mayHurry = true;
      const gone = Promise.withResolvers<number>();
      const heartbeat = new Heartbeat({
        ...{ quietMs: 12_000, answerMs: 500, received: () => 0, ask: () => undefined },
        mayHurry: () => mayHurry,
        onDead: gone.resolve,
      });
      try {
        heartbeat.start();
        heartbeat.stop();
        Date.now = () => now() + 60_000;
        const asked = performance.now();
        heartbeat.start();
        mayHurry = cheap;
        assert.equal(await gone.promise, cheap ? 100 : 500);
        // Timers may be a millisecond early.
        assert.ok(performance.now() - asked > (cheap ? 98 : 498));
      } finally {
        Date.now = now;
        heartbeat.stop();
      }
    }
  });
});
