import type { GkeWish } from "../../contract/wish.ts";
import { label } from "../../core/sanitize.ts";
import { list, number, record, text, whole } from "../../kubeflow/read.ts";
import type { Gke } from "../existing/gke.ts";
import { type Programs, unlessRefused } from "../existing/programs.ts";
import { PLUGIN_COMMAND } from "../existing/signIn.ts";
import { askGcloud, gcloudCall, plainName, positional } from "./calls.ts";
import { type CheckOutcome, failed, type Fix, ok, once, type PreflightLine, warning } from "./checkLines.ts";

export interface GkeCheckDeps {
  readonly programs: Programs;
  readonly gke: Pick<Gke, "clusters">;
}

/** APIs that the configuration uses; Terraform turns on what is off, by the first two of them. */
export const NEEDED_APIS: readonly string[] = [
  "serviceusage.googleapis.com",
  "cloudresourcemanager.googleapis.com",
  "compute.googleapis.com",
  "container.googleapis.com",
  "iam.googleapis.com",
  "artifactregistry.googleapis.com",
];

/** Roles that together may make the cluster; an owner needs none of them. */
const NEEDED_ROLES: readonly string[] = [
  "roles/container.admin",
  "roles/compute.networkAdmin",
  "roles/compute.securityAdmin",
  "roles/iam.serviceAccountAdmin",
  "roles/iam.serviceAccountUser",
  "roles/resourcemanager.projectIamAdmin",
  "roles/serviceusage.serviceUsageAdmin",
];

/** Disk of one node in GB, as the configuration asks for it. */
const DISK_GB = 100;
/** Nobody has more of anything: keeps a number of an answer within bounds. */
const MOST = 10_000_000;

interface MachineOffer {
  readonly name: string;
  readonly zone: string;
  readonly cpus: number;
}

/** What is checked before a cluster on GKE is planned; nothing runs before a line is run. */
export function gkeChecks(name: string, wish: GkeWish, { programs, gke }: GkeCheckDeps): readonly PreflightLine[] {
  const { project, region } = wish;
  const ask = (signal: AbortSignal, ...args: string[]): Promise<unknown> => askGcloud(programs, args, project, signal);
  const machines = once((signal) => machineOffers(ask, wish, signal));
  return [
    {
      id: "gcloud",
      label: "gcloud",
      about: "gcloud",
      run: async (signal) => {
        const answer = record(await programs.json(bare(["version", "--format=json"], signal)));
        return ok(`Version ${label(text(answer["Google Cloud SDK"]) ?? "unknown", 40)}.`);
      },
    },
    { id: "account", label: "Sign-in of gcloud", signsIn: true, run: (signal) => account(programs, signal) },
    { id: "adc", label: "Terraform’s own sign-in", run: (signal) => ownSignIn(programs, signal) },
    { id: "project", label: "Project", run: async (signal) => projectIs(await describe(ask, project, signal)) },
    {
      id: "billing",
      label: "Billing",
      run: async (signal) => {
        const answer = await ask(
          signal,
          "billing",
          "projects",
          "describe",
          "--format=json(billingEnabled)",
          positional(project),
        );
        if (record(answer)["billingEnabled"] === true) return ok("Billing is on.");
        const url = `https://console.cloud.google.com/billing/linkedaccount?project=${encodeURIComponent(project)}`;
        return failed("No billing account is linked.", { title: "Link Billing", kind: "open", url });
      },
    },
    { id: "apis", label: "APIs", run: async (signal) => apis(await ask(signal, ...ENABLED_APIS), project) },
    { id: "permissions", label: "Permissions", run: (signal) => permissions(programs, ask, project, signal) },
    {
      id: "zones",
      label: "Zones with the machines",
      run: async (signal) => zonesHave(wish, await machines(signal), await accelerators(ask, wish, signal)),
    },
    {
      id: "quota",
      label: `Quota in ${label(region, 40)}`,
      run: async (signal) => {
        const answer = record(
          await ask(signal, "compute", "regions", "describe", "--format=json(quotas)", positional(region)),
        );
        return quotaFor(needs(wish, await machines(signal)), list(answer["quotas"]), project);
      },
    },
    {
      id: "quota-global",
      label: "Quota of GPUs in all regions",
      run: async (signal) => {
        const count = gpuCount(wish);
        if (count === 0) return { state: "skipped", detail: "No GPU pool is asked for." };
        const answer = record(await ask(signal, "compute", "project-info", "describe", "--format=json(quotas)"));
        return quotaFor([{ metric: "GPUS_ALL_REGIONS", need: count }], list(answer["quotas"]), project);
      },
    },
    {
      id: "name",
      label: "Name is free",
      run: async (signal) => {
        const { items } = await gke.clusters(project, signal);
        if (items.every((cluster) => cluster.name !== name || cluster.location !== region))
          return ok(`No cluster is called ${label(name, 60)}.`);
        return failed(`A cluster is called ${label(name, 60)} already in ${label(region, 40)}.`);
      },
    },
    { id: "plugin", label: "Sign-in to clusters", run: (signal) => plugin(programs, signal) },
    {
      id: "versions",
      label: "Kubernetes version",
      run: async (signal) => {
        const where = [`--location=${region}`, "--format=json(channels)"];
        const channels = list(record(await ask(signal, "container", "get-server-config", ...where))["channels"]);
        const version = text(channels.find((one) => one["channel"] === "REGULAR")?.["defaultVersion"]);
        if (version === undefined) return warning("The region tells no version of the regular channel.");
        return ok(`The regular channel makes ${label(version, 40)}.`);
      },
    },
  ];
}

