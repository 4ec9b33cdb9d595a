import type { Cost } from "../../contract/preview.ts";
import type { GpuPool, Wish } from "../../contract/wish.ts";
import type { MadePool } from "../../jobs/index.ts";
import type { PoolNow } from "../cloud/pools.ts";
import { cost } from "./cost.ts";
import type { Live } from "./live.ts";
import type { Price } from "./prices.ts";

/** Dollars an hour, null where they are not known; `note`: `list, on demand`, `about, spot`, or why there is none. */
type NodePrice = Pick<Price, "perHour" | "note">;

/** What a cluster costs as its pools are now, in dollars an hour. */
export interface CostNow {
  readonly hour: number;
  /** One more node of the GPU pool; undefined where there is no such pool. */
  readonly gpuNode: NodePrice | undefined;
  /** A line has no price, a pool of the wish was not told, or a pool does not tell how many nodes it has: it costs more. */
  readonly complete: boolean;
  readonly lines: Cost["lines"];
  readonly notIncluded: readonly string[];
  readonly pools: readonly PoolNow[];
}

/** `today` is an ISO day. A pool that is not the wish's CPU or GPU pool is not priced, and `complete` says so. */
export function costNow(wish: Wish, pools: readonly PoolNow[], live: Live, today: string): CostNow {
  const { where } = wish;
  const at = (nodes?: number): Wish =>
    where === "local" ? wish : { ...wish, [where]: { ...wish[where], ...poolsOf(wish[where], pools, nodes) } };
  const now = at();
  const gpuNode = gpuNodePrice(at(1), live, today);
  const { lines, hour, complete, notIncluded } = cost(now, live, today);
  const wanted = where === "local" ? [] : ["cpu", ...(wish[where].gpu === null ? [] : ["gpu"])];
  const told =
    wanted.every((want) => pools.some(({ name }) => name === want)) &&
    pools.every(({ name, desired }) => desired !== undefined && /^(cpu|gpu)$/.test(name));
  return { hour: hour.most, gpuNode, complete: complete && told, lines, notIncluded, pools };
}

/** What one node of the wish's GPU pool costs; undefined where there is no such pool. */
export function gpuNodePrice(wish: Wish, live: Live, today: string): NodePrice | undefined {
  const { where } = wish;
  if (where === "local" || wish[where].gpu === null) return undefined;
  const one = { ...wish, [where]: { ...wish[where], gpu: { ...wish[where].gpu, maxNodes: 1 } } };
  const lines = cost(one, live, today).lines.filter(({ what }) => what.startsWith("GPU pool"));
  const unknown = lines.find(({ most }) => most === null);
  const note = (unknown ?? lines[0])?.note ?? "";
  return { perHour: unknown === undefined ? lines.reduce((sum, { most }) => sum + (most ?? 0), 0) : null, note };
}

/** The wish's GPU pool as a launch needs to know it; undefined where there is none. */
export function gpuPoolOf(wish: Wish, live: Live, today: string): MadePool | undefined {
  const pool = wish.where === "local" ? null : wish[wish.where].gpu;
  if (pool === null) return undefined;
  const { perNode, maxNodes: mostNodes } = pool;
  // An EKS node group has as many nodes as somebody sets (media/terraform/eks).
  const scalesItself = wish.where === "gke";
  return { perNode, mostNodes, scalesItself, perHour: gpuNodePrice(wish, live, today)?.perHour ?? undefined };
}

/** The pools of the wish with as many nodes as there are, or `gpuNodes` in the GPU pool; the fullest and the emptiest are the same then. */
function poolsOf(
  wish: Wish["gke"] | Wish["eks"],
  pools: readonly PoolNow[],
  gpuNodes?: number,
): Pick<Wish["gke"], "cpu" | "gpu"> {
  const named = (name: string): PoolNow | undefined => pools.find((pool) => pool.name === name);
  const [cpu, gpu] = [named("cpu"), named("gpu")];
  const nodes = cpu?.desired ?? 0;
  const pool: GpuPool | null =
    wish.gpu === null || gpu === undefined
      ? null
      : {
          ...wish.gpu,
          machine: gpu.machines[0] ?? wish.gpu.machine,
          spot: gpu.spot,
          maxNodes: gpuNodes ?? gpu.desired ?? 0,
        };
  return { cpu: { machine: cpu?.machines[0] ?? wish.cpu.machine, nodes, maxNodes: nodes }, gpu: pool };
}
