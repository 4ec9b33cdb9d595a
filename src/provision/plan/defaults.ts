import { NO_KUBEFLOW, type Wish } from "../../contract/wish.ts";
import { LIMITS } from "./limits.ts";

/**
 * What the page begins with: three nodes for Kubeflow, and one GPU node at the most, on machines that have a bundled
 * price. The project has to be chosen, and so has the place of the state.
 */
export function defaultWish(): Wish {
  return {
    where: "gke",
    name: "kubeflow-01",
    state: { kind: "unset" },
    gke: {
      project: "",
      region: "us-central1",
      zones: ["us-central1-a", "us-central1-b", "us-central1-c"],
      cpu: { machine: "e2-standard-4", nodes: 3, maxNodes: 5 },
      gpu: { gpu: "nvidia-l4", machine: "g2-standard-8", perNode: 1, maxNodes: 1, spot: false },
      authorizedNetworks: [],
      protect: false,
    },
    eks: {
      profile: "",
      region: "us-east-1",
      version: "1.35",
      cpu: { machine: "m5.xlarge", nodes: 3, maxNodes: 5 },
      gpu: { gpu: "T4", machine: "g4dn.xlarge", perNode: 1, maxNodes: 1, spot: false },
      authorizedNetworks: [],
    },
    local: { tool: "k3d", version: "1.35", ...LIMITS.local.training, gpus: false, registry: true, volume: "" },
    // Training alone needs no account and little room; whoever wants more says so.
    kubeflow: { ...NO_KUBEFLOW, profile: "training" },
  };
}
