// What a signed-in cloud, or Docker, told of itself. Facts that are bundled give way to it.
import type { Cloud } from "./catalogue/shapes.ts";

/** One price that a cloud's own catalogue gave for a whole machine, or for a cluster. */
export interface LivePrice {
  readonly cloud: Cloud;
  readonly region: string;
  /** Machine type with everything it bears, GPUs included; for GPUs on N1 see `gpu`. `nat`: the way out (on Google Cloud for each VM); `nat-address`: its public address. */
  readonly machine: string;
  /** Accelerator on a machine type that bears none by itself: `nvidia-tesla-t4`; the price is then of one such GPU alone. */
  readonly gpu?: string;
  readonly spot: boolean;
  /** Dollars an hour. */
  readonly perHour: number;
  /** Who says so: `AWS Price List`, `EC2 spot price history`. */
  readonly source: string;
  /** Day of the price, ISO. */
  readonly date: string;
}

export interface LiveCloud {
  /** Projects of Google Cloud, or profiles of AWS. */
  readonly accounts?: readonly { readonly id: string; readonly label: string }[];
  readonly regions?: readonly string[];
  /**
   * Zones that offer what the key names: an accelerator (`nvidia-l4`) or a machine type (`g2-standard-8`,
   * `g5.xlarge`). A key that is there is complete for every region that was asked, see `askedRegions`.
   */
  readonly zones?: Readonly<Record<string, readonly string[]>>;
  /** Regions that `zones` speaks of; what it says of others is nothing. */
  readonly askedRegions?: readonly string[];
  /** Zones of the region that the cluster's network takes; AWS alone. */
  readonly usable?: readonly string[];
  /** Versions of Kubernetes that may be chosen, the default first, with the ISO day on which support ends, "" where it is not told. */
  readonly versions?: readonly { readonly version: string; readonly ends: string }[];
  /** Names of clusters that are there in the region and account of the wish. */
  readonly clusters?: readonly string[];
}

/** What this computer has, by `docker info` where Docker runs the cluster. */
export interface LiveComputer {
  readonly cpus?: number;
  readonly memoryGiB?: number;
  /** Free, where the tool keeps its images. */
  readonly diskGiB?: number;
  /** NVIDIA GPUs that containers can have. */
  readonly gpus?: number;
  readonly platform?: "linux" | "darwin" | "win32";
  /** Names of clusters that the tool has. */
  readonly clusters?: readonly string[];
}

export interface Live {
  readonly gke?: LiveCloud;
  readonly eks?: LiveCloud;
  readonly computer?: LiveComputer;
  readonly prices?: readonly LivePrice[];
}
