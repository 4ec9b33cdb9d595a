// A notebook in its cluster, one request at a time. Only the very object that is meant is touched.
import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError, isGone } from "../kube/errors.ts";
import { type Notebook, NOTEBOOK, STOPPED_ANNOTATION } from "../kubeflow/kinds/notebook.ts";

/** Which notebook: its name may be another's by now, its uid never is. */
export type NotebookIdentity = Pick<Notebook, "name" | "namespace" | "uid">;

/**
 * Ends the server and keeps the notebook with its volumes. `now` is wall ms. Rejects with UserError `notebook-deleted`
 * where it is gone and `no-rights` where the person may not, else as KubeClient does.
 */
export function stopNotebook(
  client: KubeClient,
  notebook: NotebookIdentity,
  now: number,
  signal?: AbortSignal,
): Promise<void> {
  return annotate(client, notebook, new Date(now).toISOString().replace(/\.\d+Z$/, "Z"), "stopped", signal);
}

/** Lets the server start again. Rejects as `stopNotebook` does. */
export function startNotebook(client: KubeClient, notebook: NotebookIdentity, signal?: AbortSignal): Promise<void> {
  return annotate(client, notebook, null, "started", signal);
}

async function annotate(
  client: KubeClient,
  { name, namespace, uid }: NotebookIdentity,
  stopped: string | null,
  done: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const patch = { metadata: { uid, annotations: { [STOPPED_ANNOTATION]: stopped } } };
  try {
    await client.patch(NOTEBOOK, name, namespace, patch, { signal });
  } catch (error) {
    // A webhook that refuses has words of its own.
    if (isApiError(error, "Forbidden") && / cannot patch /.test(error.message))
      throw new UserError("no-rights", `${name} was not ${done}.`, {
        why: `You may not patch notebooks in ${label(namespace, 63)}.`,
        hint: "An administrator can allow it.",
        cause: error,
      });
    if (!isGone(error)) throw error;
    const why = "It was deleted meanwhile.";
    throw new UserError("notebook-deleted", `${name} was not ${done}.`, { why, cause: error });
  }
}
