import assert from "node:assert/strict";
import type { KubeObject } from "../../../src/kube/objects.ts";
import { record } from "../../../src/kubeflow/read.ts";
import { PYTORCH_JOB } from "../../../src/kubeflow/kinds/pytorchJob.ts";
import { disturbServer } from "../../sandbox/sandbox.ts";
import { itFull } from "../../rings/skip.ts";
import { Cleanup, launchPlan, writeProject } from "../support.ts";
import { become, BentClock, Client, sandboxName, Truth, type Watched } from "./bench.ts";
import type { Fault, Ending } from "./exchange.ts";
import { status, type Rule } from "./httpFaults.ts";

type Query = NonNullable<Rule["query"]>;

const LOAD = /^true$/;
const WATCH = /^1$/;

/** A watch that continues; `row` is its label. */
function watchOf(row: string): Query {
  return { watch: WATCH, sendInitialEvents: undefined, labelSelector: new RegExp(`^row=${row}$`) };
}

function loadOf(row: string): Query {
  return { sendInitialEvents: LOAD, labelSelector: new RegExp(`^row=${row}$`) };
}

function pageOf(row: string): Query {
  return { watch: undefined, labelSelector: new RegExp(`^row=${row}$`) };
}

/** The row is read by pages of two: the server streams no list. */
function byPages(row: string): Rule[] {
  return [
    { query: loadOf(row), then: { do: "answer", status: 400, body: status(400, "BadRequest") } },
    { query: { ...pageOf(row), limit: /./ }, rewrite: (url) => url.searchParams.set("limit", "2") },
  ];
}

function tooMany(seconds: number | undefined): Fault {
  const headers = seconds === undefined ? {} : { "retry-after": String(seconds) };
  return { do: "answer", status: 429, body: status(429, "TooManyRequests", "storage is (re)initializing"), headers };
}

