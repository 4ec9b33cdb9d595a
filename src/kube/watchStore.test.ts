import assert from "node:assert/strict";
import { silentLogger } from "../core/log.ts";
import { KubeClient } from "./client.ts";
import { ConnectError } from "./errors.ts";
import type { KubeObject, ResourceKind } from "./objects.ts";
import type { StoreChange, StoreState } from "./store.ts";
import { FakeCollection } from "./testing/fakeCollection.ts";
import { FakeBody, type FakeReply, type FakeRequest, FakeTransport, json, refusal, streaming } from "./testing/fakeTransport.ts";
import { ManualClock, turns, until } from "./testing/manualClock.ts";
import { ABSENT_RETRY_MS, FORBIDDEN_RETRY_MS, WatchStore } from "./watchStore.ts";

const KIND: ResourceKind = { group: "kubeflow.org", version: "v1", plural: "pytorchjobs", kind: "PyTorchJob", namespaced: true };

interface Row {
  readonly name: string;
  readonly value: string;
}

const project = ({ metadata }: KubeObject): Row => ({ name: metadata.name, value: metadata.labels?.["value"] ?? "" });

type Fault = (request: FakeRequest) => FakeReply | undefined;

/** A store on a fake collection, with faults that take the place of answers as long as they last. */
class Bench {
  readonly clock = new ManualClock();
  readonly collection = new FakeCollection();
  readonly transport: FakeTransport;
  readonly store: WatchStore<Row>;
  readonly changes: StoreChange<Row>[] = [];
  readonly states: StoreState[] = [];
  fault: Fault = () => undefined;

  constructor() {
    this.transport = new FakeTransport((request) => this.fault(request) ?? this.collection.answer(request));
    this.store = new WatchStore({
      client: new KubeClient(this.transport),
      definition: { kind: KIND, labelSelector: "team=a", project },
      namespace: "ml",
      clock: this.clock,
      log: silentLogger,
      random: () => 0,
    });
    this.store.onDidChange((change) => this.changes.push(change));
    this.store.onDidChangeState((state) => this.states.push(state));
  }

  get kinds(): string[] {
    return this.states.map((state) => state.kind);
  }

  rows(): Record<string, string> {
    return Object.fromEntries([...this.store.items.values()].map((row) => [row.name, row.value]));
  }

  truth(): Record<string, string> {
    return Object.fromEntries([...this.collection.objects.values()].map(project).map((row) => [row.name, row.value]));
  }

  same(): boolean {
    return JSON.stringify(sorted(this.rows())) === JSON.stringify(sorted(this.truth()));
  }

  async live(): Promise<void> {
    this.store.hold();
    await this.store.settled();
    assert.equal(this.store.state.kind, "live");
  }

  /** Lets time pass until the rows are those of the server and the store says live. */
  async recovers(withinMs: number): Promise<void> {
    for (let passed = 0; passed <= withinMs; passed += 100) {
      await turns(2);
      if (this.store.state.kind === "live" && this.same()) return;
      await this.clock.advance(100);
    }
    assert.fail(`not recovered within ${withinMs} ms: ${JSON.stringify([this.store.state, this.rows(), this.truth()])}`);
  }

  count(test: (request: FakeRequest) => boolean): number {
    return this.transport.requests.filter(test).length;
  }

  cutAll(how: (body: FakeBody) => void): void {
    for (const body of this.collection.live()) how(body);
  }

  /** Row 21: whatever happened before, nothing is left. */
  assertCleanAfterDispose(): void {
    this.store.dispose();
    assert.equal(this.transport.open, 0, "open requests");
  }
}

function sorted(record: Record<string, string>): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

const isLoad = (request: FakeRequest): boolean => request.query["sendInitialEvents"] !== undefined;
const isList = (request: FakeRequest): boolean => request.query["watch"] === undefined;
const isWatch = (request: FakeRequest): boolean => request.query["watch"] !== undefined && !isLoad(request);

