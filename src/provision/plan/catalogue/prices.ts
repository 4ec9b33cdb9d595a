// Prices in dollars an hour that come with the extension: Google Cloud in us-central1, AWS in us-east-1, Linux, list.
// Rows that contradict themselves or a dated source are left out: spot at or above on demand, B200 and A100 80 GB of
// SkyPilot, H100 below its dated reading.
import { EKS_PRICES } from "./eks.ts";
import { type Cloud, type Source, table } from "./shapes.ts";

export const PRICE_SOURCES = {
  cyclenerd: { name: "Cyclenerd/google-cloud-pricing-cost-calculator", date: "2026-07-30" },
  billing: { name: "Cloud Billing Catalog, read by tgarg01/silybench-data", date: "2026-09-26" },
  skypilot: { name: "SkyPilot catalog v8", date: "" },
  karpenter: { name: "aws/karpenter-provider-aws pricing table", date: "2026-01-19" },
  gkeFee: { name: "cloud.google.com/kubernetes-engine/pricing", date: "" },
  eksFee: { name: "list price of EKS, general knowledge", date: "" },
  gcpNat: { name: "Google's pages, read by ChiefGyk3D/Clouds-Against-Humanity", date: "2026-10-16" },
  awsVpc: { name: "AWS VPC pricing, transcribed by api-evangelist/amazon-vpc", date: "2026-09-20" },
  sagemaker: { name: "list price named when this comparison was asked for", date: "" },
} as const satisfies Record<string, Source>;

/** Regions that the bundled prices are of. */
export const PRICED_REGION: Readonly<Record<Cloud, string>> = { gke: "us-central1", eks: "us-east-1" };

export interface BundledPrice {
  readonly onDemand: number;
  /** Undefined where no spot price is bundled; AWS has no list of them. */
  readonly spot?: number;
  readonly source: Source;
}

/** Machine, on demand, spot: with GPUs where the machine bears them. */
const GCP = `
  g2-standard-4   0.70683226 0.397336         g2-standard-8   0.85362427 0.479872
  g2-standard-12  1.00041629 0.562408         g2-standard-16  1.1472083  0.644944
  g2-standard-24  2.00083257 1.124816         g2-standard-32  1.73437637 0.975088
  g2-standard-48  4.00166515 2.249632         g2-standard-96  8.0033303  4.499264
  g4-standard-48  4.49993    1.79982          g4-standard-96  8.99986    3.59964
  g4-standard-192 17.99972   7.19928          g4-standard-384 35.99944   14.39856
  a2-highgpu-1g   3.673385   1.92802          a2-highgpu-2g   7.34677    3.85604
  a2-highgpu-4g   14.69354   7.71208          a2-highgpu-8g   29.38708   15.42416
  a2-megagpu-16g  55.739504  29.25568         a2-ultragpu-1g  5.06879789 2.7595463
  a2-ultragpu-2g  10.1375958 5.51909259       a2-ultragpu-4g  20.2751916 11.0381852
  a2-ultragpu-8g  40.5503831 22.0763704       a3-highgpu-2g   22.1225    12.6523852
  a3-highgpu-4g   44.245     25.3047704       a3-highgpu-8g   88.4899999 50.6095408`;

const gcp: readonly (readonly [string, BundledPrice])[] = table(GCP, 3).map(
  ([machine = "", onDemand = "", spot = ""]) => [
    machine,
    { onDemand: Number(onDemand), spot: Number(spot), source: PRICE_SOURCES.cyclenerd },
  ],
);
/** Whole machines, by name; and what a private network's way out costs: `nat` (on Google Cloud for each VM) and `nat-address`. */
export const MACHINE_PRICES: Readonly<Record<Cloud, ReadonlyMap<string, BundledPrice>>> = {
  gke: new Map<string, BundledPrice>([
    ...gcp,
    ["nat", { onDemand: 0.0014, source: PRICE_SOURCES.gcpNat }],
    ["nat-address", { onDemand: 0.005, source: PRICE_SOURCES.gcpNat }],
    ["a3-highgpu-1g", { onDemand: 10.9791, spot: 6.571, source: PRICE_SOURCES.billing }],
    ["a3-ultragpu-8g", { onDemand: 74.49392, spot: 37.2472, source: PRICE_SOURCES.skypilot }],
  ]),
  eks: new Map<string, BundledPrice>([
    ["nat", { onDemand: 0.045, source: PRICE_SOURCES.awsVpc }],
    ["nat-address", { onDemand: 0.005, source: PRICE_SOURCES.awsVpc }],
    ...[...EKS_PRICES].map(([name, onDemand]) => [name, { onDemand, source: PRICE_SOURCES.karpenter }] as const),
  ]),
};

/** Families that are priced by vCPU and GB, on demand and spot: each machine's own row follows from these exactly. */
export const FAMILY_PRICES: ReadonlyMap<string, readonly (readonly [vcpu: number, gb: number])[]> = new Map([
  ["e2", [[0.02181159, 0.00292353], [0.01309, 0.001754]]], // prettier-ignore
  ["n1", [[0.031611, 0.004237], [0.01115, 0.001494]]], // prettier-ignore
  ["n2", [[0.031611, 0.004237], [0.01499, 0.00201]]], // prettier-ignore
  ["n2d", [[0.027502, 0.003686], [0.00796, 0.001067]]], // prettier-ignore
]);

/** One GPU alone, for accelerators that are attached to N1. */
export const GPU_PRICES: ReadonlyMap<string, BundledPrice> = new Map([
  ["nvidia-tesla-t4", { onDemand: 0.35, spot: 0.175, source: PRICE_SOURCES.skypilot }],
  ["nvidia-tesla-v100", { onDemand: 2.48, spot: 1.0885, source: PRICE_SOURCES.skypilot }],
]);

/** Dollars an hour for a cluster's control plane, in every region. */
export const CLUSTER_PRICES: Readonly<Record<Cloud, BundledPrice>> = {
  gke: { onDemand: 0.1, source: PRICE_SOURCES.gkeFee },
  eks: { onDemand: 0.1, source: PRICE_SOURCES.eksFee },
};

/** Cloud NAT is paid for each VM up to this many, and for its address. */
export const GKE_NAT_VMS = 32;

/** Rented notebook instances of SageMaker, by the EC2 type they are made of. */
export const SAGEMAKER_PRICES: ReadonlyMap<string, { readonly perHour: number; readonly source: Source }> = new Map([
  ["p3.2xlarge", { perHour: 3.825, source: PRICE_SOURCES.sagemaker }],
]);
