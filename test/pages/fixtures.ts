// What an extension would say to the wizard's page: wishes, previews and checks.
import type { Check, Finding, Preview } from "../../src/contract/preview.ts";
import { NO_KUBEFLOW, type Wish } from "../../src/contract/wish.ts";

export const GKE: Wish = {
  where: "gke",
  name: "ml-team",
  state: { kind: "unset" },
  gke: {
    project: "ml-team-42",
    region: "us-central1",
    zones: ["us-central1-a", "us-central1-b", "us-central1-c"],
    cpu: { machine: "e2-standard-4", nodes: 3, maxNodes: 6 },
    gpu: { gpu: "nvidia-l4", machine: "g2-standard-8", perNode: 1, maxNodes: 2, spot: false },
    authorizedNetworks: [],
    protect: true,
  },
  eks: {
    profile: "",
    region: "us-east-1",
    version: "1.35",
    cpu: { machine: "m6i.xlarge", nodes: 3, maxNodes: 6 },
    gpu: { gpu: "T4", machine: "g4dn.xlarge", perNode: 1, maxNodes: 2, spot: false },
    authorizedNetworks: ["203.0.113.0/24"],
  },
  local: { tool: "k3d", version: "", cpus: 6, memoryGiB: 12, diskGiB: 60, gpus: false, registry: true, volume: "" },
  kubeflow: NO_KUBEFLOW,
};

const zones = (region: string): { value: string; label: string }[] =>
  ["a", "b", "c", "f"].map((zone) => ({ value: `${region}-${zone}`, label: `${region}-${zone}` }));

const list = (...values: string[]): { value: string; label: string }[] =>
  values.map((value) => ({ value, label: value }));

const CHOICES: Preview["choices"] = {
  "gke.region": list("us-central1", "europe-west4", "asia-southeast1"),
  "gke.zones": zones("us-central1"),
  "gke.cpu.machine": [
    { value: "e2-standard-4", label: "e2-standard-4", detail: "4 CPUs, 16 GB, $0.134/h" },
    { value: "n2-standard-8", label: "n2-standard-8", detail: "8 CPUs, 32 GB, $0.388/h" },
  ],
  "gke.gpu.gpu": [
    { value: "nvidia-l4", label: "L4", detail: "24 GB" },
    { value: "nvidia-tesla-t4", label: "T4", detail: "16 GB" },
    { value: "nvidia-h100-80gb", label: "H100", detail: "80 GB" },
  ],
  "gke.gpu.machine": [
    { value: "g2-standard-8", label: "g2-standard-8", detail: "8 CPUs, 32 GB" },
    { value: "n1-standard-8", label: "n1-standard-8", detail: "8 CPUs, 30 GB" },
  ],
  "gke.gpu.perNode": list("1", "2", "3", "4"),
  "eks.region": list("us-east-1", "us-west-2", "eu-central-1"),
  "eks.version": list("1.35", "1.34", "1.33"),
  "eks.cpu.machine": list("m6i.xlarge", "m6i.2xlarge"),
  "eks.gpu.gpu": list("T4", "L4", "V100"),
  "eks.gpu.machine": list("g4dn.xlarge", "g4dn.12xlarge"),
  "eks.gpu.perNode": list("1", "4"),
};

const PRICES = { source: "Cloud Billing Catalog", date: "2026-08-20" };

const MADE: Preview["made"] = [
  {
    what: "Private network",
    detail: "10.10.0.0/20 for nodes, 10.20.0.0/14 for pods, NAT for the way out",
    part: "network",
  },
  {
    what: "Control plane",
    detail: "release channel REGULAR, three zones, reached by its DNS name",
    part: "control-plane",
  },
  { what: "CPU pool", detail: "3 to 6 × e2-standard-4 with workload identity", part: "cpu-pool" },
  { what: "GPU pool", detail: "0 to 2 × g2-standard-8, 1 × L4 each, driver and taint", part: "gpu-pool" },
  { what: "Service account", detail: "of the nodes, with the four roles that they need", part: "access" },
];

const FILES: Preview["files"] = [
  { name: "terraform.tfvars.json", text: '{\n  "name": "ml-team",\n  "region": "us-central1"\n}\n' },
  { name: "main.tf", text: 'resource "google_container_cluster" "this" {\n  name = var.name\n}\n' },
  { name: "variables.tf", text: 'variable "name" {\n  type = string\n}\n' },
];

