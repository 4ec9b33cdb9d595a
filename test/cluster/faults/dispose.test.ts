import assert from "node:assert/strict";
import process from "node:process";
import { FaultProxy } from "../faultProxy.ts";
import { createRaw, follow } from "../recorder.ts";
import { Cleanup } from "../support.ts";
import { become, Client, type ClientOptions, Truth, type Watched } from "./bench.ts";
import { status } from "./httpFaults.ts";
import { Names } from "./names.ts";
import { Plugin } from "./plugin.ts";

/** How a window is opened, what goes wrong in it, and when that is so. */
interface Middle {
  readonly what: string;
  readonly open?: (own: Cleanup) => Promise<ClientOptions> | ClientOptions;
  /** Resolves once it is in the middle of it. */
  readonly until: (window: Window) => Promise<unknown>;
}

interface Window {
  readonly client: Client;
  readonly watched: readonly Watched[];
  readonly bytes: FaultProxy;
  readonly truth: Truth;
  readonly own: Cleanup;
}

const LOAD = { sendInitialEvents: /true/ };

function endAll({ client }: Window): void {
  for (const watch of client.faults.watches()) watch.stop("end");
}

const all = (watched: readonly Watched[], kind: Parameters<Watched["is"]>[0]): Promise<number[]> =>
  Promise.all(watched.map((one) => one.is(kind)));

/** Each row of the matrix has a moment here at which the person closes the window. */
const MIDDLES: readonly Middle[] = [
  { what: "live, nothing wrong", until: ({ watched }) => all(watched, "live") },
  {
    what: "1, 2, 8: the server is away, in a pause",
    until: async (window) => {
      await all(window.watched, "live");
      await window.bytes.refuse();
      window.bytes.cut();
      await all(window.watched, "stale");
    },
  },
  {
    what: "3, 4: refused with 429 and a Retry-After of an hour",
    until: async ({ client, watched }) => {
      client.faults.rule({ then: { do: "answer", status: 429, headers: { "retry-after": "3600" } } });
      await all(watched, "failed");
    },
  },
  {
    what: "5: refused, with a sign-in program in its run",
    open: async (own) => ({ bend: (await pluginOf(own, "token")).bend() }),
    until: async (window) => {
      await all(window.watched, "live");
      await plugins.get(window.own)?.set("hang");
      window.client.faults.accepts = () => false;
      endAll(window);
      await become(
        "the program to run",
        10_000,
        async () => ((await plugins.get(window.own)?.alive()) ?? []).length === 2,
      );
    },
  },
  {
    what: "6, 15: what may not be read and what is not there, waiting for their next look",
    until: async ({ client, watched }) => {
      client.faults.rule({ query: { labelSelector: /-0$/ }, then: { do: "answer", status: 403 } });
      client.faults.rule({ then: { do: "answer", status: 404 } });
      await Promise.all([watched[0]?.is("forbidden"), watched[1]?.is("absent"), watched[2]?.is("absent")]);
    },
  },
  {
    what: "7, 16: between two pages",
    until: async ({ client }) => {
      client.faults.rule({ query: LOAD, then: { do: "answer", status: 400, body: status(400, "BadRequest") } });
      client.faults.rule({ query: { limit: /./ }, rewrite: (url) => url.searchParams.set("limit", "1") });
      client.faults.rule({ query: { continue: /./ }, then: { do: "stop", after: 20, how: "hold" } });
      await become(
        "three second pages",
        10_000,
        () => client.faults.standing().filter(({ seen }) => seen.query.has("continue") && seen.bytes > 0).length === 3,
      );
    },
  },
  {
    what: "8, 10: in the middle of an event of a first load",
    until: async ({ client }) => {
      client.faults.rule({ query: LOAD, then: { do: "stop", after: 100, how: "hold" } });
      await become(
        "half an event each",
        10_000,
        () => client.faults.watches().filter(({ seen }) => seen.bytes === 100).length === 3,
        () => client.faults.seen.map(({ status, bytes, failed }) => [status, bytes, failed]),
      );
    },
  },
  {
    what: "9, 13: connections whose other end is gone without a word",
    until: async ({ watched, bytes }) => {
      await all(watched, "live");
      bytes.strand();
    },
  },
  {
    what: "9: dialling into nothing",
    until: async ({ bytes, watched }) => {
      bytes.blackhole(true);
      for (const { store } of watched) store.refresh();
      await become("the dial", 10_000, () => bytes.open > 0);
    },
  },
  {
    what: "11: in the middle of a log, the network away",
    until: async (window) => {
      const master = "import time\nfor i in range(600): print(i, flush=True); time.sleep(0.1)";
      const target = await createRaw(window.truth.rig, { name: "closed", namespace: window.truth.namespace, master });
      const { recorder, result, stop } = follow(window.client.rig, target);
      await recorder.heard(0, "3");
      await window.bytes.refuse();
      window.bytes.cut();
      await all(window.watched, "stale");
      // The terminal goes first, with the window.
      stop.abort();
      const ended = await result.catch(() => undefined);
      await ended?.log.close();
    },
  },
  {
    what: "14: a name is being looked up",
    open: (own) => {
      const names = new Names("cluster.test");
      names.answer = "never";
      own.add(() => names.restore());
      return { server: ({ port }) => `https://cluster.test:${port}` };
    },
    until: async ({ client, watched }) => {
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(client.faults.open, 0);
      assert.ok(watched.every(({ store }) => store.state.kind === "loading"));
    },
  },
  {
    what: "17: watches are being closed",
    until: async (window) => {
      await all(window.watched, "live");
      endAll(window);
    },
  },
  {
    what: "18: a sign-in program hangs",
    open: async (own) => ({ bend: (await pluginOf(own, "hang")).bend() }),
    until: ({ own }) =>
      become("the program to run", 10_000, async () => ((await plugins.get(own)?.alive()) ?? []).length === 2),
  },
  {
    what: "20: events are pouring in",
    until: async ({ client, watched }) => {
      await all(watched, "live");
      const [watch] = client.faults.watches();
      for (let event = 0; event < 5_000; event++) {
        const metadata = { name: `p${event}`, uid: `p${event}`, resourceVersion: String(event) };
        watch?.write(
          `${JSON.stringify({ type: "ADDED", object: { kind: "ConfigMap", apiVersion: "v1", metadata, data: { value: "x".repeat(1_000) } } })}\n`,
        );
      }
      await become("the first of them", 10_000, () => watched.some(({ store }) => store.items.has("p0")));
    },
  },
];

