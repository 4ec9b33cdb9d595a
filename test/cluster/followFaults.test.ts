import assert from "node:assert/strict";
import fs from "node:fs/promises";
import { systemClock } from "../../src/core/clock.ts";
import { isCancelled } from "../../src/core/errors.ts";
import { until } from "../editor/until.ts";
import { FaultProxy } from "./faultProxy.ts";
import { createRaw, follow } from "./recorder.ts";
import { bendKubeconfig, Cleanup, kubeconfigOf, makeNamespace, openRig, type Rig, serverOf } from "./support.ts";

const LINES = 25_000;
/** Numbered lines in bursts of 500, so that many bear the same time, for about nine seconds. */
const NUMBERED = [
  "import time",
  `for i in range(${LINES}):`,
  "    print(i)",
  "    if i % 500 == 499: time.sleep(0.18)",
].join("\n");

describe("following over a network that fails", () => {
  const cleanup = new Cleanup();
  let direct: Rig;
  let rig: Rig;
  let namespace: string;
  let proxy: FaultProxy;

  before(async () => {
    direct = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, direct.client, "faults");
    proxy = await FaultProxy.start(await serverOf(kubeconfigOf("admin")));
    cleanup.add(() => proxy.stop());
    rig = await openRig(
      cleanup,
      await bendKubeconfig(cleanup, kubeconfigOf("admin"), ({ cluster }) => (cluster["server"] = proxy.address)),
    );
  });

  after(() => cleanup.run());

  /**
   * Does something to the network every second until told to stop, each time once something new has come through: on a
   * busy machine a second may be less than it takes to connect.
   */
  function trouble(seen: () => number, act: (round: number) => void): { stop: () => Promise<number> } {
    const over = new AbortController();
    let rounds = 0;
    const running = (async () => {
      for (;;) {
        const before = seen();
        await systemClock.sleep(1000, over.signal);
        while (seen() === before) await systemClock.sleep(20, over.signal);
        act(rounds++);
      }
    })().catch((error: unknown) => assert.ok(isCancelled(error)));
    return {
      stop: async () => {
        over.abort();
        await running;
        return rounds;
      },
    };
  }

  it("loses and repeats nothing of 50,000 lines while its connections are cut every second", async () => {
    const target = await createRaw(direct, {
      name: "numbers",
      namespace,
      master: NUMBERED,
      worker: NUMBERED,
      workers: 1,
    });
    const { recorder, result } = follow(rig, target);
    const seen = (): number => recorder.records.length;
    const cuts = trouble(seen, (round) => {
      // In the middle of a frame, and between two.
      if (round % 2 === 0) proxy.cut();
      else proxy.cutAfter(10_000 + round * 777);
    });
    cleanup.add(async () => {
      await cuts.stop();
    });
    await until(
      "all lines",
      () => Promise.resolve(recorder.records.length),
      (count) => count >= 2 * LINES,
      50_000,
    );
    const rounds = await cuts.stop();
    const { verdict, log } = await result;
    await log.close();
    assert.ok(rounds >= 4, `only ${rounds} cuts`);
    assert.equal(verdict.outcome, "succeeded");
    assert.deepEqual(recorder.gaps, []);
    for (const rank of [0, 1]) {
      const lines = recorder.of(rank).map(Number);
      assert.equal(
        lines.findIndex((value, index) => value !== index),
        -1,
        `rank ${rank} is out of order`,
      );
      assert.equal(lines.length, LINES, `rank ${rank}`);
    }
    const logged = (await fs.readFile(log.path, "utf8")).split("\n").filter((line) => /^\d │ /.test(line));
    assert.deepEqual(
      logged,
      recorder.records.map(({ source, text }) => `${source} │ ${text}`),
    );
  });

  it("begins while the network is away, says so, and goes on when it is back", async () => {
    const target = await createRaw(direct, { name: "patient", namespace, master: "print('here')" });
    const fresh = await openRig(
      cleanup,
      await bendKubeconfig(cleanup, kubeconfigOf("admin"), ({ cluster }) => (cluster["server"] = proxy.address)),
    );
    await proxy.refuse();
    proxy.cut();
    const { recorder, result } = follow(fresh, target);
    await recorder.told(
      "the outage",
      ({ rank, text }) =>
        rank === undefined && text.startsWith("The cluster cannot be reached: nothing listens at 127.0.0.1"),
    );
    await proxy.accept();
    const { verdict } = await result;
    assert.equal(verdict.outcome, "succeeded");
    assert.deepEqual(recorder.of(0), ["here"]);
  });

  it("outlives an outage in which the job ends", async () => {
    const code = "import time\nprint('before', flush=True)\ntime.sleep(3)\nprint('after')";
    const target = await createRaw(direct, { name: "outlived", namespace, master: code });
    const fresh = await openRig(
      cleanup,
      await bendKubeconfig(cleanup, kubeconfigOf("admin"), ({ cluster }) => (cluster["server"] = proxy.address)),
    );
    const { recorder, result } = follow(fresh, target);
    await recorder.heard(0, "before");
    await proxy.refuse();
    proxy.cut();
    await until(
      "the job's end",
      () => direct.engine.findJob(direct.context, { namespace: namespace, name: target.name, uid: target.uid }),
      (job) => job?.condition === "Succeeded",
    );
    await proxy.accept();
    const { verdict } = await result;
    assert.equal(verdict.outcome, "succeeded");
    assert.deepEqual(recorder.of(0), ["before", "after"]);
    assert.deepEqual(recorder.gaps, []);
  });
});
