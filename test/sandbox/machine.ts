// What the machine itself must bring: Linux, root for namespaces and mounts, and a few host tools.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { withLock } from "../../scripts/cache.mjs";
import { run, say } from "../../scripts/steps.mjs";

/** Why a sandbox cannot run here, as one sentence for a person; undefined where it can. */
export function whyNotHere(platform: string = process.platform, arch: string = process.arch): string | undefined {
  if (platform !== "linux") {
    return `The sandbox runs a real kubelet and containerd and so needs Linux; this is ${platform}. Everything that only needs a kubeconfig works here with another cluster.`;
  }
  if (arch !== "x64" && arch !== "arm64")
    return `The sandbox's images are made for x64 and arm64; this machine is ${arch}.`;
  return undefined;
}

/** Is the program on PATH (or in the places that a PATH of a person without root leaves out)? */
export function findProgram(name: string, searchPath: string = process.env["PATH"] ?? ""): string | undefined {
  const folders = [...searchPath.split(path.delimiter), "/usr/sbin", "/sbin", "/usr/local/sbin"];
  for (const folder of folders) {
    if (folder === "") continue;
    const file = path.join(folder, name);
    try {
      fs.accessSync(file, fs.constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** Host programs and the Debian package that brings each. */
const PACKAGE_OF: Record<string, string> = {
  debootstrap: "debootstrap",
  dpkg: "dpkg",
  ip: "iproute2",
  iptables: "iptables",
  mount: "mount",
  openssl: "openssl",
  setpriv: "util-linux",
  tar: "tar",
  unshare: "util-linux",
};

/** Makes sure that the named host programs are there; installs the Debian packages of those that are missing. */
export async function needPrograms(names: readonly string[]): Promise<void> {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((name) => PACKAGE_OF[name] ?? name))];
  if (findProgram("apt-get") === undefined) {
    throw new Error(
      `The sandbox needs ${missing.join(", ")} on this machine: install ${packages.join(", ")} and try again.`,
    );
  }
  say(`this machine lacks ${missing.join(", ")}: installing the Debian packages ${packages.join(", ")}`);
  await aptUpdateOnce();
  const install = ["install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", ...packages];
  await withLock("apt", () => run("apt-get", install, { env: { DEBIAN_FRONTEND: "noninteractive" } }));
}

let updated: Promise<string> | undefined;

/** `apt-get update`, once a process: package lists of another day name files that are gone. */
export async function aptUpdateOnce(): Promise<void> {
  // The browser of the tests comes from the same package manager, at the same time: one of them waits.
  updated ??= withLock("apt", () => run("apt-get", ["update"]));
  await updated;
}

/** Start time of a process in clock ticks since boot, undefined where it is gone: an id alone may be another's by now. */
export function processStart(pid: number): string | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** Hands a file or folder that root made in a person's cache back to the person who called sudo. */
export async function giveBack(...files: string[]): Promise<void> {
  const uid = process.env["SUDO_UID"];
  const gid = process.env["SUDO_GID"];
  if (!uid || !gid || process.getuid?.() !== 0) return;
  await run("chown", ["-R", "-h", `${uid}:${gid}`, ...files.filter((file) => fs.existsSync(file))]);
}
