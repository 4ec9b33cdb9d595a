import { label } from "../core/sanitize.ts";
import { shorten } from "../core/text.ts";
import { gpuNoun, isGpuResource } from "./gpuNames.ts";
import type { NodeUse } from "./gpuUse.ts";

/** Why the scheduler finds no node, in plain words (kubernetes pkg/scheduler/framework/types.go: FitError). */
export interface Unschedulable {
  /** Nodes that it looked at; undefined where it did not say. */
  readonly nodes: number | undefined;
  /** Resources that nodes have too little of. */
  readonly short: readonly { readonly resource: string; readonly nodes: number }[];
  /** Whatever else keeps nodes out, such as `2 nodes have the taint gpu`. */
  readonly others: readonly string[];
}

const MOST_PARTS = 12;
const MOST_TEXT = 4_000;

/**
 * Reads `0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 2 node(s) had untolerated taint {gpu: present}.
 * preemption: …`. Undefined where it is no such sentence.
 */
export function parseUnschedulable(text: string): Unschedulable | undefined {
  const sentence = /^\s*\d+\/(\d+) nodes are available:?\s*(.*)/s.exec(text.slice(0, MOST_TEXT));
  const body = (sentence?.[2] ?? text.slice(0, MOST_TEXT)).split(/\.\s+(?:preemption|no new claims)/)[0] ?? "";
  // A taint may hold commas between its braces.
  const parts = (body.match(/(?:[^,{]|\{[^}]*\})+/g) ?? []).map((part) => part.trim().replace(/\.$/, ""));
  const short: { resource: string; nodes: number }[] = [];
  const others: string[] = [];
  for (const part of parts.slice(0, MOST_PARTS)) {
    const [, count = "", rest = ""] = /^(\d+)\s+(.*)$/s.exec(part) ?? [];
    const [, resource = ""] = /^Insufficient (\S+)$/.exec(rest) ?? [];
    if (resource !== "") short.push({ resource, nodes: Number(count) });
    else if (part !== "") others.push(otherReason(part, count, rest));
  }
  if (sentence === null && others.length > 0 && !parts.some((part) => VOLUME.test(part))) return undefined;
  if (short.length + others.length === 0) return undefined;
  return { nodes: sentence === null ? undefined : Number(sentence[1]), short, others };
}

const VOLUME = /persistentvolumeclaim/i;

function otherReason(part: string, count: string, rest: string): string {
  const claim = /persistentvolumeclaim "([^"]+)" (not found|is being deleted)/i.exec(part);
  if (claim !== null)
    return `the volume claim ${label(claim[1] ?? "", 63)} ${claim[2] === "not found" ? "does not exist" : "is being deleted"}`;
  if (/unbound immediate PersistentVolumeClaims/i.test(part)) return "its volume claim is not bound to a volume";
  const nodes = count === "1" ? "1 node" : `${label(count, 9)} nodes`;
  const has = count === "1" ? "has" : "have";
  const is = count === "1" ? "is" : "are";
  const taint = /untolerated taint(?:\(s\))? \{\s*([^:}]*?)\s*(?::\s*([^}]*?)\s*)?\}/.exec(rest);
  if (taint !== null) return `${nodes} ${taintWords(taint[1] ?? "", taint[2] ?? "", has, is)}`;
  for (const [pattern, words] of OTHERS) if (pattern.test(rest)) return `${nodes} ${words(is, has)}`;
  return shorten(label(part), 100);
}

function taintWords(key: string, value: string, has: string, is: string): string {
  if (/^node\.kubernetes\.io\/(not-ready|unreachable)$/.test(key)) return `${is} not ready`;
  if (key === "node.kubernetes.io/unschedulable") return `${is} closed for new pods`;
  if (key === "node-role.kubernetes.io/control-plane") return `${is} kept for the control plane`;
  if (/^node\.kubernetes\.io\/(memory|disk|pid)-pressure$/.test(key)) return `${is} under pressure (${key.slice(19)})`;
  return `${has} the taint ${label(value === "" ? key : `${key}=${value}`, 60)}, which it does not tolerate`;
}

const OTHERS: readonly (readonly [RegExp, (is: string, has: string) => string])[] = [
  [/volume node affinity conflict/, () => "cannot reach its volume"],
  [/available persistent volumes to bind/, (_, has) => `${has} no volume for its claim`],
  [/node affinity\/selector|node selector/, (is) => `${is === "is" ? "lacks" : "lack"} the labels that it asks for`],
  [/Too many pods/, (is) => `${is} full of pods`],
  [/untolerated taint/, (_, has) => `${has} taints that it does not tolerate`],
  [/unschedulable/, (is) => `${is} closed for new pods`],
  [/affinity/, (is) => `${is} ruled out by pod affinity`],
  [/topology spread/, (is) => `${is} ruled out by topology spread`],
  [/free ports/, (_, has) => `${has} its port in use`],
];

type Needs = Readonly<Record<string, string>>;

/** What keeps nodes out of everybody's reach, and so tells less of this pod. */
const COMMON = /taint|closed|not ready|control plane|pressure/;

