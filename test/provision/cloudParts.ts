// What tests of the clouds share: the services on programs of a test's choice, and a wish to ask about.
import path from "node:path";
import { NO_KUBEFLOW, type Wish } from "../../src/contract/wish.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { Logger } from "../../src/core/log.ts";
import { type LiveDeps, LiveFacts } from "../../src/provision/cloud/live.ts";
import type { PreflightDeps } from "../../src/provision/cloud/preflight.ts";
import { Eks } from "../../src/provision/existing/eks.ts";
import { Gke } from "../../src/provision/existing/gke.ts";
import { OwnKubeconfigs } from "../../src/provision/existing/ownKubeconfigs.ts";
import { Programs } from "../../src/provision/existing/programs.ts";
import { LocalClusters } from "../../src/provision/local/localClusters.ts";

export interface CloudParts extends PreflightDeps, LiveDeps {
  readonly gke: Gke;
  readonly local: LocalClusters;
  readonly live: LiveFacts;
  readonly files: OwnKubeconfigs;
  /** Everything that was logged. */
  readonly logged: string[];
}

export function cloudParts(env: NodeJS.ProcessEnv, storage: string, timeoutMs = 20_000): CloudParts {
  const logged: string[] = [];
  const note = (line: string): void => void logged.push(line);
  const log: Logger = { trace: note, debug: note, info: note, warn: note, error: note };
  const { platform } = process;
  const programs = new Programs({ env, platform, log, timeoutMs });
  const files = new OwnKubeconfigs({ folder: path.join(storage, "kubeconfigs"), env, platform, programs });
  const local = new LocalClusters({ programs, files, storage, platform, clock: systemClock });
  const deps = {
    programs,
    local,
    platform,
    clock: systemClock,
    gke: new Gke(programs, files),
    eks: new Eks(programs, files, env),
  };
  return {
    ...{ ...deps, files, logged, live: new LiveFacts(deps) },
    findTerraform: () => Promise.resolve({ kind: "Terraform", version: "1.11.4" }),
  };
}

/** Any part of it, as deep as it goes. */
type Change<T> = T extends object ? { readonly [K in keyof T]?: Change<T[K]> } : T;

export function aWish(where: Wish["where"], change: Change<Wish> = {}): Wish {
  const wish: Wish = {
    ...{ where, name: "ml-team", state: { kind: "mine" } },
    gke: {
      ...{ project: "proj-1", region: "us-central1", zones: ["us-central1-a", "us-central1-b"], protect: true },
      cpu: { machine: "e2-standard-4", nodes: 3, maxNodes: 5 },
      gpu: { gpu: "nvidia-l4", machine: "g2-standard-8", perNode: 1, maxNodes: 2, spot: false },
      authorizedNetworks: [],
    },
    eks: {
      ...{ profile: "", region: "us-west-2", version: "1.35" },
      cpu: { machine: "m5.xlarge", nodes: 3, maxNodes: 5 },
      gpu: { gpu: "A10G", machine: "g5.xlarge", perNode: 1, maxNodes: 2, spot: true },
      authorizedNetworks: [],
    },
    local: {
      ...{ tool: "minikube", version: "1.35", cpus: 8, memoryGiB: 16, diskGiB: 80, gpus: false },
      ...{ registry: false, volume: "" },
    },
    kubeflow: NO_KUBEFLOW,
  };
  return merged(wish, change) as Wish;
}

function merged(value: unknown, change: unknown): unknown {
  if (!isPlain(value) || !isPlain(change)) return change ?? value;
  return { ...value, ...Object.fromEntries(Object.entries(change).map(([key, to]) => [key, merged(value[key], to)])) };
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
