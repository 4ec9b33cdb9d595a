// GPUs and machine types of Google Cloud as GKE takes them.
import { type Gpu, type GpuShape, type Machine, places, type Source, table } from "./shapes.ts";

export const GKE_SOURCES = {
  /** tools/machinetyperegion.csv (2026-08-17) and tools/acceleratortyperegion.csv of the same repository: listings of gcloud; the older day counts. */
  regions: { name: "Cyclenerd/google-cloud-pricing-cost-calculator (gcloud lists)", date: "2026-08-10" },
  /** tools/machinetypes.csv of the same repository. */
  machines: { name: "Cyclenerd/google-cloud-pricing-cost-calculator (gcloud lists)", date: "2026-07-01" },
  /** SkyPilot's gcp_catalog.py, after Google's page on GPUs, and cluster-toolkit's machine_mappings.json. GPU memory is general knowledge. */
  counts: { name: "SkyPilot gcp_catalog.py and GoogleCloudPlatform/cluster-toolkit", date: "" },
  /** Catalogue v8 of SkyPilot, gcp/vms.csv. */
  zones: { name: "SkyPilot catalog v8", date: "" },
} as const satisfies Record<string, Source>;

const REGIONS = places(
  "us-central1 us-east{1,4,5} us-south1 us-west{1,2,3,4} northamerica-northeast{1,2} northamerica-south1 southamerica-{east1,west1} europe-west{1,2,3,4,6,8,9,10,12} europe-north{1,2} europe-central2 europe-southwest1 asia-east{1,2} asia-northeast{1,2,3} asia-south{1,2} asia-southeast{1,2} australia-southeast{1,2} me-central{1,2} me-west1 africa-south1",
);

/** Regions that list e2-standard-4. */
export const GKE_REGIONS: readonly string[] = REGIONS;

/** Families of machine types for the CPU pool, and where they are not though E2 is. N4 and newer take other disks and are left out. */
export const GKE_CPU_ABSENT: Readonly<Record<string, readonly string[]>> = {
  e2: [],
  n2: places("europe-north2 northamerica-south1"),
  n2d: places("europe-north2 northamerica-south1"),
};

/** Whether the region has no machines of the family of this type, by the list. */
export function cpuAbsent(machine: string, region: string): boolean {
  const family = machine.split("-", 1)[0] ?? "";
  return Object.hasOwn(GKE_CPU_ABSENT, family) && GKE_CPU_ABSENT[family]?.includes(region) === true;
}

/** Per family: GB for each vCPU, and the numbers of vCPUs that there are. */
const SIZES = `
  e2-standard  4    2,4,8,16,32
  e2-highmem   8    2,4,8,16
  n2-standard  4    2,4,8,16,32,48,64,80,96,128
  n2d-standard 4    2,4,8,16,32,48,64,80,96,128,224
  n1-standard  3.75 1,2,4,8,16,32,64,96
  n1-highmem   6.5  2,4,8,16,32,64,96
  n1-highcpu   0.9  2,4,8,16,32,64,96
  g2-standard  4    4,8,12,16,24,32,48,96
  g4-standard  3.75 48,96,192,384`;

/** Machine types that bear their GPUs: vCPUs, GB, GPU, GPUs. */
const WITH_GPUS = `
  a2-highgpu-1g   12   85 nvidia-tesla-a100     1     a2-highgpu-2g   24  170 nvidia-tesla-a100     2
  a2-highgpu-4g   48  340 nvidia-tesla-a100     4     a2-highgpu-8g   96  680 nvidia-tesla-a100     8
  a2-megagpu-16g  96 1360 nvidia-tesla-a100    16     a2-ultragpu-1g  12  170 nvidia-a100-80gb      1
  a2-ultragpu-2g  24  340 nvidia-a100-80gb      2     a2-ultragpu-4g  48  680 nvidia-a100-80gb      4
  a2-ultragpu-8g  96 1360 nvidia-a100-80gb      8     a3-highgpu-1g   26  234 nvidia-h100-80gb      1
  a3-highgpu-2g   52  468 nvidia-h100-80gb      2     a3-highgpu-4g  104  936 nvidia-h100-80gb      4
  a3-highgpu-8g  208 1872 nvidia-h100-80gb      8     a3-megagpu-8g  208 1872 nvidia-h100-mega-80gb 8
  a3-ultragpu-8g 224 2952 nvidia-h200-141gb     8     a4-highgpu-8g  224 3968 nvidia-b200           8`;

/** GPUs of G2 and G4 by the number of vCPUs. Smaller G4 types bear fractions of a GPU, which no count can say. */
const OF_VCPUS: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  g2: { 4: 1, 8: 1, 12: 1, 16: 1, 24: 2, 32: 1, 48: 4, 96: 8 },
  g4: { 48: 1, 96: 2, 192: 4, 384: 8 },
};

