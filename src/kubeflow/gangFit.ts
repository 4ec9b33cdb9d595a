// Whether all pods of a job find room at the same time: what is known before a launch, and no promise of the scheduler's.
import { label } from "../core/sanitize.ts";
import { plural } from "../core/text.ts";
import { gpuNoun, isGpuResource } from "./gpuNames.ts";
import type { NodeInfo } from "./kinds/node.ts";

/** By resource name: cores, bytes, GPUs, pods. */
export type Amounts = Readonly<Record<string, number>>;

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** As core/v1 has it, where no value stands for the operator Exists, no key for every taint, no effect for every one. */
export type Toleration = Partial<Taint>;

/** Pods that are all alike. */
export interface Gang {
  readonly pods: number;
  /** What each pod asks for. */
  readonly asks: Amounts;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  /** Pods of a lower one may be evicted for it. Undefined where that is not known, or it evicts none. */
  readonly priority?: number | undefined;
}

/** A node with what is left of it. */
export interface NodeRoom {
  readonly node: Pick<NodeInfo, "name" | "ready" | "notReadyWhy" | "unschedulable">;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** What pods may have of it, without what its daemons take. */
  readonly total: Amounts;
  readonly used: Amounts;
  /** What each of those pods has of it. */
  readonly pods: readonly { readonly priority: number; readonly asks: Amounts }[];
  /** Names of who holds GPUs there, ready to be shown. */
  readonly holders: readonly string[];
}

export interface GangFit {
  /**
   * `now`; `preempting`, when pods of a lower priority have been evicted; `later`, when others have finished; `grown`, only if a pool grows (nodes are as large, and too few, or there is
   * none of their sort); `never` with the nodes that there are, for none is as large or lets it in.
   */
  readonly when: "now" | "preempting" | "later" | "grown" | "never";
  /** One sentence. */
  readonly words: string;
  /** A line for each node that has such a resource, with what keeps pods out of it. */
  readonly nodes: readonly string[];
}

type Ask = readonly [resource: string, amount: number];

/** Pure. `nodes` have what is used, as far as the person may see it. */
export function gangFit(gang: Gang, nodes: readonly NodeRoom[]): GangFit {
  const { pods } = gang;
  const asks = inOrder({ ...gang.asks, pods: 1 });
  const gpu = asks.find(([name]) => isGpuResource(name))?.[0];
  const own = gpu === undefined ? nodes : nodes.filter(({ total }) => (total[gpu] ?? 0) > 0);
  const fitting = own.filter((room) => keepsOut(room, gang) === undefined);
  const open = fitting.filter(isOpen);
  const places = (of: typeof freeOf, some = asks): number =>
    open.reduce((sum, room) => sum + placesOn(room, of, some), 0);
  const wants = wantWords(pods, asks);
  const lines = own.map((room) => nodeLine(room, gang, asks));
  const say = (when: GangFit["when"], words: string): GangFit => ({ when, words, nodes: lines });

  if (places(freeOf) >= pods) return say("now", `There is room now for ${wants}.`);
  const ever = places(totalOf);
  if (ever >= pods) {
    const short = asks.find((ask) => places(freeOf, [ask]) < pods)?.[0];
    const why = short === undefined ? "no node has all of it free at once" : freeWords(short, open);
    const evicted = evictions(gang.priority, open, asks, pods - places(freeOf));
    if (evicted !== undefined) {
      const lower = `${plural(evicted, "pod")} of lower priority`;
      return say("preempting", `It fits by preempting ${lower}: it wants ${wants}, and ${why}.`);
    }
    return say("later", `It waits until others have finished: it wants ${wants}, and ${why}.`);
  }
  if (own.length === 0)
    return say("grown", `It waits for a node: ${gpu === undefined ? "the cluster has none" : NO_GPU} now.`);
  if (fitting.length === 0) return say(...noneFits(own, gang));
  const large = asks.find(([name, amount]) => fitting.every((room) => totalOf(room, name) + ROUNDING < amount));
  if (large !== undefined) {
    const [name, amount] = large;
    const most = Math.max(0, ...fitting.map((room) => totalOf(room, name)));
    const largest = `the largest has ${count(name, most)}`;
    return say("never", `It finds no place: it wants ${amountWords(name, amount)} on one node, and ${largest}.`);
  }
  if (fitting.every((room) => placesOn(room, totalOf, asks) === 0))
    return say("never", `It finds no place: it wants ${wants}, and no node has all of that.`);
  const rooms = ever === 0 ? "no node that takes pods has them" : `the nodes have room for ${ever} of ${pods} pods`;
  return say("grown", `It waits until a pool grows: it wants ${wants}, and ${rooms}.`);
}