/**
 * For a row: `needs 2 × GPU, 1 free`, or what else comes first. `nodes` has what is free, where that is known; else the
 * scheduler's word counts: `needs 2 × GPU, not free`.
 */
export function unschedulableRow(message: string | undefined, needs: Needs = {}, nodes?: readonly NodeUse[]): string {
  const parsed = message === undefined ? undefined : parseUnschedulable(message);
  if (parsed === undefined) return shorten(unschedulableText(message), 60);
  const { short, others } = parsed;
  const [other = ""] = others.toSorted((a, b) => Number(COMMON.test(a)) - Number(COMMON.test(b)));
  if (short.length === 0) return shorten(other, 60);
  const amounts = short.map(({ resource }) => amountOf(resource, needs[resource])).slice(0, 3);
  const [first] = short;
  const isGpu = first !== undefined && short.length === 1 && isGpuResource(first.resource);
  const free = isGpu && nodes !== undefined ? freeOn(nodes, first.resource, needs[first.resource]) : "not free";
  return label(`needs ${amounts.join(" and ")}, ${free}`, 80);
}

/** What one node has free of what a pod needs on one node. */
function freeOn(nodes: readonly NodeUse[], resource: string, needed = "1"): string {
  const free = nodes.map(({ resources }) => resources.find((one) => one.resource === resource)?.free ?? 0);
  const most = Math.max(0, ...free);
  if (most >= Number(needed)) return "not free where it may run";
  if (most === 0) return "none free";
  return free.filter((count) => count > 0).length === 1 ? `${most} free` : `${most} free on one node`;
}

/**
 * In full: `needs 2 × GPU (not free on 1 of 3 nodes); 2 nodes have the taint gpu=true, …`. `needs` is what the pod asks
 * for, by resource name; `nodes` what the cluster has free, where that is known: up to three are named.
 */
export function unschedulableText(message: string | undefined, needs: Needs = {}, use?: readonly NodeUse[]): string {
  if (message === undefined) return "not scheduled yet";
  const parsed = parseUnschedulable(message);
  if (parsed === undefined) return shorten(label(message), 100);
  const { nodes, short, others } = parsed;
  const wants = short.map(({ resource, nodes: count }) => {
    const where = nodes === undefined ? `${count} nodes` : nodesWords(count, nodes);
    const amount = amountOf(resource, needs[resource]);
    const onNodes = nodeWords(resource, use ?? []);
    // One resource alone needs no brackets.
    if (onNodes !== "") return short.length === 1 ? `${amount}: ${onNodes}` : `${amount} (${onNodes})`;
    return `${amount} (not free on ${where})`;
  });
  const most = use === undefined ? 160 : 320;
  return label([...(wants.length === 0 ? [] : [`needs ${wants.join(" and ")}`]), ...others].join("; "), most);
}

/** Nodes named in one sentence. */
const MOST_NODES = 3;

/** `gpu-a has 1 free, gpu-b 0, 4 others no more`; empty where no node has any of it. */
function nodeWords(resource: string, nodes: readonly NodeUse[]): string {
  const own = nodes
    .flatMap(({ node, resources }) => {
      const has = resources.find((one) => one.resource === resource);
      return has === undefined || has.total === 0 ? [] : [{ name: label(node.name, 40), free: has.free }];
    })
    .sort((a, b) => b.free - a.free);
  const named = own
    .slice(0, MOST_NODES)
    .map(({ name, free }, at) => (at === 0 ? `${name} has ${free} free` : `${name} ${free}`));
  const rest = own.length - named.length;
  return [...named, ...(rest > 0 ? [`${rest === 1 ? "1 other" : `${rest} others`} no more`] : [])].join(", ");
}

function nodesWords(count: number, of: number): string {
  if (of === 1) return "the only node";
  return count === of ? `any of ${of} nodes` : `${count} of ${of} nodes`;
}

/** `2 × GPU`, `GPUs`, `64 Gi memory`, `8 CPUs`. */
function amountOf(resource: string, amount: string | undefined): string {
  const asked = amount === undefined ? undefined : plainAmount(amount);
  if (isGpuResource(resource)) return asked === undefined ? "GPUs" : `${asked} × ${gpuNoun(resource)}`;
  if (resource === "cpu") return asked === undefined ? "CPUs" : `${asked} ${asked === "1" ? "CPU" : "CPUs"}`;
  const name = label(resource, 60);
  return asked === undefined ? name : `${quantity(asked)} ${name}`;
}

/** `1k` as `1000` and `500m` as `0.5`: so the server writes what somebody wrote as a number. */
function plainAmount(amount: string): string {
  const [, digits, unit] = /^(\d{1,9}(?:\.\d{1,3})?)([mk])$/.exec(amount) ?? [];
  if (digits === undefined) return label(amount, 20);
  return String(unit === "m" ? Number(digits) / 1000 : Number(digits) * 1000);
}

/** `32Gi` as `32 Gi`. */
export function quantity(amount: string): string {
  return label(amount, 20).replace(/^(\d+)(?=[A-Za-z])/, "$1 ");
}
