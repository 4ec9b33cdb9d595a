// What goes into terraform.tfvars.json: the only file with a person's input. JSON strings are literal to Terraform, so
// nothing in them is evaluated, not even `${…}`.
import type { EksWish, GkeWish, Wish } from "../../contract/wish.ts";
import type { Live } from "../plan/live.ts";
import { cpuAbsent, GKE_REGIONS } from "../plan/catalogue/gke.ts";
import { beyondLists, liveZones } from "../plan/pools.ts";

/** Text of `terraform.tfvars.json`; the order of the keys is always the same. `where` is `gke` or `eks`. */
export function variablesText(wish: Wish, live: Live = {}): string {
  return `${JSON.stringify(variables(wish, live), undefined, 2)}\n`;
}

/** The same as a value. */
export function variables(wish: Wish, live: Live = {}): Record<string, unknown> {
  return wish.where === "eks" ? eksVariables(wish.name, wish.eks) : gkeVariables(wish, wish.gke, live);
}

function gkeVariables(wish: Wish, { gpu, cpu, ...gke }: GkeWish, live: Live): Record<string, unknown> {
  return {
    name: wish.name,
    project: gke.project,
    region: gke.region,
    // Only where it is needed: it puts rules of the files aside.
    ...(beyondTables(wish, live) ? { region_confirmed: true } : {}),
    zones: gke.zones,
    cpu_pool: { machine: cpu.machine, nodes: cpu.nodes, max_nodes: cpu.maxNodes },
    gpu_pool: gpu && {
      ...{ accelerator: gpu.gpu, machine: gpu.machine, per_node: gpu.perNode, max_nodes: gpu.maxNodes, spot: gpu.spot },
    },
    authorized_networks: gke.authorizedNetworks,
    deletion_protection: gke.protect,
  };
}

/** Whether Google Cloud itself offers, in the region of the wish, what the tables of catalogue.tf do not know yet. */
function beyondTables(wish: Wish, live: Live): boolean {
  const { region, cpu } = wish.gke;
  return (
    beyondLists(wish, live) ||
    (cpuAbsent(cpu.machine, region) && (liveZones(live.gke, region, [cpu.machine])?.length ?? 0) > 0) ||
    (!GKE_REGIONS.includes(region) && live.gke?.regions?.includes(region) === true)
  );
}

function eksVariables(name: string, { gpu, cpu, ...eks }: EksWish): Record<string, unknown> {
  return {
    name,
    region: eks.region,
    kubernetes_version: eks.version,
    cpu_pool: { instance_type: cpu.machine, nodes: cpu.nodes, max_nodes: cpu.maxNodes },
    gpu_pool: gpu && {
      ...{ gpu: gpu.gpu, instance_types: [gpu.machine], per_node: gpu.perNode, max_nodes: gpu.maxNodes },
      capacity_type: gpu.spot ? "SPOT" : "ON_DEMAND",
    },
    authorized_networks: eks.authorizedNetworks,
  };
}
