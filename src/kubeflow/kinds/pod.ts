import type { KubeObject } from "../../kube/objects.ts";
import type { StoreDefinition } from "../../kube/store.ts";
import { sumOfQuantities } from "../gpuNames.ts";
import { JOBSET_LABELS, OPERATOR_LABELS, podLabel } from "../labels.ts";
import type { ContainerState, JobKind, JobPod } from "../model.ts";
import { type Json, list, number, record, text, time, whole } from "../read.ts";
import { MAX_REPLICAS, message } from "./jobParts.ts";
import { POD } from "./resources.ts";
import { V1_KINDS } from "./v1Job.ts";

export { POD } from "./resources.ts";

/** All pods of the Training Operator's jobs in a namespace. */
export const JOB_PODS: StoreDefinition<JobPod> = {
  kind: POD,
  labelSelector: podLabel("PyTorchJob"),
  project: projectPod,
};

/** All pods of JobSets, and so of TrainJobs. */
export const TRAINJOB_PODS: StoreDefinition<JobPod> = {
  kind: POD,
  labelSelector: podLabel("TrainJob"),
  project: projectPod,
};

const MAX_RESTARTS = 1_000_000;
/** Resources of a container that are looked at. */
const MAX_RESOURCES = 20;

export function projectPod(object: KubeObject): JobPod {
  const { metadata } = object;
  const body = record(object);
  const spec = record(body["spec"]);
  const status = record(body["status"]);
  const conditions = list(status["conditions"]);
  const scheduled = conditions.find((condition) => condition["type"] === "PodScheduled");
  const disrupted = conditions.find(({ type, status: holds }) => type === "DisruptionTarget" && holds === "True");
  const unschedulable = scheduled?.["status"] === "False" ? message(scheduled["message"]) : undefined;
  return {
    uid: metadata.uid ?? "",
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    ...placeOf(metadata.labels ?? {}),
    owner: text(list(metadata.ownerReferences).find(({ controller }) => controller === true)?.["uid"]),
    created: time(metadata.creationTimestamp) ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    phase: text(status["phase"]) ?? "Unknown",
    node: text(spec["nodeName"]),
    unschedulable,
    needs: unschedulable === undefined ? undefined : needsOf(list(spec["containers"])),
    reason: text(status["reason"]),
    message: message(status["message"]),
    disruption: text(disrupted?.["reason"]),
    containers: [
      ...containers(list(spec["initContainers"]), list(status["initContainerStatuses"]), true),
      ...containers(list(spec["containers"]), list(status["containerStatuses"]), false),
    ],
  };
}

function placeOf(labels: Readonly<Record<string, string>>): Pick<JobPod, "kind" | "job" | "role" | "index"> {
  const jobSet = labels[JOBSET_LABELS.jobSet];
  const names = jobSet === undefined ? OPERATOR_LABELS : JOBSET_LABELS;
  return {
    kind: jobSet === undefined ? kindByOperator(labels[OPERATOR_LABELS.operator] ?? "") : "TrainJob",
    job: jobSet ?? labels[OPERATOR_LABELS.job] ?? "",
    role: (labels[names.role] ?? "").toLowerCase(),
    index: whole(Number(labels[names.index] ?? 0), MAX_REPLICAS) ?? 0,
  };
}

/** By what the operator calls itself on its pods: `tfjob-controller`. */
function kindByOperator(operator: string): JobKind {
  const name = operator.replace(/-controller$/, "");
  return V1_KINDS.find(({ kind }) => kind.toLowerCase() === name)?.kind ?? "PyTorchJob";
}

/** Of all containers together. */
function needsOf(specs: readonly Json[]): Readonly<Record<string, string>> {
  const needs = new Map<string, string>();
  for (const spec of specs) {
    const resources = record(spec["resources"]);
    const asked = { ...record(resources["limits"]), ...record(resources["requests"]) };
    for (const [name, amount] of Object.entries(asked).slice(0, MAX_RESOURCES)) {
      const before = needs.get(name);
      const now = String(amount).slice(0, 30);
      needs.set(name, before === undefined ? now : sumOfQuantities(before, now));
    }
  }
  return Object.fromEntries(needs);
}

function containers(specs: readonly Json[], statuses: readonly Json[], init: boolean): readonly ContainerState[] {
  return specs.map((spec) => {
    const name = text(spec["name"]) ?? "";
    const status = statuses.find((candidate) => candidate["name"] === name) ?? {};
    const [state, detail] = stateOf(record(status["state"]));
    const last = record(record(status["lastState"])["terminated"]);
    const hasRun = Object.keys(last).length > 0;
    return {
      name,
      init,
      restarts: whole(status["restartCount"], MAX_RESTARTS) ?? 0,
      state,
      reason: text(detail["reason"]),
      message: message(detail["message"]),
      exitCode: number(detail["exitCode"]),
      ended: time(detail["finishedAt"]),
      last: hasRun ? { exitCode: number(last["exitCode"]), reason: text(last["reason"]) } : undefined,
      image: text(spec["image"]),
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
