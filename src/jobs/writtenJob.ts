// What a manifest that a person wrote says of its run, in the words of a plan: for the journal, history and comparisons.
import { PYTORCH_CONTAINER } from "../kubeflow/kinds/pytorchJob.ts";
import { type Json, list, number, record, text } from "../kubeflow/read.ts";
import { LAUNCH_ID_LABEL, OWNER_LABEL } from "./labels.ts";
import type { LaunchSpec, RuntimeUse } from "./spec.ts";
import type { JobObject } from "./types.ts";

/** Without a script, since it has no code of this computer, and without variables, which may be secrets. `job` bears its launch id. Pure. */
export function specOfJob(job: JobObject, context: string): LaunchSpec {
  const { kind, metadata } = job;
  const { name, namespace = "", labels = {} } = metadata;
  const { nodes, processes, container, runtime } = kind === "TrainJob" ? ofTrainJob(job.spec) : ofPyTorchJob(job.spec);
  const { limits, requests } = record(container["resources"]);
  const amounts = { ...record(requests), ...record(limits) };
  const gpusPerNode = number(Number(amounts["nvidia.com/gpu"])) ?? 0;
  const [cpu, memory] = [amounts["cpu"], amounts["memory"]].map((value) =>
    typeof value === "number" ? String(value) : text(value),
  );
  return {
    ...{ kind, context, namespace, name, nodes, gpusPerNode, installs: false },
    id: labels[LAUNCH_ID_LABEL] ?? "",
    owner: labels[OWNER_LABEL] ?? "",
    processesPerNode: number(Number(processes)) ?? Math.max(1, gpusPerNode),
    image: text(container["image"]) ?? "",
    args: [...texts(container["command"]), ...texts(container["args"])],
    env: [],
    script: { root: "", path: "" },
    ...(cpu !== undefined && { cpu }),
    ...(memory !== undefined && { memory }),
    ...(runtime !== undefined && { runtime }),
  };
}

interface Found {
  readonly nodes: number;
  readonly processes: unknown;
  /** What trains. */
  readonly container: Json;
  readonly runtime?: RuntimeUse;
}

function ofPyTorchJob(spec: object): Found {
  const { pytorchReplicaSpecs, nprocPerNode } = record(spec);
  const replicas = record(pytorchReplicaSpecs);
  const roles = Object.values(replicas).map(record);
  const { containers } = record(record(record(replicas["Master"] ?? roles[0])["template"])["spec"]);
  return {
    nodes: roles.reduce((sum, role) => sum + (number(role["replicas"]) ?? 1), 0),
    processes: nprocPerNode,
    container: list(containers).find(({ name }) => name === PYTORCH_CONTAINER) ?? {},
  };
}

function ofTrainJob(spec: object): Found {
  const { trainer, runtimeRef } = record(spec);
  const { numNodes, numProcPerNode, resourcesPerNode, ...container } = record(trainer);
  const { name, kind } = record(runtimeRef);
  return {
    nodes: number(numNodes) ?? 1,
    processes: numProcPerNode,
    container: { ...container, resources: resourcesPerNode },
    runtime: {
      name: text(name) ?? "",
      kind: kind === "TrainingRuntime" ? kind : "ClusterTrainingRuntime",
      ...{ policy: "plain", targets: [], image: undefined, patches: "runtimePatches" },
    },
  };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}
