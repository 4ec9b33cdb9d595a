// Wishes for tests and benchmarks: anything that the schema lets through, and such as a person would make.
import fc from "fast-check";
import { LOCAL_TOOLS, type Wish, WHERES } from "../../../contract/wish.ts";
import { EKS_CPU_MACHINES, EKS_REGIONS } from "../catalogue/eks.ts";
import { GKE_CPU_MACHINES, GKE_REGIONS } from "../catalogue/gke.ts";
import type { Cloud } from "../catalogue/shapes.ts";
import { EKS_VERSIONS, gpusOf, legalGpuShapes } from "../limits.ts";

type Strings = fc.Arbitrary<string>;

/** One of what a list offers, or any text at all. */
function oneOrAny(of: readonly string[], maxLength: number): Strings {
  const any = fc.oneof(
    fc.string({ maxLength }),
    fc.string({ unit: "binary", maxLength }).map((text) => text.slice(0, maxLength)),
  );
  return fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...of) }, { weight: 1, arbitrary: any });
}

const count = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 9 }) }, fc.integer({ min: 0, max: 100_000 }));

function pools(cloud: Cloud) {
  const machines = (cloud === "gke" ? GKE_CPU_MACHINES : EKS_CPU_MACHINES).map(({ name }) => name);
  const shapes = legalGpuShapes(cloud);
  const cpu = fc.record({ machine: oneOrAny(machines, 60), nodes: count, maxNodes: count });
  const legal = fc.constantFrom(...shapes).chain((shape) =>
    fc.record({
      ...{ gpu: fc.constant(shape.gpu), machine: fc.constant(shape.machine) },
      ...{ perNode: fc.constantFrom(...shape.perNode), maxNodes: fc.integer({ min: 1, max: 20 }), spot: fc.boolean() },
    }),
  );
  const any = fc.record({
    gpu: oneOrAny(
      gpusOf(cloud).map(({ name }) => name),
      60,
    ),
    machine: oneOrAny(
      shapes.map(({ machine }) => machine),
      60,
    ),
    ...{ perNode: count, maxNodes: count, spot: fc.boolean() },
  });
  return { cpu, gpu: fc.oneof(fc.constant(null), legal, any) };
}

const networks = (maxLength: number) =>
  fc.array(
    fc.oneof(
      fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([address, bits]) => `${address}/${bits}`),
      fc.constantFrom("203.0.113.7/32", "0.0.0.0/0", "10.0.0.0/16", "198.51.100.0/24", ""),
      fc.string({ maxLength: 20 }),
    ),
    { maxLength },
  );

const gke = fc.oneof(fc.constantFrom(...GKE_REGIONS), fc.string({ maxLength: 40 })).chain((region) =>
  fc.record({
    project: oneOrAny(["ml-team-42", "", "example.com:old-project"], 64),
    region: fc.constant(region),
    zones: fc.array(
      oneOrAny(
        ["a", "b", "c", "f"].map((end) => `${region.slice(0, 38)}-${end}`),
        80,
      ),
      { maxLength: 10 },
    ),
    ...pools("gke"),
    authorizedNetworks: networks(50),
    protect: fc.boolean(),
  }),
);

const eks = fc.record({
  profile: oneOrAny(["", "default", "ml"], 128),
  region: oneOrAny(EKS_REGIONS, 40),
  version: oneOrAny(
    EKS_VERSIONS.map(({ version }) => version),
    10,
  ),
  ...pools("eks"),
  authorizedNetworks: networks(40),
});

const local = fc.record({
  tool: fc.constantFrom(...LOCAL_TOOLS),
  version: oneOrAny(["", "1.35", "1.35.2"], 20),
  ...{ cpus: count, memoryGiB: count, diskGiB: count, gpus: fc.boolean(), registry: fc.boolean() },
  volume: oneOrAny(["", "/home/someone/data", "C:\\data"], 1_000),
});

const state = fc.oneof(
  fc.constant({ kind: "unset" as const }),
  fc.constant({ kind: "mine" as const }),
  fc.record({
    kind: fc.constant("shared" as const),
    bucket: oneOrAny(["ml-team-tf", "goog-x", "a..b"], 63),
    prefix: oneOrAny(["", "trainyard/one"], 200),
  }),
);

const ids = fc.array(oneOrAny(["trainer", "katib", "hub"], 40), { maxLength: 4 });

const kubeflow = fc.record({
  profile: oneOrAny(["", "training", "full", "parts"], 40),
  people: fc.array(oneOrAny(["me@example.com", "you@example.com"], 60), { maxLength: 3 }),
  quota: fc.record({ cpu: count, memoryGiB: count, gpus: count }),
  ...{ components: ids, adopt: ids, sample: fc.boolean() },
  folder: oneOrAny(["", "/srv/kubeflow"], 1_000),
  storageClass: oneOrAny(["", "standard-rwo"], 60),
});

/** Any wish of the schema; most of it such as a form would hold. */
export const anyWish: fc.Arbitrary<Wish> = fc.record({
  where: fc.constantFrom(...WHERES),
  name: oneOrAny(["kubeflow-01", "ml", "Team_A", "a-name-of-more-than-24-characters"], 100),
  ...{ state, gke, eks, local, kubeflow },
});
