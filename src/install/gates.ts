// When a component is ready: by its own objects, never by all pods of a cluster.
import type { Clock } from "../core/clock.ts";
import { errorText, UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { duration, joined } from "../core/text.ts";
import { ConnectError, isApiError } from "../kube/errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { type Json, list, number, record, text } from "../kubeflow/read.ts";
import { isCertificate } from "./changes.ts";
import type { Kinds } from "./kinds.ts";
import { builtIn, groupOf, isWorkload, type Ref, refWords } from "./objects.ts";
import type { Wait } from "./release.ts";
import { jobReason, podReason } from "./unready.ts";

export interface GateTools {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly kinds: Kinds;
}

/** Something that must hold; `check` says why it does not, in words, or undefined where it does. */
export interface Gate {
  readonly what: string;
  readonly check: (signal: AbortSignal) => Promise<string | undefined>;
}

const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 3_000;

/** What the objects of a component bring with them: definitions that are served, workloads, webhooks that can answer. */
export function gatesOf(tools: GateTools, refs: readonly Ref[], waits: readonly Wait[] = []): readonly Gate[] {
  const found = refs.flatMap((ref): Gate[] => {
    const what = refWords(ref);
    if (ref.kind === "CustomResourceDefinition")
      return [
        { what, check: async (signal) => ((await tools.kinds.isServed(ref.name, signal)) ? undefined : NOT_SERVED) },
      ];
    if (ref.kind.endsWith("WebhookConfiguration")) return [{ what, check: (signal) => webhooks(tools, ref, signal) }];
    return isWorkload(ref) ? [{ what, check: (signal) => workload(tools, ref, signal) }] : [];
  });
  return [...found, ...waits.map((wait) => waitGate(tools, wait))];
}

const NOT_SERVED = "the server does not serve it yet";

/**
 * Waits until every gate holds, asking only those that do not, at a pace that grows to three seconds. Rejects with
 * UserError `not-ready`, which names the first reason, after `withinMs`; with CancelledError.
 */
export async function waitFor(
  { clock }: Pick<GateTools, "clock">,
  gates: readonly Gate[],
  options: {
    readonly what: string;
    readonly withinMs: number;
    readonly onWait: (why: string) => void;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const since = clock.monotonic();
  let open: readonly Gate[] = gates;
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    const answers = await Promise.all(open.map(async (gate) => ({ gate, why: await reason(gate, options.signal) })));
    const left = answers.flatMap(({ gate, why }) => (why === undefined ? [] : [{ gate, why }]));
    if (left.length === 0) return;
    open = left.map(({ gate }) => gate);
    const [first] = left.map(({ gate, why }) => `${gate.what}: ${why}`);
    const words = joined([first ?? "", left.length > 1 ? `${left.length - 1} more` : ""]);
    options.onWait(words);
    if (clock.monotonic() - since > options.withinMs)
      throw new UserError("not-ready", `${options.what} is not ready after ${duration(options.withinMs)}.`, {
        why: `${words.replace(/[.\s]+$/, "")}.`,
        hint: "What was done is kept: go on when this is mended.",
      });
    await clock.sleep(pause, options.signal);
    pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS);
  }
}

/** A server that is away for a moment is a reason to wait, like any other. */
export async function reason(gate: Gate, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await gate.check(signal);
  } catch (error) {
    if (error instanceof ConnectError && error.code === "unreachable")
      return "the cluster cannot be reached at the moment";
    if (isApiError(error) && (error.status === 429 || error.status >= 500))
      return `the server said: ${label(errorText(error), 120)}`;
    throw error;
  }
}

/** The whole object; undefined where there is none. */
export async function read({ client, kinds }: GateTools, ref: Ref, signal: AbortSignal): Promise<Json | undefined> {
  const kind = await kinds.find(ref);
  if (kind === undefined) return undefined;
  const found: unknown = await client.find(
    kind,
    ref.name,
    kind.namespaced ? ref.namespace || "default" : undefined,
    signal,
  );
  return found === undefined ? undefined : record(found);
}

