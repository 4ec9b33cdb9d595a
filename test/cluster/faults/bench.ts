// What the rows of the fault matrix share: clients behind the fault proxy, stores whose every state is kept, and the
// criteria: recovered in time, equal to a fresh list, no storm of requests.
//
// row  what goes wrong                                        where
//   1  API server killed, same etcd                           cluster.test.ts (test:full)
//   2  the same, and etcd compacted                           cluster.test.ts (test:full)
//   3  429 on load, list, page 3, watch, POST and PATCH       answers.test.ts
//   4  500, 502, 503, 504                                     answers.test.ts
//   5  401 in the middle of watches                           signIn.test.ts
//   6  403 in one namespace                                   signIn.test.ts
//   7  continue token expired                                 answers.test.ts
//   8  resets at every kind of byte (at every byte: full)     answers.test.ts
//   9  half-open connection, h2 and 1.1 (in 45 s: full)       network.test.ts
//  10  garbled and truncated lines                            answers.test.ts
//  11  hostile bytes in logs                                  cluster.test.ts; cuts: ../followFaults.test.ts
//  12  clock fast or slow by ten minutes                      signIn.test.ts
//  13  sleep                                                  network.test.ts
//  14  names not found                                        signIn.test.ts
//  15  a kind comes, goes, comes back                         cluster.test.ts
//  16  no streamed list                                       answers.test.ts
//  17  a proxy that closes again and again (every 30 s: full) network.test.ts
//  18  sign-in programs that hang, fail, babble, ask          signIn.test.ts
//  19  two windows                                            cluster.test.ts
//  20  10,000 events a second (for 10 s: full)                network.test.ts
//  21  closed in the middle of each                           dispose.test.ts
import assert from "node:assert/strict";
import path from "node:path";
import process from "node:process";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { EngineOptions } from "../../../src/engine.ts";
import type { KubeClient } from "../../../src/kube/client.ts";
import { Connection } from "../../../src/kube/connection.ts";
import type { TransportTiming } from "../../../src/kube/createTransport.ts";
import { Credentials } from "../../../src/kube/credentials.ts";
import { loadKubeconfig } from "../../../src/kube/kubeconfig.ts";
import type { KubeObject, ResourceKind } from "../../../src/kube/objects.ts";
import type { Store, StoreDefinition, StoreState } from "../../../src/kube/store.ts";
import { Stores } from "../../../src/kube/stores.ts";
import {
  bendKubeconfig,
  type Cleanup,
  CONFIG_MAP,
  kubeconfigOf,
  type KubeconfigDraft,
  makeNamespace,
  openRig,
  type Rig,
} from "../support.ts";
import { HttpFaults, type HttpFaultsOptions } from "./httpFaults.ts";

/** Requests to a failing cluster in any ten seconds: 5 a second sustained. */
const MOST_IN_TEN_SECONDS = 50;

interface MapObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface Row {
  readonly uid: string;
  readonly name: string;
  readonly version: string;
  readonly value: string;
}

export function project(object: KubeObject): Row {
  const { uid = "", name, resourceVersion = "" } = object.metadata;
  return { uid, name, version: resourceVersion, value: (object as MapObject).data?.["value"] ?? "" };
}

/** The sandbox that the ring's kubeconfig belongs to. */
export function sandboxName(): string {
  return path.basename(path.dirname(kubeconfigOf("admin")));
}

/** Real time, but for pauses, which pass so many times as fast, and a wall clock that may be wrong. */
export class BentClock implements Clock {
  times: number;
  /** Milliseconds that it is ahead. */
  readonly skew: number;

  constructor(times = 1, skew = 0) {
    this.times = times;
    this.skew = skew;
  }

  now(): number {
    return systemClock.now() + this.skew;
  }

  monotonic(): number {
    return systemClock.monotonic();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(ms / this.times, signal);
  }
}

