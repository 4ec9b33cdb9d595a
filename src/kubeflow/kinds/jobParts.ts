// What all kinds of training job have in common, and what their projections share.
import type { KubeObject } from "../../kube/objects.ts";
import { gpuAmounts, sumOf } from "../gpuNames.ts";
import { OUR_ANNOTATIONS, OUR_LABELS, QUEUE_LABEL } from "../labels.ts";
import type { TrainingJob } from "../model.ts";
import { type Json, list, record, text, time, whole } from "../read.ts";

/** Replicas of a role that are looked at. No job has so many; an object can say anything. */
export const MAX_REPLICAS = 10_000;
/** GPUs of a replica that are believed. */
const MAX_GPUS = 10_000;
/** Characters of a message that are kept: what is shown of it is far shorter. */
const MAX_MESSAGE = 2_000;

/** What metadata tells of a job. */
export function identityOf({
  metadata,
}: KubeObject): Pick<
  TrainingJob,
  "uid" | "name" | "namespace" | "created" | "deleting" | "queue" | "launchId" | "owner" | "script"
> {
  const { labels, annotations } = metadata;
  return {
    uid: metadata.uid ?? "",
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    created: time(metadata.creationTimestamp) ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    queue: text(labels?.[QUEUE_LABEL]),
    launchId: text(labels?.[OUR_LABELS.launch]),
    owner: text(labels?.[OUR_LABELS.owner]),
    script: text(annotations?.[OUR_ANNOTATIONS.script]),
  };
}

export interface Condition {
  readonly type: string;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  /** Since when it holds, wall ms. */
  readonly since: number | undefined;
}

/** Conditions that hold, in the order in which they are written. */
export function trueConditions(value: unknown): readonly Condition[] {
  return list(value)
    .filter((condition) => condition["status"] === "True")
    .map((condition) => ({
      type: text(condition["type"]) ?? "",
      reason: text(condition["reason"]),
      message: message(condition["message"]),
      since: time(condition["lastTransitionTime"]),
    }));
}

/** A text of any length, cut down to what may be kept. */
export function message(value: unknown): string | undefined {
  return text(value)?.slice(0, MAX_MESSAGE);
}

export function count(value: unknown): number | undefined {
  return whole(value, MAX_REPLICAS);
}

/** GPUs of a pod template's containers. */
export function templateGpus(template: Json): number {
  const containers = list(record(template["spec"])["containers"]);
  const gpus = containers.map((container) => resourceGpus(record(container["resources"])));
  return Math.min(
    MAX_GPUS,
    gpus.reduce((sum, own) => sum + own, 0),
  );
}

/** GPUs of a container's `resources`: their limit is their request. */
export function resourceGpus(resources: Json): number {
  return sumOf(gpuAmounts({ ...record(resources["requests"]), ...record(resources["limits"]) }));
}
