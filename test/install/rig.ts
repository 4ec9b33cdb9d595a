// What the tests of the install have in common: an empty cluster with fake nodes, its stand-in, installers that count.
import os from "node:os";
import process from "node:process";
import type { Step } from "../../src/contract/preview.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { type Choice, Installer, type InstallerOptions, type Release } from "../../src/install/index.ts";
import { KubeClient } from "../../src/kube/client.ts";
import type { KubeRequest, KubeResponse } from "../../src/kube/transport.ts";
import { type Cleanup, openRig, temporaryFolder } from "../cluster/support.ts";
import { layoutOf, linkOf } from "../sandbox/layout.ts";
import { ensureSandbox, type Sandbox, stopSandbox } from "../sandbox/sandbox.ts";
import { readSettings } from "../sandbox/state.ts";
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

  /** Server-side applies, without those of our own record and namespace. */
  get applied(): readonly string[] {
    return this.requests
      .filter(
        ({ contentType, path }) => contentType === "application/apply-patch+yaml" && !path.includes("trainyard-system"),
      )
      .map(({ path }) => path);
  }
}

export interface Rig {
  readonly sandbox: Sandbox;
  readonly client: KubeClient;
  readonly standIn: StandIn;
  readonly folder: string;
}

/** The cluster begins empty; all of it ends with the cleanup. */
export async function openInstallRig(cleanup: Cleanup): Promise<Rig> {
  const sandbox = await ensureSandbox({ name: SANDBOX, parts: "empty", with: ["kwok"], fresh: true });
  cleanup.add(() => stopSandbox(SANDBOX));
  const { client } = await openRig(cleanup, sandbox.kubeconfig);
  const { slot } = readSettings(layoutOf(SANDBOX)) ?? { slot: 0 };
  const standIn = await StandIn.start(linkOf(slot).host, await temporaryFolder(cleanup), client);
  cleanup.add(() => standIn.stop());
  return { sandbox, client, standIn, folder: await testReleaseFolder() };
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
    manifests: { env: process.env, platform: os.platform() },
    ...rest,
  });
  return { installer, client: counting, storage };
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
