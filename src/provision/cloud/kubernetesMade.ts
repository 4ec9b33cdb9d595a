import type { Clock } from "../../core/clock.ts";
import { label } from "../../core/sanitize.ts";
import { duration, plural } from "../../core/text.ts";
import { deleteObject } from "../../kube/anyObject.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isApiError } from "../../kube/errors.ts";
import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import { CLAIM, INGRESS, POD, SERVICE, VOLUME } from "../../kubeflow/kinds/resources.ts";
import { list, record, text } from "../../kubeflow/read.ts";

/** Something that Kubernetes had its cloud make, and that Terraform knows nothing of. */
export interface MadeByKubernetes {
  readonly resource: ResourceKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** `load balancer at 203.0.113.7`, `volume of 20Gi, in use by jupyter-0` */
  readonly what: string;
  /** Volume that must go with a claim. */
  readonly volume?: string;
}

const PAGE = 500;
const POLL_MS = 3_000;
const TIMEOUT_MS = 10 * 60_000;

/**
 * Load balancers and volumes that Kubernetes made, and the pods that use those volumes and so hold them: a network with
 * them in it cannot be deleted. Rejects with ApiError or ConnectError.
 */
export async function madeByKubernetes(client: KubeClient, signal: AbortSignal): Promise<readonly MadeByKubernetes[]> {
  const [services = [], ingresses = [], claims = [], pods = []] = await Promise.all(
    [SERVICE, INGRESS, CLAIM, POD].map((kind) => all(client, kind, signal)),
  );
  const balanced = services.filter((object) => specOf(object)["type"] === "LoadBalancer");
  const users = pods.map((pod) => ({ pod, claims: claimsOf(pod) })).filter((one) => one.claims.size > 0);
  const made = claims.map((claim) => {
    const key = `${claim.metadata.namespace ?? ""}/${claim.metadata.name}`;
    const by = users.filter((one) => one.claims.has(key)).map(({ pod }) => label(pod.metadata.name, 63));
    const size = label(text(record(record(specOf(claim)["resources"])["requests"])["storage"]) ?? "unknown size", 20);
    const volume = text(specOf(claim)["volumeName"]);
    const what = `volume of ${size}${by.length === 0 ? "" : `, in use by ${by.slice(0, 3).join(", ")}`}`;
    return { ...at(CLAIM, claim), what, ...(volume === undefined ? {} : { volume }) };
  });
  return [
    ...balanced.map((object) => ({ ...at(SERVICE, object), what: `load balancer${address(object)}` })),
    ...ingresses.map((object) => ({ ...at(INGRESS, object), what: `load balancer of an ingress${address(object)}` })),
    ...made,
    ...users.map(({ pod }) => ({ ...at(POD, pod), what: "pod that uses a volume" })),
  ];
}

/**
 * Deletes exactly these, then waits until the cloud's things behind them are gone, at most `timeoutMs` (10 minutes).
 * Resolves with what is still there, a sentence each. Call it only when the person agreed to this list. Rejects with
 * ApiError, ConnectError or CancelledError.
 */
export async function removeMade(
  client: KubeClient,
  made: readonly MadeByKubernetes[],
  options: {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly onProgress: (words: string) => void;
    readonly timeoutMs?: number;
  },
): Promise<readonly string[]> {
  const { clock, signal, onProgress, timeoutMs = TIMEOUT_MS } = options;
  // Claims before pods: a pod that a controller makes anew finds its claim going, and holds nothing.
  for (const one of made) await deleteObject(client, one, signal);
  const volumes = made.flatMap(({ volume, what, ...one }) =>
    volume === undefined ? [] : { ...one, resource: VOLUME, name: volume, uid: "", what },
  );
  const start = clock.monotonic();
  let waiting: readonly MadeByKubernetes[] = [...made.filter(({ resource }) => resource !== POD), ...volumes];
  const total = waiting.length;
  for (;;) {
    const still = await Promise.all(waiting.map((one) => isThere(client, one, signal)));
    waiting = waiting.filter((_, index) => still[index]);
    const first = waiting[0];
    if (first === undefined) return [];
    onProgress(`${total - waiting.length} of ${total} gone; waiting for ${words(first)}`);
    if (clock.monotonic() - start > timeoutMs)
      return waiting.map((one) => `${words(one)} is still there after ${duration(timeoutMs)}.`);
    await clock.sleep(POLL_MS, signal);
  }
}

/** `2 load balancers and 3 volumes`, for the question before. */
export function madeWords(made: readonly MadeByKubernetes[]): string {
  const count = (...kinds: ResourceKind[]): number => made.filter(({ resource }) => kinds.includes(resource)).length;
  const parts = [
    [count(SERVICE, INGRESS), "load balancer"],
    [count(CLAIM), "volume"],
    [count(POD), "pod that uses them", "pods that use them"],
  ] as const;
  return parts.flatMap(([number, one, many]) => (number === 0 ? [] : plural(number, one, many))).join(", ");
}

async function all(client: KubeClient, kind: ResourceKind, signal: AbortSignal): Promise<readonly KubeObject[]> {
  const found: KubeObject[] = [];
  let next: string | undefined;
  do {
    const page = await client.list<KubeObject>(kind, { signal, limit: PAGE, ...(next && { continue: next }) });
    found.push(...page.items);
    next = page.metadata.continue;
  } while (next !== undefined && next !== "");
  return found;
}

async function isThere(client: KubeClient, made: MadeByKubernetes, signal: AbortSignal): Promise<boolean> {
  const { resource, name, namespace, uid } = made;
  try {
    const object = await client.get<KubeObject>(resource, name, resource.namespaced ? namespace : undefined, signal);
    if (uid !== "") return object.metadata.uid === uid;
    // A volume that is to be kept outlives its claim, and is the person's.
    return specOf(object)["persistentVolumeReclaimPolicy"] !== "Retain";
  } catch (error) {
    if (isApiError(error, "NotFound")) return false;
    throw error;
  }
}

function at(resource: ResourceKind, { metadata }: KubeObject): Omit<MadeByKubernetes, "what"> {
  return { resource, namespace: metadata.namespace ?? "", name: metadata.name, uid: metadata.uid ?? "" };
}

const words = ({ resource, namespace, name }: MadeByKubernetes): string =>
  `${resource.kind} ${resource.namespaced ? `${label(namespace, 63)}/` : ""}${label(name, 80)}`;

const specOf = (object: KubeObject): Readonly<Record<string, unknown>> => record(record(object)["spec"]);

/** `namespace/name` of the claims that a pod uses and still holds. */
function claimsOf(pod: KubeObject): ReadonlySet<string> {
  const phase = record(record(pod)["status"])["phase"];
  if (phase === "Succeeded" || phase === "Failed") return new Set();
  const names = list(specOf(pod)["volumes"]).flatMap(
    (one) => text(record(one["persistentVolumeClaim"])["claimName"]) ?? [],
  );
  return new Set(names.map((name) => `${pod.metadata.namespace ?? ""}/${name}`));
}

function address(object: KubeObject): string {
  const [first] = list(record(record(record(object)["status"])["loadBalancer"])["ingress"]);
  const found = text(first?.["ip"]) ?? text(first?.["hostname"]);
  return found === undefined ? "" : ` at ${label(found, 100)}`;
}
