import { createHash } from "node:crypto";
import type { MadeThing } from "../../contract/preview.ts";
import type { CpuPool, GpuPool, LocalWish, Wish } from "../../contract/wish.ts";
import type { Cloud } from "./catalogue/shapes.ts";
import { LIMITS } from "./limits.ts";
import { gpuLabel } from "./pools.ts";

type Part = MadeThing["part"];

function thing(part: Part, what: string, detail: string): MadeThing {
  return { what, detail, part };
}

/** The service account of GKE's nodes: the very name that main.tf makes of the cluster's, at most 30 characters. */
export function nodeAccount(name: string): string {
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 6);
  return `${name.length <= 24 ? name : `${name.slice(0, 17)}-${hash}`}-nodes`;
}

/** What the files make, in plain words, in the order in which it comes to be. */
export function made(wish: Wish): readonly MadeThing[] {
  if (wish.where === "local") return localThings(wish.name, wish.local);
  return wish.where === "gke" ? gkeThings(wish) : eksThings(wish);
}

function gkeThings({ name, gke }: Wish): readonly MadeThing[] {
  const [nodes, pods, services, plane] = LIMITS.gke.networks;
  return [
    thing("access", "APIs of the project", "compute, container, iam and artifactregistry are switched on, and stay on"),
    thing("network", "Private network", `${nodes} for nodes, ${pods} for pods, ${services} for services`),
    thing("network", "Router and Cloud NAT", "nodes have no public address; images are pulled through it"),
    thing("network", "Firewall rule", `${plane} and the nodes reach webhooks at 4443, 8443, 9443 and 15017`),
    thing(
      "access",
      "Service account of the nodes",
      `${nodeAccount(name)}: logs and metrics, read images, write metadata`,
    ),
    thing(
      "control-plane",
      "Control plane",
      `regional in ${gke.region}, release channel Regular, Calico, workload identity, ${gke.protect ? "protected from deletion" : "may be deleted"}`,
    ),
    thing("access", "Endpoint", gkeEndpoint(gke.authorizedNetworks)),
    ...pools("gke", gke.cpu, gke.gpu),
    thing("storage", "Default storage class", "standard-rwo, persistent disks by GKE's own driver"),
  ];
}

function eksThings({ name, eks }: Wish): readonly MadeThing[] {
  const zones = eks.gpu === null ? "up to three zones" : `up to three zones, first those that offer ${eks.gpu.machine}`;
  return [
    thing("network", "Private network", `${LIMITS.eks.networks[0]} in ${zones}, each with a public and a private part`),
    thing("network", "Internet gateway, one NAT gateway", "nodes have no public address; images are pulled through it"),
    thing("network", "S3 endpoint", "layers of images come past the NAT gateway, at no charge"),
    thing("access", "Three roles", "for the cluster, its nodes and its disks' driver"),
    thing(
      "control-plane",
      "Control plane",
      `${name}, Kubernetes ${eks.version} in ${eks.region}, standard support, logs of API, audit and sign-ins`,
    ),
    thing("access", "Access entry", "you, as administrator of the cluster"),
    thing("access", "Endpoint", endpoint(eks.authorizedNetworks, "behind AWS's sign-in; nodes use the private one")),
    thing("control-plane", "Add-ons before the nodes", "vpc-cni, kube-proxy, eks-pod-identity-agent"),
    ...pools("eks", eks.cpu, eks.gpu),
    thing("control-plane", "Add-ons after the nodes", "coredns, aws-ebs-csi-driver"),
    thing("storage", "Default storage class", "EBS volumes by the add-on's driver"),
    ...(eks.gpu === null
      ? []
      : [thing("gpu-pool", "Device plugin", "NVIDIA's, after the cluster is there; it tells Kubernetes of the GPUs")]),
  ];
}

/** The name is open to all or to none: listed networks are those of the address. */
function gkeEndpoint(networks: readonly string[]): string {
  return `${networks.length === 0 ? "by name, " : ""}${endpoint(networks, "behind Google's sign-in")}`;
}

function endpoint(networks: readonly string[], how: string): string {
  const more = networks.length > 3 ? ` and ${networks.length - 3} more` : "";
  return `open to ${networks.length === 0 ? "every network" : networks.slice(0, 3).join(", ") + more}, ${how}`;
}

function pools(cloud: Cloud, cpu: CpuPool, gpu: GpuPool | null): readonly MadeThing[] {
  const things = [
    thing("cpu-pool", "CPU pool", `${cpu.nodes} × ${cpu.machine}, up to ${cpu.maxNodes}, 100 GB of disk each`),
  ];
  if (gpu === null) return things;
  const grows = cloud === "gke" ? "grows when a job waits" : "grows when you say so";
  const detail = `0 × ${gpu.machine} with ${gpu.perNode} ${gpuLabel(cloud, gpu.gpu)}, up to ${gpu.maxNodes} over all zones, ${gpu.spot ? "spot" : "on demand"}; ${grows}, with driver, kept for GPU work`;
  return [...things, thing("gpu-pool", "GPU pool", detail)];
}

const LOCAL_STORAGE = {
  minikube: "standard",
  kind: "standard",
  k3d: "local-path",
  microk8s: "microk8s-hostpath",
} as const;

function localThings(name: string, local: LocalWish): readonly MadeThing[] {
  const storage = thing("storage", "Default storage class", LOCAL_STORAGE[local.tool]);
  const gpus = local.gpus ? [thing("gpu-pool", "GPUs", "those of this computer")] : [];
  if (local.tool === "microk8s")
    return [thing("control-plane", "microk8s", "the one that is there is adopted"), ...gpus, storage];
  const version = local.version === "" ? "" : `, Kubernetes ${local.version}`;
  const size = `${local.cpus} CPUs, ${local.memoryGiB} GiB of memory, ${local.diskGiB} GiB of disk`;
  const limits = local.tool === "minikube" ? size : `out of Docker's own share (${size} wanted)`;
  return [
    thing("control-plane", `Cluster of ${local.tool}`, `${name}${version}, one node in Docker`),
    thing("cpu-pool", "Size", limits),
    ...gpus,
    ...(local.tool === "k3d" && local.registry
      ? [thing("network", "Registry", `${name}-registry, beside the cluster`)]
      : []),
    ...(local.tool === "k3d" && local.volume !== ""
      ? [thing("storage", "Folder", `${local.volume} at /data on every node`)]
      : []),
    storage,
  ];
}
