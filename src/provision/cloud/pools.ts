import type { Wish } from "../../contract/wish.ts";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { plural } from "../../core/text.ts";
import { list, number, record, text, whole } from "../../kubeflow/read.ts";
import { askAws, askGcloud, awsCall, gcloudCall, plainName } from "../existing/calls.ts";
import { type Programs, unlessRefused } from "../existing/programs.ts";
import { matchFailure } from "../terraform/failures.ts";

/** A node pool as the cloud has it now. */
export interface PoolNow {
  readonly name: string;
  /** The first of several is the one that is asked for first. */
  readonly machines: readonly string[];
  readonly spot: boolean;
  /** GPU as the cloud names it and how many a node has; undefined where the pool has none or AWS does not tell. */
  readonly gpu?: { readonly name: string; readonly perNode: number };
  /** Nodes that it is to have now, over all zones; undefined where that is not told. */
  readonly desired: number | undefined;
  readonly min: number;
  readonly max: number;
  /** Somebody in the cloud changes `desired` by what pods need. */
  readonly scalesItself: boolean;
  /** Zones that it has nodes in; GKE counts by zone. */
  readonly zones: number;
  /** What is wrong with it, a sentence each. */
  readonly issues: readonly string[];
}

const MOST_NODES = 10_000;

/**
 * The cluster's pools, as they are. Rejects as Programs.run, and with UserError `pools-unknown` where the cloud does not
 * list the CPU pool, which every cluster has: such an answer tells nothing.
 */
export async function poolsNow(wish: Wish, programs: Programs, signal: AbortSignal): Promise<readonly PoolNow[]> {
  if (wish.where === "local") return [];
  const pools = await (wish.where === "gke" ? gkePools : eksPools)(wish, programs, signal);
  if (pools.some(({ name }) => name === "cpu")) return pools;
  throw new UserError("pools-unknown", `The pools of ${label(wish.name, 60)} could not be read.`, {
    why: `${wish.where === "gke" ? "gcloud" : "aws"} listed ${pools.length === 0 ? "none" : "no CPU pool"}.`,
  });
}

/**
 * Sets how many nodes the pool has. Throws UserError `scales-itself` where GKE does that by itself, `pool-limits` beyond
 * what the pool allows (another plan raises that); rejects as Programs.run. The nodes come later.
 */
export async function setNodes(
  wish: Wish,
  pool: PoolNow,
  nodes: number,
  programs: Programs,
  signal: AbortSignal,
): Promise<void> {
  const failure = `The pool ${label(pool.name, 60)} was not changed.`;
  if (pool.scalesItself)
    throw new UserError("scales-itself", failure, {
      why: "GKE starts a node when a pod waits for one, and stops it when none needs it.",
      hint: "Run a job that asks for a GPU.",
    });
  if (!Number.isInteger(nodes) || nodes < pool.min || nodes > pool.max)
    throw new UserError("pool-limits", failure, {
      why: `It may have ${pool.min} to ${plural(pool.max, "node")}, not ${nodes}.`,
      hint: "Another plan changes these limits.",
    });
  const cluster = plainName(wish.name);
  if (wish.where === "gke") {
    const each = nodes / pool.zones;
    if (!Number.isInteger(each))
      throw new UserError("pool-limits", failure, {
        why: `GKE counts by zone, and the pool has ${pool.zones}: ${nodes} nodes cannot be shared out.`,
      });
    const args = ["container", "clusters", "resize", cluster, `--node-pool=${pool.name}`, `--num-nodes=${each}`];
    const place = [`--location=${wish.gke.region}`, "--async", "--quiet"];
    await programs.run(gcloudCall([...args, ...place], wish.gke.project, signal, failure));
    return;
  }
  const which = [`--cluster-name=${cluster}`, `--nodegroup-name=${pool.name}`];
  const size = `--scaling-config=minSize=${pool.min},maxSize=${pool.max},desiredSize=${nodes}`;
  await programs.run(awsCall(["eks", "update-nodegroup-config", ...which, size], wish.eks, signal, failure));
}

