// A window that launches and may die at any step. At the step of its order it says so and stands still until a file
// appears, or somebody kills it. Started by exactlyOnce.test.ts.
import fs from "node:fs";
import process from "node:process";
import type { LaunchStep } from "../../src/jobs/journal.ts";
import { Cleanup, launchPlan, openRig } from "./support.ts";

export interface Order {
  readonly kubeconfig: string;
  readonly storage: string;
  readonly file: string;
  readonly namespace: string;
  readonly stopAt: LaunchStep;
  /** Path of the file that lets it go on. */
  readonly go: string;
}

const { kubeconfig, storage, file, namespace, stopAt, go } = JSON.parse(process.argv[2] ?? "{}") as Order;
const cleanup = new Cleanup();
const rig = await openRig(cleanup, kubeconfig, { storage });
await rig.engine.namespaces(rig.context);
await launchPlan(rig, file, namespace, (step) => {
  if (step !== stopAt) return;
  fs.writeSync(1, `${step}\n`);
  // The whole process stands still: no timer and no answer is served meanwhile.
  const still = new Int32Array(new SharedArrayBuffer(4));
  while (!fs.existsSync(go)) Atomics.wait(still, 0, 0, 20);
});
await cleanup.run();
