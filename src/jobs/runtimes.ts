// Which runtimes a TrainJob may be made after, and in which form this cluster's Trainer takes it.
import { UserError } from "../core/errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import type { KubeObject } from "../kube/objects.ts";
import { projectRuntime, type Runtime, RUNTIME_KINDS, type RuntimeKind } from "../kubeflow/kinds/runtime.ts";
import { record } from "../kubeflow/read.ts";
import { readJobSchema, schemaAt } from "./schema.ts";
import type { RuntimeUse } from "./spec.ts";

/** A runtime by its name. */
export type RuntimeName = Pick<RuntimeUse, "kind" | "name">;

const PAGE = 500;
const NOT_CREATED = "The job was not created.";
/** What most people train with, by name or label; else the first that takes a script. */
const PREFERRED = "torch-distributed";

/**
 * The runtimes of a namespace and of the cluster, those that take a person's script, the preferred one first. Rejects
 * with ApiError, ConnectError or CancelledError.
 */
export async function listRuntimes(
  client: KubeClient,
  namespace: string,
  signal?: AbortSignal,
): Promise<readonly Runtime[]> {
  const read = async (kind: RuntimeKind): Promise<readonly Runtime[]> => {
    const at = kind === "TrainingRuntime" ? { namespace } : {};
    try {
      const { items } = await client.list<KubeObject>(RUNTIME_KINDS[kind], { ...at, limit: PAGE, signal });
      return items.map((object) => projectRuntime(kind, object));
    } catch (error) {
      // Who may not list the namespace's own still has the cluster's.
      if (isApiError(error) && (error.status === 403 || error.status === 404)) return [];
      throw error;
    }
  };
  const found = await Promise.all([read("TrainingRuntime"), read("ClusterTrainingRuntime")]);
  return found
    .flat()
    .filter(({ targets, hasCommand }) => targets.length > 0 && !hasCommand)
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

function rank({ name, framework, isDeprecated }: Runtime): number {
  if (isDeprecated) return 3;
  if (name === PREFERRED) return 0;
  return framework === "torch" ? 1 : 2;
}

/**
 * What a launch must know of the runtime that was chosen, or of the preferred one. Throws UserError `no-runtime`, which
 * says `what` did not happen, or the client's errors.
 */
export async function findRuntime(
  client: KubeClient,
  namespace: string,
  chosen: RuntimeName | undefined,
  signal?: AbortSignal,
  what = NOT_CREATED,
): Promise<RuntimeUse> {
  const [runtime, patches] = await Promise.all([
    chosen === undefined
      ? listRuntimes(client, namespace, signal).then(([first]) => first)
      : readRuntime(client, namespace, chosen, signal),
    readPatchField(client, signal, what),
  ]);
  if (runtime === undefined) throw noRuntime(namespace, chosen, what);
  const { kind, name, policy, targets, image } = runtime;
  if (targets.length === 0)
    throw new UserError("no-runtime", what, { why: `The runtime ${name} has no place for a script.` });
  return { kind, name, policy, targets, image, patches };
}

async function readRuntime(
  client: KubeClient,
  namespace: string,
  { kind, name }: RuntimeName,
  signal: AbortSignal | undefined,
): Promise<Runtime | undefined> {
  const at = kind === "TrainingRuntime" ? namespace : undefined;
  const found = await client.find<KubeObject>(RUNTIME_KINDS[kind], name, at, signal);
  return found && projectRuntime(kind, found);
}

function noRuntime(namespace: string, chosen: RuntimeName | undefined, what: string): UserError {
  const why =
    chosen === undefined
      ? `Neither the cluster nor ${namespace} has a runtime for scripts.`
      : `There is no ${chosen.kind} ${chosen.name} any more.`;
  const hint = "Choose another kind or runtime with Change…";
  return new UserError("no-runtime", what, { why, ...(what === NOT_CREATED && { hint }) });
}

const PATCH_FIELDS = ["runtimePatches", "podTemplateOverrides"] as const;

/**
 * How this Trainer calls what changes a runtime's pods, by the kind's own schema: its version may not be readable, and
 * 2.2 took the older name away. Rejects with UserError `trainer-too-old` before 2.1, or the client's errors.
 */
async function readPatchField(
  client: KubeClient,
  signal: AbortSignal | undefined,
  what: string,
): Promise<RuntimeUse["patches"]> {
  // What was read a moment ago may be of the Trainer before.
  for (const fresh of [false, true]) {
    const schema = await readJobSchema(client, "TrainJob", signal, { fresh });
    const fields = record(schemaAt(schema, "spec")["properties"]);
    const field = PATCH_FIELDS.find((candidate) => candidate in fields);
    if (field !== undefined) return field;
  }
  throw new UserError("trainer-too-old", what, {
    why: "This cluster's Trainer is older than 2.1, and cannot be given code.",
    hint: "An administrator can bring it up to date; a PyTorchJob can run where the Training Operator is.",
  });
}
