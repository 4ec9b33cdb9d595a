// What the ring of images runs with: Debian's buildah, podman and docker beside the machine's own programs, a registry of
// Debian's on loopback, and a base of Debian's busybox, small enough to be copied for each layer. Linux with root alone.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { cached } from "../../scripts/cache.mjs";
import { run } from "../../scripts/steps.mjs";
import { until } from "../editor/until.ts";
import { freePort } from "../rings/stuck.ts";
import { findProgram, whyNotHere } from "../sandbox/machine.ts";
import { unpackPackages } from "../sandbox/parts/debian.ts";

/** The programs, what they link that a small machine may lack, and nothing of their configuration. */
const PACKAGES = [
  ...["buildah", "podman", "conmon", "runc", "docker-registry", "busybox-static", "docker.io", "containerd"],
  ...["libgpgme11", "libassuan0", "libgpg-error0", "libsubid4", "libdevmapper1.02.1", "libseccomp2"],
];

/** Variables for the tests; none where they cannot be run here. */
export async function ensureImageTools(): Promise<Readonly<Record<string, string>>> {
  const why = whyNotHere() ?? (process.getuid?.() === 0 ? undefined : "it needs root") ?? missingApt();
  if (why !== undefined) return { TRAINYARD_NO_IMAGES: why };
  const release = fs.readFileSync("/etc/os-release", "utf8");
  const tools = await cached("image-tools", { PACKAGES, release, recipe: 1 }, (dir) =>
    unpackPackages(dir, () => Promise.resolve(PACKAGES)),
  );
  return { TRAINYARD_IMAGE_TOOLS: path.join(tools, "root") };
}

function missingApt(): string | undefined {
  return findProgram("apt-get") === undefined ? "buildah is taken from Debian's packages" : undefined;
}

/** Base of the images that are built: a shell and what belongs to it. */
export const BASE = "trainyard.local/base:1";

const CGROUP = "trainyard-images";

/** A folder in which buildah and podman keep everything, and a registry. */
export class Workshop {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly registry: string;
  #server: ChildProcess | undefined;
  #daemon: ChildProcess | undefined;

  private constructor(folder: string, port: number) {
    const at = (...parts: string[]): string => path.join(folder, ...parts);
    this.folder = folder;
    this.registry = `127.0.0.1:${port}`;
    this.env = {
      // Those of `bin` come first: the same programs with their libraries.
      PATH: [
        at("bin"),
        path.join(root(), "usr/sbin"),
        path.join(root(), "usr/bin"),
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
      ].join(":"),
      HOME: at("home"),
      TMPDIR: at("tmp"),
      XDG_RUNTIME_DIR: at("tmp"),
      CONTAINERS_STORAGE_CONF: at("storage.conf"),
      CONTAINERS_REGISTRIES_CONF: at("registries.conf"),
      // There is no right to mount here; both know this variable.
      BUILDAH_ISOLATION: "chroot",
      // Where no daemon listens until one is started.
      DOCKER_HOST: `unix://${at("docker.sock")}`,
    };
  }

  static async open(folder: string): Promise<Workshop> {
    const shop = new Workshop(folder, await freePort());
    const at = (...parts: string[]): string => path.join(folder, ...parts);
    for (const one of ["bin", "tmp", "home/.config/containers"]) fs.mkdirSync(at(one), { recursive: true });
    const policy = { default: [{ type: "insecureAcceptAnything" }] };
    fs.writeFileSync(at("home/.config/containers/policy.json"), JSON.stringify(policy));
    const storage = { driver: "vfs", graphroot: at("graph"), runroot: at("run") };
    const lines = Object.entries(storage).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    fs.writeFileSync(at("storage.conf"), `[storage]\n${lines.join("\n")}\n`);
    // Docker takes loopback for insecure by itself, these two are told.
    const insecure = `[[registry]]\nlocation = ${JSON.stringify(shop.registry)}\ninsecure = true\n`;
    fs.writeFileSync(at("registries.conf"), insecure);
    await shop.#linkPrograms();
    await shop.startRegistry();
    await shop.makeBase();
    return shop;
  }

