// The sandbox as the project's other tools use it: a real one-node Kubernetes with the Kubeflow controllers,
// found running or brought up.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { cacheRoot, withLock } from "../../scripts/cache.mjs";
import { run, say } from "../../scripts/steps.mjs";
import { Api } from "./api.ts";
import { certificate } from "./certificates.ts";
import { layoutOf } from "./layout.ts";
import type { Layout, User } from "./layout.ts";
import type { ServerAct } from "./inside/talk.ts";
import { findProgram, whyNotHere } from "./machine.ts";
import { kubernetesProgram } from "./parts/golang.ts";
import { livingSupervisor, readStatus, write } from "./state.ts";
import type { Extra, Parts, Status } from "./state.ts";

export interface SandboxOptions {
  /** Default `dev`. Sandboxes of different names run side by side. */
  readonly name?: string;
  /** Begin with an empty cluster, also where one is running. */
  readonly fresh?: boolean;
  /**
   * `control` has no kubelet and runs no pods; `empty` has nothing of Kubeflow either, and the pods of its fake nodes
   * are where the host listens; `bare` is a node without anything of Kubeflow, that can run its training controllers
   * as pods. Default `node`; a running `node` serves for `control` too.
   */
  readonly parts?: Parts;
  readonly with?: readonly Extra[];
  /** Told each line of progress while it is being built and started. */
  readonly onProgress?: (line: string) => void;
}

export interface Sandbox {
  readonly name: string;
  /** Path of the administrator's kubeconfig; context `trainyard-<name>`. */
  readonly kubeconfig: string;
  /** Of the user `narrow`, who runs training jobs and notebooks in team-a and can do nothing else. */
  readonly narrowKubeconfig: string;
  /** Of the user `reader`, who only looks at team-a's training jobs, notebooks and pods. */
  readonly readerKubeconfig: string;
  /** `https://127.0.0.1:PORT`, the same for as long as the sandbox is known; answers from the first second. */
  readonly address: string;
  /** The API server without the relay before it; the same certificate is good for both. */
  readonly directAddress: string;
  /** Runs the sandbox's own kubectl as the administrator; rejects with its words. @returns its standard output */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  stop(): Promise<void>;
}

/** @returns once the sandbox is ready */
export async function ensureSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { ready } = await startSandbox(options);
  return ready;
}

/**
 * @returns as soon as the kubeconfig exists and its address answers (with 503 and a `Status` that names the step);
 * `ready` rejects with the reason where the sandbox cannot be brought up
 */
export async function startSandbox(
  options: SandboxOptions = {},
): Promise<{ sandbox: Sandbox; ready: Promise<Sandbox> }> {
  const here = whyNotHere();
  if (here !== undefined) throw new Error(here);
  const layout = layoutOf(options.name ?? "dev");
  const extras = options.with ?? [];
  fs.mkdirSync(layout.dir, { recursive: true });
  const { from, status } = await withLock(
    `sandbox-${layout.name}`,
    async () => {
      const from = await findOrLaunch(layout, options);
      // Within the lock: whoever comes next must find a sandbox that says what it is.
      return { from, status: await nextStatus(layout, () => true) };
    },
    (holder) =>
      options.onProgress?.(`process ${holder} is starting the sandbox «${layout.name}» already: waiting for it`),
  );
  const sandbox = describe(layout, status);
  const ready = waitReady(layout, extras, from, options.onProgress).then(() => sandbox);
  ready.catch(() => undefined); // Whoever only wants the address need not look at it.
  return { sandbox, ready };
}

/** @returns from where on the log of progress is news to the caller */
async function findOrLaunch(layout: Layout, options: SandboxOptions): Promise<number> {
  const { fresh = false, parts = "node", with: extras = [] } = options;
  const status = readStatus(layout);
  const serves = status !== undefined && (status.parts === parts || (status.parts === "node" && parts === "control"));
  if (
    livingSupervisor(layout) !== undefined &&
    serves &&
    !fresh &&
    (status.phase !== "ready" || (await isHealthy(layout)))
  ) {
    if (extras.some((extra) => !status.with.includes(extra))) {
      write(layout.wanted, { with: [...new Set([...status.with, ...extras])] });
      await asRoot("add", layout.name);
    }
    return fs.existsSync(layout.progress) && status.phase === "ready" ? fs.statSync(layout.progress).size : 0;
  }
  await asRoot("start", layout.name, fresh ? "fresh" : "again", parts, ...extras);
  return 0;
}

async function isHealthy(layout: Layout): Promise<boolean> {
  const address = new URL(readStatus(layout)?.address ?? "https://127.0.0.1:1");
  const files = {
    ca: certificate(layout, "ca.crt"),
    cert: certificate(layout, "admin.crt"),
    key: certificate(layout, "admin.key"),
  };
  const api = new Api({ host: address.hostname, port: Number(address.port), ...files });
  try {
    // A busy machine may need a second try.
    return (await api.isReady()) || (await api.isReady());
  } finally {
    api.close();
  }
}