/**
 * How many pods of a lower priority have to go until so many `more` pods find room, on the nodes where it takes the fewest.
 * On a node all of them would go, and come back, the highest first, as far as there is room (kubernetes
 * pkg/scheduler/framework/plugins/defaultpreemption). Undefined where it is not enough when all are gone.
 */
function evictions(
  priority: number | undefined,
  open: readonly NodeRoom[],
  asks: readonly Ask[],
  more: number,
): number | undefined {
  if (priority === undefined) return undefined;
  // The fewest for so many more places, over the nodes so far. One that has to go may make room for several at once.
  const fewest = [0, ...Array.from({ length: more }, () => Infinity)];
  for (const room of open) {
    const lower = room.pods.filter((pod) => pod.priority < priority).sort((a, b) => b.priority - a.priority);
    const places = (used: Amounts): number => placesOn({ ...room, used }, freeOf, asks);
    const empty = lower.reduce((used, pod) => plus(used, pod.asks, -1), room.used);
    const now = places(room.used);
    const victims = Array.from({ length: Math.min(places(empty) - now, more) }, (_, index) => {
      let used = empty;
      return lower.filter((pod) => {
        const back = plus(used, pod.asks, 1);
        if (places(back) <= now + index) return true;
        used = back;
        return false;
      }).length;
    });
    for (let all = more; all > 0; all--)
      for (const [index, count] of victims.slice(0, all).entries())
        fewest[all] = Math.min(fewest[all] ?? Infinity, (fewest[all - index - 1] ?? Infinity) + count);
  }
  return Number.isFinite(fewest[more]) ? fewest[more] : undefined;
}

function plus(a: Amounts, b: Amounts, times: 1 | -1): Amounts {
  return {
    ...a,
    ...Object.fromEntries(Object.entries(b).map(([name, amount]) => [name, (a[name] ?? 0) + times * amount])),
  };
}

const NO_GPU = "none of the cluster’s nodes has a GPU";
/** Amounts are sums of decimal fractions. */
const ROUNDING = 1e-6;

/** GPUs first: they are what is scarce. */
function inOrder(asks: Amounts): readonly Ask[] {
  const rank = (name: string): number => (isGpuResource(name) ? 0 : name === "pods" ? 2 : 1);
  return Object.entries(asks)
    .filter(([, amount]) => amount > 0)
    .sort(([a], [b]) => rank(a) - rank(b));
}

function placesOn(room: NodeRoom, of: (room: NodeRoom, name: string) => number, asks: readonly Ask[]): number {
  return Math.max(0, Math.min(...asks.map(([name, amount]) => Math.floor((of(room, name) + ROUNDING) / amount))));
}

function totalOf({ total }: NodeRoom, name: string): number {
  return total[name] ?? 0;
}

function freeOf(room: NodeRoom, name: string): number {
  return isOpen(room) ? Math.max(0, totalOf(room, name) - (room.used[name] ?? 0)) : 0;
}

function isOpen({ node }: NodeRoom): boolean {
  return node.ready && !node.unschedulable;
}

/** The label that a node lacks, or the taint that keeps these pods from it. */
function keepsOut(room: NodeRoom, gang: Gang): { readonly label: string } | { readonly taint: string } | undefined {
  const missing = Object.entries(gang.nodeSelector).find(([key, value]) => room.labels[key] !== value);
  if (missing !== undefined) return { label: label(missing.join("="), 150) };
  const taint = room.taints.find(
    (one) =>
      // What says that a node is not ready or takes no pods passes, and is said by itself.
      !/^node\.kubernetes\.io\/(not-ready|unreachable|unschedulable)$/.test(one.key) &&
      (one.effect === "NoSchedule" || one.effect === "NoExecute") &&
      !gang.tolerations.some((toleration) => tolerates(toleration, one)) &&
      !(gang.asks[one.key] !== undefined && CLOUD_LABEL.test(Object.keys(room.labels).join(" "))),
  );
  if (taint === undefined) return undefined;
  const { key, value, effect } = taint;
  return { taint: label(`${key}${value === "" ? "" : `=${value}`}: ${effect}`, 150) };
}

