import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { ec2Quota } from "../plan/catalogue/eks.ts";
import type { Diagnostic } from "./stream.ts";

/** What a person can do about a failure; who shows it knows how. */
export type NextKind =
  /** `value`: an address of the web. */
  | "open"
  /** `value`: ID of the lock. To be confirmed by the person. */
  | "unlock"
  /** `value`: zones, comma-separated. */
  | "set-zones"
  /** `value`: the API's name, `container.googleapis.com`. */
  | "enable-api"
  /** `value`: the command for a terminal. */
  | "sign-in"
  | "plan-again"
  | "try-later"
  | "on-demand"
  | "other-gpu"
  | "state-push"
  | "unprotect";

export interface FailureNext {
  readonly title: string;
  readonly kind: NextKind;
  readonly value?: string;
}

export interface Failure {
  readonly code: string;
  /** What happened and why, with the numbers of the text; a sentence or two. */
  readonly message: string;
  readonly next: readonly FailureNext[];
  /** The resource that it is about. */
  readonly address?: string;
}

/** What the links need; all of it may be left out. */
export interface FailureContext {
  readonly project?: string;
  readonly region?: string;
  /** Machine of each pool, by its name in the files. */
  readonly machines?: Readonly<Record<string, string>>;
}

/** A failure of Terraform with what to do next. Guard: `failuresOf(error)`. */
export class TerraformError extends UserError {
  readonly failures: readonly Failure[];

  constructor(what: string, failures: readonly Failure[]) {
    const [first] = failures;
    const why = first?.message ?? "Terraform did not say why.";
    super(first?.code ?? "terraform-failed", what, { why });
    this.failures = failures;
  }
}

/** What to do next about any error; none where it is not one of Terraform's. */
export function failuresOf(error: unknown): readonly Failure[] {
  const has = (value: unknown): value is TerraformError =>
    value instanceof Error && "failures" in value && Array.isArray(value.failures);
  return has(error) ? error.failures : [];
}

type LockInfo = Readonly<Record<"id" | "who" | "created" | "operation", string>>;

/** The block `Lock Info:` of «Error acquiring the state lock». Undefined where there is none, as when a folder is missing. */
export function parseLockInfo(text: string): LockInfo | undefined {
  const field = (name: string): string =>
    label(new RegExp(`^\\s*${name}:[ \\t]*(\\S.*)$`, "m").exec(text)?.[1] ?? "", 120);
  const id = field("ID");
  // It becomes an argument of `force-unlock`: a UUID, or the number of an object's generation on Cloud Storage.
  if (!/^[0-9a-zA-Z][0-9a-zA-Z-]{0,80}$/.test(id)) return undefined;
  return { id, who: field("Who"), created: field("Created").replace(/\.\d+ /, " "), operation: field("Operation") };
}

/** What stands in a text beside the pattern, and the links for it. */
interface Found {
  readonly match: RegExpExecArray;
  readonly text: string;
  readonly at: FailureContext;
  /** Resource that failed, "" where it is not told. */
  readonly address: string;
}

interface Rule {
  readonly code: string;
  readonly pattern: RegExp;
  /** With names of WORDS in braces. */
  readonly sentence: string;
  /** Names of NEXT. */
  readonly next: readonly string[];
}

const AGAIN: FailureNext = { title: "Plan Again", kind: "plan-again" };
const LATER: FailureNext = { title: "Try Again Later", kind: "try-later" };
const signIn = (value: string): FailureNext => ({ title: "Sign In", kind: "sign-in", value });
const page = (title: string, value: string): readonly FailureNext[] => [{ title, kind: "open", value }];

function inProject({ project }: FailureContext): string {
  return project === undefined ? "" : `?project=${encodeURIComponent(project)}`;
}

const gcpQuota = ({ at }: Found): readonly FailureNext[] =>
  page("Open Quotas", `https://console.cloud.google.com/iam-admin/quotas${inProject(at)}`);

/** The quota of the machine that the text names, else of the pool that failed, else all of them. */
function awsQuota({ match, text, at: { region, machines = {} }, address }: Found): readonly FailureNext[] {
  const pool = /^aws_eks_node_group\.(\w+)/.exec(address)?.[1] ?? "";
  const named = /\b[a-z][a-z0-9-]*\d[a-z0-9-]*\.(?:metal|\d*x?large)\b/.exec(text)?.[0];
  const machine = named ?? (Object.hasOwn(machines, pool) ? machines[pool] : undefined) ?? "";
  const code = ec2Quota(machine, match[0].startsWith("MaxSpot"));
  const host = region !== undefined && /^[a-z0-9-]+$/.test(region) ? `${region}.` : "";
  const all = `https://${host}console.aws.amazon.com/servicequotas/home/services/ec2/quotas`;
  return page("Open Quota", code === undefined ? all : `${all}/${code}`);
}