describe("fault matrix, answers that fail", () => {
  const cleanup = new Cleanup();
  let own = new Cleanup();
  let truth: Truth;

  before(async () => {
    truth = await Truth.open(cleanup, "answers");
  });
  afterEach(async () => {
    await own.run();
    own = new Cleanup();
  });
  after(() => cleanup.run());

  /** Five objects under each of these labels. */
  async function five(...rows: string[]): Promise<void> {
    await Promise.all(rows.flatMap((row) => ["a", "b", "c", "d", "e"].map((name) => truth.put(row, name, "1"))));
  }

  /** Ends the row's watch, so that the next request meets its fault; changes and removes meanwhile. */
  async function missSome(client: Client, row: string): Promise<void> {
    for (const watch of client.faults.watches(`row=${row}`)) watch.stop("end");
    await truth.put(row, "a", "2");
    await truth.remove(row, "b");
    await truth.put(row, "f", "1");
  }

  /** Bytes of the line that a change of `a` is. */
  async function lengthOfEvent(client: Client, watched: Watched, row: string): Promise<number> {
    const [watch] = client.faults.watches(`row=${row}`);
    assert.ok(watch !== undefined);
    const before = watch.seen.bytes;
    await truth.put(row, "a", "first");
    await watched.recovers(5_000);
    return watch.seen.bytes - before;
  }

  for (const seconds of [1, undefined]) {
    const what = seconds === undefined ? "without Retry-After" : "with Retry-After";

    it(`row 3: 429 ${what} on a list, on page 3 of one, and on a watch`, async () => {
      const rows = ["load", "list", "page3", "watch"].map((row) => `r3-${row}-${seconds ?? 0}`);
      const [load = "", list = "", page3 = "", watch = ""] = rows;
      await five(...rows);
      const client = await Client.open(own, truth);
      const { faults } = client;
      faults.rule({ query: loadOf(load), times: 2, then: tooMany(seconds) });
      faults.rule(...byPages(list), { query: pageOf(list), times: 2, then: tooMany(seconds) });
      faults.rule(...byPages(page3), {
        query: { ...pageOf(page3), continue: /./ },
        skip: 1,
        times: 1,
        then: tooMany(seconds),
      });
      faults.rule({ query: watchOf(watch), times: 2, then: tooMany(seconds) });
      const watched = rows.map((row) => client.watch(row));
      await watched[3]?.is("live");
      await missSome(client, watch);
      for (const one of watched) await one.recovers(8_000);
      assert.ok(watched.slice(0, 2).every(({ kinds }) => kinds.includes("failed")));
      assert.match(watched[0]?.why ?? "", /storage is \(re\)initializing/);
      // Three pages of the second try, after two of the first.
      assert.ok(faults.count({ query: { ...pageOf(page3), continue: /./ } }) >= 4);
      assert.equal(faults.count({ query: loadOf(watch) }), 1, "a refused watch goes on from where it was");
      for (const row of rows) assertPauses(client, row, (seconds ?? 0.8) * 1000);
      client.assertNoStorm();
      await client.close();
    });

    it(`row 3: 429 ${what} on what is written: a launch happens, once`, async () => {
      const client = await Client.open(own, truth);
      for (const method of ["POST", "PATCH"])
        client.faults.rule({ method, path: /pytorchjobs/, times: 1, then: tooMany(seconds) });
      const file = await writeProject(own, { "train.py": "print(1)\n" });
      const job = await launchPlan(client.rig, file, truth.namespace);
      const jobs = await truth.client.list<KubeObject>(PYTORCH_JOB, { namespace: truth.namespace });
      const same = jobs.items.filter(({ metadata }) => metadata.name === job.name);
      assert.equal(same.length, 1);
      assert.notEqual(record(record(record(same[0])["spec"])["runPolicy"])["suspend"], true);
      for (const method of ["POST", "PATCH"])
        assert.ok(
          client.faults.seen.some((seen) => seen.method === method && seen.status === 429),
          method,
        );
      client.assertNoStorm();
      await client.close();
    });
  }

  it("row 4: 500, 502, 503 and 504 on a first load and on a watch: both go on, and say meanwhile what was answered", async () => {
    const codes = [500, 502, 503, 504];
    const rows = codes.flatMap((code) => [`r4-load-${code}`, `r4-watch-${code}`]);
    await five(...rows);
    const client = await Client.open(own, truth);
    for (const code of codes) {
      const then: Fault = { do: "answer", status: code, body: `<html><b>gateway said ${code}</b></html>` };
      client.faults.rule({ query: loadOf(`r4-load-${code}`), times: 2, then });
      client.faults.rule({ query: watchOf(`r4-watch-${code}`), times: 3, then });
    }
    const loads = codes.map((code) => client.watch(`r4-load-${code}`));
    const watches = await Promise.all(codes.map((code) => client.live(`r4-watch-${code}`)));
    await Promise.all(codes.map((code) => missSome(client, `r4-watch-${code}`)));
    for (const one of [...loads, ...watches]) await one.recovers(12_000);
    loads.forEach((one, index) => assert.equal(one.why, `gateway said ${codes[index] ?? 0}`));
    // 0.8 + 1.6 + 3.2 s without a watch: rows older than five seconds said so.
    watches.forEach((one, index) => {
      assert.deepEqual(one.kinds.slice(-2), ["stale", "live"]);
      assert.equal(one.why, `gateway said ${codes[index] ?? 0}`);
    });
    for (const code of codes) assert.equal(client.faults.count({ query: loadOf(`r4-watch-${code}`) }), 1);
    for (const row of rows) assertPauses(client, row, 800);
    client.assertNoStorm();
    await client.close();
  });

  it("row 7: a continue token that expires in the middle of a list: the real server's 410, then one list in one piece", async () => {
    await disturbServer(sandboxName(), "compact");
    await five("r7");
    const client = await Client.open(own, truth);
    // A token as the server writes it (apiserver storage/continue.go), for a version that etcd has just forgotten.
    const old = Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: 2, start: "a\u0000" })).toString("base64url");
    client.faults.rule(...byPages("r7"), {
      query: { ...pageOf("r7"), continue: /./ },
      skip: 1,
      times: 1,
      rewrite: (url) => url.searchParams.set("continue", old),
    });
    const watched = client.watch("r7");
    await watched.recovers(5_000);
    const lists = client.faults.seen.filter(({ query }) => !query.has("watch"));
    assert.deepEqual(
      lists.map((seen) => [seen.status, seen.query.has("limit"), seen.query.has("continue")]),
      [
        [200, true, false],
        [200, true, true],
        [410, true, true],
        [200, false, false],
      ],
    );
    assert.deepEqual(watched.kinds, ["loading", "live"]);
    await client.close();
  });

  for (const speaks of ["h2", "http/1.1"] as const) {
    it(`row 8: answers that break off at every kind of byte, ${speaks}`, async function () {
      this.timeout(90_000);
      const row = `r8-${speaks.slice(0, 2)}`;
      await five(row);
      // Pauses in a twentieth of their time: there are many cuts.
      const client = await Client.open(own, truth, { speaks, clock: new BentClock(20) });
      const watched = await client.live(row);
      const line = await lengthOfEvent(client, watched, row);
      // Before the headers; after them; in a name, in the middle, before the line's end, at it, in the next event.
      const places = [-1, 0, 1, 60, Math.floor(line / 2), line - 1, line, line + 1, line + 60];
      const ways: Ending[] = ["reset", "cut"];
      for (const how of ways) {
        for (const after of places) {
          for (const loads of [false, true]) {
            client.faults.clear();
            client.faults.rule({
              query: loads ? loadOf(row) : watchOf(row),
              times: 1,
              then: { do: "stop", after, how },
            });
            if (loads) watched.store.refresh();
            else for (const watch of client.faults.watches(`row=${row}`)) watch.stop("cut");
            await truth.put(row, "a", `${how} ${after}`);
            await truth.put(row, "b", `${how} ${after}`);
            await watched.recovers(15_000);
          }
        }
      }
      await client.close();
    });
  }

  it("row 8: pages that break off in their middle", async () => {
    await five("r8-pages");
    const client = await Client.open(own, truth, { clock: new BentClock(20) });
    client.faults.rule(...byPages("r8-pages"));
    const broken: readonly (readonly [number, number, Ending])[] = [
      [0, -1, "cut"],
      [1, 500, "reset"],
      [2, 0, "cut"],
      [2, 300, "end"],
    ];
    let skip = 0;
    for (const [page, after, how] of broken) {
      client.faults.rule({ query: pageOf("r8-pages"), skip: skip + page, times: 1, then: { do: "stop", after, how } });
      skip += page + 1;
    }
    const watched = client.watch("r8-pages");
    await watched.recovers(15_000);
    assert.equal(client.faults.count({ query: pageOf("r8-pages") }), skip + 3);
    await client.close();
  });

  itFull("row 8: a reset after every single byte of an event", async function () {
    this.timeout(400_000);
    await five("r8-bytes");
    const client = await Client.open(own, truth, { clock: new BentClock(100) });
    const watched = await client.live("r8-bytes");
    const line = await lengthOfEvent(client, watched, "r8-bytes");
    for (let after = 0; after <= line; after++) {
      client.faults.clear();
      client.faults.rule({ query: watchOf("r8-bytes"), times: 1, then: { do: "stop", after, how: "reset" } });
      for (const watch of client.faults.watches("row=r8-bytes")) watch.stop("reset");
      await truth.put("r8-bytes", "a", String(after));
      await watched.recovers(15_000);
    }
    assert.equal(client.faults.count({ query: loadOf("r8-bytes") }), 1);
    await client.close();
  });

  it("row 10: a garbled or truncated line is never skipped: everything is read anew", async () => {
    const rows = ["r10-garbled", "r10-truncated", "r10-load"];
    const [garbled = "", truncated = "", load = ""] = rows;
    await five(...rows);
    const client = await Client.open(own, truth);
    const { faults } = client;
    faults.rule({ query: watchOf(garbled), times: 1, then: { do: "garble", line: 2 } });
    faults.rule({ query: watchOf(truncated), times: 1, then: { do: "stop", after: 200, how: "end" } });
    faults.rule({ query: loadOf(load), times: 1, then: { do: "garble", line: 3 } });
    const watched = [await client.live(garbled), await client.live(truncated), client.watch(load)] as const;
    for (const row of [garbled, truncated]) {
      for (const watch of faults.watches(`row=${row}`)) watch.stop("end");
      await become("the next watch", 10_000, () =>
        faults.watches(`row=${row}`).some(({ seen }) => !seen.query.has("sendInitialEvents")),
      );
      // Three events, one of which is spoilt.
      for (const name of ["a", "b", "c"]) await truth.put(row, name, "2");
    }
    for (const one of watched) await one.recovers(8_000);
    for (const row of rows) assert.equal(faults.count({ query: loadOf(row) }), 2, row);
    assert.match(watched[2].why, /JSON that cannot be read/);
    for (const one of watched.slice(0, 2)) assert.ok(!one.kinds.includes("failed"));
    client.assertNoStorm();
    await client.close();
  });

  it("row 16: no streamed list: refused by status, refused by the server, ignored, or ended early: pages, at once", async () => {
    const codes = [400, 405, 422];
    const rows = [...codes.map((code) => `r16-${code}`), "r16-real", "r16-ended", "r16-ignored"];
    await five(...rows);
    const client = await Client.open(own, truth);
    const { faults } = client;
    for (const code of codes)
      faults.rule({
        query: loadOf(`r16-${code}`),
        then: { do: "answer", status: code, body: status(code, "Invalid") },
      });
    // The server refuses a streamed list without its match (422), and sends no end where it was not asked for one.
    faults.rule({ query: loadOf("r16-real"), rewrite: (url) => url.searchParams.delete("resourceVersionMatch") });
    faults.rule({ query: loadOf("r16-ended"), then: { do: "stop", after: 0, how: "end" } });
    faults.rule({
      query: loadOf("r16-ignored"),
      rewrite: (url) => {
        for (const name of ["sendInitialEvents", "resourceVersionMatch", "allowWatchBookmarks"])
          url.searchParams.delete(name);
      },
    });
    const watched = rows.map((row) => client.watch(row));
    for (const one of watched.slice(0, 4)) {
      await one.recovers(5_000);
      assert.deepEqual(one.kinds, ["loading", "live"]);
    }
    assert.equal(faults.seen.find(({ query }) => query.get("labelSelector") === "row=r16-real")?.status, 422);
    await watched[4]?.recovers(8_000);
    // Nothing says that it is over: given up after ten seconds without a byte. Rows show meanwhile.
    await watched[5]?.recovers(16_000);
    for (const row of rows) {
      await truth.put(row, "a", "2");
      assert.equal(faults.count({ query: loadOf(row) }), 1, row);
    }
    for (const one of watched) await one.recovers(5_000);
    client.assertNoStorm();
    await client.close();
  });
});

/** No two requests of a row that failed came closer together than this. */
function assertPauses(client: Client, row: string, leastMs: number): void {
  const own = client.faults.seen.filter(({ query }) => query.get("labelSelector") === `row=${row}`);
  own.forEach((seen, index) => {
    const next = own[index + 1];
    if (seen.status !== undefined && seen.status !== 400 && seen.status >= 400 && next !== undefined)
      assert.ok(next.at - seen.at >= leastMs - 20, `${row}: ${Math.round(next.at - seen.at)} ms after ${seen.status}`);
  });
}
