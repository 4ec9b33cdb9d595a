import assert from "node:assert/strict";
import { silentLogger } from "../../core/log.ts";
import { KubeClient } from "../client.ts";
import type { KubeObject, ResourceKind } from "../objects.ts";
import type { StoreChange, StoreState } from "../store.ts";
import { WatchStore } from "../watchStore.ts";
import { FakeCollection } from "./fakeCollection.ts";
import { type FakeBody, type FakeReply, type FakeRequest, FakeTransport, json } from "./fakeTransport.ts";
import { ManualClock, turns } from "./manualClock.ts";

const KIND: ResourceKind = {
  group: "kubeflow.org",
  version: "v1",
  plural: "pytorchjobs",
  kind: "PyTorchJob",
  namespaced: true,
};

interface Row {
  readonly name: string;
  readonly value: string;
}

const project = ({ metadata }: KubeObject): Row => ({ name: metadata.name, value: metadata.labels?.["value"] ?? "" });

type Fault = (request: FakeRequest) => FakeReply | undefined;

/** A store on a fake collection, with faults that take the place of answers as long as they last. */
export class WatchBench {
  readonly clock = new ManualClock();
  readonly collection = new FakeCollection();
  readonly transport: FakeTransport;
  readonly store: WatchStore<Row>;
  readonly changes: StoreChange<Row>[] = [];
  readonly states: StoreState[] = [];
  fault: Fault = () => undefined;

  /** `random`: of pauses and of how long watches live; 5 min where it gives 0. */
  constructor(random = (): number => 0) {
    this.transport = new FakeTransport((request) => this.fault(request) ?? this.collection.answer(request));
    this.store = new WatchStore({
      client: new KubeClient(this.transport),
      definition: { kind: KIND, labelSelector: "team=a", project },
      namespace: "ml",
      clock: this.clock,
      log: silentLogger,
      random,
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
    assert.fail(
      `not recovered within ${withinMs} ms: ${JSON.stringify([this.store.state, this.rows(), this.truth()])}`,
    );
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

export const isLoad = (request: FakeRequest): boolean => request.query["sendInitialEvents"] !== undefined;
export const isList = (request: FakeRequest): boolean => request.query["watch"] === undefined;
export const isWatch = (request: FakeRequest): boolean => request.query["watch"] !== undefined && !isLoad(request);

/** Answers so many requests of a sort by a fault. */
export function times(count: number, which: (request: FakeRequest) => boolean, reply: () => FakeReply): Fault {
  let left = count;
  return (request) => (which(request) && left-- > 0 ? reply() : undefined);
}

/** 429, with or without a header that says how many seconds to wait. */
export function tooMany(retryAfter: string | undefined): FakeReply {
  const body = { kind: "Status", code: 429, reason: "TooManyRequests", message: "too many requests" };
  return json(body, 429, retryAfter === undefined ? {} : { "retry-after": retryAfter });
}
