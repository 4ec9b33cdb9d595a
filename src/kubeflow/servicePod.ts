import type { KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/objects.ts";
import { POD } from "./kinds/resources.ts";
import { type Json, list, number, record } from "./read.ts";

/**
 * A pod that takes a Service's requests to its port now, and the pod's own port. `spec` is the Service's. Undefined where
 * none is ready, or where no selector says which. Rejects as KubeClient does.
 */
export async function podBehind(
  client: KubeClient,
  { namespace, spec, port }: { readonly namespace: string; readonly spec: Json; readonly port: number },
  signal: AbortSignal,
): Promise<{ readonly pod: string; readonly port: number } | undefined> {
  const selector = Object.entries(record(spec["selector"]));
  // Without one, any pod of the namespace would do.
  if (selector.length === 0) return undefined;
  const labelSelector = selector.map(([key, value]) => `${key}=${String(value)}`).join(",");
  const { items } = await client.list<KubeObject>(POD, { namespace, labelSelector, limit: 50, signal });
  const pod = items.find(isReady);
  return pod && { pod: pod.metadata.name, port: portOf(spec, port, pod) };
}

function isReady(pod: KubeObject): boolean {
  const conditions = list(record(record(pod)["status"])["conditions"]);
  const ready = conditions.some(({ type, status }) => type === "Ready" && status === "True");
  return ready && pod.metadata.deletionTimestamp === undefined;
}

/** A Service may call it by name. */
function portOf(spec: Json, own: number, pod: KubeObject): number {
  const target = list(spec["ports"]).find(({ port }) => port === own)?.["targetPort"];
  const containers = list(record(record(pod)["spec"])["containers"]);
  const named = containers.flatMap(({ ports }) => list(ports)).find(({ name }) => name === target);
  return number(typeof target === "string" ? named?.["containerPort"] : target) ?? own;
}
