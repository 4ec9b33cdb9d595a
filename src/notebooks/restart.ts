import type { Clock } from "../core/clock.ts";
import { CancelledError, errorCode, errorText, isCancelled, UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { KubeClient } from "../kube/client.ts";
import type { NamespaceNotebooks } from "./namespaceNotebooks.ts";
import { type NotebookIdentity, startNotebook, stopNotebook } from "./notebookObjects.ts";

/** Milliseconds that its pod and the others are waited for before anything is done. */
const ANSWER_MS = 10_000;

export interface RestartPorts {
  readonly client: KubeClient;
  /** Of the notebook's namespace; the caller's to end. */
  readonly live: Pick<NamespaceNotebooks, "answered" | "get" | "isDown" | "onDidChange" | "state">;
  readonly clock: Clock;
}

/**
 * Stops a notebook, waits until its pod is gone, and starts it again. Not by deleting the pod: a StatefulSet leaves a pod
 * that never came to be ready as it is when its template changes (Kubernetes: forced rollback), so that another image
 * would not help, and that takes a right to delete pods. What is stopped has neither trouble, and wherever this ends, the
 * notebook is in a state that its row says and that *Start* leads out of.
 *
 * Rejects with UserError `left-stopped` where it was stopped and, cancelled or failed, not started again; with
 * `notebook-deleted` where it is gone; with `notebook-hidden`, or as KubeClient does, where it was not even stopped.
 */
export async function restartNotebook(
  { client, live, clock }: RestartPorts,
  notebook: NotebookIdentity,
  tell: (step: "ending" | "starting") => void,
  signal: AbortSignal,
): Promise<void> {
  await live.answered(ANSWER_MS);
  if (signal.aborted) throw new CancelledError();
  if (live.get(notebook.uid) === undefined)
    throw missing(live, notebook, `${label(notebook.name, 63)} was not restarted.`);
  // To its end, cancelled or not: what became of a request that is given up nobody knows.
  await stopNotebook(client, notebook, clock.now());
  try {
    tell("ending");
    await ended(live, notebook, signal);
    tell("starting");
    await startNotebook(client, notebook);
  } catch (error) {
    if (errorCode(error) === "notebook-deleted") throw error;
    const name = label(notebook.name, 63);
    const said = errorText(error).replace(`${name} was not started. `, "");
    const why = isCancelled(error) ? "Restarting was cancelled after it had been stopped." : said;
    throw new UserError("left-stopped", `${name} was not started again.`, { why, cause: error });
  }
}

/** Resolves once it is stopped and its pod gone, or somebody else has started it. */
function ended(live: RestartPorts["live"], notebook: NotebookIdentity, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let wasStopped = false;
    const look = (): void => {
      const now = live.get(notebook.uid);
      if (signal.aborted) over(() => reject(new CancelledError()));
      else if (now === undefined)
        over(() => reject(missing(live, notebook, `${label(notebook.name, 63)} was not started again.`)));
      else if (now.stopped ? live.isDown(now) : wasStopped) over(resolve);
      else wasStopped ||= now.stopped;
    };
    const subscription = live.onDidChange(look);
    const over = (done: () => void): void => {
      subscription.dispose();
      signal.removeEventListener("abort", look);
      done();
    };
    signal.addEventListener("abort", look);
    look();
  });
}

/** Only a view that is live knows that it was deleted. */
function missing({ state }: RestartPorts["live"], { namespace }: NotebookIdentity, what: string): UserError {
  if (state.kind === "live") return new UserError("notebook-deleted", what, { why: "It was deleted meanwhile." });
  const why = "why" in state ? state.why : `The cluster has not told of the notebooks in ${label(namespace, 63)}.`;
  return new UserError("notebook-hidden", what, { why });
}
