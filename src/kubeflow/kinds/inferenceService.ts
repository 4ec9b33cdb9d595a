// KServe's InferenceService (kserve v0.18.0: pkg/apis/serving/v1beta1).
import type { KubeObject } from "../../kube/objects.ts";
import type { StoreDefinition } from "../../kube/store.ts";
import { type Json, list, record, text, time } from "../read.ts";
import { message, trueConditions } from "./jobParts.ts";
import { INFERENCE_SERVICE } from "./resources.ts";
import { selector, type Workload, workload, type WorkloadState } from "./workload.ts";

export const INFERENCE_SERVICES: StoreDefinition<Workload> = {
  kind: INFERENCE_SERVICE,
  project: projectInferenceService,
};

/** States of a model from which it does not come by itself. */
const FAILED_LOADS: ReadonlySet<unknown> = new Set(["BlockedByFailedLoad", "InvalidSpec"]);
/** Reasons of a condition that are an end, of Knative's revisions and of Deployments. */
const FAILED_REASONS = /RevisionFailed|ProgressDeadlineExceeded|ContainerMissing|ExitCode/;

export function projectInferenceService(object: KubeObject): Workload {
  const status = record(record(object)["status"]);
  const conditions = list(status["conditions"]);
  const ready = conditions.find(({ type }) => type === "Ready");
  const model = record(status["modelStatus"]);
  const failure = record(model["lastFailureInfo"]);
  const [state, why] = stateOf(conditions, model, failure);
  const url = text(status["url"]);
  const served = modelOf(record(record(record(object)["spec"])["predictor"]));
  return workload(object, {
    state,
    detail: state === "Ready" ? (url ?? "") : (why.short ?? ""),
    said: why.said,
    hasStatus: conditions.length > 0,
    since: time(ready?.["lastTransitionTime"]),
    facts: [...(served === undefined ? [] : [`Model: ${served}`]), ...(url === undefined ? [] : [`URL: ${url}`])],
    pods: selector("serving.kserve.io/inferenceservice", object.metadata.name),
  });
}

interface Why {
  readonly short?: string | undefined;
  readonly said?: string | undefined;
}

function stateOf(conditions: readonly Json[], model: Json, failure: Json): readonly [WorkloadState, Why] {
  if (trueConditions(conditions).some(({ type }) => type === "Stopped")) return ["Stopped", {}];
  const loading = { short: text(failure["reason"]), said: message(failure["message"]) };
  if (FAILED_LOADS.has(model["transitionStatus"])) return ["Failed", { ...loading, short: loading.short ?? "no load" }];
  const ready = conditions.find(({ type }) => type === "Ready");
  if (ready === undefined) return ["Waiting", {}];
  if (ready["status"] === "True") return ["Ready", {}];
  // What is not ready says why; the whole repeats the first of them.
  const parts = [...conditions, ready].filter(({ status, reason }) => status === "False" && text(reason) !== undefined);
  const [cause] = parts;
  const why = { short: text(cause?.["reason"]), said: message(cause?.["message"]) };
  return [parts.some(({ reason }) => FAILED_REASONS.test(text(reason) ?? "")) ? "Failed" : "Starting", why];
}

/** `sklearn from gs://…`, or the model that a runtime fetches by itself. */
function modelOf(predictor: Json): string | undefined {
  const model = record(predictor["model"]);
  const format = text(record(model["modelFormat"])["name"]);
  const args = Array.isArray(model["args"]) ? model["args"].map(String) : [];
  const source =
    text(model["storageUri"]) ?? /^--model_id=(.*)$/.exec(args.find((arg) => /^--model_id=/.test(arg)) ?? "")?.[1];
  if (format === undefined) return source;
  return source === undefined ? format : `${format} from ${source}`;
}
