// A job in its cluster, one request at a time: read, stop, delete, show. Only the very object that is meant is touched.
import { stringify } from "yaml";
import { UserError } from "../core/errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError, isReplaced } from "../kube/errors.ts";
import type { KubeObject } from "../kube/objects.ts";
import { POD } from "../kubeflow/kinds/pod.ts";
import { PYTORCH_JOB, projectPyTorchJob } from "../kubeflow/kinds/pytorchJob.ts";
import type { TrainingJob } from "../kubeflow/model.ts";

/** Which object: its name may be another's by now, its uid never is. */
export type JobIdentity = Pick<TrainingJob, "name" | "namespace" | "uid">;

/** The job of that name; undefined where there is none. */
export async function readJob(
  client: KubeClient,
  { namespace, name }: Pick<TrainingJob, "namespace" | "name">,
  signal?: AbortSignal,
): Promise<TrainingJob | undefined> {
  try {
    return projectPyTorchJob(await client.get(PYTORCH_JOB, name, namespace, signal));
  } catch (error) {
    if (isApiError(error) && error.status === 404) return undefined;
    throw error;
  }
}

/**
 * Ends a job's pods and keeps the job: it can still be looked at. Where it is gone, rejects with UserError `job-deleted`.
 */
export async function stopJob(client: KubeClient, job: JobIdentity, signal?: AbortSignal): Promise<void> {
  const patch = { metadata: { uid: job.uid }, spec: { runPolicy: { suspend: true } } };
  try {
    await client.patch(PYTORCH_JOB, job.name, job.namespace, patch, signal === undefined ? {} : { signal });
  } catch (error) {
    if (!isGone(error)) throw error;
    const why = "It was deleted meanwhile.";
    throw new UserError("job-deleted", `${job.name} was not stopped.`, { why, cause: error });
  }
}

/** Deletes the job with all that it owns. One that is gone already is as good; another of its name stays. */
export async function deleteJob(client: KubeClient, job: JobIdentity, signal?: AbortSignal): Promise<void> {
  try {
    await client.delete(PYTORCH_JOB, job.name, job.namespace, job.uid, signal);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

export interface ObjectName {
  readonly plural: "pytorchjobs" | "pods";
  readonly namespace: string;
  readonly name: string;
}

/** The object as YAML, without what only machines read. Characters that would reverse or hide text are written out. */
export async function objectYaml(client: KubeClient, at: ObjectName, signal?: AbortSignal): Promise<string> {
  const kind = at.plural === PYTORCH_JOB.plural ? PYTORCH_JOB : POD;
  const { metadata, ...rest } = await client.get<KubeObject>(kind, at.name, at.namespace, signal);
  const text = stringify({ ...rest, metadata: { ...metadata, managedFields: undefined } });
  return text.replace(/[\u0080-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, written);
}

function written(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function isGone(error: unknown): boolean {
  return isApiError(error, "NotFound") || isReplaced(error);
}
