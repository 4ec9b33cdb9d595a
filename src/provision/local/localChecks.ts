import { readFile, statfs } from "node:fs/promises";
import { homedir } from "node:os";
import type { LocalWish } from "../../contract/wish.ts";
import { errorCode, isUserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { plural } from "../../core/text.ts";
import { number, record, text, whole } from "../../kubeflow/read.ts";
import {
  type CheckOutcome,
  failed,
  type Fix,
  lineOf,
  ok,
  once,
  type PreflightLine,
  use,
  versionIn,
  warning,
} from "../cloud/checkLines.ts";
import type { Programs } from "../existing/programs.ts";
import { LIMITS } from "../plan/limits.ts";
import type { LiveComputer } from "../plan/live.ts";
import { freeName } from "../plan/rules/finding.ts";
import type { LocalClusters } from "./localClusters.ts";
import { LOCAL_TOOL } from "./localTool.ts";

export interface LocalCheckDeps {
  readonly programs: Programs;
  readonly local: Pick<LocalClusters, "list">;
  readonly platform: NodeJS.Platform;
  /** Text of a file of this computer; for tests. */
  readonly readText?: (file: string) => Promise<string>;
  /** Free bytes where a folder lies; rejects where it is not there. For tests. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

const GIB = 1024 ** 3;

/** What many pods in one kernel need; measured by Kubeflow (community-distribution README, 2026-06-12). */
const INOTIFY = { max_user_instances: 2280, max_user_watches: 1_255_360 } as const;

/** What is checked before a cluster is made on this computer; nothing runs before a line is run. */
export function localChecks(name: string, wish: LocalWish, deps: LocalCheckDeps): readonly PreflightLine[] {
  const { programs, platform } = deps;
  const tool = LOCAL_TOOL[wish.tool];
  const docker = once((signal) => dockerInfo(programs, signal));
  const version: PreflightLine = {
    id: wish.tool,
    label: wish.tool,
    about: wish.tool,
    run: async (signal) => {
      const { stdout } = await programs.run({ ...tool.version, failure: "", signal });
      return ok(`Version ${versionIn(stdout)}.`);
    },
  };
  const inotify: PreflightLine = { id: "inotify", label: "Limits of inotify", run: () => inotifyIs(deps) };
  const linux = platform === "linux" ? [inotify] : [];
  if (wish.tool === "microk8s") return [version, adopted(deps), ...linux];
  return [
    version,
    { id: "docker", label: "Docker", about: "docker", run: async (signal) => dockerIs(await docker(signal), platform) },
    lineOf("cpus", "CPUs", async (signal) => fits(wish, "cpus", whole((await docker(signal))["NCPU"], 100_000))),
    lineOf("memory", "Memory", async (signal) =>
      fits(wish, "memoryGiB", Math.floor((number((await docker(signal))["MemTotal"]) ?? 0) / GIB)),
    ),
    { id: "disk", label: "Disk", run: async (signal) => diskIs(wish, await docker(signal), deps) },
    ...linux,
    ...(wish.gpus
      ? [lineOf("gpu", "GPUs", async (signal) => gpuIs(wish, programs, await docker(signal), signal))]
      : []),
    lineOf("name", "Name is free", async (signal) => {
      const taken = (await deps.local.list(wish.tool, signal)).map((cluster) => cluster.name);
      if (!taken.includes(name)) return ok(`No cluster is called ${label(name, 60)}.`);
      const fix = use("name", freeName(name, taken));
      return failed(`${wish.tool} has a cluster called ${label(name, 60)} already.`, fix);
    }),
  ];
}

/** What this computer has for a cluster, as Docker tells it; empty where Docker does not answer. Starts processes. */
export async function computer(
  deps: LocalCheckDeps,
  tool: LocalWish["tool"],
  signal: AbortSignal,
): Promise<LiveComputer> {
  const quietly = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      // What does not answer leaves its part unknown; the checks say why.
      if (!isUserError(error)) throw error;
      return undefined;
    }
  };
  const [info, clusters, gpus] = await Promise.all([
    quietly(dockerInfo(deps.programs, signal)),
    quietly(deps.local.list(tool, signal)),
    quietly(gpuNames(deps.programs, signal)),
  ]);
  const [cpus, memory] = [whole(info?.["NCPU"], 100_000), number(info?.["MemTotal"])];
  const disk = info === undefined ? undefined : await freeOf(info, deps);
  const { platform } = deps;
  return {
    ...(cpus === undefined ? {} : { cpus }),
    ...(memory === undefined ? {} : { memoryGiB: Math.floor(memory / GIB) }),
    ...(disk === undefined ? {} : { diskGiB: Math.floor(disk / GIB) }),
    ...(platform === "linux" || platform === "darwin" || platform === "win32" ? { platform } : {}),
    ...(clusters === undefined ? {} : { clusters: clusters.map(({ name }) => name) }),
    gpus: gpus?.length ?? 0,
  };
}

type Info = Readonly<Record<string, unknown>>;

/** Of the daemon: on macOS and Windows it has less than the computer. */
async function dockerInfo(programs: Programs, signal: AbortSignal): Promise<Info> {
  return record(await programs.json({ program: "docker", args: ["info", "--format={{json .}}"], failure: "", signal }));
}

