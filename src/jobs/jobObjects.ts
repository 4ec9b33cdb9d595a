// A job in its cluster, one request at a time: read, stop, start. Only the very object that is meant is touched.
import { UserError } from "../core/errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError, isGone } from "../kube/errors.ts";
import { kindOf, kindOrDefault } from "../kubeflow/jobKinds.ts";
import type { TrainingJob } from "../kubeflow/model.ts";

/** Which object: its name may be another's by now, its uid never is. A PyTorchJob where no kind is named. */
export type JobIdentity = Pick<TrainingJob, "name" | "namespace" | "uid"> & Partial<Pick<TrainingJob, "kind">>;

/** The job of that name; undefined where there is none. */
export async function readJob(
  client: KubeClient,
  { namespace, name, kind }: Omit<JobIdentity, "uid">,
  signal?: AbortSignal,
): Promise<TrainingJob | undefined> {
  try {
    const { resource, jobs } = kindOf(kindOrDefault(kind));
    return jobs.project(await client.get(resource, name, namespace, signal));
  } catch (error) {
    if (isApiError(error) && error.status === 404) return undefined;
    throw error;
  }
}

/**
 * Ends a job's pods and keeps the job: it can still be looked at. Where it is gone, rejects with UserError `job-deleted`.
 */
export function stopJob(client: KubeClient, job: JobIdentity, signal?: AbortSignal): Promise<void> {
  return suspend(client, job, true, signal);
}

/** Lets a stopped job run again, from its beginning. Where it is gone, rejects with UserError `job-deleted`. */
export function resumeJob(client: KubeClient, job: JobIdentity, signal?: AbortSignal): Promise<void> {
  return suspend(client, job, false, signal);
}

async function suspend(client: KubeClient, job: JobIdentity, on: boolean, signal?: AbortSignal): Promise<void> {
  const kind = kindOf(kindOrDefault(job.kind));
  const patch = { metadata: { uid: job.uid }, spec: kind.suspend(on) };
  try {
    await client.patch(kind.resource, job.name, job.namespace, patch, { signal });
  } catch (error) {
    if (!isGone(error)) throw error;
    const why = "It was deleted meanwhile.";
    throw new UserError("job-deleted", `${job.name} was not ${on ? "stopped" : "started"}.`, { why, cause: error });
  }
}
