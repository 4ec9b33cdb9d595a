import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import { PYTORCH_JOB } from "../kubeflow/kinds/pytorchJob.ts";
import { CONFIG_MAPS, type ConfigMap, type PyTorchJob } from "./types.ts";

/**
 * Asks the server what it would say (`dryRun=All`: defaults, validation, webhooks, quota on objects) and stores
 * nothing. Rejects with the client's error, the job's before the ConfigMap's.
 */
export async function dryRun(
  client: KubeClient,
  manifests: { job: PyTorchJob; code: ConfigMap },
  signal?: AbortSignal,
): Promise<void> {
  const options = { dryRun: true, ...(signal !== undefined && { signal }) };
  const answers = await Promise.allSettled([
    client.create(PYTORCH_JOB, manifests.job, options),
    client.create(CONFIG_MAPS, manifests.code, options),
  ]);
  for (const answer of answers) {
    if (answer.status === "rejected" && !cannotDryRun(answer.reason)) throw answer.reason;
  }
}

/** A webhook with side effects refuses every dry run; that says nothing about the launch. */
function cannotDryRun(error: unknown): boolean {
  return isApiError(error, "BadRequest") && /does not support dry run/.test(error.message);
}
