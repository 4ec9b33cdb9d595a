// One process that opens a cluster and one of its namespaces as the extension's core does, and says what it took. Its
// arguments: the built engine, kubeconfig, namespace, number of jobs in it.
import { createRequire } from "node:module";
import os from "node:os";
import process from "node:process";
import { silentLogger } from "../../src/core/log.ts";
import type * as Built from "../../src/engine.ts";
import { PROBE_MARK } from "./listsResult.ts";
import type { ScaleResult } from "./scaleResult.ts";

const [bundle = "", kubeconfig = "", namespace = "", count = ""] = process.argv.slice(2);
// What the extension loads when somebody first looks at its view.
const { createEngine } = createRequire(import.meta.url)(bundle) as typeof Built;

const engine = createEngine({
  version: "0.0.0",
  installation: "bench",
  home: os.homedir(),
  env: {},
  storage: os.tmpdir(),
  state: { get: () => undefined, set: () => Promise.resolve() },
  kubeconfigPaths: () => [kubeconfig],
  proxy: () => undefined,
  log: silentLogger,
});
await engine.load();
const context = engine.contexts()[0]?.name ?? "";
const begun = performance.now();
const { shown } = await engine.namespaces(context);
const listed = performance.now();
if (!shown.includes(namespace)) throw new Error(`${namespace} is not among what is shown: ${shown.join(", ")}`);
const jobs = engine.cluster(context).jobs(namespace);
await jobs.answered(60_000);
const result: ScaleResult = { namespacesMs: listed - begun, jobsMs: performance.now() - listed };
const found = [...jobs.items].length;
if (jobs.state.kind !== "live" || found !== Number(count)) throw new Error(`${jobs.state.kind}, with ${found} jobs`);
console.log(PROBE_MARK + JSON.stringify(result));
process.exit(0);