type Ask = (signal: AbortSignal, ...args: string[]) => Promise<unknown>;

const ENABLED_APIS = ["services", "list", "--enabled", "--format=json(config.name)"];

const bare = (args: readonly string[], signal: AbortSignal) => ({
  program: "gcloud" as const,
  args,
  failure: "",
  signal,
});

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

function describe(ask: Ask, project: string, signal: AbortSignal): Promise<unknown> {
  return ask(signal, "projects", "describe", "--format=json(projectId,name,lifecycleState)", positional(project));
}

function projectIs(answer: unknown): CheckOutcome {
  const { name, lifecycleState } = record(answer);
  if (lifecycleState !== "ACTIVE") return failed("The project is being deleted.");
  return ok(text(name) === undefined ? "The project is there." : `${label(text(name) ?? "", 80)} is there.`);
}

function apis(answer: unknown, project: string): CheckOutcome {
  const on = new Set(list(answer).map((item) => text(record(item["config"])["name"])));
  const off = NEEDED_APIS.filter((api) => !on.has(api));
  if (off.length === 0) return ok("All that are needed are on.");
  const short = off.map((api) => api.replace(".googleapis.com", "")).join(", ");
  const argv: ["gcloud", ...string[]] = ["gcloud", "services", "enable", ...off, `--project=${project}`];
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
  if (policy === undefined) return warning(`The project’s roles may not be read. ${unknown}`);
  const mine = list(record(policy)["bindings"]).flatMap(({ role, members, condition }) => {
    const named = Array.isArray(members) && members.some((member) => String(member).toLowerCase().endsWith(`:${who}`));
    return named && who !== "" && condition === undefined ? [String(role)] : [];
  });
  if (mine.includes("roles/owner")) return ok("You are an owner of the project.");
  const lacking = NEEDED_ROLES.filter((role) => !mine.includes(role));
  if (lacking.length === 0) return ok("You have all roles that are needed.");
  return warning(`Not seen: ${lacking.map((role) => role.replace("roles/", "")).join(", ")}. ${unknown}`);
}

async function machineOffers(ask: Ask, wish: GkeWish, signal: AbortSignal): Promise<readonly MachineOffer[]> {
  const names = [wish.cpu.machine, ...(wish.gpu === null ? [] : [wish.gpu.machine])].map(plainName);
  const filter = `--filter=name=(${names.join(" ")}) AND zone~"${plainName(wish.region)}-[a-z]$"`;
  const answer = await ask(signal, "compute", "machine-types", "list", filter, "--format=json(name,zone,guestCpus)");
  return list(answer).flatMap(({ name, zone, guestCpus }) => {
    const [machine, place] = [text(name), text(zone)?.split("/").at(-1)];
    if (machine === undefined || place === undefined) return [];
    return { name: machine, zone: place, cpus: whole(guestCpus, 10_000) ?? 0 };
  });
}

async function accelerators(ask: Ask, { gpu, region }: GkeWish, signal: AbortSignal): Promise<readonly string[]> {
  if (gpu === null) return [];
  const filter = `--filter=name=${plainName(gpu.gpu)} AND zone~"${plainName(region)}-[a-z]$"`;
  const answer = await ask(signal, "compute", "accelerator-types", "list", filter, "--format=json(zone)");
  return list(answer).flatMap(({ zone }) => text(zone)?.split("/").at(-1) ?? []);
}