/** GPUs that are attached to N1: the most vCPUs and GB that each count may have. */
const ON_N1: Readonly<Record<string, readonly (readonly [count: number, vcpus: number, memory: number])[]>> = {
  "nvidia-tesla-t4": [[1, 48, 312], [2, 48, 312], [4, 96, 624]], // prettier-ignore
  "nvidia-tesla-p4": [[1, 24, 156], [2, 48, 312], [4, 96, 624]], // prettier-ignore
  "nvidia-tesla-p100": [[1, 16, 104], [2, 32, 208], [4, 96, 624]], // prettier-ignore
  "nvidia-tesla-v100": [[1, 12, 78], [2, 24, 156], [4, 48, 312], [8, 96, 624]], // prettier-ignore
};

/** Sold as spot or flex-start only. */
const SPOT_ONLY = new Set(["a3-highgpu-1g", "a3-highgpu-2g", "a3-highgpu-4g"]);

/** Why a machine type that exists is not offered. */
export const GKE_LEFT_OUT: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^a4x-/, "it has Arm processors, and the images of Kubeflow are made for amd64"],
  [/^g4-standard-(6|12|24)$/, "it bears a fraction of a GPU"],
  [/^(t2a|c4a|n4a)-/, "it has Arm processors, and the images of Kubeflow are made for amd64"],
];

export interface GkeGpu extends Gpu {
  /** Regions that list the accelerator and its machine types. */
  readonly regions: readonly string[];
  /** Zones by SkyPilot's undated list; empty where it has none. */
  readonly zones: readonly string[];
}

/** For each: name, label, class, GB; a line of regions; a line of zones where any are known. */
const GPUS = `
  nvidia-l4 | L4 | L4 | 24
  us-central1 us-east{1,4} us-west{1,4} northamerica-northeast{1,2} europe-west{1,2,3,4,6} asia-east1 asia-northeast{1,3} asia-south1 asia-southeast1 me-central2
  us-central1-{a,b,c} us-east1-{b,c,d} us-east4-{a,c} us-west1-{a,b,c} us-west4-{a,c} europe-west1-{b,c} europe-west2-{a,b} europe-west3-{a,b} europe-west4-{a,b,c} europe-west6-{b,c} asia-east1-{a,b,c} asia-northeast1-{a,b,c} asia-southeast1-{a,b,c} northamerica-northeast1-{b,c} northamerica-northeast2-{a,b}

  nvidia-tesla-t4 | T4 | T4 | 16
  us-central1 us-east{1,4} us-west{1,2,3,4} northamerica-northeast1 southamerica-east1 europe-west{1,2,3,4} europe-central2 asia-east{1,2} asia-northeast{1,3} asia-south1 asia-southeast{1,2} australia-southeast1 me-west1
  us-central1-{a,b,c,f} us-east1-{b,c,d} us-east4-{a,b,c} us-west1-{a,b} us-west2-{b,c} us-west3-b us-west4-{a,b} europe-west1-{b,c,d} europe-west2-{a,b} europe-west3-b europe-west4-{a,b,c} europe-central2-{b,c} asia-east1-{a,c} asia-northeast1-{a,c} asia-south1-{a,b} asia-southeast1-{a,b,c}

  nvidia-tesla-a100 | A100 40 GB | A100 | 40
  us-central1 us-east1 us-west{1,3,4} europe-west4 asia-northeast{1,3} asia-southeast1 me-west1
  us-central1-{a,b,c,f} us-east1-b us-west1-b us-west3-b us-west4-b europe-west4-{a,b} asia-northeast1-{a,c} asia-southeast1-{a,b,c} me-west1-{a,c}

  nvidia-a100-80gb | A100 80 GB | A100 | 80
  us-central1 us-east{4,5} europe-west4 asia-southeast1
  us-central1-{a,c} us-east4-c us-east5-{a,b} europe-west4-a asia-southeast1-c

  nvidia-h100-80gb | H100 | H100 | 80
  us-central1 us-east{4,5} us-west{1,4} europe-west{1,3,4,9} europe-north1 asia-east1 asia-northeast{1,3} asia-south{1,2} asia-southeast1 australia-southeast{1,2}
  us-central1-{a,b,c} us-east4-{a,b,c} us-east5-a us-west1-{a,b} us-west4-a europe-west1-{b,c} europe-west3-{a,c} europe-west4-{b,c} europe-north1-c

  nvidia-h100-mega-80gb | H100 Mega | H100 | 80
  us-central1 us-east{4,5} us-west{1,4} europe-west{1,3,4} europe-north1 asia-east1 asia-northeast1 asia-southeast1 australia-southeast1

  nvidia-h200-141gb | H200 | H200 | 141
  us-central1 us-east{4,5} us-south1 us-west1 europe-west{1,4} asia-south{1,2}
  us-central1-b us-east4-b us-east5-a us-south1-b us-west1-c europe-west1-b europe-west4-a asia-south1-b asia-south2-c

  nvidia-b200 | B200 | B200 | 180
  us-central1 us-east{1,4} us-south1 us-west{2,3} europe-west{1,4} europe-north1 asia-northeast1 asia-southeast1

  nvidia-rtx-pro-6000 | RTX PRO 6000 | RTX | 96
  us-central1 us-east{1,4,5} us-south1 us-west{1,3,4} europe-west{1,2,4,8,10} europe-north1 asia-east1 asia-northeast1 asia-south{1,2} asia-southeast{1,2} me-central2

  nvidia-tesla-v100 | V100 | V100 | 16
  us-central1 us-east1 us-west1 europe-west4 asia-east1

  nvidia-tesla-p100 | P100 | P100 | 16
  us-central1 us-east1 us-west1 europe-west{1,4} asia-east1 australia-southeast1

  nvidia-tesla-p4 | P4 | P4 | 8
  us-central1 us-east4 us-west2 northamerica-northeast1 europe-west4 asia-southeast1 australia-southeast1`;

