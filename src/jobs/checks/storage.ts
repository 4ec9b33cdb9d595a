// Volumes that a run names, and the class of those that are made for it.
import { label } from "../../core/sanitize.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { CLAIM, STORAGE_CLASS } from "../../kubeflow/kinds/resources.ts";
import { record, text } from "../../kubeflow/read.ts";
import {
  type Finding,
  type FindingField,
  ok,
  problem,
  seen,
  type Seen,
  type Site,
  untold,
  warning,
} from "./finding.ts";

export async function checkStorage({ client, spec, snapshot, signal }: Site): Promise<readonly Finding[]> {
  const { namespace, nodes, output, needs } = spec;
  const claims: readonly Use[] = [
    ...(output !== undefined && "claim" in output
      ? [{ field: "output" as const, claim: output.claim, readOnly: false }]
      : []),
    ...(needs?.volumes ?? []).map(({ claim, readOnly }) => ({ field: "volumes" as const, claim, readOnly })),
  ];
  if (claims.length === 0 && snapshot.tier !== "volume") return [];
  const classes = await seen(client.list<KubeObject>(STORAGE_CLASS, { limit: 200, signal }));
  const all = classes.kind === "found" ? classes.value.items : undefined;
  const found = await Promise.all(
    claims.map(async (use) =>
      claimFinding(use, await seen(client.get<KubeObject>(CLAIM, use.claim, namespace, signal)), nodes, all),
    ),
  );
  return [...found, ...(snapshot.tier === "volume" ? [classFinding(all, nodes)] : [])];
}

interface Use {
  readonly field: FindingField;
  readonly claim: string;
  readonly readOnly: boolean;
}

/** Pure. `classes` is undefined where they may not be listed. */
export function claimFinding(
  { field, claim, readOnly }: Use,
  found: Seen<KubeObject>,
  nodes: number,
  classes: readonly KubeObject[] | undefined,
): Finding {
  if (found.kind === "missing") return problem(field, `There is no volume claim ${claim} in the namespace.`);
  if (found.kind === "forbidden")
    return untold(field, `Whether there is a volume claim ${claim}`, "get persistentvolumeclaims");
  const { metadata } = found.value;
  const { spec, status } = record(found.value);
  if (metadata.deletionTimestamp !== undefined) return problem(field, `The volume claim ${claim} is being deleted.`);
  const phase = text(record(status)["phase"]) ?? "Pending";
  if (phase === "Lost") return problem(field, `The volume claim ${claim} has lost its volume.`);
  const modes = record(spec)["accessModes"];
  const has = (mode: string): boolean => Array.isArray(modes) && modes.includes(mode);
  const isShared = has("ReadWriteMany") || (readOnly && has("ReadOnlyMany"));
  if (nodes > 1 && has("ReadWriteOncePod"))
    return problem(field, `${claim} is for one pod at a time, and the job has ${nodes}: the others never start.`);
  if (nodes > 1 && !isShared)
    return warning(field, `${claim} is for one node at a time, and the job has ${nodes}: pods on others do not start.`);
  if (phase === "Bound") return ok(field, `The volume claim ${claim} is bound.`);
  const name = text(record(spec)["storageClassName"]);
  const itsClass = classes?.find(({ metadata: { name: one } }) => one === name);
  if (name !== undefined && name !== "" && classes !== undefined && itsClass === undefined)
    return problem(field, `The volume claim ${claim} waits for a StorageClass ${label(name, 63)} that is not there.`);
  const isLate = itsClass !== undefined && record(itsClass)["volumeBindingMode"] === "WaitForFirstConsumer";
  return isLate
    ? ok(field, `The volume claim ${claim} gets its volume with its first pod.`)
    : warning(field, `The volume claim ${claim} has no volume yet.`);
}

const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";

/** What carries code that is too large for ConfigMaps. Pure. */
export function classFinding(classes: readonly KubeObject[] | undefined, nodes: number): Finding {
  if (classes === undefined) return untold("code", "Whether a volume for the code can be made", "list storageclasses");
  const standard = classes.find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === "true");
  const words = "The code is so large that it travels on a volume";
  if (standard === undefined) return problem("code", `${words}, and the cluster has no default StorageClass.`);
  const shared = nodes > 1 ? ", which must allow many nodes at a time" : "";
  return ok("code", `${words} of the class ${label(standard.metadata.name, 63)}${shared}.`);
}
