// Every word that the page says by itself. What depends on clouds, prices and plans comes from the extension.
import type { Check, PlanAction, Step, StepPart } from "../../src/contract/preview.ts";
import type { LocalTool, Where } from "../../src/contract/wish.ts";
import { plural } from "../../src/core/text.ts";

export const WHERE_WORDS: Readonly<Record<Where, string>> = { gke: "GKE", eks: "EKS", local: "This computer" };

export const TOOL_WORDS: Readonly<Record<LocalTool, string>> = {
  minikube: "minikube",
  k3d: "k3d",
  kind: "kind",
  microk8s: "MicroK8s",
};

export const CHECK_WORDS: Readonly<Record<Check["state"], string>> = {
  waiting: "waiting",
  running: "checking",
  ok: "in order",
  warning: "warning",
  failed: "not in order",
  skipped: "left out",
};

export const STEP_WORDS: Readonly<Record<Step["state"], string>> = {
  waiting: "waiting",
  running: "running",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
  skipped: "left out",
};

export const PART_WORDS: Readonly<Record<PlanAction, Readonly<Record<StepPart["state"], string>>>> = {
  create: { waiting: "to be made", running: "being made", done: "made", failed: "not made" },
  update: { waiting: "to be changed", running: "being changed", done: "changed", failed: "not changed" },
  replace: { waiting: "to be replaced", running: "being replaced", done: "replaced", failed: "not replaced" },
  delete: { waiting: "to be deleted", running: "being deleted", done: "deleted", failed: "not deleted" },
  read: { waiting: "to be read", running: "being read", done: "read", failed: "not read" },
  forget: { waiting: "to be forgotten", running: "being forgotten", done: "forgotten", failed: "not forgotten" },
};

export const ACTION_WORDS: Readonly<Record<PlanAction, string>> = {
  create: "make",
  update: "change",
  replace: "replace",
  delete: "delete",
  read: "read",
  forget: "forget",
};

/** The one button that acts on the plan, by mode. */
export const ACT_WORDS = { new: "Create", edit: "Apply changes", destroy: "Destroy" } as const;

export const WORDS = {
  title: { new: "New cluster", edit: "Change cluster", destroy: "Destroy cluster" },
  reading: "Reading what this computer has…",
  form: "What you want",
  side: "What you get",
  where: "Where",
  name: "Name",
  project: "Project",
  profile: "AWS profile",
  region: "Region",
  zones: "Zones",
  noZones: "No zone is known for this region yet.",
  cpuPool: "CPU pool",
  gpuPool: "GPU pool",
  gpuOn: "Add a GPU pool",
  gpuEmpty: {
    gke: "The pool starts empty and grows when a job asks for GPUs.",
    eks: "The pool starts empty and grows when you say so (Set GPU Nodes…).",
  },
  machine: "Machine",
  nodes: "Nodes",
  maxNodes: "Up to",
  gpu: "GPU",
  perNode: "GPUs per node",
  spot: "Spot: cheaper, and the cloud may take a node back at any time",
  access: "Access",
  networks: "Networks that may reach the cluster",
  networksHint: {
    gke: "In CIDR notation, separated by commas. Empty: every network, still behind the sign-in.",
    eks: "In CIDR notation, separated by commas.",
  },
  networksExample: "203.0.113.0/24",
  protect: "Refuse to delete the cluster until this is taken back",
  tool: "Tool",
  version: "Kubernetes version",
  versionDefault: "The tool's own choice",
  size: "Size",
  cpus: "CPUs",
  memory: "Memory (GiB)",
  disk: "Disk (GiB)",
  localGpus: "Hand this computer's GPUs to the cluster",
  k3dParts: "Beside the cluster",
  registry: "A registry for images",
  volume: "Folder that every node sees at /data",
  pickFolder: "Choose…",
  kubeflow: "Kubeflow",
  kubeflowLater: "This page makes the cluster. Kubeflow comes afterwards: Install Kubeflow… on its row.",
  state: "Terraform state",
  statePlace: "Where it is kept",
  stateHint: "The record of what Terraform made: without it nothing can be changed or removed later.",
  stateShared: "Shared",
  stateMine: "Just me, on this computer",
  bucket: { gke: "Bucket of Cloud Storage", eks: "Bucket of S3", local: "Bucket" },
  prefix: "Folder in the bucket",
  fixed: "Where, name and region stay as they are while the cluster exists.",
  choose: "Choose…",
  notOffered: (value: string) => `${value} (not offered here)`,
  wholeNumber: "A whole number, such as 3.",
  tooMany: "At most 100,000.",
  use: (value: string, field: string) => `Use ${value} for ${field}`,
  warning: "Warning",
  error: "Error",
  errorsTitle: (count: number) => `${plural(count, "thing")} to put right first`,
  errorsFound: (count: number, plan: boolean) =>
    `${plan ? "No plan was made" : "Nothing was exported"}: ${plural(count, "thing")} to put right first.`,
  exportFolder: "Export folder",
  plan: "Plan",
  planAgain: "Plan again",
  planning: "Planning…",

  drawing: "Drawing",
  network: "Private network",
  thisComputer: "This computer",
  controlPlane: "Control plane",
  managed: (where: string) => `run by ${where}`,
  starts: (nodes: number, max: number) => (max > nodes ? `${nodes} to ${max} nodes` : plural(nodes, "node")),
  gpusEach: (count: number, gpu: string) => `${count} × ${gpu} each`,
  more: (count: number) => `+${count}`,
  and: "and",

  made: "What will be made",
  cost: "What it costs",
  empty: "empty",
  full: "full",
  item: "Item",
  atLeast: "at least",
  incomplete: "Something has no known price here, so the sum is a lower bound.",
  noPrice: "no price",
  costsNothing: "No cloud, no bill: it runs on this computer.",
  notIncluded: (list: string) => `Not included: ${list}.`,
  compare: "Compare",
  offer: "Offer",
  yours: "your choice",
  files: "Files",
  openFile: "Open in editor",
  openFileSpoken: (name: string) => `Open ${name} in editor`,
  checks: "Checks",
  notChecked: "Tools, sign-ins, permissions and quota have not been checked yet.",
  checkedBefore: "The checks were for an earlier form. Run them again.",
  runChecks: "Run checks",
  runAgain: "Run again",
  nothingYet: "Nothing yet.",

  planFor: (name: string) => `Plan for ${name}`,
  planReady: (sentence: string) => `The plan is ready: ${sentence}`,
  noPlan: "There is no plan",
  openPlan: "Open exact plan",
  planCost: (empty: string, full: string) => `From then on it costs ${empty} empty, ${full} full.`,
  planStale: "The form has changed since. Plan again to see what that means.",
  making: { new: "Making", edit: "Changing", destroy: "Taking down" },
  asked: { new: "What was asked for", edit: "What was asked for", destroy: "What is taken down" },
  destroyHint:
    "Load balancers and volumes that Kubernetes made go first, then everything that the cluster's folder made. The plan says what that is.",
  expected: (took: string, expected: string) => `${took} of about ${expected}`,
  partsDone: (done: number, all: number) => `${done} of ${all} done`,
  partsMore: (count: number) => `and ${count} more`,
  cancel: "Cancel",
  cancelling: "Cancelling…",
  ended: { good: "Done", bad: "Stopped" },
  steps: "Steps",
} as const;