/** Waits for a status that fits; rejects where the sandbox has ended instead, with what it said. */
async function nextStatus(layout: Layout, fits: (status: Status) => boolean, between?: () => void): Promise<Status> {
  for (;;) {
    // Read in this order: a supervisor that is gone has written its last word before.
    const lives = livingSupervisor(layout) !== undefined;
    const status = readStatus(layout);
    between?.();
    if (status !== undefined && lives && fits(status)) return status;
    if (!lives) {
      const why = lastWord(status) ?? "its supervisor ended without a word";
      throw new Error(`The sandbox «${layout.name}» is not running: ${why}\nIts logs are in ${layout.logs}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function waitReady(
  layout: Layout,
  extras: readonly Extra[],
  from: number,
  onProgress?: (line: string) => void,
): Promise<void> {
  let offset = from;
  const forward = () => {
    if (onProgress === undefined || !fs.existsSync(layout.progress)) return;
    const news = fs.readFileSync(layout.progress).subarray(offset);
    const complete = news.subarray(0, news.lastIndexOf(10) + 1);
    offset += complete.length;
    for (const line of complete.toString("utf8").split("\n")) if (line !== "") onProgress(line);
  };
  await nextStatus(
    layout,
    (status) => status.phase === "ready" && extras.every((extra) => status.with.includes(extra)),
    forward,
  );
  forward();
}

function describe(layout: Layout, status: Status): Sandbox {
  return {
    name: layout.name,
    kubeconfig: layout.kubeconfig("admin"),
    narrowKubeconfig: layout.kubeconfig("narrow"),
    readerKubeconfig: layout.kubeconfig("reader"),
    address: status.address,
    directAddress: status.direct,
    kubectl: (args, input) => kubectl(layout, args, input),
    stop: () => stopSandbox(layout.name),
  };
}

async function kubectl(layout: Layout, args: readonly string[], input?: string): Promise<string> {
  const options = input === undefined ? {} : { input };
  return run(await kubernetesProgram(), ["kubectl", `--kubeconfig=${layout.kubeconfig("admin")}`, ...args], options);
}

/** Ends the sandbox. Its image store, certificates and data stay in the cache; nothing else does. */
export async function stopSandbox(name: string): Promise<void> {
  const layout = layoutOf(name);
  if (!fs.existsSync(layout.dir)) return;
  await withLock(`sandbox-${name}`, () => asRoot("stop", name));
}

/**
 * Does to the API server of a running sandbox what only a test wants: `kill` (SIGKILL), `start` (the same etcd; resolves
 * when it is ready), `compact` (etcd's history is gone). The sandbox lives on.
 */
export async function disturbServer(name: string, what: ServerAct): Promise<void> {
  const layout = layoutOf(name);
  const status = await nextStatus(layout, ({ phase }) => phase === "ready");
  const serial = (status.acted ?? 0) + 1;
  write(layout.wanted, { with: status.with, act: { serial, what } });
  await asRoot("add", name);
  await nextStatus(layout, ({ acted }) => acted === serial);
}

/** What a sandbox does at the moment; undefined where it does not run, `last` is then its last word. */
export function lookAtSandbox(name: string): { status: Status | undefined; last: string | undefined } {
  const layout = layoutOf(name);
  const status = readStatus(layout);
  if (livingSupervisor(layout) !== undefined) return { status, last: undefined };
  return { status: undefined, last: status && (lastWord(status) ?? "it was killed") };
}

function lastWord(status: Status | undefined): string | undefined {
  return status?.phase === "failed" || status?.phase === "stopped" ? status.message : undefined;
}

/** Path of a user's kubeconfig, undefined where the sandbox never was. */
export function kubeconfigPath(name: string, user: User): string | undefined {
  const file = layoutOf(name).kubeconfig(user);
  return fs.existsSync(file) ? file : undefined;
}

let told = false;

async function asRoot(...args: string[]): Promise<void> {
  const command = [
    process.execPath,
    "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON",
    path.join(import.meta.dirname, "root.ts"),
    ...args,
  ];
  if (process.getuid?.() === 0) {
    await run(process.execPath, command.slice(1));
    return;
  }
  const sudo = findProgram("sudo");
  if (sudo === undefined) {
    throw new Error(
      "The sandbox needs root, for network and mount namespaces and for containers, and there is no sudo here: run the command as root.",
    );
  }
  if (!told)
    say("the sandbox needs root, for network and mount namespaces and for containers: sudo may ask for your password");
  told = true;
  // sudo clears the environment; the cache and the programs are the person's own.
  const kept = [`TRAINYARD_CACHE=${cacheRoot()}`, `PATH=${process.env["PATH"] ?? ""}`];
  await run(sudo, ["env", ...kept, ...command]);
}
