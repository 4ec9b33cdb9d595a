import { randomBytes } from "node:crypto";
import { join, posix } from "node:path";
import { UserError } from "../core/errors.ts";
import { QUANTITY } from "../core/formReader.ts";
import { plural } from "../core/text.ts";
import { isJobName, toJobName } from "../kube/names.ts";
import type { Runtime } from "../kubeflow/kinds/runtime.ts";
import type { GitState } from "./git.ts";
import { imageProblem } from "./images.ts";
import { type Needs, needsProblems, OBJECT_NAME, URI } from "./needs.ts";
import type { EnvVar } from "./types.ts";

/** How much a launch asks for. */
export interface Size {
  /** Pods: one Master and `nodes - 1` Workers. */
  readonly nodes: number;
  readonly processesPerNode: number;
  /** `nvidia.com/gpu` of each pod. */
  readonly gpusPerNode: number;
}

/** Kinds that are launched; others are listed, followed and stopped. */
export type LaunchKind = "PyTorchJob" | "TrainJob";

/** The kind that was written down; a PyTorchJob where none was, as before there were TrainJobs. */
export function launchKind(written: unknown): LaunchKind {
  return written === "TrainJob" ? written : "PyTorchJob";
}

/** A runtime by what a TrainJob on it needs to know. */
export interface RuntimeUse extends Pick<Runtime, "name" | "kind" | "policy" | "targets" | "image"> {
  /** Field that changes pods: `runtimePatches` from Trainer 2.2, `podTemplateOverrides` before. */
  readonly patches: "runtimePatches" | "podTemplateOverrides";
}

/** Where a script's results are kept; its `OUTPUT_DIR` leads there. A claim has a folder of the job's name for each job. */
export type Output = { readonly claim: string } | { readonly uri: string };

/** Everything a launch is, decided before the first request. */
export interface LaunchSpec extends Size {
  readonly kind: LaunchKind;
  /** Of a TrainJob. */
  readonly runtime?: RuntimeUse;
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
  /** Empty for the image of a TrainJob's runtime. */
  readonly image: string;
  /** Kubernetes quantity for each pod, such as `4` or `500m`. */
  readonly cpu?: string;
  /** Kubernetes quantity for each pod, such as `16Gi`. */
  readonly memory?: string;
  readonly args: readonly string[];
  readonly env: readonly EnvVar[];
  readonly needs?: Needs;
  readonly output?: Output;
  /** What the code's requirements name is installed before it starts. */
  readonly installs: boolean;
  /** Value of the owner label (`ownerLabel`). */
  readonly owner: string;
  readonly git?: GitState;
}

/**
 * The longest a job may be called. The operator names pods and services `<job>-worker-<index>`; a service's name is
 * a DNS label of 63 characters, and `-worker-999` takes eleven of them.
 */
export const MAX_JOB_NAME = 52;

export const LIMITS = { nodes: 1000, gpus: 16, processes: 256 } as const;

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
  const stem = posix.basename(script.replaceAll("\\", "/")).replace(/(?:\.ipynb)?\.py$/i, "");
  return `${toJobName(stem, MAX_JOB_NAME - 5)}-${id.slice(0, 4)}`;
}

/** The file on this computer that a script was: a notebook travels as one of its name. */
export function localScript({ root, path }: LaunchSpec["script"]): string {
  return join(root, path.replace(/\.ipynb\.py$/i, ".ipynb"));
}

/** `pvc://results`, or the bucket's address: an output as people write it. */
export function placeText(output: Output): string {
  return "claim" in output ? `pvc://${output.claim}` : output.uri;
}

/** Reads that back, right or wrong: `outputProblem` says which. */
export function readPlace(text: string): Output {
  const [, claim] = /^pvc:\/\/(.*?)\/?$/.exec(text) ?? [];
  return claim === undefined ? { uri: text } : { claim };
}

/** `pvc://results/train-4f2a`, or the bucket's address with the job's name. */
export function outputText(output: Output, job: string): string {
  return `${placeText(output).replace(/\/+$/, "")}/${job}`;
}

/** Reads that back: a claim with the folder in it, or an address; undefined for anything else. */
export function readOutput(
  text: string,
): { readonly claim: string; readonly folder: string } | { readonly uri: string } | undefined {
  const [, claim, folder] = /^pvc:\/\/([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (claim !== undefined && folder !== undefined)
    return outputProblem({ claim }) === undefined && isJobName(folder, MAX_JOB_NAME) ? { claim, folder } : undefined;
  return outputProblem({ uri: text }) === undefined ? { uri: text } : undefined;
}

/** A sentence where it cannot be such a place. */
export function outputProblem(output: Output): string | undefined {
  if ("claim" in output)
    return OBJECT_NAME.test(output.claim)
      ? undefined
      : `${JSON.stringify(output.claim)} is not the name of a volume claim.`;
  return URI.test(output.uri)
    ? undefined
    : `${JSON.stringify(output.uri)} is not an address such as s3://bucket/folder.`;
}

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
  const isCount = (count: number, least: number, most: number): boolean =>
    Number.isInteger(count) && count >= least && count <= most;
  if (!isCount(spec.nodes, 1, LIMITS.nodes)) return `A job has between 1 and ${LIMITS.nodes} nodes.`;
  if (!isCount(spec.processesPerNode, 1, LIMITS.processes))
    return `A node runs between 1 and ${LIMITS.processes} processes.`;
  if (!isCount(spec.gpusPerNode, 0, LIMITS.gpus)) return `A node has between 0 and ${LIMITS.gpus} GPUs.`;
  for (const quantity of [spec.cpu, spec.memory]) {
    if (quantity !== undefined && !QUANTITY.test(quantity))
      return `${JSON.stringify(quantity)} is not an amount such as 4 or 16Gi.`;
  }
  // Of a label (kubernetes apimachinery/util/validation: IsValidLabelValue).
  if (!/^[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/.test(spec.owner))
    return "The owner cannot be written as a label.";
  if (spec.output !== undefined) {
    const problem = outputProblem(spec.output);
    if (problem !== undefined) return problem;
  }
  const [problem] = needsProblems(spec.needs ?? {}, spec.env, {
    isTrainJob: spec.kind === "TrainJob",
    hasTimeLimit: spec.runtime?.patches !== "podTemplateOverrides",
  });
  if (problem !== undefined) return problem.text;
  return spec.kind === "TrainJob" && spec.image === "" ? undefined : imageProblem(spec.image);
}