/** Answers so many requests of a sort by a fault. */
function times(count: number, which: (request: FakeRequest) => boolean, reply: () => FakeReply): Fault {
  let left = count;
  return (request) => (which(request) && left-- > 0 ? reply() : undefined);
}

describe("watch store", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
    bench.collection.set("a", "1");
    bench.collection.set("b", "1");
  });
  afterEach(async () => {
    bench.assertCleanAfterDispose();
    await turns(5);
    assert.equal(bench.clock.timers, 0, "timers");
  });

  describe("loading", () => {
    it("asks nothing before somebody holds it, then loads and follows by one request", async () => {
      await turns();
      assert.equal(bench.transport.requests.length, 0);
      assert.equal(bench.store.state.kind, "idle");
      await bench.live();
      bench.collection.set("a", "2");
      bench.collection.remove("b");
      bench.collection.set("c", "1");
      await bench.recovers(0);
      assert.deepEqual(bench.kinds, ["loading", "live"]);
      assert.equal(bench.transport.requests.length, 1);
      const { path, query } = bench.transport.requests[0] ?? assert.fail();
      assert.equal(path, "/apis/kubeflow.org/v1/namespaces/ml/pytorchjobs");
      assert.deepEqual(query, {
        watch: "1",
        allowWatchBookmarks: "true",
        sendInitialEvents: "true",
        resourceVersionMatch: "NotOlderThan",
        timeoutSeconds: "300",
        labelSelector: "team=a",
      });
    });

    it("shows the first rows before the first load is whole", async () => {
      const body = new FakeBody();
      bench.fault = () => streaming(body);
      bench.store.hold();
      const object = (name: string): unknown => ({ type: "ADDED", object: { metadata: { name, uid: name, resourceVersion: "7" } } });
      body.push(`${JSON.stringify(object("x"))}\n`);
      await until("a row is there", () => bench.store.items.size === 1);
      assert.equal(bench.store.state.kind, "loading");
      assert.equal(bench.changes.length, 1, "the first rows are told at once");
    });

    it("16: reads pages where the server refuses to stream the list, and remembers that", async () => {
      bench.collection.watchList = false;
      for (let i = 0; i < 1200; i++) bench.collection.set(`job-${i}`, "1");
      await bench.live();
      assert.ok(bench.same());
      assert.deepEqual(bench.transport.requests.filter(isList).map(({ query }) => [query["limit"], query["resourceVersion"]]), [
        ["500", undefined],
        ["500", undefined],
        ["500", undefined],
      ]);
      bench.store.refresh();
      await until("a second list", () => bench.count(isList) === 6);
      assert.equal(bench.count(isLoad), 1);
    });

    it("16: the same where the server answers but never says that the load is whole", async () => {
      bench.fault = (request) => (isLoad(request) ? streaming() : undefined);
      bench.store.hold();
      await turns();
      await bench.recovers(11_000);
      bench.fault = (request) => (isLoad(request) ? streaming(new FakeBody().end()) : undefined);
    });

    it("16: the same where the stream ends without that word", async () => {
      bench.fault = (request) => (isLoad(request) ? streaming(new FakeBody().end()) : undefined);
      bench.store.hold();
      await bench.recovers(2_000);
      assert.equal(bench.count(isLoad), 1);
    });

    it("7: a continue token that expires begins the list again, in one piece", async () => {
      bench.collection.watchList = false;
      for (let i = 0; i < 700; i++) bench.collection.set(`job-${i}`, "1");
      bench.fault = times(1, (request) => request.query["continue"] !== undefined, () => {
        bench.collection.set("late", "1");
        return refusal(410, "Expired", "The provided continue parameter is too old");
      });
      await bench.live();
      assert.ok(bench.same());
      assert.equal(bench.count(isList), 3);
      assert.equal(bench.transport.requests.filter(isList)[2]?.query["limit"], undefined);
    });

    it("3: 429 on the third page waits as asked", async () => {
      bench.collection.watchList = false;
      for (let i = 0; i < 1200; i++) bench.collection.set(`job-${i}`, "1");
      let pages = 0;
      bench.fault = times(1, (request) => isList(request) && ++pages === 3, () => tooMany("7"));
      bench.store.hold();
      await until("the third page was refused", () => bench.count(isList) === 3);
      await turns();
      await bench.clock.advance(6_900);
      assert.equal(bench.count(isList), 3);
      await bench.recovers(1_000);
    });

    it("4: failures before anything was read say so, in the server's words, and are tried again", async () => {
      bench.fault = times(3, () => true, () => refusal(503, "ServiceUnavailable", "the cluster is being built: etcd"));
      bench.store.hold();
      await assert.rejects(bench.store.settled(), /being built: etcd/);
      assert.equal(bench.store.state.kind, "failed");
      await bench.recovers(0.8e3 + 1.6e3 + 3.2e3 + 500);
      assert.equal(bench.transport.requests.length, 4);
    });

    it("an object without a uid fails the load", async () => {
      const event = { type: "ADDED", object: { metadata: { name: "x", resourceVersion: "7" } } };
      bench.fault = () => streaming(new FakeBody().push(`${JSON.stringify(event)}\n`));
      bench.store.hold();
      await assert.rejects(bench.store.settled(), /without a uid/);
    });
  });

  describe("following through faults", () => {
    it("goes on at once from the last version after a clean end", async () => {
      await bench.live();
      bench.collection.set("a", "2");
      await bench.recovers(0);
      await bench.clock.advance(30_000);
      bench.cutAll((body) => body.end());
      bench.collection.set("a", "3");
      await until("the change", () => bench.same());
      assert.equal(bench.transport.requests.at(-1)?.query["resourceVersion"], String(bench.collection.version - 1));
      assert.equal(bench.count(isLoad), 1);
      assert.ok(!bench.kinds.includes("stale"));
    });

    it("17: a proxy that closes, or resets, every 30 s loses nothing and is no outage", async () => {
      await bench.live();
      for (let round = 0; round < 20; round++) {
        await bench.clock.advance(30_000);
        bench.cutAll((body) => (round % 2 === 0 ? body.end() : body.fail()));
        bench.collection.set(`r${round}`, "1");
        await bench.recovers(1_000);
      }
      assert.equal(bench.count(isLoad), 1);
      assert.ok(bench.transport.requests.length <= 22);
    });

    it("a server that ends every watch at once is not asked without a pause", async () => {
      await bench.live();
      bench.fault = (request) => (isWatch(request) ? streaming(new FakeBody().end()) : undefined);
      bench.cutAll((body) => body.end());
      await turns();
      await bench.clock.advance(60_000);
      assert.ok(bench.count(isWatch) <= 8, `${bench.count(isWatch)} requests`);
      assert.equal(bench.store.state.kind, "stale");
    });

    it("the same where each of those watches brings a bookmark", async () => {
      await bench.live();
      const bookmark = `${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "102" } } })}\n`;
      bench.fault = (request) => (isWatch(request) ? streaming(new FakeBody().push(bookmark).end()) : undefined);
      bench.cutAll((body) => body.end());
      await turns();
      await bench.clock.advance(60_000);
      assert.ok(bench.count(isWatch) <= 9, `${bench.count(isWatch)} requests`);
    });

    it("1: the server is away for a minute: rows stay, the state says since when and why", async () => {
      await bench.live();
      const lost = bench.clock.now();
      bench.fault = () => {
        throw new ConnectError("unreachable", "127.0.0.1:6443 does not answer.");
      };
      bench.cutAll((body) => body.fail());
      await turns();
      await bench.clock.advance(4_900);
      assert.equal(bench.store.state.kind, "live");
      await bench.clock.advance(200);
      assert.deepEqual(bench.store.state, { kind: "stale", since: lost, why: "127.0.0.1:6443 does not answer." });
      await bench.clock.advance(60_000);
      assert.ok(bench.same());
      assert.ok(bench.transport.requests.length <= 8, "no storm");
      bench.fault = () => undefined;
      bench.collection.set("a", "2");
      await bench.recovers(31_000);
      assert.equal(bench.count(isLoad), 1, "nothing was read anew");
    });

    it("2: 410 by status or by event reads everything anew and keeps the rows until then", async () => {
      await bench.live();
      for (const byEvent of [false, true]) {
        const before = bench.rows();
        bench.changes.length = 0;
        if (byEvent) {
          const status = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };
          bench.cutAll((body) => body.push(`${JSON.stringify({ type: "ERROR", object: status })}\n`));
        } else bench.cutAll((body) => body.end());
        bench.collection.set("new", byEvent ? "2" : "1");
        bench.collection.remove(byEvent ? "b" : "none");
        bench.collection.compact();
        for (const change of bench.changes) assert.deepEqual(change.removed, []);
        assert.deepEqual(Object.keys(bench.rows()), Object.keys(before), "not emptied meanwhile");
        await bench.recovers(2_000);
      }
      assert.equal(bench.count(isLoad), 3);
    });

    it("a load that finds nothing changed tells nothing", async () => {
      await bench.live();
      await bench.clock.advance(100);
      bench.changes.length = 0;
      bench.store.refresh();
      await until("the second load", () => bench.count(isLoad) === 2);
      await bench.recovers(100);
      assert.deepEqual(bench.changes, []);
    });

    it("a load in place of an older one is swapped in at once", async () => {
      await bench.live();
      await bench.clock.advance(100);
      const body = new FakeBody();
      bench.fault = () => streaming(body);
      bench.store.refresh();
      const other = { metadata: { name: "z", uid: "z", resourceVersion: "900" } };
      body.push(`${JSON.stringify({ type: "ADDED", object: other })}\n`);
      await turns();
      assert.deepEqual(Object.keys(bench.rows()), ["a", "b"]);
      bench.changes.length = 0;
      const annotations = { "k8s.io/initial-events-end": "true" };
      body.push(`${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "901", annotations } } })}\n`);
      await until("the swap", () => Object.keys(bench.rows()).join() === "z");
      assert.equal(bench.changes.length, 1);
      assert.equal(bench.changes[0]?.reset, true);
      assert.deepEqual(bench.changes[0].removed.map((row) => row.name), ["a", "b"]);
    });

    for (const [what, header, least] of [
      ["with Retry-After", "9", 9_000],
      ["without Retry-After", undefined, 800],
    ] as const) {
      it(`3: 429 on a watch ${what} waits and goes on from the same version`, async () => {
        await bench.live();
        await bench.clock.advance(60_000);
        bench.fault = times(1, isWatch, () => tooMany(header));
        bench.cutAll((body) => body.end());
        bench.collection.set("a", "2");
        await until("the refusal", () => bench.count(isWatch) === 1);
        await turns();
        await bench.clock.advance(least - 50);
        assert.equal(bench.count(isWatch), 1);
        await bench.recovers(100);
        assert.equal(bench.count(isLoad), 1);
      });
    }

    for (const status of [500, 502, 503, 504]) {
      it(`4: ${status} on the watch backs off and goes on from the same version`, async () => {
        await bench.live();
        bench.fault = times(2, isWatch, () => json("<html>bad</html>", status));
        bench.cutAll((body) => body.fail());
        bench.collection.set("a", "2");
        await bench.recovers(0.8e3 + 1.6e3 + 3.2e3 + 200);
        assert.equal(bench.count(isLoad), 1);
      });
    }

    it("8: a reset after any byte of an event loses nothing and doubles nothing", async () => {
      const length = Buffer.byteLength(`${JSON.stringify(eventOf("c", "103"))}\n`);
      for (let at = 0; at <= length; at += 1) {
        const own = new Bench();
        own.collection.set("a", "1");
        own.collection.set("b", "1");
        await own.live();
        const before = own.collection.live()[0] ?? assert.fail();
        own.collection.watches.clear();
        own.collection.set("c", "1");
        const bytes = Buffer.from(`${JSON.stringify({ type: "ADDED", object: own.collection.objects.get("c") })}\n`);
        before.pushInChunks(bytes.subarray(0, at), 1).fail();
        await own.recovers(1_000);
        assert.equal(own.count(isLoad), 1);
        own.store.dispose();
      }
    });

    it("8: chunks that end at every byte are read as if whole", async () => {
      bench.collection.chunkSize = 1;
      bench.collection.set("ü🚂", "終");
      await bench.live();
      bench.collection.set("a", "ß");
      await until("the change", () => bench.same());
    });

    it("9: a watch that falls silent for 90 s is opened again", async () => {
      await bench.live();
      bench.collection.watches.clear();
      bench.collection.set("a", "2");
      await bench.clock.advance(89_000);
      assert.equal(bench.transport.requests.length, 1);
      await bench.clock.advance(2_000);
      await bench.recovers(1_000);
      assert.equal(bench.count(isLoad), 1);
    });

    it("9: bookmarks keep it", async () => {
      await bench.live();
      for (let minute = 0; minute < 5; minute++) {
        await bench.clock.advance(60_000);
        bench.collection.bookmark();
      }
      assert.equal(bench.transport.requests.length, 1);
    });

    for (const [what, garbage] of [
      ["garbled", '{"type":"MODIFIED","object":{"meta}\n'],
      ["truncated", '{"type":"MODIFIED","object":{"metadata":'],
      ["of no known type", '{"type":"EXPLODED","object":{"metadata":{}}}\n'],
      ["without an object", '{"type":"MODIFIED"}\n'],
    ] as const) {
      it(`10: a line ${what} reads everything anew`, async () => {
        await bench.live();
        const body = bench.collection.live()[0] ?? assert.fail();
        bench.collection.watches.clear();
        // This event is the one that the garbage stands for.
        bench.collection.set("a", "2");
        body.push(garbage).end();
        await bench.recovers(1_000);
        assert.equal(bench.count(isLoad), 2);
      });
    }

    it("10: a server that only sends garbage is not stormed", async () => {
      bench.fault = () => streaming(new FakeBody().push("<html>\n").end());
      bench.store.hold();
      await turns();
      await bench.clock.advance(60_000);
      assert.ok(bench.transport.requests.length <= 8);
      assert.equal(bench.store.state.kind, "failed");
    });

    it("12: a wall clock that is set by ten minutes, either way, harms nothing", async () => {
      await bench.live();
      bench.clock.suspend(-600_000);
      await bench.clock.advance(8_000);
      bench.collection.set("a", "2");
      await bench.recovers(1_000);
      bench.clock.suspend(600_000);
      await bench.clock.advance(8_000);
      bench.collection.set("a", "3");
      await bench.recovers(1_000);
      assert.ok(bench.transport.requests.length <= 3);
    });

    it("13: after the machine has slept, watches and pauses are renewed within 5 s", async () => {
      await bench.live();
      bench.collection.watches.clear();
      bench.collection.set("a", "2");
      bench.clock.suspend(3_600_000);
      await bench.recovers(5_000);
      assert.equal(bench.transport.open, 1, "the dead connection is closed");

      bench.fault = () => refusal(503, "ServiceUnavailable", "away");
      bench.cutAll((body) => body.fail());
      await turns();
      await bench.clock.advance(100_000);
      bench.fault = () => undefined;
      bench.clock.suspend(3_600_000);
      await bench.recovers(5_000);
    });
  });

  describe("answers that mean something else", () => {
    it("15: a kind that the cluster does not know, then does, then does not", async () => {
      const gone = (): FakeReply => refusal(404, "NotFound", "the server could not find the requested resource");
      bench.fault = gone;
      bench.store.hold();
      await bench.store.settled();
      assert.equal(bench.store.state.kind, "absent");
      bench.fault = times(2, () => true, () => refusal(429, "TooManyRequests", "storage is (re)initializing", { retryAfterSeconds: 1 }));
      await bench.clock.advance(ABSENT_RETRY_MS);
      await bench.recovers(5_000);
      bench.fault = gone;
      bench.cutAll((body) => body.end());
      await until("absent again", () => bench.store.state.kind === "absent");
      assert.equal(bench.store.items.size, 0);
      bench.fault = () => undefined;
      bench.store.refresh();
      await bench.recovers(0);
    });

    it("6: what may not be read says so in the server's words; asked again after five minutes or on refresh", async () => {
      const words = 'pytorchjobs.kubeflow.org is forbidden: User "ann" cannot list resource';
      bench.fault = () => refusal(403, "Forbidden", words);
      bench.store.hold();
      await bench.store.settled();
      assert.deepEqual(bench.store.state, { kind: "forbidden", why: words });
      await bench.clock.advance(FORBIDDEN_RETRY_MS - 1_000);
      assert.equal(bench.transport.requests.length, 1);
      await bench.clock.advance(2_000);
      assert.equal(bench.transport.requests.length, 2);
      bench.fault = () => undefined;
      bench.store.refresh();
      await bench.recovers(0);
    });

    it("5: 401 in the middle of a watch keeps the rows and waits to be asked", async () => {
      await bench.live();
      bench.fault = () => refusal(401, "Unauthorized", "Unauthorized");
      bench.cutAll((body) => body.end());
      await until("stale", () => bench.store.state.kind === "stale");
      const asked = bench.transport.requests.length;
      await bench.clock.advance(600_000);
      bench.clock.suspend(3_600_000);
      await bench.clock.advance(10_000);
      assert.equal(bench.transport.requests.length, asked);
      assert.ok(bench.same());
      await assert.rejects(bench.store.settled(), /Unauthorized/);
      bench.fault = () => undefined;
      bench.store.refresh();
      await bench.recovers(0);
    });

    for (const code of ["sign-in-needed", "certificate-expired", "plugin-missing", "plugin-timeout", "untrusted-server", "kubeconfig"] as const) {
      it(`5: ${code} before anything was read: failed, and no second try`, async () => {
        bench.fault = () => {
          throw new ConnectError(code, "Sign in.");
        };
        bench.store.hold();
        await assert.rejects(bench.store.settled(), /Sign in/);
        await bench.clock.advance(600_000);
        assert.equal(bench.transport.requests.length, 1);
        bench.store.refresh();
        assert.equal(bench.store.state.kind, "loading");
        await turns();
        assert.equal(bench.transport.requests.length, 2);
      });
    }

    it("a cluster restored from a backup, whose versions are below ours, is read anew", async () => {
      await bench.live();
      const details = { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }] };
      bench.fault = times(1, isWatch, () => refusal(504, "Timeout", "Too large resource version: 900, current: 5", details));
      bench.cutAll((body) => body.end());
      await until("the refusal", () => bench.count(isWatch) === 1);
      await turns();
      await bench.clock.advance(1_000);
      assert.equal(bench.count(isLoad), 2);
    });
  });

  describe("holding and telling", () => {
    it("outlives its last holder by 30 s, then is idle with its rows, and goes on where it was", async () => {
      const first = bench.store.hold();
      const second = bench.store.hold();
      await bench.store.settled();
      first.dispose();
      first.dispose();
      await bench.clock.advance(40_000);
      assert.equal(bench.store.state.kind, "live", "still held");
      second.dispose();
      await bench.clock.advance(29_000);
      bench.store.hold().dispose();
      await bench.clock.advance(29_000);
      assert.equal(bench.store.state.kind, "live");
      await bench.clock.advance(1_000);
      assert.equal(bench.store.state.kind, "idle");
      assert.equal(bench.transport.open, 0);
      assert.equal(bench.clock.timers, 0);
      assert.deepEqual(bench.rows(), { a: "1", b: "1" });
      bench.collection.set("a", "2");
      await bench.live();
      await until("caught up", () => bench.same());
      assert.equal(bench.count(isLoad), 1);
    });

    it("after a longer pause it reads anew", async () => {
      bench.store.hold().dispose();
      await bench.clock.advance(600_000);
      await bench.live();
      assert.equal(bench.count(isLoad), 2);
    });

    it("20: 10,000 events are told in a few batches, each object once in each", async () => {
      await bench.live();
      await bench.clock.advance(100);
      bench.changes.length = 0;
      for (let i = 0; i < 10_000; i++) bench.collection.set(`job-${i % 100}`, String(i));
      await until("all are in", () => bench.same());
      await bench.clock.advance(100);
      assert.ok(bench.changes.length <= 3, `${bench.changes.length} batches`);
      for (const change of bench.changes) assert.ok(change.changed.length <= 100);
      const last = bench.changes.at(-1)?.changed.find((row) => row.name === "job-99");
      assert.equal(last?.value, "9999");
    });

    it("tells the first change at once and later ones at most every 50 ms", async () => {
      await bench.live();
      await bench.clock.advance(100);
      bench.changes.length = 0;
      for (let i = 0; i < 50; i++) {
        bench.collection.set("a", `x${i}`);
        await bench.clock.advance(10);
      }
      assert.ok(bench.changes.length >= 9 && bench.changes.length <= 11, `${bench.changes.length} in 500 ms`);
    });

    it("a listener that throws harms nobody", async () => {
      bench.store.onDidChange(() => assert.fail("listener"));
      bench.store.onDidChangeState(() => assert.fail("listener"));
      await bench.live();
      assert.equal(bench.transport.requests.length, 1);
    });

    it("21: dispose while loading, watching, waiting and stale leaves nothing, and ends who waits", async () => {
      for (const fault of [
        (): FakeReply => streaming(),
        (): FakeReply => refusal(503, "ServiceUnavailable", "away"),
        (): FakeReply => refusal(404, "NotFound", "none"),
        (): undefined => undefined,
      ]) {
        for (const wait of [0, 1, 2, 3, 5, 8]) {
          const own = new Bench();
          own.collection.set("a", "1");
          own.fault = fault;
          own.store.hold();
          const waiting = own.store.settled().catch((error: unknown) => error);
          await turns(wait);
          own.store.dispose();
          await waiting;
          await turns(3);
          assert.equal(own.transport.open, 0);
          assert.equal(own.clock.timers, 0);
          const asked = own.transport.requests.length;
          await own.clock.advance(600_000);
          assert.equal(own.transport.requests.length, asked);
        }
      }
    });

    it("refreshes that follow one another closely leave one watch", async () => {
      await bench.live();
      for (let i = 0; i < 20; i++) {
        bench.store.refresh();
        if (i % 3 === 0) await turns(1);
      }
      await bench.recovers(100);
      assert.equal(bench.transport.open, 1);
    });

    it("settled ends with its signal", async () => {
      bench.fault = () => streaming();
      bench.store.hold();
      const abort = new AbortController();
      const waiting = bench.store.settled(abort.signal);
      abort.abort();
      await assert.rejects(waiting, /cancelled/);
    });
  });
});

function tooMany(retryAfter: string | undefined): FakeReply {
  const body = { kind: "Status", code: 429, reason: "TooManyRequests", message: "too many requests" };
  return json(body, 429, retryAfter === undefined ? {} : { "retry-after": retryAfter });
}

function eventOf(name: string, resourceVersion: string): unknown {
  return { type: "ADDED", object: { metadata: { name, uid: `uid-${name}-103`, resourceVersion, labels: { value: "1" } } } };
}
