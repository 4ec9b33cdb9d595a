// Makes the sandbox's namespaces a place of its own: private folders where Kubernetes expects the machine's, a
// network of its own with one link to the host, and a cgroup of its own.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { cacheRoot } from "../../../scripts/cache.mjs";
import { run } from "../../../scripts/steps.mjs";
import { NODE_ADDRESS } from "../layout.ts";
import type { Layout, Link } from "../layout.ts";

// Kubernetes, containerd, runc and CNI write here, some at paths that no setting changes.
const PRIVATE = ["/run", "/tmp", "/var/lib", "/var/log"];

/** Covers the machine's folders with empty ones and lays the sandbox's own into them, at their usual places. */
export async function privateFolders(layout: Layout): Promise<void> {
  const cache = cacheRoot();
  const held = "/mnt"; // Any folder that always exists; only this mount namespace sees it covered.
  await run("mount", ["--rbind", cache, held]);
  for (const folder of PRIVATE) await run("mount", ["-t", "tmpfs", "-o", "mode=1777", "tmpfs", folder]);
  if (PRIVATE.some((folder) => cache.startsWith(`${folder}/`))) {
    fs.mkdirSync(cache, { recursive: true });
    await run("mount", ["--rbind", held, cache]);
  }
  await run("umount", ["-l", held]);
  const places = {
    "/var/lib/etcd": layout.etcd,
    "/var/lib/containerd": layout.images,
    "/var/lib/kubelet": path.join(layout.run, "kubelet"),
    "/var/log/pods": path.join(layout.run, "pod-logs"),
  };
  for (const [place, folder] of Object.entries(places)) {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    fs.mkdirSync(place, { recursive: true });
    await run("mount", ["--bind", folder, place]);
  }
}

/**
 * The beginning of a command that runs as a user of this sandbox's own, who may read what root may read. The kernel
 * counts inotify instances by user (128 as it comes), and what runs here takes more than twenty of them.
 */
export function asOwnUser({ user }: Link): [string, ...string[]] {
  const reads = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"];
  return ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", ...reads];
}

/** The link to the host, which has laid it by now, and the pods' bridge. */
export async function network(link: Link): Promise<void> {
  const ip = (...args: string[]) => run("ip", args);
  await ip("link", "set", "lo", "up");
  await ip("addr", "add", `${link.inside}/${link.prefix}`, "dev", "eth0");
  await ip("link", "set", "eth0", "up");
  await ip("link", "add", "cni0", "type", "bridge");
  await ip("addr", "add", `${NODE_ADDRESS}/24`, "dev", "cni0");
  await ip("link", "set", "cni0", "up");
}

/** Pods have a default route, because Service addresses need one; this keeps what they send on the machine. */
export async function keepPodsIn(): Promise<void> {
  fs.writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
  const bridged = "/proc/sys/net/bridge/bridge-nf-call-iptables";
  if (fs.existsSync(bridged)) fs.writeFileSync(bridged, "1");
  await usableIptables();
  await run("iptables", ["-I", "FORWARD", "-i", "cni0", "!", "-o", "cni0", "-j", "REJECT"]);
}

/** Kernels without nf_tables have only the legacy iptables; kube-proxy takes what it finds on PATH. */
async function usableIptables(): Promise<void> {
  const works = (program: string) =>
    run(program, ["-t", "nat", "-nL"]).then(
      () => true,
      () => false,
    );
  if (await works("iptables")) return;
  if (!(await works("iptables-legacy")))
    throw new Error("Neither iptables nor iptables-legacy works with this machine's kernel.");
  const folder = "/run/iptables-legacy";
  fs.mkdirSync(folder);
  for (const name of [
    "iptables",
    "iptables-save",
    "iptables-restore",
    "ip6tables",
    "ip6tables-save",
    "ip6tables-restore",
  ]) {
    fs.symlinkSync("/usr/sbin/xtables-legacy-multi", path.join(folder, name));
  }
  process.env["PATH"] = `${folder}${path.delimiter}${process.env["PATH"] ?? ""}`;
}

const HIERARCHIES = "/sys/fs/cgroup";

/** Folders in which a cgroup of the sandbox's can be: one with version 2, one a controller with version 1. */
function cgroupHierarchies(): string[] {
  if (!fs.existsSync(HIERARCHIES)) return [];
  if (fs.existsSync(path.join(HIERARCHIES, "cgroup.controllers"))) return [HIERARCHIES];
  const folders = fs.readdirSync(HIERARCHIES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map((entry) => path.join(HIERARCHIES, entry.name));
}

export function makeCgroups(name: string): void {
  for (const hierarchy of cgroupHierarchies()) {
    const own = path.join(hierarchy, name);
    fs.mkdirSync(own, { recursive: true });
    // A fresh cpuset of version 1 is empty and takes no process.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      const [from, to] = [path.join(hierarchy, file), path.join(own, file)];
      if (path.basename(hierarchy) === "cpuset" && fs.existsSync(to))
        fs.writeFileSync(to, fs.readFileSync(from, "utf8").trim());
    }
  }
}

/** Removes the sandbox's cgroups, which hold nothing once its processes are gone. @returns false where one is still in use */
export function removeCgroups(name: string): boolean {
  let clean = true;
  for (const hierarchy of cgroupHierarchies()) {
    const own = path.join(hierarchy, name);
    if (!fs.existsSync(own)) continue;
    const below = fs.readdirSync(own, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
    const deepestFirst = below
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort((a, b) => b.length - a.length);
    for (const folder of [...deepestFirst, own]) {
      try {
        fs.rmdirSync(folder);
      } catch {
        clean = false;
      }
    }
  }
  return clean;
}
