// A wish for a cloud in the terms that both clouds share.
import type { CpuPool, GpuPool, Wish } from "../../contract/wish.ts";
import { EKS_PRICES } from "./catalogue/eks.ts";
import { PRICED_REGION } from "./catalogue/prices.ts";
import type { Cloud, GpuShape } from "./catalogue/shapes.ts";
import { gpusOf, legalGpuShapes } from "./limits.ts";
import type { Live, LiveCloud } from "./live.ts";

export interface CloudWish {
  readonly cloud: Cloud;
  readonly region: string;
  readonly cpu: CpuPool;
  readonly gpu: GpuPool | null;
}

export function cloudWish(wish: Wish, cloud: Cloud): CloudWish {
  const { region, cpu, gpu } = wish[cloud];
  return { cloud, region, cpu, gpu };
}

export const CLOUD_NAMES: Readonly<Record<Cloud, string>> = { gke: "GKE", eks: "EKS" };

/** The lists of the catalogue, by GPU: a page asks for them at every keystroke. */
const BY_GPU: Readonly<Record<Cloud, ReadonlyMap<string, readonly GpuShape[]>>> = {
  gke: Map.groupBy(legalGpuShapes("gke"), ({ gpu }) => gpu),
  eks: Map.groupBy(legalGpuShapes("eks"), ({ gpu }) => gpu),
};

export function shapesOf(cloud: Cloud, gpu: string): readonly GpuShape[] {
  return BY_GPU[cloud].get(gpu) ?? [];
}

export function shapeOf(cloud: Cloud, gpu: string, machine: string): GpuShape | undefined {
  return shapesOf(cloud, gpu).find((shape) => shape.machine === machine);
}

/** `L4` for `nvidia-l4`; a name that is not in the catalogue stays as it is. */
export function gpuLabel(cloud: Cloud, gpu: string): string {
  return gpusOf(cloud).find(({ name }) => name === gpu)?.label ?? gpu;
}

/** GPUs that are attached to a machine type which is sold without them. */
export function isAttached(cloud: Cloud, machine: string): boolean {
  return cloud === "gke" && machine.startsWith("n1-");
}

/** Zones of the region that the cloud says offer all of `what`; undefined where it did not say so of each. */
export function liveZones(live: LiveCloud | undefined, region: string, what: readonly string[]): string[] | undefined {
  if (live?.askedRegions?.includes(region) !== true) return undefined;
  const lists: (readonly string[])[] = [];
  for (const key of what) {
    const list = live.zones !== undefined && Object.hasOwn(live.zones, key) ? live.zones[key] : undefined;
    if (list === undefined) return undefined;
    lists.push(list);
  }
  const [first = [], ...others] = lists;
  return first.filter((zone) => zone.startsWith(region) && others.every((list) => list.includes(zone)));
}

/** What a zone must offer for the GPU pool: the machine type, and on Google Cloud the accelerator too. */
export function neededInZone(cloud: Cloud, gpu: Pick<GpuPool, "gpu" | "machine">): readonly string[] {
  return cloud === "gke" ? [gpu.gpu, gpu.machine] : [gpu.machine];
}

/** Whether the region has this GPU node: by the cloud's own word, else by the bundled list; undefined where nobody says. */
export function offered(shape: GpuShape, cloud: Cloud, region: string, live: Live): boolean | undefined {
  const zones = liveZones(live[cloud], region, neededInZone(cloud, shape));
  if (zones !== undefined) return zones.length > 0;
  // AWS's list of prices is one of what it offers.
  if (cloud === "eks") return region === PRICED_REGION.eks && EKS_PRICES.has(shape.machine) ? true : undefined;
  return shape.regions?.includes(region);
}

/**
 * The cloud offers what the bundled lists, and so the files' own rules, do not know yet. The files have to be told, or
 * Terraform refuses what the page accepts.
 */
export function beyondLists({ where, gke }: Wish, live: Live): boolean {
  const shape = gke.gpu === null || where !== "gke" ? undefined : shapeOf("gke", gke.gpu.gpu, gke.gpu.machine);
  if (shape === undefined) return false;
  return offered(shape, "gke", gke.region, live) === true && shape.regions?.includes(gke.region) === false;
}