async function gkePools(wish: Wish, programs: Programs, signal: AbortSignal): Promise<readonly PoolNow[]> {
  const { project, region } = wish.gke;
  const name = plainName(wish.name);
  const ask = (...args: string[]): Promise<unknown> => askGcloud(programs, args, project, signal);
  const fields = "name,config,autoscaling,locations,instanceGroupUrls,status,conditions";
  const where = [`--cluster=${name}`, `--location=${region}`, `--format=json(${fields})`];
  const groups = ["compute", "instance-groups", "managed", "list"];
  const [pools, sizes] = await Promise.all([
    ask("container", "node-pools", "list", ...where),
    unlessRefused(ask(...groups, "--filter=name~^gke-", "--format=json(name,targetSize)")),
  ]);
  const target = new Map(list(sizes).map((one) => [text(one["name"]), whole(one["targetSize"], MOST_NODES)]));
  return list(pools).map((pool) => {
    const [config, scaling] = [record(pool["config"]), record(pool["autoscaling"])];
    const urls = strings(pool["instanceGroupUrls"]);
    const counts = urls.map((url) => target.get(url.split("/").at(-1)));
    const zones = Math.max(1, strings(pool["locations"]).length);
    const [accelerator] = list(config["accelerators"]);
    const scales = scaling["enabled"] === true;
    // Totals, else numbers for each zone; without scaling nothing bounds it.
    const bound = (total: string, each: string, otherwise: number): number =>
      whole(scaling[total], MOST_NODES) ?? (scales ? (whole(scaling[each], MOST_NODES) ?? 0) * zones : otherwise);
    return {
      name: text(pool["name"]) ?? "",
      machines: [text(config["machineType"]) ?? ""],
      spot: config["spot"] === true || config["preemptible"] === true,
      ...gpuOf(accelerator),
      desired: sizes === undefined || counts.includes(undefined) ? undefined : sum(counts),
      min: bound("totalMinNodeCount", "minNodeCount", 0),
      max: bound("totalMaxNodeCount", "maxNodeCount", MOST_NODES),
      scalesItself: scales,
      zones,
      issues: list(pool["conditions"]).flatMap((one) =>
        text(one["message"]) === undefined ? [] : label(String(one["message"]), 300),
      ),
    };
  });
}

async function eksPools(wish: Wish, programs: Programs, signal: AbortSignal): Promise<readonly PoolNow[]> {
  const cluster = `--cluster-name=${plainName(wish.name)}`;
  const ask = (...args: string[]): Promise<unknown> => askAws(programs, ["eks", ...args, cluster], wish.eks, signal);
  const names = strings(record(await ask("list-nodegroups"))["nodegroups"]).slice(0, 50);
  return Promise.all(
    names.map(async (name): Promise<PoolNow> => {
      const group = record(record(await ask("describe-nodegroup", `--nodegroup-name=${name}`))["nodegroup"]);
      const scaling = record(group["scalingConfig"]);
      const count = (key: string): number | undefined => whole(scaling[key], MOST_NODES);
      return {
        name,
        machines: strings(group["instanceTypes"]),
        spot: group["capacityType"] === "SPOT",
        desired: count("desiredSize"),
        min: count("minSize") ?? 0,
        max: count("maxSize") ?? 0,
        scalesItself: false,
        zones: Math.max(1, strings(group["subnets"]).length),
        issues: list(record(group["health"])["issues"]).map(issueWords),
      };
    }),
  );
}

/** What is wrong with a node group, by its code and AWS's own words (eks API, Issue). */
function issueWords(issue: Readonly<Record<string, unknown>>): string {
  const said = label(`${text(issue["code"]) ?? ""}: ${text(issue["message"]) ?? ""}`, 400);
  const known = matchFailure(said)?.message;
  return known === undefined || known.includes(said) ? said : `${known} AWS said: ${said}`;
}

function gpuOf(accelerator: Readonly<Record<string, unknown>> | undefined): Pick<PoolNow, "gpu"> {
  const name = text(accelerator?.["acceleratorType"]);
  // A 64-bit number comes as a string.
  const perNode = whole(number(Number(accelerator?.["acceleratorCount"])), 16);
  return name === undefined || perNode === undefined ? {} : { gpu: { name, perNode } };
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.flatMap((one) => text(one) ?? []) : [];
}

function sum(counts: readonly (number | undefined)[]): number {
  return counts.reduce<number>((total, count) => total + (count ?? 0), 0);
}
