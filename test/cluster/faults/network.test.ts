import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { FaultProxy } from "../faultProxy.ts";
import { createRaw, follow } from "../recorder.ts";
import { Cleanup } from "../support.ts";
import { itFull } from "../../rings/skip.ts";
import { become, Client, type ClientOptions, Truth, type Watched } from "./bench.ts";
import type { Ending, Exchange } from "./exchange.ts";

describe("fault matrix, networks", () => {
  const cleanup = new Cleanup();
  let own = new Cleanup();
  let truth: Truth;

  before(async () => {
    truth = await Truth.open(cleanup, "network");
  });
  afterEach(async () => {
    await own.run();
    own = new Cleanup();
  });
  after(() => cleanup.run());

  /** A window whose connections go through a second proxy, which knows bytes alone. */
  async function behindBytes(options: ClientOptions = {}): Promise<{ client: Client; bytes: FaultProxy }> {
    let bytes: FaultProxy | undefined;
    const server = async (faults: { readonly address: string }): Promise<string> => {
      bytes = await FaultProxy.start(faults.address);
      return bytes.address;
    };
    const client = await Client.open(own, truth, { ...options, server });
    if (bytes === undefined) throw new Error("the window has no way out");
    const proxy = bytes;
    own.add(() => proxy.stop());
    return { client, bytes };
  }

  async function several(client: Client, row: string, count: number): Promise<Watched[]> {
    const rows = Array.from({ length: count }, (_, index) => `${row}-${index}`);
    await Promise.all(rows.map((one) => truth.put(one, "a", "1")));
    const watched = rows.map((one) => client.watch(one));
    await Promise.all(watched.map((one) => one.recovers(10_000)));
    return watched;
  }

  function change(row: string, watched: readonly Watched[], value: string): Promise<unknown> {
    return Promise.all(watched.map((_, index) => truth.put(`${row}-${index}`, "a", value)));
  }

  it("row 9: a connection whose other end is gone without a word is found by a ping, and replaced", async () => {
    const { client, bytes } = await behindBytes({ timing: { quietMs: 600, answerMs: 300 } });
    const watched = await several(client, "r9", 4);
    bytes.strand();
    await change("r9", watched, "2");
    for (const one of watched) await one.recovers(4_000);
    for (const { kinds } of watched) assert.deepEqual(kinds, ["loading", "live"], "no outage worth a word");
    assert.equal(client.faults.handshakes, 2);
    client.assertNoStorm();
  });

  it("row 9: where there are no pings, over HTTP/1.1, by the silence of a watch that should have ended", async () => {
    const { client, bytes } = await behindBytes({ speaks: "http/1.1", clock: hastened(10) });
    const watched = await several(client, "r9-h1", 4);
    bytes.strand();
    await change("r9-h1", watched, "2");
    await Promise.all(watched.map((one) => one.recovers(10_000)));
    for (const { kinds } of watched) assert.deepEqual(kinds, ["loading", "live"], "no outage worth a word");
    client.assertNoStorm();
    await client.close();
  });

  itFull("row 9: the same in the product's own time: 45 s, and rows that are older say so", async function () {
    this.timeout(200_000);
    await Promise.all([ownTime("h2", "r9-full-h2"), ownTime("http/1.1", "r9-full-h1")]);
  });

  async function ownTime(speaks: "h2" | "http/1.1", row: string): Promise<void> {
    const { client, bytes } = await behindBytes({ speaks });
    const watched = await several(client, row, 4);
    bytes.strand();
    await change(row, watched, "2");
    await Promise.all(watched.map((one) => one.recovers(47_000)));
    // Now nothing gets through at all.
    bytes.blackhole(true);
    await change(row, watched, "3");
    await Promise.all(watched.map((one) => one.is("stale", 52_000)));
    bytes.blackhole(false);
    bytes.cut();
    await Promise.all(watched.map((one) => one.recovers(45_000)));
    client.assertNoStorm();
  }

  for (const speaks of ["h2", "http/1.1"] as const)
    it(`row 13: after an hour's sleep that the network did not outlive, twelve watches and a log go on within seconds, ${speaks}`, () =>
      sleepAnHour(speaks, `r13-${speaks.slice(0, 2)}`));

  async function sleepAnHour(speaks: "h2" | "http/1.1", row: string): Promise<void> {
    const { client, bytes } = await behindBytes({ speaks, random: Math.random });
    const watched = await several(client, row, 12);
    const code = "import time\nfor i in range(1200):\n    print(i, flush=True)\n    time.sleep(0.1)";
    const target = await createRaw(truth.rig, { name: row, namespace: truth.namespace, master: code });
    const { recorder, result, stop } = follow(client.rig, target);
    await recorder.heard(0, "3");
    bytes.strand();
    await change(row, watched, "2");
    const before = recorder.of(0).length;
    // As Linux does it: wall time has gone on, monotonic time and timers have not.
    const now = Date.now.bind(Date);
    Date.now = () => now() + 3_600_000;
    own.add(() => {
      Date.now = now;
    });
    const woke = performance.now();
    const took = await Promise.all([
      ...watched.map((one) => one.recovers(12_000)),
      become("the log to go on", 12_000, () => recorder.of(0).length > before + 3),
    ]);
    assert.ok(Math.max(...took) <= 8_000, took.map((ms) => ms.toFixed(0)).join(" "));
    await become("a while more of the log", 10_000, () => recorder.of(0).length > before + 60);
    assert.ok(performance.now() - woke < 30_000);
    const lines = recorder.of(0).map(Number);
    assert.equal(
      lines.findIndex((value, index) => value !== index),
      -1,
      "a line was lost or came twice",
    );
    assert.deepEqual(recorder.gaps, []);
    stop.abort();
    await result.catch(() => undefined); // Stopped.
    client.assertNoStorm();
    bytes.cut();
    await client.close();
  }

  /** Watches that live `ms` at most, for so many changes. */
  async function shortLived(row: string, ms: number, how: Ending, rounds: number): Promise<void> {
    const client = await Client.open(own, truth);
    client.faults.rule({ query: { watch: /1/ }, then: { do: "expire", ms, how } });
    const watched = await several(client, row, 4);
    for (let round = 0; round < rounds; round++) {
      const before = client.faults.watches();
      await become("the watches to be closed", ms + 10_000, () => before.every(({ isOpen }) => !isOpen));
      await change(row, watched, `round ${round}`);
      await Promise.all(watched.map((one) => one.recovers(10_000)));
    }
    for (const { kinds } of watched) assert.ok(!kinds.includes("failed") && !kinds.includes("stale"), kinds.join());
    assert.equal(client.faults.count({ query: { sendInitialEvents: /true/ } }), 4, "nothing is read anew");
    client.assertNoStorm();
    await client.close();
  }

  it("row 17: a proxy that closes every watch, or resets the connection, again and again: no outage, nothing lost, nothing read anew", () =>
    Promise.all([shortLived("r17-end", 1_500, "end", 5), shortLived("r17-cut", 2_000, "cut", 3)]));

  itFull("row 17: the same every 30 s", async function () {
    this.timeout(300_000);
    await Promise.all([shortLived("r17-end30", 30_000, "end", 5), shortLived("r17-cut30", 30_000, "cut", 5)]);
  });

  async function burst(seconds: number): Promise<void> {
    const client = await Client.open(own, truth);
    await truth.put("r20", "real", "x".repeat(1_500));
    const watched = await client.live("r20");
    const [watch] = client.faults.watches("row=r20");
    assert.ok(watch !== undefined);
    const recorded: string[] = [];
    watch.onLine = (line) => recorded.push(line);
    for (let round = 0; round < 5; round++) await truth.put("r20", "real", `${round} ${"x".repeat(1_500)}`);
    await become("the recording", 5_000, () => recorded.length >= 5);
    await watched.recovers(5_000);
    watch.onLine = undefined;

    const replay = new Replay(watch, recorded);
    const before = heap();
    const { behindMs } = await replay.run(seconds, 10_000);
    const last = performance.now();
    await become("the last event to be shown", 5_000, () => replay.isShownBy(watched));
    const lagMs = performance.now() - last;
    const grown = heap() - before;
    await become("all of it to be told", 2_000, () => replay.isToldTo(watched));
    assert.ok(grown <= 50, `${grown.toFixed(1)} MB`);
    assert.ok(lagMs <= 3_000, `${lagMs.toFixed(0)} ms behind at the end`);
    // It shares its process and its cores with the reader.
    assert.ok(behindMs <= 3_000 + seconds * 500, `the sender was held up for ${behindMs.toFixed(0)} ms`);
    replay.undo(watched);
    await watched.recovers(10_000);
    assert.equal(client.faults.count(), 1, "one watch bore it all");
    await client.close();
  }

  it("row 20: 10,000 events a second of 2 KB for a second, recorded from the real server", () => burst(1));

  itFull("row 20: the same for ten seconds", async function () {
    this.timeout(120_000);
    await burst(10);
  });
});

