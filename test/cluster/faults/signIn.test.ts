import assert from "node:assert/strict";
import type { KubeObject, ResourceKind } from "../../../src/kube/objects.ts";
import { createRaw, follow } from "../recorder.ts";
import { Cleanup, makeNamespace } from "../support.ts";
import { become, BentClock, Client, Truth, type Watched } from "./bench.ts";
import { Names } from "./names.ts";
import { type Conduct, Plugin } from "./plugin.ts";

const TWELVE = Array.from({ length: 12 }, (_, index) => String(index));
const TEN_MINUTES = 600_000;
const RBAC = { group: "rbac.authorization.k8s.io", version: "v1", namespaced: true };
const ROLE_BINDING: ResourceKind = { ...RBAC, plural: "rolebindings", kind: "RoleBinding" };

describe("fault matrix, sign-in, clocks and names", () => {
  const cleanup = new Cleanup();
  let own = new Cleanup();
  let truth: Truth;

  before(async () => {
    truth = await Truth.open(cleanup, "signin");
  });
  afterEach(async () => {
    await own.run();
    own = new Cleanup();
  });
  after(() => cleanup.run());

  /** Twelve stores, each with an object. */
  async function twelve(client: Client, row: string): Promise<Watched[]> {
    const rows = TWELVE.map((index) => `${row}-${index}`);
    await Promise.all(rows.map((one) => truth.put(one, "a", "1")));
    return rows.map((one) => client.watch(one));
  }

  async function allRecover(watched: readonly Watched[], withinMs: number): Promise<void> {
    await Promise.all(watched.map((one) => one.recovers(withinMs)));
  }

  /** Ends every watch that stands, as a server does whose limit is over. */
  function endAll(client: Client): void {
    for (const watch of client.faults.watches()) watch.stop("end");
  }

  function halt({ store: { state } }: Watched): string {
    return state.kind === "stale" ? (state.halted?.message ?? "not halted") : state.kind;
  }

  it("row 5: a token that is refused in the middle of twelve watches: renewed once for all, then asked for no more until a person does", async () => {
    const plugin = await Plugin.make(own);
    const clock = new BentClock();
    const client = await Client.open(own, truth, { bend: plugin.bend(), clock });
    const { faults } = client;
    faults.accepts = (token) => token === "t1";
    const watched = await twelve(client, "r5");
    await allRecover(watched, 10_000);
    assert.deepEqual([await plugin.runs(), faults.handshakes], [1, 1]);

    faults.accepts = (token) => token === "t2";
    endAll(client);
    await Promise.all(TWELVE.map((index) => truth.put(`r5-${index}`, "a", "2")));
    await allRecover(watched, 15_000);
    assert.equal(await plugin.runs(), 2);
    for (const { kinds } of watched) assert.deepEqual(kinds, ["loading", "live"]);
    assert.equal(faults.seen.filter(({ status }) => status === 401).length, 12);

    faults.accepts = () => false;
    endAll(client);
    for (const one of watched) await one.is("stale");
    for (const one of watched) assert.match(halt(one), /did not accept the credentials of user .* Sign in again/);
    assert.equal(await plugin.runs(), 3);
    const asked = faults.seen.length;
    // Old and new token, at most, for each watch that ended.
    assert.ok(asked <= 12 + 24 + 24, `${asked} requests`);
    clock.times = 300;
    await clock.sleep(TEN_MINUTES);
    assert.deepEqual([await plugin.runs(), faults.seen.length], [3, asked]);
    for (const { store } of watched) assert.equal(store.items.size, 1, "rows stay");

    clock.times = 1;
    faults.accepts = (token) => token === "t4";
    await client.rig.engine.retry(client.rig.context);
    client.stores.refresh();
    await allRecover(watched, 10_000);
    assert.equal(await plugin.runs(), 4);
    client.assertNoStorm();
    await client.close();
    assert.deepEqual(await plugin.alive(), []);
  });

  it("row 5: a program that gives the refused token again: it is not sent a second time", async () => {
    const plugin = await Plugin.make(own, "same");
    const client = await Client.open(own, truth, { bend: plugin.bend() });
    const [watched] = await twelve(client, "r5-same");
    await watched?.is("live");
    client.faults.accepts = () => false;
    client.faults.watches("row=r5-same-0")[0]?.stop("end");
    await watched?.is("stale");
    assert.equal(client.faults.seen.filter(({ status }) => status === 401).length, 1);
    assert.equal(await plugin.runs(), 2);
    await client.close();
  });

  it("row 6: what may not be read in one namespace leaves the others whole, and comes and goes with the right", async () => {
    const other = await makeNamespace(own, truth.client, "closed");
    const bind = (namespace: string): Promise<KubeObject> => {
      const binding = {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { name: "ann-looks", namespace },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "ann" }],
      };
      return truth.client.create<KubeObject>(ROLE_BINDING, binding);
    };
    await bind(truth.namespace);
    await truth.put("r6", "a", "1");
    const client = await Client.open(own, truth, { bend: ({ user }) => (user["as"] = "ann") });
    const open = client.watch("r6");
    const closed = client.watch("r6", other);
    // The authorizer's cache may lag a moment behind the binding.
    await become("the open namespace", 10_000, () => {
      if (open.store.state.kind === "forbidden") open.store.refresh();
      return open.store.state.kind === "live";
    });
    await open.recovers(5_000);
    await closed.is("forbidden");
    const words = closed.store.state.kind === "forbidden" ? closed.store.state.why : "";
    assert.match(words, new RegExp(`configmaps is forbidden: User "ann" cannot .* in the namespace "${other}"`));
    await assert.doesNotReject(client.rig.engine.namespaces(client.rig.context));
    const path = new RegExp(`/${other}/`);
    // Whether it may be watched, and whether it may at least be listed.
    assert.ok(client.faults.count({ path }) <= 2);

    const granted = await bind(other);
    await become("the right to be known", 10_000, () => {
      if (closed.store.state.kind === "forbidden") closed.store.refresh();
      return closed.store.state.kind === "live";
    });
    await truth.client.delete(ROLE_BINDING, "ann-looks", other, granted.metadata.uid ?? "");
    await become("the loss of the right to be known", 15_000, () => {
      for (const watch of client.faults.watches(other)) watch.stop("end");
      return closed.store.state.kind === "forbidden";
    });
    assert.deepEqual([closed.store.items.size, closed.believed.size], [0, 0]);
    await truth.put("r6", "a", "2");
    await open.recovers(5_000);
    await client.close();
  });

  /** @param minutes by which the client's clock is ahead */
  async function skewed(which: string, minutes: number): Promise<void> {
    const plugin = await Plugin.make(own, "short");
    const clock = new BentClock(1, minutes * 60_000);
    const client = await Client.open(own, truth, { bend: plugin.bend(), clock });
    const watched = await twelve(client, `r12-${which}`);
    await allRecover(watched, 10_000);
    const code = "for i in range(200): print(i, flush=True)\nimport time; time.sleep(1)\nprint('last')";
    const target = await createRaw(truth.rig, {
      name: `skew-${which}`,
      namespace: truth.namespace,
      master: code,
    });
    const { recorder, result } = follow(client.rig, target);
    await recorder.heard(0, "100");
    client.faults.cut();
    const { verdict, log } = await result;
    await log.close();
    assert.equal(verdict.outcome, "succeeded");
    assert.deepEqual(recorder.of(0), [...Array.from({ length: 200 }, (_, index) => String(index)), "last"]);
    assert.deepEqual(recorder.gaps, []);
    await allRecover(watched, 15_000);

    const lost = clock.now();
    client.faults.rule({ then: { do: "answer", status: 503 } });
    endAll(client);
    for (const { store } of watched) {
      await become("the age to be told", 15_000, () => store.state.kind === "stale");
      assert.ok(store.state.kind === "stale" && Math.abs(store.state.since - lost) < 60_000, "by our own clock");
    }
    client.faults.clear();
    await allRecover(watched, 15_000);
    assert.equal(await plugin.runs(), 1, "a token that seems to have ended is not renewed again and again");
    client.assertNoStorm();
    await client.close();
  }

  it("row 12: a clock that is 10 min fast or slow: one sign-in, live rows, right ages, whole logs", () =>
    Promise.all([skewed("fast", 10), skewed("slow", -10)]));

  it("row 14: a name that cannot be looked up, before the first connection and after: said, and healed by itself", async () => {
    const names = new Names("cluster.test");
    own.add(() => names.restore());
    const client = await Client.open(own, truth, {
      server: ({ port }) => `https://cluster.test:${port}`,
      clock: new BentClock(3),
    });
    names.answer = "ENOTFOUND";
    const watched = await twelve(client, "r14");
    for (const one of watched) await one.is("failed");
    assert.match(watched[0]?.why ?? "", /^The cluster cannot be reached: the name cluster\.test was not found\./);
    assert.equal(client.rig.engine.clusterState(client.rig.context).kind, "failed");
    names.answer = "127.0.0.1";
    await allRecover(watched, 15_000);

    names.answer = "EAI_AGAIN";
    client.faults.cut();
    await Promise.all(TWELVE.map((index) => truth.put(`r14-${index}`, "a", "2")));
    for (const one of watched) await one.is("stale");
    assert.match(watched[0]?.why ?? "", /the name cluster\.test could not be looked up/);
    names.answer = "127.0.0.1";
    await allRecover(watched, 15_000);
    // Twelve stores share each try.
    assert.ok(names.asked <= 30, `${names.asked} look-ups`);
    assert.equal(client.faults.handshakes, 2);
    client.assertNoStorm();
    await client.close();
  });

  const conducts: readonly (readonly [Conduct, "Never" | "Always", number, RegExp])[] = [
    ["hang", "Never", 1, /gave no answer within 3 s and was ended\. It may wait for an answer in a terminal/],
    ["junk", "Never", 1, /gave no usable answer: it wrote no JSON/],
    ["fail", "Never", 1, /failed with exit code 1\. It said: your session has ended/],
    ["token", "Always", 0, /wants a terminal, which the editor does not give it/],
  ];
  for (const [conduct, mode, runs, words] of conducts) {
    const what =
      mode === "Always"
        ? "needs a terminal"
        : { hang: "hangs", junk: "prints junk", fail: "exits with 1" }[conduct as string];
    it(`row 18: a sign-in program that ${what}: one run for twelve stores, its words, nothing left of it`, async () => {
      const plugin = await Plugin.make(own, conduct);
      const clock = new BentClock();
      const client = await Client.open(own, truth, {
        bend: plugin.bend(mode),
        clock,
        engine: { pluginTimeoutMs: 3_000 },
      });
      const watched = await twelve(client, `r18-${conduct}`);
      for (const one of watched) await one.is("failed");
      for (const { why } of watched) assert.match(why, words);
      assert.deepEqual([await plugin.runs(), client.faults.seen.length, client.faults.handshakes], [runs, 0, 0]);
      await become("its processes to end", 5_000, async () => (await plugin.alive()).length === 0);
      clock.times = 300;
      await clock.sleep(TEN_MINUTES);
      assert.equal(await plugin.runs(), runs, "it runs again only for a person");
      clock.times = 1;
      if (mode === "Never") {
        await plugin.set("token");
        await client.rig.engine.retry(client.rig.context);
        client.stores.refresh();
        await allRecover(watched, 10_000);
        assert.equal(await plugin.runs(), runs + 1);
      }
      await client.close();
    });
  }
});
