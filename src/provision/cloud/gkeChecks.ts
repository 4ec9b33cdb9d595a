import type { GkeWish, Wish } from "../../contract/wish.ts";
import { label } from "../../core/sanitize.ts";
import { list, number, record, text } from "../../kubeflow/read.ts";
import { askGcloud, gcloudCall, positional } from "../existing/calls.ts";
import { type Programs, unlessRefused } from "../existing/programs.ts";
import { PLUGIN_COMMAND } from "../existing/signIn.ts";
import { liveZones, neededInZone } from "../plan/pools.ts";
import { machineOf } from "../plan/prices.ts";
import { zoneFindings } from "../plan/rules/clouds.ts";
import {
  type Argv,
  bucketIs,
  type CheckOutcome,
  failed,
  type Fix,
  ok,
  type PreflightLine,
  useInstead,
  versionIn,
  warning,
  lineOf,
} from "./checkLines.ts";
import { type CloudCheckDeps, elsewhere, factLines, nameIs } from "./factChecks.ts";

/** APIs that the configuration uses; Terraform turns on what is off, by the first two of them. */
const NEEDED_APIS = "serviceusage cloudresourcemanager compute container iam artifactregistry"
  .split(" ")
  .map((api) => `${api}.googleapis.com`);

/** Roles that together may make the cluster; an owner needs none of them. */
const NEEDED_ROLES = [
  ...["container.admin", "compute.networkAdmin", "compute.securityAdmin", "serviceusage.serviceUsageAdmin"],
  ...["iam.serviceAccountAdmin", "iam.serviceAccountUser", "resourcemanager.projectIamAdmin"],
];

/** Disk of one node in GB, as the configuration asks for it. */
const DISK_GB = 100;
/** Nobody has more of anything: keeps a number of an answer within bounds. */
const MOST = 10_000_000;

/** What is checked before a cluster on GKE is planned; nothing runs before a line is run. */
export function gkeChecks(whole: Wish, deps: CloudCheckDeps): readonly PreflightLine[] {
  const { programs } = deps;
  const { gke: wish } = whole;
  const { project, region, gpu } = wish;
  const ask: Ask = (signal, ...args) => askGcloud(programs, args, project, signal);
  const line = factLines(whole, deps);
  return [
    {
      id: "gcloud",
      label: "gcloud",
      about: "gcloud",
      run: async (signal) => {
        const answer = record(await programs.json(bare(["version", "--format=json"], signal)));
        return ok(`Version ${versionIn(text(answer["Google Cloud SDK"]) ?? "")}.`);
      },
    },
    { id: "account", label: "Sign-in of gcloud", signsIn: true, run: (signal) => account(programs, signal) },
    { id: "adc", label: "Terraform’s own sign-in", run: (signal) => ownSignIn(programs, signal) },
    { id: "project", label: "Project", run: (signal) => projectIs(ask, project, signal) },
    lineOf("billing", "Billing", async (signal) => {
      const command = ["billing", "projects", "describe", "--format=json(billingEnabled)"];
      const { billingEnabled } = record(await ask(signal, ...command, positional(project)));
      if (billingEnabled === true) return ok("Billing is on.");
      const url = `https://console.cloud.google.com/billing/linkedaccount?project=${encodeURIComponent(project)}`;
      return failed("No billing account is linked.", { title: "Link Billing", kind: "open", url });
    }),
    { id: "apis", label: "APIs", run: async (signal) => apis(await ask(signal, ...ENABLED_APIS), project) },
    { id: "permissions", label: "Permissions", run: (signal) => permissions(programs, ask, project, signal) },
    line("zones", "Zones with the machines", (live, told) => {
      const needed = [wish.cpu.machine, ...(gpu === null ? [] : neededInZone("gke", gpu))];
      for (const what of needed) {
        if (told(liveZones(live.gke, region, [what]), "zones").length === 0)
          return failed(`${label(what, 60)} is not offered in ${label(region, 40)}.`, elsewhere(whole, "gke", live));
      }
      const [finding] = zoneFindings(wish, live);
      if (finding !== undefined) return failed(finding.message, useInstead(finding));
      return ok(`${needed.map((what) => label(what, 60)).join(", ")}: offered in ${wish.zones.join(", ")}.`);
    }),
    lineOf("quota", `Quota in ${label(region, 40)}`, async (signal) => {
      const command = ["compute", "regions", "describe", "--format=json(quotas)"];
      return quotaFor(needs(wish), await ask(signal, ...command, positional(region)), project);
    }),
    lineOf("quota-global", "Quota of GPUs in all regions", async (signal) => {
      const need = gpuCount(wish);
      if (need === 0) return { state: "skipped", detail: "No GPU pool is asked for." };
      const answer = await ask(signal, "compute", "project-info", "describe", "--format=json(quotas)");
      return quotaFor([{ metric: "GPUS_ALL_REGIONS", need }], answer, project);
    }),
    line("name", "Name is free", nameIs(whole, "gke")),
    { id: "plugin", label: "Sign-in to clusters", run: (signal) => plugin(programs, signal) },
    line("versions", "Kubernetes version", (live, told) => {
      const [first] = told(live.gke?.versions, "versions");
      return ok(`The regular channel makes ${label(first?.version ?? "none", 40)}.`);
    }),
  ];
}

