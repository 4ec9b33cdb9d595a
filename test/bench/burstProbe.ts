// One process with one store open while its watch brings 10,000 events a second. Its argument: the replay's address.
import process from "node:process";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { Stores } from "../../src/kube/stores.ts";
import type { StoreDefinition } from "../../src/kube/store.ts";
import { testEntry, testTransport } from "../../src/kube/testing/testServers.ts";
import { kindOf } from "../../src/kubeflow/jobKinds.ts";
import type { TrainingJob } from "../../src/kubeflow/model.ts";
import { type BurstResult, BURST_NAMESPACE, LAST_EVENT, wallMs } from "./burst.ts";
import { PROBE_MARK } from "./listsResult.ts";

const SAMPLE_MS = 10;

interface Stamped {
  readonly job: TrainingJob;
  /** When its last event was sent; LAST_EVENT for the very last. */
  readonly at: number;
}

const { jobs } = kindOf("PyTorchJob");
const definition: StoreDefinition<Stamped> = {
  kind: jobs.kind,
  project: (object) => {
    const job = jobs.project(object);
    return { job, at: Number(job.message) };
  },
};

const [address = ""] = process.argv.slice(2);
const transport = testTransport(testEntry(address));
const stores = new Stores({ client: new KubeClient(transport), clock: systemClock, log: silentLogger });
const store = stores.get(definition, BURST_NAMESPACE);
globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
const cpuBefore = process.cpuUsage();
let shown = 0;
const over = new Promise<void>((resolve) => {
  store.onDidChange(({ changed }) => {
    for (const { at } of changed) {
      if (at === LAST_EVENT) resolve();
      else if (at > shown) shown = at;
    }
  });
});
const lags: number[] = [];
let peak = 0;
const sampler = setInterval(() => {
  if (shown > 0) lags.push(wallMs() - shown);
  peak = Math.max(peak, process.memoryUsage().heapUsed);
}, SAMPLE_MS);
store.hold();
await over;
clearInterval(sampler);
const { user, system } = process.cpuUsage(cpuBefore);
const sorted = lags.toSorted((a, b) => a - b);
const result: BurstResult = {
  lagMs: sorted[Math.floor(sorted.length * 0.99)] ?? NaN,
  heapMB: (peak - before) / 1e6,
  cpuS: (user + system) / 1e6,
};
console.log(PROBE_MARK + JSON.stringify(result));
process.exit(0);
