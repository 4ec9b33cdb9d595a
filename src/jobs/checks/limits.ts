import { label } from "../../core/sanitize.ts";
import { type Amounts, amountWords } from "../../kubeflow/gangFit.ts";
import { isGpuResource } from "../../kubeflow/gpuNames.ts";
import type { Json } from "../../kubeflow/read.ts";
import { type Finding, type FindingField, ok, problem, type Site, untold } from "./finding.ts";
import { amounts, gangOf, limitsOf, type RunGang } from "./gang.ts";

export async function checkLimits(site: Site): Promise<readonly Finding[]> {
  const found = await site.limitRanges;
  if (found.kind !== "found")
    return [untold("cpu", "Whether each pod keeps the namespace’s limits", "list limitranges")];
  const gang = await gangOf(site);
  const findings = found.value.flatMap((object) => limitFindings(object.metadata.name, limitsOf(object), gang));
  return findings.length > 0 || found.value.length === 0
    ? findings
    : [ok("cpu", "Each pod keeps the namespace’s limits.")];
}

/** Our pods have one container: what holds for the one holds for the other. Pure. */
export function limitFindings(
  name: string,
  limits: readonly Json[],
  gang: Pick<RunGang, "asks" | "limits">,
): readonly Finding[] {
  return limits
    .filter(({ type }) => type === "Container" || type === "Pod")
    .flatMap(({ type, max, min }) => {
      const [most, least] = [amounts(max), amounts(min)];
      const say = (resource: string, limit: Amounts, word: string, has: number): Finding => {
        const of = `${word} ${amountWords(resource, limit[resource] ?? 0)} for each ${String(type).toLowerCase()}`;
        return problem(
          fieldOfResource(resource),
          `The namespace’s limit range ${label(name, 63)} allows ${of}, and this one asks for ${amountWords(resource, has)}.`,
        );
      };
      return [
        ...Object.entries({ ...gang.asks, ...gang.limits }).flatMap(([resource, amount]) =>
          amount > (most[resource] ?? Infinity) ? [say(resource, most, "at most", amount)] : [],
        ),
        ...Object.entries(gang.asks).flatMap(([resource, amount]) =>
          amount < (least[resource] ?? 0) ? [say(resource, least, "no less than", amount)] : [],
        ),
      ];
    });
}

/** `requests.nvidia.com/gpu` is of the field `gpus`. */
export function fieldOfResource(resource: string): FindingField {
  const name = resource.replace(/^(requests|limits)\./, "");
  if (isGpuResource(name)) return "gpus";
  if (name === "cpu" || name === "memory") return name;
  if (/^(count\/)?(pods|services)$/.test(name)) return "nodes";
  return /^(count\/)?(configmaps|persistentvolumeclaims)$/.test(name) ? "code" : "namespace";
}
