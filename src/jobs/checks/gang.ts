import type { KubeObject } from "../../kube/objects.ts";
import type { Amounts, Gang, Toleration } from "../../kubeflow/gangFit.ts";
import { gpuAmounts } from "../../kubeflow/gpuNames.ts";
import { computeAmounts } from "../../kubeflow/kinds/gpuPod.ts";
import { hasOwnLauncher, runtimePod } from "../../kubeflow/kinds/runtime.ts";
import { type Json, list, record, text } from "../../kubeflow/read.ts";
import { resources } from "../manifests/parts.ts";
import type { LaunchSpec } from "../spec.ts";
import type { Site } from "./finding.ts";

/** The pods of a run as the cluster will have them. */
export interface RunGang extends Gang {
  /** What each may use at most, where that is stated. */
  readonly limits: Amounts;
}

export async function gangOf({ spec, runtime, limitRanges }: Site): Promise<RunGang> {
  const [its, ranges] = await Promise.all([runtime, limitRanges]);
  return runGang(
    spec,
    its?.kind === "found" ? its.value : undefined,
    ranges.kind === "found" ? ranges.value.flatMap(limitsOf) : [],
  );
}

/**
 * All pods that run at the same time: the launcher of an MPI runtime is one of the nodes or one more (which Trainer gives the
 * amounts alone, and the nodes those of the runtime: all are counted as if they asked alike); initializers end before.
 * What a pod asks for is what the run says, else its runtime, else what the namespace's LimitRanges give a container that
 * says nothing (kubernetes plugin/pkg/admission/limitranger: a stated limit is also the request). Pure.
 */
export function runGang(spec: LaunchSpec, runtime: KubeObject | undefined, ranges: readonly Json[]): RunGang {
  const { pod, container } = runtime === undefined ? { pod: {}, container: {} } : runtimePod(runtime);
  const { nodeSelector, tolerations } = spec.needs ?? {};
  return {
    ...podAmounts(resources(spec) ?? record(container["resources"]), ranges),
    pods: spec.nodes + (runtime !== undefined && hasOwnLauncher(runtime) ? 1 : 0),
    nodeSelector: { ...strings(pod["nodeSelector"]), ...nodeSelector },
    tolerations: [...list(pod["tolerations"]).map(tolerationOf), ...(tolerations ?? [])],
  };
}

/** What a pod with one container of these resources asks for and may use at most. Pure. */
export function podAmounts(stated: Json, ranges: readonly Json[]): Pick<RunGang, "asks" | "limits"> {
  const inRange = (what: string): Amounts =>
    Object.assign({}, ...ranges.filter(({ type }) => type === "Container").map((one) => amounts(one[what]))) as Amounts;
  const own = amounts(stated["limits"]);
  return {
    limits: { ...inRange("default"), ...own },
    asks: { ...inRange("default"), ...inRange("defaultRequest"), ...own, ...amounts(stated["requests"]) },
  };
}

/** The limits of a LimitRange. */
export function limitsOf(object: KubeObject): readonly Json[] {
  return list(record(record(object)["spec"])["limits"]);
}

export function amounts(value: unknown): Amounts {
  return { ...computeAmounts(record(value)), ...gpuAmounts(record(value)) };
}

export function tolerationOf({ key, operator, value, effect }: Json): Toleration {
  const [name, of] = [text(key), text(effect)];
  return {
    ...(name !== undefined && { key: name }),
    ...(operator !== "Exists" && { value: text(value) ?? "" }),
    ...(of !== undefined && { effect: of }),
  };
}

function strings(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record(value)).flatMap(([key, one]) => (typeof one === "string" ? [[key, one]] : [])),
  );
}
