import type { Wish } from "../../contract/wish.ts";
import { errorText, isCancelled, isUserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { list, record, text } from "../../kubeflow/read.ts";
import { askAws, askGcloud, plainName, profileArgs } from "../existing/calls.ts";
import type { Programs } from "../existing/programs.ts";
import { table } from "../plan/catalogue/shapes.ts";

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

type Ask = () => Promise<readonly Leftover[]>;

/** Kinds of Compute Engine: its commands, what a person calls it, and the filter that finds it. */
function gcpKinds(wish: Wish, programs: Programs, signal: AbortSignal): readonly Ask[] {
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

function awsTags(wish: Wish, programs: Programs, signal: AbortSignal): readonly Ask[] {
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

/**
 * Resource types of an ARN, the command that removes one, the option that names it, and what a person calls it. Roles are
 * not among them: AWS lists none by tag, and they cost nothing.
 */
const AWS_KINDS = table(
  `
  ec2:volume                             ec2   delete-volume            --volume-id            volume
  ec2:network-interface                  ec2   delete-network-interface --network-interface-id network_interface
  ec2:security-group                     ec2   delete-security-group    --group-id             security_group
  ec2:elastic-ip                         ec2   release-address          --allocation-id        address
  ec2:natgateway                         ec2   delete-nat-gateway       --nat-gateway-id       NAT_gateway
  ec2:instance                           ec2   terminate-instances      --instance-ids         machine
  ec2:subnet                             ec2   delete-subnet            --subnet-id            subnet
  ec2:vpc                                ec2   delete-vpc               --vpc-id               network
  elasticloadbalancing:loadbalancer/app  elbv2 delete-load-balancer     --load-balancer-arn    load_balancer
  elasticloadbalancing:loadbalancer/net  elbv2 delete-load-balancer     --load-balancer-arn    load_balancer
  elasticloadbalancing:loadbalancer/gwy  elbv2 delete-load-balancer     --load-balancer-arn    load_balancer
  elasticloadbalancing:targetgroup       elbv2 delete-target-group      --target-group-arn     target_group
  elasticloadbalancing:loadbalancer      elb   delete-load-balancer     --load-balancer-name   load_balancer
  eks:cluster                            eks   delete-cluster           --name                 cluster`,
  5,
);

/** `arn:aws:ec2:REGION:ACCOUNT:volume/vol-1` */
function leftoverOf(arn: string, where: readonly string[]): Leftover {
  const [, , service = "", , , ...rest] = arn.split(":");
  const path = `${service}:${rest.join(":")}`;
  for (const [kind = "", program = "", command = "", option = "", title = ""] of AWS_KINDS) {
    if (!path.startsWith(`${kind}/`)) continue;
    const id = option.endsWith("-arn") ? arn : path.slice(kind.length + 1);
    const what = `${title.replace("_", " ")} ${label(id, 120)}`;
    return { what, argv: ["aws", program, command, `${option}=${id}`, ...where] };
  }
  return { what: label(arn, 160), argv: [] };
}