function zonesHave(wish: GkeWish, offers: readonly MachineOffer[], gpuZones: readonly string[]): CheckOutcome {
  const has = (machine: string): readonly string[] =>
    offers.flatMap(({ name, zone }) => (name === machine ? zone : []));
  const cpu = has(wish.cpu.machine);
  if (cpu.length === 0) return failed(`${label(wish.cpu.machine, 60)} is not offered in ${label(wish.region, 40)}.`);
  if (wish.gpu === null) return ok(`${label(wish.cpu.machine, 60)} is offered in ${zoneWords(cpu)}.`);
  const { gpu, machine } = wish.gpu;
  const both = has(machine).filter((zone) => gpuZones.includes(zone));
  const good = [...new Set(both)].sort();
  const what = `${label(gpu, 60)} on ${label(machine, 60)}`;
  if (good.length === 0) return failed(`No zone of ${label(wish.region, 40)} has ${what}.`);
  const bad = wish.zones.filter((zone) => !good.includes(zone));
  if (bad.length === 0) return ok(`${what} is offered in ${zoneWords(good)}.`);
  const fix: Fix = { title: "Use These Zones", kind: "set", field: "gke.zones", value: good };
  return failed(`${what} is not offered in ${zoneWords(bad)}, but in ${zoneWords(good)}.`, fix);
}

const zoneWords = (zones: readonly string[]): string => [...new Set(zones)].map((zone) => label(zone, 40)).join(", ");

interface Need {
  /** Metric as Compute Engine names it; the next ones where a region has not the first. */
  readonly metric: string;
  readonly or?: string;
  readonly need: number;
}

const gpuCount = ({ gpu }: GkeWish): number => (gpu === null ? 0 : gpu.maxNodes * gpu.perNode);

/** What the pools need when they are full, in the units of Compute Engine's quotas. */
function needs(wish: GkeWish, offers: readonly MachineOffer[]): readonly Need[] {
  const cpusOf = (machine: string): number => offers.find(({ name }) => name === machine)?.cpus ?? 0;
  const metric = (machine: string): string => {
    const family = machine.split("-", 1)[0] ?? "";
    return family === "n1" || family === "e2" ? "CPUS" : `${family.toUpperCase()}_CPUS`;
  };
  const { cpu, gpu } = wish;
  const cpus = new Map([[metric(cpu.machine), cpu.maxNodes * cpusOf(cpu.machine)]]);
  const disks = (cpu.maxNodes + (gpu?.maxNodes ?? 0)) * DISK_GB;
  const all: Need[] = [{ metric: "SSD_TOTAL_GB", need: disks }];
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
function quotaFor(
  wanted: readonly Need[],
  quotas: readonly Readonly<Record<string, unknown>>[],
  project: string,
): CheckOutcome {
  const words: string[] = [];
  let short = false;
  for (const { metric, or, need } of wanted) {
    const found = quotas.find((one) => one["metric"] === metric) ?? quotas.find((one) => one["metric"] === or);
    const limit = Math.min(number(found?.["limit"]) ?? -1, MOST);
    if (found === undefined || limit < 0) {
      // New families have no such quota here; their own page tells it.
      if (metric.endsWith("_GPUS")) words.push(`${metric}: not told here`);
      continue;
    }
    const free = Math.max(0, limit - (number(found["usage"]) ?? 0));
    const lacks = free < need;
    short ||= lacks;
    if (lacks || metric.includes("GPU")) words.push(`${label(String(found["metric"]), 60)}: ${free} of ${need} needed`);
  }
  const url = `https://console.cloud.google.com/iam-admin/quotas?project=${encodeURIComponent(project)}`;
  const fix: Fix = { title: "Request Quota", kind: "open", url };
  const detail = words.join("; ");
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
  const { stdout } = await programs.run({
    program: "gke-gcloud-auth-plugin",
    args: ["--version"],
    failure: "",
    signal,
  });
  return ok(`gke-gcloud-auth-plugin ${label(stdout, 80)}`);
}

/** The words of a bucket of Cloud Storage that keeps the state. */
export async function gcsBucket(
  programs: Programs,
  bucket: string,
  wish: GkeWish,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  const url = `gs://${bucket}`;
  const args = ["storage", "buckets", "describe", "--format=json(name,versioning_enabled)", url];
  const found = await unlessRefused(programs.json(gcloudCall(args, wish.project, signal)));
  if (found === undefined) {
    const place = [`--location=${wish.region}`, "--uniform-bucket-level-access", "--public-access-prevention"];
    const argv: ["gcloud", ...string[]] = [
      "gcloud",
      "storage",
      "buckets",
      "create",
      url,
      ...place,
      `--project=${wish.project}`,
    ];
    return failed(`${label(url, 80)} is not there or may not be read.`, { title: "Make Bucket", kind: "run", argv });
  }
  if (record(found)["versioning_enabled"] === true) return ok(`${label(url, 80)} keeps older versions.`);
  const argv: ["gcloud", ...string[]] = ["gcloud", "storage", "buckets", "update", url, "--versioning"];
  const fix: Fix = { title: "Keep Versions", kind: "run", argv };
  return warning(`${label(url, 80)} keeps no older versions: a state that is overwritten is lost.`, fix);
}
