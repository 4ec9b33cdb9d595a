import type { EksWish, Wish } from "../../contract/wish.ts";
import { label } from "../../core/sanitize.ts";
import { plural } from "../../core/text.ts";
import { list, number, record, text } from "../../kubeflow/read.ts";
import { askAws, awsCall, profileArgs } from "../existing/calls.ts";
import { type Programs, unlessRefused } from "../existing/programs.ts";
import { ec2Quota } from "../plan/catalogue/eks.ts";
import type { Live } from "../plan/live.ts";
import { liveZones } from "../plan/pools.ts";
import { machineOf } from "../plan/prices.ts";
import { eksVersions } from "../plan/rules/clouds.ts";
import {
  type Argv,
  bucketIs,
  type CheckOutcome,
  failed,
  type Fix,
  ok,
  once,
  type PreflightLine,
  use,
  versionIn,
  warning,
  lineOf,
} from "./checkLines.ts";
import { type CloudCheckDeps, elsewhere, factLines, nameIs } from "./factChecks.ts";

/** Zones that the network of the cluster needs: EKS takes no fewer. */
const LEAST_ZONES = 2;

/** What the person must be allowed, one action for each family that the configuration makes. */
const ACTIONS = ["eks:CreateCluster", "eks:CreateNodegroup", "ec2:CreateVpc", "ec2:CreateNatGateway", "iam:CreateRole"];

type Ask = (signal: AbortSignal, ...args: string[]) => Promise<unknown>;

/** What is checked before a cluster on EKS is planned; nothing runs before a line is run. */
export function eksChecks(whole: Wish, deps: CloudCheckDeps): readonly PreflightLine[] {
  const { programs } = deps;
  const { eks: wish } = whole;
  const ask: Ask = (signal, ...args) => askAws(programs, args, wish, signal);
  const identity = once(async (signal) => text(record(await ask(signal, "sts", "get-caller-identity"))["Arn"]) ?? "");
  const running = once((signal) => unlessRefused(ask(signal, ...RUNNING)));
  const line = factLines(whole, deps);
  const quota = (id: string, title: string, machine: string, nodes: number, spot: boolean): PreflightLine =>
    lineOf(id, title, async (signal) => {
      const others = await running(signal);
      const used = (code: string): number | undefined => inUse(others, code, whole.name);
      return quotaOf(ask, wish, { machine, nodes, spot, used }, signal);
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
        return ok(`Version ${versionIn(/aws-cli\/(\S+)/.exec(stdout + stderr)?.[1] ?? "")}.`);
      },
    },
    {
      id: "identity",
      label: "Sign-in",
      signsIn: true,
      run: async (signal) => {
        const arn = label((await identity(signal)) || "unknown", 160);
        return ok(`Signed in as ${arn}; Terraform uses the same ${wish.profile === "" ? "sign-in" : "profile"}.`);
      },
    },
    lineOf("permissions", "Permissions", async (signal) => permissions(ask, await identity(signal), signal)),
    line("region", "Region", (live, told) => {
      const name = label(region, 40);
      if (told(live.eks?.regions, "regions").includes(region)) return ok(`${name} is open to the account.`);
      const url = "https://console.aws.amazon.com/billing/home#/account";
      const fix: Fix = { title: "Switch On", kind: "open", url };
      return failed(`${name} is no region of AWS, or is not switched on for the account.`, fix);
    }),
    line("zones", "Zones with the machines", (live, told) => {
      const zonesOf = (machine: string): readonly string[] => told(liveZones(live.eks, region, [machine]), "zones");
      return zonesHave(wish, live.eks?.usable, zonesOf, elsewhere(whole, "eks", live));
    }),
    quota("quota-cpu", "Quota of the CPU pool", cpu.machine, cpu.maxNodes, false),
    ...(gpu === null ? [] : [quota("quota-gpu", "Quota of the GPU pool", gpu.machine, gpu.maxNodes, gpu.spot)]),
    line("name", "Name is free", nameIs(whole, "eks")),
    line("versions", "Kubernetes version", (live, told) =>
      versionIs(wish.version, live, told(live.eks?.versions, "versions")),
    ),
  ];
}

