// Brings a notebook to where its server runs, and says meanwhile what it waits for.
import type { Clock } from "../../core/clock.ts";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { joined } from "../../core/text.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isApiError } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { orCancelled } from "../../kube/singleFlight.ts";
import { type Notebook, NOTEBOOK, podName, projectNotebook } from "../../kubeflow/kinds/notebook.ts";
import { disruptionWords } from "../../kubeflow/podWords.ts";
import { POD } from "../../kubeflow/kinds/resources.ts";
import type { NamespaceNotebooks } from "../namespaceNotebooks.ts";
import { startNotebook } from "../notebookObjects.ts";

/** A controller makes a pod, or says why not, well within this. */
const TAKEN_UP_MS = 20_000;
/** The view is looked at this often where nothing changes; milliseconds. */
const LOOK_MS = 1_000;
/** One that was stopped while it was waited for, and this long ago, is not restarted; milliseconds. */
const STOPPED_MS = 60_000;
const NEVER = new AbortController().signal;

export interface Begin {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Watches the notebooks of its namespace. */
  readonly watch: (namespace: string) => NamespaceNotebooks;
  /** Hears what it waits for. */
  readonly tell: (text: string) => void;
  /** Whether a notebook that is stopped may be started now. */
  readonly mayStart: (name: string) => Promise<boolean>;
}

/**
 * The notebook once its pod is ready; starts it where it is stopped and that is agreed to. Rejects with UserError
 * `notebook-gone`, `notebook-stopped`, `notebook-failed`, `not-taken-up`, with ApiError, ConnectError or CancelledError.
 */
export async function begin(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { client, clock, watch, tell, mayStart }: Begin,
  signal: AbortSignal,
): Promise<Notebook> {
  const what = `${label(name)} was not connected.`;
  const object = await client.find<KubeObject>(NOTEBOOK, name, namespace, signal);
  if (object === undefined)
    throw new UserError("notebook-gone", what, {
      why: `There is no such notebook in ${label(namespace, 63)} any more.`,
    });
  const found = projectNotebook(object);
  if (found.deleting) throw new UserError("notebook-gone", what, { why: "It is being deleted." });
  if (found.ready && !found.stopped && !(await isEnding(client, found, signal))) return found;
  const live = watch(namespace);
  try {
    if (found.stopped) {
      const answer = await answered({ client, clock, tell, live }, found, mayStart(name), signal);
      if (answer === false) throw new UserError("notebook-stopped", what, { why: "It is stopped." });
      if (answer === true) await startNotebook(client, found, signal);
    }
    return await ready(live, found, { clock, tell, what }, signal);
  } finally {
    live.dispose();
  }
}

/** Its status is behind where its pod ends. One that may not be read is taken for what the status says. */
async function isEnding(client: KubeClient, { name, namespace }: Notebook, signal: AbortSignal): Promise<boolean> {
  try {
    const pod = await client.find<KubeObject>(POD, podName(name), namespace, signal);
    return pod === undefined || pod.metadata.deletionTimestamp !== undefined;
  } catch (error) {
    if (isApiError(error, "Forbidden")) return false;
    throw error;
  }
}

/** What the person says; undefined where the notebook is started elsewhere meanwhile, or gone. */
async function answered(
  { client, clock, tell, live }: Pick<Begin, "client" | "clock" | "tell"> & { readonly live: NamespaceNotebooks },
  { uid, name, namespace }: Notebook,
  asked: Promise<boolean>,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const answer: { agrees?: boolean } = {};
  const over = new AbortController();
  const said = asked.then((agrees) => {
    answer.agrees = agrees;
    over.abort();
  });
  // Told by the race, unless the question is no longer waited for.
  said.catch(() => undefined);
  // At once where nobody is asked.
  await Promise.race([said, new Promise((resolve) => setImmediate(resolve))]);
  if (answer.agrees === undefined) tell("it is stopped, and waits for your answer");
  for (;;) {
    await Promise.race([said, change(live, clock, signal, over.signal)]);
    if (answer.agrees !== undefined) return answer.agrees;
    if (live.state.kind !== "live" || live.get(uid)?.stopped === true) continue;
    // The view may be of a time before it was stopped.
    const now = await client.find<KubeObject>(NOTEBOOK, name, namespace, signal);
    if (now?.metadata.uid !== uid || !projectNotebook(now).stopped) return undefined;
  }
}

async function ready(
  live: NamespaceNotebooks,
  { uid }: Notebook,
  { clock, tell, what }: Pick<Begin, "clock" | "tell"> & { readonly what: string },
  signal: AbortSignal,
): Promise<Notebook> {
  // Without its pod, it is still what the old one was.
  await orCancelled(live.answered(TAKEN_UP_MS), signal);
  const begun = clock.monotonic();
  let stoppedSince: number | undefined;
  let isStarted = false;
  for (;;) {
    const { state } = live;
    const notebook = live.get(uid);
    if (state.kind === "forbidden") throw new UserError("notebook-hidden", what, { why: state.why });
    if (notebook === undefined && state.kind === "live")
      throw new UserError("notebook-gone", what, { why: "It was deleted meanwhile." });
    // A restart stops it for a while, too.
    stoppedSince = notebook?.stopped === true && isStarted ? (stoppedSince ?? clock.monotonic()) : undefined;
    if (stoppedSince !== undefined && clock.monotonic() - stoppedSince > STOPPED_MS)
      throw new UserError("notebook-stopped", what, { why: "It was stopped meanwhile." });
    if (notebook !== undefined && !notebook.stopped) {
      isStarted ||= state.kind === "live";
      const said = live.summary(notebook);
      if (said.state === "Ready") return notebook;
      const pod = live.podOf(notebook);
      // Of one that was evicted another is made.
      if (said.state === "Failed" && (pod === undefined || disruptionWords(pod) === undefined))
        throw new UserError("notebook-failed", what, { why: `Failed: ${label(said.detail)}.` });
      tell(joined([said.state, label(said.detail)]));
      const isSeen = pod !== undefined || live.warningsOf(notebook).length > 0;
      const isTold = notebook.waiting !== undefined || notebook.condition !== undefined;
      if (!isSeen && !isTold && clock.monotonic() - begun > TAKEN_UP_MS)
        throw new UserError("not-taken-up", what, {
          why: "Nothing in the cluster makes a pod for it: its notebook controller does not seem to run.",
          hint: "An administrator can look at the notebook-controller of Kubeflow.",
        });
    }
    await change(live, clock, signal);
  }
}

/** Resolves at the next change, after a second, or when `enough` says so. Rejects with CancelledError. */
async function change(
  live: NamespaceNotebooks,
  clock: Clock,
  signal: AbortSignal,
  enough: AbortSignal = NEVER,
): Promise<void> {
  const over = new AbortController();
  const heard = live.onDidChange(() => over.abort());
  try {
    await clock.sleep(LOOK_MS, AbortSignal.any([signal, over.signal, enough]));
  } catch (error) {
    if (signal.aborted) throw error;
  } finally {
    heard.dispose();
  }
}