/** Zones that a text names, at most eight: `us-central1-a`, `us-west-2b`. */
function zonesIn(text: string): readonly string[] {
  const found = text.match(/\b[a-z]{2,}(?:-[a-z]+)+-?\d+-?[a-f]\b/g) ?? [];
  return [...new Set(found)].slice(0, 8);
}

/** Zones that have some, by the text; on Google Cloud it says which of those that it names. */
function stocked({ match, text }: Found): readonly string[] {
  if (/GCE_|ZONE_RESOURCE|enough resources/.test(match[0]))
    return zonesIn(/zonesAvailable"?\s*[:=]\s*"?([^"\n]*)/.exec(text)?.[1] ?? "");
  return zonesIn(text).filter((zone) => zone !== match[2]);
}

function toZones(found: Found): readonly FailureNext[] {
  const zones = stocked(found);
  const use = (some: readonly string[]): FailureNext => ({
    ...{ title: `Use ${some.join(" and ")}`, kind: "set-zones", value: some.join(",") },
  });
  return [...(zones.length > 1 ? [use(zones)] : []), ...zones.map((zone) => use([zone]))].slice(0, 5);
}

/** The API that is switched off, where the text names it. */
function apiOf(text: string): string | undefined {
  return /\b([a-z][a-z0-9-]*\.googleapis\.com)\b/.exec(text.replaceAll("type.googleapis.com", ""))?.[1];
}

function enableApi({ text, at }: Found): readonly FailureNext[] {
  const api = apiOf(text);
  const open = page("Open API Page", `https://console.cloud.google.com/apis/library/${api ?? ""}${inProject(at)}`);
  return api === undefined ? open : [{ title: `Enable ${api}`, kind: "enable-api", value: api }, ...open];
}

/** How a permission stands in the texts of both clouds. */
const ACTIONS = [
  /not authorized to perform: ([a-zA-Z0-9-]+:[A-Za-z*]+)/,
  /(?:Required|Permission) ['"]?([a-z]+(?:\.[a-zA-Z]+)+)/,
  /\b((?:iam|eks|ec2|logs|s3):[A-Z][A-Za-z]+)/,
];

function lacking({ text }: Found): string {
  const action = ACTIONS.map((pattern) => pattern.exec(text)?.[1]).find((found) => found !== undefined);
  if (action === undefined) return `The account may not do this: ${label(text, 300)}`;
  return `The account lacks the permission ${label(action, 80)}. Somebody who administers the project or account can grant it.`;
}

function lockWords({ text }: Found): string {
  const lock = parseLockInfo(text);
  if (lock === undefined)
    return `The state could not be locked: ${label(text.replace(/Terraform acquires[\s\S]*/, ""), 300)}`;
  const what = lock.operation.replace("OperationType", "").toLowerCase() || "unknown";
  return `The state is locked by ${lock.who} since ${lock.created} (${what}): another run, or one that crashed.`;
}

function unlock({ text }: Found): readonly FailureNext[] {
  const lock = parseLockInfo(text);
  return lock === undefined ? [AGAIN] : [LATER, { title: "Unlock…", kind: "unlock", value: lock.id }];
}

/** A regional quota in either of Google's two forms. */
function quotaWords({ match: [, metric, asked, short, named, limit] }: Found): string {
  const quota = label(metric ?? named ?? "", 60);
  // Google names this one for GPUs as well (GoogleCloudPlatform/ai-on-gke#849).
  const gpus = quota === "CPUS_ALL_REGIONS" ? " Where GPUs were asked for, look at GPUS_ALL_REGIONS too." : "";
  if (metric !== undefined)
    return `The region's quota of ${quota} is short by ${number(short)}: ${number(asked)} were asked for, over all zones together. Fewer nodes or zones need less.${gpus}`;
  const disks = quota.includes("SSD") ? " Nodes with standard disks (pd-standard) need none of it." : "";
  return `The quota ${quota} is exceeded${limit === undefined ? "" : `; its limit is ${number(limit)}`}.${disks}${gpus}`;
}

function stockWords(found: Found): string {
  const [, machine, zone] = found.match;
  if (machine !== undefined)
    return `AWS has too few ${label(machine, 40)} in ${label(zone ?? "", 30)} at the moment. A node pool does not try other zones by itself.`;
  const zones = stocked(found);
  const there = zones.length === 0 ? "" : ` It names zones that have some: ${zones.join(", ")}.`;
  return `The cloud has none of these machines in stock here.${there} What was half made stays recorded: plan again, and delete nothing by hand.`;
}

function vcpuWords({ match, text }: Found): string {
  const limit = /vCPU limit of (\d+)/.exec(text)?.[1];
  const spot = match[0].startsWith("MaxSpot") ? "spot " : "";
  return `The account's quota of ${spot}vCPUs is used up${limit === undefined ? "" : ` (its limit is ${limit})`}. AWS counts vCPUs, not GPUs: a g5.xlarge counts 4.`;
}

/** What is offered, by the name that stands for it below. */
const NEXT: Readonly<Record<string, (found: Found) => readonly FailureNext[]>> = {
  ...{ gcpQuota, awsQuota, toZones, enableApi, unlock },
  again: () => [AGAIN],
  later: () => [LATER],
  demand: () => [{ title: "Use On-Demand Nodes", kind: "on-demand" }],
  gpu: () => [{ title: "Choose Another GPU", kind: "other-gpu" }],
  push: () => [{ title: "Push the Kept State", kind: "state-push" }],
  unprotect: () => [{ title: "Take Protection Back", kind: "unprotect" }],
  google: () => [signIn("gcloud auth application-default login")],
  aws: () => [signIn("aws sso login")],
  plugin: () => [{ ...signIn("gcloud components install gke-gcloud-auth-plugin"), title: "Install It" }],
};

/** Sentences that are put together, by the name that stands for them below. */
const WORDS: Readonly<Record<string, (found: Found) => string>> = {
  quota: quotaWords,
  stock: stockWords,
  vcpus: vcpuWords,
  lacking,
  lock: lockWords,
  api: ({ text }) => apiOf(text) ?? "that this needs",
  text: ({ text }) => label(text, 300),
  gpus: ({ match }) => number(match[1], "too few"),
};

/**
 * For each: code and what is offered; pattern; sentence. The first that matches tells: the particular stand before the
 * general. Texts: reference, and the clouds' own pages.
 */
const RULES: readonly Rule[] = String.raw`
gpus-all-regions gcpQuota later
GPUS_ALL_REGIONS[^.]*?(?:exceeded|quota)[^L]*(?:Limit: ([\d.]+))?
The project may use {gpus} GPUs over all regions together (quota GPUS_ALL_REGIONS); a new project has 0. More are asked for on the quota page, which may take hours.

quota gcpQuota again
resource "([A-Z0-9_]+)": request requires '([\d.]+)' and is short '([\d.]+)'|Quota '([A-Z0-9_]+)' exceeded\.?(?:\s+Limit: ([\d.]+))?
{quota}

spot-capacity toZones demand gpu later
no Spot capacity available|Could not launch Spot Instances|UnfulfillableCapacity.*spot
The cloud has no spot nodes of this type at the moment. On-demand nodes, other zones or another type may be there.

stock-out toZones gpu later
do not have sufficient (\S+) capacity in the Availability Zone you requested \(([a-z0-9-]+)\)
{stock}

stock-out toZones gpu demand later
GCE_STOCKOUT|ZONE_RESOURCE_POOL_EXHAUSTED|does not have enough resources available|InsufficientInstanceCapacity
{stock}

vcpu-limit awsQuota demand again
MaxSpotInstanceCountExceeded
{vcpus}

vcpu-limit awsQuota again
VcpuLimitExceeded|InstanceLimitExceeded
{vcpus}

type-not-offered gpu again
UnfulfillableCapacity|InvalidFleetConfiguration|Ec2InstanceTypeDoesNotExist|instance type .{1,60} (?:is )?not supported
This type of machine is not offered in one of the zones. Zones are to be chosen anew among those that have it.

nodes-did-not-join again
NodeCreationFailure|Instances failed to join the kubernetes cluster
Nodes started and did not join the cluster. They need a way out (NAT and its route), a role with the three policies for nodes, and access to the endpoint (authorized networks).

subnets-full again
InsufficientFreeAddresses
The subnets have no free addresses left; larger ones are needed.

subnets-full again
AsgInstanceLaunchFailures
AWS could not start nodes: {text}

pool-in-error again
was created in the error state (\w+)
The node pool was made in part and is in an error state. The next plan looks at what is there and mends it; delete nothing by hand.

still-used later
DependencyViolation|resourceInUseByAnotherResource|is already being used by|has nodegroups attached
It cannot be removed while something uses it, such as a load balancer or a network interface that Kubernetes made, or that is still going. Wait some minutes and plan again; what stays then is to be removed in the cloud's console. {text}

already-exists again
Error 409: .*already ?exists|ResourceInUseException|EntityAlreadyExists|ResourceAlreadyExistsException
It is there already and not in the state: from a run that was killed, or because another's bears this name. What is this cluster's is to be imported or removed by hand; beside another's, choose another name. {text}

api-disabled enableApi again
SERVICE_DISABLED|API has not been used in project|it is disabled
The API {api} is switched off in the project. After it was switched on it takes a minute to work.

protected unprotect
deletion_protection
The cluster is protected from deletion. The protection is taken back by a plan of its own; after that it can be destroyed.

stale-plan again
Saved plan is stale|saved plan (?:file )?(?:is|was) (?:stale|created by a different)
Something was changed after this plan was made, so it was not carried out. Nothing was changed by it.

state-locked unlock
Error (?:acquiring the state lock|locking state)
{lock}

state-not-saved push
errored\.tfstate|Failed to (?:save|persist) state
What was made could not be written to the state; it is kept in errored.tfstate in the cluster's folder. It must be pushed before anything else is done.

sign-in-google google again
could not find default credentials|invalid_grant|reauth related error|application-default login|oauth2: .*token expired|Attempted to load application default credentials
Terraform is not signed in to Google Cloud. It has a sign-in of its own (application default credentials), besides that of gcloud.

sign-in-aws aws again
No valid credential sources found|ExpiredToken|InvalidClientTokenId|SSO (?:session|token)|failed to refresh cached credentials|UnrecognizedClientException
Terraform is not signed in to AWS with this profile, or the sign-in has run out.

permission again
not authorized to perform|UnauthorizedOperation|AccessDenied|PERMISSION_DENIED|Error 403
{lacking}

not-authorized-cluster aws
You must be logged in to the server
The cluster does not know this sign-in: its access entries name another principal, or another profile is in use.

plugin-missing plugin
gke-gcloud-auth-plugin(?:\.exe)? not found
The program gke-gcloud-auth-plugin, by which kubectl signs in to GKE, was not found.

registry-unreachable again
Failed to (?:query available provider packages|install provider)|could not connect to registry
A provider could not be downloaded: {text}`
  .trim()
  .split("\n\n")
  .map((rule) => {
    const [words = "", pattern = "", sentence = ""] = rule.split("\n");
    const [code = "", ...next] = words.split(" ");
    return { code, pattern: new RegExp(pattern, "is"), sentence, next };
  });

/** What a text of Terraform or of a cloud means; undefined where it is none of the known. */
export function matchFailure(text: string, at: FailureContext = {}, address = ""): Failure | undefined {
  for (const { code, pattern, sentence, next } of RULES) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const found = { match, text, at, address };
    const message = sentence.replace(/\{(\w+)\}/g, (_, name: string) => WORDS[name]?.(found) ?? "");
    return { code, message, next: next.flatMap((name) => NEXT[name]?.(found) ?? []) };
  }
  return undefined;
}

/** What went wrong, the known first and each once; an unknown error in Terraform's own words. Warnings are left out. */
export function explain(diagnostics: readonly Diagnostic[], context: FailureContext = {}): readonly Failure[] {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const failures = errors.map((diagnostic) => {
    const { summary, detail, address } = diagnostic;
    const known = matchFailure(`${summary}\n${detail}`, context, address);
    const failure = known ?? { code: "terraform-failed", message: unknownWords(diagnostic), next: [AGAIN] };
    return { ...failure, ...(address !== undefined && { address }) };
  });
  const once = failures.filter(
    (each, index) => failures.findIndex(({ message }) => message === each.message) === index,
  );
  return [
    ...once.filter(({ code }) => code !== "terraform-failed"),
    ...once.filter(({ code }) => code === "terraform-failed"),
  ];
}

function unknownWords({ summary, detail, address, file, line }: Diagnostic): string {
  const where = address ?? (file === undefined ? "" : `${file}, line ${line ?? 0}`);
  return `${where === "" ? "" : `${where}: `}${summary}${detail === "" ? "" : `: ${label(detail, 500)}`}`;
}

/** `'2.0'` of the clouds' texts is 2. */
function number(text: string | undefined, otherwise = "some"): string {
  return text === undefined || !Number.isFinite(Number(text)) ? otherwise : String(Number(text));
}
