import type { GpuPool, Wish } from "../../contract/wish.ts";
import type { Cloud } from "./catalogue/shapes.ts";
import { nearest } from "./compare.ts";
import type { Live } from "./live.ts";
import { offered, shapeOf, shapesOf } from "./pools.ts";
import { machineOf } from "./prices.ts";
import { zonesFor } from "./rules/clouds.ts";

/** A GPU node smaller than this has no room beside its GPU's work. */
const FEWEST_VCPUS = 4;

/**
 * The wish with what a changed answer drags along: another GPU brings a machine type of its own, another machine type
 * its count, another region its zones. What a person typed stays, right or wrong; so does all that is still right.
 */
export function followed(before: Wish, after: Wish, live: Live): Wish {
  const cloud = after.where;
  if (cloud === "local" || before.where !== cloud) return after;
  const wish = { ...after, [cloud]: { ...after[cloud], gpu: followedPool(cloud, before[cloud].gpu, after, live) } };
  if (cloud === "eks" || !zonesMoved(before, wish)) return wish;
  const { zones } = zonesFor(wish.gke, live);
  const kept = zones.filter((zone) => wish.gke.zones.includes(zone));
  return zones.length === 0 || kept.length > 0
    ? { ...wish, gke: { ...wish.gke, ...(kept.length > 0 && { zones: kept }) } }
    : { ...wish, gke: { ...wish.gke, zones: zones.slice(0, 3) } };
}

function zonesMoved(before: Wish, after: Wish): boolean {
  return before.gke.region !== after.gke.region || before.gke.gpu?.machine !== after.gke.gpu?.machine;
}

function followedPool(cloud: Cloud, before: GpuPool | null, after: Wish, live: Live): GpuPool | null {
  const { gpu: pool, region } = after[cloud];
  if (pool === null || before === null) return pool;
  let { machine, perNode, spot } = pool;
  if (pool.gpu !== before.gpu && shapeOf(cloud, pool.gpu, machine) === undefined) {
    const shapes = shapesOf(cloud, pool.gpu).filter((shape) => offered(shape, cloud, region, live) !== false);
    const roomy = shapes.filter((shape) => (machineOf(cloud, shape.machine)?.vcpus ?? 0) >= FEWEST_VCPUS);
    machine = (roomy.find((shape) => shape.perNode.includes(perNode)) ?? roomy[0] ?? shapes[0])?.machine ?? machine;
  }
  if (machine === before.machine) return pool;
  const shape = shapeOf(cloud, pool.gpu, machine);
  if (shape === undefined) return pool;
  perNode = shape.perNode.includes(perNode) ? perNode : nearest(shape.perNode, perNode);
  spot ||= shape.spotOnly;
  return { ...pool, machine, perNode, spot };
}
