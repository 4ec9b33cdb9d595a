// The images that pods of the sandbox run: a Debian with Python, and the same with PyTorch for the CPU.
import fs from "node:fs";
import path from "node:path";
import { cached } from "../../../scripts/cache.mjs";
import { run } from "../../../scripts/steps.mjs";
import { DEBIAN, IMAGES } from "../versions.ts";
import { aptProxy, rootFileSystem } from "./debian.ts";
import { localProgram } from "./golang.ts";
import { packImage } from "./oci.ts";

// The Training Operator's init container waits with `nslookup` until the master's name resolves. Only its exit
// status matters, and getent has the same one.
const NSLOOKUP = `#!/bin/sh
getent ahosts "$1" || { echo "server can't find $1" >&2; exit 1; }
`;

/** Folders without use in a container that only runs programs. */
const UNUSED = [
  "usr/share/doc",
  "usr/share/man",
  "usr/share/locale",
  "usr/share/icons",
  "usr/share/info",
  "var/lib/apt/lists",
  "var/cache/apt",
];

/** Archive of the pause image: one static program. */
export async function pauseImage(): Promise<string> {
  const program = await localProgram("pause");
  const dir = await cached(
    "image-pause",
    { program: path.basename(path.dirname(program)), name: IMAGES.pause, recipe: 1 },
    async (into) => {
      const root = path.join(into, "root");
      fs.mkdirSync(root);
      fs.copyFileSync(program, path.join(root, "pause"));
      await packImage(IMAGES.pause, root, path.join(into, "image.tar"), ["/pause"]);
      fs.rmSync(root, { recursive: true, force: true });
    },
  );
  return path.join(dir, "image.tar");
}

/** Archive of an image with one static program, `/manager`, run by nobody in particular as distroless images are. */
export async function programImage(part: string, name: string, program: string): Promise<string> {
  const dir = await cached(
    `image-${part}`,
    { program: path.basename(path.dirname(program)), name, recipe: 2 },
    async (into) => {
      const root = path.join(into, "root");
      fs.mkdirSync(path.join(root, "tmp"), { recursive: true });
      fs.chmodSync(path.join(root, "tmp"), 0o1777);
      fs.copyFileSync(program, path.join(root, "manager"));
      await packImage(name, root, path.join(into, "image.tar"), ["/manager"], { user: "65532:65532" });
      fs.rmSync(root, { recursive: true, force: true });
    },
  );
  return path.join(dir, "image.tar");
}

/** Archive of the python image; `python3`, a shell and the base tools of Debian. */
export async function pythonImage(): Promise<string> {
  const dir = await cached(
    "image-python",
    { DEBIAN, NSLOOKUP, UNUSED, name: IMAGES.python, recipe: 1 },
    async (into) => {
      const root = await unpackRoot(path.join(into, "root"));
      await packImage(IMAGES.python, root, path.join(into, "image.tar"), ["python3"]);
      fs.rmSync(root, { recursive: true, force: true });
    },
    { needsGB: 1 },
  );
  return path.join(dir, "image.tar");
}

/** Archive of the torch image: the python image with Debian's PyTorch and pip, without what it was built with. */
export async function torchImage(): Promise<string> {
  const dir = await cached(
    "image-torch",
    { DEBIAN, NSLOOKUP, UNUSED, name: IMAGES.torch, recipe: 3 },
    async (into) => {
      const full = await unpackRoot(path.join(into, "full"));
      await install(full, ["python3-torch", "python3-pip"]);
      const root = await unpackRoot(path.join(into, "root"));
      await copyTorch(full, root);
      mendTorchrun(root);
      // An image without a working torch must not get into the cache.
      await run("chroot", [root, "python3", "-c", "import torch, torch.distributed; torch.ones(2).numpy()"]);
      await run("chroot", [root, "python3", "-m", "pip", "--version"]);
      await packImage(IMAGES.torch, root, path.join(into, "image.tar"), ["python3"]);
      fs.rmSync(root, { recursive: true, force: true });
      fs.rmSync(full, { recursive: true, force: true });
    },
    { needsGB: 5 },
  );
  return path.join(dir, "image.tar");
}

/** Installs packages of Debian in a root file system. */
export async function install(root: string, packages: readonly string[]): Promise<void> {
  const apt = async (...args: string[]) =>
    run("chroot", [root, "apt-get", "-y", "--no-install-recommends", ...args], {
      env: { ...(await aptProxy()), DEBIAN_FRONTEND: "noninteractive" },
    });
  fs.copyFileSync("/etc/resolv.conf", path.join(root, "etc/resolv.conf"));
  await apt("update");
  await apt("install", ...packages);
}

