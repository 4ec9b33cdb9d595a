// Why a workload is not ready, in the words of its pods or of what keeps it from having any.
import { label } from "../core/sanitize.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import { POD, projectPod } from "../kubeflow/kinds/pod.ts";
import { warningText } from "../kubeflow/podWords.ts";
import { type Json, list, record, text } from "../kubeflow/read.ts";
import { replicaSummary } from "../kubeflow/replicas.ts";
import { builtIn, type Ref } from "./objects.ts";

/** Pods of a workload that are looked at. */
const PODS = 20;
const EVENT = builtIn("v1", "events", "Event");

/** Undefined where the Job is complete. */
export function jobReason(object: Json): string | undefined {
  const conditions = list(record(object["status"])["conditions"]);
  const holds = (type: string): Json | undefined =>
    conditions.find((condition) => condition["type"] === type && condition["status"] === "True");
  if (holds("Complete") !== undefined) return undefined;
  const failed = holds("Failed");
  return failed === undefined ? "it runs" : `it failed: ${label(text(failed["message"]) ?? "", 120)}`;
}

/** The first pod that has something to say; what keeps its pods from being made; "" where nothing is known yet. */
export async function podReason(client: KubeClient, ref: Ref, object: Json, signal: AbortSignal): Promise<string> {
  const refused = list(record(object["status"])["conditions"]).find(
    ({ type, status }) => type === "ReplicaFailure" && status === "True",
  );
  if (refused !== undefined) return warningText({ message: text(refused["message"]) ?? "" }, "it");
  const selector = record(record(record(object["spec"])["selector"])["matchLabels"]);
  const labelSelector = Object.entries(selector)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(",");
  // Without one the pods of the whole namespace would be asked about.
  if (labelSelector === "") return "";
  try {
    const { items } = await client.list(POD, { namespace: ref.namespace, labelSelector, limit: PODS, signal });
    const [waiting] = items
      .map(projectPod)
      .map((pod) => ({ pod, ...replicaSummary(pod) }))
      .filter(({ state }) => state !== "Running" && state !== "Succeeded");
    if (waiting === undefined) return "";
    const detail =
      waiting.detail === "" || waiting.state === "Starting" ? await warning(client, ref, waiting.pod.uid, signal) : "";
    return `pod ${label(waiting.pod.name, 80)}: ${waiting.state.toLowerCase()}${detail === "" ? (waiting.detail === "" ? "" : `, ${waiting.detail}`) : `, ${detail}`}`;
  } catch (error) {
    // Who may install but not look at pods is told as much as the workload itself says.
    if (isApiError(error, "Forbidden")) return "";
    throw error;
  }
}

/** The newest warning about a pod: a volume that is not there, an image that cannot be had. */
async function warning(client: KubeClient, { namespace }: Ref, uid: string, signal: AbortSignal): Promise<string> {
  if (!/^[0-9a-f-]{36}$/.test(uid)) return "";
  const fieldSelector = `involvedObject.uid=${uid},type=Warning`;
  const { items } = await client.list(EVENT, { namespace, fieldSelector, limit: PODS, signal });
  const message = text(record(items.at(-1))["message"]);
  return message === undefined ? "" : warningText({ message }, "it");
}
