// What the fields of a job's page may hold, as far as the cluster and the person's rights tell.
import type { JobChoices, JobField } from "../../contract/jobForm.ts";
import type { FormOption } from "../../core/formHost.ts";
import { pickLabel } from "../../core/sanitize.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isApiError } from "../../kube/errors.ts";
import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import { MODEL_LABELS } from "../../kubeflow/gpuNames.ts";
import { NODE } from "../../kubeflow/kinds/node.ts";
import {
  LOCAL_QUEUE,
  PRIORITY_CLASS,
  SERVICE_ACCOUNT,
  WORKLOAD_PRIORITY_CLASS,
} from "../../kubeflow/kinds/resources.ts";
import { listClaims } from "../mover/outputs.ts";
import { listRuntimes } from "../runtimes.ts";
import type { LaunchKind } from "../spec.ts";

/** Objects that are read to be picked from; a person with more of them types. */
const MOST = 500;

export interface ChoicePlace {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly kinds: readonly LaunchKind[];
}

/**
 * Reads them all at once and reports each as soon as it is there. What may not be read, or is not part of the cluster,
 * is left out: its field is typed in. Rejects as the client does for anything else. Secrets are not read.
 */
export async function readChoices(
  { client, namespace, kinds }: ChoicePlace,
  report: (choices: JobChoices) => void,
  signal: AbortSignal,
): Promise<void> {
  const hasTrainer = kinds.includes("TrainJob");
  const say = (field: JobField | "gpuTypes", options: readonly FormOption[]): void => report({ [field]: options });
  const names = async (kind: ResourceKind, field: "serviceAccount" | "queue" | "priority" | "queuePriority") => {
    const at = kind.namespaced ? { namespace } : {};
    const { items, isWhole } = await listed(client, kind, { ...at, signal });
    const options = items.map(({ metadata: { name } }) => option(name));
    // Of more than are read, the rest is typed.
    report({ [field]: options, ...(!isWhole && field !== "queuePriority" && { partial: [field] }) });
  };
  await Promise.all([
    hasTrainer &&
      listRuntimes(client, namespace, signal).then((runtimes) =>
        say(
          "runtime",
          runtimes.map(({ kind, name, framework }) =>
            option(`${kind}/${name}`, framework === undefined ? name : `${name} · ${framework}`),
          ),
        ),
      ),
    listClaims(client, namespace, signal).then((claims) => {
      say(
        "output",
        claims.map(({ name, words }) => option(`pvc://${name}`, `${name} · ${words}`)),
      );
      say(
        "volumes",
        claims.map(({ name, words }) => option(name, `${name} · ${words}`)),
      );
    }),
    listed(client, NODE, { signal }).then(({ items }) => say("gpuTypes", gpuTypes(items))),
    names(SERVICE_ACCOUNT, "serviceAccount"),
    names(LOCAL_QUEUE, "queue"),
    names(PRIORITY_CLASS, "priority"),
    names(WORKLOAD_PRIORITY_CLASS, "queuePriority"),
  ]);
}

/** `label=value` of each sort of GPU node, most nodes first. */
function gpuTypes(nodes: readonly KubeObject[]): readonly FormOption[] {
  const counts = new Map<string, number>();
  for (const { metadata } of nodes) {
    const key = MODEL_LABELS.find((name) => metadata.labels?.[name] !== undefined);
    if (key === undefined) continue;
    const selected = `${key}=${metadata.labels?.[key] ?? ""}`;
    counts.set(selected, (counts.get(selected) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([value, count]) => option(value, `${value.slice(value.indexOf("=") + 1)} · ${count} now`));
}

async function listed(
  client: KubeClient,
  kind: ResourceKind,
  at: { readonly namespace?: string; readonly signal: AbortSignal },
): Promise<{ readonly items: readonly KubeObject[]; readonly isWhole: boolean }> {
  try {
    const { items, metadata } = await client.list<KubeObject>(kind, { ...at, limit: MOST });
    return { items, isWhole: (metadata.continue ?? "") === "" };
  } catch (error) {
    if (isApiError(error) && (error.status === 403 || error.status === 404)) return { items: [], isWhole: true };
    throw error;
  }
}

function option(value: string, label = value): FormOption {
  return { value, label: pickLabel(label) };
}
