import assert from "node:assert/strict";
import type { Wish } from "../../contract/wish.ts";
import { EKS_SHAPES } from "./catalogue/eks.ts";
import { GKE_GPUS, GKE_MACHINES, GKE_SHAPES, gkeBootDisk } from "./catalogue/gke.ts";
import type { Cloud } from "./catalogue/shapes.ts";
import { defaultWish } from "./defaults.ts";
import { legalGpuShapes } from "./limits.ts";
import { findings } from "./rules.ts";

// The truth of this file is written down a second time, by hand, from the published tables: it shares nothing with the
// catalogue but the names of regions.

/** GPUs on N1: count, most vCPUs, most GB. */
const N1: Readonly<Record<string, readonly (readonly [number, number, number])[]>> = {
  "nvidia-tesla-t4": [[1, 48, 312], [2, 48, 312], [4, 96, 624]], // prettier-ignore
  "nvidia-tesla-p4": [[1, 24, 156], [2, 48, 312], [4, 96, 624]], // prettier-ignore
  "nvidia-tesla-p100": [[1, 16, 104], [2, 32, 208], [4, 96, 624]], // prettier-ignore
  "nvidia-tesla-v100": [[1, 12, 78], [2, 24, 156], [4, 48, 312], [8, 96, 624]], // prettier-ignore
};
const N1_GB: Readonly<Record<string, number>> = { standard: 3.75, highmem: 6.5, highcpu: 0.9 };

/** Machines that bear their GPUs: how many. */
const BEARING: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "nvidia-l4": {
    ...{ "g2-standard-4": 1, "g2-standard-8": 1, "g2-standard-12": 1, "g2-standard-16": 1, "g2-standard-24": 2 },
    ...{ "g2-standard-32": 1, "g2-standard-48": 4, "g2-standard-96": 8 },
  },
  "nvidia-rtx-pro-6000": { "g4-standard-48": 1, "g4-standard-96": 2, "g4-standard-192": 4, "g4-standard-384": 8 },
  "nvidia-tesla-a100": {
    ...{ "a2-highgpu-1g": 1, "a2-highgpu-2g": 2, "a2-highgpu-4g": 4, "a2-highgpu-8g": 8, "a2-megagpu-16g": 16 },
  },
  "nvidia-a100-80gb": { "a2-ultragpu-1g": 1, "a2-ultragpu-2g": 2, "a2-ultragpu-4g": 4, "a2-ultragpu-8g": 8 },
  "nvidia-h100-80gb": { "a3-highgpu-1g": 1, "a3-highgpu-2g": 2, "a3-highgpu-4g": 4, "a3-highgpu-8g": 8 },
  "nvidia-h100-mega-80gb": { "a3-megagpu-8g": 8 },
  "nvidia-h200-141gb": { "a3-ultragpu-8g": 8 },
  "nvidia-b200": { "a4-highgpu-8g": 8 },
};

/** Numbers of regions that list the accelerator and its machine types. */
const REGION_COUNTS: Readonly<Record<string, number>> = {
  ...{ "nvidia-tesla-t4": 23, "nvidia-l4": 18, "nvidia-rtx-pro-6000": 21, "nvidia-tesla-a100": 10 },
  ...{ "nvidia-a100-80gb": 5, "nvidia-h100-80gb": 18, "nvidia-h100-mega-80gb": 13, "nvidia-h200-141gb": 9 },
  ...{ "nvidia-b200": 11, "nvidia-tesla-v100": 5, "nvidia-tesla-p100": 7, "nvidia-tesla-p4": 7 },
};

function truthOfGke(gpu: string, machine: string): readonly number[] {
  const sizes = /^n1-(standard|highmem|highcpu)-(\d+)$/.exec(machine);
  if (sizes === null) return [BEARING[gpu]?.[machine] ?? []].flat();
  const vcpus = Number(sizes[2]);
  const memory = vcpus * (N1_GB[sizes[1] ?? ""] ?? 0);
  return (N1[gpu] ?? []).filter(([, cpus, gb]) => vcpus <= cpus && memory <= gb).map(([count]) => count);
}

/** Instance types of EKS by GPU, as `machine count`. */
const EKS_TRUTH: Readonly<Record<string, string>> = {
  T4: "g4dn.xlarge 1 g4dn.2xlarge 1 g4dn.4xlarge 1 g4dn.8xlarge 1 g4dn.16xlarge 1 g4dn.12xlarge 4 g4dn.metal 8",
  A10G: "g5.xlarge 1 g5.2xlarge 1 g5.4xlarge 1 g5.8xlarge 1 g5.16xlarge 1 g5.12xlarge 4 g5.24xlarge 4 g5.48xlarge 8",
  L4: "g6.xlarge 1 g6.2xlarge 1 g6.4xlarge 1 g6.8xlarge 1 g6.16xlarge 1 g6.12xlarge 4 g6.24xlarge 4 g6.48xlarge 8 gr6.4xlarge 1 gr6.8xlarge 1",
  L40S: "g6e.xlarge 1 g6e.2xlarge 1 g6e.4xlarge 1 g6e.8xlarge 1 g6e.16xlarge 1 g6e.12xlarge 4 g6e.24xlarge 4 g6e.48xlarge 8",
  V100: "p3.2xlarge 1 p3.8xlarge 4 p3.16xlarge 8",
  "V100-32GB": "p3dn.24xlarge 8",
  A100: "p4d.24xlarge 8",
  "A100-80GB": "p4de.24xlarge 8",
  H100: "p5.4xlarge 1 p5.48xlarge 8",
  H200: "p5e.48xlarge 8 p5en.48xlarge 8",
  B200: "p6-b200.48xlarge 8",
};

