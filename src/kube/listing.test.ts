import assert from "node:assert/strict";
import { silentLogger } from "../core/log.ts";
import { KubeClient } from "./client.ts";
import { ListingStore } from "./listingStore.ts";
import type { KubeObject } from "./objects.ts";
import type { ListingDefinition, StoreChange } from "./store.ts";
import { FakeCollection } from "./testing/fakeCollection.ts";
import { type FakeReply, type FakeRequest, FakeTransport, json, refusal } from "./testing/fakeTransport.ts";
import { ManualClock, turns, until } from "./testing/manualClock.ts";
import { TABLE_TYPE } from "./table.ts";
import { KEPT_WHOLES } from "./wholes.ts";

interface Row {
  readonly name: string;
  readonly state: string;
  readonly created: number | undefined;
  /** Only of whole objects. */
  readonly uid: string;
}

const DEFINITION: ListingDefinition<Row> = {
  kind: { group: "kubeflow.org", version: "v1", plural: "pytorchjobs", kind: "PyTorchJob", namespaced: true },
  project: ({ metadata }: KubeObject) => ({
    name: metadata.name,
    state: metadata.labels?.["value"] ?? "",
    created: undefined,
    uid: metadata.uid ?? "",
  }),
  projectRow: (row, whole) => ({
    name: row.name,
    state: row.text("State"),
    created: row.time("Age"),
    uid: whole?.uid ?? "",
  }),
};

class Bench {
  readonly clock = new ManualClock();
  readonly collection = new FakeCollection();
  readonly transport: FakeTransport;
  readonly store: ListingStore<Row>;
  readonly changes: StoreChange<Row>[] = [];
  readonly states: string[] = [];
  fault: (request: FakeRequest) => FakeReply | Promise<FakeReply> | undefined = () => undefined;

  constructor(count: number) {
    for (let at = 0; at < count; at++) this.collection.set(`job-${at}`, "Running/1");
    this.transport = new FakeTransport((request) => this.fault(request) ?? this.collection.answer(request));
    const client = new KubeClient(this.transport, this.clock);
    const options = { client, definition: DEFINITION, namespace: "ml", clock: this.clock, log: silentLogger };
    this.store = new ListingStore({ ...options, random: () => 0 });
    this.store.onDidChange((change) => this.changes.push(change));
    this.store.onDidChangeState(({ kind }) => this.states.push(kind));
  }

  async live(): Promise<this> {
    this.store.hold();
    await this.store.settled();
    return this;
  }

  /** What was asked: `table`, `list`, `watch table`, `load`, `watch`, or a name. */
  asked(from = 0): string[] {
    return this.transport.requests.slice(from).map(({ path, query, raw }) => {
      const table = raw.accept === TABLE_TYPE;
      if (!path.endsWith("/pytorchjobs")) return path.slice(path.lastIndexOf("/") + 1);
      if (query["watch"] === undefined) return `${table ? "table" : "list"} ${query["limit"] ?? "all"}`;
      return query["sendInitialEvents"] === undefined ? `watch${table ? " table" : ""}` : "load";
    });
  }

  state(name: string): string | undefined {
    return this.store.items.get(name)?.state;
  }

  async changed(name: string, value: string, shown: string): Promise<void> {
    this.collection.set(name, value);
    await until(`${name} is ${shown}`, () => this.state(name) === shown);
  }

  whole(name: string): Promise<Row | undefined> {
    return this.store.whole(name);
  }

  cut(): void {
    for (const body of this.collection.live()) body.end();
  }
}

