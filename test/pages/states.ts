// Where the wizard's page stands, as it comes up in its life.
import type { PlanWords, Step } from "../../src/contract/preview.ts";
import type { WizardState } from "../../src/contract/wizard.ts";

const PREVIEW_NOTE = "Preview: nobody has proven this on a real account yet.";

export const FORM: WizardState = {
  phase: "form",
  mode: "new",
  maturity: PREVIEW_NOTE,
  steps: [],
  cancel: { possible: false, meaning: "" },
};

export const PLAN: PlanWords = {
  creates: 19,
  changes: 0,
  replaces: 0,
  destroys: 0,
  sentence: "Makes 19 things: a private network, a control plane, a CPU pool, an empty GPU pool and what they need.",
  groups: [
    {
      title: "Network",
      items: [
        { action: "create", what: "private network", address: "google_compute_network.this" },
        {
          action: "create",
          what: "subnet with ranges for pods and services",
          address: "google_compute_subnetwork.nodes",
        },
        { action: "create", what: "NAT", address: "google_compute_router_nat.this" },
      ],
    },
    {
      title: "Cluster",
      items: [
        { action: "create", what: "control plane", address: "google_container_cluster.this" },
        { action: "create", what: "CPU pool", address: "google_container_node_pool.cpu" },
        { action: "create", what: "GPU pool", address: 'google_container_node_pool.gpu["l4"]' },
      ],
    },
  ],
};

export const PLANNED: WizardState = { ...FORM, phase: "planned", plan: PLAN };

export const NOW = Date.now();
const MINUTE = 60_000;

const STEPS: Step[] = [
  {
    id: "files",
    label: "Files",
    state: "done",
    detail: "",
    startedAt: NOW - 6 * MINUTE,
    endedAt: NOW - 6 * MINUTE + 1200,
  },
  {
    id: "cloud",
    label: "Cloud",
    state: "running",
    detail: "makes the control plane",
    startedAt: NOW - 6 * MINUTE,
    expectedMs: 11 * MINUTE,
    expectedFrom: "times of earlier clusters",
    parts: [
      {
        address: "google_compute_network.this",
        what: "private network",
        action: "create",
        state: "done",
        elapsedMs: 12_000,
      },
      {
        address: "google_container_cluster.this",
        what: "control plane",
        action: "create",
        state: "running",
        elapsedMs: 312_000,
      },
      { address: "google_compute_router_nat.this", what: "NAT", action: "create", state: "running", elapsedMs: 9_000 },
      { address: "google_container_node_pool.cpu", what: "CPU pool", action: "create", state: "waiting", elapsedMs: 0 },
    ],
  },
  { id: "kubeconfig", label: "Kubeconfig", state: "waiting", detail: "", expectedMs: 5_000 },
  { id: "storage", label: "Storage class", state: "waiting", detail: "" },
  { id: "gpu", label: "GPU test pod", state: "waiting", detail: "", expectedMs: 4 * MINUTE },
];

export const RUNNING: WizardState = {
  ...PLANNED,
  phase: "running",
  steps: STEPS,
  cancel: {
    possible: true,
    meaning:
      "Terraform is told to stop once, finishes what it has begun, and writes down what is there. Nothing is removed.",
  },
};

const CANNOT = { possible: false, meaning: "There is nothing to cancel any more." };

export const CANCELLED: WizardState = {
  ...RUNNING,
  phase: "ended",
  cancel: CANNOT,
  steps: STEPS.map((step) =>
    step.state === "done" ? step : { ...step, state: "cancelled", detail: "", parts: [], endedAt: NOW },
  ),
  outcome: {
    good: false,
    message:
      "Cancelled after 6 min. 4 of 19 things are there and cost $0.10/h; the control plane may exist unrecorded.",
    next: ["Go On", "Import What Is There…", "Remove Everything…"],
  },
};

export const FAILED: WizardState = {
  ...RUNNING,
  phase: "ended",
  cancel: CANNOT,
  steps: STEPS.map((step) =>
    step.id === "cloud"
      ? {
          ...step,
          state: "failed",
          endedAt: NOW,
          detail: "The region has no L4 left at the moment (ZONE_RESOURCE_POOL_EXHAUSTED in us-central1-a).",
          next: ["Try Another Zone", "Show Log"],
          parts: [
            {
              address: "google_container_node_pool.gpu",
              what: "GPU pool",
              action: "create",
              state: "failed",
              elapsedMs: 93_000,
            },
          ],
        }
      : step,
  ),
  outcome: { good: false, message: "The cluster is there without its GPU pool.", next: ["Plan Again"] },
};

export const ENDED: WizardState = {
  ...RUNNING,
  phase: "ended",
  cancel: CANNOT,
  steps: STEPS.map((step) => ({
    ...step,
    state: "done",
    detail: "",
    parts: [],
    startedAt: NOW - 5 * MINUTE,
    endedAt: NOW,
  })),
  outcome: {
    good: true,
    message: "ml-team is in the tree. It costs $0.50/h as it is.",
    next: ["Show in Tree", "Open Sample Script"],
  },
};

export const DESTROY: WizardState = {
  ...PLANNED,
  mode: "destroy",
  plan: {
    creates: 0,
    changes: 0,
    replaces: 0,
    destroys: 19,
    sentence:
      "Deletes 19 things: the GPU pool, the CPU pool, the control plane, the private network and what they needed.",
    groups: [
      {
        title: "Cluster",
        items: [{ action: "delete", what: "control plane", address: "google_container_cluster.this" }],
      },
    ],
  },
};