/** Time that passes so many times as fast. */
function hastened(times: number): Clock {
  const begun = systemClock.now();
  return {
    now: () => begun + (systemClock.now() - begun) * times,
    monotonic: () => systemClock.monotonic() * times,
    // A grace of a second, which is what a new connection has, stays one: a tenth of it a busy machine may well take.
    sleep: (ms, signal) => systemClock.sleep(ms <= 1_000 ? ms : ms / times, signal),
  };
}

/** Used heap in MB, once everything that nobody holds is gone. */
function heap(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed / 1e6;
}

const NAMES = 500;

/** Events of the real server under other names, sent into an open watch. */
class Replay {
  readonly #watch: Exchange;
  readonly #parts: readonly string[];
  readonly #real: { readonly name: string; readonly uid: string; readonly version: string };
  #sent = 0;

  constructor(watch: Exchange, recorded: readonly string[]) {
    this.#watch = watch;
    const last = recorded.findLast((line) => line.includes('"MODIFIED"')) ?? assert.fail("nothing was recorded");
    const { metadata } = (
      JSON.parse(last) as { object: { metadata: Record<"name" | "uid" | "resourceVersion", string> } }
    ).object;
    this.#real = { name: metadata.name, uid: metadata.uid, version: metadata.resourceVersion };
    // Names and versions change; the rest is as the server wrote it.
    const marked = last
      .replaceAll(metadata.uid, "\0uid\0")
      .replaceAll(`"name":"${metadata.name}"`, '"name":"\0name\0"')
      .replaceAll(`"resourceVersion":"${metadata.resourceVersion}"`, '"resourceVersion":"\0version\0"');
    this.#parts = marked.split("\0");
  }