  /** Made from nothing; known to the tools alone, no registry has it. */
  async makeBase(): Promise<void> {
    await this.buildah("bud", "--quiet", "--tag", BASE, this.#baseContext());
  }

  #baseContext(): string {
    const context = path.join(this.folder, "base");
    fs.mkdirSync(context, { recursive: true });
    fs.copyFileSync(path.join(root(), "bin/busybox"), path.join(context, "busybox"));
    const install = `RUN ["/bin/busybox", "--install", "-s", "/bin"]`;
    fs.writeFileSync(path.join(context, "Dockerfile"), `FROM scratch\nCOPY busybox /bin/busybox\n${install}\n`);
    return context;
  }

  /** Docker's daemon, with a store of its own and no network for what it builds. */
  async startDocker(): Promise<void> {
    const at = (...parts: string[]): string => path.join(this.folder, ...parts);
    const places = [`--data-root=${at("docker")}`, `--exec-root=${at("docker-run")}`, `--pidfile=${at("docker.pid")}`];
    const quiet = ["--storage-driver=vfs", "--bridge=none", "--iptables=false", "--ip6tables=false"];
    const group = `--cgroup-parent=/${CGROUP}`;
    const host = `--host=unix://${at("docker.sock")}`;
    const daemon = spawn(path.join(root(), "usr/sbin/dockerd"), [...places, ...quiet, group, host], {
      env: this.env,
      stdio: "ignore",
    });
    this.#daemon = daemon;
    const docker = (...args: string[]) => run(path.join(root(), "usr/bin/docker"), args, { env: this.env });
    await until(
      "docker's daemon",
      () =>
        docker("version").then(
          () => true,
          () => daemon.exitCode,
        ),
      (answer) => answer !== null,
    );
    await docker("build", "--quiet", `--tag=${BASE}`, this.#baseContext());
  }

  async stopDocker(): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (daemon === undefined || daemon.exitCode !== null) return;
    daemon.kill("SIGTERM");
    await once(daemon, "exit");
    // What its containers were in: empty by now, and left by it.
    for (const group of fs.globSync([`/sys/fs/cgroup/*/${CGROUP}`, `/sys/fs/cgroup/${CGROUP}`])) fs.rmdirSync(group);
  }

  /** Both start themselves anew with an empty environment, so that no LD_LIBRARY_PATH helps them: the loader's own list does. */
  async #linkPrograms(): Promise<void> {
    const libraries = fs.globSync(["usr/lib/*-linux-gnu", "lib/*-linux-gnu"], { cwd: root() });
    const [conf, list] = [path.join(this.folder, "ld.conf"), path.join(this.folder, "ld.cache")];
    const own = libraries.map((library) => path.join(root(), library));
    fs.writeFileSync(conf, [...own, "include /etc/ld.so.conf", ""].join("\n"));
    await run("/sbin/ldconfig", ["-X", "-C", list, "-f", conf]);
    for (const name of ["buildah", "podman"]) {
      const program = path.join(root(), "usr/bin", name);
      const inside = `mount --bind "$0" /etc/ld.so.cache && exec "$@"`;
      const script = `#!/bin/sh\nexec unshare --mount sh -c '${inside}' ${list} ${program} "$@"\n`;
      fs.writeFileSync(path.join(this.folder, "bin", name), script, { mode: 0o755 });
    }
  }

  /** @param accounts text of an htpasswd file: then it wants a sign-in */
  async startRegistry(accounts?: string): Promise<void> {
    const config = path.join(this.folder, "registry.yml");
    const passwords = path.join(this.folder, "htpasswd");
    if (accounts !== undefined) fs.writeFileSync(passwords, accounts);
    const settings = {
      version: "0.1",
      log: { level: "error", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: path.join(this.folder, "registry") } },
      http: { addr: this.registry },
      ...(accounts !== undefined && { auth: { htpasswd: { realm: "test", path: passwords } } }),
    };
    fs.writeFileSync(config, JSON.stringify(settings));
    this.#server = spawn(path.join(root(), "usr/bin/docker-registry"), ["serve", config], { stdio: "ignore" });
    const asked = () =>
      fetch(`http://${this.registry}/v2/`).then(
        ({ status }) => status,
        () => 0,
      );
    await until(`the registry at ${this.registry}`, asked, (status) => status !== 0);
  }

  async stopRegistry(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.kill("SIGKILL");
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  }

  buildah(...args: string[]): Promise<string> {
    return run(path.join(this.folder, "bin", "buildah"), args, { env: this.env });
  }

  async close(): Promise<void> {
    await this.stopDocker();
    await this.stopRegistry();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

function root(): string {
  return process.env["TRAINYARD_IMAGE_TOOLS"] ?? "";
}
