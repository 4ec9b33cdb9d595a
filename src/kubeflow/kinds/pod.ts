import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import type { StoreDefinition } from "../../kube/store.ts";
import { OPERATOR_LABELS } from "../labels.ts";
import type { ContainerState, JobPod } from "../model.ts";
import { type Json, list, number, record, text, time, whole } from "../read.ts";
import { MAX_REPLICAS } from "./pytorchJob.ts";

export const POD: ResourceKind = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };

/** All pods of training jobs in a namespace. */
export const JOB_PODS: StoreDefinition<JobPod> = { kind: POD, labelSelector: OPERATOR_LABELS.job, project: projectPod };

export function projectPod(object: KubeObject): JobPod {
  const { metadata } = object;
  const body = record(object);
  const spec = record(body["spec"]);
  const status = record(body["status"]);
  const labels = metadata.labels ?? {};
  const scheduled = list(status["conditions"]).find((condition) => condition["type"] === "PodScheduled");
  return {
    uid: metadata.uid ?? "",
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    job: labels[OPERATOR_LABELS.job] ?? "",
    role: labels[OPERATOR_LABELS.role] ?? "",
    index: whole(Number(labels[OPERATOR_LABELS.index] ?? 0), MAX_REPLICAS) ?? 0,
    created: time(metadata.creationTimestamp) ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    phase: text(status["phase"]) ?? "Unknown",
    node: text(spec["nodeName"]),
    unschedulable: scheduled?.["status"] === "False" ? text(scheduled["message"]) : undefined,
    reason: text(status["reason"]),
    message: text(status["message"]),
    containers: [
      ...containers(list(spec["initContainers"]), list(status["initContainerStatuses"]), true),
      ...containers(list(spec["containers"]), list(status["containerStatuses"]), false),
    ],
  };
}

function containers(specs: readonly Json[], statuses: readonly Json[], init: boolean): readonly ContainerState[] {
  return specs.map((spec) => {
    const name = text(spec["name"]) ?? "";
    const status = statuses.find((candidate) => candidate["name"] === name) ?? {};
    const [state, detail] = stateOf(record(status["state"]));
    return {
      name,
      init,
      restarts: number(status["restartCount"]) ?? 0,
      state,
      reason: text(detail["reason"]),
      message: text(detail["message"]),
      exitCode: number(detail["exitCode"]),
      memoryLimit: text(record(record(spec["resources"])["limits"])["memory"]),
    };
  });
}

function stateOf(state: Json): readonly [ContainerState["state"], Json] {
  for (const name of ["terminated", "running", "waiting"] as const) {
    if (state[name] !== undefined) return [name, record(state[name])];
  }
  return ["unknown", {}];
}
