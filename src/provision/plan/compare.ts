import type { Comparison } from "../../contract/preview.ts";
import type { CpuPool, GpuPool, Wish } from "../../contract/wish.ts";
import { EKS_CPU_MACHINES } from "./catalogue/eks.ts";
import { GKE_CPU_MACHINES } from "./catalogue/gke.ts";
import { MACHINE_PRICES, SAGEMAKER_PRICES } from "./catalogue/prices.ts";
import type { Cloud, GpuShape } from "./catalogue/shapes.ts";
import { cloudCost } from "./cost.ts";
import { gpusOf } from "./limits.ts";
import type { Live } from "./live.ts";
import { cloudWish, CLOUD_NAMES, type CloudWish, gpuLabel, offered, shapesOf } from "./pools.ts";
import { dollars, machineOf } from "./prices.ts";

/** The wish on GKE and EKS, on demand and spot, and as SageMaker's notebook; nothing for this computer. */
export function compare(wish: Wish, live: Live, today: string): readonly Comparison[] {
  if (wish.where === "local") return [];
  const own = cloudWish(wish, wish.where);
  const there = wish.where === "gke" ? "eks" : "gke";
  const other = elsewhere(own, there, wish[there].region, live);
  const rows = [...kinds(own, own, "", live, today), ...kinds(other.wish, own, other.note, live, today)];
  const instance = own.cloud === "eks" ? own.gpu : other.wish.gpu;
  return [...rows, ...(own.gpu === null ? [] : [sagemaker(instance?.machine)])];
}

/** The row on demand, and the one of spot where there is a GPU pool to have as spot. */
function kinds(of: CloudWish, own: CloudWish, note: string, live: Live, today: string): readonly Comparison[] {
  const { gpu } = of;
  // The other cloud has no such GPU: there is nothing to compare.
  if (own.gpu !== null && gpu === null) return [row(of, undefined, own, note)];
  if (gpu === null) return [row(of, cloudCost(of, live, today), own, note)];
  return [false, true].map((spot) => {
    const kind = { ...of, gpu: { ...gpu, spot } };
    return row(kind, cloudCost(kind, live, today), own, note);
  });
}

function row(of: CloudWish, cost: ReturnType<typeof cloudCost> | undefined, own: CloudWish, note: string): Comparison {
  const { cloud, region, cpu, gpu } = of;
  const gpus = gpu === null ? "" : `, 0…${gpu.maxNodes} × ${gpu.machine} (${gpu.perNode} ${gpuLabel(cloud, gpu.gpu)})`;
  const unknown = cost?.lines.find(({ most }) => most === null);
  const reason = unknown === undefined ? "" : `${unknown.amount}: ${unknown.note}`;
  const spot = gpu?.spot === true && unknown === undefined ? "about: spot prices move" : "";
  const priced = cost?.lines.filter(({ source }) => source !== "") ?? [];
  const sources = new Set(priced.map(({ source, date }) => `${source} (${date === "" ? "undated" : date})`));
  const dates = cost?.lines.map(({ date }) => date) ?? [];
  return {
    what: `${CLOUD_NAMES[cloud]}${gpu === null ? "" : gpu.spot ? ", spot" : ", on demand"}`,
    detail: `${cpu.nodes} × ${cpu.machine}${gpus}, ${region}`,
    hour: cost?.complete === true ? cost.hour : null,
    note: [note, reason, spot].filter((words) => words !== "").join("; "),
    source: [...sources].join(", "),
    // A sum is no younger than its oldest part; which parts are undated, the source says.
    date: dates.filter((date) => date !== "").sort()[0] ?? "",
    chosen: cloud === own.cloud && (gpu?.spot ?? false) === (own.gpu?.spot ?? false),
  };
}

/** The nearest wish on the other cloud, and what differs. */
function elsewhere(own: CloudWish, cloud: Cloud, region: string, live: Live): { wish: CloudWish; note: string } {
  const { cpu, note: notes } = nearestCpu(own, cloud);
  const wish = { cloud, region, cpu, gpu: null };
  if (own.gpu === null) return { wish, note: notes };
  const gpu = nearestGpu(own, own.gpu, cloud, region, live);
  if (gpu === undefined) {
    const note = `no machine with ${gpuLabel(own.cloud, own.gpu.gpu)} on ${CLOUD_NAMES[cloud]} in ${region}`;
    return { wish, note };
  }
  const counts =
    gpu.perNode === own.gpu.perNode ? "" : `${gpu.perNode} GPUs for each node instead of ${own.gpu.perNode}`;
  return { wish: { ...wish, gpu }, note: [counts, notes].filter((words) => words !== "").join("; ") };
}

