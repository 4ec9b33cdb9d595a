import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import { PYTORCH_JOB } from "../kubeflow/kinds/pytorchJob.ts";
import { type Attempts, withRetries } from "./retry.ts";
import { CONFIG_MAPS, type ConfigMap, type PyTorchJob } from "./types.ts";

/**
 * Asks the server what it would say (`dryRun=All`: defaults, validation, webhooks, quota on objects) and stores
 * nothing. Waits where the server is too busy to say. Rejects with the client's error, the job's before the ConfigMap's.
 */
export async function dryRun(
  client: KubeClient,
  manifests: { job: PyTorchJob; code: ConfigMap },
  how: Attempts,
): Promise<void> {
  const options = { dryRun: true, signal: how.signal };
  const answers = await Promise.allSettled([
    withRetries(how, () => client.create(PYTORCH_JOB, manifests.job, options), isBusy),
    withRetries(how, () => client.create(CONFIG_MAPS, manifests.code, options), isBusy),
  ]);
  for (const answer of answers) {
    if (answer.status === "rejected" && !cannotDryRun(answer.reason)) throw answer.reason;
  }
}

function isBusy(error: unknown): boolean {
  return isApiError(error) && error.status === 429;
}

/** A webhook with side effects refuses every dry run; that says nothing about the launch. */
function cannotDryRun(error: unknown): boolean {
  return isApiError(error, "BadRequest") && /does not support dry run/.test(error.message);
}
