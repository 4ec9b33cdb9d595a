// Objects that a run only names: they must be there when its pods start.
import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import {
  LOCAL_QUEUE,
  PRIORITY_CLASS,
  SECRET,
  SERVICE_ACCOUNT,
  WORKLOAD_PRIORITY_CLASS,
} from "../../kubeflow/kinds/resources.ts";
import { record } from "../../kubeflow/read.ts";
import type { Needs } from "../needs.ts";
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

export function checkReferences({ client, spec, signal }: Site): Promise<readonly Finding[]> {
  return referenceFindings(client, spec.namespace, spec.needs ?? {}, signal);
}

/** Rejects as KubeClient does, save for what is not there or may not be read. */
export function referenceFindings(
  client: Site["client"],
  namespace: string,
  needs: Needs,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  return Promise.all(
    referencesOf(needs).map(async (reference) => {
      const { kind, name } = reference;
      const place = kind.namespaced ? namespace : undefined;
      return referenceFinding(reference, await seen(client.get<KubeObject>(kind, name, place, signal)));
    }),
  );
}

interface Reference {
  readonly field: FindingField;
  readonly kind: ResourceKind;
  readonly name: string;
  /** Of a Secret. */
  readonly keys?: readonly string[];
}

/** Each object once. Pure. */
export function referencesOf({ secrets = [], serviceAccount, queue, priority }: Needs): readonly Reference[] {
  const one = (field: FindingField, kind: ResourceKind, name: string | undefined): readonly Reference[] =>
    name === undefined ? [] : [{ field, kind, name }];
  return [
    ...[...Map.groupBy(secrets, ({ secret }) => secret)].map(([name, uses]) => ({
      ...{ field: "secrets" as const, kind: SECRET, name, keys: uses.map(({ key }) => key) },
    })),
    ...one("serviceAccount", SERVICE_ACCOUNT, serviceAccount),
    ...one("queue", LOCAL_QUEUE, queue),
    ...one("priority", queue === undefined ? PRIORITY_CLASS : WORKLOAD_PRIORITY_CLASS, priority),
  ];
}

/** Of a Secret its keys are looked at, and no value. Pure. */
export function referenceFinding({ field, kind, name, keys = [] }: Reference, found: Seen<KubeObject>): Finding {
  const what = `${kind.kind} ${name}`;
  if (found.kind === "forbidden") return untold(field, `Whether there is a ${what}`, `get ${kind.plural}`);
  if (found.kind === "missing" && !found.isServed)
    return warning(
      field,
      `The cluster knows no ${kind.kind} of ${kind.group}/${kind.version}, so ${name} may not be there.`,
    );
  if (found.kind === "missing")
    return problem(field, `There is no ${what} in the ${kind.namespaced ? "namespace" : "cluster"}.`);
  const missing = keys.filter((key) => !(key in record(record(found.value)["data"])));
  return missing.length > 0
    ? problem(field, `The ${what} has no key ${missing.join(", ")}.`)
    : ok(field, `The ${what} is there.`);
}
