import { hostname } from "node:os";
import type { Clock } from "../../core/clock.ts";
import { CancelledError } from "../../core/errors.ts";
import { silentLogger } from "../../core/log.ts";
import { KubeClient } from "../../kube/client.ts";
import type { Journal, LaunchEntry } from "../journal.ts";
import { Launcher } from "../launcher.ts";
import type { Snapshot } from "../code/snapshot.ts";
import type { LaunchSpec, RuntimeUse } from "../spec.ts";
import { FakeApi } from "../../kubeflow/testing/fakeApi.ts";

export const SNAPSHOT: Snapshot = {
  root: "/home/ada/project",
  script: "train.py",
  searched: [],
  files: [
    { path: "pkg/__init__.py", bytes: 0 },
    { path: "train.py", bytes: 15 },
  ],
  left: [],
  missing: [],
  bytes: 15,
  tier: "files",
  keyed: [
    { path: "pkg/__init__.py", key: "f0001-__init__.py", content: "", encoding: "utf8" },
    { path: "train.py", key: "f0002-train.py", content: "print('hello')\n", encoding: "utf8" },
  ],
  archive: { file: "/nowhere", bytes: 0, sha256: "" },
  hash: "5f3a".padEnd(64, "0"),
};

export const SPEC: LaunchSpec = {
  kind: "PyTorchJob",
  id: "4f2a91bc77aa",
  name: "train-4f2a",
  namespace: "alice",
  context: "team-a",
  script: { root: "/home/ada/project", path: "train.py" },
  image: "pytorch/pytorch:2.11.0-cuda12.8-cudnn9-runtime",
  nodes: 2,
  processesPerNode: 1,
  gpusPerNode: 0,
  args: [],
  env: [{ name: "MODE", value: "fast" }],
  installs: true,
  owner: "0123456789abcdef",
};

export const RUNTIME: RuntimeUse = {
  kind: "ClusterTrainingRuntime",
  name: "torch-distributed",
  policy: "torch",
  targets: ["node"],
  image: "pytorch/pytorch:2.13.0",
  patches: "runtimePatches",
};

/** The same as the other kind. */
export const TRAIN_SPEC: LaunchSpec = {
  ...SPEC,
  kind: "TrainJob",
  runtime: RUNTIME,
};

/** One that Kueue lets run. */
export const QUEUED_SPEC: LaunchSpec = { ...SPEC, needs: { queue: "team-a" } };

/** Time that passes only when somebody sleeps. */
export class TestClock implements Clock {
  time = 1_800_000_000_000;

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.time;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await Promise.resolve();
    if (signal?.aborted) throw new CancelledError();
    this.time += ms;
  }
}

export class MemoryJournal implements Journal {
  readonly entries = new Map<string, LaunchEntry>();
  onEdge: () => void = () => undefined;

  async put(entry: LaunchEntry): Promise<void> {
    await Promise.resolve();
    this.onEdge();
    this.entries.set(entry.id, structuredClone(entry));
    this.onEdge();
  }

  get(id: string): Promise<LaunchEntry | undefined> {
    return Promise.resolve(this.entries.get(id));
  }

  list(): Promise<LaunchEntry[]> {
    return Promise.resolve([...this.entries.values()]);
  }

  async remove(id: string): Promise<void> {
    await Promise.resolve();
    this.onEdge();
    this.entries.delete(id);
    this.onEdge();
  }
}

export class Death extends Error {}

/** Where there is no pod to connect to. */
export const noPod = (): Promise<never> => Promise.reject(new Error("no pod here"));

/** A cluster and a journal that outlive the processes that use them. */
export class World {
  readonly api = new FakeApi();
  readonly journal = new MemoryJournal();
  readonly clock = new TestClock();
  readonly client = new KubeClient(this.api);
  #left = Infinity;
  #instances = 0;

  constructor() {
    const edge = (): void => {
      this.#left -= 1;
      if (this.#left < 0) throw new Death();
    };
    this.api.onEdge = edge;
    this.journal.onEdge = edge;
  }

  /** A new process, which dies at its n-th edge: before or after a request is served or an entry is written. */
  launcher(diesAt = Infinity): Launcher {
    this.#left = diesAt;
    // Numbers beyond any system's largest: processes that are gone.
    const instance = `${hostname()}/${String(2_000_000_000 + (this.#instances += 1))}/test`;
    return new Launcher({
      journal: this.journal,
      log: silentLogger,
      clock: this.clock,
      instance,
      version: "0.1.0",
      connect: noPod,
    });
  }

  get died(): boolean {
    return this.#left < 0;
  }

  /** Nothing is killed from here on. */
  revive(): void {
    this.#left = Infinity;
  }
}
