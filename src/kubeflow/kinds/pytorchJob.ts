import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import type { StoreDefinition } from "../../kube/store.ts";
import { OUR_ANNOTATIONS, OUR_LABELS, QUEUE_LABEL } from "../labels.ts";
import type { ReplicaSet, TrainingJob } from "../model.ts";
import { type Json, list, record, text, time, whole } from "../read.ts";

export const PYTORCH_JOB: ResourceKind = {
  group: "kubeflow.org",
  version: "v1",
  plural: "pytorchjobs",
  kind: "PyTorchJob",
  namespaced: true,
};

/** The container that runs the person's code (training-operator v1.9.4: PyTorchJobDefaultContainerName). */
export const PYTORCH_CONTAINER = "pytorch";

/** Replicas of a role that are looked at. No job has so many; an object can say anything. */
export const MAX_REPLICAS = 10_000;
/** GPUs of a replica that are believed. */
const MAX_GPUS = 10_000;

export const PYTORCH_JOBS: StoreDefinition<TrainingJob> = { kind: PYTORCH_JOB, project: projectPyTorchJob };

export function projectPyTorchJob(object: KubeObject): TrainingJob {
  const { metadata } = object;
  const body = record(object);
  const spec = record(body["spec"]);
  const status = record(body["status"]);
  const policy = record(spec["runPolicy"]);
  const condition = currentCondition(list(status["conditions"]));
  return {
    kind: PYTORCH_JOB.kind,
    uid: metadata.uid ?? "",
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    created: time(metadata.creationTimestamp) ?? 0,
    started: time(status["startTime"]),
    finished: time(status["completionTime"]) ?? finishedAt(condition),
    deleting: metadata.deletionTimestamp !== undefined,
    suspended: policy["suspend"] === true,
    queue: metadata.labels?.[QUEUE_LABEL],
    condition: text(condition["type"]),
    reason: text(condition["reason"]),
    message: text(condition["message"]),
    replicas: replicaSets(record(spec["pytorchReplicaSpecs"])),
    launchId: metadata.labels?.[OUR_LABELS.launch],
    owner: metadata.labels?.[OUR_LABELS.owner],
    script: metadata.annotations?.[OUR_ANNOTATIONS.script],
  };
}

/** The newest condition that holds: they are appended, the newest last (training-operator v1.9.4: pkg/util/status.go). */
function currentCondition(conditions: readonly Json[]): Json {
  return conditions.findLast((condition) => condition["status"] === "True") ?? {};
}

/** A failed job has no completionTime; its condition knows when. */
function finishedAt(condition: Json): number | undefined {
  return condition["type"] === "Failed" || condition["type"] === "Succeeded"
    ? time(condition["lastTransitionTime"])
    : undefined;
}

/** Rank 0 is the Master; Workers come after it (pkg/controller.v1/pytorch/envvar.go: worker i has RANK i+1). */
function replicaSets(specs: Json): readonly ReplicaSet[] {
  const sets: ReplicaSet[] = [];
  let firstRank = 0;
  for (const role of ["Master", "Worker"]) {
    if (specs[role] === undefined) continue;
    const spec = record(specs[role]);
    const count = whole(spec["replicas"], MAX_REPLICAS) ?? 1;
    sets.push({ role, count, gpus: gpusOf(spec), firstRank });
    firstRank += count;
  }
  return sets;
}

function gpusOf(spec: Json): number {
  const pod = record(record(spec["template"])["spec"]);
  let gpus = 0;
  for (const container of list(pod["containers"])) {
    const limits = record(record(container["resources"])["limits"]);
    for (const [name, amount] of Object.entries(limits)) {
      if (/^(nvidia|amd|gpu\.intel)\.com\/(gpu|mig-|i915|xe)/.test(name)) gpus += Number(amount) || 0;
    }
  }
  return whole(gpus, MAX_GPUS) ?? 0;
}
