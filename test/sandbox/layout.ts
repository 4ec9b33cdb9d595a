// Where a sandbox keeps its things and which addresses it has. Inside its own network namespace every sandbox
// looks the same; only the link to the host differs from one to the next.
import fs from "node:fs";
import path from "node:path";
import { cacheRoot } from "../../scripts/cache.mjs";

/** Sandboxes that can exist at the same time on one machine: each has a /30 of 10.243.0.0/16's first 64. */
export const SLOTS = 64;

/** Addresses and ports inside, the same in each sandbox. The pods' bridge is also the node's address. */
export const NODE_NAME = "sandbox-node";
export const NODE_ADDRESS = "10.244.0.1";
export const POD_RANGE = "10.244.0.0/24";
export const SERVICE_RANGE = "10.96.0.0/16";
export const FIRST_SERVICE_ADDRESS = "10.96.0.1";
export const DNS_ADDRESS = "10.96.0.10";
export const API_PORT = 6443;

/** Who may use the sandbox from the host: the person, and two who may do little. */
export const USERS = ["admin", "narrow", "reader"] as const;
export type User = (typeof USERS)[number];

/** Where the extra `argo` has its installation of Kubeflow Pipelines. */
export const ARGO_NAMESPACE = "kubeflow-argo";

export const NAMES_ALLOWED = /^[a-z][a-z0-9-]{0,19}$/;

export interface Layout {
  readonly name: string;
  /** Everything of this sandbox. Kept by `down`: settings, certificates, image store, etcd. */
  readonly dir: string;
  readonly settings: string;
  readonly certificates: string;
  readonly images: string;
  readonly etcd: string;
  /** Thrown away by `down`. */
  readonly run: string;
  readonly logs: string;
  /** What the supervisor does at the moment; see state.ts. */
  readonly status: string;
  readonly supervisor: string;
  readonly progress: string;
  /** Extras that a running sandbox shall add; see supervisor.ts. */
  readonly wanted: string;
  kubeconfig(user: User): string;
}

export function layoutOf(name: string, root: string = cacheRoot()): Layout {
  if (!NAMES_ALLOWED.test(name)) {
    throw new Error(
      `«${name}» is no name for a sandbox: small letters, digits and dashes, at most 20, a letter first.`,
    );
  }
  const dir = path.join(root, "sandboxes", name);
  const run = path.join(dir, "run");
  return {
    name,
    dir,
    settings: path.join(dir, "settings.json"),
    certificates: path.join(dir, "certificates"),
    images: path.join(dir, "images"),
    etcd: path.join(dir, "etcd"),
    run,
    logs: path.join(dir, "logs"),
    status: path.join(dir, "status.json"),
    supervisor: path.join(dir, "supervisor.json"),
    progress: path.join(dir, "logs", "progress.log"),
    wanted: path.join(dir, "wanted.json"),
    kubeconfig: (user) => path.join(dir, `${user}.kubeconfig`),
  };
}

/** What a running sandbox has of the machine that others could have as well; by slot, so that nobody shares it. */
export interface Link {
  /** Network interface on the host; its peer inside is called eth0. */
  readonly device: string;
  readonly host: string;
  readonly inside: string;
  readonly prefix: 30;
  /** Below each cgroup hierarchy. */
  readonly cgroup: string;
  /** Id of a user, one that no account has, whom programs that need no root run as. */
  readonly user: number;
}

export function linkOf(slot: number): Link {
  if (!Number.isInteger(slot) || slot < 0 || slot >= SLOTS)
    throw new RangeError(`slot ${slot} is not one of 0 to ${SLOTS - 1}`);
  const name = `trainyard${slot}`;
  return {
    device: name,
    host: `10.243.${slot}.1`,
    inside: `10.243.${slot}.2`,
    prefix: 30,
    cgroup: name,
    user: 64_100 + slot,
  };
}

/** All addresses that a sandbox's API server may be reached at from the host; its certificate names them all. */
export function allInsideAddresses(): string[] {
  return Array.from({ length: SLOTS }, (_, slot) => linkOf(slot).inside);
}

/** The lowest slot that nobody has. */
export function freeSlot(taken: Iterable<number>): number {
  const used = new Set(taken);
  for (let slot = 0; slot < SLOTS; slot++) if (!used.has(slot)) return slot;
  throw new Error(`There are ${SLOTS} sandboxes already: remove one with «npm run sandbox -- down --name NAME».`);
}

/** Names of all sandboxes that have left something in the cache. */
export function knownSandboxes(root: string = cacheRoot()): string[] {
  const dir = path.join(root, "sandboxes");
  return fs.existsSync(dir)
    ? fs
        .readdirSync(dir)
        .filter((name) => NAMES_ALLOWED.test(name))
        .sort()
    : [];
}

/** Slots of network links that exist on this machine now, whoever made them (another cache folder's sandbox, say). */
export function slotsOnMachine(interfaces: string = "/sys/class/net"): number[] {
  if (!fs.existsSync(interfaces)) return [];
  return fs.readdirSync(interfaces).flatMap((name) => {
    const match = /^trainyard(\d+)$/.exec(name);
    return match ? [Number(match[1])] : [];
  });
}
