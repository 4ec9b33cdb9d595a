import type { Wish } from "../../contract/wish.ts";
import { errorText, isCancelled, isUserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { list, record, text } from "../../kubeflow/read.ts";
import type { Programs } from "../existing/programs.ts";
import { askAws, askGcloud, plainName, profileArgs } from "./calls.ts";

/** Something in the cloud that bears the cluster's tag or lies in its network. */
export interface Leftover {
  /** `disk pvc-1 (us-central1-a)` */
  readonly what: string;
  /** The command that removes it; empty where its console is the only way. For a person to copy: never run by us. */
  readonly argv: readonly string[];
}

export interface Leftovers {
  readonly items: readonly Leftover[];
  /** Kinds that could not be listed, a sentence each: an empty list then proves nothing. */
  readonly notes: readonly string[];
}

/** The tag and label that the configuration puts on everything. */
export const CLUSTER_TAG = "trainyard-cluster";

/** What is left of a cluster after its destruction, by label and tag. Rejects with CancelledError alone. */
export async function leftovers(wish: Wish, programs: Programs, signal: AbortSignal): Promise<Leftovers> {
  if (wish.where === "local") return { items: [], notes: [] };
  const notes: string[] = [];
  const asks = wish.where === "gke" ? gcpKinds(wish, programs, signal) : awsTags(wish, programs, signal);
  const found = await Promise.all(
    asks.map(async (ask) => {
      try {
        return await ask();
      } catch (error) {
        if (isCancelled(error) || !isUserError(error)) throw error;
        const note = label(errorText(error).trim(), 300);
        if (!notes.includes(note)) notes.push(note);
        return [];
      }
    }),
  );
  const items = [...new Map(found.flat().map((item) => [item.what, item])).values()];
  return { items, notes };
}

/** Kinds of Compute Engine: its commands, what a person calls it, and the filter that finds it. */
function gcpKinds(
  wish: Wish,
  programs: Programs,
  signal: AbortSignal,
): readonly (() => Promise<readonly Leftover[]>)[] {
  const { project, region } = wish.gke;
  const name = (): string => plainName(wish.name);
  const labelled = (): string => `labels.goog-k8s-cluster-name=${name()} OR labels.${CLUSTER_TAG}=${name()}`;
  const kinds = [
    ["instances", "machine", labelled],
    ["disks", "disk", labelled],
    ["forwarding-rules", "load balancer", labelled],
    ["addresses", "address", labelled],
    ["firewall-rules", "firewall rule", () => `network~/networks/${name()}$`],
    ["networks", "network", () => `name=${name()}`],
  ] as const;
  return kinds.map(([kind, title, filter]) => async () => {
    const args = ["compute", kind, "list", `--filter=${filter()}`, "--format=json(name,zone,region,labels)"];
    return list(await askGcloud(programs, args, project, signal)).flatMap((one) => {
      const own = text(one["name"]);
      const [zone, area] = [text(one["zone"])?.split("/").at(-1), text(one["region"])?.split("/").at(-1)];
      // GKE labels what it makes with the cluster's name and place: another region may have a cluster of this name.
      const of = text(record(one["labels"])["goog-k8s-cluster-location"]);
      if (own === undefined || (of !== undefined && of !== region)) return [];
      const where = zone ?? area;
      const global = kind === "forwarding-rules" || kind === "addresses" ? ["--global"] : [];
      const place = zone !== undefined ? [`--zone=${zone}`] : area !== undefined ? [`--region=${area}`] : global;
      const what = `${title} ${label(own, 80)}${where === undefined ? "" : ` (${label(where, 40)})`}`;
      return { what, argv: ["gcloud", "compute", kind, "delete", own, ...place, `--project=${project}`] };
    });
  });
}

function awsTags(wish: Wish, programs: Programs, signal: AbortSignal): readonly (() => Promise<readonly Leftover[]>)[] {
  const filters = [
    (name: string) => `Key=${CLUSTER_TAG},Values=${name}`,
    (name: string) => `Key=kubernetes.io/cluster/${name}`,
    // The load balancer controller's own.
    (name: string) => `Key=elbv2.k8s.aws/cluster,Values=${name}`,
  ];
  return filters.map((filter) => async () => {
    const args = ["resourcegroupstaggingapi", "get-resources", "--tag-filters", filter(plainName(wish.name))];
    const answer = record(await askAws(programs, args, wish.eks, signal));
    return list(answer["ResourceTagMappingList"]).flatMap((one) => {
      const arn = text(one["ResourceARN"]);
      return arn === undefined ? [] : leftoverOf(arn, [`--region=${wish.eks.region}`, ...profileArgs(wish.eks)]);
    });
  });
}

/** Resource types of an ARN, what a person calls them, and the command with the option that names one. */
const AWS_KINDS: readonly (readonly [RegExp, string, string, string, string])[] = [
  [/:ec2:.*:volume\/(.+)$/, "volume", "ec2", "delete-volume", "--volume-id"],
  [
    /:ec2:.*:network-interface\/(.+)$/,
    "network interface",
    "ec2",
    "delete-network-interface",
    "--network-interface-id",
  ],
  [/:ec2:.*:security-group\/(.+)$/, "security group", "ec2", "delete-security-group", "--group-id"],
  [/:ec2:.*:elastic-ip\/(.+)$/, "address", "ec2", "release-address", "--allocation-id"],
  [/:ec2:.*:natgateway\/(.+)$/, "NAT gateway", "ec2", "delete-nat-gateway", "--nat-gateway-id"],
  [/:ec2:.*:instance\/(.+)$/, "machine", "ec2", "terminate-instances", "--instance-ids"],
  [/:ec2:.*:subnet\/(.+)$/, "subnet", "ec2", "delete-subnet", "--subnet-id"],
  [/:ec2:.*:vpc\/(.+)$/, "network", "ec2", "delete-vpc", "--vpc-id"],
  [
    /^(.*:elasticloadbalancing:.*:loadbalancer\/(?:app|net|gwy)\/.+)$/,
    "load balancer",
    "elbv2",
    "delete-load-balancer",
    "--load-balancer-arn",
  ],
  [
    /^(.*:elasticloadbalancing:.*:targetgroup\/.+)$/,
    "target group",
    "elbv2",
    "delete-target-group",
    "--target-group-arn",
  ],
  [
    /:elasticloadbalancing:.*:loadbalancer\/(.+)$/,
    "load balancer",
    "elb",
    "delete-load-balancer",
    "--load-balancer-name",
  ],
  [/:eks:.*:cluster\/(.+)$/, "cluster", "eks", "delete-cluster", "--name"],
  [/:iam:.*:role\/(?:.*\/)?(.+)$/, "role", "iam", "delete-role", "--role-name"],
];

function leftoverOf(arn: string, where: readonly string[]): Leftover {
  for (const [pattern, title, service, command, option] of AWS_KINDS) {
    const id = pattern.exec(arn)?.[1];
    if (id !== undefined)
      return { what: `${title} ${label(id, 120)}`, argv: ["aws", service, command, `${option}=${id}`, ...where] };
  }
  return { what: label(arn, 160), argv: [] };
}