/** Of the families for general work, the machine that is nearest in vCPUs; `note` says how far it is. */
function nearestCpu({ cloud: from, cpu }: CloudWish, cloud: Cloud): { readonly cpu: CpuPool; readonly note: string } {
  const own = machineOf(from, cpu.machine);
  const all = cloud === "eks" ? EKS_CPU_MACHINES : GKE_CPU_MACHINES;
  const general = all.filter(({ name }) => /^(m5\.|(e2|n2)-standard-)/.test(name));
  const vcpus = nearest(
    general.map((of) => of.vcpus).sort((a, b) => a - b),
    own?.vcpus ?? 4,
  );
  const found = general.find((of) => of.vcpus === vcpus);
  const words = `CPU nodes of ${vcpus} vCPUs and ${found?.memory ?? 0} GB`;
  const isNear = own !== undefined && own.vcpus === vcpus && Math.abs(own.memory / (found?.memory ?? 1) - 1) <= 0.1;
  const note =
    own === undefined
      ? `${words}: the size of ${cpu.machine} is not known here`
      : isNear
        ? ""
        : `${words} instead of ${own.vcpus} and ${own.memory}`;
  return { cpu: { ...cpu, machine: found?.name ?? "" }, note };
}

/** Same class of GPU; then as near as may be in GPU memory, GPUs for each node, and vCPUs. */
function nearestGpu(own: CloudWish, pool: GpuPool, cloud: Cloud, region: string, live: Live): GpuPool | undefined {
  const gpu = gpusOf(own.cloud).find(({ name }) => name === pool.gpu);
  const vcpus = machineOf(own.cloud, pool.machine)?.vcpus ?? 8;
  let best: { readonly shape: GpuShape; readonly perNode: number; readonly distance: number } | undefined;
  for (const other of gpusOf(cloud)) {
    if (other.class !== gpu?.class) continue;
    for (const shape of shapesOf(cloud, other.name)) {
      if (offered(shape, cloud, region, live) === false) continue;
      const perNode = nearest(shape.perNode, pool.perNode);
      const [counts, sizes] = [
        Math.abs(perNode - pool.perNode),
        Math.abs((machineOf(cloud, shape.machine)?.vcpus ?? 0) - vcpus),
      ];
      const distance = Math.abs(other.memory - gpu.memory) * 1e6 + counts * 1e3 + sizes;
      if (best === undefined || distance < best.distance) best = { shape, perNode, distance };
    }
  }
  return best && { ...pool, gpu: best.shape.gpu, machine: best.shape.machine, perNode: best.perNode };
}

/** The value of an ascending list that is nearest to `to`; `to` itself for an empty list. */
export function nearest(of: readonly number[], to: number): number {
  return of.reduce((best, value) => (Math.abs(value - to) < Math.abs(best - to) ? value : best), of[0] ?? to);
}

function sagemaker(machine: string | undefined): Comparison {
  const row = SAGEMAKER_PRICES.get(machine ?? "");
  const known = [...SAGEMAKER_PRICES].map(([name, { perHour }]) => `ml.${name} is listed at ${dollars(perHour)}/h`);
  const none = machine === undefined ? "no such machine" : `no price of ml.${machine} is recorded`;
  return {
    what: "SageMaker notebook",
    detail: row === undefined ? "" : `1 × ml.${machine ?? ""}, without a cluster`,
    hour: row === undefined ? null : { least: row.perHour, most: row.perHour },
    note:
      row === undefined
        ? `${none}; ${known.join(", ")}`
        : `list, undated; the instance alone is ${dollars(MACHINE_PRICES.eks.get(machine ?? "")?.onDemand ?? 0)}/h list`,
    ...{ source: row?.source.name ?? "", date: row?.source.date ?? "", chosen: false },
  };
}