export const GKE_GPUS: readonly GkeGpu[] = GPUS.split("\n\n").map((paragraph) => {
  const [words = "", regions = "", zones = ""] = paragraph
    .trim()
    .split("\n")
    .map((line) => line.trim());
  const [name = "", label = "", of = "", memory = ""] = words.split(" | ");
  return {
    name,
    label,
    class: of,
    memory: Number(memory),
    regions: places(regions),
    zones: zones === "" ? [] : places(zones),
  };
});

/**
 * Machine types that are listed in other regions than the rest of their GPU; southamerica-east1 lists the largest G4 alone
 * (machinetyperegion.csv of 2026-08-17).
 */
const OTHER_REGIONS: Readonly<Record<string, readonly string[]>> = {
  "a2-megagpu-16g": places("us-central1 europe-west4 asia-southeast1"),
  "g4-standard-384": [...(GKE_GPUS.find(({ class: of }) => of === "RTX")?.regions ?? []), "southamerica-east1"],
};

const sized: readonly Machine[] = table(SIZES, 3).flatMap(([family = "", ratio = "0", sizes = ""]) =>
  sizes.split(",").map((size) => ({
    name: `${family}-${size}`,
    vcpus: Number(size),
    memory: Math.round(Number(size) * Number(ratio) * 100) / 100,
  })),
);
const bearing = table(WITH_GPUS, 5).map(([name = "", vcpus = "0", memory = "0", gpu = "", count = "0"]) => ({
  ...{ name, vcpus: Number(vcpus), memory: Number(memory), gpu, count: Number(count) },
}));

/** Every machine type that the catalogue knows, by name. */
export const GKE_MACHINES: ReadonlyMap<string, Machine> = new Map(
  [...sized, ...bearing].map(({ name, vcpus, memory }) => [name, { name, vcpus, memory }]),
);

/** Machine types for the CPU pool. */
export const GKE_CPU_MACHINES: readonly Machine[] = sized.filter(({ name }) => /^(e2|n2d?)-/.test(name));

function shapesOf(gpu: GkeGpu): readonly GpuShape[] {
  const shape = (machine: string, perNode: readonly number[]): GpuShape => ({
    ...{ gpu: gpu.name, machine, perNode, spotOnly: SPOT_ONLY.has(machine) },
    regions: OTHER_REGIONS[machine] ?? gpu.regions,
  });
  const limits = ON_N1[gpu.name];
  if (limits !== undefined) {
    const counts = (of: Machine): readonly number[] =>
      limits.filter(([, vcpus, memory]) => of.vcpus <= vcpus && of.memory <= memory).map(([count]) => count);
    return sized.filter(({ name }) => name.startsWith("n1-")).map((of) => shape(of.name, counts(of)));
  }
  const family = { "nvidia-l4": "g2", "nvidia-rtx-pro-6000": "g4" }[gpu.name];
  if (family === undefined) return bearing.filter((of) => of.gpu === gpu.name).map((of) => shape(of.name, [of.count]));
  return sized
    .filter(({ name }) => name.startsWith(`${family}-`))
    .map(({ name, vcpus }) => shape(name, [OF_VCPUS[family]?.[vcpus] ?? 1]));
}

/** Every legal GPU node of GKE; shapes without a legal count are not listed. */
export const GKE_SHAPES: readonly GpuShape[] = GKE_GPUS.flatMap(shapesOf).filter(({ perNode }) => perNode.length > 0);