const plugins = new WeakMap<Cleanup, Plugin>();

async function pluginOf(own: Cleanup, conduct: "token" | "hang"): Promise<Plugin> {
  const plugin = await Plugin.make(own, conduct);
  plugins.set(own, plugin);
  return plugin;
}

/** What keeps this process alive, each kind with its number. */
function resources(): string {
  const counts = new Map<string, number>();
  // Reads of files end by themselves, whoever asked for them.
  for (const kind of process.getActiveResourcesInfo())
    if (!/^FS|CloseReq/.test(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts]
    .map(([kind, count]) => `${count} ${kind}`)
    .sort()
    .join(", ");
}

describe("fault matrix, row 21: closed in the middle of it, nothing stays", () => {
  const cleanup = new Cleanup();
  let own = new Cleanup();
  let truth: Truth;

  before(async () => {
    truth = await Truth.open(cleanup, "closed");
    await Promise.all([0, 1, 2].flatMap((index) => ["a", "b"].map((name) => truth.put(`r21-${index}`, name, "1"))));
  });
  afterEach(async () => {
    await own.run();
    own = new Cleanup();
  });
  after(() => cleanup.run());

  for (const { what, open, until } of MIDDLES) {
    it(`row 21, in ${what}`, async () => {
      // By then the test has its own timer.
      await new Promise((resolve) => setImmediate(resolve));
      const before = resources();
      let bytes: FaultProxy | undefined;
      const proxies = new Cleanup();
      own.add(() => proxies.run());
      const options = (await open?.(own)) ?? {};
      const server: ClientOptions["server"] = async (faults) => {
        bytes = await FaultProxy.start(faults.address);
        return bytes.address;
      };
      const client = await Client.open(proxies, truth, { server, ...options });
      const middle = bytes ?? (await FaultProxy.start(client.faults.address));
      proxies.add(() => middle.stop());
      const watched = [0, 1, 2].map((index) => client.watch(`r21-${index}`));
      const settled = watched.map(({ store }) => store.settled().then(String, String));
      await until({ client, watched, bytes: middle, truth, own });

      client.stores.dispose();
      client.rig.engine.dispose();
      const told = watched.map(({ states }) => states.length);
      await Promise.all(settled);
      await become("the processes to end", 20_000, async () => ((await plugins.get(own)?.alive()) ?? []).length === 0);
      // What stands between the window and the server is the test's own; the window's own sockets are gone already.
      const asked = client.faults.seen.length;
      middle.blackhole(false);
      await proxies.run();
      await become(
        "all to be as before",
        20_000,
        () => resources() === before,
        () => [resources(), before],
      );
      assert.equal(client.faults.seen.length, asked, "nothing was asked afterwards");
      assert.deepEqual(
        watched.map(({ states }) => states.length),
        told,
        "nothing was told afterwards",
      );
    });
  }
});
