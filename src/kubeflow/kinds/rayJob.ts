// KubeRay's RayJob (kuberay: ray-operator/apis/ray/v1/rayjob_types.go).
import type { KubeObject } from "../../kube/objects.ts";
import type { StoreDefinition } from "../../kube/store.ts";
import { plural } from "../../core/text.ts";
import { list, record, text, time } from "../read.ts";
import { count, message, templateGpus } from "./jobParts.ts";
import { RAY_JOB } from "./resources.ts";
import { selector, type Workload, workload, type WorkloadState } from "./workload.ts";

export const RAY_JOBS: StoreDefinition<Workload> = { kind: RAY_JOB, project: projectRayJob };

/** By what becomes of its cluster, where that decides (JobDeploymentStatus); the rest is for what Ray says of the job. */
const DEPLOYMENTS = states({
  Initializing: "Starting",
  Waiting: "Waiting",
  Failed: "Failed",
  ValidationFailed: "Failed",
  Suspending: "Stopping",
  Suspended: "Suspended",
  Retrying: "Restarting",
});
const JOBS = states({
  PENDING: "Starting",
  RUNNING: "Running",
  STOPPED: "Stopped",
  SUCCEEDED: "Succeeded",
  FAILED: "Failed",
});

export function projectRayJob(object: KubeObject): Workload {
  const { spec: asked, status: told } = record(object);
  const [spec, status] = [record(asked), record(told)];
  const deployment = text(status["jobDeploymentStatus"]);
  const state =
    DEPLOYMENTS.get(deployment ?? "") ??
    JOBS.get(text(status["jobStatus"]) ?? "") ??
    (deployment === undefined ? "Waiting" : "Starting");
  const hasEnded = ["Succeeded", "Failed", "Stopped"].includes(state);
  const failed = state === "Failed" || state === "Restarting";
  const entrypoint = text(spec["entrypoint"]);
  const dashboard = text(status["dashboardURL"]);
  return workload(object, {
    state,
    detail: failed ? (text(status["reason"]) ?? sizeOf(spec)) : sizeOf(spec),
    said: failed ? message(status["message"]) : undefined,
    hasStatus: deployment !== undefined,
    since: time(status[hasEnded ? "endTime" : "startTime"]),
    hasEnded,
    facts: [
      ...(entrypoint === undefined ? [] : [`Entrypoint: ${entrypoint}`]),
      ...(dashboard === undefined ? [] : [`Dashboard in the cluster: ${dashboard}`]),
    ],
    // Its submitter first: a Job of its name, which prints what the entrypoint does.
    pods: [...selector("job-name", object.metadata.name), ...selector("ray.io/cluster", status["rayClusterName"])],
  });
}

/** Names come from the cluster: `constructor` is none. */
function states(known: Readonly<Record<string, WorkloadState>>): ReadonlyMap<string, WorkloadState> {
  return new Map(Object.entries(known));
}

/** `2 workers · 4 GPUs`. */
function sizeOf(spec: Readonly<Record<string, unknown>>): string {
  const groups = list(record(spec["rayClusterSpec"])["workerGroupSpecs"]).slice(0, 50);
  const sizes = groups.map(({ replicas, template }) => ({
    workers: count(replicas) ?? 1,
    gpus: templateGpus(record(template)),
  }));
  const workers = sizes.reduce((sum, one) => sum + one.workers, 0);
  const gpus = sizes.reduce((sum, one) => sum + one.workers * one.gpus, 0);
  return [plural(workers, "worker"), ...(gpus === 0 ? [] : [plural(gpus, "GPU")])].join(" · ");
}
