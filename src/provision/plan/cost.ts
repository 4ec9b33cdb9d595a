import type { Cost, PriceLine } from "../../contract/preview.ts";
import type { Wish } from "../../contract/wish.ts";
import { CLUSTER_PRICES, GKE_NAT_VMS } from "./catalogue/prices.ts";
import type { Live } from "./live.ts";
import { cloudWish, type CloudWish, gpuLabel, isAttached } from "./pools.ts";
import { ageOf, type Price, priceOf } from "./prices.ts";

/** Hours of a month, as the clouds count it. */
const HOURS = 730;

const NOT_INCLUDED = {
  gke: ["disks", "traffic", "load balancers", "logs and metrics", "taxes"],
  eks: ["disks", "traffic, also through the NAT gateway", "load balancers", "logs", "taxes"],
  local: ["power"],
} as const;

/** What the wish costs, pool empty to full; `today` is an ISO day. A line without a price is in no sum, and `complete` says so. */
export function cost(wish: Wish, live: Live, today: string): Cost {
  const notIncluded = NOT_INCLUDED[wish.where];
  if (wish.where !== "local") return { ...cloudCost(cloudWish(wish, wish.where), live, today), notIncluded };
  const free: PriceLine = {
    ...{ what: "This computer", amount: wish.local.tool, least: 0, most: 0 },
    ...{ note: "nothing is rented", source: "", date: "" },
  };
  return { ...sums([free]), notIncluded };
}

export function cloudCost(of: CloudWish, live: Live, today: string): Omit<Cost, "notIncluded"> {
  return sums([
    line({ what: "Control plane", amount: "1 cluster" }, clusterPrice(of), 1, 1, today),
    ...poolLines(of, live, today),
    ...wayOut(of, live, today),
  ]);
}

function sums(lines: readonly PriceLine[]): Omit<Cost, "notIncluded"> {
  const sum = (of: (line: PriceLine) => number | null): number =>
    lines.reduce((total, each) => total + (of(each) ?? 0), 0);
  const hour = { least: sum(({ least }) => least), most: sum(({ most }) => most) };
  return {
    ...{ lines, hour, month: { least: hour.least * HOURS, most: hour.most * HOURS } },
    complete: lines.every(({ most }) => most !== null),
  };
}

function line(
  words: Pick<PriceLine, "what" | "amount">,
  price: Price,
  least: number,
  most: number,
  today: string,
): PriceLine {
  const age = ageOf(price.date, today);
  const { perHour, note, source, date } = price;
  return {
    ...words,
    least: perHour === null ? null : perHour * least,
    most: perHour === null ? null : perHour * most,
    ...{ note, source, date },
    ...(age !== undefined && { age }),
  };
}

function clusterPrice({ cloud }: CloudWish): Price {
  const { onDemand, source } = CLUSTER_PRICES[cloud];
  const note = source.date === "" ? "list, undated" : "list";
  return { perHour: onDemand, note, source: source.name, date: source.date };
}

function poolLines({ cloud, region, cpu, gpu }: CloudWish, live: Live, today: string): readonly PriceLine[] {
  const most = Math.max(cpu.nodes, cpu.maxNodes);
  const words = { what: "CPU pool", amount: `${range(cpu.nodes, most)} × ${cpu.machine}` };
  const price = priceOf({ cloud, region, machine: cpu.machine, spot: false }, live);
  const lines = [line(words, price, cpu.nodes, most, today)];
  if (gpu === null) return lines;
  const { machine, perNode, maxNodes, spot } = gpu;
  const nodes = range(0, maxNodes);
  const host = priceOf({ cloud, region, machine, spot }, live);
  const attached = isAttached(cloud, machine);
  const what = attached ? "GPU pool, machines" : "GPU pool";
  lines.push(line({ what, amount: `${nodes} × ${machine}` }, host, 0, maxNodes, today));
  if (!attached) return lines;
  const each = priceOf({ cloud, region, machine, gpu: gpu.gpu, spot }, live);
  const amount = `${nodes} × ${perNode} ${gpuLabel(cloud, gpu.gpu)}`;
  return [...lines, line({ what: "GPU pool, GPUs", amount }, each, 0, maxNodes * perNode, today)];
}

/** Private nodes reach the internet through NAT. */
function wayOut({ cloud, region, cpu, gpu }: CloudWish, live: Live, today: string): readonly PriceLine[] {
  const fixed = (machine: string): Price => {
    const price = priceOf({ cloud, region, machine, spot: false }, live);
    return { ...price, note: price.note.replace("list, on demand", "list") };
  };
  const vms = (nodes: number): number => (cloud === "gke" ? Math.min(nodes, GKE_NAT_VMS) : 1);
  const [least, most] = [vms(cpu.nodes), vms(Math.max(cpu.nodes, cpu.maxNodes) + (gpu?.maxNodes ?? 0))];
  const nat =
    cloud === "gke"
      ? { what: "Cloud NAT", amount: `${range(least, most)} VMs` }
      : { what: "NAT gateway", amount: "1 gateway" };
  return [
    line(nat, fixed("nat"), least, most, today),
    line({ what: "Public address", amount: "1 of the NAT" }, fixed("nat-address"), 1, 1, today),
  ];
}

/** `3`, `3…5` */
function range(least: number, most: number): string {
  return least === most ? String(least) : `${least}…${most}`;
}
