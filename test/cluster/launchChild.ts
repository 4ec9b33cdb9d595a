// A window that launches and may die at any step: each step is told on standard output, and a line on standard input
// lets it go on. Started by exactlyOnce.test.ts.
import fs from "node:fs";
import process from "node:process";
import { Cleanup, launchPlan, openRig } from "./support.ts";

interface Order {
  readonly kubeconfig: string;
  readonly storage: string;
  readonly file: string;
  readonly namespace: string;
}

const order = JSON.parse(process.argv[2] ?? "{}") as Order;
const cleanup = new Cleanup();
const { kubeconfig, storage, file, namespace } = order;
const rig = await openRig(cleanup, kubeconfig, { storage });
await rig.engine.namespaces(rig.context);
await launchPlan(rig, file, namespace, (step) => {
  fs.writeSync(1, `${step}\n`);
  // Nothing else happens in this process until somebody writes, or kills it.
  fs.readSync(0, Buffer.alloc(1));
});
await cleanup.run();
