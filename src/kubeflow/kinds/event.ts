import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import type { StoreDefinition } from "../../kube/store.ts";
import type { JobEvent } from "../model.ts";
import { record, text, time } from "../read.ts";
import { message } from "./jobParts.ts";

export const EVENT: ResourceKind = { group: "", version: "v1", plural: "events", kind: "Event", namespaced: true };

/**
 * All warnings of a namespace: what stands in a job's way is said of the job, of its JobSet and Jobs, or of its pods, and
 * a field selector takes one kind alone.
 */
export const JOB_WARNINGS: StoreDefinition<JobEvent> = {
  kind: EVENT,
  fieldSelector: "type=Warning",
  project: projectEvent,
};

export function projectEvent(object: KubeObject): JobEvent {
  const body = record(object);
  const about = record(body["involvedObject"]);
  return {
    uid: object.metadata.uid ?? "",
    namespace: object.metadata.namespace ?? "",
    aboutKind: text(about["kind"]) ?? "",
    aboutName: text(about["name"]) ?? "",
    aboutUid: text(about["uid"]) ?? "",
    type: text(body["type"]) ?? "",
    reason: text(body["reason"]) ?? "",
    message: message(body["message"]) ?? "",
    time:
      time(record(body["series"])["lastObservedTime"]) ??
      time(body["lastTimestamp"]) ??
      time(body["eventTime"]) ??
      time(object.metadata.creationTimestamp) ??
      0,
  };
}
