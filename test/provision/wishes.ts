// Wishes by the thousand: legal ones from the catalogue, and such with one thing changed that may or may not be legal.
import type { Wish } from "../../src/contract/wish.ts";
import { defaultWish } from "../../src/provision/plan/defaults.ts";
import type { Cloud, GpuShape } from "../../src/provision/plan/catalogue/shapes.ts";
import { EKS_CPU_MACHINES, EKS_REGIONS } from "../../src/provision/plan/catalogue/eks.ts";
import { GKE_CPU_MACHINES, GKE_REGIONS } from "../../src/provision/plan/catalogue/gke.ts";
import { legalGpuShapes } from "../../src/provision/plan/limits.ts";

/** A wish of which nothing is wrong: with this GPU node, in this region, on demand where that exists. */
export function wishFor(cloud: Cloud, shape: GpuShape, perNode: number, region: string): Wish {
  const gpu = { gpu: shape.gpu, machine: shape.machine, perNode, maxNodes: 3, spot: shape.spotOnly };
  const wish: Wish = { ...defaultWish(), where: cloud, name: "kubeflow-01", state: { kind: "mine" } };
  return cloud === "gke"
    ? { ...wish, gke: { ...wish.gke, project: "my-project-1", region, zones: [`${region}-a`, `${region}-b`], gpu } }
    : { ...wish, eks: { ...wish.eks, region, gpu } };
}

/** Every legal combination of region, machine type, GPU and count that the catalogue knows. */
export function legalWishes(cloud: Cloud): readonly Wish[] {
  const regions = (shape: GpuShape) => shape.regions ?? EKS_REGIONS;
  return legalGpuShapes(cloud).flatMap((shape) =>
    regions(shape).flatMap((region) => shape.perNode.map((perNode) => wishFor(cloud, shape, perNode, region))),
  );
}

/** `count` wishes for clouds; the same seed gives the same. About half have something changed. */
export function randomWishes(count: number, seed = 1): readonly Wish[] {
  const random = generator(seed);
  const pick = <T>(of: readonly [T, ...T[]] | readonly T[]): T => {
    const item = of[Math.floor(random() * of.length)];
    if (item === undefined) throw new Error("There is nothing to pick from.");
    return item;
  };
  return Array.from({ length: count }, () => {
    const wish = legal(pick(["gke", "eks"]), pick, random);
    return random() < 0.5 ? wish : changed(wish, pick);
  });
}

type Pick = <T>(of: readonly T[]) => T;

function legal(cloud: Cloud, pick: Pick, random: () => number): Wish {
  const shape = pick(legalGpuShapes(cloud));
  const region = pick(shape.regions ?? (cloud === "gke" ? GKE_REGIONS : EKS_REGIONS));
  const wish = wishFor(cloud, shape, pick(shape.perNode), region);
  const nodes = pick([1, 2, 3, 10, 450]);
  const machines = (cloud === "gke" ? GKE_CPU_MACHINES : EKS_CPU_MACHINES).map(({ name }) => name);
  const cpu = { machine: pick(machines), nodes, maxNodes: pick([nodes, 450]) };
  const authorizedNetworks = pick([[], ["203.0.113.7/32"], ["0.0.0.0/0"], ["198.51.100.0/24", "203.0.113.0/24"]]);
  const gpu = random() < 0.2 ? null : { spot: shape.spotOnly || random() < 0.5, maxNodes: pick([1, 3, 450]) };
  const name = pick(["ab", "kubeflow-01", `k${"x".repeat(39)}`]);
  const merged = <T extends Wish["gke"] | Wish["eks"]>(of: T): T => ({
    ...of,
    ...{ cpu, authorizedNetworks, gpu: gpu === null || of.gpu === null ? null : { ...of.gpu, ...gpu } },
  });
  return cloud === "gke" ? { ...wish, name, gke: merged(wish.gke) } : { ...wish, name, eks: merged(wish.eks) };
}