type Ask = (signal: AbortSignal, ...args: string[]) => Promise<unknown>;

const ENABLED_APIS = ["services", "list", "--enabled", "--format=json(config.name)"];

const bare = (args: readonly string[], signal: AbortSignal) => gcloudCall(args, undefined, signal);

async function account(programs: Programs, signal: AbortSignal): Promise<CheckOutcome> {
  const name = text((await programs.run(bare(["config", "get-value", "account"], signal))).stdout.trim());
  // The token itself is dropped here: that there is one says that the sign-in has not expired.
  await programs.run(bare(["auth", "print-access-token"], signal));
  return ok(name === undefined || name === "(unset)" ? "Signed in." : `Signed in as ${label(name, 120)}.`);
}

async function ownSignIn(programs: Programs, signal: AbortSignal): Promise<CheckOutcome> {
  // The token itself is dropped here as well.
  const args = ["auth", "application-default", "print-access-token"];
  const found = await unlessRefused(programs.run(bare(args, signal)));
  if (found !== undefined) return ok("Application default credentials are there.");
  const fix: Fix = { title: "Sign In", kind: "terminal", argv: ["gcloud", "auth", "application-default", "login"] };
  return failed("Terraform signs in apart from gcloud, and has no credentials yet or they have expired.", fix);
}

async function projectIs(ask: Ask, project: string, signal: AbortSignal): Promise<CheckOutcome> {
  const command = ["projects", "describe", "--format=json(projectId,name,lifecycleState)"];
  const { name, lifecycleState } = record(await ask(signal, ...command, positional(project)));
  if (lifecycleState !== "ACTIVE") return failed("The project is being deleted.");
  return ok(text(name) === undefined ? "The project is there." : `${label(text(name) ?? "", 80)} is there.`);
}

function apis(answer: unknown, project: string): CheckOutcome {
  const on = new Set(list(answer).map((item) => text(record(item["config"])["name"])));
  const off = NEEDED_APIS.filter((api) => !on.has(api));
  if (off.length === 0) return ok("All that are needed are on.");
  const short = off.map((api) => api.replace(".googleapis.com", "")).join(", ");
  const argv: Argv = ["gcloud", "services", "enable", ...off, `--project=${project}`];
  const fix: Fix = { title: "Turn On", kind: "run", argv };
  const first = off.some((api) => NEEDED_APIS.indexOf(api) < 2);
  const later = "Terraform turns them on by itself; until then quota and zones cannot all be told.";
  return warning(`Off: ${short}. ${first ? "Terraform needs the first of them on before it can begin." : later}`, fix);
}

async function permissions(programs: Programs, ask: Ask, project: string, signal: AbortSignal): Promise<CheckOutcome> {
  const unknown = "Roles that come from a group, a folder or the organization are not told here.";
  const who = (await programs.run(bare(["config", "get-value", "account"], signal))).stdout.trim().toLowerCase();
  const policy = await unlessRefused(
    ask(signal, "projects", "get-iam-policy", "--format=json(bindings)", positional(project)),
  );
  const url = `https://console.cloud.google.com/iam-admin/iam?project=${encodeURIComponent(project)}`;
  const fix: Fix = { title: "Open IAM", kind: "open", url };
  if (policy === undefined) return warning(`The project’s roles may not be read. ${unknown}`, fix);
  const mine = list(record(policy)["bindings"]).flatMap(({ role, members, condition }) => {
    const named = Array.isArray(members) && members.some((member) => String(member).toLowerCase().endsWith(`:${who}`));
    return named && who !== "" && condition === undefined ? [String(role)] : [];
  });
  if (mine.includes("roles/owner")) return ok("You are an owner of the project.");
  const lacking = NEEDED_ROLES.filter((role) => !mine.includes(`roles/${role}`));
  if (lacking.length === 0) return ok("You have all roles that are needed.");
  return warning(`Not seen: ${lacking.join(", ")}. ${unknown}`, fix);
}

interface Need {
  /** Metric as Compute Engine names it; the next ones where a region has not the first. */
  readonly metric: string;
  readonly or?: string;
  readonly need: number;
}

const gpuCount = ({ gpu }: GkeWish): number => (gpu === null ? 0 : gpu.maxNodes * gpu.perNode);

