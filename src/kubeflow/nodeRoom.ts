// What the nodes of a cluster have left, read once: for a question that is asked before a launch and not watched.
import type { Clock } from "../core/clock.ts";
import type { KubeClient, ListOptions } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import type { KubeObject, ResourceKind } from "../kube/objects.ts";
import type { Amounts, NodeRoom } from "./gangFit.ts";
import { gpuAmounts, quantity } from "./gpuNames.ts";
import { podAsks, podHold, type PodHold, podsOnNode, projectGpuPod, SCHEDULED_PODS } from "./kinds/gpuPod.ts";
import { NODE, projectNode } from "./kinds/node.ts";
import { POD } from "./kinds/resources.ts";
import { list, number, record, text } from "./read.ts";

export interface Room {
  readonly nodes: readonly NodeRoom[];
  /** False where there are too many: others may have room. */
  readonly allNodes: boolean;
  /** False where not every pod may be read, or there are too many: less may be free. */
  readonly allPods: boolean;
  /** What the namespace's pods on these nodes hold; undefined where not all of them were read. */
  readonly own: readonly PodHold[] | undefined;
}

/** What was read is believed for so many ms: a form asks again with every pause in typing. */
const FRESH_MS = 30_000;

/** Room, read at most once in a while from a cluster for the same question. */
export class RoomReader {
  readonly #clock: Clock;
  readonly #kept = new WeakMap<KubeClient, Map<string, { readonly at: number; readonly room: Room | undefined }>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The nodes; with `gpu`, the name of a resource, those alone that have it. Undefined where nodes may not be listed. Where
   * pods may not be read everywhere, those of `namespace` count. `anew` takes nothing of what was read before. Rejects with
   * ApiError, ConnectError or CancelledError.
   */
  async read(
    client: KubeClient,
    gpu: string | undefined,
    namespace: string,
    signal: AbortSignal,
    anew = false,
  ): Promise<Room | undefined> {
    const kept = this.#kept.get(client) ?? new Map<string, never>();
    const at = this.#clock.monotonic();
    for (const [key, read] of kept) if (at - read.at >= FRESH_MS) kept.delete(key);
    const key = JSON.stringify([gpu, namespace]);
    const found = kept.get(key);
    if (found !== undefined && !anew) return found.room;
    const room = await readRoom(client, gpu, namespace, signal);
    this.#kept.set(client, kept.set(key, { at, room }));
    return room;
  }
}

/** Up to so many nodes with GPUs their pods are read by node: the API server has an index for that. */
const MOST_BY_NODE = 20;
const PAGE = 500;
/** Of such pages: a question before a launch is no reason to read 100 MB. */
const MOST_PAGES = 4;

async function readRoom(
  client: KubeClient,
  gpu: string | undefined,
  namespace: string,
  signal: AbortSignal,
): Promise<Room | undefined> {
  const nodes = await unlessForbidden(readAll(client, NODE, { signal }));
  if (nodes === undefined) return undefined;
  const own = nodes.objects.filter((node) => gpu === undefined || (allocatable(node)[gpu] ?? 0) > 0);
  const pods = await readPods(client, gpu === undefined ? undefined : own, namespace, signal);
  const byNode = Map.groupBy(pods.objects, (pod) => text(record(record(pod)["spec"])["nodeName"]) ?? "");
  return {
    nodes: own.map((node) => roomOf(node, byNode.get(node.metadata.name) ?? [])),
    ...{ allNodes: nodes.complete, allPods: pods.complete },
    own:
      pods.isOwn && (gpu === undefined || nodes.complete)
        ? pods.objects.filter(({ metadata }) => metadata.namespace === namespace).map(podHold)
        : undefined,
  };
}

/** Pure. `pods` are those on the node. */
export function roomOf(node: KubeObject, pods: readonly KubeObject[]): NodeRoom {
  const daemons = pods.filter(isDaemon);
  const others = pods.filter((pod) => !isDaemon(pod));
  const held = others.map(holding);
  const holders = others.flatMap((pod) => projectGpuPod(pod)?.name ?? []);
  const taken = sums(daemons.map((pod) => holding(pod).asks));
  const total = Object.entries(allocatable(node)).map(([name, amount]) => [name, amount - (taken[name] ?? 0)] as const);
  return {
    node: projectNode(node),
    labels: node.metadata.labels ?? {},
    taints: list(record(record(node)["spec"])["taints"]).map(({ key, value, effect }) => ({
      ...{ key: text(key) ?? "", value: text(value) ?? "", effect: text(effect) ?? "" },
    })),
    total: Object.fromEntries(total),
    used: sums(held.map(({ asks }) => asks)),
    pods: held,
    holders: [...new Set(holders)],
  };
}

/** A pod that comes with its node, and does not go when others finish. */
function isDaemon({ metadata }: KubeObject): boolean {
  return list(metadata.ownerReferences).some(({ kind }) => kind === "DaemonSet" || kind === "Node");
}

function holding(pod: KubeObject): NodeRoom["pods"][number] {
  const spec = record(record(pod)["spec"]);
  return { priority: number(spec["priority"]) ?? 0, asks: { ...podAsks(spec), pods: 1 } };
}

function sums(all: readonly Amounts[]): Amounts {
  const sum: Record<string, number> = { pods: 0 };
  for (const asks of all) for (const [name, amount] of Object.entries(asks)) sum[name] = (sum[name] ?? 0) + amount;
  return sum;
}

function allocatable(node: KubeObject): Amounts {
  const has = record(record(record(node)["status"])["allocatable"]);
  const amount = (name: string): number => quantity(has[name]) ?? 0;
  return { cpu: amount("cpu"), memory: amount("memory"), pods: amount("pods"), ...gpuAmounts(has) };
}

interface Read {
  readonly objects: readonly KubeObject[];
  readonly complete: boolean;
}

/** Those on `nodes`, or all that have a node. `isOwn`: all of the namespace are among them. */
async function readPods(
  client: KubeClient,
  nodes: readonly KubeObject[] | undefined,
  namespace: string,
  signal: AbortSignal,
): Promise<Read & { readonly isOwn: boolean }> {
  const { fieldSelector = "" } = SCHEDULED_PODS;
  const selectors =
    nodes === undefined || nodes.length > MOST_BY_NODE
      ? [fieldSelector]
      : nodes.map(({ metadata }) => podsOnNode(metadata.name).fieldSelector ?? "");
  const all = await unlessForbidden(
    Promise.all(selectors.map((selector) => readAll(client, POD, { fieldSelector: selector, signal }))),
  );
  if (all !== undefined) {
    const complete = all.every((each) => each.complete);
    return { objects: all.flatMap(({ objects }) => objects), complete, isOwn: complete };
  }
  const own = await unlessForbidden(readAll(client, POD, { namespace, fieldSelector, signal }));
  return { objects: own?.objects ?? [], complete: false, isOwn: own?.complete === true };
}

async function readAll(client: KubeClient, kind: ResourceKind, options: ListOptions): Promise<Read> {
  const objects: KubeObject[] = [];
  let more: { readonly continue?: string } = {};
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await client.list<KubeObject>(kind, { ...options, ...more, limit: PAGE });
    objects.push(...answer.items);
    const next = text(record(record(answer)["metadata"])["continue"]);
    if (next === undefined) return { objects, complete: true };
    more = { continue: next };
  }
  return { objects, complete: false };
}

async function unlessForbidden<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isApiError(error) && error.status === 403) return undefined;
    throw error;
  }
}