/** Takes out what is of no use in a container. */
export function slim(root: string): void {
  for (const folder of UNUSED) fs.rmSync(path.join(root, folder), { recursive: true, force: true });
  fs.writeFileSync(path.join(root, "etc/resolv.conf"), "");
}

export async function unpackRoot(root: string): Promise<string> {
  const archive = path.join(await rootFileSystem(), "root.tar");
  fs.mkdirSync(root);
  await run("tar", ["--numeric-owner", "-C", root, "-xpf", archive]);
  for (const folder of UNUSED) fs.rmSync(path.join(root, folder), { recursive: true, force: true });
  // apt refuses to work without its folder for unfinished downloads.
  for (const folder of ["var/lib/apt/lists/partial", "var/cache/apt/archives/partial"])
    fs.mkdirSync(path.join(root, folder), { recursive: true });
  fs.writeFileSync(path.join(root, "usr/local/bin/nslookup"), NSLOOKUP, { mode: 0o755 });
  // The kubelet writes both into each container; what debootstrap copied from this machine is nobody's business.
  fs.writeFileSync(path.join(root, "etc/hostname"), "");
  fs.writeFileSync(path.join(root, "etc/resolv.conf"), "");
  return root;
}

const PACKAGES = ["torch", "torchgen", "numpy", "typing_extensions.py", "yaml", "pkg_resources", "pip"];
const DIST = "usr/lib/python3/dist-packages";

/** Copies PyTorch and just the shared libraries that it links: 0.6 GB instead of the 2 GB that its package pulls in. */
async function copyTorch(full: string, root: string): Promise<void> {
  const copy = async (file: string) => {
    // The links themselves are asked for: absolute ones point into this machine, seen from here.
    const isThere = (base: string) => fs.lstatSync(path.join(base, file), { throwIfNoEntry: false }) !== undefined;
    if (!isThere(full) || isThere(root)) return;
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    await run("cp", ["-a", path.join(full, file), path.join(root, file)]);
  };
  const installed = fs.readdirSync(path.join(full, DIST));
  const wanted = installed.filter((name) => PACKAGES.includes(name) || /^(torch|numpy)-.*info$/.test(name));
  for (const name of wanted) await copy(path.join(DIST, name));
  await copy("usr/bin/torchrun");
  await run("cp", ["-aT", path.join(full, "usr/lib/python3.11"), path.join(root, "usr/lib/python3.11")]);
  for (const unused of ["torch/test", "torch/include", "numpy/tests"])
    fs.rmSync(path.join(root, DIST, unused), { recursive: true, force: true });

  const inside = [path.join(DIST, "torch"), path.join(DIST, "numpy"), "usr/lib/python3.11"].flatMap((folder) =>
    fs
      .readdirSync(path.join(full, folder), { recursive: true, withFileTypes: true })
      // Links too: what torch loads by name at run time lies outside its folder and nothing links it.
      .filter(
        (entry) =>
          (entry.isFile() || entry.isSymbolicLink()) &&
          (entry.name.includes(".so") || entry.name === "torch_shm_manager"),
      )
      .map((entry) => "/" + path.relative(full, path.join(entry.parentPath, entry.name))),
  );
  const loaded = inside.map((file) => chain(full, file).at(-1) ?? file);
  // ldd fails as a whole where one of the files is no program (a static object, say), and tells of all the others.
  const listing = await run("chroot", [full, "sh", "-c", 'ldd "$@" 2>/dev/null || true', "ldd", ...new Set(loaded)]);
  const linked = [...new Set([...listing.matchAll(/=> (\/\S+)/g)].map((match) => match[1] ?? ""))];
  for (const library of [...inside, ...linked]) for (const file of chain(full, library)) await copy(file);
  await run("chroot", [root, "ldconfig"]);
  await run("find", [root, "-name", "__pycache__", "-prune", "-exec", "rm", "-rf", "{}", "+"]);
}

/** A file and, where it is a link, all that it leads to, one after the other; absolute links are the root's own. */
function chain(root: string, file: string): string[] {
  const here = path.join(root, file);
  if (fs.lstatSync(here, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return [file];
  return [file, ...chain(root, path.posix.resolve(path.posix.dirname(file), fs.readlinkSync(here)))];
}

/** torchrun 1.13 iterates a flag enumeration as Python before 3.11 did, and fails with «'NoneType' has no attribute 'get'». */
function mendTorchrun(root: string): void {
  const file = path.join(root, DIST, "torch/distributed/elastic/multiprocessing/api.py");
  const before = fs.readFileSync(file, "utf8");
  const after = before.replaceAll(/\bin Std\b(?!\.)/g, "in Std.__members__.values()");
  if (after === before) throw new Error(`torchrun was not mended: ${file} has no loop over Std any more.`);
  fs.writeFileSync(file, after);
}