/** What the pools need when they are full, in the units of Compute Engine's quotas; CPUs of machines that are known here. */
function needs(wish: GkeWish): readonly Need[] {
  const cpusOf = (machine: string): number => machineOf("gke", machine)?.vcpus ?? 0;
  const metric = (machine: string): string => {
    const family = machine.split("-", 1)[0] ?? "";
    return family === "n1" || family === "e2" ? "CPUS" : `${family.toUpperCase()}_CPUS`;
  };
  const { cpu, gpu } = wish;
  const cpus = new Map([[metric(cpu.machine), cpu.maxNodes * cpusOf(cpu.machine)]]);
  const nodes = cpu.maxNodes + (gpu?.maxNodes ?? 0);
  const all: Need[] = [
    { metric: "SSD_TOTAL_GB", need: nodes * DISK_GB },
    { metric: "INSTANCES", need: nodes },
    // The one of Cloud NAT: nodes have none.
    { metric: "IN_USE_ADDRESSES", need: 1 },
  ];
  if (gpu !== null) {
    const own = metric(gpu.machine);
    cpus.set(own, (cpus.get(own) ?? 0) + gpu.maxNodes * cpusOf(gpu.machine));
    // `nvidia-tesla-t4` is NVIDIA_T4_GPUS, `nvidia-a100-80gb` is NVIDIA_A100_80GB_GPUS.
    const usual = `${gpu.gpu.replace("-tesla", "").replaceAll("-", "_").toUpperCase()}_GPUS`;
    const need = gpuCount(wish);
    all.unshift(gpu.spot ? { metric: `PREEMPTIBLE_${usual}`, or: usual, need } : { metric: usual, need });
  }
  return [...all, ...[...cpus].map(([name, need]) => ({ metric: name, need }))];
}

/** Short quota is a warning: nothing of it is used while the pools are empty. */
function quotaFor(wanted: readonly Need[], answer: unknown, project: string): CheckOutcome {
  const quotas = list(record(answer)["quotas"]);
  const words: string[] = [];
  let short = false;
  let told = 0;
  for (const { metric, or, need } of wanted) {
    const found = quotas.find((one) => one["metric"] === metric) ?? quotas.find((one) => one["metric"] === or);
    const limit = Math.min(number(found?.["limit"]) ?? -1, MOST);
    if (found === undefined || limit < 0) {
      // New families have no such quota here; their own page tells it.
      if (metric.includes("GPU")) words.push(`${metric}: not told here`);
      continue;
    }
    told += 1;
    const free = Math.max(0, limit - (number(found["usage"]) ?? 0));
    const lacks = free < need;
    short ||= lacks;
    if (lacks || metric.includes("GPU")) words.push(`${label(String(found["metric"]), 60)}: ${free} of ${need} needed`);
  }
  const url = `https://console.cloud.google.com/iam-admin/quotas?project=${encodeURIComponent(project)}`;
  const fix: Fix = { title: "Request Quota", kind: "open", url };
  const detail = words.join("; ");
  if (told === 0 && detail === "") return warning("Google Cloud does not tell the quota here.", fix);
  if (short)
    return warning(`${detail}. The pools start with few nodes; they stay there until the quota is raised.`, fix);
  if (words.some((line) => line.endsWith("not told here"))) return warning(`${detail}.`, fix);
  return ok(detail === "" ? "Enough for full pools." : `${detail}: enough for full pools.`);
}

async function plugin(programs: Programs, signal: AbortSignal): Promise<CheckOutcome> {
  const found = await programs.find("gke-gcloud-auth-plugin");
  const fix: Fix = { title: "Copy Command", kind: "copy", text: PLUGIN_COMMAND };
  if (found === undefined)
    return failed("gke-gcloud-auth-plugin was not found; nothing reaches the cluster without it.", fix);
  const call = { program: "gke-gcloud-auth-plugin", args: ["--version"], failure: "", signal } as const;
  const { stdout } = await programs.run(call);
  return ok(`gke-gcloud-auth-plugin, version ${versionIn(stdout)}.`);
}

/** The words of a bucket of Cloud Storage that keeps the state. */
export async function gcsBucket(
  programs: Programs,
  bucket: string,
  { project, region }: GkeWish,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  const url = `gs://${bucket}`;
  const args = ["storage", "buckets", "describe", "--format=json(name,versioning_enabled)", url];
  const found = await unlessRefused(askGcloud(programs, args, project, signal));
  const place = [`--location=${region}`, "--uniform-bucket-level-access", "--public-access-prevention"];
  return bucketIs(url, found === undefined ? undefined : record(found)["versioning_enabled"] === true, {
    make: ["gcloud", "storage", "buckets", "create", url, ...place, `--project=${project}`],
    keep: ["gcloud", "storage", "buckets", "update", url, "--versioning"],
  });
}
