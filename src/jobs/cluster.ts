import { UserError } from "../core/errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError, isGone } from "../kube/errors.ts";
import type { KubeObject, ResourceKind } from "../kube/objects.ts";
import { kindOf } from "../kubeflow/jobKinds.ts";
import { QUEUE_LABEL } from "../kubeflow/labels.ts";
import { LAUNCH_ID_LABEL } from "./labels.ts";
import { nameTaken } from "./launchErrors.ts";
import { ownedBy } from "./manifests/index.ts";
import { type Attempts, TryAgain, withRetries } from "./retry.ts";
import type { LaunchKind } from "./spec.ts";
import type { JobObject } from "./types.ts";

/*
 * The four things that a launch does in a cluster. Each may be done again after any failure, with the same outcome:
 * names are fixed, and what bears the launch's id is the launch's.
 */

type Job = JobObject;

/** Which root: its name may be another's by now, its uid never is. */
interface RootAt {
  readonly kind: LaunchKind;
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

/** A root as a server returns it: a job always has a uid then. */
export interface Root {
  readonly uid: string;
  /** Not started yet: not one either that ran and that somebody has stopped since. */
  readonly suspended: boolean;
  /** That it is in, whoever put it there. */
  readonly queue: string | undefined;
}

/**
 * Finds the launch's root or creates it. Every try but a first one looks before it creates: had the lost request been
 * served, a second one might meet the quota that the first has used up, instead of AlreadyExists.
 * `look` is for a launch that was interrupted, `queue` what the launch lets its job go into. Throws UserError `name-taken` or `job-deleted`, or the client's errors.
 */
export function ensureRoot(client: KubeClient, job: Job, how: Attempts, queue?: string, look = false): Promise<Root> {
  return withRetries(how, async (attempt) => {
    if (look || attempt > 0) {
      const found = await findRoot(client, job, how.signal, queue);
      if (found !== undefined) return found;
    }
    try {
      const made = await client.create<KubeObject>(kindOf(job.kind).resource, job, { signal: how.signal });
      return rootOf(job.kind, made, queue);
    } catch (error) {
      if (!isApiError(error, "AlreadyExists")) throw error;
      const found = await findRoot(client, job, how.signal, queue);
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
  job: Job,
  signal: AbortSignal | undefined,
  queue?: string,
): Promise<Root | undefined> {
  const { name, namespace = "" } = job.metadata;
  const found = await client.find<KubeObject>(kindOf(job.kind).resource, name, namespace, signal);
  if (found === undefined) return undefined;
  const ending = found.metadata.deletionTimestamp !== undefined;
  if (!sameLaunch(found, job)) throw nameTaken(name, namespace, ending);
  if (ending) throw jobDeleted(name);
  return rootOf(job.kind, found, queue);
}

/** Puts an object beside the root, owned by it. Throws UserError `name-taken`, or the client's errors. */
export async function ensureChild(
  client: KubeClient,
  resource: ResourceKind,
  child: KubeObject,
  root: Pick<RootAt, "kind" | "name" | "uid">,
  how: Attempts,
): Promise<void> {
  const owned: KubeObject = { ...child, metadata: { ...child.metadata, ownerReferences: [ownedBy(root)] } };
  const { name, namespace = "" } = child.metadata;
  const isThere = async (): Promise<boolean> => {
    const found = await client.find<KubeObject>(resource, name, namespace, how.signal);
    if (found === undefined) return false;
    if (!sameLaunch(found, child)) throw childNameTaken(resource.kind, name);
    return found.metadata.ownerReferences?.some((owner) => owner.uid === root.uid) === true;
  };
  await withRetries(how, async (attempt) => {
    if (attempt > 0 && (await isThere())) return;
    try {
      await client.create(resource, owned, { signal: how.signal });
    } catch (error) {
      if (!isApiError(error, "AlreadyExists")) throw error;
      // One of this launch with another owner: its root was deleted, and garbage collection will take it too.
      if (!(await isThere())) throw new TryAgain(`a ${resource.kind} of that name is about to be removed`);
    }
  });
}

/**
 * Lets the job run; one for a queue is handed to Kueue, which starts it when it admits it (kueue: a job without the
 * label is none of its own, and suspended meanwhile). The uid in the patch makes it this job or none. Throws UserError `job-deleted`, or the client's errors. */
export async function startRoot(
  client: KubeClient,
  at: RootAt,
  queue: string | undefined,
  how: Attempts,
): Promise<void> {
  const { resource, suspend } = kindOf(at.kind);
  const { uid } = at;
  const patch =
    queue === undefined
      ? { metadata: { uid }, spec: suspend(false) }
      : { metadata: { uid, labels: { [QUEUE_LABEL]: queue } } };
  try {
    await withRetries(how, () => client.patch(resource, at.name, at.namespace, patch, { signal: how.signal }));
  } catch (error) {
    if (isGone(error)) throw jobDeleted(at.name, error);
    throw error;
  }
}

/** Removes exactly this root, and with it what it owns. One that is gone already is as good. */
export async function removeRoot(client: KubeClient, at: RootAt, how: Attempts): Promise<void> {
  try {
    await withRetries(how, () => client.delete(kindOf(at.kind).resource, at.name, at.namespace, at.uid, how.signal));
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/**
 * The uid of a root whose creation was never confirmed, for removing it. Looks again after a second: a request that
 * was given up may be served a moment later. Undefined where there is none, or it is on its way out already.
 */
export async function findAbandonedRoot(client: KubeClient, job: Job, how: Attempts): Promise<string | undefined> {
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

function childNameTaken(kind: string, name: string): UserError {
  return new UserError("name-taken", "The job was not created.", {
    why: `The namespace already has a ${kind} ${name}, which is not of this launch.`,
    hint: "Run it under another name.",
  });
}

function sameLaunch(found: KubeObject, ours: KubeObject): boolean {
  const id = ours.metadata.labels?.[LAUNCH_ID_LABEL];
  return id !== undefined && found.metadata.labels?.[LAUNCH_ID_LABEL] === id;
}

function rootOf(kind: LaunchKind, job: KubeObject, wanted: string | undefined): Root {
  const { uid, labels } = job.metadata;
  // An answer without a uid is no object of the API: a proxy that answers for the server.
  if (uid === undefined) throw new TryAgain("the answer is not a Kubernetes object");
  const queue = labels?.[QUEUE_LABEL];
  // One that is in its launch's queue has been let go.
  const isLetGo = wanted !== undefined && queue === wanted;
  return { uid, suspended: !isLetGo && kindOf(kind).isUnstarted(job), queue };
}
