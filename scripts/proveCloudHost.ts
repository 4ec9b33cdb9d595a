// What stands around proving a cloud (proveCloud.ts): services as an editor composes them, and a person at a terminal.
import { readdir } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { systemClock } from "../src/core/clock.ts";
import type { Disposable } from "../src/core/dispose.ts";
import { errorText } from "../src/core/errors.ts";
import { silentLogger } from "../src/core/log.ts";
import type { FlowPorts } from "../src/install/index.ts";
import type { KubeClient } from "../src/kube/client.ts";
import { Connections } from "../src/kube/connections.ts";
import { loadKubeconfig } from "../src/kube/kubeconfig.ts";
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

/** Without a release: nothing of Kubeflow can be installed. */
const NOTHING_INSTALLS: FlowPorts = {
  installers: { releases: [], of: unasked, prepare: unasked },
  ...{ client: unasked, sample: unasked, showAccounts: unasked, onInstall: unasked, fail: unasked },
  secrets: { get: unasked, set: unasked, delete: unasked },
};

function unasked(): never {
  throw new Error("nothing of Kubeflow is installed here");
}

/** As an editor composes it, with questions asked by `agrees`. */
export function compose(
  host: ProofHost,
  clients: Clients,
  agrees: (question: string) => Promise<boolean>,
): Provisioning {
  const { env, templates, storage, version, print } = host;
  const note = (line: string): void => print(`  ${line}`);
  return new Provisioning({
    ...{ version, env, templates, storage, platform: process.platform, log: silentLogger, terraformPath: () => "" },
    keeper: { execPath: process.execPath, script: path.join(ROOT, "src/provision/terraform/keeper.ts") },
    client: (context, signal) => clients.get(context, signal),
    kubeflow: () => Promise.resolve(NOTHING_INSTALLS),
    desk: {
      added: () => Promise.resolve(),
      removed: () => Promise.resolve(),
      showText: (title, text) => note(`${title}:\n${text}`),
      openExternal: (url) => note(`See ${url}`),
      copy: note,
      runInTerminal: (_title, file, args) => note(`Run: ${[file, ...args].join(" ")}`),
      pickFolder: () => Promise.resolve(undefined),
      confirm: (question, detail) => agrees(`${question}\n${detail}\n`),
      reveal: () => undefined,
      run: () => Promise.resolve(),
      openDashboard: () => Promise.resolve(),
      fail: (error) => note(errorText(error)),
      tell: note,
    },
  });
}

/** Connections by the kubeconfigs that were written for us. */
export class Clients implements Disposable {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #held: Connections[] = [];

  constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.#folder = folder;
    this.#env = env;
  }

  /** One of its own, connected. */
  async get(context: string, signal: AbortSignal): Promise<KubeClient> {
    const env = this.#env;
    const names = (await readdir(this.#folder).catch(() => [])).filter((name) => name.endsWith(".yaml"));
    const paths = names.map((name) => path.join(this.#folder, name));
    const load = () => loadKubeconfig({ paths, env, home: this.#folder, platform: process.platform });
    const common = { userAgent: "trainyard-script", log: silentLogger, clock: systemClock, env };
    const connections = new Connections({ load, ...common, proxyOverride: () => undefined });
    this.#held.push(connections);
    await connections.load();
    const connection = connections.get(context);
    await connection.connect(signal);
    return connection.client;
  }

  dispose(): void {
    for (const connections of this.#held.splice(0)) connections.dispose();
  }
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
