import type { EksWish } from "../../contract/wish.ts";
import { label } from "../../core/sanitize.ts";
import { list, number, record, text, whole } from "../../kubeflow/read.ts";
import { type Programs, unlessRefused } from "../existing/programs.ts";
import { askAws, awsCall, plainName, profileArgs } from "./calls.ts";
import { type Argv, type CheckOutcome, failed, type Fix, ok, once, type PreflightLine, warning } from "./checkLines.ts";

/** Zones that the network of the cluster needs: EKS takes no fewer. */
const LEAST_ZONES = 2;

/** What the person must be allowed, one action for each family that the configuration makes. */
const ACTIONS = ["eks:CreateCluster", "eks:CreateNodegroup", "ec2:CreateVpc", "ec2:CreateNatGateway", "iam:CreateRole"];

/**
 * Quotas of EC2 in vCPUs, by family and way to pay. The codes stand in AWS's console and in `aws service-quotas
 * list-service-quotas --service-code ec2`. P5 and newer have a spot quota of their own.
 */
const QUOTAS: readonly (readonly [RegExp, string, string])[] = [
  [/^(?:g|gr|vt)\d/, "L-DB2E81BA", "L-3819A6DF"],
  [/^p[234]/, "L-417A185B", "L-7212CCBC"],
  [/^p\d/, "L-417A185B", "L-C4BD4855"],
  [/^[acdhimrtz]\d/, "L-1216C47A", "L-34B43A08"],
];

type Ask = (signal: AbortSignal, ...args: string[]) => Promise<unknown>;

/** What is checked before a cluster on EKS is planned; nothing runs before a line is run. */
export function eksChecks(name: string, wish: EksWish, programs: Programs): readonly PreflightLine[] {
  const ask: Ask = (signal, ...args) => askAws(programs, args, wish, signal);
  const identity = once(async (signal) => record(await ask(signal, "sts", "get-caller-identity")));
  const offers = once((signal) => offeredIn(ask, wish, signal));
  const cpus = once((signal) => vcpus(ask, wish, signal));
  const quota = (id: string, machine: string, nodes: number, spot: boolean, title: string): PreflightLine => ({
    id,
    label: title,
    run: async (signal) =>
      quotaOf(ask, wish, { machine, spot, need: nodes * ((await cpus(signal)).get(machine) ?? 0) }, signal),
  });
  const { cpu, gpu, region } = wish;
  return [
    {
      id: "aws",
      label: "aws",
      about: "aws",
      run: async (signal) => {
        const { stdout, stderr } = await programs.run({ program: "aws", args: ["--version"], failure: "", signal });
        // Version 1 under an old Python wrote it to stderr.
        return ok(`Version ${label(/aws-cli\/(\S+)/.exec(stdout + stderr)?.[1] ?? "unknown", 40)}.`);
      },
    },
    {
      id: "identity",
      label: "Sign-in",
      signsIn: true,
      run: async (signal) => {
        const arn = label(text((await identity(signal))["Arn"]) ?? "unknown", 160);
        return ok(`Signed in as ${arn}; Terraform uses the same ${wish.profile === "" ? "sign-in" : "profile"}.`);
      },
    },
    {
      id: "permissions",
      label: "Permissions",
      run: async (signal) => permissions(ask, await identity(signal), signal),
    },
    { id: "region", label: "Region", run: (signal) => regionIs(ask, region, signal) },
    { id: "zones", label: "Zones with the machines", run: async (signal) => zonesHave(wish, await offers(signal)) },
    quota("quota-cpu", cpu.machine, cpu.maxNodes, false, "Quota of the CPU pool"),
    ...(gpu === null ? [] : [quota("quota-gpu", gpu.machine, gpu.maxNodes, gpu.spot, "Quota of the GPU pool")]),
    {
      id: "name",
      label: "Name is free",
      run: async (signal) => {
        const names = record(await ask(signal, "eks", "list-clusters"))["clusters"];
        const taken = Array.isArray(names) && names.includes(name);
        if (taken) return failed(`A cluster is called ${label(name, 60)} already in ${label(region, 40)}.`);
        return ok(`No cluster is called ${label(name, 60)}.`);
      },
    },
    { id: "versions", label: "Kubernetes version", run: (signal) => versionIs(ask, wish.version, signal) },
  ];
}