function dockerIs(info: Info, platform: NodeJS.Platform): CheckOutcome {
  const errors = info["ServerErrors"];
  if (Array.isArray(errors) && errors.length > 0) {
    const said = label(String(errors[0]), 200);
    if (platform !== "linux" || !/permission denied/i.test(said))
      return failed(`Docker does not run. It said: ${said}`);
    const fix: Fix = { title: "Copy Command", kind: "copy", text: "sudo usermod -aG docker $USER" };
    return failed("You may not use Docker: join the group docker, then sign in to this computer again.", fix);
  }
  const arch = label(text(info["Architecture"]) ?? "", 40);
  const words = `Version ${versionIn(text(info["ServerVersion"]) ?? "")}, ${plural(whole(info["NCPU"], 100_000) ?? 0, "CPU")}, ${Math.floor((number(info["MemTotal"]) ?? 0) / GIB)} GiB.`;
  if (/^(aarch64|arm64)$/.test(arch)) return warning(`${words} On ${arch} some of Kubeflow’s images cannot run.`);
  return ok(words);
}

function fits(wish: LocalWish, field: "cpus" | "memoryGiB", has: number | undefined): CheckOutcome {
  if (has === undefined || has === 0) return { state: "skipped", detail: "Docker does not tell." };
  const unit = field === "cpus" ? "" : " GiB";
  const words = `${wish[field]}${unit} of ${has}${unit} that Docker has.`;
  if (wish[field] <= has) return ok(words);
  const fix = use(`local.${field}`, has, `${has}${unit}`);
  // Only minikube refuses to start; the others run in what there is.
  return (wish.tool === "minikube" ? failed : warning)(`${words} Docker Desktop sets this under Resources.`, fix);
}

async function freeOf(info: Info, deps: LocalCheckDeps): Promise<number> {
  const free = deps.freeBytes ?? freeBytes;
  const root = text(info["DockerRootDir"]);
  try {
    if (root !== undefined) return await free(root);
  } catch {
    // It lies in a virtual machine, or may not be read: its disk is a file of this computer then.
  }
  return free(homedir());
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function diskIs(wish: LocalWish, info: Info, deps: LocalCheckDeps): Promise<CheckOutcome> {
  const free = Math.floor((await freeOf(info, deps)) / GIB);
  const words = `${free} GiB are free, ${wish.diskGiB} GiB are asked for.`;
  if (free >= wish.diskGiB) return ok(words);
  return warning(words, free < LIMITS.local.least.diskGiB ? undefined : use("local.diskGiB", free, `${free} GiB`));
}

async function inotifyIs({ readText = (file) => readFile(file, "utf8") }: LocalCheckDeps): Promise<CheckOutcome> {
  const short: string[] = [];
  for (const [name, need] of Object.entries(INOTIFY)) {
    const has = Number(await readText(`/proc/sys/fs/inotify/${name}`));
    if (has < need) short.push(`fs.inotify.${name} is ${has}, ${need} are needed`);
  }
  if (short.length === 0) return ok("High enough for all of Kubeflow.");
  const values = Object.entries(INOTIFY).map(([name, need]) => `fs.inotify.${name}=${need}`);
  const fix: Fix = { title: "Copy Command", kind: "copy", text: `sudo sysctl ${values.join(" ")}` };
  return warning(`${short.join("; ")}. Pods of the whole platform may fail with «too many open files».`, fix);
}

async function gpuNames(programs: Programs, signal: AbortSignal): Promise<readonly string[]> {
  const { stdout } = await programs.run({ program: "nvidia-smi", args: ["-L"], failure: "", signal });
  return stdout.split(/\r?\n/).filter((line) => /^GPU \d+:/.test(line));
}

async function gpuIs(wish: LocalWish, programs: Programs, info: Info, signal: AbortSignal): Promise<CheckOutcome> {
  let gpus: readonly string[];
  try {
    gpus = await gpuNames(programs, signal);
  } catch (error) {
    if (errorCode(error) !== "cli-missing" && errorCode(error) !== "cli-failed") throw error;
    return failed("nvidia-smi finds no GPU: the driver of NVIDIA is missing or does not run.");
  }
  if (gpus.length === 0) return failed("nvidia-smi lists no GPU.");
  const first = label((gpus[0] ?? "").replace(/ \(UUID.*$/, ""), 80);
  const words = `${plural(gpus.length, "GPU")}, ${first}`;
  if (!Object.hasOwn(record(info["Runtimes"]), "nvidia")) {
    const url = "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html";
    const fix: Fix = { title: "How to Install", kind: "open", url };
    return warning(`${words}; Docker does not list NVIDIA’s runtime, which hands them to containers.`, fix);
  }
  if (wish.tool === "k3d")
    return warning(`${words}. k3d’s usual image has no CUDA: pods see GPUs only with an image of your own.`);
  return ok(`${words}.`);
}

function adopted({ local, platform }: LocalCheckDeps): PreflightLine {
  return lineOf("running", "Cluster", async (signal) => {
    const [found] = await local.list("microk8s", signal);
    if (found?.running === true) return ok("It runs, and will be adopted as it is.");
    if (found !== undefined)
      return failed("microk8s does not run.", { title: "Copy Command", kind: "copy", text: "microk8s start" });
    if (platform !== "linux") return failed("microk8s does not tell its state.");
    const fix: Fix = { title: "Copy Command", kind: "copy", text: "sudo usermod -aG microk8s $USER" };
    return failed("microk8s does not tell its state. Perhaps you are not in the group microk8s.", fix);
  });
}
