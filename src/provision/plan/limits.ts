// What the rules measure by, as data: the page's findings and the `validation` blocks of variables.tf are both written
// from here. Patterns are regular expressions that Go's RE2 and JavaScript read alike.
import { EKS_GPUS, EKS_SHAPES } from "./catalogue/eks.ts";
import { GKE_GPUS, GKE_SHAPES } from "./catalogue/gke.ts";
import type { Cloud, Gpu, GpuShape } from "./catalogue/shapes.ts";

export const LIMITS = {
  gke: {
    /** Of the cluster and its network: at most 40 characters. */
    name: "^[a-z][a-z0-9-]{0,38}[a-z0-9]$",
    /** 6-30 characters; old projects stand behind their organisation's domain. */
    project: "^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$",
    region: "^[a-z]+-[a-z]+[0-9]{1,2}$",
    /** What follows the region in a zone's name. */
    zoneEnd: "^-[a-z]$",
    cpuMachine: "^[a-z][a-z0-9]*-[a-z0-9-]+$",
    /** Families that cannot be the CPU pool: with GPUs of their own, or Arm. */
    notCpuMachine: "^(g2|g4|a2|a3|a4|a4x|t2a|c4a|n4a)-",
    /** Ranges of the cluster's own network, in the order nodes, pods, services, control plane. */
    networks: ["10.10.0.0/20", "10.20.0.0/14", "10.24.0.0/20", "172.16.0.0/28"],
    bucket: "^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$",
    /** Beginnings and contents that Cloud Storage refuses. */
    notBucket: "^goog|google|[.][.]",
  },
  eks: {
    name: "^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$",
    profile: "^[^\\x00-\\x1f\\x7f]{0,128}$",
    region: "^[a-z]{2}(-[a-z]+)+-[0-9]$",
    cpuMachine: "^[a-z][a-z0-9-]*[.][a-z0-9-]+$",
    /** Instance families that cannot be the CPU pool: with accelerators of their own, or Arm. */
    notCpuMachine: "^((g|gr|p|inf|trn|dl|vt|f)[0-9][a-z0-9-]*|a1|[a-z]+[0-9]+g[a-z]*)[.]",
    networks: ["10.0.0.0/16"],
    /** Ranges that EKS refuses among those that may reach the public endpoint. */
    reservedNetworks: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"],
    /** Zones that EKS has no control plane in; network.tf leaves them out by the same ids. */
    notZones: ["use1-az3", "usw1-az2", "cac1-az3"],
    /** Oldest minor version that Kubeflow and the GPU images go with. */
    version: "^1[.](3[4-9]|[4-9][0-9])$",
    bucket: "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
    notBucket: "[.][.]|^xn--|-s3alias$|--ol-s3$|^[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+$",
  },
  local: {
    /** Good for every tool: a name of a host, with room for what the tools add. */
    name: "^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$",
    version: "^(1[.][0-9]{2}([.][0-9]{1,2})?)?$",
    /** Below: no cluster starts. `training`: what training alone asks for. CPUs and GiB. */
    least: { cpus: 2, memoryGiB: 4, diskGiB: 20 },
    training: { cpus: 4, memoryGiB: 8, diskGiB: 40 },
    most: { cpus: 512, memoryGiB: 8_192, diskGiB: 65_536 },
  },
  /** Nodes of one pool: the quota of an EKS node group, and far below the addresses of either network. */
  nodes: { least: 1, most: 450 },
  zones: { least: 1, most: 10 },
  networks: { most: 40, pattern: "^([0-9]{1,3}[.]){3}[0-9]{1,3}/[0-9]{1,2}$" },
  /** Object names below which state is kept; "" is allowed. */
  statePrefix: "^([A-Za-z0-9][A-Za-z0-9._/-]{0,199})?$",
} as const;

/** Kubernetes versions of EKS, the best first, and the day on which standard support ends; "" where it is not known. */
export const EKS_VERSIONS: readonly { readonly version: string; readonly ends: string }[] = [
  { version: "1.35", ends: "2027-03-27" },
  { version: "1.36", ends: "" },
  { version: "1.34", ends: "2026-12-02" },
];

/** Minor versions that local tools are asked for by default; Kubeflow is tested with these. */
export const LOCAL_VERSIONS: readonly string[] = ["1.35", "1.36", "1.34"];

/** Every GPU node that may be asked for: GPU, machine type, counts, regions. */
export function legalGpuShapes(cloud: Cloud): readonly GpuShape[] {
  return cloud === "gke" ? GKE_SHAPES : EKS_SHAPES;
}

export function gpusOf(cloud: Cloud): readonly Gpu[] {
  return cloud === "gke" ? GKE_GPUS : EKS_GPUS;
}