async function permissions(
  ask: Ask,
  identity: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  const arn = text(identity["Arn"]) ?? "";
  if (arn.endsWith(":root")) return warning("You are the account’s root user, who may do everything.");
  // A session of a role is simulated as the role; a role's path, which single sign-on has, is not told.
  const role = /^arn:([\w-]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(arn);
  const source = role === null ? arn : `arn:${role[1] ?? ""}:iam::${role[2] ?? ""}:role/${role[3] ?? ""}`;
  const args = ["iam", "simulate-principal-policy", `--policy-source-arn=${source}`, "--action-names", ...ACTIONS];
  const answer = await unlessRefused(ask(signal, ...args));
  if (answer === undefined)
    return warning("AWS does not tell this person what they may do; the plan’s first steps will.");
  const results = list(record(answer)["EvaluationResults"]);
  const lacking = results
    .filter((one) => one["EvalDecision"] !== "allowed")
    .map((one) => String(one["EvalActionName"]));
  if (lacking.length === 0) return ok("Clusters, networks and roles may be made.");
  return warning(`Perhaps not allowed: ${label(lacking.join(", "), 200)}.`);
}

async function regionIs(ask: Ask, region: string, signal: AbortSignal): Promise<CheckOutcome> {
  const answer = await ask(signal, "ec2", "describe-regions", "--all-regions");
  const found = list(record(answer)["Regions"]).find((one) => one["RegionName"] === region);
  if (found === undefined) return failed(`AWS has no region ${label(region, 40)}.`);
  if (found["OptInStatus"] !== "not-opted-in") return ok(`${label(region, 40)} is open to the account.`);
  const url = "https://console.aws.amazon.com/billing/home#/account";
  return failed(`${label(region, 40)} is not switched on for the account.`, { title: "Switch On", kind: "open", url });
}

/** Zones of the region by instance type. */
async function offeredIn(
  ask: Ask,
  wish: EksWish,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const types = `--filters=Name=instance-type,Values=${machines(wish).join(",")}`;
  const args = ["ec2", "describe-instance-type-offerings", "--location-type=availability-zone", types];
  const offers = list(record(await ask(signal, ...args))["InstanceTypeOfferings"]);
  const zones = new Map<string, string[]>();
  for (const offer of offers) {
    const [type, zone] = [text(offer["InstanceType"]), text(offer["Location"])];
    if (type !== undefined && zone !== undefined) zones.set(type, [...(zones.get(type) ?? []), zone].sort());
  }
  return zones;
}

async function vcpus(ask: Ask, wish: EksWish, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const args = ["ec2", "describe-instance-types", "--instance-types", ...machines(wish)];
  const types = list(record(await ask(signal, ...args))["InstanceTypes"]);
  return new Map(
    types.map((type) => [
      text(type["InstanceType"]) ?? "",
      whole(record(type["VCpuInfo"])["DefaultVCpus"], 10_000) ?? 0,
    ]),
  );
}

function machines({ cpu, gpu }: EksWish): readonly string[] {
  return [cpu.machine, ...(gpu === null ? [] : [gpu.machine])].map(plainName);
}

function zonesHave({ cpu, gpu, region }: EksWish, offers: ReadonlyMap<string, readonly string[]>): CheckOutcome {
  const of = (machine: string): readonly string[] => offers.get(machine) ?? [];
  const words = (machine: string): string =>
    `${label(machine, 60)} is offered in ${
      of(machine)
        .map((zone) => label(zone, 40))
        .join(", ") || `no zone of ${label(region, 40)}`
    }`;
  if (gpu === null) return (of(cpu.machine).length < LEAST_ZONES ? failed : ok)(`${words(cpu.machine)}.`);
  const detail = `${words(gpu.machine)}; ${words(cpu.machine)}.`;
  if (of(cpu.machine).length === 0) return failed(detail);
  const shared = of(gpu.machine).filter((zone) => of(cpu.machine).includes(zone));
  if (shared.length >= LEAST_ZONES) return ok(detail);
  return failed(`${detail} EKS needs two zones, and the nodes are put where the GPUs are.`);
}

interface Wanted {
  readonly machine: string;
  readonly spot: boolean;
  /** vCPUs of the full pool. */
  readonly need: number;
}

/** A quota that is short is a warning: the GPU pool starts empty. AWS does not tell here what is in use. */
async function quotaOf(ask: Ask, { region }: EksWish, wanted: Wanted, signal: AbortSignal): Promise<CheckOutcome> {
  const { machine, spot, need } = wanted;
  const codes = QUOTAS.find(([family]) => family.test(machine));
  if (codes === undefined) return warning(`Nobody knows here which quota counts ${label(machine, 60)}.`);
  const code = spot ? codes[2] : codes[1];
  const host = `https://${encodeURIComponent(region)}.console.aws.amazon.com`;
  const fix: Fix = {
    title: "Request Quota",
    kind: "open",
    url: `${host}/servicequotas/home/services/ec2/quotas/${code}`,
  };
  const args = ["service-quotas", "get-service-quota", "--service-code=ec2", `--quota-code=${code}`];
  const answer = await unlessRefused(ask(signal, ...args));
  const limit = number(record(record(answer)["Quota"])["Value"]);
  if (limit === undefined) return warning(`${code}: not told; ${need} vCPUs are needed.`, fix);
  const detail = `${code}: ${limit} vCPUs, ${need} needed for the full pool`;
  if (limit >= need) return ok(`${detail}. What is in use already is not told.`);
  return warning(`${detail}. Until it is raised the pool does not grow that far.`, fix);
}

async function versionIs(ask: Ask, version: string, signal: AbortSignal): Promise<CheckOutcome> {
  const offered = list(record(await ask(signal, "eks", "describe-cluster-versions"))["clusterVersions"]);
  const found = offered.find((one) => one["clusterVersion"] === version);
  if (found === undefined) {
    const best = text((offered.find((one) => one["defaultVersion"] === true) ?? offered[0])?.["clusterVersion"]);
    const detail = `EKS makes no cluster of version ${label(version, 20)}.`;
    if (best === undefined) return failed(detail);
    return failed(detail, { title: `Use ${label(best, 20)}`, kind: "set", field: "eks.version", value: best });
  }
  const status = (text(found["versionStatus"]) ?? text(found["status"]) ?? "").toUpperCase().replaceAll("-", "_");
  // Version 1 of aws writes seconds, version 2 a day.
  const end = found["endOfStandardSupportDate"];
  const ends = typeof end === "number" ? new Date(Math.min(end, 4e9) * 1000).toISOString() : (text(end) ?? "");
  if (status === "EXTENDED_SUPPORT")
    return warning(`${label(version, 20)} is in extended support: $0.60/h, not $0.10.`);
  if (status === "UNSUPPORTED") return failed(`${label(version, 20)} is no longer supported.`);
  return ok(`${label(version, 20)} is supported${ends === "" ? "" : ` until ${label(ends.slice(0, 10))}`}.`);
}

/** The words of a bucket of S3 that keeps the state. */
export async function s3Bucket(
  programs: Programs,
  bucket: string,
  wish: EksWish,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  const where = [`--bucket=${bucket}`, `--region=${wish.region}`, ...profileArgs(wish)];
  const call = awsCall(["s3api", "get-bucket-versioning", `--bucket=${bucket}`], wish, signal);
  // For a bucket without versioning nothing at all is written.
  const found = await unlessRefused(programs.run(call));
  if (found === undefined) {
    // us-east-1 refuses its own name here (S3 API, CreateBucket).
    const place =
      wish.region === "us-east-1" ? [] : [`--create-bucket-configuration=LocationConstraint=${wish.region}`];
    const argv: Argv = ["aws", "s3api", "create-bucket", ...where, ...place];
    return failed(`${label(bucket, 80)} is not there or may not be read.`, { title: "Make Bucket", kind: "run", argv });
  }
  if (/"Status":\s*"Enabled"/.test(found.stdout)) return ok(`${label(bucket, 80)} keeps older versions.`);
  const argv: Argv = ["aws", "s3api", "put-bucket-versioning", ...where, "--versioning-configuration=Status=Enabled"];
  const fix: Fix = { title: "Keep Versions", kind: "run", argv };
  return warning(`${label(bucket, 80)} keeps no older versions: a state that is overwritten is lost.`, fix);
}
