// Whether a notebook's server answers through its forward, and in clear words why it does not.
import { after, type Clock } from "../../core/clock.ts";
import { errorCode, errorText, type NextStep, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isApiError } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { HttpForward } from "../../kube/streams/index.ts";
import type { Notebook } from "../../kubeflow/kinds/notebook.ts";
import { SERVICE } from "../../kubeflow/kinds/resources.ts";
import { list, record, text } from "../../kubeflow/read.ts";

/** A server begins to listen a while after its container runs. */
const LISTENS_WITHIN_MS = 30_000;
const PAUSE_MS = 100;
/** Of a server that may come yet. */
const NOT_YET = ["port-closed", "gone", "not-ready", "unreachable", "ECONNRESET"];

export interface Reach {
  readonly forward: Pick<HttpForward, "ask">;
  readonly client: KubeClient;
  readonly notebook: Notebook;
  readonly clock: Clock;
}

/**
 * Waits until the server has a page at its path, half a minute at most. Rejects with UserError `no-rights`,
 * `not-listening` or `no-page`, with ConnectError or CancelledError.
 */
export async function reachPage(reach: Reach, signal: AbortSignal): Promise<void> {
  const { notebook } = reach;
  const what = `${label(notebook.name)} was not opened.`;
  if ((await answer(reach, "", what, signal)) !== 404) return;
  throw new UserError("no-page", what, { why: `Its server answers, and has nothing at ${label(notebook.path, 200)}.` });
}

/**
 * The same for a Jupyter that lets this computer's programs in. Rejects with UserError `no-jupyter` or `token-unknown`,
 * too.
 */
export async function reachJupyter(reach: Reach, signal: AbortSignal): Promise<void> {
  const { notebook } = reach;
  const what = `${label(notebook.name)} was not connected.`;
  if ((await answer(reach, "api", what, signal)) !== 200)
    throw new UserError("no-jupyter", what, {
      why: `Its server answers, and there is no Jupyter at ${label(notebook.path, 200)}.`,
      hint: "Its image needs a Jupyter Server that takes its base URL from NB_PREFIX.",
    });
  const status = await answer(reach, "api/status", what, signal);
  if (status === 401 || status === 403)
    throw new UserError("token-unknown", what, {
      why: "Its Jupyter asks for a token or a password that the notebook’s own object does not tell.",
      hint: "Open it in the browser, or give it JUPYTER_TOKEN as an environment variable.",
    });
}

async function answer(
  { forward, client, notebook, clock }: Reach,
  below: string,
  what: string,
  signal: AbortSignal,
): Promise<number> {
  const until = clock.monotonic() + LISTENS_WITHIN_MS;
  for (;;) {
    let last: unknown;
    const over = new AbortController();
    const limit = after(clock, Math.max(until - clock.monotonic(), PAUSE_MS), () => over.abort());
    try {
      const { status } = await forward.ask(`${notebook.path}${below}`, AbortSignal.any([signal, over.signal]));
      if (status < 500) return status;
      last = new Error(`it answers with ${status}`);
    } catch (error) {
      if (over.signal.aborted && !signal.aborted)
        throw notListening(new Error("it takes connections and does not answer"), notebook, what);
      if (errorCode(error) === "no-rights") throw await withoutForward(error, client, notebook, what, signal);
      if (!NOT_YET.includes(errorCode(error) ?? "")) throw error;
      last = error;
    } finally {
      limit.dispose();
    }
    if (clock.monotonic() > until) throw notListening(last, notebook, what);
    await clock.sleep(PAUSE_MS, signal);
  }
}

function notListening(error: unknown, { port }: Notebook, what: string): unknown {
  if (errorCode(error) === "unreachable") return error;
  const nobody = errorCode(error) === "port-closed";
  const why = nobody
    ? `Nothing listens at port ${port} of its pod.`
    : `Its server cannot be used: ${errorText(error)}.`;
  const hint = nobody ? "Its image may have no notebook server, or one that starts slowly: its log tells." : "";
  return new UserError("not-listening", what, { why, hint, cause: error });
}

/** Without the right to forward ports, there is still the way that everybody takes who has no kubectl. */
async function withoutForward(
  error: unknown,
  client: KubeClient,
  { namespace, home }: Notebook,
  what: string,
  signal: AbortSignal,
): Promise<UserError> {
  const why = errorText(error)
    .replace(/^.*? was not reached\. /, "")
    .replace(/ An administrator can allow it\.$/, "");
  const gateway = await gatewayOf(client, signal);
  const right = `It takes the rights to get and create pods/portforward in ${label(namespace, 63)}.`;
  const other = `Kubeflow’s own address has it at ${label(home, 200)}.`;
  const next: readonly NextStep[] =
    gateway === undefined
      ? []
      : [{ title: "Open at Its Gateway", command: "vscode.open", args: [`${gateway}${home}`] }];
  return new UserError("no-rights", what, { why, hint: `${right} ${other}`, next, cause: error });
}

/** Where Kubeflow's gateway is reached from outside, as its Service says; undefined where nobody may tell. */
async function gatewayOf(client: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  try {
    const found = await client.find<KubeObject>(SERVICE, "istio-ingressgateway", "istio-system", signal);
    const [at] = list(record(record(record(found)["status"])["loadBalancer"])["ingress"]);
    const host = text(at?.["hostname"]) ?? text(at?.["ip"]);
    // Kubeflow's Gateway listens at port 80, and leads on from there where it has a certificate.
    return host === undefined || !/^[\w.-]+$/.test(host) ? undefined : `http://${host}`;
  } catch (error) {
    if (isApiError(error)) return undefined;
    throw error;
  }
}
