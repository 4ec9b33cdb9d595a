import assert from "node:assert/strict";
import fc from "fast-check";
import { silentLogger } from "../core/log.ts";
import { KubeClient } from "./client.ts";
import type { KubeObject } from "./objects.ts";
import { FakeCollection } from "./testing/fakeCollection.ts";
import { type FakeReply, FakeTransport, refusal } from "./testing/fakeTransport.ts";
import { ManualClock, turns } from "./testing/manualClock.ts";
import { ListingStore } from "./listingStore.ts";
import type { ListingDefinition } from "./store.ts";
import { WatchStore } from "./watchStore.ts";

const KIND = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };

type Step =
  | { readonly do: "set"; readonly name: string; readonly value: string }
  | { readonly do: "remove" | "whole"; readonly name: string }
  | { readonly do: "end" | "reset" | "garble" | "compact" | "refresh" | "suspend" | "silence" | "bookmark" }
  | { readonly do: "refuse"; readonly status: number; readonly times: number }
  | { readonly do: "wait"; readonly ms: number };

const chance = fc.double({ min: 0, max: 0.999, noNaN: true });
const name = fc.constantFrom("a", "b", "c", "d");
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("set" as const), name, value: fc.stringMatching(/^[0-9]$/) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("remove" as const), name }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("end" as const, "reset", "garble", "compact", "refresh", "suspend", "silence", "bookmark"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("refuse" as const),
      status: fc.constantFrom(410, 429, 500, 503, 422, 504),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("whole" as const), name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 20_000 }) }) },
);

function pick({ metadata }: KubeObject): string {
  return `${metadata.name}=${metadata.labels?.["value"] ?? ""}`;
}

const LISTING: ListingDefinition<string> = {
  kind: KIND,
  project: pick,
  projectRow: (row) => `${row.name}=${row.text("State")}`,
};

class World {
  readonly clock = new ManualClock();
  readonly collection = new FakeCollection();
  readonly transport: FakeTransport;
  readonly store: WatchStore<string> | ListingStore<string>;
  /** What somebody who only listens to changes believes. */
  readonly believed = new Set<string>();
  #refusals: number[] = [];

  /** `random`: what chance always gives, so that a run can be repeated. `more`: a listing, of so many further objects. */
  constructor(watchList: boolean, random: number, chunkSize: number, more?: number) {
    for (let at = 0; at < (more ?? 0); at++) this.collection.set(`more-${at}`, "0");
    this.collection.watchList = watchList;
    this.collection.chunkSize = chunkSize;
    this.transport = new FakeTransport((request): FakeReply => {
      const status = this.#refusals.shift();
      return status === undefined ? this.collection.answer(request) : refusal(status, "", `refused ${status}`);
    });
    const { clock } = this;
    const client = new KubeClient(this.transport, clock);
    const options = { client, namespace: "ml", clock, log: silentLogger, random: () => random };
    this.store =
      more === undefined
        ? new WatchStore({ ...options, definition: { kind: KIND, project: pick } })
        : new ListingStore({ ...options, definition: LISTING });
    this.store.onDidChange((change) => {
      for (const row of change.removed) this.#forget(row);
      for (const row of change.changed) {
        this.#forget(row);
        this.believed.add(row);
      }
    });
  }

  #forget(row: string): void {
    const of = row.slice(0, row.indexOf("=") + 1);
    for (const known of this.believed) if (known.startsWith(of)) this.believed.delete(known);
  }

  async play(action: Step): Promise<void> {
    const live = this.collection.live();
    switch (action.do) {
      case "set":
        this.collection.set(action.name, action.value);
        return;
      case "remove":
        this.collection.remove(action.name);
        return;
      case "whole":
        // Whether it could be read is not what this is about.
        if (this.store instanceof ListingStore) this.store.whole(action.name).catch(() => undefined);
        return;
      case "end":
        live.forEach((body) => body.end());
        return;
      case "reset":
        live.forEach((body) => body.push('{"type":"MOD').fail());
        return;
      case "garble":
        live.forEach((body) => body.push('{"type":"MODIFIED","obj\n').end());
        return;
      case "compact":
        this.collection.compact();
        return;
      case "bookmark":
        this.collection.bookmark();
        return;
      case "refresh":
        this.store.refresh();
        return;
      case "suspend":
        this.clock.suspend(600_000);
        return;
      case "silence":
        this.collection.watches.clear();
        return;
      case "refuse":
        this.#refusals = Array.from({ length: action.times }, () => action.status);
        return;
      case "wait":
        await this.clock.advance(action.ms);
    }
  }

  /** Once nothing goes wrong any more, the truth must be known within two silences and the longest pause. */
  async settle(): Promise<void> {
    this.#refusals = [];
    for (let passed = 0; passed < 240_000; passed += 10_000) await this.clock.advance(10_000);
    const truth = [...this.collection.objects.values()].map(pick).sort();
    assert.deepEqual([...this.store.items.values()].sort(), truth);
    assert.deepEqual([...this.believed].sort(), truth);
    assert.equal(this.store.state.kind, "live");
    assert.equal(this.transport.open, 1);
  }

  async end(): Promise<void> {
    this.store.dispose();
    await turns();
    assert.equal(this.transport.open, 0);
    assert.equal(this.clock.timers, 0);
  }
}

describe("watch store, whatever happens", () => {
  it("property: any changes with any faults between them end in the server's truth", async function () {
    this.timeout(8_000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25 }),
        fc.boolean(),
        chance,
        fc.integer({ min: 5, max: 200 }),
        async (steps, ...how) => {
          const world = new World(...how);
          world.store.hold();
          for (const action of steps) await world.play(action);
          await world.settle();
          await world.end();
        },
      ),
      { numRuns: 600, interruptAfterTimeLimit: 4_000, markInterruptAsFailure: false },
    );
  });

  // Around the number from which on only printed rows are kept, and above it.
  for (const more of [2, 498, 510]) {
    it(`property: the same of a listing of about ${more + 2}`, async function () {
      this.timeout(8_000);
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), chance, async (steps, watchList, random) => {
          const world = new World(watchList, random, 65_536, more);
          world.store.hold();
          for (const action of steps) await world.play(action);
          await world.settle();
          await world.end();
        }),
        { numRuns: 200, interruptAfterTimeLimit: 1_500, markInterruptAsFailure: false },
      );
    });
  }
});