/** Waits for a condition by the monotonic clock, which no test bends. Resolves to the ms that it took. */
export async function become(
  what: string,
  withinMs: number,
  condition: () => boolean | Promise<boolean>,
  seen: () => unknown = () => "",
): Promise<number> {
  const begun = performance.now();
  while (!(await condition())) {
    const passed = performance.now() - begun;
    if (passed > withinMs)
      throw new Error(`${what}: not within ${withinMs / 1000} s; last seen: ${JSON.stringify(seen())}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return performance.now() - begun;
}

/** A namespace of a test file's own, and an engine that goes straight to the server. */
export class Truth {
  readonly rig: Rig;
  readonly namespace: string;

  private constructor(rig: Rig, namespace: string) {
    this.rig = rig;
    this.namespace = namespace;
  }

  static async open(cleanup: Cleanup, prefix: string): Promise<Truth> {
    const rig = await openRig(cleanup, kubeconfigOf("admin"));
    return new Truth(rig, await makeNamespace(cleanup, rig.client, prefix));
  }

  get client(): KubeClient {
    return this.rig.client;
  }

  /** Makes or changes a ConfigMap of a row. */
  async put(row: string, name: string, value: string): Promise<void> {
    const object: MapObject = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: `${row}-${name}`, namespace: this.namespace, labels: { row } },
      data: { value },
    };
    await this.client.json({
      method: "PATCH",
      path: `/api/v1/namespaces/${this.namespace}/configmaps/${object.metadata.name}`,
      query: { fieldManager: "faults", force: true },
      body: object,
      contentType: "application/apply-patch+yaml",
    });
  }

  async remove(row: string, name: string): Promise<void> {
    const found = await this.client.get<KubeObject>(CONFIG_MAP, `${row}-${name}`, this.namespace);
    await this.client.delete(CONFIG_MAP, `${row}-${name}`, this.namespace, found.metadata.uid ?? "");
  }

  /** What a fresh list says, as text that can be compared. */
  async list(kind: ResourceKind, labelSelector: string | undefined): Promise<string> {
    const { items } = await this.client.list(kind, {
      namespace: this.namespace,
      ...(labelSelector === undefined ? {} : { labelSelector }),
    });
    return asText(items.map(project));
  }
}

function asText(rows: Iterable<Row>): string {
  return [...rows]
    .map(({ name, version, value }) => `${name} ${version} ${value}`)
    .sort()
    .join("\n");
}

/** A store with all that it ever told. */
export class Watched {
  readonly store: Store<Row>;
  readonly states: StoreState[] = [];
  /** What a listener believes who only ever heard the changes. */
  readonly believed = new Map<string, Row>();
  readonly #truth: Truth;
  readonly #definition: StoreDefinition<Row>;

  constructor(store: Store<Row>, truth: Truth, definition: StoreDefinition<Row>) {
    this.store = store;
    this.#truth = truth;
    this.#definition = definition;
    store.onDidChangeState((state) => this.states.push(state));
    store.onDidChange(({ reset, changed, removed }) => {
      if (reset) {
        this.believed.clear();
        for (const row of store.items.values()) this.believed.set(row.uid, row);
      }
      for (const row of removed) this.believed.delete(row.uid);
      for (const row of changed) this.believed.set(row.uid, row);
    });
    store.hold();
  }

  get kinds(): string[] {
    return this.states.map(({ kind }) => kind);
  }

  /** The sentence of the last stale or failed state. */
  get why(): string {
    const state = this.states.findLast(({ kind }) => kind === "stale" || kind === "failed");
    if (state?.kind === "stale") return state.why;
    return state?.kind === "failed" ? state.error.message : "";
  }

  async is(kind: StoreState["kind"], withinMs = 15_000): Promise<number> {
    return become(
      `the store to be ${kind}`,
      withinMs,
      () => this.store.state.kind === kind,
      () => this.states,
    );
  }

  /** Live, and rows and told changes equal a fresh list. Resolves to the ms that it took. */
  async recovers(withinMs: number): Promise<number> {
    const begun = performance.now();
    const { kind, labelSelector } = this.#definition;
    const same = async (): Promise<boolean> => {
      if (this.store.state.kind !== "live") return false;
      const truth = await this.#truth.list(kind, labelSelector);
      return asText(this.store.items.values()) === truth && asText(this.believed.values()) === truth;
    };
    await become("the store to be live and equal to a fresh list", withinMs, same, () => [
      this.states.slice(-5),
      asText(this.store.items.values()),
    ]);
    return performance.now() - begun;
  }
}

export interface ClientOptions extends Partial<HttpFaultsOptions> {
  /** Default: a good bearer token. */
  readonly bend?: (draft: KubeconfigDraft) => void;
  readonly engine?: Partial<EngineOptions>;
  readonly clock?: Clock;
  /** Where it dials, where that is not the fault proxy itself. */
  readonly server?: (faults: HttpFaults) => Promise<string> | string;
  readonly faults?: HttpFaults;
  /** Of the connection's own waiting. Default: as in the product. */
  readonly timing?: Partial<TransportTiming>;
  /** Of the pauses' jitter. Default: none. */
  readonly random?: () => number;
}

/** A connection with its own waiting times. */
async function timed(cleanup: Cleanup, file: string, timing: Partial<TransportTiming>): Promise<KubeClient> {
  const { env, platform } = process;
  const kubeconfig = await loadKubeconfig({ paths: [file], env, home: "/", platform });
  const entry = kubeconfig.entry(kubeconfig.contexts[0]?.name ?? "");
  const credentials = new Credentials({ entry });
  const connection = new Connection({
    entry,
    credentials,
    userAgent: "faults",
    log: silentLogger,
    clock: systemClock,
    timing,
  });
  cleanup.add(() => connection.dispose());
  return connection.client;
}

/** One window: an engine whose only way to the server is a fault proxy. */
export class Client {
  readonly faults: HttpFaults;
  readonly rig: Rig;
  readonly stores: Stores;
  readonly #truth: Truth;

  private constructor(faults: HttpFaults, rig: Rig, truth: Truth, stores: Stores) {
    this.faults = faults;
    this.rig = rig;
    this.#truth = truth;
    this.stores = stores;
  }

  /** Everything ends with the cleanup. */
  static async open(cleanup: Cleanup, truth: Truth, options: ClientOptions = {}): Promise<Client> {
    const { clock = systemClock, random = () => 0 } = options;
    const admin = kubeconfigOf("admin");
    const faults = options.faults ?? (await HttpFaults.start({ kubeconfig: admin, ...options }));
    if (options.faults === undefined) cleanup.add(() => faults.stop());
    const server = (await options.server?.(faults)) ?? faults.address;
    const authority = await HttpFaults.authority();
    const file = await bendKubeconfig(cleanup, admin, (draft) => {
      draft.cluster["server"] = server;
      draft.cluster["certificate-authority-data"] = authority;
      for (const key of Object.keys(draft.user)) Reflect.deleteProperty(draft.user, key);
      draft.user["token"] = "good";
      options.bend?.(draft);
    });
    const rig = await openRig(cleanup, file, { clock, ...options.engine });
    const client = options.timing === undefined ? rig.client : await timed(cleanup, file, options.timing);
    const stores = new Stores({ client, clock, log: silentLogger, random });
    cleanup.add(() => stores.dispose());
    return new Client(faults, rig, truth, stores);
  }

  /** The ConfigMaps of a row. */
  watch(row: string, namespace = this.#truth.namespace): Watched {
    const definition = { kind: CONFIG_MAP, labelSelector: `row=${row}`, project };
    return new Watched(this.stores.get(definition, namespace), this.#truth, definition);
  }

  /** The same, live. */
  async live(row: string): Promise<Watched> {
    const watched = this.watch(row);
    await watched.is("live");
    return watched;
  }

  assertNoStorm(): void {
    const most = this.faults.busiest(10);
    assert.ok(most <= MOST_IN_TEN_SECONDS, `${most} failed requests in 10 s`);
  }

  /** Ends the window; nothing of it stays at the proxy. */
  async close(): Promise<void> {
    this.stores.dispose();
    this.rig.engine.dispose();
    await become(
      "the connections to close",
      20_000,
      () => this.faults.open === 0,
      () => this.faults.open,
    );
  }
}
