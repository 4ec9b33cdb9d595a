// What stands around proving a cloud (proveCloud.ts): services as an editor composes them, and a person at a terminal.
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { systemClock } from "../src/core/clock.ts";
import { errorText } from "../src/core/errors.ts";
import { silentLogger } from "../src/core/log.ts";
import type { KubeClient } from "../src/kube/client.ts";
import { Connections } from "../src/kube/connections.ts";
import { loadKubeconfig } from "../src/kube/kubeconfig.ts";
import type { AddedCluster } from "../src/provision/index.ts";
import { Provisioning } from "../src/provision/provisioning.ts";
import { ROOT } from "./build.ts";

/** What a run works with. */
export interface ProofHost {
  readonly env: NodeJS.ProcessEnv;
  /** The extension's files of Terraform. */
  readonly templates: string;
  /** Folder that records, state and kubeconfig are kept in until all is destroyed. */
  readonly storage: string;
  /** Path of the markdown that is written. */
  readonly report: string;
  readonly version: string;
  readonly print: (line: string) => void;
  /** Resolves with what the person typed; "" where they closed it. */
  readonly ask: (question: string) => Promise<string>;
  /** Ctrl+C. */
  readonly signal: AbortSignal;
}

/** Provisioning whose questions are asked by `agrees`, and whose clusters are reached by the kubeconfigs that it wrote. */
export function compose(host: ProofHost, agrees: (question: string) => Promise<boolean>): Provisioning {
  const { env, templates, storage, version, print } = host;
  const known = new Map<string, string>();
  const note = (line: string): void => print(`  ${line}`);
  const added = ({ file, context }: AddedCluster): Promise<void> => Promise.resolve(void known.set(context, file));
  return new Provisioning({
    ...{ version, env, templates, storage, platform: process.platform, log: silentLogger, terraformPath: () => "" },
    keeper: { execPath: process.execPath, script: path.join(ROOT, "src/provision/terraform/keeper.ts") },
    client: (context, signal) => clientOf(path.join(storage, "kubeconfigs"), context, env, signal),
    desk: {
      ...{ added, removed: ({ context }) => Promise.resolve(void known.delete(context)) },
      showText: (title, text) => note(`${title}:\n${text}`),
      openExternal: (url) => note(`See ${url}`),
      copy: note,
      runInTerminal: (_title, file, args) => note(`Run: ${[file, ...args].join(" ")}`),
      pickFolder: () => Promise.resolve(undefined),
      confirm: (question, detail) => agrees(`${question}\n${detail}\n`),
      reveal: () => undefined,
      run: () => Promise.resolve(),
      fail: (error) => note(errorText(error)),
      tell: note,
    },
  });
}

/** A connection of its own to the context's cluster, by the kubeconfigs of the folder. */
export async function clientOf(
  folder: string,
  context: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<KubeClient> {
  const { readdir } = await import("node:fs/promises");
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".yaml"));
  const paths = names.map((name) => path.join(folder, name));
  const load = () => loadKubeconfig({ paths, env, home: folder, platform: process.platform });
  const clock = systemClock;
  const common = { userAgent: "trainyard-script", log: silentLogger, clock, proxyOverride: () => undefined, env };
  const connections = new Connections({ load, ...common });
  await connections.load();
  const connection = connections.get(context);
  await connection.connect(signal);
  return connection.client;
}

/** One line of the person. */
export function ask(question: string): Promise<string> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin, output: process.stdout });
    lines.once("close", () => resolve(""));
    lines.once("SIGINT", () => lines.close());
    lines.question(question, (answer) => {
      resolve(answer.trim());
      lines.close();
    });
  });
}