export const GKE_PREVIEW: Preview = {
  findings: [],
  choices: CHOICES,
  made: MADE,
  cost: {
    lines: [
      {
        what: "CPU pool",
        amount: "3 to 6 × e2-standard-4",
        least: 0.402,
        most: 0.804,
        note: "list, on demand",
        ...PRICES,
      },
      { what: "GPU pool", amount: "0 to 2 × g2-standard-8", least: 0, most: 1.707, note: "list, on demand", ...PRICES },
      {
        what: "Control plane",
        amount: "1",
        least: 0.1,
        most: 0.1,
        note: "list",
        source: "GKE pricing page",
        date: "2024-11-02",
        age: "2 years old",
      },
    ],
    hour: { least: 0.502, most: 2.611 },
    month: { least: 366.46, most: 1906.03 },
    complete: true,
    notIncluded: ["disks", "traffic", "NAT"],
  },
  compare: [
    {
      what: "GKE, on demand",
      detail: "e2-standard-4, g2-standard-8, us-central1",
      hour: { least: 0.502, most: 2.611 },
      note: "list",
      ...PRICES,
      chosen: true,
    },
    {
      what: "GKE, spot",
      detail: "the GPU pool alone",
      hour: { least: 0.502, most: 1.43 },
      note: "about, spot",
      ...PRICES,
      chosen: false,
    },
    {
      what: "EKS, on demand",
      detail: "m6i.xlarge, g6.2xlarge, us-east-1",
      hour: { least: 0.676, most: 3.21 },
      note: "list",
      source: "AWS Price List",
      date: "2026-01-19",
      chosen: false,
    },
    {
      what: "SageMaker notebook",
      detail: "ml.g6.2xlarge",
      hour: null,
      note: "no price for this region",
      source: "",
      date: "",
      chosen: false,
    },
  ],
  files: FILES,
};

export const T4_TIMES_3: Finding = {
  field: "gke.gpu.perNode",
  severity: "error",
  message: "A node can have 1, 2 or 4 T4, not 3.",
  instead: [
    { label: "4", value: 4 },
    { label: "2", value: 2 },
  ],
};

export const NO_STATE: Finding = { field: "state", severity: "error", message: "Say where Terraform keeps its state." };

export const EKS_PREVIEW: Preview = {
  ...GKE_PREVIEW,
  findings: [
    NO_STATE,
    {
      field: "eks.gpu.maxNodes",
      severity: "warning",
      message: "Nothing in EKS makes this pool grow by itself: its nodes are switched on from the tree.",
    },
  ],
  cost: {
    ...GKE_PREVIEW.cost,
    complete: false,
    lines: [
      {
        what: "CPU pool",
        amount: "3 to 6 × m6i.xlarge",
        least: 0.576,
        most: 1.152,
        note: "list, on demand",
        source: "AWS Price List",
        date: "2026-01-19",
      },
      {
        what: "GPU pool",
        amount: "0 to 2 × g4dn.xlarge",
        least: null,
        most: null,
        note: "no price for this region",
        source: "",
        date: "",
      },
    ],
  },
};

export const LOCAL_PREVIEW: Preview = {
  findings: [
    {
      field: "local.memoryGiB",
      severity: "warning",
      message: "Docker has 7.7 GB here; more than that is not to be had.",
    },
  ],
  choices: { "local.version": list("1.35", "1.34") },
  made: [
    { what: "Cluster", detail: "k3d, one server with 6 CPUs and 12 GB", part: "control-plane" },
    { what: "Registry", detail: "on port 5050 of this computer", part: "storage" },
  ],
  cost: { lines: [], hour: { least: 0, most: 0 }, month: { least: 0, most: 0 }, complete: true, notIncluded: [] },
  compare: [],
  files: [{ name: "k3d.yaml", text: "apiVersion: k3d.io/v1alpha5\nkind: Simple\n" }],
};

export const CHECKS: Check[] = [
  { id: "gcloud", label: "gcloud", state: "ok", detail: "566.0.0" },
  { id: "terraform", label: "Terraform", state: "ok", detail: "1.15.3" },
  {
    id: "adc",
    label: "Terraform's sign-in",
    state: "failed",
    detail: "There are no application default credentials: gcloud's own sign-in does not count for Terraform.",
    fix: "Sign in…",
  },
  { id: "billing", label: "Billing", state: "ok", detail: "on for ml-team-42" },
  {
    id: "quota",
    label: "Quota of L4",
    state: "warning",
    detail: "0 of 2 needed in us-central1. The pool starts empty, so the cluster can be made.",
    fix: "Request quota…",
  },
  { id: "apis", label: "APIs", state: "running", detail: "asking the project" },
  { id: "zones", label: "Zones", state: "waiting", detail: "after the APIs" },
  { id: "names", label: "Names", state: "skipped", detail: "nothing to compare with" },
];
