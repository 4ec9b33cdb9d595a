// How soon a change of one job is known where 5,000 are open, and whether a storm of changes can be borne.
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { say, step } from "../../scripts/steps.mjs";
import { kindOf } from "../../src/kubeflow/jobKinds.ts";
import { kubernetesProgram } from "../sandbox/parts/golang.ts";
import { openCluster, openStores } from "./benchSandbox.ts";
import { burst, record } from "./burst.ts";
import type { OnEnd } from "./ending.ts";
import { type Measured, Samples } from "./figures.ts";
import { JOBS, JOBS_NAMESPACE, sandboxWithJobs } from "./lists.ts";
import { domOfUpdates } from "./listsDom.ts";
import { nameOf, setState } from "./manyJobs.ts";

/** Percentiles are those of each block, so that there is a least and a most of them. */
const BLOCKS = 7;
const UPDATES = 100 * BLOCKS;
const EVERY_MS = 100;
const DOM_UPDATES = 20 * BLOCKS;
const BURSTS = 3;
const LOST_MS = 30_000;

export async function benchUpdates(onEnd: OnEnd): Promise<Measured> {
  const sandbox = await sandboxWithJobs(onEnd);
  const { connection, stores } = await openStores(sandbox.kubeconfig, onEnd);
  const { client } = connection;
  const writer = await openCluster(sandbox.kubeconfig);
  onEnd(() => writer.dispose());
  const listing = stores.listing(kindOf("PyTorchJob").jobs, JOBS_NAMESPACE);
  listing.hold();
  await listing.settled();
  const told = new Awaited();
  listing.onDidChange(({ changed }) => {
    for (const { name, condition } of changed) told.came(`${name} ${condition ?? ""}`);
  });
  const printed = await step("kubectl get --watch", () => kubectlWatch(sandbox.kubeconfig, onEnd));
  const samples = new Samples();
  await step(`${UPDATES} updates`, async () => {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let at = 0; at < UPDATES; at++) {
      const index = (at * 37) % JOBS;
      const before = listing.items.get(nameOf(index))?.condition;
      const state = before === "Running" ? "Restarting" : "Running";
      const key = `${nameOf(index)} ${state}`;
      const begun = performance.now();
      const both = [told.next(key), printed.next(key)] as const;
      await setState(writer.connection.client, JOBS_NAMESPACE, index, state);
      const [own, their] = await Promise.all(both);
      ours.push(own - begun);
      theirs.push(their - begun);
      await delay(EVERY_MS);
    }
    percentiles(samples, "ours", "told", ours);
    percentiles(samples, "kubectl-watch", "line", theirs);
  });
  percentiles(samples, "ours", "dom", await domOfUpdates(sandbox, JOBS_NAMESPACE, DOM_UPDATES, onEnd));
  const recording = await step("recording events", () => record(client));
  say(`${recording.events.length} events of ${recording.bytes.toFixed(0)} bytes`);
  for (let repeat = 1; repeat <= BURSTS; repeat++) {
    const { lagMs, heapMB, cpuS } = await step(`a burst, ${repeat} of ${BURSTS}`, () => burst(recording, onEnd));
    samples.add("ours", "burstLagMs", lagMs, "ms");
    samples.add("ours", "burstHeapMB", heapMB, "MB");
    samples.add("ours", "burstCpuS", cpuS, "s");
  }
  return {
    arms: samples.arms,
    goals: [
      { arm: "ours", figure: "toldP50Ms", atMost: 40 },
      { arm: "ours", figure: "toldP99Ms", atMost: 300 },
      { arm: "ours", figure: "domP50Ms", atMost: 50 },
      { arm: "ours", figure: "domP99Ms", atMost: 300 },
      { arm: "ours", figure: "burstLagMs", atMost: 100 },
      { arm: "ours", figure: "burstHeapMB", atMost: 50 },
    ],
    notes: [
      `${UPDATES} changes of state, one after the other, where ${JOBS} jobs are open: from before the request that changes it ` +
        "until the listing has told it (told), or kubectl get --watch has printed it (line). Both see the same changes. " +
        `P50 and P99 are those of ${BLOCKS} blocks each.`,
      `dom: the same in the editor, ${DOM_UPDATES} times and one a second, until the text of the job's row in the page says its ` +
        "new state; P99 is the slowest of each block.",
      `burst: 10,000 events a second of ${recording.bytes.toFixed(0)} bytes for ten seconds, replayed from a recording ` +
        "into an open watch of whole objects in a process of its own. Lag: how old what was told last is, at 99 of 100 moments.",
    ],
  };
}

/** Things that are waited for, and when they came. */
class Awaited {
  readonly #waiting = new Map<string, (at: number) => void>();

  came(key: string): void {
    this.#waiting.get(key)?.(performance.now());
    this.#waiting.delete(key);
  }

  async next(key: string): Promise<number> {
    const late = delay(LOST_MS, undefined, { ref: false }).then(() => {
      throw new Error(`${key} did not come`);
    });
    return Promise.race([new Promise<number>((resolve) => this.#waiting.set(key, resolve)), late]);
  }
}

/** kubectl with all rows printed, and then whatever changes. */
async function kubectlWatch(kubeconfig: string, onEnd: OnEnd): Promise<Awaited> {
  const args = ["kubectl", "get", "pytorchjobs", `--namespace=${JOBS_NAMESPACE}`, "--watch", "--no-headers"];
  const child: ChildProcess = spawn(await kubernetesProgram(), [...args, `--kubeconfig=${kubeconfig}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onEnd(() => void child.kill());
  const printed = new Awaited();
  let rest = "";
  let lines = 0;
  await new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", () => reject(new Error("kubectl ended")));
    child.stdout?.on("data", (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) {
        const [name = "", state = ""] = part.split(/\s+/);
        printed.came(`${name} ${state}`);
        if (++lines === JOBS) resolve();
      }
    });
  });
  return printed;
}

function percentiles(samples: Samples, arm: string, what: string, values: readonly number[]): void {
  const length = values.length / BLOCKS;
  for (let block = 0; block < BLOCKS; block++) {
    const sorted = values.slice(block * length, (block + 1) * length).toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
    samples.add(arm, `${what}P50Ms`, at(0.5), "ms");
    samples.add(arm, `${what}P99Ms`, at(0.99), "ms");
  }
}
