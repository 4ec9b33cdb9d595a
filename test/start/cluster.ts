// The cluster that `npm start` works on, brought up or found.
import path from "node:path";
import process from "node:process";
import readline from "node:readline/promises";
import { cacheRoot } from "../../scripts/cache.mjs";
import { ROOT } from "../../scripts/build.ts";
import { say, step } from "../../scripts/steps.mjs";
import type { Settings } from "../editor/settings.ts";
import { lookAtSandbox, startSandbox, stopSandbox } from "../sandbox/sandbox.ts";
import type { Arguments } from "./args.ts";
import { chooseCluster, type LocalChoice } from "./choice.ts";
import { givenCluster } from "./given.ts";
import { bringUpLocal, endLocal } from "./local.ts";
import { NAMESPACE, SANDBOX_SETTINGS } from "./project.ts";

export interface Cluster {
  /** Names the profile: what an editor remembers of one kind of cluster is wrong for another. */
  readonly key: "given" | "local" | "sandbox";
  readonly words: string;
  /** Value for KUBECONFIG. */
  readonly kubeconfig: string;
  /** The file that holds it, for a person. */
  readonly file: string;
  /** Where the sample job goes. */
  readonly namespace: string;
  readonly settings: Settings;
  /** Rejects with the reason where it cannot be brought up. */
  readonly ready: Promise<void>;
  /** What becomes of it after this command, in a sentence. */
  readonly stays: string;
  /** Ends it where this command has brought it up for itself alone. */
  readonly end: (() => Promise<void>) | undefined;
}

/** Files of `npm start` that stay from one time to the next. */
export const START_FOLDER = path.join(ROOT, "out", "start");
const SANDBOX = "dev";

/**
 * Decides which cluster it is, and asks before something is changed on this machine.
 * @returns what brings it up, and resolves as soon as an editor can be given a kubeconfig
 */
export async function planCluster(args: Arguments): Promise<() => Promise<Cluster>> {
  const choice = await chooseCluster(args.kubeconfig !== undefined || args.context !== undefined, {
    searchPath: process.env["PATH"] ?? "",
    platform: process.platform,
    arch: process.arch,
    isRoot: process.getuid?.() === 0,
  });
  switch (choice.kind) {
    case "none":
      throw new Error(choice.reason);
    case "given": {
      const cluster = await given(args);
      return () => Promise.resolve(cluster);
    }
    case "local":
      return () => Promise.resolve(local(choice));
    case "sandbox":
      if (lookAtSandbox(SANDBOX).status === undefined) await agreeOnSandbox(args.yes);
      return sandbox;
  }
}

async function given(args: Arguments): Promise<Cluster> {
  const { context, namespace, file, kubeconfig } = await givenCluster(args.kubeconfig, args.context, START_FOLDER);
  const words = `the cluster of the context «${context}» in ${file}`;
  return {
    key: "given",
    words,
    kubeconfig,
    file,
    namespace,
    settings: {},
    ready: Promise.resolve(),
    stays: "The cluster is left as it is.",
    end: undefined,
  };
}

function local(choice: LocalChoice): Cluster {
  const file = path.join(START_FOLDER, `${choice.tool}.kubeconfig`);
  const ready = bringUpLocal(choice, file);
  ready.catch(() => undefined); // Looked at when the editor is there.
  const stays = `The cluster stays; «${endLocal(choice)}» ends it.`;
  return {
    key: "local",
    words: `the cluster «trainyard» of ${choice.tool}`,
    kubeconfig: file,
    file,
    namespace: "default",
    settings: {},
    ready,
    stays,
    end: undefined,
  };
}

async function sandbox(): Promise<Cluster> {
  const isOurs = lookAtSandbox(SANDBOX).status === undefined;
  // The supervisor's lines carry its own clock, which is not ours.
  const onProgress = (line: string) => say(`sandbox: ${line.replace(/^\s*[\d.]+ s {2}/, "")}`);
  const begun = Date.now();
  say(isOurs ? `starting the sandbox «${SANDBOX}» …` : `the sandbox «${SANDBOX}» runs already`);
  const { sandbox: made, ready } = await startSandbox({ name: SANDBOX, onProgress });
  const told = ready.then(() =>
    say(`the sandbox «${SANDBOX}» is ready: ${((Date.now() - begun) / 1000).toFixed(1)} s`),
  );
  told.catch(() => undefined); // Looked at when the editor is there.
  return {
    key: "sandbox",
    words: `the sandbox «${SANDBOX}»`,
    kubeconfig: made.kubeconfig,
    file: made.kubeconfig,
    namespace: NAMESPACE,
    settings: SANDBOX_SETTINGS,
    ready: told,
    stays: `The sandbox «${SANDBOX}» stays; «npm run sandbox -- down» ends it.`,
    end: isOurs
      ? () => step(`ending the sandbox «${SANDBOX}», which this command had brought up`, () => stopSandbox(SANDBOX))
      : undefined,
  };
}

async function agreeOnSandbox(yes: boolean): Promise<void> {
  console.log(`
No cluster was named, and there is no container engine with kind, k3d or minikube. The sandbox will do: a real
one-node Kubernetes with Kubeflow's Training Operator and Trainer. What it changes on this machine:
  - system packages that it lacks are installed with apt-get (such as debootstrap, iproute2, iptables, openssl;
    for the browser-hosted editor's screenshots also Chromium);
  - while it runs, a network link (a veth pair, trainyardN, within 10.243.0.0/16) and empty cgroups, which are there
    until «npm run sandbox -- down»; root is needed for these${process.getuid?.() === 0 ? "" : ", through sudo"};
  - what it is built from is kept in ${cacheRoot()}: at first about 20 GB and many minutes; «npm run prune»
    gives most of it back.
`);
  if (yes || !process.stdin.isTTY || !process.stdout.isTTY) return;
  const dialogue = readline.createInterface({ input: process.stdin, output: process.stdout });
  const answer = await dialogue.question("Go on? [Y/n] ");
  dialogue.close();
  if (/^n/i.test(answer.trim())) {
    throw new Error("Nothing was changed. To use a cluster of yours: npm start -- --kubeconfig FILE --context NAME.");
  }
}