describe("listing", () => {
  let bench: Bench;
  afterEach(async () => {
    bench.store.dispose();
    await turns(5);
    assert.deepEqual([bench.transport.open, bench.clock.timers], [0, 0]);
  });

  it("draws few objects from the table first and puts whole ones in their place", async () => {
    bench = await new Bench(3).live();
    assert.deepEqual(bench.asked(), ["table 500", "load"]);
    assert.deepEqual(bench.transport.requests[0]?.query, { limit: "500", includeObject: "None" });
    const first = bench.changes[0]?.changed[0];
    assert.deepEqual([first?.name, first?.state, first?.uid], ["job-0", "Running", ""]);
    assert.equal(first?.created, bench.clock.now() - 310_000);
    await bench.clock.advance(100);
    assert.deepEqual([...bench.store.items.keys()], ["job-0", "job-1", "job-2"]);
    assert.ok([...bench.store.items.values()].every(({ uid, state }) => uid !== "" && state === "Running/1"));
    assert.deepEqual(bench.states, ["loading", "live"]);
    await bench.changed("job-1", "Failed/2", "Failed/2");
    assert.equal((await bench.whole("job-1"))?.state, "Failed/2");
    assert.equal(bench.transport.requests.length, 2);
  });

  describe("of more than 500", () => {
    beforeEach(async () => {
      bench = await new Bench(700).live();
    });

    it("watches what the server prints, and reads no object", async () => {
      assert.deepEqual(bench.asked(), ["table 500", "table all", "watch table"]);
      assert.equal(bench.changes[0]?.changed.length, 500, "the first page is told at once");
      await bench.clock.advance(100);
      assert.equal(bench.store.items.size, 700);
      await bench.changed("job-7", "Failed/1", "Failed");
      bench.collection.remove("job-8");
      bench.collection.set("new", "Created");
      await until("both", () => !bench.store.items.has("job-8") && bench.store.items.has("new"));
      bench.collection.bookmark();
      await turns();
      bench.collection.compact();
      bench.cut();
      await bench.changed("job-9", "Failed", "Failed");
      assert.deepEqual(bench.asked(3), ["watch table"], "the bookmark's version was good to go on from");
    });

    it("tells no change of what is printed the same", async () => {
      await bench.clock.advance(100);
      bench.changes.length = 0;
      bench.collection.set("job-7", "Running/2");
      await bench.changed("job-8", "Failed", "Failed");
      await bench.clock.advance(100);
      assert.deepEqual(
        bench.changes.flatMap(({ changed }) => changed.map(({ name }) => name)),
        ["job-8"],
      );
    });

    it("reads everything anew by one request when its version is too old, and tells what differs", async () => {
      await bench.clock.advance(40_000);
      bench.collection.age = "5m50s";
      bench.changes.length = 0;
      bench.collection.compact();
      bench.cut();
      bench.collection.set("job-7", "Failed");
      bench.collection.remove("job-8");
      bench.collection.compact();
      await turns();
      await bench.clock.advance(1_000);
      assert.deepEqual(bench.asked(3), ["watch table", "table all", "watch table"]);
      const told = bench.changes.map(({ reset, changed, removed }) => [reset, changed.length, removed.length]);
      assert.deepEqual(told, [[true, 1, 1]], "nobody's age is a change");
      assert.equal(bench.state("job-7"), "Failed");
    });

    it("keeps whole objects once they are asked for, read again when they change but once a second at most", async () => {
      const [one, same] = await Promise.all([bench.whole("job-7"), bench.whole("job-7")]);
      assert.equal(one?.state, "Running/1");
      assert.equal(one, same);
      assert.equal(bench.store.items.get("job-7"), one);
      assert.deepEqual(bench.asked(3), ["job-7"]);
      await bench.whole("job-7");
      for (let step = 2; step <= 30; step++) {
        bench.collection.set("job-7", `Running/${step}`);
        await bench.clock.advance(100);
      }
      assert.ok(bench.asked(4).length <= 4, `${bench.asked(4).length} in 2.9 s`);
      await bench.clock.advance(1_000);
      assert.equal(bench.state("job-7"), "Running/30");
      const asked = bench.transport.requests.length;
      await bench.changed("job-8", "Failed/1", "Failed");
      await bench.clock.advance(2_000);
      assert.equal(bench.transport.requests.length, asked, "nobody asked for that one");
    });

    it("shows a new state at once, with what was known of the object, until it is read again", async () => {
      const before = await bench.whole("job-7");
      const answers: ((reply: FakeReply) => void)[] = [];
      bench.fault = ({ path }) =>
        path.endsWith("/job-7") ? new Promise<FakeReply>((resolve) => answers.push(resolve)) : undefined;
      await bench.changed("job-7", "Failed/2", "Failed");
      assert.equal(bench.store.items.get("job-7")?.uid, before?.uid);
      await until("the second read", () => answers.length === 1);
      answers[0]?.(json(bench.collection.objects.get("job-7")));
      await until("it is whole again", () => bench.state("job-7") === "Failed/2");

      await bench.clock.advance(1_000);
      await bench.changed("job-7", "Restarting/3", "Restarting");
      await until("the third read", () => answers.length === 2);
      answers[1]?.(refusal(503, "ServiceUnavailable", "away"));
      await turns();
      const shown = bench.store.items.get("job-7");
      assert.deepEqual([shown?.uid, shown?.state], [before?.uid, "Restarting"], "one failure hides nothing");
      bench.fault = () => undefined;
      await bench.clock.advance(2_000);
      await until("it is whole once more", () => bench.state("job-7") === "Restarting/3");
    });

    it("reads again more and more seldom while that fails, and shows the row alone where it may not", async () => {
      for (let at = 0; at < 20; at++) await bench.whole(`job-${at}`);
      let asked = 0;
      bench.fault = ({ path }) =>
        /\/job-\d+$/.test(path) ? refusal(503, "ServiceUnavailable", `away ${++asked}`) : undefined;
      for (let at = 0; at < 20; at++) bench.collection.set(`job-${at}`, "Failed/2");
      await bench.clock.advance(60_000);
      assert.ok(asked >= 6 && asked <= 48, `${asked} in a minute`);
      assert.ok(bench.store.items.get("job-7")?.uid !== "");
      bench.fault = ({ path }) => (/\/job-\d+$/.test(path) ? refusal(403, "Forbidden", "no") : undefined);
      await bench.clock.advance(60_000);
      assert.equal(bench.store.items.get("job-7")?.uid, "");
    });

    it("what is gone is no object, and what comes in its place is read for itself", async () => {
      assert.equal(await bench.whole("none"), undefined);
      const before = await bench.whole("job-7");
      bench.collection.remove("job-7");
      bench.collection.set("job-7", "Running/1");
      await until("the new one is printed", () => bench.store.items.get("job-7")?.uid === "");
      assert.notEqual((await bench.whole("job-7"))?.uid, before?.uid);
    });

    it(`keeps the ${KEPT_WHOLES} that were asked for last`, async () => {
      for (let at = 0; at < KEPT_WHOLES; at++) await bench.whole(`job-${at}`);
      await bench.whole("job-0");
      await bench.whole("job-600");
      const wholes = [...bench.store.items.values()].filter(({ uid }) => uid !== "").map(({ name }) => name);
      assert.equal(wholes.length, KEPT_WHOLES);
      assert.ok(wholes.includes("job-0") && wholes.includes("job-600") && !wholes.includes("job-1"));
    });

    it("reads whole objects again after everything was read anew", async () => {
      await bench.whole("job-7");
      bench.collection.set("job-7", "Running/2");
      bench.collection.compact();
      for (const body of bench.collection.live()) body.end();
      bench.collection.watches.clear();
      bench.store.refresh();
      await until("read again", () => bench.state("job-7") === "Running/2");
    });

    it("goes over to whole objects once there are few", async () => {
      for (let at = 3; at < 700; at++) bench.collection.remove(`job-${at}`);
      bench.store.refresh();
      await until("whole", () => bench.state("job-2") === "Running/1");
      assert.equal(bench.store.items.size, 3);
      assert.deepEqual(bench.asked(3), ["table all", "load"]);
    });

    it("is read anew every 30 s by who may not watch", async () => {
      const mayNot = (): FakeReply => refusal(403, "Forbidden", "cannot watch");
      bench.fault = ({ query }) => (query["watch"] === undefined ? undefined : mayNot());
      bench.store.refresh();
      await until("polling", () => bench.store.state.kind === "live" && bench.store.state.everyMs === 30_000);
      const asked = bench.transport.requests.length;
      bench.collection.set("job-7", "Failed");
      await bench.clock.advance(31_000);
      assert.equal(bench.state("job-7"), "Failed");
      assert.deepEqual(bench.asked(asked), ["table all"]);
    });
  });

  it("reads objects where the server has no tables, and remembers that", async () => {
    bench = new Bench(700);
    bench.collection.tables = false;
    await bench.live();
    assert.deepEqual(bench.asked(), ["table 500", "load"]);
    assert.equal(bench.state("job-699"), "Running/1");
    bench.store.refresh();
    await until("a second load", () => bench.asked().length === 3);
    assert.deepEqual(bench.asked(2), ["load"]);
  });

  it("the same where it has none to watch", async () => {
    bench = new Bench(700);
    bench.fault = ({ query, raw }) =>
      query["watch"] !== undefined && raw.accept === TABLE_TYPE ? refusal(406, "NotAcceptable", "no") : undefined;
    await bench.live();
    await until("objects", () => bench.state("job-699") === "Running/1");
    assert.deepEqual(bench.asked(), ["table 500", "table all", "watch table", "load"]);
  });
});