function truthOfEks(gpu: string, machine: string): readonly number[] {
  const words = EKS_TRUTH[gpu]?.split(" ") ?? [];
  const at = words.indexOf(machine);
  return at === -1 ? [] : [Number(words[at + 1])];
}

const COUNTS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 32];
const SPOT_ONLY = ["a3-highgpu-1g", "a3-highgpu-2g", "a3-highgpu-4g"];

function withGpu(cloud: Cloud, region: string, gpu: string, machine: string, perNode: number, spot: boolean): Wish {
  const wish: Wish = { ...defaultWish(), where: cloud, state: { kind: "mine" } };
  const pool = { gpu, machine, perNode, maxNodes: 2, spot };
  const gke = { ...wish.gke, project: "ml-team-42", region, zones: [`${region}-a`], gpu: pool };
  return cloud === "gke" ? { ...wish, gke } : { ...wish, eks: { ...wish.eks, region, gpu: pool } };
}

function refused(wish: Wish): boolean {
  return findings(wish, {}).some(({ severity }) => severity === "error");
}

/** Every (region, machine, GPU, count) of the cloud, and whether it is legal. */
function* table(cloud: Cloud, regions: readonly string[], spot: boolean) {
  const shapes = legalGpuShapes(cloud);
  const machines = [...new Set(shapes.map(({ machine }) => machine)), "a4x-highgpu-4g", "g6f.xlarge", "g5g.xlarge"];
  for (const gpu of new Set(shapes.map((shape) => shape.gpu))) {
    for (const machine of machines) {
      const counts = cloud === "gke" ? truthOfGke(gpu, machine) : truthOfEks(gpu, machine);
      const mayBuy = spot || !SPOT_ONLY.includes(machine);
      for (const region of counts.length > 0 ? regions : regions.slice(0, 1)) {
        const there = cloud === "eks" || regionHas(gpu, machine, region);
        for (const count of COUNTS) {
          yield { gpu, machine, region, count, legal: mayBuy && there && counts.includes(count) };
        }
      }
    }
  }
}

const MEGAGPU = ["us-central1", "europe-west4", "asia-southeast1"];

function regionHas(gpu: string, machine: string, region: string): boolean {
  if (machine === "a2-megagpu-16g") return MEGAGPU.includes(region);
  if (machine === "g4-standard-384" && region === "southamerica-east1") return true;
  return GKE_GPUS.find(({ name }) => name === gpu)?.regions.includes(region) ?? false;
}

function bothErrors(cloud: Cloud, regions: readonly string[], spot: boolean) {
  const wrong = { refusals: [] as string[], accepted: [] as string[], legal: 0, illegal: 0 };
  for (const { gpu, machine, region, count, legal } of table(cloud, regions, spot)) {
    const name = `${gpu} × ${count} on ${machine} in ${region}`;
    const no = refused(withGpu(cloud, region, gpu, machine, count, spot));
    wrong[legal ? "legal" : "illegal"]++;
    if (legal && no) wrong.refusals.push(name);
    if (!legal && !no) wrong.accepted.push(name);
  }
  return wrong;
}

describe("the GPU catalogue", () => {
  const regions = [...new Set(GKE_GPUS.flatMap((gpu) => gpu.regions)), "southamerica-east1", "africa-south1"];

  for (const spot of [false, true]) {
    it(`refuses no legal GPU node of GKE and accepts no other, ${spot ? "spot" : "on demand"}`, () => {
      const { refusals, accepted, legal, illegal } = bothErrors("gke", regions, spot);
      assert.deepEqual({ refusals, accepted }, { refusals: [], accepted: [] });
      assert.ok(legal > 1_500 && illegal > 10_000, `${legal} legal, ${illegal} illegal`);
    });

    it(`refuses no legal GPU node of EKS and accepts no other, ${spot ? "spot" : "on demand"}`, () => {
      const { refusals, accepted, legal, illegal } = bothErrors("eks", ["us-east-1", "eu-central-1"], spot);
      assert.deepEqual({ refusals, accepted }, { refusals: [], accepted: [] });
      assert.ok(legal === 88 && illegal > 1_000, `${legal} legal, ${illegal} illegal`);
    });
  }

  it("lists each accelerator in as many regions as the cloud's own list", () => {
    for (const { name, regions: listed } of GKE_GPUS) {
      assert.equal(new Set(listed).size, listed.length, name);
      assert.equal(listed.length, REGION_COUNTS[name], name);
    }
  });

  it("knows zones only of regions that have the accelerator", () => {
    for (const { name, regions: listed, zones } of GKE_GPUS) {
      for (const zone of zones) assert.ok(listed.includes(zone.replace(/-[a-z]$/, "")), `${name} ${zone}`);
    }
  });

  it("knows the size of every machine type that it offers", () => {
    for (const { machine } of GKE_SHAPES) assert.ok((GKE_MACHINES.get(machine)?.vcpus ?? 0) > 0, machine);
    assert.deepEqual(GKE_MACHINES.get("g2-standard-96"), { name: "g2-standard-96", vcpus: 96, memory: 384 });
    assert.deepEqual(GKE_MACHINES.get("n1-highcpu-16"), { name: "n1-highcpu-16", vcpus: 16, memory: 14.4 });
    assert.equal(new Set(EKS_SHAPES.map(({ machine }) => machine)).size, EKS_SHAPES.length);
  });

  it("gives the newest GPU machines the disks that they take", () => {
    assert.equal(gkeBootDisk("g4-standard-48"), "hyperdisk-balanced");
    assert.equal(gkeBootDisk("a3-ultragpu-8g"), "hyperdisk-balanced");
    assert.equal(gkeBootDisk("a3-highgpu-8g"), "pd-balanced");
    assert.equal(gkeBootDisk("n1-standard-4"), "pd-balanced");
  });
});
