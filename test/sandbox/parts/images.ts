// The images that pods of the sandbox run: a Debian with Python, and the same with PyTorch for the CPU.
import fs from "node:fs";
import path from "node:path";
import { cached } from "../../../scripts/cache.mjs";
import { run } from "../../../scripts/steps.mjs";
import { DEBIAN, IMAGES } from "../versions.ts";
import { aptProxy, rootFileSystem } from "./debian.ts";
import { packImage } from "./oci.ts";

// The Training Operator's init container waits with `nslookup` until the master's name resolves. Only its exit
// status matters, and getent has the same one.
const NSLOOKUP = `#!/bin/sh
getent ahosts "$1" || { echo "server can't find $1" >&2; exit 1; }
`;

/** Folders without use in a container that only runs programs. */
const UNUSED = ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/icons", "usr/share/info", "var/lib/apt/lists", "var/cache/apt"];

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

/** Archive of the torch image: the python image with Debian's PyTorch, without what it was built with. */
export async function torchImage(): Promise<string> {
  const dir = await cached(
    "image-torch",
    { DEBIAN, NSLOOKUP, UNUSED, name: IMAGES.torch, recipe: 1 },
    async (into) => {
      const full = await unpackRoot(path.join(into, "full"));
      const apt = async (...args: string[]) =>
        run("chroot", [full, "apt-get", "-y", "--no-install-recommends", ...args], { env: { ...(await aptProxy()), DEBIAN_FRONTEND: "noninteractive" } });
      fs.copyFileSync("/etc/resolv.conf", path.join(full, "etc/resolv.conf"));
      await apt("update");
      await apt("install", "python3-torch");
      const root = await unpackRoot(path.join(into, "root"));
      await copyTorch(full, root);
      mendTorchrun(root);
      await packImage(IMAGES.torch, root, path.join(into, "image.tar"), ["python3"]);
      fs.rmSync(root, { recursive: true, force: true });
      fs.rmSync(full, { recursive: true, force: true });
    },
    { needsGB: 5 },
  );
  return path.join(dir, "image.tar");
}

async function unpackRoot(root: string): Promise<string> {
  const archive = path.join(await rootFileSystem(), "root.tar");
  fs.mkdirSync(root);
  await run("tar", ["--numeric-owner", "-C", root, "-xpf", archive]);
  for (const folder of UNUSED) fs.rmSync(path.join(root, folder), { recursive: true, force: true });
  // apt refuses to work without its folder for unfinished downloads.
  for (const folder of ["var/lib/apt/lists/partial", "var/cache/apt/archives/partial"]) fs.mkdirSync(path.join(root, folder), { recursive: true });
  fs.writeFileSync(path.join(root, "usr/local/bin/nslookup"), NSLOOKUP, { mode: 0o755 });
  // The kubelet writes both into each container; what debootstrap copied from this machine is nobody's business.
  fs.writeFileSync(path.join(root, "etc/hostname"), "");
  fs.writeFileSync(path.join(root, "etc/resolv.conf"), "");
  return root;
}

const PACKAGES = ["torch", "torchgen", "numpy", "typing_extensions.py", "yaml", "pkg_resources"];
const DIST = "usr/lib/python3/dist-packages";

/** Copies PyTorch and just the shared libraries that it links: 0.6 GB instead of the 2 GB that its package pulls in. */
async function copyTorch(full: string, root: string): Promise<void> {
  const copy = async (file: string) => {
    if (!fs.existsSync(path.join(full, file)) || fs.existsSync(path.join(root, file))) return;
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    await run("cp", ["-a", path.join(full, file), path.join(root, file)]);
  };
  const installed = fs.readdirSync(path.join(full, DIST));
  const wanted = installed.filter((name) => PACKAGES.includes(name) || /^(torch|numpy)-.*info$/.test(name));
  for (const name of wanted) await copy(path.join(DIST, name));
  await copy("usr/bin/torchrun");
  await run("cp", ["-a", path.join(full, "usr/lib/python3.11/."), path.join(root, "usr/lib/python3.11")]);
  for (const unused of ["torch/test", "torch/include", "numpy/tests"]) fs.rmSync(path.join(root, DIST, unused), { recursive: true, force: true });

  const linking = [path.join(DIST, "torch"), path.join(DIST, "numpy"), "usr/lib/python3.11"].flatMap((folder) =>
    fs
      .readdirSync(path.join(full, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && (entry.name.includes(".so") || entry.name === "torch_shm_manager"))
      .map((entry) => "/" + path.relative(full, path.join(entry.parentPath, entry.name))),
  );
  const listing = await run("chroot", [full, "ldd", ...linking]);
  const libraries = new Set([...listing.matchAll(/=> (\/\S+)/g)].map((match) => match[1] ?? ""));
  for (const library of libraries) {
    const real = (await run("chroot", [full, "readlink", "-f", library])).trim();
    await copy(library);
    await copy(real);
  }
  await run("cp", ["-a", path.join(full, "etc/alternatives/."), path.join(root, "etc/alternatives")]);
  await run("chroot", [root, "ldconfig"]);
  await run("find", [root, "-name", "__pycache__", "-prune", "-exec", "rm", "-rf", "{}", "+"]);
}

/** torchrun 1.13 iterates a flag enumeration as Python before 3.11 did, and fails with «'NoneType' has no attribute 'get'». */
function mendTorchrun(root: string): void {
  const file = path.join(root, DIST, "torch/distributed/elastic/multiprocessing/api.py");
  const before = fs.readFileSync(file, "utf8");
  const after = before.replaceAll(/\bin Std\b(?!\.)/g, "in Std.__members__.values()");
  if (after === before) throw new Error(`torchrun was not mended: ${file} has no loop over Std any more.`);
  fs.writeFileSync(file, after);
}
