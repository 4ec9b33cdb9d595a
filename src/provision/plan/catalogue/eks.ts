// EC2 instance types with NVIDIA GPUs that the AL2023 NVIDIA images of EKS support.
import { type Gpu, type GpuShape, type Machine, places, type Source, table } from "./shapes.ts";

export const EKS_SOURCES = {
  /** named_resources_aws.py; g6, gr6, p5.4xlarge and p6 from public lists that are not the vendor's. */
  machines: { name: "meta-pytorch/torchx named_resources_aws.py", date: "" },
  /** Regions that need no opt-in, by general knowledge; which of them offer an instance type only AWS can say. */
  regions: { name: "AWS regions without opt-in", date: "" },
} as const satisfies Record<string, Source>;

export const EKS_REGIONS: readonly string[] = places(
  "us-east-{1,2} us-west-{1,2} ca-central-1 sa-east-1 eu-central-1 eu-west-{1,2,3} eu-north-1 ap-northeast-{1,2,3} ap-southeast-{1,2} ap-south-1",
);

export const EKS_GPUS: readonly Gpu[] = [
  { name: "L4", label: "L4", class: "L4", memory: 24 },
  { name: "T4", label: "T4", class: "T4", memory: 16 },
  { name: "A10G", label: "A10G", class: "A10G", memory: 24 },
  { name: "L40S", label: "L40S", class: "L40S", memory: 48 },
  { name: "V100", label: "V100", class: "V100", memory: 16 },
  { name: "V100-32GB", label: "V100 32 GB", class: "V100", memory: 32 },
  { name: "A100", label: "A100 40 GB", class: "A100", memory: 40 },
  { name: "A100-80GB", label: "A100 80 GB", class: "A100", memory: 80 },
  { name: "H100", label: "H100", class: "H100", memory: 80 },
  { name: "H200", label: "H200", class: "H200", memory: 141 },
  { name: "B200", label: "B200", class: "B200", memory: 180 },
];

/** Instance type, vCPUs, GiB, GPU, GPUs, dollars an hour on demand in us-east-1 (`-` where none is known). */
const WITH_GPUS = `
  g4dn.xlarge        4   16 T4        1 0.526         g4dn.2xlarge       8   32 T4        1 0.752
  g4dn.4xlarge      16   64 T4        1 1.204         g4dn.8xlarge      32  128 T4        1 2.176
  g4dn.16xlarge     64  256 T4        1 4.352         g4dn.12xlarge     48  192 T4        4 3.912
  g4dn.metal        96  384 T4        8 7.824         g5.xlarge          4   16 A10G      1 1.006
  g5.2xlarge         8   32 A10G      1 1.212         g5.4xlarge        16   64 A10G      1 1.624
  g5.8xlarge        32  128 A10G      1 2.448         g5.16xlarge       64  256 A10G      1 4.096
  g5.12xlarge       48  192 A10G      4 5.672         g5.24xlarge       96  384 A10G      4 8.144
  g5.48xlarge      192  768 A10G      8 16.288        g6.xlarge          4   16 L4        1 0.8048
  g6.2xlarge         8   32 L4        1 0.9776        g6.4xlarge        16   64 L4        1 1.3232
  g6.8xlarge        32  128 L4        1 2.0144        g6.16xlarge       64  256 L4        1 3.3968
  g6.12xlarge       48  192 L4        4 4.6016        g6.24xlarge       96  384 L4        4 6.6752
  g6.48xlarge      192  768 L4        8 13.3504       gr6.4xlarge       16  128 L4        1 1.5392
  gr6.8xlarge       32  256 L4        1 2.4464        g6e.xlarge         4   32 L40S      1 1.861
  g6e.2xlarge        8   64 L40S      1 2.24208       g6e.4xlarge       16  128 L40S      1 3.00424
  g6e.8xlarge       32  256 L40S      1 4.52856       g6e.16xlarge      64  512 L40S      1 7.57719
  g6e.12xlarge      48  384 L40S      4 10.49264      g6e.24xlarge      96  768 L40S      4 15.06559
  g6e.48xlarge     192 1536 L40S      8 30.13118      p3.2xlarge         8   61 V100      1 3.06
  p3.8xlarge        32  244 V100      4 12.24         p3.16xlarge       64  488 V100      8 24.48
  p3dn.24xlarge     96  768 V100-32GB 8 31.212        p4d.24xlarge      96 1152 A100      8 21.957642
  p4de.24xlarge     96 1152 A100-80GB 8 27.44705      p5.4xlarge        16  256 H100      1 6.88
  p5.48xlarge      192 2048 H100      8 55.04         p5e.48xlarge     192 2048 H200      8 -
  p5en.48xlarge    192 2048 H200      8 63.296        p6-b200.48xlarge 192 2048 B200      8 113.9328`;

