import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import type { StoreDefinition } from "../../kube/store.ts";
import type { JobEvent } from "../model.ts";
import { record, text, time } from "../read.ts";

export const EVENT: ResourceKind = { group: "", version: "v1", plural: "events", kind: "Event", namespaced: true };

/** What the operator says about jobs: mostly why a pod could not be made (quota, limits, pod security). */
export const JOB_WARNINGS: StoreDefinition<JobEvent> = {
  kind: EVENT,
  fieldSelector: "involvedObject.kind=PyTorchJob,type=Warning",
  project: projectEvent,
};

export function projectEvent(object: KubeObject): JobEvent {
  const body = record(object);
  const about = record(body["involvedObject"]);
  return {
    uid: object.metadata.uid ?? "",
    aboutKind: text(about["kind"]) ?? "",
    aboutName: text(about["name"]) ?? "",
    aboutUid: text(about["uid"]) ?? "",
    type: text(body["type"]) ?? "",
    reason: text(body["reason"]) ?? "",
    message: text(body["message"]) ?? "",
    time: time(body["lastTimestamp"]) ?? time(body["eventTime"]) ?? time(object.metadata.creationTimestamp) ?? 0,
  };
}
