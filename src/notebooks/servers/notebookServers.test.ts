import assert from "node:assert/strict";
import { Emitter } from "../../core/events.ts";
import { KubeClient } from "../../kube/client.ts";
import type { Connection } from "../../kube/connection.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { StoreState } from "../../kube/store.ts";
import { type FakeReply, FakeTransport, json, refusal } from "../../kube/testing/fakeTransport.ts";
import { ManualClock } from "../../kube/testing/manualClock.ts";
import { type Notebook, projectNotebook, STOPPED_ANNOTATION } from "../../kubeflow/kinds/notebook.ts";
import type { ObjectsChange } from "../../kubeflow/namespaceObjects.ts";
import type { NamespaceNotebooks } from "../namespaceNotebooks.ts";
import { NotebookServers, type ServedClusters } from "./notebookServers.ts";

const NEVER = new AbortController().signal;
const KEY = "trainyard.notebookServers";
const QUIET = { tell: () => undefined, mayStart: () => Promise.resolve(false) };

const object = (name: string, isStopped = false): KubeObject => ({
  metadata: {
    ...{ name, namespace: "team-a", uid: name },
    annotations: isStopped ? { [STOPPED_ANNOTATION]: "2026-11-22T00:00:00Z" } : {},
  },
});
const idOf = (name: string, context = "dev", namespace = "team-a"): string =>
  Buffer.from(JSON.stringify([context, namespace, name])).toString("base64url");
const chosen = (name: string, ...at: string[]) => ({ id: idOf(name, ...at), label: name });

describe("notebooks that others are offered", () => {
  let clock: ManualClock;
  let kept: Map<string, unknown>;
  let answer: (path: string, query: string) => FakeReply;
  let servers: NotebookServers;
  let told: number;
  let watched: () => NamespaceNotebooks;

  beforeEach(() => {
    watched = () => assert.fail("nothing is watched");
    clock = new ManualClock();
    kept = new Map();
    told = 0;
    const transport = new FakeTransport(({ path, query }) => answer(path, query["continue"] ?? ""));
    const connection: Pick<Connection, "client" | "connect"> = {
      client: new KubeClient(transport, clock),
      connect: () => Promise.resolve({ gitVersion: "v1.36.0", major: "1", minor: "36" }),
    };
    const clusters: ServedClusters = {
      clock,
      onDidChangeCluster: new Emitter<string>().event,
      load: () => Promise.resolve(),
      contexts: () => [{ name: "dev" }, { name: "far" }],
      connected: () => [{ context: "dev" }],
      cluster: () => ({
        connection: connection as Connection,
        parts: undefined,
        readParts: () => Promise.resolve(undefined),
      }),
      namespaces: () => Promise.resolve({ shown: ["team-a"], more: false, notes: new Map() }),
      notebooks: () => watched(),
    };
    const state = {
      get: (key: string) => kept.get(key),
      set: (key: string, value: unknown) => Promise.resolve(void kept.set(key, value)),
    };
    servers = new NotebookServers(clusters, state);
    servers.onDidChange(() => told++);
  });

  afterEach(() => servers.dispose());

  it("are listed page by page; those that were chosen before, where their cluster was not asked", async () => {
    answer = (_, after) =>
      after === ""
        ? json({ items: [object("a", true)], metadata: { continue: "more" } })
        : json({ items: [object("b", true)], metadata: {} });
    kept.set(KEY, [chosen("b"), chosen("gone"), chosen("c", "dev", "team-b"), chosen("d", "far"), chosen("e", "no")]);
    const labels = async () => (await servers.list(NEVER)).map(({ label }) => label);
    assert.deepEqual(await labels(), [
      "a · team-a · dev · stopped, starts when chosen",
      // This one is asked about, since clients come back to it by themselves.
      "b · team-a · dev · stopped",
      ...["c", "d"],
    ]);
    const ready = { ...object("z"), status: { readyReplicas: 1 } };
    answer = () => json({ items: [object("a"), object("s", true), ready], metadata: {} });
    assert.deepEqual((await labels()).slice(0, 3), [
      "z · team-a · dev",
      "s · team-a · dev · stopped, starts when chosen",
      "a · team-a · dev · not ready",
    ]);
    answer = () => refusal(500, "InternalError", "no");
    assert.deepEqual(await labels(), ["b", "gone", "c", "d"]);
  });

  it("are forgotten once they are gone", async () => {
    kept.set(KEY, [chosen("lab"), chosen("b")]);
    answer = () => refusal(404, "NotFound", "no");
    await assert.rejects(servers.connect(idOf("lab"), QUIET, NEVER), { code: "notebook-gone" });
    assert.deepEqual(kept.get(KEY), [chosen("b")]);
  });

  it("that are stopped start at once when they are first chosen, and later once that is agreed to", async () => {
    answer = () => json(object("lab", true));
    const asked: string[] = [];
    const asking = { ...QUIET, mayStart: (name: string) => Promise.resolve(asked.push(name) === 0) };
    // It goes on to where its pod is watched.
    await assert.rejects(servers.connect(idOf("lab"), asking, NEVER), /nothing is watched/);
    kept.set(KEY, [chosen("lab")]);
    const live: Partial<NamespaceNotebooks> = {
      onDidChange: new Emitter<ObjectsChange>().event,
      dispose: () => undefined,
    };
    watched = () => live as NamespaceNotebooks;
    await assert.rejects(servers.connect(idOf("lab"), asking, NEVER), { code: "notebook-stopped" });
    assert.deepEqual(asked, ["lab"]);
  });

  it("are told of anew when one comes, goes, starts or stops where that is watched, once for all", async () => {
    const items = new Map<string, Notebook>();
    const put = (...args: Parameters<typeof object>): unknown => items.set(args[0], projectNotebook(object(...args)));
    const change = new Emitter<ObjectsChange>();
    let state: StoreState = { kind: "loading" };
    put("a");
    servers.follow({
      get items() {
        return items.values();
      },
      get: (uid) => items.get(uid),
      get state() {
        return state;
      },
      onDidChange: change.event,
      onDidChangeState: new Emitter<StoreState>().event,
    });
    const after = async (changed: readonly string[], set = false): Promise<number> => {
      change.fire({ changed, set });
      change.fire({ changed, set });
      await clock.advance(1_000);
      return told;
    };
    assert.equal(await after(["a"]), 0);
    put("b");
    assert.equal(await after(["b"], true), 1);
    put("b", true);
    assert.equal(await after(["b"]), 2);
    items.delete("b");
    assert.equal(await after([], true), 2);
    state = { kind: "live" };
    assert.equal(await after([], true), 3);
    servers.close("a");
    await clock.advance(1_000);
    assert.equal(told, 4);
  });
});
