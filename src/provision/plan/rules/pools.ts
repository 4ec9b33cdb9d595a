// Rules of the CPU pool and the GPU pool, which both clouds share.
import type { GpuPool } from "../../../contract/wish.ts";
import { EKS_CPU_MACHINES, EKS_LEFT_OUT } from "../catalogue/eks.ts";
import { cpuAbsent, GKE_CPU_MACHINES, GKE_LEFT_OUT } from "../catalogue/gke.ts";
import type { GpuShape } from "../catalogue/shapes.ts";
import { gpusOf, legalGpuShapes, LIMITS } from "../limits.ts";
import type { Live } from "../live.ts";
import { CLOUD_NAMES, type CloudWish, gpuLabel, liveZones, neededInZone, offered, shapesOf } from "../pools.ts";
import { anyOf, fits, type RuleFinding, values, warning, wrong } from "./finding.ts";

/** More nodes than the two private networks of an EKS cluster have addresses for, when each node takes its usual share. */
const EKS_MANY_NODES = 150;

export function poolFindings(of: CloudWish, live: Live): readonly RuleFinding[] {
  const nodes = of.cpu.maxNodes + (of.gpu?.maxNodes ?? 0);
  const words = `${nodes} nodes may run out of addresses: the two private networks hold about 8,000, and every pod takes one.`;
  const isMany = of.cloud === "eks" && nodes > EKS_MANY_NODES;
  const many = isMany ? [warning("many-nodes", "eks.cpu.maxNodes", words)] : [];
  return [...cpuFindings(of, live), ...(of.gpu === null ? [] : gpuFindings(of, of.gpu, live)), ...many];
}

function cpuFindings(of: CloudWish, live: Live): readonly RuleFinding[] {
  const { cloud, cpu } = of;
  const field = `${cloud}.cpu`;
  const found = [...cpuMachine(of, live)];
  const { least, most } = LIMITS.nodes;
  if (cpu.nodes < least || cpu.nodes > most) {
    const message = `The CPU pool needs ${least} to ${most} nodes: the system and Kubeflow run there, GPU nodes are kept for GPU work.`;
    found.push(wrong("cpu-nodes", `${field}.nodes`, message, values([3])));
  } else if (cpu.maxNodes < cpu.nodes || cpu.maxNodes > most) {
    const message = `The CPU pool may grow to ${cpu.nodes}-${most} nodes over all zones; ${cpu.maxNodes} is ${cpu.maxNodes > most ? "more" : "fewer than it starts with"}.`;
    found.push(wrong("cpu-nodes", `${field}.maxNodes`, message, values([Math.min(cpu.nodes + 2, most)])));
  }
  return found;
}

function cpuMachine({ cloud, cpu, region }: CloudWish, live: Live): readonly RuleFinding[] {
  const field = `${cloud}.cpu.machine`;
  const known = cloud === "gke" ? GKE_CPU_MACHINES : EKS_CPU_MACHINES;
  const better = values(cloud === "gke" ? ["e2-standard-4", "e2-standard-8"] : ["m5.xlarge", "m5.2xlarge"]);
  if (!fits(LIMITS[cloud].cpuMachine, cpu.machine)) {
    const form = cloud === "gke" ? "e2-standard-4" : "m5.xlarge";
    return [wrong("cpu-machine", field, `A machine type of ${CLOUD_NAMES[cloud]} looks like ${form}.`, better)];
  }
  if (fits(LIMITS[cloud].notCpuMachine, cpu.machine)) {
    const why = leftOut(cloud, cpu.machine) ?? "it bears accelerators, which belong in the GPU pool";
    return [wrong("cpu-machine", field, `${cpu.machine} cannot be the CPU pool: ${why}.`, better)];
  }
  if (!known.some(({ name }) => name === cpu.machine)) {
    const message = `${cpu.machine} is not in the catalogue: whether ${region} offers it, and what it costs, is not known here.`;
    return [warning("cpu-machine", field, message)];
  }
  const zones = liveZones(live[cloud], region, [cpu.machine]);
  const absent = zones === undefined ? cloud === "gke" && cpuAbsent(cpu.machine, region) : zones.length === 0;
  if (!absent) return [];
  const others = better.filter(({ value }) => value !== cpu.machine);
  return [wrong("cpu-region", field, `${cpu.machine} is not offered in ${region}.`, others)];
}

function leftOut(cloud: CloudWish["cloud"], machine: string): string | undefined {
  return (cloud === "gke" ? GKE_LEFT_OUT : EKS_LEFT_OUT).find(([pattern]) => pattern.test(machine))?.[1];
}

