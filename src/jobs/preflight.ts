import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import type { KubeObject } from "../kube/objects.ts";
import { CLAIM } from "../kubeflow/kinds/resources.ts";
import { kindOf } from "../kubeflow/jobKinds.ts";
import { type Attempts, withRetries } from "./retry.ts";
import { CONFIG_MAPS, type Manifests } from "./types.ts";

/**
 * Asks the server what it would say (`dryRun=All`: defaults, validation, webhooks, quota on objects) and stores
 * nothing. Waits where the server is too busy to say. Rejects with the client's error, the job's before the ConfigMap's.
 */
export async function dryRun(client: KubeClient, { job, code, volume }: Manifests, how: Attempts): Promise<void> {
  const options = { dryRun: true, signal: how.signal };
  const answers = await Promise.allSettled([
    withRetries(how, () => client.create<KubeObject>(kindOf(job.kind).resource, job, options), isBusy),
    // The others are like it, and as large.
    ...code.slice(0, 1).map((first) => withRetries(how, () => client.create(CONFIG_MAPS, first, options), isBusy)),
    ...(volume === undefined ? [] : [withRetries(how, () => client.create(CLAIM, volume, options), isBusy)]),
  ]);
  for (const answer of answers) {
    if (answer.status === "rejected" && !cannotDryRun(answer.reason)) throw answer.reason;
  }
}

function isBusy(error: unknown): boolean {
  return isApiError(error) && error.status === 429;
}

/** A webhook with side effects refuses every dry run; that says nothing about the launch. */
export function cannotDryRun(error: unknown): boolean {
  return isApiError(error, "BadRequest") && /does not support dry run/.test(error.message);
}
