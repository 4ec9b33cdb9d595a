// The namespace's quotas against all pods of a run together.
import { isCancelled } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { kindOf } from "../../kubeflow/jobKinds.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { amountWords } from "../../kubeflow/gangFit.ts";
import { isGpuResource, quantity } from "../../kubeflow/gpuNames.ts";
import { podHold, type PodHold, SCHEDULED_PODS } from "../../kubeflow/kinds/gpuPod.ts";
import { POD, RESOURCE_QUOTA } from "../../kubeflow/kinds/resources.ts";
import { quotaWords } from "../../kubeflow/quota.ts";
import { type Json, list, record } from "../../kubeflow/read.ts";
import type { Snapshot } from "../code/snapshot.ts";
import { archiveParts, podNeeds } from "../manifests/parts.ts";
import type { LaunchSpec } from "../spec.ts";
import { type Finding, ok, problem, type RoomSite, seen, untold } from "./finding.ts";
import { gangOf, type RunGang } from "./gang.ts";
import { fieldOfResource } from "./limits.ts";
import { gpuOf } from "./room.ts";

export async function checkQuota(site: RoomSite): Promise<readonly Finding[]> {
  const { client, spec, snapshot, signal } = site;
  const { namespace } = spec;
  const found = await seen(client.list<KubeObject>(RESOURCE_QUOTA, { namespace, limit: 50, signal }));
  if (found.kind !== "found")
    return [untold("namespace", "Whether the namespace’s quota has room", "list resourcequotas")];
  const { items } = found.value;
  const gang = await gangOf(site);
  // In a queue a priority is the workload's, and its pods carry none.
  const { priorityClassName: priority } = podNeeds(spec);
  const findings = quotaFindings(items, quotaWants(spec, snapshot, gang), gang, priority);
  if (findings.length === 0)
    return items.length === 0 ? [] : [ok("namespace", "The namespace’s quota has room for it.")];
  const short = findings.flatMap(({ level, resource }) => (level === "warning" ? [resource] : []));
  const pods = short.length === 0 ? [] : await ownPods(site, gpuOf(gang), short).catch(unlessCancelled);
  return findings.map(({ resource, ...finding }) => {
    const holders = finding.level === "warning" ? holdersOf(pods, resource) : "";
    return holders === "" ? finding : { ...finding, text: `${finding.text} ${holders}` };
  });
}

/** Who holds it is good to know and no more. */
function unlessCancelled(error: unknown): readonly PodHold[] {
  if (isCancelled(error)) throw error;
  return [];
}

/** The namespace's pods that have a node: those that the room was read of where they are enough. */
async function ownPods(
  site: RoomSite,
  gpu: string | undefined,
  resources: readonly string[],
): Promise<readonly PodHold[]> {
  const { client, spec, signal } = site;
  // Of a run with GPUs, the nodes that have them were looked at, and no others.
  const isEnough = gpu === undefined || resources.every((resource) => resource === `requests.${gpu}`);
  const own = isEnough ? (await site.room.catch(() => undefined))?.own : undefined;
  if (own !== undefined) return own;
  const { fieldSelector = "" } = SCHEDULED_PODS;
  const { namespace } = spec;
  const pods = await seen(client.list<KubeObject>(POD, { namespace, fieldSelector, limit: 500, signal }));
  return pods.kind === "found" ? pods.value.items.map(podHold) : [];
}

/** What a run takes of a quota, by the quota's own names (kubernetes pkg/quota/v1/evaluator/core). Pure. */
export function quotaWants(
  spec: LaunchSpec,
  snapshot: Snapshot,
  { pods: all, asks, limits }: RunGang,
): ReadonlyMap<string, number> {
  const { group, plural } = kindOf(spec.kind).resource;
  const wants = new Map<string, number>([[`count/${plural}.${group}`, 1]]);
  const add = (amount: number, ...names: readonly string[]): void => {
    for (const name of names) wants.set(name, amount);
  };
  add(all, "pods", "count/pods");
  add(1 + archiveParts(snapshot).length, "configmaps", "count/configmaps");
  if (snapshot.tier === "volume") add(1, "persistentvolumeclaims", "count/persistentvolumeclaims");
  for (const [name, amount] of Object.entries(asks))
    add(amount * all, `requests.${name}`, ...(isGpuResource(name) ? [] : [name]));
  for (const [name, amount] of Object.entries(limits)) if (!isGpuResource(name)) add(amount * all, `limits.${name}`);
  return wants;
}

