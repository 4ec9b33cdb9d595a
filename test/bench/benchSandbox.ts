// The real cluster that benchmarks run on, and ways into it.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { step } from "../../scripts/steps.mjs";
import { systemClock } from "../../src/core/clock.ts";
import { type Logger, silentLogger } from "../../src/core/log.ts";
import type { Connection } from "../../src/kube/connection.ts";
import { Connections } from "../../src/kube/connections.ts";
import { loadKubeconfig } from "../../src/kube/kubeconfig.ts";
import { Stores } from "../../src/kube/stores.ts";
import { ensureSandbox, lookAtSandbox, type Sandbox, type SandboxOptions, stopSandbox } from "../sandbox/sandbox.ts";
import type { OnEnd } from "./ending.ts";
import { type Line, SlowLink } from "./slowLink.ts";

const SANDBOX = "bench";

/** The benchmarks' own sandbox, or one with another name; one that was not running ends with them. */
export function benchSandbox(onEnd: OnEnd, { name = SANDBOX, ...options }: SandboxOptions = {}): Promise<Sandbox> {
  return step(`the sandbox «${name}»`, () => {
    if (lookAtSandbox(name).status === undefined)
      onEnd(() => step(`ending the sandbox «${name}»`, () => stopSandbox(name)));
    return ensureSandbox({ ...options, name, onProgress: (line) => console.log(line) });
  });
}

export interface Opened {
  readonly connection: Connection;
  readonly dispose: () => void;
}

/** Connects as the extension does, by a kubeconfig with one context. */
export async function openCluster(kubeconfig: string, log: Logger = silentLogger): Promise<Opened> {
  const connections = new Connections({
    load: () => loadKubeconfig({ paths: [kubeconfig], env: {}, home: "/", platform: process.platform }),
    userAgent: "trainyard-bench",
    log,
    clock: systemClock,
    proxyOverride: () => undefined,
    env: {},
  });
  await connections.load();
  const connection = connections.get(connections.contexts()[0]?.name ?? "");
  await connection.connect();
  return { connection, dispose: () => connections.dispose() };
}

/** The same with its stores; all of it ends with the benchmark. */
export async function openStores(
  kubeconfig: string,
  onEnd: OnEnd,
  log?: Logger,
): Promise<{ readonly connection: Connection; readonly stores: Stores }> {
  const { connection, dispose } = await openCluster(kubeconfig, log);
  const stores = new Stores({ client: connection.client, clock: systemClock, log: silentLogger });
  onEnd(() => {
    stores.dispose();
    dispose();
  });
  return { connection, stores };
}

/** A link before the sandbox, and a kubeconfig that goes through it. */
export async function linkTo(
  sandbox: Sandbox,
  line: Line,
  folder: string,
  onEnd: OnEnd,
): Promise<{ readonly link: SlowLink; readonly kubeconfig: string }> {
  const link = await SlowLink.start(sandbox.address, line);
  onEnd(() => link.stop());
  const kubeconfig = path.join(folder, `through-${new URL(link.address).port}.kubeconfig`);
  const direct = fs.readFileSync(sandbox.kubeconfig, "utf8");
  fs.writeFileSync(kubeconfig, direct.replaceAll(sandbox.address, link.address), { mode: 0o600 });
  return { link, kubeconfig };
}
