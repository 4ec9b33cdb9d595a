import type { Resource } from "./stream.ts";

/** Parts of a plan, in the order in which a person reads them. */
const GROUPS = ["Network", "Control plane", "Pools", "Access", "Add-ons and storage", "Other"] as const;
export type Group = (typeof GROUPS)[number];

/** [group, what it is, form of its import ID by the provider's page where we know it] of a type, or of `type.name`. */
type Row = readonly [group: Group, what: string, importId?: string];

/** The resources of our own .tf files. */
const TABLE: Readonly<Record<string, Row>> = {
  google_compute_network: ["Network", "a private network", "projects/PROJECT/global/networks/NAME"],
  google_compute_subnetwork: [
    "Network",
    "ranges for nodes, pods and services",
    "projects/PROJECT/regions/REGION/subnetworks/NAME",
  ],
  google_compute_router: ["Network", "a router", "projects/PROJECT/regions/REGION/routers/NAME"],
  google_compute_router_nat: ["Network", "a way out to the internet (NAT)", "PROJECT/REGION/ROUTER/NAME"],
  google_compute_firewall: ["Network", "a firewall rule for webhooks", "projects/PROJECT/global/firewalls/NAME"],
  google_container_cluster: ["Control plane", "the control plane", "projects/PROJECT/locations/LOCATION/clusters/NAME"],
  google_container_node_pool: ["Pools", "a node pool", "PROJECT/LOCATION/CLUSTER/NAME"],
  "google_container_node_pool.cpu": ["Pools", "the CPU pool", "PROJECT/LOCATION/CLUSTER/cpu"],
  "google_container_node_pool.gpu": ["Pools", "the GPU pool", "PROJECT/LOCATION/CLUSTER/gpu"],
  google_service_account: ["Access", "an account for the nodes", "projects/PROJECT/serviceAccounts/EMAIL"],
  google_project_iam_member: ["Access", "a role of the nodes' account", "PROJECT ROLE MEMBER"],
  google_project_service: ["Access", "an API switched on", "PROJECT/SERVICE"],
  aws_vpc: ["Network", "a private network (VPC)", "vpc-ID"],
  "aws_subnet.public": ["Network", "a public subnet", "subnet-ID"],
  "aws_subnet.private": ["Network", "a private subnet", "subnet-ID"],
  aws_internet_gateway: ["Network", "an internet gateway", "igw-ID"],
  aws_eip: ["Network", "a public address", "eipalloc-ID"],
  aws_nat_gateway: ["Network", "a way out to the internet (NAT)", "nat-ID"],
  aws_route_table: ["Network", "a route table", "rtb-ID"],
  aws_route_table_association: ["Network", "a route of a subnet", "SUBNET/ROUTE_TABLE"],
  aws_vpc_endpoint: ["Network", "a direct way to S3", "vpce-ID"],
  aws_eks_cluster: ["Control plane", "the control plane", "NAME"],
  aws_cloudwatch_log_group: ["Control plane", "a place for the control plane's logs", "NAME"],
  aws_eks_node_group: ["Pools", "a node pool", "CLUSTER:NAME"],
  "aws_eks_node_group.cpu": ["Pools", "the CPU pool", "CLUSTER:NAME"],
  "aws_eks_node_group.gpu": ["Pools", "the GPU pool", "CLUSTER:NAME"],
  "aws_iam_role.cluster": ["Access", "a role for the control plane", "NAME"],
  "aws_iam_role.node": ["Access", "a role for the nodes", "NAME"],
  "aws_iam_role.ebs_csi": ["Access", "a role for the disk driver", "NAME"],
  aws_iam_role: ["Access", "a role", "NAME"],
  aws_iam_role_policy_attachment: ["Access", "a policy of a role", "ROLE/POLICY_ARN"],
  aws_eks_access_entry: ["Access", "access for you", "CLUSTER:PRINCIPAL_ARN"],
  aws_eks_access_policy_association: ["Access", "the rights of that access", "CLUSTER#PRINCIPAL_ARN#POLICY_ARN"],
  aws_eks_addon: ["Add-ons and storage", "an add-on", "CLUSTER:ADDON"],
  "aws_eks_addon.coredns": ["Add-ons and storage", "the add-on for names (CoreDNS)", "CLUSTER:coredns"],
  "aws_eks_addon.ebs_csi": ["Add-ons and storage", "the disk driver (EBS CSI)", "CLUSTER:aws-ebs-csi-driver"],
};

type Named = Pick<Resource, "type" | "name" | "key">;

function rowOf({ type, name }: Named): Row {
  const keys = [`${type}.${name}`, type];
  const found = keys.find((key) => Object.hasOwn(TABLE, key));
  return (found === undefined ? undefined : TABLE[found]) ?? ["Other", type];
}

export function groupOf(resource: Named): Group {
  return rowOf(resource)[0];
}

/** Place of a group among the others. */
export function groupOrder(group: Group): number {
  return GROUPS.indexOf(group);
}

/** `a private network`; a type that is not ours by its own name. */
export function kindWords(resource: Named): string {
  return rowOf(resource)[1];
}

/** The same for one of several: `an API switched on: compute.googleapis.com`. */
export function thingWords(resource: Named): string {
  const name = resource.key ?? (rowOf(resource)[0] === "Other" ? resource.name : undefined);
  return name === undefined ? kindWords(resource) : `${kindWords(resource)}: ${name}`;
}

/**
 * What a person types to have Terraform know a thing that exists and is not in its state. The ID is the cloud's; its form
 * is given where it is known.
 */
export function importCommand(program: "terraform" | "tofu", resource: Resource): string {
  const quoted = /["'[\]$`\\ ]/.test(resource.address)
    ? `'${resource.address.replaceAll("'", "'\\''")}'`
    : resource.address;
  return `${program} import ${quoted} ${rowOf(resource)[2] ?? "ID"}`;
}

const MINUTE = 60_000;
/** [type, least and most minutes of its creation, its words]. General knowledge, not measured and not promised. */
const USUAL: readonly (readonly [type: string, least: number, most: number, words: string])[] = [
  ["google_container_cluster", 5, 10, "a GKE control plane 5–10 min"],
  ["aws_eks_cluster", 8, 12, "an EKS control plane 8–12 min"],
  ["google_container_node_pool", 2, 5, "a node pool 2–5 min"],
  ["aws_eks_node_group", 2, 5, "a node pool 2–5 min"],
];

/**
 * How long a run usually takes, in ms: the control plane and then its pools, which come up together. Undefined where
 * nothing of a known duration is created.
 */
export function expectedTime(
  created: readonly Pick<Resource, "type">[],
): { readonly expectedMs: number; readonly expectedFrom: string } | undefined {
  const rows = USUAL.filter(([type]) => created.some((resource) => resource.type === type));
  if (rows.length === 0) return undefined;
  const expectedMs = rows.reduce((sum, [, least, most]) => sum + ((least + most) / 2) * MINUTE, 0);
  return { expectedMs, expectedFrom: `general knowledge: ${rows.map((row) => row[3]).join(", ")}` };
}