const NAMES = ["", "a", "A-1", "-ab", "ab-", "9a", "a_b", "a".repeat(41), "a".repeat(101), "${path.module}", "a\nb", 'a"b', "%{if}", "ä-b"] as const; // prettier-ignore
const REGIONS = ["", "us-central1", "us-central9", "europe-west12", "us-east-1", "us-gov-west-1", "mars", "us-central1-a"] as const; // prettier-ignore
const MACHINES = ["", "e2", "e2-standard-4", "n2d-standard-4", "c3-standard-4", "g2-standard-4", "t2a-standard-4", "n1-standard-8", "m5.xlarge", "m6g.xlarge", "g5.xlarge", "p3.2xlarge", "c7i-flex.large"] as const; // prettier-ignore
const COUNTS = [0, 1, 2, 3, 4, 5, 8, 16, 449, 450, 451, 100_000] as const;
const NETWORKS = ["", "1.2.3.4", "203.0.113.7/24", "0.0.0.0/0", "1.0.0.0/0", "300.1.1.1/32", "::/0", "01.2.3.4/32", "1.2.3.4/33", "10.0.0.0/8", "10.10.0.0/16", "10.10.1.0/24", "10.99.0.0/16", "172.16.0.0/12", "192.168.1.0/24", "127.0.0.1/32", "8.0.0.0/6", "128.0.0.0/1", "240.0.0.0/4"] as const; // prettier-ignore
const VERSIONS = ["", "1.33", "1.34", "1.35", "1.36", "1.40", "1.4", "latest", "1.35.2"] as const;

/** The wish with one field given another value, right or wrong. */
function changed(wish: Wish, pick: Pick): Wish {
  const gpus = legalGpuShapes(wish.where === "eks" ? "eks" : "gke");
  const { gke } = wish;
  const zones = [[], [`${gke.region}-a`], [`${gke.region}-a`, `${gke.region}-a`], ["us-east4-a"], ["us-central1-c"], [`${gke.region}-aa`], "abcdefghij".split("").map((end) => `${gke.region}-${end}`), "abcdefghijk".split("").map((end) => `${gke.region}-${end}`)]; // prettier-ignore
  const common = <T extends Wish["gke"] | Wish["eks"]>(of: T): readonly (() => T)[] => [
    () => ({ ...of, region: pick(REGIONS) }),
    () => ({ ...of, cpu: { ...of.cpu, machine: pick(MACHINES) } }),
    () => ({ ...of, cpu: { ...of.cpu, nodes: pick(COUNTS) } }),
    () => ({ ...of, cpu: { ...of.cpu, maxNodes: pick(COUNTS) } }),
    () => ({ ...of, authorizedNetworks: [pick(NETWORKS)] }),
    () => ({ ...of, authorizedNetworks: Array.from({ length: pick([40, 41]) }, (_, index) => `203.0.${index}.0/24`) }),
    ...(of.gpu === null
      ? []
      : [
          { perNode: pick(COUNTS) },
          { machine: pick(gpus).machine },
          { machine: pick(MACHINES) },
          { gpu: pick(gpus).gpu },
          { spot: !of.gpu.spot },
          { maxNodes: pick(COUNTS) },
        ].map((change) => () => ({ ...of, gpu: { ...of.gpu, ...change } }))),
  ];
  const named = () => ({ ...wish, name: pick(NAMES) });
  if (wish.where === "eks") {
    const ways = [...common(wish.eks), () => ({ ...wish.eks, version: pick(VERSIONS) })];
    return pick([named, ...ways.map((way) => () => ({ ...wish, eks: way() }))])();
  }
  const ways = [
    ...common(gke),
    () => ({ ...gke, zones: pick(zones) }),
    () => ({
      ...gke,
      project: pick(["", "My-Project", "short", "example.com:my-project-1", "a".repeat(31), "my-project-"]),
    }),
  ];
  return pick([named, ...ways.map((way) => () => ({ ...wish, gke: way() }))])();
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