function gpuFindings(of: CloudWish, pool: GpuPool, live: Live): readonly RuleFinding[] {
  const found: RuleFinding[] = [];
  const { most } = LIMITS.nodes;
  if (pool.maxNodes < 1 || pool.maxNodes > most) {
    const message = `The GPU pool may grow to 1-${most} nodes over all zones; it starts with none. Leave the pool out for a cluster without GPUs.`;
    found.push(wrong("gpu-nodes", `${of.cloud}.gpu.maxNodes`, message, values([1])));
  }
  const shapes = shapesOf(of.cloud, pool.gpu);
  if (shapes.length === 0) {
    const names = gpusOf(of.cloud).map(({ name, label }) => ({ value: name, label }));
    const message = `${pool.gpu === "" ? "No GPU is chosen" : `${pool.gpu} is not a GPU that ${CLOUD_NAMES[of.cloud]} offers here`}. Choose one of ${anyOf(names.map(({ label }) => label))}.`;
    return [...found, wrong("gpu-type", `${of.cloud}.gpu.gpu`, message, names.slice(0, 8))];
  }
  const shape = shapes.find(({ machine }) => machine === pool.machine);
  return [...found, ...(shape === undefined ? [wrongMachine(of, pool, shapes)] : shapeFindings(of, pool, shape, live))];
}

/** Machine types of the GPU, those first that bear as many as are asked for. */
function wrongMachine({ cloud }: CloudWish, pool: GpuPool, shapes: readonly GpuShape[]): RuleFinding {
  const gpu = gpuLabel(cloud, pool.gpu);
  const [fitting, others] = [true, false].map((fit) =>
    shapes.filter((of) => of.perNode.includes(pool.perNode) === fit),
  );
  const right = [...(fitting ?? []), ...(others ?? [])].map(({ machine }) => machine);
  const bears = legalGpuShapes(cloud).find(({ machine }) => machine === pool.machine)?.gpu;
  const out = leftOut(cloud, pool.machine);
  const why =
    bears !== undefined
      ? `goes with ${gpuLabel(cloud, bears)}, not with ${gpu}`
      : out === undefined
        ? `is no machine type for ${gpu}`
        : `is not offered: ${out}`;
  const message = `${pool.machine === "" ? "No machine type is chosen" : `${pool.machine} ${why}`}. ${gpu} goes with ${anyOf(right.slice(0, 6))}${right.length > 6 ? " and others" : ""}.`;
  return wrong("gpu-machine", `${cloud}.gpu.machine`, message, values(right));
}

function shapeFindings(of: CloudWish, pool: GpuPool, shape: GpuShape, live: Live): readonly RuleFinding[] {
  const { cloud } = of;
  const gpu = gpuLabel(cloud, pool.gpu);
  const found: RuleFinding[] = [];
  if (!shape.perNode.includes(pool.perNode)) {
    const message = `A node with ${pool.perNode} × ${gpu} does not exist on ${pool.machine}: it takes ${anyOf(shape.perNode)}.`;
    found.push(wrong("gpu-count", `${cloud}.gpu.perNode`, message, values(shape.perNode)));
  }
  if (shape.spotOnly && !pool.spot) {
    const message = `${pool.machine} is sold as spot or flex-start only. Choose spot, or a3-highgpu-8g with 8 GPUs.`;
    found.push(wrong("gpu-spot", `${cloud}.gpu.spot`, message));
  }
  if (!fits(LIMITS[cloud].region, of.region)) return found;
  return [...found, ...regionFindings(of, pool, shape, live)];
}

function regionFindings(of: CloudWish, pool: GpuPool, shape: GpuShape, live: Live): readonly RuleFinding[] {
  const { cloud, region } = of;
  const here = offered(shape, cloud, region, live);
  if (here === true) return [];
  const what = `${gpuLabel(cloud, pool.gpu)} on ${pool.machine}`;
  if (here === false) {
    // A list of regions is Google's; AWS was asked for the GPU's other machines.
    const beside = shapesOf(cloud, pool.gpu).filter((of) => offered(of, cloud, region, live) === true);
    if (shape.regions === undefined && beside.length > 0) {
      const machines = beside.map(({ machine }) => machine);
      const message = `${region} does not offer ${what}, but on ${anyOf(machines.slice(0, 6))}.`;
      return [wrong("gpu-region", `${cloud}.gpu.machine`, message, values(machines))];
    }
    const right = (shape.regions ?? []).filter((other) => other !== region);
    const others = right.length > 0 ? ` It is in ${anyOf(near(region, right).slice(0, 6))}.` : "";
    const message = `${region} does not offer ${what}.${others}`;
    return [wrong("gpu-region", `${cloud}.region`, message, values(near(region, right)))];
  }
  const message = `Whether ${region} offers ${what} is known once you are signed in (${anyOf(neededInZone(cloud, pool))}); the plan looks for zones that have it.`;
  return [warning("gpu-region-unknown", `${cloud}.region`, message)];
}

/** Regions of the same continent first. */
function near(region: string, others: readonly string[]): readonly string[] {
  const [continent = ""] = region.split("-");
  const same = (other: string): boolean => other.startsWith(`${continent}-`);
  return [...others.filter(same), ...others.filter((other) => !same(other))];
}
