import { randomBytes } from "node:crypto";
import { posix } from "node:path";
import { UserError } from "../core/errors.ts";
import { plural } from "../core/text.ts";
import { isJobName, toJobName } from "../kube/names.ts";
import type { GitState } from "./git.ts";
import { imageProblem } from "./images.ts";
import type { EnvVar } from "./types.ts";

/** How much a launch asks for. */
export interface Size {
  /** Pods: one Master and `nodes - 1` Workers. */
  readonly nodes: number;
  readonly processesPerNode: number;
  /** `nvidia.com/gpu` of each pod. */
  readonly gpusPerNode: number;
}

/** Everything a launch is, decided before the first request. */
export interface LaunchSpec extends Size {
  /** 12 hex digits, new for each launch; carried as a label by everything it makes. */
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly context: string;
  readonly script: {
    /** Absolute local folder that travels. */
    readonly root: string;
    /** POSIX path of the script below it. */
    readonly path: string;
  };
  readonly image: string;
  /** Kubernetes quantity for each pod, such as `4` or `500m`. */
  readonly cpu?: string;
  /** Kubernetes quantity for each pod, such as `16Gi`. */
  readonly memory?: string;
  readonly args: readonly string[];
  readonly env: readonly EnvVar[];
  /** Value of the owner label (`ownerLabel`). */
  readonly owner: string;
  readonly git?: GitState;
}

/**
 * The longest a job may be called. The operator names pods and services `<job>-worker-<index>`; a service's name is
 * a DNS label of 63 characters, and `-worker-999` takes eleven of them.
 */
export const MAX_JOB_NAME = 52;

const LIMITS = { nodes: 1000, gpus: 16, processes: 256 } as const;

/** The choices offered, smallest first. */
export const SIZES: readonly Size[] = [
  size(1),
  size(2),
  size(4),
  size(1, 1),
  size(2, 1),
  size(1, 4),
  size(1, 8),
  size(2, 8),
];

/** A size with a process for each GPU, or one process where there is no GPU. */
export function size(nodes: number, gpusPerNode = 0, processesPerNode = Math.max(1, gpusPerNode)): Size {
  return { nodes, gpusPerNode, processesPerNode };
}

/** `1 node`, `1 GPU`, `2 nodes × 1 GPU`, `2 nodes × 2 processes`, `2 nodes × 4 GPUs × 1 process`. */
export function describeSize({ nodes, gpusPerNode, processesPerNode }: Size): string {
  const parts: string[] = [];
  if (nodes > 1 || gpusPerNode === 0) parts.push(plural(nodes, "node"));
  if (gpusPerNode > 0) parts.push(plural(gpusPerNode, "GPU"));
  if (processesPerNode !== Math.max(1, gpusPerNode)) parts.push(plural(processesPerNode, "process", "processes"));
  return parts.join(" × ");
}

const UNITS: Readonly<Record<string, "nodes" | "gpus" | "processes">> = {
  node: "nodes",
  nodes: "nodes",
  gpu: "gpus",
  gpus: "gpus",
  process: "processes",
  processes: "processes",
  proc: "processes",
  procs: "processes",
};

const SIZE_HELP = "Write nodes × GPUs, such as 4x2, or 4 nodes 2 GPUs, or 2 nodes 4 processes.";

/**
 * Reads what a person types: `4`, `4x2` (nodes × GPUs of each), `4 nodes 2 gpus`, `2 nodes x 4 processes`, `1 gpu`.
 * Returns a sentence where it cannot be read.
 */
export function parseCustomSize(text: string): Size | string {
  const found: { nodes?: number; gpus?: number; processes?: number } = {};
  const words = text.toLowerCase().trim();
  if (!/^\d+\s*[a-z]*((\s*[x×*,]\s*|\s+)\d+\s*[a-z]*)*$/.test(words.replace(/(?<=\d)\s*x\s*(?=\d)/g, "×")))
    return SIZE_HELP;
  for (const match of words.replace(/(?<=\d|\s|[a-z])\s*x\s*(?=\d)/g, "×").matchAll(/(\d+)\s*([a-z]*)/g)) {
    const [, digits = "", word = ""] = match;
    const unit = word === "" ? (found.nodes === undefined ? "nodes" : "gpus") : UNITS[word];
    if (unit === undefined || found[unit] !== undefined) return SIZE_HELP;
    found[unit] = Number(digits);
  }
  const { nodes = 1, gpus = 0, processes = Math.max(1, gpus) } = found;
  if (nodes < 1 || nodes > LIMITS.nodes) return `Between 1 and ${LIMITS.nodes} nodes.`;
  if (gpus > LIMITS.gpus) return `At most ${LIMITS.gpus} GPUs for each node.`;
  if (processes < 1 || processes > LIMITS.processes)
    return `Between 1 and ${LIMITS.processes} processes for each node.`;
  return size(nodes, gpus, processes);
}

/** A new launch id: 12 hex digits, random. */
export function newLaunchId(): string {
  return randomBytes(6).toString("hex");
}

/** A job name out of the script's name and the launch id: `train-4f2a`. Two launches of one file differ. */
export function suggestName(script: string, id: string): string {
  const stem = posix.basename(script.replaceAll("\\", "/")).replace(/\.py$/i, "");
  return `${toJobName(stem, MAX_JOB_NAME - 5)}-${id.slice(0, 4)}`;
}

const QUANTITY = /^\d+(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/;
const ENV_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

/** Throws UserError `bad-spec` with the first thing in the spec that the cluster would refuse or misread. */
export function assertSpec(spec: LaunchSpec): void {
  const problem = specProblem(spec);
  if (problem !== undefined) throw new UserError("bad-spec", "The job was not created.", { why: problem });
}

function specProblem(spec: LaunchSpec): string | undefined {
  if (!/^[0-9a-f]{12}$/.test(spec.id)) return "The launch id is not 12 hex digits.";
  if (!isJobName(spec.name, MAX_JOB_NAME)) {
    return `A job's name has at most ${MAX_JOB_NAME} lower-case letters, digits and hyphens, and begins with a letter.`;
  }
  if (!Number.isInteger(spec.nodes) || spec.nodes < 1) return "A job has at least one node.";
  if (!Number.isInteger(spec.processesPerNode) || spec.processesPerNode < 1) return "A node runs at least one process.";
  if (!Number.isInteger(spec.gpusPerNode) || spec.gpusPerNode < 0) return "The number of GPUs is not a whole number.";
  for (const quantity of [spec.cpu, spec.memory]) {
    if (quantity !== undefined && !QUANTITY.test(quantity))
      return `${JSON.stringify(quantity)} is not an amount such as 4 or 16Gi.`;
  }
  // Of a label (kubernetes apimachinery/util/validation: IsValidLabelValue).
  if (!/^[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/.test(spec.owner))
    return "The owner cannot be written as a label.";
  const odd = spec.env.find((variable) => !ENV_NAME.test(variable.name));
  if (odd !== undefined) return `${JSON.stringify(odd.name)} is not the name of an environment variable.`;
  return imageProblem(spec.image);
}
