import assert from "node:assert/strict";
import fc from "fast-check";
import { CancelledError, isCancelled } from "../core/errors.ts";
import { silentLogger } from "../core/log.ts";
import { KubeClient } from "./client.ts";
import { ConnectError } from "./errors.ts";
import { followLog, type InstanceState, type LogEvent } from "./logStream.ts";
import { FakeBody, refusal, streaming } from "./testing/fakeTransport.ts";
import { FakeLog } from "./testing/fakeLog.ts";
import { at, lineOf, LogBench } from "./testing/logBench.ts";
import { turns, until } from "./testing/manualClock.ts";

describe("log stream", () => {
  let bench: LogBench;
  beforeEach(() => (bench = new LogBench()));
  afterEach(async () => {
    bench.abort.abort();
    await until("the end", () => bench.finished || bench.transport.requests.length === 0);
    await turns();
    assert.equal(bench.transport.open, 0, "open requests");
    assert.equal(bench.clock.timers, 0, "timers");
  });

  it("gives lines as they come, with the kubelet's times, and ends with the container", async () => {
    bench.log.write(lineOf(0));
    bench.start();
    await until("a line", () => bench.events.length === 1);
    bench.log.write(lineOf(1));
    await until("two lines", () => bench.events.length === 2);
    bench.state = "ended";
    bench.cut((body) => body.end());
    await bench.end();
    assert.deepEqual(bench.events[1], { type: "line", time: at(0, 1), text: "step 1", partial: false });
    assert.deepEqual(bench.lines, ["step 0", "step 1"]);
    const [first, last] = bench.transport.requests;
    assert.equal(first?.path, "/api/v1/namespaces/ml/pods/job-worker-0/log");
    assert.deepEqual(first.query, { container: "pytorch", timestamps: "true", follow: "true" });
    assert.deepEqual(last?.query, { ...first.query, follow: "false", sinceTime: "2026-11-22T09:59:59Z" });
  });

  it("11: gives \\r, U+2028, NUL, escape sequences and empty lines as they are", async () => {
    const texts = ["10%\r20%", "a\u2028b", "\0", "\u001b[31mred", "", " two  spaces ", "終わり🚂"];
    bench.log.chunkSize = 1;
    bench.log.write(...texts.map((text, index) => ({ time: at(0, index), text })));
    bench.start();
    await until("all lines", () => bench.events.length === texts.length);
    assert.deepEqual(bench.lines, texts);
  });

  it("11: gives a line of 3 MB in parts, also over a cut in it", async () => {
    const long = "y".repeat(3_000_000);
    bench.log.write(lineOf(0), { time: at(0, 5), text: long }, lineOf(10));
    const requests = bench.transport.requests;
    bench.fault = (request) => {
      if (requests.length > 1) return undefined;
      return streaming(new FakeBody().pushInChunks(bench.log.served(request).subarray(0, 2_200_000), 65_536).fail());
    };
    bench.start();
    await until("the cut", () => bench.events.at(-1)?.type === "reconnecting");
    await turns();
    await bench.clock.advance(1_000);
    await until("the line after", () => bench.lines.at(-1) === "step 10");
    const parts = bench.events.filter((event) => event.type === "line" && event.time === at(0, 5));
    assert.deepEqual(
      parts.map((part) => part.type === "line" && part.partial),
      [true, true, true, false],
    );
    assert.equal(parts.map((part) => (part.type === "line" ? part.text : "")).join(""), long);
    assert.deepEqual([bench.lines[0], bench.of("gap")], ["step 0", []]);
  });

  it("8: property: cuts at any bytes, clean or not: every line exactly once, in order", async function () {
    this.timeout(8_000);
    const stamps = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 1 }), fc.constantFrom("x", "é\r", "")),
      { maxLength: 16 },
    );
    const cuts = fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.boolean()), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(stamps, cuts, async (raw, at500) => {
        const own = new LogBench();
        const log = raw.map(([second, nano, text]) => ({ time: at(second, nano), text })).sort(byTime);
        own.log.write(...log);
        own.fault = (request) => {
          const cut = at500[own.transport.requests.length - 1];
          if (cut === undefined) {
            own.state = "ended";
            return streaming(new FakeBody().push(own.log.served(request)).end());
          }
          const body = new FakeBody().pushInChunks(own.log.served(request).subarray(0, cut[0]), 7);
          return streaming(cut[1] ? body.end() : body.fail());
        };
        own.start();
        await own.end();
        assert.deepEqual(
          own.events.flatMap((event) => (event.type === "line" ? [{ time: event.time, text: event.text }] : [])),
          log,
        );
        assert.deepEqual(own.of("gap"), []);
      }),
      { numRuns: 150, interruptAfterTimeLimit: 3_000, markInterruptAsFailure: false },
    );
  });

  it("a line without a line feed waits for its rest, but not at the end of the container", async () => {
    const whole = `${at(0, 1)} whole\n${at(0, 2)} last words`;
    const body = new FakeBody().push(whole);
    bench.fault = (request) => streaming(request.query["follow"] === "true" ? body : new FakeBody().push(whole).end());
    bench.start();
    await until("the first line", () => bench.lines.length === 1);
    await turns();
    assert.deepEqual(bench.lines, ["whole"]);
    bench.state = "ended";
    body.end();
    await bench.end();
    assert.deepEqual(bench.lines, ["whole", "last words"]);
  });

  it("what the runtime writes after the container is known to have ended is not lost, whole or not", async () => {
    const first = `${at(0, 1)} one\n${at(0, 2)} two\n`;
    const later = [first, `${first}${at(0, 3)} thr`, `${first}${at(0, 3)} three\n${at(0, 4)} four`];
    bench.state = "ended";
    bench.fault = (request) => {
      const index = Math.max(0, bench.transport.requests.length - 2);
      const text = request.query["follow"] === "true" ? first : (later[index] ?? later.at(-1) ?? "");
      return streaming(new FakeBody().push(text).end());
    };
    bench.start();
    await bench.end();
    assert.deepEqual(bench.lines, ["one", "two", "three", "four"]);
    assert.deepEqual(bench.of("gap"), []);
  });

  it("ends with its connection, without another try", async () => {
    bench.start({
      client: new KubeClient({ send: () => Promise.reject(new CancelledError()), dispose: () => undefined }),
    });
    await until("the end", () => bench.finished);
    assert.ok(isCancelled(bench.failure));
    assert.deepEqual(bench.events, []);
  });

  it("17: a proxy that closes every 30 s costs one request each, and no word", async () => {
    bench.start();
    for (let round = 0; round < 10; round++) {
      bench.log.write(lineOf(round * 10));
      await bench.clock.advance(30_000);
      bench.cut((body) => body.end());
    }
    await turns();
    assert.equal(bench.lines.length, 10);
    assert.equal(bench.events.length, 10);
    assert.equal(bench.transport.requests.length, 11);
  });

  it("an end without a line, while the pod's state lags behind, is not stormed", async () => {
    bench.fault = () => streaming(new FakeBody().end());
    bench.start();
    await bench.clock.advance(60_000);
    assert.ok(bench.transport.requests.length <= 8, `${bench.transport.requests.length}`);
    bench.state = "ended";
    await bench.end();
  });

  it("1: while the server is away, tells why and which try it is; loses nothing", async () => {
    bench.log.write(lineOf(0));
    bench.start();
    await until("a line", () => bench.lines.length === 1);
    bench.fault = () => {
      throw new ConnectError("unreachable", "No answer.");
    };
    bench.cut((body) => body.fail(new Error("ECONNRESET")));
    await turns();
    await bench.clock.advance(10_000);
    bench.log.write(lineOf(1), lineOf(2));
    bench.fault = () => undefined;
    await bench.clock.advance(20_000);
    await until("the rest", () => bench.lines.length === 3);
    assert.deepEqual(bench.of("reconnecting").slice(0, 2), [
      { type: "reconnecting", why: "ECONNRESET", attempt: 1 },
      { type: "reconnecting", why: "No answer.", attempt: 2 },
    ]);
  });

  it("3, 4: waits as long as a 429 asks, and goes on after 5xx", async () => {
    const slow = refusal(429, "TooManyRequests", "slow down", { retryAfterSeconds: 9 });
    const answers = [slow, refusal(500, "InternalError", "no")];
    bench.fault = () => answers.shift();
    bench.log.write(lineOf(0));
    bench.start();
    await turns();
    await bench.clock.advance(8_900);
    assert.equal(bench.transport.requests.length, 1);
    await bench.clock.advance(5_000);
    await until("the line", () => bench.lines.length === 1);
  });

  it("waits for a container that is about to start, without a word", async () => {
    let waits = 12;
    const why = ["ContainerCreating", "PodInitializing", "trying and failing to pull image"];
    const message = (): string =>
      `container "pytorch" in pod "job-worker-0" is waiting to start: ${why[waits % 3] ?? ""}`;
    bench.fault = () => (waits-- > 0 ? refusal(400, "BadRequest", message()) : undefined);
    bench.log.write(lineOf(0));
    bench.start();
    await turns();
    await bench.clock.advance(25_000);
    await until("the line", () => bench.lines.length === 1);
    assert.equal(bench.events.length, 1);
  });

  it("ends where the pod has gone, was replaced, or never started", async () => {
    const notFound = refusal(404, "NotFound", 'pods "job-worker-0" not found', { kind: "pods", name: "job-worker-0" });
    bench.fault = () => notFound;
    bench.start();
    await bench.end(0);
    assert.equal(bench.failure, undefined);

    const other = new LogBench();
    other.state = "ended";
    other.fault = () =>
      refusal(400, "BadRequest", 'container "pytorch" in pod "job-worker-0" is waiting to start: PodInitializing');
    other.start();
    await other.end(0);
    assert.equal(other.transport.requests.length, 1);
  });

  it("6: may not read: fails with the server's words", async () => {
    bench.fault = () => refusal(403, "Forbidden", 'pods "job-worker-0" is forbidden');
    bench.start();
    await bench.end(0);
    assert.match(String(bench.failure), /is forbidden/);
  });

  it("5: sign-in needed: fails, and asks nobody again", async () => {
    bench.fault = () => {
      throw new ConnectError("sign-in-needed", "Sign in.");
    };
    bench.start();
    await bench.end(0);
    assert.match(String(bench.failure), /Sign in/);
    assert.equal(bench.transport.requests.length, 1);
  });

  it("a container that was restarted meanwhile: drains the old instance and gives no line of the new one", async () => {
    const old = new FakeLog();
    old.write(lineOf(0), lineOf(1), lineOf(2), lineOf(3));
    bench.log.write(lineOf(0), lineOf(1));
    bench.fault = (request) => (request.query["previous"] === "true" ? old.answer(request) : undefined);
    bench.start();
    await until("two lines", () => bench.lines.length === 2);
    bench.cut((body) => body.fail());
    bench.log.lines.length = 0;
    bench.log.write({ time: at(40, 0), text: "of the new instance" });
    // The pod's state is only known once somebody looks again: the stream sees the new lines first.
    await turns();
    const seen = bench.asked;
    const advancing = bench.clock.advance(1_000);
    bench.state = "restarted";
    await advancing;
    await bench.end();
    assert.ok(bench.asked > seen);
    assert.deepEqual(bench.lines, ["step 0", "step 1", "step 2", "step 3"]);
    assert.deepEqual(bench.of("gap"), []);
  });

  it("the same where nothing is left of the old instance: says that its end is not known", async () => {
    bench.log.write(lineOf(0));
    bench.fault = (request) =>
      request.query["previous"] === "true"
        ? refusal(400, "BadRequest", 'previous terminated container "pytorch" in pod "job-worker-0" not found')
        : undefined;
    bench.start();
    await until("a line", () => bench.lines.length === 1);
    bench.state = "restarted";
    bench.cut((body) => body.end());
    await bench.end();
    assert.deepEqual(bench.of("gap"), [{ type: "gap", after: at(0, 0), before: "" }]);
  });

  it("reads the previous instance without following it", async () => {
    bench.log.write(lineOf(0), lineOf(1));
    bench.start({ previous: true });
    await bench.end(0);
    assert.deepEqual(bench.lines, ["step 0", "step 1"]);
    const { query } = bench.transport.requests[0] ?? assert.fail();
    assert.deepEqual([query["previous"], query["follow"]], ["true", "false"]);
    assert.equal(bench.asked, 0);
  });

  it("begins with the last lines, and after a cut gives none of those before", async () => {
    for (let index = 0; index < 9; index++) bench.log.write(lineOf(index));
    bench.start({ tailLines: 3 });
    await until("three lines", () => bench.lines.length === 3);
    bench.cut((body) => body.fail());
    bench.log.write(lineOf(9));
    await turns();
    await bench.clock.advance(1_000);
    await until("the next", () => bench.lines.length === 4);
    assert.deepEqual(bench.lines, ["step 6", "step 7", "step 8", "step 9"]);
    const [first, second] = bench.transport.requests;
    assert.deepEqual([first?.query["tailLines"], second?.query["tailLines"]], ["3", undefined]);
  });

  it("words of the kubelet in place of a log are a reason, and at the very end a line", async () => {
    const words = "unable to retrieve container logs for containerd://1234";
    bench.fault = () => streaming(new FakeBody().push(words + (bench.state === "running" ? "\n" : "")).end());
    bench.start();
    await until("the reason", () => bench.of("reconnecting").length === 1);
    assert.deepEqual(bench.events, [{ type: "reconnecting", why: words, attempt: 1 }]);
    bench.state = "ended";
    await bench.end();
    assert.deepEqual(bench.events.at(-1), { type: "line", time: "", text: words, partial: false });
  });

  it("the tail of a long line that began before the second asked for is not given again", async () => {
    bench.log.write(lineOf(0), lineOf(10), lineOf(20));
    bench.start();
    await until("three lines", () => bench.lines.length === 3);
    bench.fault = (request) =>
      streaming(new FakeBody().push("...rest of a long line\n").push(bench.log.served(request)));
    bench.log.lines.push(lineOf(21));
    bench.cut((body) => body.fail());
    await turns();
    await bench.clock.advance(1_000);
    await until("the next", () => bench.lines.length === 4);
    assert.deepEqual(bench.lines, ["step 0", "step 10", "step 20", "step 21"]);
  });

  it("13: after the machine has slept, the stream is opened again within 5 s", async () => {
    bench.log.write(lineOf(0));
    bench.start();
    await until("a line", () => bench.lines.length === 1);
    bench.log.follows.clear();
    bench.log.write(lineOf(1));
    bench.clock.suspend(3_600_000);
    await bench.clock.advance(5_000);
    assert.deepEqual(bench.lines, ["step 0", "step 1"]);
    assert.equal(bench.transport.open, 1);
  });

  it("13: a machine that sleeps while what has ended is read for the last time loses none of it", async () => {
    bench.log.write(lineOf(0), lineOf(1));
    const half = new FakeBody().push(`${lineOf(0).time} ${lineOf(0).text}\n`);
    bench.fault = () => (bench.transport.requests.length === 1 ? streaming(half) : undefined);
    bench.start({ previous: true });
    await until("a line", () => bench.lines.length === 1);
    bench.clock.suspend(3_600_000);
    await bench.clock.advance(5_000);
    await bench.end(0);
    assert.deepEqual(bench.lines, ["step 0", "step 1"]);
  });

  it("21: an abort, and leaving the loop, end everything: reading, waiting, and while nobody takes the lines", async () => {
    for (const prepare of [
      (own: LogBench): void => own.start(),
      (own: LogBench): void => {
        own.fault = () => refusal(503, "ServiceUnavailable", "away");
        own.start();
      },
      (own: LogBench): void => {
        own.fault = () => refusal(400, "BadRequest", "container is waiting to start: ContainerCreating");
        own.start();
      },
    ]) {
      for (const wait of [0, 1, 2, 4]) {
        const own = new LogBench();
        own.log.write(lineOf(0));
        prepare(own);
        await turns(wait);
        own.abort.abort();
        await until("the end", () => own.finished);
        assert.deepEqual([own.failure, own.transport.open, own.clock.timers], [undefined, 0, 0]);
      }
    }
  });

  it("reads no further than it is asked to, and cancels the request of a reader that has left", async () => {
    bench.finished = true;
    bench.log.chunkSize = 64;
    for (let index = 0; index < 100; index++) bench.log.write(lineOf(index));
    const { clock, abort } = bench;
    const isOver = (): Promise<InstanceState> => Promise.resolve("running");
    const base = { client: new KubeClient(bench.transport), clock, isOver, log: silentLogger, signal: abort.signal };
    const first: LogEvent[] = [];
    for await (const batch of followLog({ ...base, namespace: "ml", pod: "p", container: "c" })) {
      first.push(...batch);
      break;
    }
    assert.ok(first.length <= 3);
    assert.equal(bench.transport.open, 0);
  });
});

function byTime(a: { readonly time: string }, b: { readonly time: string }): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : 0;
}
