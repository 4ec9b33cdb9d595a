import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
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

/** Information of a lock that is held, from the text of the diagnostic. */
export interface LockInfo {
  readonly id: string;
  readonly who: string;
  readonly created: string;
  readonly operation: string;
}

/** The block `Lock Info:` of «Error acquiring the state lock». Undefined where there is none, as when a folder is missing. */
export function parseLockInfo(text: string): LockInfo | undefined {
  const field = (name: string): string =>
    label(new RegExp(`^\\s*${name}:[ \\t]*(\\S.*)$`, "m").exec(text)?.[1] ?? "", 120);
  const id = field("ID");
  // It becomes an argument of `force-unlock`: a UUID, or the number of an object's generation on Cloud Storage.
  if (!/^[0-9a-zA-Z][0-9a-zA-Z-]{0,80}$/.test(id)) return undefined;
  return { id, who: field("Who"), created: field("Created").replace(/\.\d+ /, " "), operation: field("Operation") };
}

/** The sentence, and what is offered. */
type Told = readonly [message: string, ...next: FailureNext[]];
type Rule = readonly [
  code: string,
  pattern: RegExp,
  tell: (match: RegExpExecArray, text: string, at: FailureContext) => Told,
];

const AGAIN: FailureNext = { title: "Plan Again", kind: "plan-again" };
const LATER: FailureNext = { title: "Try Again Later", kind: "try-later" };
const ON_DEMAND: FailureNext = { title: "Use On-Demand Nodes", kind: "on-demand" };
const OTHER_GPU: FailureNext = { title: "Choose Another GPU", kind: "other-gpu" };

const link = (title: string, value: string): FailureNext => ({ title, kind: "open", value });
const gcpQuota = ({ project }: FailureContext): FailureNext =>
  link(
    "Open Quotas",
    `https://console.cloud.google.com/iam-admin/quotas${project === undefined ? "" : `?project=${encodeURIComponent(project)}`}`,
  );
const awsQuota = (code: string, { region }: FailureContext): FailureNext =>
  link(
    "Open Quota",
    `https://${region !== undefined && /^[a-z0-9-]+$/.test(region) ? `${region}.` : ""}console.aws.amazon.com/servicequotas/home/services/ec2/quotas${code === "" ? "" : `/${code}`}`,
  );

/** Zones that a text names, at most eight: `us-central1-a`, `us-west-2b`. */
function zonesIn(text: string): readonly string[] {
  const found = text.match(/\b[a-z]{2,}(?:-[a-z]+)+-?\d+-?[a-f]\b/g) ?? [];
  return [...new Set(found)].slice(0, 8);
}

function toZones(zones: readonly string[]): FailureNext[] {
  const use = (...some: string[]): FailureNext => ({
    ...{ title: `Use ${some.join(" and ")}`, kind: "set-zones", value: some.join(",") },
  });
  return [...(zones.length > 1 ? [use(...zones)] : []), ...zones.map((zone) => use(zone))].slice(0, 5);
}

