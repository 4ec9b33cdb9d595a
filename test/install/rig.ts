// What the tests of the install have in common: an empty cluster with fake nodes, its stand-in, installers that count.
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { cached } from "../../scripts/cache.mjs";
import type { Step } from "../../src/contract/preview.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { MemorySecrets } from "../../src/install/testing/memorySecrets.ts";
import { type Choice, Installer, type InstallerOptions, type Release } from "../../src/install/index.ts";
import { COMPONENT_LABEL } from "../../src/install/objects.ts";
import { OWN_NAMESPACE } from "../../src/install/record.ts";
import { KubeClient } from "../../src/kube/client.ts";
import type { KubeRequest, KubeResponse } from "../../src/kube/transport.ts";
import { record, text } from "../../src/kubeflow/read.ts";
import { Cleanup, openRig, temporaryFolder } from "../cluster/support.ts";
import { layoutOf, linkOf } from "../sandbox/layout.ts";
import { kubernetesProgram } from "../sandbox/parts/golang.ts";
import { ensureSandbox, type Sandbox, stopSandbox } from "../sandbox/sandbox.ts";
import { readSettings } from "../sandbox/state.ts";
import { makeStorageClass } from "./controllers.ts";
import { StandIn } from "./standIn.ts";
import { TEST_RELEASE, testReleaseFolder } from "./testRelease.ts";

export const SANDBOX = "install";
export const NEVER = new AbortController().signal;

/** A client that counts what is asked, and can be made to fail first. */
export class CountingClient extends KubeClient {
  readonly requests: KubeRequest[] = [];
  /** Runs before each request; what it throws is what becomes of it. */
  before: (request: KubeRequest, index: number) => void = () => undefined;
  readonly #inner: KubeClient;

  constructor(inner: KubeClient) {
    super({ send: () => Promise.reject(new Error("never sent")), dispose: () => undefined });
    this.#inner = inner;
  }

  override stream(request: KubeRequest): Promise<KubeResponse> {
    this.requests.push(request);
    this.before(request, this.requests.length - 1);
    return this.#inner.stream(request);
  }

  /** Paths of server-side applies, without those of our own record and namespace; each once, sent again or not. */
  get applied(): readonly string[] {
    return [...new Set(this.#applies.map(({ path }) => path))];
  }

  /** Components that something was applied of. */
  get componentsApplied(): readonly string[] {
    const labels = this.#applies.map(({ body }) => record(record(record(body)["metadata"])["labels"]));
    return [...new Set(labels.flatMap((of) => text(of[COMPONENT_LABEL]) ?? []))];
  }

  get #applies(): readonly KubeRequest[] {
    return this.requests.filter(
      ({ contentType, path }) => contentType === "application/apply-patch+yaml" && !path.includes(OWN_NAMESPACE),
    );
  }
}

export interface Rig {
  readonly sandbox: Sandbox;
  readonly client: KubeClient;
  readonly standIn: StandIn;
  readonly folder: string;
}

/** An environment whose first kubectl is the sandbox's own, so that no test hangs on what the machine has. */
export async function withKubectl(): Promise<NodeJS.ProcessEnv> {
  const program = await kubernetesProgram();
  const folder = await cached("kubectl", { program }, async (into) => {
    await fs.writeFile(path.join(into, "kubectl"), `#!/bin/sh\nexec "${program}" kubectl "$@"\n`, { mode: 0o755 });
  });
  return { ...process.env, PATH: [folder, process.env["PATH"] ?? ""].join(path.delimiter) };
}

/** The cluster begins empty, with a default StorageClass; all of it ends with the cleanup. */
export async function openInstallRig(cleanup: Cleanup, name = SANDBOX): Promise<Rig> {
  const sandbox = await ensureSandbox({ name, parts: "empty", with: ["kwok"], fresh: true });
  cleanup.add(() => stopSandbox(name));
  const { client } = await openRig(cleanup, sandbox.kubeconfig);
  const { slot } = readSettings(layoutOf(name)) ?? { slot: 0 };
  const standIn = await StandIn.start(linkOf(slot).host, await temporaryFolder(cleanup), client);
  cleanup.add(() => standIn.stop());
  await makeStorageClass(client);
  return { sandbox, client, standIn, folder: await testReleaseFolder() };
}

const shared = { cleanup: new Cleanup(), users: 0, rig: undefined as Promise<Rig> | undefined };

/** The same cluster for every suite that asks for it where it is described; it ends with the last of their cleanups. */
export function sharedRig(cleanup: Cleanup): () => Promise<Rig> {
  shared.users++;
  cleanup.add(async () => {
    shared.users--;
    if (shared.users === 0) await shared.cleanup.run();
  });
  return () => (shared.rig ??= openInstallRig(shared.cleanup));
}

/** An installer as a window has it; two with one storage are two windows of one machine. */
export async function windowOf(
  cleanup: Cleanup,
  client: KubeClient,
  more: Partial<InstallerOptions> & { readonly release?: Release } = {},
): Promise<{ readonly installer: Installer; readonly client: CountingClient; readonly storage: string }> {
  const counting = new CountingClient(client);
  const { release = TEST_RELEASE, storage = await temporaryFolder(cleanup), ...rest } = more;
  const installer = new Installer({
    client: counting,
    clock: systemClock,
    log: silentLogger,
    storage,
    releases: [release],
    manifests: { env: await withKubectl(), platform: os.platform() },
    secrets: new MemorySecrets(),
    ...rest,
  });
  return { installer, client: counting, storage };
}

/** Everything, for two people. */
export function full(folder: string, more: Partial<Choice> = {}): Choice {
  return training(folder, { wanted: ["full"], people: ["ada@example.org", "alan@example.org"], ...more });
}

export function training(folder: string, more: Partial<Choice> = {}): Choice {
  return { release: "test", wanted: ["training"], platform: "any", folder, ...more };
}

/** The last steps that were shown. */
export function lastSteps(): {
  readonly onSteps: (steps: readonly Step[]) => void;
  readonly of: (id: string) => Step | undefined;
  readonly all: readonly Step[][];
} {
  const all: Step[][] = [];
  return {
    onSteps: (steps) => void all.push([...steps]),
    of: (id) => all.at(-1)?.find((step) => step.id === `kubeflow-${id}`),
    all,
  };
}
