import type { Answer } from "../../kube/access.ts";
import type { Right } from "../../kube/rights.ts";
import { kindOf } from "../../kubeflow/jobKinds.ts";
import type { Snapshot } from "../code/snapshot.ts";
import type { LaunchKind } from "../spec.ts";
import { type Finding, ok, REQUEST, type Site } from "./finding.ts";

export async function checkAccess({ spec, snapshot, may }: Site): Promise<readonly Finding[]> {
  const [runs, logs] = await Promise.all(
    rightsOf(spec.kind, snapshot.tier).map((rights) =>
      Promise.all(rights.map(async (right) => ({ right, answer: await may(right) }))),
    ),
  );
  return accessFindings(runs ?? [], logs ?? [], spec.namespace);
}

/** What a launch does, and what it takes to follow it. */
export function rightsOf(kind: LaunchKind, tier: Snapshot["tier"]): readonly [Right[], Right[]] {
  const { group, plural: resource } = kindOf(kind).resource;
  const create = { verb: "create", group: "" };
  // What is too large for ConfigMaps is brought by a pod of ours.
  const mover = [
    { ...create, resource: "persistentvolumeclaims" },
    { ...create, resource: "pods" },
    { ...create, resource: "pods", subresource: "portforward" },
  ];
  return [
    [
      ...["create", "patch"].map((verb) => ({ verb, group, resource })),
      { ...create, resource: "configmaps" },
      ...(tier === "volume" ? mover : []),
    ],
    [
      { verb: "list", group: "", resource: "pods" },
      { verb: "get", group: "", resource: "pods", subresource: "log" },
    ],
  ];
}

interface Answered {
  readonly right: Right;
  readonly answer: Answer;
}

/** Pure. What is unknown is taken as allowed: the server has the last word. */
export function accessFindings(
  runs: readonly Answered[],
  logs: readonly Answered[],
  namespace: string,
): readonly Finding[] {
  const say = (all: readonly Answered[], level: Finding["level"], more: string): readonly Finding[] => {
    const what = all.flatMap(({ right: { verb, resource, subresource }, answer }) =>
      answer === "no" ? `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}` : [],
    );
    if (what.length === 0) return [];
    return [
      { field: "namespace", level, text: `You may not ${what.join(", ")} in ${namespace}${more}.`, next: REQUEST },
    ];
  };
  const found = [...say(runs, "problem", ""), ...say(logs, "warning", ": its logs cannot be followed")];
  return found.length > 0 ? found : [ok("namespace", `You may run jobs in ${namespace} and read their logs.`)];
}
