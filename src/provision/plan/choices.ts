import { label } from "../../core/sanitize.ts";
import { plural } from "../../core/text.ts";
import type { Choice, Choices } from "../../contract/preview.ts";
import type { GpuPool, Wish } from "../../contract/wish.ts";
import { EKS_CPU_MACHINES, EKS_REGIONS } from "./catalogue/eks.ts";
import { cpuAbsent, GKE_CPU_MACHINES, GKE_GPUS, GKE_REGIONS } from "./catalogue/gke.ts";
import type { GpuShape, Machine } from "./catalogue/shapes.ts";
import { gpusOf, LOCAL_VERSIONS } from "./limits.ts";
import type { Live } from "./live.ts";
import { cloudWish, type CloudWish, gpuLabel, isAttached, offered, shapeOf, shapesOf } from "./pools.ts";
import { dollars, machineOf, priceOf } from "./prices.ts";
import { eksVersions, zonesFor } from "./rules/clouds.ts";

const TOOLS: readonly Choice[] = [
  { value: "k3d", label: "k3d", detail: "k3s in Docker, with a registry and a folder of this computer" },
  { value: "minikube", label: "minikube", detail: "in Docker, with GPUs on Linux" },
  { value: "kind", label: "kind", detail: "in Docker; what Kubeflow itself is tested with" },
  { value: "microk8s", label: "microk8s", detail: "one that is there is adopted" },
];

/** Lists of the form for the chosen place. Without a GPU pool, the lists are those of the first GPU. */
export function choices(wish: Wish, live: Live): Choices {
  if (wish.where === "local") return { "local.tool": TOOLS, "local.version": plain(LOCAL_VERSIONS) };
  const of = cloudWish(wish, wish.where);
  const { cloud, region, gpu } = of;
  const accounts = live[cloud]?.accounts?.map(({ id, label: words }) => ({ value: id, label: label(words) })) ?? [];
  const pool = gpu ?? { gpu: gpusOf(cloud)[0]?.name ?? "", machine: "", perNode: 1 };
  const here = shapesOf(cloud, pool.gpu).filter((shape) => offered(shape, cloud, region, live) !== false);
  const shape = shapeOf(cloud, pool.gpu, pool.machine) ?? here[0];
  const shared: Choices = {
    [`${cloud}.region`]: regions(of, shape, live),
    [`${cloud}.cpu.machine`]: cpuMachines(of).map((machine) => machineChoice(of, machine, false, live)),
    [`${cloud}.gpu.gpu`]: gpus(of, live),
    [`${cloud}.gpu.machine`]: here.map(({ machine }) => gpuMachine(of, machine, pool, live)),
    [`${cloud}.gpu.perNode`]: plain(shape?.perNode.map(String) ?? []),
  };
  if (cloud === "gke") return { ...shared, "gke.project": accounts, "gke.zones": zones(wish, live) };
  return { ...shared, "eks.profile": accounts, "eks.version": plain(eksVersions(live)) };
}

function plain(values: readonly string[]): readonly Choice[] {
  return values.map((value) => ({ value, label: value }));
}

function regions({ cloud, gpu }: CloudWish, shape: GpuShape | undefined, live: Live): readonly Choice[] {
  const all = live[cloud]?.regions ?? (cloud === "gke" ? GKE_REGIONS : EKS_REGIONS);
  if (gpu === null || shape === undefined) return plain(all);
  const name = gpuLabel(cloud, gpu.gpu);
  const listed = GKE_GPUS.find((of) => of.name === gpu.gpu)?.zones ?? [];
  return all
    .filter((region) => offered(shape, cloud, region, live) !== false)
    .map((value) => {
      const ends = listed.filter((zone) => zone.startsWith(`${value}-`)).map((zone) => zone.slice(value.length + 1));
      const detail = cloud === "eks" ? "" : ends.length > 0 ? `${name} in ${ends.join(", ")}` : name;
      return { value, label: value, ...(detail !== "" && { detail }) };
    });
}

/** Zones that have the GPU; where nobody knows, all that are known of the region. */
function zones({ gke }: Wish, live: Live): readonly Choice[] {
  const known = zonesFor(gke, live).zones;
  if (known.length > 0) return plain(known);
  const all = GKE_GPUS.flatMap((of) => of.zones.filter((zone) => zone.startsWith(`${gke.region}-`)));
  return plain([...new Set(all)].sort());
}

function gpus({ cloud, region }: CloudWish, live: Live): readonly Choice[] {
  return gpusOf(cloud)
    .filter(({ name }) => shapesOf(cloud, name).some((shape) => offered(shape, cloud, region, live) !== false))
    .map(({ name, label: words, memory }) => ({ value: name, label: words, detail: `${memory} GB each` }));
}

function cpuMachines({ cloud, region }: CloudWish): readonly Machine[] {
  if (cloud === "eks") return EKS_CPU_MACHINES;
  return GKE_CPU_MACHINES.filter(({ name }) => !cpuAbsent(name, region));
}

function gpuMachine(of: CloudWish, name: string, pool: Pick<GpuPool, "gpu">, live: Live): Choice {
  const counts = shapeOf(of.cloud, pool.gpu, name)?.perNode ?? [];
  const machine = machineOf(of.cloud, name) ?? { name, vcpus: 0, memory: 0 };
  const spot = of.gpu?.spot ?? false;
  const choice = machineChoice(of, machine, spot, live);
  const more = isAttached(of.cloud, name) ? eachGpu(of, name, pool.gpu, spot, live) : "";
  return { ...choice, detail: `${counts.join(", ")} × ${gpuLabel(of.cloud, pool.gpu)}, ${choice.detail ?? ""}${more}` };
}

/** What a GPU adds to the price of the machine that it is attached to; "" where the machine has no price. */
function eachGpu({ cloud, region }: CloudWish, machine: string, gpu: string, spot: boolean, live: Live): string {
  if (priceOf({ cloud, region, machine, spot }, live).perHour === null) return "";
  const { perHour } = priceOf({ cloud, region, machine, gpu, spot }, live);
  return perHour === null ? ", GPUs not included" : ` + ${dollars(perHour)}/h each GPU`;
}

function machineChoice({ cloud, region }: CloudWish, machine: Machine, spot: boolean, live: Live): Choice {
  const { name, vcpus, memory } = machine;
  const { perHour } = priceOf({ cloud, region, machine: name, spot }, live);
  const price = perHour === null ? "" : `, ${spot ? "about " : ""}${dollars(perHour)}/h`;
  return {
    value: name,
    label: name,
    detail: `${plural(vcpus, "vCPU")}, ${memory} ${cloud === "gke" ? "GB" : "GiB"}${price}`,
  };
}