async function workload(tools: GateTools, ref: Ref, signal: AbortSignal): Promise<string | undefined> {
  const object = await read(tools, ref, signal);
  if (object === undefined) return "it is not there";
  const status = record(object["status"]);
  if (ref.kind === "Job") return jobReason(object);
  if (ref.kind === "CronJob") return undefined;
  if (ref.kind === "Pod") return text(status["phase"]) === "Running" ? undefined : "it does not run";
  const generation = number(record(object["metadata"])["generation"]) ?? 0;
  const { wanted, ready, updated } = counts(ref.kind, object);
  if ((number(status["observedGeneration"]) ?? 0) >= generation && ready >= wanted && updated >= wanted)
    return undefined;
  const why = await podReason(tools.client, ref, object, signal);
  return joined([`${Math.min(ready, updated)} of ${wanted} ready`, why]);
}

/** As `kubectl rollout status` counts (kubectl pkg/polymorphichelpers/rollout_status.go). */
function counts(
  kind: string,
  object: Json,
): { readonly wanted: number; readonly ready: number; readonly updated: number } {
  const status = record(object["status"]);
  const of = (name: string): number => number(status[name]) ?? 0;
  if (kind === "DaemonSet")
    return {
      wanted: of("desiredNumberScheduled"),
      ready: of("numberAvailable"),
      updated: of("updatedNumberScheduled"),
    };
  const wanted = number(record(object["spec"])["replicas"]) ?? 1;
  return {
    wanted,
    ready: of(kind === "Deployment" ? "availableReplicas" : "readyReplicas"),
    updated: of("updatedReplicas"),
  };
}

/** Every webhook has its certificate authority, and somebody who answers behind its Service. */
async function webhooks(tools: GateTools, ref: Ref, signal: AbortSignal): Promise<string | undefined> {
  const object = await read(tools, ref, signal);
  if (object === undefined) return "it is not there";
  const configs = list(object["webhooks"]).map(({ clientConfig }) => record(clientConfig));
  const inside = configs.filter(({ service }) => service !== undefined);
  if (inside.some(({ caBundle }) => !isCertificate(caBundle))) return "its certificate authority is not filled in yet";
  const services = new Map(inside.map(({ service }) => [JSON.stringify(service), record(service)]));
  for (const service of services.values()) {
    const [namespace, name] = [text(service["namespace"]) ?? "default", text(service["name"]) ?? ""];
    if (!(await hasEndpoint(tools.client, namespace, name, signal)))
      return `nothing answers behind its Service ${label(name, 63)} in ${label(namespace, 63)} yet`;
  }
  return undefined;
}

const ENDPOINT_SLICE = builtIn("discovery.k8s.io/v1", "endpointslices", "EndpointSlice");

async function hasEndpoint(
  client: KubeClient,
  namespace: string,
  service: string,
  signal: AbortSignal,
): Promise<boolean> {
  const labelSelector = `kubernetes.io/service-name=${service}`;
  const { items } = await client.list(ENDPOINT_SLICE, { namespace, labelSelector, signal });
  return items.some((slice) =>
    list(record(slice)["endpoints"]).some(({ conditions }) => record(conditions)["ready"] !== false),
  );
}

function waitGate(tools: GateTools, wait: Wait): Gate {
  const ref = { namespace: "", ...wait };
  return {
    what: refWords(ref),
    check: async (signal) => {
      const object = await read(tools, ref, signal);
      if (object === undefined) return "it is not there yet";
      if (wait.condition === undefined) return undefined;
      const held = list(record(object["status"])["conditions"]).find(({ type }) => type === wait.condition);
      if (held?.["status"] === "True") return undefined;
      return label(text(held?.["message"]) ?? `it is not ${wait.condition} yet`, 160);
    },
  };
}

/** Webhooks of these that are asked about the object: it waits for them alone. */
export async function hooksFor(
  tools: GateTools,
  refs: readonly Ref[],
  object: Ref,
  signal: AbortSignal,
): Promise<readonly Ref[]> {
  const kind = await tools.kinds.find(object);
  const found: Ref[] = [];
  for (const ref of refs.filter((one) => one.kind.endsWith("WebhookConfiguration"))) {
    const rules = list((await read(tools, ref, signal))?.["webhooks"]).flatMap((webhook) => list(webhook["rules"]));
    const has = (values: unknown, wanted: string): boolean =>
      Array.isArray(values) && (values.includes(wanted) || values.includes("*"));
    const concerns = (rule: Json): boolean =>
      has(rule["apiGroups"], groupOf(object.apiVersion)) &&
      (kind === undefined || has(rule["resources"], kind.plural) || has(rule["resources"], "*/*"));
    if (rules.some(concerns)) found.push(ref);
  }
  return found;
}