  /** Sends so many events a second; resolves once all are sent, with the ms that it took too long. */
  async run(seconds: number, perSecond: number): Promise<{ readonly behindMs: number }> {
    const begun = performance.now();
    const total = seconds * perSecond;
    while (this.#sent < total) {
      const due = Math.min(total, Math.ceil(((performance.now() - begun) / 1000) * perSecond));
      let chunk = "";
      for (; this.#sent < due; this.#sent++) chunk += `${this.#line(this.#sent)}\n`;
      if (chunk !== "" && !this.#watch.write(chunk)) await this.#watch.drained();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return { behindMs: performance.now() - begun - seconds * 1000 };
  }

  isShownBy({ store }: Watched): boolean {
    return store.items.get(uidOf(this.#sent - 1))?.version === versionOf(this.#sent - 1);
  }

  /** Whoever only heard the changes knows the last version of each name. */
  isToldTo({ believed, store }: Watched): boolean {
    if (store.items.size !== NAMES + 1 || believed.size !== NAMES + 1) return false;
    return Array.from({ length: NAMES }, (_, index) => this.#sent - 1 - index).every(
      (event) =>
        believed.get(uidOf(event))?.version === versionOf(event) &&
        store.items.get(uidOf(event))?.version === versionOf(event),
    );
  }

  /** Takes the strangers away and sets the watch back to what the server really said. */
  undo({ store }: Watched): void {
    for (let event = this.#sent - NAMES; event < this.#sent; event++)
      this.#watch.write(`${this.#line(event).replace('"MODIFIED"', '"DELETED"')}\n`);
    assert.ok(store.items.has(this.#real.uid));
    const object = { kind: "ConfigMap", apiVersion: "v1", metadata: { resourceVersion: this.#real.version } };
    this.#watch.write(`${JSON.stringify({ type: "BOOKMARK", object })}\n`);
  }

  #line(event: number): string {
    const values: Readonly<Record<string, string>> = {
      uid: uidOf(event),
      name: `burst-${event % NAMES}`,
      version: versionOf(event),
    };
    return this.#parts.map((part) => values[part] ?? part).join("");
  }
}

function uidOf(event: number): string {
  return `00000000-0000-4000-8000-${String(event % NAMES).padStart(12, "0")}`;
}

function versionOf(event: number): string {
  return String(9_000_000_000 + event);
}