/** How a permission stands in the texts of both clouds. */
const ACTIONS = [
  /not authorized to perform: ([a-zA-Z0-9-]+:[A-Za-z*]+)/,
  /(?:Required|Permission) ['"]?([a-z]+(?:\.[a-zA-Z]+)+)/,
  /\b((?:iam|eks|ec2|logs|s3):[A-Z][A-Za-z]+)/,
];

/** The first that matches tells; the particular stand before the general. Texts: reference, and the clouds' own pages. */
const RULES: readonly Rule[] = [
  [
    "gpus-all-regions",
    /GPUS_ALL_REGIONS[^.]*?(?:exceeded|quota)[^L]*(?:Limit: ([\d.]+))?/i,
    (match, _text, at) => [
      `The project may use ${number(match[1], "too few")} GPUs over all regions together (quota GPUS_ALL_REGIONS); a new project has 0. More are asked for on the quota page, which may take hours.`,
      gcpQuota(at),
      LATER,
    ],
  ],
  [
    "quota",
    /resource "([A-Z0-9_]+)": request requires '([\d.]+)' and is short '([\d.]+)'/,
    (match, _text, at) => [
      `The region's quota of ${name(match[1])} is short by ${number(match[3])}: ${number(match[2])} were asked for, over all zones together. Fewer nodes or zones need less.${misleading(match[1])}`,
      gcpQuota(at),
      AGAIN,
    ],
  ],
  [
    "quota",
    /Quota '([A-Z0-9_]+)' exceeded\.?(?:\s+Limit: ([\d.]+))?/,
    (match, _text, at) => [
      `The quota ${name(match[1])} is exceeded${match[2] === undefined ? "" : `; its limit is ${number(match[2])}`}.${/SSD/.test(match[1] ?? "") ? " Nodes with standard disks (pd-standard) need none of it." : ""}${misleading(match[1])}`,
      gcpQuota(at),
      AGAIN,
    ],
  ],
  [
    "spot-capacity",
    /no Spot capacity available|Could not launch Spot Instances|UnfulfillableCapacity.*spot/is,
    (_match, text) => [
      "The cloud has no spot nodes of this type at the moment. On-demand nodes, other zones or another type may be there.",
      ...toZones(zonesIn(text)),
      ON_DEMAND,
      OTHER_GPU,
      LATER,
    ],
  ],
  [
    "stock-out",
    /do not have sufficient (\S+) capacity in the Availability Zone you requested \(([a-z0-9-]+)\)/,
    (match, text) => [
      `AWS has too few ${label(match[1] ?? "", 40)} in ${label(match[2] ?? "", 30)} at the moment. A node pool does not try other zones by itself.`,
      ...toZones(zonesIn(text).filter((zone) => zone !== match[2])),
      OTHER_GPU,
      LATER,
    ],
  ],
  [
    "stock-out",
    /GCE_STOCKOUT|ZONE_RESOURCE_POOL_EXHAUSTED|does not have enough resources available|InsufficientInstanceCapacity/,
    (_match, text) => {
      const zones = zonesIn(/zonesAvailable"?\s*[:=]\s*"?([^"\n]*)/.exec(text)?.[1] ?? "");
      const there = zones.length === 0 ? "" : ` It names zones that have some: ${zones.join(", ")}.`;
      return [
        `The cloud has none of these machines in stock here.${there} What was half made stays recorded: plan again, and delete nothing by hand.`,
        ...toZones(zones),
        OTHER_GPU,
        ON_DEMAND,
        LATER,
      ];
    },
  ],
  [
    "vcpu-limit",
    /VcpuLimitExceeded|InstanceLimitExceeded|MaxSpotInstanceCountExceeded/,
    (match, text, at) => {
      const limit = /vCPU limit of (\d+)/.exec(text)?.[1];
      const spot = match[0].startsWith("MaxSpot");
      return [
        `The account's quota of ${spot ? "spot " : ""}vCPUs is used up${limit === undefined ? "" : ` (its limit is ${limit})`}. AWS counts vCPUs, not GPUs: a g5.xlarge counts 4.`,
        // Running G and VT instances, on demand and spot.
        awsQuota(spot ? "L-3819A6DF" : "L-DB2E81BA", at),
        ...(spot ? [ON_DEMAND] : []),
        AGAIN,
      ];
    },
  ],
  [
    "type-not-offered",
    /UnfulfillableCapacity|InvalidFleetConfiguration|Ec2InstanceTypeDoesNotExist|instance type .{1,60} (?:is )?not supported/i,
    () => [
      "This type of machine is not offered in one of the zones. Zones are to be chosen anew among those that have it.",
      OTHER_GPU,
      AGAIN,
    ],
  ],
  [
    "nodes-did-not-join",
    /NodeCreationFailure|Instances failed to join the kubernetes cluster/,
    () => [
      "Nodes started and did not join the cluster. They need a way out (NAT and its route), a role with the three policies for nodes, and access to the endpoint (authorized networks).",
      AGAIN,
    ],
  ],
  [
    "subnets-full",
    /InsufficientFreeAddresses|AsgInstanceLaunchFailures/,
    (match, text) => [
      match[0] === "InsufficientFreeAddresses"
        ? "The subnets have no free addresses left; larger ones are needed."
        : `AWS could not start nodes: ${label(text, 300)}`,
      AGAIN,
    ],
  ],
  [
    "pool-in-error",
    /was created in the error state (\w+)/,
    () => [
      "The node pool was made in part and is in an error state. The next plan looks at what is there and mends it; delete nothing by hand.",
      AGAIN,
    ],
  ],
  [
    "api-disabled",
    /SERVICE_DISABLED|API has not been used in project|it is disabled/,
    (_match, text, at) => {
      const api = /\b([a-z][a-z0-9-]*\.googleapis\.com)\b/.exec(text.replaceAll("type.googleapis.com", ""))?.[1];
      const project = at.project === undefined ? "" : `?project=${encodeURIComponent(at.project)}`;
      const page = link("Open API Page", `https://console.cloud.google.com/apis/library/${api ?? ""}${project}`);
      return [
        `The API ${api ?? "that this needs"} is switched off in the project. After it was switched on it takes a minute to work.`,
        ...(api === undefined ? [] : [{ title: `Enable ${api}`, kind: "enable-api" as const, value: api }]),
        page,
        AGAIN,
      ];
    },
  ],
  [
    "protected",
    /deletion_protection/,
    () => [
      "The cluster is protected from deletion. The protection is taken back by a plan of its own; after that it can be destroyed.",
      { title: "Take Protection Back", kind: "unprotect" },
    ],
  ],
  [
    "stale-plan",
    /Saved plan is stale|saved plan (?:file )?(?:is|was) (?:stale|created by a different)/i,
    () => [
      "Something was changed after this plan was made, so it was not carried out. Nothing was changed by it.",
      AGAIN,
    ],
  ],
  [
    "state-locked",
    /Error (?:acquiring the state lock|locking state)/,
    (_match, text) => {
      const lock = parseLockInfo(text);
      if (lock === undefined)
        return [`The state could not be locked: ${label(text.replace(/Terraform acquires[\s\S]*/, ""), 300)}`, AGAIN];
      return [
        `The state is locked by ${lock.who} since ${lock.created} (${lock.operation.replace("OperationType", "").toLowerCase() || "unknown"}): another run, or one that crashed.`,
        LATER,
        { title: "Unlock…", kind: "unlock", value: lock.id },
      ];
    },
  ],
  [
    "state-not-saved",
    /errored\.tfstate|Failed to (?:save|persist) state/i,
    () => [
      "What was made could not be written to the state; it is kept in errored.tfstate in the cluster's folder. It must be pushed before anything else is done.",
      { title: "Push the Kept State", kind: "state-push" },
    ],
  ],
  [
    "sign-in-google",
    /could not find default credentials|invalid_grant|reauth related error|application-default login|oauth2: .*token expired|Attempted to load application default credentials/i,
    () => [
      "Terraform is not signed in to Google Cloud. It has a sign-in of its own (application default credentials), besides that of gcloud.",
      { title: "Sign In", kind: "sign-in", value: "gcloud auth application-default login" },
      AGAIN,
    ],
  ],
  [
    "sign-in-aws",
    /No valid credential sources found|ExpiredToken|InvalidClientTokenId|SSO (?:session|token)|failed to refresh cached credentials|UnrecognizedClientException/i,
    () => [
      "Terraform is not signed in to AWS with this profile, or the sign-in has run out.",
      { title: "Sign In", kind: "sign-in", value: "aws sso login" },
      AGAIN,
    ],
  ],
  [
    "permission",
    /not authorized to perform|UnauthorizedOperation|AccessDenied|PERMISSION_DENIED|Error 403/,
    (_match, text) => {
      const action = ACTIONS.map((pattern) => pattern.exec(text)?.[1]).find((found) => found !== undefined);
      if (action === undefined) return [`The account may not do this: ${label(text, 300)}`, AGAIN];
      const lacks = `The account lacks the permission ${label(action, 80)}.`;
      return [`${lacks} Somebody who administers the project or account can grant it.`, AGAIN];
    },
  ],
  [
    "not-authorized-cluster",
    /You must be logged in to the server/,
    () => [
      "The cluster does not know this sign-in: its access entries name another principal, or another profile is in use.",
      { title: "Sign In", kind: "sign-in", value: "aws sso login" },
    ],
  ],
  [
    "plugin-missing",
    /gke-gcloud-auth-plugin(?:\.exe)? not found/,
    () => [
      "The program gke-gcloud-auth-plugin, by which kubectl signs in to GKE, was not found.",
      { title: "Install It", kind: "sign-in", value: "gcloud components install gke-gcloud-auth-plugin" },
    ],
  ],
  [
    "registry-unreachable",
    /Failed to (?:query available provider packages|install provider)|could not connect to registry/i,
    (_match, text) => [`A provider could not be downloaded: ${label(text, 300)}`, AGAIN],
  ],
];

/** What a text of Terraform or of a cloud means; undefined where it is none of the known. */
export function matchFailure(text: string, context: FailureContext = {}): Failure | undefined {
  for (const [code, pattern, tell] of RULES) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const [message, ...next] = tell(match, text, context);
    return { code, message, next };
  }
  return undefined;
}

/** What went wrong, the known first and each once; an unknown error in Terraform's own words. Warnings are left out. */
export function explain(diagnostics: readonly Diagnostic[], context: FailureContext = {}): readonly Failure[] {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const failures = errors.map((diagnostic) => {
    const { summary, detail, address } = diagnostic;
    const known = matchFailure(`${summary}\n${detail}`, context);
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

function name(text: string | undefined): string {
  return label(text ?? "", 60);
}

/** `'2.0'` of the clouds' texts is 2. */
function number(text: string | undefined, otherwise = "some"): string {
  return text === undefined || !Number.isFinite(Number(text)) ? otherwise : String(Number(text));
}

/** Google names this one for GPUs as well (GoogleCloudPlatform/ai-on-gke#849). */
function misleading(quota: string | undefined): string {
  return quota === "CPUS_ALL_REGIONS" ? " Where GPUs were asked for, look at GPUS_ALL_REGIONS too." : "";
}