type QuotaFinding = Finding & { readonly resource: string };

/** Pure. A quota that has room once others are done is a warning. */
export function quotaFindings(
  quotas: readonly KubeObject[],
  wants: ReadonlyMap<string, number>,
  gang: RunGang,
  priority: string | undefined,
): readonly QuotaFinding[] {
  return quotas
    .filter((quota) => applies(quota, gang, priority))
    .flatMap((object) => {
      const { hard, used } = record(record(object)["status"]);
      const quota = label(object.metadata.name, 63);
      const unstated = Object.keys(record(hard)).filter(
        (name) => /^((requests|limits)\.)?(cpu|memory)$/.test(name) && !wants.has(name),
      );
      const short = Object.entries(record(hard)).flatMap(([resource, limit]): QuotaFinding[] => {
        const [want = 0, most = Infinity] = [wants.get(resource), quantity(limit)];
        const has = quantity(record(used)[resource]) ?? 0;
        if (want === 0 || has + want <= most + 1e-6) return [];
        const say = (amount: number): string => {
          const name = resource.replace(/^(requests|limits)\./, "");
          return name === "memory"
            ? amountWords(name, amount).replace(" memory", "")
            : String(Math.round(amount * 1000) / 1000);
        };
        const words = quotaWords({
          quota,
          resources: [{ resource, requested: say(want), used: say(has), limited: say(most) }],
        });
        const level = want > most ? "problem" : "warning";
        return [{ ...problem(fieldOfResource(resource), `The namespace’s ${words}.`), level, resource }];
      });
      if (unstated.length === 0) return short;
      const words = unstated.map((name) => label(name, 40)).join(" and ");
      const text = `The namespace’s quota ${quota} wants ${words} to be stated, or it refuses the pods.`;
      return [{ ...problem(fieldOfResource(unstated[0] ?? ""), text), resource: "" }, ...short];
    });
}

/** Whether a quota counts these pods, by its scopes (core/v1 ResourceQuotaScope). */
function applies(quota: KubeObject, { asks, limits }: RunGang, priority: string | undefined): boolean {
  const { scopes, scopeSelector } = record(record(quota)["spec"]);
  const plain = (Array.isArray(scopes) ? scopes : []).map((scopeName: unknown): Json => ({ scopeName }));
  const isBestEffort = ![asks, limits].some((of) => "cpu" in of || "memory" in of);
  return [...plain, ...list(record(scopeSelector)["matchExpressions"])].every(({ scopeName, operator, values }) => {
    const isIn = Array.isArray(values) && values.includes(priority);
    switch (scopeName) {
      case "BestEffort":
        return isBestEffort;
      case "NotBestEffort":
        return !isBestEffort;
      case "NotTerminating":
        return true;
      case "PriorityClass":
        if (operator === "In" || operator === "NotIn") return isIn === (operator === "In");
        return (priority === undefined) === (operator === "DoesNotExist");
      default:
        return false;
    }
  });
}

/** «bert and nb hold most of it.»; empty where no pod has any. Pure. */
export function holdersOf(pods: readonly PodHold[], resource: string): string {
  const name = resource.replace(/^(requests|limits)\./, "");
  const held = new Map<string, number>();
  for (const { holder, asks } of pods) {
    const amount = asks[name] ?? 0;
    if (amount > 0) held.set(holder, (held.get(holder) ?? 0) + amount);
  }
  const names = [...held].sort(([, a], [, b]) => b - a).map(([holder]) => holder);
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0] ?? ""} holds it.`;
  return `${names.slice(0, 2).join(" and ")} hold ${names.length === 2 ? "it" : "most of it"}.`;
}
