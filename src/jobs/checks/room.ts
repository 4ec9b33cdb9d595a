// Whether all pods find room, and what brings a node where they do not.
import { plural } from "../../core/text.ts";
import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import { gangFit, type GangFit } from "../../kubeflow/gangFit.ts";
import { isGpuResource } from "../../kubeflow/gpuNames.ts";
import { PRIORITY_CLASS } from "../../kubeflow/kinds/resources.ts";
import { runtimePod } from "../../kubeflow/kinds/runtime.ts";
import type { Room } from "../../kubeflow/nodeRoom.ts";
import { type Json, number, record, text } from "../../kubeflow/read.ts";
import { podNeeds } from "../manifests/parts.ts";
import { CONFIG_MAPS } from "../types.ts";
import { type Finding, type MadePool, type RoomSite, seen, type Site, untold } from "./finding.ts";
import { gangOf, type RunGang } from "./gang.ts";

/** The nodes that a pod of the run may look at. */
export async function readRoom(site: Site): Promise<Room | undefined> {
  const { client, spec, rooms, anew, signal } = site;
  return rooms.read(client, gpuOf(await gangOf(site)), spec.namespace, signal, anew);
}

/** The GPU that a run asks for. */
export function gpuOf({ asks }: RunGang): string | undefined {
  return Object.keys(asks).find(isGpuResource);
}

export async function checkRoom(site: RoomSite): Promise<readonly Finding[]> {
  const { spec } = site;
  const [gang, room] = await Promise.all([gangOf(site), site.room]);
  const gpu = gpuOf(gang);
  const field = gpu === undefined ? "nodes" : "gpus";
  if (room === undefined) return [untold(field, "Whether there is room now", "list nodes")];
  const bare = gangFit(gang, room.nodes);
  // Only where something is taken that others may have to give.
  const fit = bare.when === "later" ? gangFit({ ...gang, priority: await priorityOf(site) }, room.nodes) : bare;
  const growth =
    fit.when === "now" || fit.when === "preempting" || fit.when === "later"
      ? undefined
      : await growthOf(site, gpu === undefined ? 0 : (gang.asks[gpu] ?? 0));
  return [roomFinding(field, fit, growth, room, spec.needs?.queue)];
}

/** Whose pods the run's may evict. In a queue it is Kueue that evicts, and by a priority of its own. */
async function priorityOf({ client, spec, runtime, signal }: Site): Promise<number | undefined> {
  if (spec.needs?.queue !== undefined) return undefined;
  const its = await runtime;
  const pod = its?.kind === "found" ? runtimePod(its.value).pod : {};
  const name = podNeeds(spec).priorityClassName ?? text(pod["priorityClassName"]);
  const found = await seen(client.list<KubeObject>(PRIORITY_CLASS, { limit: 500, signal }));
  if (found.kind !== "found") return undefined;
  return priorityIn(
    found.value.items.map((one) => ({ name: one.metadata.name, ...record(one) })),
    name,
  );
}

/** Of a class by its name, else of the cluster's default, else 0; none of a class that evicts nobody. Pure. */
export function priorityIn(classes: readonly Json[], wanted: string | undefined): number | undefined {
  const own = classes.find(({ name, globalDefault }) =>
    wanted === undefined ? globalDefault === true : name === wanted,
  );
  if (own === undefined && wanted === undefined) return 0;
  return own?.["preemptionPolicy"] === "Never" ? undefined : number(own?.["value"]);
}

/** What may bring nodes, as far as that is to be seen. */
export interface Growth {
  /** Of a cluster that was made from here, where a node of it has as many GPUs as a pod wants. */
  readonly pool?: MadePool;
  /** `cluster-autoscaler`, `Karpenter`. */
  readonly scalers: readonly string[];
  /** Something that would tell may not be read. */
  readonly isHidden: boolean;
}

const MOST_LINES = 200;

/** Pure. */
export function roomFinding(
  field: "nodes" | "gpus",
  fit: GangFit,
  growth: Growth | undefined,
  { allNodes, allPods }: Pick<Room, "allNodes" | "allPods">,
  queue: string | undefined,
): Finding {
  const { when, words, nodes } = fit;
  const isAlone = growth?.scalers.length === 0 && growth.pool === undefined && !growth.isHidden;
  const isHopeless = when === "never" && allNodes && isAlone && queue === undefined;
  const level = when === "now" ? "ok" : isHopeless ? "problem" : "warning";
  const start = growth?.pool === undefined || growth.pool.scalesItself ? undefined : growth.pool;
  const price = start?.perHour === undefined ? "" : ` ($${start.perHour.toFixed(2)}/h)`;
  const more = [
    ...(growth === undefined ? [] : [growthWords(growth)]),
    ...(allNodes || when === "now" ? [] : ["Not every node was looked at: others may have room."]),
    ...(allPods || when !== "now" ? [] : ["Not every pod may be read: there may be less."]),
    ...(queue === undefined ? [] : [`The queue ${queue} decides when it starts.`]),
  ];
  return {
    ...{ field, level, text: [words, ...more].join(" ") },
    lines:
      nodes.length > MOST_LINES ? [...nodes.slice(0, MOST_LINES), `${nodes.length - MOST_LINES} more nodes`] : nodes,
    ...(level !== "ok" && {
      next:
        start === undefined
          ? { title: "Show Room", what: "show-room" }
          : { title: `Start a GPU Node${price}…`, what: "gpu-node" },
    }),
  };
}

function growthWords({ pool, scalers, isHidden }: Growth): string {
  if (pool?.scalesItself === true) return `The GPU pool may grow by itself, to ${plural(pool.mostNodes, "node")}.`;
  if (scalers.length > 0) return `A pool may grow by itself: the cluster has ${scalers.join(" and ")}.`;
  if (pool !== undefined) return "Nothing starts a node of its GPU pool by itself.";
  return isHidden
    ? "Whether a pool grows by itself cannot be told."
    : "Nothing was found that makes a pool grow by itself.";
}

const NODE_POOLS: ResourceKind = {
  ...{ group: "karpenter.sh", version: "v1", plural: "nodepools", kind: "NodePool", namespaced: false },
};

/** By what the autoscalers leave in a cluster (autoscaler: cluster-autoscaler/clusterstate/utils; karpenter v1 API). */
export async function growthOf(
  { client, gpuPool, signal }: Pick<Site, "client" | "gpuPool" | "signal">,
  gpus: number,
): Promise<Growth> {
  const [pool, status, pools] = await Promise.all([
    gpus === 0 ? undefined : gpuPool?.(),
    seen(client.get(CONFIG_MAPS, "cluster-autoscaler-status", "kube-system", signal)),
    seen(client.list(NODE_POOLS, { limit: 1, signal })),
  ]);
  const hasKarpenter = pools.kind === "found" && pools.value.items.length > 0;
  return {
    ...(pool !== undefined && pool.perNode >= gpus && { pool }),
    scalers: [...(status.kind === "found" ? ["cluster-autoscaler"] : []), ...(hasKarpenter ? ["Karpenter"] : [])],
    isHidden: status.kind === "forbidden" || pools.kind === "forbidden",
  };
}
