import { yamlOf } from "../kube/anyObject.ts";
import { QUEUE_LABEL } from "../kubeflow/labels.ts";
import { record } from "../kubeflow/read.ts";
import type { RunPlan } from "./desk.ts";
import { buildJob } from "./manifests/index.ts";
import { without } from "./schema.ts";
import type { JobObject } from "./types.ts";

/** The job of a planned run as YAML, as it is once it may start. Its code is not in it. `version` is the extension's. */
export function manifestText({ spec, snapshot, job: edited }: RunPlan, version: string): string {
  const lines = [
    `${snapshot.script} as it would run. Its code is not in this text:`,
    "this window sends it along as long as the name stays the same.",
  ];
  const job = edited ?? buildJob(spec, snapshot, version);
  return `${lines.map((line) => `# ${line}\n`).join("")}${yamlOf(without(job, [suspendPath(job)]))}`;
}

/** The job held until it is let go: suspended, and in no queue yet. */
export function held(job: JobObject): JobObject {
  const spec = record(job.spec);
  const runPolicy = { ...record(spec["runPolicy"]), suspend: true };
  const { metadata } = without(job, [["metadata", "labels", QUEUE_LABEL]]);
  return { ...job, metadata, spec: { ...spec, ...(job.kind === "TrainJob" ? { suspend: true } : { runPolicy }) } };
}

/** True where it says so itself. */
export function isSuspended(job: JobObject): boolean {
  return suspendPath(job).reduce<unknown>((at, step) => record(at)[step], job) === true;
}

/** Where a job says that it is held. */
export function suspendPath({ kind }: Pick<JobObject, "kind">): readonly string[] {
  return kind === "TrainJob" ? ["spec", "suspend"] : ["spec", "runPolicy", "suspend"];
}
