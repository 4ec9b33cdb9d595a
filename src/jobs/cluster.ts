import { UserError } from "../core/errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError, isGone } from "../kube/errors.ts";
import type { KubeObject } from "../kube/objects.ts";
import { PYTORCH_JOB } from "../kubeflow/kinds/pytorchJob.ts";
import { list, record } from "../kubeflow/read.ts";
import { LAUNCH_ID_LABEL } from "./labels.ts";
import { nameTaken } from "./launchErrors.ts";
import { jobReference } from "./manifest.ts";
import { type Attempts, TryAgain, withRetries } from "./retry.ts";
import { CONFIG_MAPS, type ConfigMap, type PyTorchJob } from "./types.ts";

/*
 * The four things that a launch does in a cluster. Each may be done again after any failure, with the same outcome:
 * names are fixed, and what bears the launch's id is the launch's.
 */

const HAS_RUN: ReadonlySet<string> = new Set(["Running", "Restarting", "Succeeded", "Failed"]);

/** A root as a server returns it: a job always has a uid then. */
export interface Root {
  readonly uid: string;
  /** Not started yet: not one either that ran and that somebody has stopped since. */
  readonly suspended: boolean;
}

/**
 * Finds the launch's root or creates it. Every try but a first one looks before it creates: had the lost request been
 * served, a second one might meet the quota that the first has used up, instead of AlreadyExists.
 * `look` is for a launch that was interrupted. Throws UserError `name-taken` or `job-deleted`, or the client's errors.
 */
export function ensureRoot(client: KubeClient, job: PyTorchJob, how: Attempts, look = false): Promise<Root> {
  return withRetries(how, async (attempt) => {
    if (look || attempt > 0) {
      const found = await findRoot(client, job, how.signal);
      if (found !== undefined) return found;
    }
    try {
      return rootOf(await client.create(PYTORCH_JOB, job, { signal: how.signal }));
    } catch (error) {
      if (!isApiError(error, "AlreadyExists")) throw error;
      const found = await findRoot(client, job, how.signal);
      if (found !== undefined) return found;
      throw new TryAgain("the object of that name has gone meanwhile");
    }
  });
}

/**
 * The launch's own root, undefined where there is no object of its name. Throws UserError `name-taken` where the
 * name is another's, `job-deleted` where ours is on its way out.
 */
export async function findRoot(
  client: KubeClient,
  job: PyTorchJob,
  signal: AbortSignal | undefined,
): Promise<Root | undefined> {
  const { name, namespace = "" } = job.metadata;
  const found = await client.find<PyTorchJob>(PYTORCH_JOB, name, namespace, signal);
  if (found === undefined) return undefined;
  const ending = found.metadata.deletionTimestamp !== undefined;
  if (!sameLaunch(found, job)) throw nameTaken(name, namespace, ending);
  if (ending) throw jobDeleted(name);
  return rootOf(found);
}

/** Puts the code beside the root, owned by it. Throws UserError `name-taken`, or the client's errors. */
export async function ensureCode(
  client: KubeClient,
  code: ConfigMap,
  root: { name: string; uid: string },
  how: Attempts,
): Promise<void> {
  const owned: ConfigMap = { ...code, metadata: { ...code.metadata, ownerReferences: [jobReference(root)] } };
  const { name, namespace = "" } = code.metadata;
  const isThere = async (): Promise<boolean> => {
    const found = await client.find<ConfigMap>(CONFIG_MAPS, name, namespace, how.signal);
    if (found === undefined) return false;
    if (!sameLaunch(found, code)) throw codeNameTaken(name);
    return found.metadata.ownerReferences?.some((owner) => owner.uid === root.uid) === true;
  };
  await withRetries(how, async (attempt) => {
    if (attempt > 0 && (await isThere())) return;
    try {
      await client.create(CONFIG_MAPS, owned, { signal: how.signal });
    } catch (error) {
      if (!isApiError(error, "AlreadyExists")) throw error;
      // One of this launch with another owner: its root was deleted, and garbage collection will take it too.
      if (!(await isThere())) throw new TryAgain("a ConfigMap of that name is about to be removed");
    }
  });
}

/** Lets the job run. The uid in the patch makes it this job or none. Throws UserError `job-deleted`, or the client's errors. */
export async function startRoot(
  client: KubeClient,
  at: { name: string; namespace: string; uid: string },
  how: Attempts,
): Promise<void> {
  const patch = { metadata: { uid: at.uid }, spec: { runPolicy: { suspend: false } } };
  try {
    await withRetries(how, () => client.patch(PYTORCH_JOB, at.name, at.namespace, patch, { signal: how.signal }));
  } catch (error) {
    if (isGone(error)) throw jobDeleted(at.name, error);
    throw error;
  }
}

/** Removes exactly this root, and with it what it owns. One that is gone already is as good. */
export async function removeRoot(
  client: KubeClient,
  at: { name: string; namespace: string; uid: string },
  how: Attempts,
): Promise<void> {
  try {
    await withRetries(how, () => client.delete(PYTORCH_JOB, at.name, at.namespace, at.uid, how.signal));
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/**
 * The uid of a root whose creation was never confirmed, for removing it. Looks again after a second: a request that
 * was given up may be served a moment later. Undefined where there is none, or it is on its way out already.
 */
export async function findAbandonedRoot(
  client: KubeClient,
  job: PyTorchJob,
  how: Attempts,
): Promise<string | undefined> {
  for (const wait of [0, 1000]) {
    if (wait > 0) await how.clock.sleep(wait, how.signal);
    try {
      const root = await withRetries(how, () => findRoot(client, job, how.signal));
      if (root !== undefined) return root.uid;
    } catch (error) {
      if (isCode(error, "name-taken", "job-deleted")) return undefined;
      throw error;
    }
  }
  return undefined;
}

export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof UserError && codes.includes(error.code);
}

export function jobDeleted(name: string, cause?: unknown): UserError {
  return new UserError("job-deleted", `${name} was not started.`, { why: "It was deleted meanwhile.", cause });
}

function codeNameTaken(name: string): UserError {
  return new UserError("name-taken", "The job was not created.", {
    why: `The namespace already has a ConfigMap ${name}, which is not of this launch.`,
    hint: "Run it under another name.",
  });
}

function sameLaunch(found: KubeObject, ours: KubeObject): boolean {
  const id = ours.metadata.labels?.[LAUNCH_ID_LABEL];
  return id !== undefined && found.metadata.labels?.[LAUNCH_ID_LABEL] === id;
}

function rootOf(job: PyTorchJob): Root {
  const { uid } = job.metadata;
  // An answer without a uid is no object of the API: a proxy that answers for the server.
  if (uid === undefined) throw new TryAgain("the answer is not a Kubernetes object");
  // Others may have written it: nothing of its spec is taken for granted.
  const policy = record(record(record(job)["spec"])["runPolicy"]);
  return { uid, suspended: policy["suspend"] === true && !hasRun(job) };
}

/** The operator keeps the condition of a job that has run, with another status (training-operator v1.9.4: pkg/util/status.go). */
function hasRun(job: PyTorchJob): boolean {
  const conditions = list(record(record(job)["status"])["conditions"]);
  return conditions.some(({ type }) => typeof type === "string" && HAS_RUN.has(type));
}