/** The same without GPUs. */
const CPU = `
  m5.large    2  8 0.096                              m5.xlarge   4 16 0.192
  m5.2xlarge  8 32 0.384                              m6i.xlarge  4 16 0.192
  m7i.xlarge  4 16 0.2016                             t3.xlarge   4 16 0.1664
  m5.4xlarge 16 64 0.768                              m5.8xlarge 32 128 1.536
  m5.12xlarge 48 192 2.304                            m5.16xlarge 64 256 3.072
  m5.24xlarge 96 384 4.608`;

/** Why an instance type that exists is not offered. Arm: a generation followed by `g`, as in m7g, c6gn, g5g; and a1. */
export const EKS_LEFT_OUT: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^(a1|[a-z]+\d+g[a-z]*|p6e-gb200)\./, "it has Arm processors, and the images of Kubeflow are made for amd64"],
  [/^gr?6f\./, "it bears a fraction of a GPU"],
];

const machine = ([name = "", vcpus = "0", memory = "0"]: readonly string[]): Machine => ({
  ...{ name, vcpus: Number(vcpus), memory: Number(memory) },
});

/** Machine types for the CPU pool that the catalogue has a price for. */
export const EKS_CPU_MACHINES: readonly Machine[] = table(CPU, 4).map(machine);

/** Every instance type that the catalogue knows, by name. */
export const EKS_MACHINES: ReadonlyMap<string, Machine> = new Map(
  [...EKS_CPU_MACHINES, ...table(WITH_GPUS, 6).map(machine)].map((of) => [of.name, of]),
);

/** Every GPU node of EKS. Where a type is offered is AWS's to say (`describe-instance-type-offerings`). */
export const EKS_SHAPES: readonly GpuShape[] = table(WITH_GPUS, 6).map(([name = "", , , gpu = "", count = "0"]) => ({
  ...{ gpu, machine: name, perNode: [Number(count)], regions: undefined, spotOnly: false },
}));

/** Dollars an hour on demand in us-east-1, Linux, by instance type. */
export const EKS_PRICES: ReadonlyMap<string, number> = new Map(
  [...table(CPU, 4), ...table(WITH_GPUS, 6)].flatMap((row) => {
    const [name = "", price = "-"] = [row[0], row.at(-1)];
    return price === "-" ? [] : [[name, Number(price)] as const];
  }),
);

/**
 * Quotas of EC2 in vCPUs, by family: on demand, spot. The codes stand in AWS's console and in `aws service-quotas
 * list-service-quotas --service-code ec2`. P5 and newer have a spot quota of their own.
 */
const QUOTAS: readonly (readonly [family: RegExp, onDemand: string, spot: string])[] = [
  [/^(?:g|gr|vt)\d/, "L-DB2E81BA", "L-3819A6DF"],
  [/^p[234]/, "L-417A185B", "L-7212CCBC"],
  [/^p\d/, "L-417A185B", "L-C4BD4855"],
  [/^[acdhimrtz]\d/, "L-1216C47A", "L-34B43A08"],
];

/** Code of the quota that counts the machine; undefined where it is not known. */
export function ec2Quota(machine: string, spot: boolean): string | undefined {
  return QUOTAS.find(([family]) => family.test(machine))?.[spot ? 2 : 1];
}
