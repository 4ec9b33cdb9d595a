// What comes from Debian: the container runtime, unpacked beside the machine's own programs, and the
// root file system that the images start from.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { cached } from "../../../scripts/cache.mjs";
import { run } from "../../../scripts/steps.mjs";
import { aptUpdateOnce, findProgram, needPrograms } from "../machine.ts";
import { DEBIAN } from "../versions.ts";

// runc links libseccomp, which a small machine may lack.
const RUNTIME_PACKAGES = ["containerd", "runc", "containernetworking-plugins", "libseccomp2"];

/** containerd, runc and the CNI plugins, unpacked: installing Debian's containerd could evict a Docker engine. */
export async function containerRuntime(): Promise<string> {
  if (findProgram("apt-get") === undefined) {
    throw new Error(
      "The sandbox takes containerd from Debian's packages, and this machine has no apt-get: use Debian or Ubuntu.",
    );
  }
  const release = fs.readFileSync("/etc/os-release", "utf8");
  return cached("container-runtime", { RUNTIME_PACKAGES, release, recipe: 1 }, (dir) =>
    unpackPackages(dir, () => Promise.resolve(RUNTIME_PACKAGES)),
  );
}

/** Unpacks packages of the machine's own release into `dir`/root. @param packages asked again where apt's lists are old */
export async function unpackPackages(dir: string, packages: () => Promise<readonly string[]>): Promise<void> {
  const download = async () => run("apt-get", ["download", ...(await packages())], { cwd: dir });
  await download().catch(async () => {
    await aptUpdateOnce();
    await download();
  });
  for (const file of fs.readdirSync(dir)) {
    if (!file.endsWith(".deb")) continue;
    await run("dpkg", ["-x", file, "root"], { cwd: dir });
    fs.rmSync(path.join(dir, file));
  }
}

/** Where the container runtime's programs are, given the folder that `containerRuntime` returned. */
export function runtimePaths(dir: string): { programs: string[]; cni: string; libraries: string[] } {
  const root = path.join(dir, "root");
  const libraries = ["usr/lib", "lib"].map((lib) => path.join(root, lib));
  return {
    programs: ["usr/bin", "usr/sbin"].map((bin) => path.join(root, bin)),
    cni: path.join(root, "usr/lib/cni"),
    libraries: libraries.flatMap((lib) =>
      fs.existsSync(lib)
        ? fs
            .readdirSync(lib)
            .filter((name) => name.endsWith("-linux-gnu"))
            .map((name) => path.join(lib, name))
        : [],
    ),
  };
}

/** One archive of a small Debian with Python, that images are made from. */
export async function rootFileSystem(): Promise<string> {
  return cached(
    "root-file-system",
    { DEBIAN, recipe: 1 },
    async (dir) => {
      await needPrograms(["debootstrap", "tar", "unshare"]);
      const root = path.join(dir, "root");
      const env = await aptProxy();
      const debootstrap = ["debootstrap", "--variant=minbase", "--include=python3", DEBIAN, root, await debianMirror()];
      // In a mount namespace of its own: ended half way, it would leave a mounted /proc that nobody can remove.
      await run("unshare", ["--mount", "--propagation", "private", ...debootstrap], { env });
      fs.rmSync(path.join(root, "var/cache/apt"), { recursive: true, force: true });
      await run("tar", ["--numeric-owner", "-C", root, "-cf", path.join(dir, "root.tar"), "."]);
      fs.rmSync(root, { recursive: true, force: true });
    },
    { needsGB: 1 },
  );
}

/** The Debian mirror that this machine's apt uses, or the one named in TRAINYARD_DEBIAN_MIRROR. */
async function debianMirror(): Promise<string> {
  const chosen = process.env["TRAINYARD_DEBIAN_MIRROR"];
  if (chosen) return chosen;
  const listed = async () =>
    run("apt-get", ["indextargets", "--format", "$(ORIGIN)|$(CODENAME)|$(REPO_URI)", "Created-By: Packages"]);
  let found = mirrorIn(await listed());
  if (found === undefined) {
    await aptUpdateOnce(); // Origin and codename are known only once the lists were fetched.
    found = mirrorIn(await listed());
  }
  if (found !== undefined) return found;
  throw new Error(
    `The sandbox's images are Debian ${DEBIAN}, and this machine's apt configuration names no Debian mirror: set TRAINYARD_DEBIAN_MIRROR to the address of one.`,
  );
}

/** Picks the mirror out of `origin|codename|address` lines; another release's mirror has the wanted one too. */
export function mirrorIn(lines: string): string | undefined {
  const rows = lines.split("\n").map((line) => line.split("|"));
  const debian = rows.filter(
    ([origin, codename]) => origin === "Debian" && codename !== undefined && !codename.includes("-"),
  );
  const row = debian.find(([, codename]) => codename === DEBIAN) ?? debian[0];
  return row?.[2];
}

/** apt's proxy as the environment variables that debootstrap and a chroot's own apt understand. */
export async function aptProxy(): Promise<Record<string, string>> {
  const text = await run("apt-config", ["shell", "http", "Acquire::http::Proxy", "https", "Acquire::https::Proxy"]);
  const env: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/^(https?)='(.+)'$/gm))
    if (name && value && value !== "DIRECT") env[`${name}_proxy`] = value;
  return env;
}
