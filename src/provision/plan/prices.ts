import { EKS_MACHINES } from "./catalogue/eks.ts";
import { GKE_MACHINES } from "./catalogue/gke.ts";
import {
  type BundledPrice,
  FAMILY_PRICES,
  GPU_PRICES,
  MACHINE_PRICES,
  PRICE_SOURCES,
  PRICED_REGION,
} from "./catalogue/prices.ts";
import type { Cloud, Machine } from "./catalogue/shapes.ts";
import type { Live } from "./live.ts";

/** One part of a price: a machine, or the GPUs on it. */
export interface Price {
  /** Dollars an hour; null where no price is known. */
  readonly perHour: number | null;
  /** `list, on demand`, `about, spot`, `no price for this region`, with what else must be known. */
  readonly note: string;
  readonly source: string;
  /** ISO day, "" where there is none. */
  readonly date: string;
}

export interface Priced {
  readonly cloud: Cloud;
  readonly region: string;
  readonly machine: string;
  /** Accelerator that is attached to the machine; without it the price is of the machine as it is sold. */
  readonly gpu?: string;
  readonly spot: boolean;
}

/** A price by whoever knows it best: the cloud itself, then the bundled list, which is of one region. Never a guess. */
export function priceOf(of: Priced, live: Live): Price {
  const onDemand = liveAmount({ ...of, spot: false }, live) ?? bundledAmount({ ...of, spot: false });
  const found = of.spot ? (liveAmount(of, live) ?? bundledAmount(of)) : onDemand;
  // A spot price that saves nothing is a wrong figure, or no reason to choose spot.
  const plausible = found !== undefined && (!of.spot || onDemand === undefined || found.perHour < onDemand.perHour);
  if (plausible) {
    const words = of.spot ? "about, spot" : "list, on demand";
    return { ...found, note: found.date === "" ? `${words}, undated` : words };
  }
  return { perHour: null, note: missing(of, onDemand?.perHour), source: "", date: "" };
}

function missing(of: Priced, onDemand: number | undefined): string {
  if (of.spot && onDemand !== undefined) return `no spot price known; on demand ${dollars(onDemand)}/h list`;
  return bundledAmount({ ...of, spot: false, region: PRICED_REGION[of.cloud] }) !== undefined
    ? `no price for this region: ${NO_LIVE_PRICES[of.cloud]}`
    : "no price recorded";
}

/** Why a region's price is not told by the cloud itself. GCP's list has a number for each product, and none is kept here. */
export const NO_LIVE_PRICES: Readonly<Record<Cloud, string>> = {
  gke: "Google’s price list names no machine types",
  eks: "AWS tells it once you are signed in and have run the checks",
};

interface Amount {
  readonly perHour: number;
  readonly source: string;
  readonly date: string;
}

function liveAmount(of: Priced, live: Live): Amount | undefined {
  const found = live.prices?.find(
    (price) =>
      price.region === of.region &&
      price.cloud === of.cloud &&
      price.spot === of.spot &&
      // An attached GPU costs the same on whichever machine it is.
      (of.gpu === undefined ? price.gpu === undefined && price.machine === of.machine : price.gpu === of.gpu),
  );
  return found !== undefined && Number.isFinite(found.perHour) && found.perHour > 0 ? found : undefined;
}

function bundledAmount(of: Priced): Amount | undefined {
  if (of.region !== PRICED_REGION[of.cloud]) return undefined;
  const row = of.gpu === undefined ? machineRow(of.cloud, of.machine) : GPU_PRICES.get(of.gpu);
  const perHour = of.spot ? row?.spot : row?.onDemand;
  return row === undefined || perHour === undefined
    ? undefined
    : { perHour, source: row.source.name, date: row.source.date };
}

function machineRow(cloud: Cloud, name: string): BundledPrice | undefined {
  const row = MACHINE_PRICES[cloud].get(name);
  if (row !== undefined || cloud === "eks") return row;
  const [onDemand, spot] = FAMILY_PRICES.get(name.split("-", 1)[0] ?? "") ?? [];
  const machine = GKE_MACHINES.get(name);
  if (machine === undefined || onDemand === undefined || spot === undefined) return undefined;
  const sum = ([vcpu, gb]: readonly [number, number]): number => machine.vcpus * vcpu + machine.memory * gb;
  return { onDemand: sum(onDemand), spot: sum(spot), source: PRICE_SOURCES.cyclenerd };
}

export function machineOf(cloud: Cloud, name: string): Machine | undefined {
  return (cloud === "gke" ? GKE_MACHINES : EKS_MACHINES).get(name);
}

/** `$0.50`, `$113.93`; dollars with cents, mills where a list names them (`$3.825`), and more digits below ten cents. */
export function dollars(amount: number): string {
  const mills = Math.round(amount * 1e3);
  if (amount >= 0.1 && mills % 10 !== 0 && Math.abs(amount * 1e3 - mills) < 1e-6) return `$${amount.toFixed(3)}`;
  return `$${amount < 0.1 && amount > 0 ? amount.toPrecision(2) : amount.toFixed(2)}`;
}

/** `2 years old` for a day more than a year before `today` (both ISO days); undefined for younger ones and for "". */
export function ageOf(date: string, today: string): string | undefined {
  const days = (Date.parse(today) - Date.parse(date)) / 86_400_000;
  if (!(days > 365)) return undefined;
  const years = Math.max(1, Math.floor(days / 365.25));
  return years === 1 ? "1 year old" : `${years} years old`;
}
