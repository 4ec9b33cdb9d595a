import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import type { JobKind, ReplicaSet, TrainingJob } from "../model.ts";
import { type Json, list, record, time } from "../read.ts";
import { count, identityOf, templateGpus, trueConditions } from "./jobParts.ts";
import { PYTORCH_CONTAINER, PYTORCH_JOB } from "./pytorchJob.ts";

/** How a kind of the Training Operator is written (training-operator v1.9.4: pkg/apis/kubeflow.org/v1). */
export interface V1Kind {
  readonly kind: Exclude<JobKind, "TrainJob">;
  readonly resource: ResourceKind;
  /** Field of the spec that holds its replicas by role. */
  readonly replicas: string;
  /** Roles in the order of their ranks: the first replica of the first that a job has leads it. */
  readonly roles: readonly string[];
  /** Leads the others, and has a rank only where it takes part itself. */
  readonly launcher?: string;
  /** Roles that have no rank. */
  readonly others?: readonly string[];
  /** The container that runs the person's code. */
  readonly container: string;
}

/** The role of an MPIJob that starts the ranks. */
export const LAUNCHER_ROLE = "Launcher";

export const V1_KINDS: readonly V1Kind[] = [
  {
    kind: "PyTorchJob",
    resource: PYTORCH_JOB,
    replicas: "pytorchReplicaSpecs",
    // pkg/controller.v1/pytorch/envvar.go: worker i has RANK i+1 behind a Master.
    roles: ["Master", "Worker"],
    container: PYTORCH_CONTAINER,
  },
  {
    kind: "TFJob",
    resource: resource("TFJob", "tfjobs"),
    replicas: "tfReplicaSpecs",
    // Parameter servers and evaluators are tasks of their own (pkg/controller.v1/tensorflow/tfjob_controller.go: IsMasterRole).
    roles: ["Chief", "Master", "Worker"],
    others: ["PS", "Evaluator"],
    container: "tensorflow",
  },
  {
    kind: "MPIJob",
    resource: resource("MPIJob", "mpijobs"),
    replicas: "mpiReplicaSpecs",
    launcher: LAUNCHER_ROLE,
    roles: ["Worker"],
    container: "mpi",
  },
  {
    kind: "XGBoostJob",
    resource: resource("XGBoostJob", "xgboostjobs"),
    replicas: "xgbReplicaSpecs",
    roles: ["Master", "Worker"],
    container: "xgboost",
  },
  {
    kind: "PaddleJob",
    resource: resource("PaddleJob", "paddlejobs"),
    replicas: "paddleReplicaSpecs",
    roles: ["Master", "Worker"],
    container: "paddle",
  },
  {
    kind: "JAXJob",
    resource: resource("JAXJob", "jaxjobs"),
    replicas: "jaxReplicaSpecs",
    roles: ["Worker"],
    container: "jax",
  },
];

function resource(kind: JobKind, plural: string): ResourceKind {
  return { group: "kubeflow.org", version: "v1", plural, kind, namespaced: true };
}

export function projectV1Job(kind: V1Kind, object: KubeObject): TrainingJob {
  const body = record(object);
  const spec = record(body["spec"]);
  const status = record(body["status"]);
  // They are appended, the newest last (pkg/util/status.go).
  const condition = trueConditions(status["conditions"]).at(-1);
  // A failed job has no completionTime; its condition knows when.
  const isOver = condition?.type === "Failed" || condition?.type === "Succeeded";
  return {
    kind: kind.kind,
    ...identityOf(object),
    started: time(status["startTime"]),
    finished: time(status["completionTime"]) ?? (isOver ? condition.since : undefined),
    suspended: record(spec["runPolicy"])["suspend"] === true,
    condition: condition?.type,
    reason: condition?.reason,
    message: condition?.message,
    replicas: replicaSets(kind, record(spec[kind.replicas])),
  };
}

function replicaSets({ launcher = "", roles: ranked, others = [] }: V1Kind, specs: Json): readonly ReplicaSet[] {
  const sets: ReplicaSet[] = [];
  const roles = takesPart(record(specs[launcher])) ? [launcher, ...ranked] : ranked;
  let rank = 0;
  for (const role of new Set([launcher, ...roles, ...others])) {
    if (specs[role] === undefined) continue;
    const spec = record(specs[role]);
    const size = count(spec["replicas"]) ?? 1;
    const firstRank = roles.includes(role) ? rank : undefined;
    sets.push({ role, count: size, gpus: templateGpus(record(spec["template"])), firstRank });
    if (firstRank !== undefined) rank += size;
  }
  return sets;
}

/** The operator writes a launcher into its hostfile, before the workers, where it has GPUs (pkg/controller.v1/mpi: isGPULauncher). */
function takesPart(spec: Json): boolean {
  const containers = list(record(record(spec["template"])["spec"])["containers"]);
  return containers.some((container) =>
    Object.keys(record(record(container["resources"])["limits"])).some((name) => name.includes("gpu")),
  );
}