async function permissions(ask: Ask, arn: string, signal: AbortSignal): Promise<CheckOutcome> {
  if (arn.endsWith(":root")) return warning("You are the account’s root user, who may do everything.");
  // A session of a role is simulated as the role; a role's path, which single sign-on has, is not told.
  const role = /^arn:([\w-]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(arn);
  const source = role === null ? arn : `arn:${role[1] ?? ""}:iam::${role[2] ?? ""}:role/${role[3] ?? ""}`;
  const args = ["iam", "simulate-principal-policy", `--policy-source-arn=${source}`, "--action-names", ...ACTIONS];
  const answer = await unlessRefused(ask(signal, ...args));
  const fix: Fix = { title: "Open IAM", kind: "open", url: "https://console.aws.amazon.com/iam/home" };
  if (answer === undefined)
    return warning("AWS does not tell this person what they may do; the plan’s first steps will.", fix);
  const results = list(record(answer)["EvaluationResults"]).filter((one) => one["EvalDecision"] !== "allowed");
  const lacking = results.map((one) => String(one["EvalActionName"]));
  if (lacking.length === 0) return ok("Clusters, networks and roles may be made.");
  return warning(`Perhaps not allowed: ${label(lacking.join(", "), 200)}.`, fix);
}

function zonesHave(
  { cpu, gpu, region }: EksWish,
  usable: readonly string[] | undefined,
  zonesOf: (machine: string) => readonly string[],
  fix: Fix | undefined,
): CheckOutcome {
  const offers = [...(gpu === null ? [] : [gpu.machine]), cpu.machine].map((machine) => ({
    ...{ machine, zones: zonesOf(machine).map((zone) => label(zone, 40)) },
  }));
  const none = `no zone of ${label(region, 40)}`;
  const words = offers.map(({ machine, zones }) => `${label(machine, 60)} is offered in ${zones.join(", ") || none}`);
  const detail = `${words.join("; ")}.`;
  if (offers.some(({ zones }) => zones.length === 0)) return failed(detail, fix);
  // Where neither machine is, the network has the zones that the control plane wants.
  if (usable === undefined || usable.length >= LEAST_ZONES) return ok(detail);
  return failed(`${detail} EKS needs two zones, and the account has ${usable.length} that it takes.`);
}

/** Of each instance that counts against a quota: type, `spot` or null, cores, threads of each, cluster of EKS or null. */
const RUNNING = [
  ...["ec2", "describe-instances", "--filters=Name=instance-state-name,Values=pending,running"],
  "--query=Reservations[].Instances[].[InstanceType,InstanceLifecycle,CpuOptions.CoreCount,CpuOptions.ThreadsPerCore,Tags[?Key=='eks:cluster-name']|[0].Value]",
];

/** vCPUs that count against the quota beside the cluster's own; undefined where AWS does not tell all of them. */
function inUse(answer: unknown, code: string, own: string): number | undefined {
  if (!Array.isArray(answer)) return undefined;
  const used = answer.map((one: unknown) => {
    const [type, lifecycle, cores, threads, cluster] = Array.isArray(one) ? (one as unknown[]) : [];
    const counts = ec2Quota(String(type), lifecycle === "spot") === code && cluster !== own;
    const vcpus = machineOf("eks", String(type))?.vcpus ?? (number(cores) ?? NaN) * (number(threads) ?? NaN);
    return counts ? vcpus : 0;
  });
  const sum = used.reduce((all, one) => all + one, 0);
  return Number.isFinite(sum) ? sum : undefined;
}

interface PoolNeed {
  readonly machine: string;
  readonly nodes: number;
  readonly spot: boolean;
  /** See inUse. */
  readonly used: (code: string) => number | undefined;
}

/** A quota that is short is a warning: the GPU pool starts empty. */
async function quotaOf(
  ask: Ask,
  { region }: EksWish,
  { machine, nodes, spot, used }: PoolNeed,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  const [code, vcpus] = [ec2Quota(machine, spot), machineOf("eks", machine)?.vcpus];
  if (code === undefined) return warning(`Nobody knows here which quota counts ${label(machine, 60)}.`);
  const need = vcpus === undefined ? `those of ${nodes} × ${label(machine, 60)}` : vcpus * nodes;
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
  const inUse = used(code);
  const taken = inUse === undefined ? "" : ` (${inUse} in use)`;
  const detail = `${code}: ${plural(limit, "vCPU")}${taken}, ${need} needed for the full pool`;
  if (typeof need === "string") return warning(`${detail}, whose number is not known here.`, fix);
  if (limit - (inUse ?? 0) >= need)
    return ok(`${detail}.${inUse === undefined ? " What is in use already is not told." : ""}`);
  return warning(`${detail}. Until it is raised the pool does not grow that far.`, fix);
}

function versionIs(version: string, live: Live, told: readonly { version: string; ends: string }[]): CheckOutcome {
  const found = told.find((one) => one.version === version);
  if (found !== undefined)
    return ok(`${label(version, 20)} is supported${found.ends === "" ? "" : ` until ${label(found.ends)}`}.`);
  const [best] = eksVersions(live);
  const detail = `EKS offers no version ${label(version, 20)} under standard support.`;
  return failed(detail, best === undefined ? undefined : use("eks.version", best));
}

/** The words of a bucket of S3 that keeps the state. */
export async function s3Bucket(
  programs: Programs,
  bucket: string,
  wish: EksWish,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  const { region } = wish;
  const call = awsCall(["s3api", "get-bucket-versioning", `--bucket=${bucket}`], wish, signal);
  // For a bucket without versioning nothing at all is written.
  const found = await unlessRefused(programs.run(call));
  // us-east-1 refuses its own name here (S3 API, CreateBucket).
  const place = region === "us-east-1" ? [] : [`--create-bucket-configuration=LocationConstraint=${region}`];
  const argv = (command: string, ...more: readonly string[]): Argv => [
    ...(["aws", "s3api", command, `--bucket=${bucket}`, `--region=${region}`, ...profileArgs(wish)] as const),
    ...more,
  ];
  return bucketIs(bucket, found && /"Status":\s*"Enabled"/.test(found.stdout), {
    make: argv("create-bucket", ...place),
    keep: argv("put-bucket-versioning", "--versioning-configuration=Status=Enabled"),
  });
}