/**
 * Labels of clouds whose API servers give a pod that asks for a resource a toleration of the taint of that name
 * (kubernetes plugin/pkg/admission/extendedresourcetoleration; on in GKE, and in EKS since 1.19 by its list of platform
 * versions).
 */
const CLOUD_LABEL = /(^| )(cloud\.google\.com\/gke-|eks\.amazonaws\.com\/|alpha\.eksctl\.io\/)/;

function tolerates({ key, value, effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== taint.effect) return false;
  return key === undefined || (key === taint.key && (value === undefined || value === taint.value));
}

/** Nodes there are, and a selector or taints keep these pods from all of them. */
function noneFits(own: readonly NodeRoom[], gang: Gang): [GangFit["when"], string] {
  const kept = own.flatMap((room) => keepsOut(room, gang) ?? []);
  const taints = [...new Set(kept.flatMap((why) => ("taint" in why ? [why.taint] : [])))];
  const [lacks] = kept.flatMap((why) => ("label" in why ? [why.label] : []));
  if (taints.length === 0) return ["grown", `It waits for a node: none has the label ${lacks ?? ""} now.`];
  const which = lacks === undefined ? "every node that it could run on" : "every node with the labels that it wants";
  return [
    "never",
    `It finds no place: ${which} has a taint that it does not tolerate (${taints.slice(0, 3).join(", ")}).`,
  ];
}

function freeWords(name: string, open: readonly NodeRoom[]): string {
  const sum = (of: typeof freeOf): number => open.reduce((all, room) => all + of(room, name), 0);
  const holders = isGpuResource(name) ? holderWords(open) : "";
  return `${count(name, sum(freeOf))} of ${amountWords(name, sum(totalOf))} are free${holders}`;
}

/** Who has most of what is used, by name. */
function holderWords(open: readonly NodeRoom[]): string {
  const names = [...new Set(open.flatMap(({ holders }) => holders))];
  if (names.length === 0) return "";
  const shown = names.slice(0, 2).map((name) => label(name, 40));
  const more = names.length - shown.length;
  return ` (${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""})`;
}

function nodeLine(room: NodeRoom, gang: Gang, asks: readonly Ask[]): string {
  const { name, ready, notReadyWhy, unschedulable } = room.node;
  const shown = asks.length === 1 ? asks : asks.filter(([resource]) => resource !== "pods");
  const kept = keepsOut(room, gang);
  const small = asks.find(([resource, amount]) => totalOf(room, resource) + ROUNDING < amount);
  const free = shown.map(([resource]) => {
    return `${count(resource, freeOf(room, resource))} of ${amountWords(resource, totalOf(room, resource))}`;
  });
  const why = !ready
    ? `not ready${notReadyWhy === undefined ? "" : `: ${notReadyWhy}`}`
    : unschedulable
      ? "takes no new pods"
      : kept !== undefined
        ? "label" in kept
          ? `has not the label ${kept.label}`
          : `its taint ${kept.taint} is not tolerated`
        : small !== undefined
          ? `too small for ${amountWords(...small)} of one pod`
          : placesOn(room, freeOf, asks) === 0
            ? "others hold them"
            : "";
  return [`${label(name, 63)}: ${free.join(", ")} free`, why].filter((part) => part !== "").join(" · ");
}

/** `1 GPU`, `2 × 1 GPU`, `2 × (1 GPU and 4 CPUs)`, `3 pods`. */
function wantWords(pods: number, asks: readonly Ask[]): string {
  const each = asks.filter(([name]) => name !== "pods").map((ask) => amountWords(...ask));
  const last = each.at(-1);
  if (last === undefined) return plural(pods, "pod");
  const all = each.length === 1 ? last : `${each.slice(0, -1).join(", ")} and ${last}`;
  return pods === 1 ? all : `${pods} × ${each.length === 1 ? all : `(${all})`}`;
}

/** `4 GPUs`, `0.5 CPUs`, `16 Gi memory`, `110 pods`. */
export function amountWords(name: string, amount: number): string {
  const digits = count(name, amount);
  if (name === "memory") return `${digits} Gi memory`;
  const noun = name === "cpu" ? "CPU" : name === "pods" ? "pod" : isGpuResource(name) ? gpuNoun(name) : label(name, 60);
  return /^(CPU|pod|.*GPU)$/.test(noun) ? `${digits} ${digits === "1" ? noun : `${noun}s`}` : `${digits} ${noun}`;
}

function count(name: string, amount: number): string {
  return String(Math.round((name === "memory" ? amount / 1024 ** 3 : amount) * 10) / 10);
}
