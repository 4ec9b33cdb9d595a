import { randomBytes } from "node:crypto";
import type { Disposable } from "../core/dispose.ts";
import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { StateStore } from "../core/storage.ts";
import type { Connection } from "../kube/connection.ts";
import { isApiError } from "../kube/errors.ts";
import type { KubeObject } from "../kube/objects.ts";
import { SingleFlight } from "../kube/singleFlight.ts";
import type { HttpForward } from "../kube/streams/index.ts";
import { type Notebook, NOTEBOOK, podName, projectNotebook } from "../kubeflow/kinds/notebook.ts";
import { SECRET } from "../kubeflow/kinds/resources.ts";
import { record, text } from "../kubeflow/read.ts";

/** Ports by uid, that a later window may listen at the same. */
const PORTS = "trainyard.notebookPorts";
const MOST_PORTS = 50;
/** Of one that was stopped, in ms. */
const ASKED_EVERY_MS = 2_000;
const NOT_JUPYTER = ["group-one", "group-two"];

/** Whether it is, or may be, a Jupyter: Kubeflow's own kinds of server are that, code-server and RStudio. */
export function isJupyter({ server }: Pick<Notebook, "server">): boolean {
  return !NOT_JUPYTER.includes(server);
}

/**
 * The forwards to notebooks, one each, until this is disposed or the notebook is closed. A forward outlives the pod: it
 * leads to whichever pod has the notebook's place, at the same local port, which a later window tries again. It outlives
 * the connection, too: with some ways to sign in each new token is a new entry of the kubeconfig.
 */
export class NotebookForwards implements Disposable {
  readonly #state: StateStore;
  /** By uid. */
  readonly #open = new Map<string, NotebookForward>();

  constructor(state: StateStore) {
    this.#state = state;
  }

  /** Asks the cluster for a Secret at most, where the notebook's token is in one. Rejects as KubeClient.find does. */
  get(connection: Connection, notebook: Notebook, signal: AbortSignal): Promise<HttpForward> {
    const known = this.#open.get(notebook.uid) ?? new NotebookForward(this.#state);
    this.#open.set(notebook.uid, known);
    return known.get(connection, notebook, signal);
  }

  /** Reads the notebook's token anew; whether it is another now. Rejects as KubeClient.find does. */
  async renew(uid: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#open.get(uid)?.renew(signal)) ?? false;
  }

  isConnected(uid: string): boolean {
    return this.#open.get(uid)?.isConnected ?? false;
  }

  /** Its server goes: until it is started again, nobody is kept waiting for its pod. */
  stopped(uid: string): void {
    this.#open.get(uid)?.stopped();
  }

  /** The notebook was deleted. */
  close(uid: string): void {
    this.#open.get(uid)?.dispose();
    this.#open.delete(uid);
  }

  /** The context's entry is another: those to the same server go on over `now`, the others end. */
  replaced(context: string, now: () => Connection | undefined): void {
    for (const [uid, { connection }] of this.#open) {
      if (connection?.context.name !== context) continue;
      const next = now();
      if (next?.context.server === connection.context.server) this.#open.get(uid)?.moveTo(next);
      else this.close(uid);
    }
  }

  dispose(): void {
    for (const uid of [...this.#open.keys()]) this.close(uid);
  }
}

class NotebookForward implements Disposable {
  readonly #state: StateStore;
  readonly #starting = new SingleFlight<HttpForward>();
  #forward: HttpForward | undefined;
  #connection: Connection | undefined;
  #notebook: Notebook | undefined;
  /** How its server is reached and spoken to, as far as the headers were made for it. */
  #serving = "";
  #headers: Readonly<Record<string, string>> = {};
  #isDisposed = false;
  #isStopped = false;
  /** When the cluster was asked whether it still is; monotonic ms. */
  #askedAt = 0;

  constructor(state: StateStore) {
    this.#state = state;
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  async get(connection: Connection, notebook: Notebook, signal: AbortSignal): Promise<HttpForward> {
    this.#connection = connection;
    this.#notebook = notebook;
    this.#isStopped = false;
    const serving = JSON.stringify([notebook.headers, notebook.token]);
    if (this.#serving !== serving) {
      await this.renew(signal);
      this.#serving = serving;
    }
    this.#forward ??= await this.#starting.join(() => this.#start(connection, notebook), signal);
    return this.#forward;
  }

  get isConnected(): boolean {
    return this.#forward?.isConnected ?? false;
  }

  stopped(): void {
    this.#isStopped = true;
    this.#askedAt = performance.now();
  }

  moveTo(connection: Connection): void {
    this.#connection = connection;
  }

  async renew(signal: AbortSignal): Promise<boolean> {
    const [connection, notebook] = [this.#connection, this.#notebook];
    if (connection === undefined || notebook === undefined) return false;
    const token = isJupyter(notebook) ? await tokenOf(connection, notebook, signal) : undefined;
    const headers = { ...notebook.headers, ...(token === undefined ? {} : { authorization: `token ${token}` }) };
    const isOther = JSON.stringify(headers) !== JSON.stringify(this.#headers);
    this.#headers = headers;
    return isOther;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#forward?.dispose();
  }

  /** It may have been started from anywhere. */
  async #isStillStopped({ client }: Connection, { namespace, name }: Notebook, signal: AbortSignal): Promise<boolean> {
    if (performance.now() - this.#askedAt < ASKED_EVERY_MS) return true;
    this.#askedAt = performance.now();
    const found = await client.find<KubeObject>(NOTEBOOK, name, namespace, signal);
    this.#isStopped = found !== undefined && projectNotebook(found).stopped;
    return this.#isStopped;
  }

  async #start(connection: Connection, notebook: Notebook): Promise<HttpForward> {
    const { uid, namespace, name } = notebook;
    // A bundle of its own, needed only here and for shells.
    const { connectPod, HttpForward } = await import("../kube/streams/index.ts");
    const pod = podName(name);
    const now = (): Notebook => this.#notebook ?? notebook;
    const headers = (): Readonly<Record<string, string>> => this.#headers;
    const before = Number(record(this.#state.get(PORTS))[uid]);
    const forward = await HttpForward.start({
      connect: async (signal) => {
        const way = this.#connection ?? connection;
        if (this.#isStopped && (await this.#isStillStopped(way, now(), signal)))
          throw new UserError("notebook-stopped", `${label(name)} is stopped.`);
        return connectPod({ ...{ namespace, pod, signal }, connection: way, port: now().port });
      },
      get ownHosts() {
        return ["localhost", "127.0.0.1", "0.0.0.0", pod].map((host) => `${host}:${now().port}`);
      },
      get rewrite() {
        const { path, rewrite } = now();
        return rewrite === undefined ? undefined : { from: path, to: rewrite };
      },
      get headers() {
        return headers();
      },
      ...(isJupyter(notebook) ? { programHeaders: xsrf() } : {}),
      ...(Number.isInteger(before) && before > 1023 && before < 65_536 ? { port: before } : {}),
    });
    if (this.#isDisposed) forward.dispose();
    if (forward.port !== before) {
      const others = Object.entries(record(this.#state.get(PORTS))).filter(([other]) => other !== uid);
      await this.#state.set(PORTS, Object.fromEntries([...others, [uid, forward.port]].slice(-MOST_PORTS)));
    }
    return forward;
  }
}

/**
 * What Jupyter asks of a browser before it changes anything: a cookie, and a header that repeats it (tornado 6:
 * check_xsrf_cookie). It guards against other sites' pages, which cannot set headers; a program has neither.
 */
function xsrf(): Readonly<Record<string, string>> {
  const value = randomBytes(16).toString("hex");
  return { cookie: `_xsrf=${value}`, "x-xsrftoken": value };
}

async function tokenOf(
  { client }: Connection,
  { namespace, token }: Notebook,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (token === undefined || typeof token === "string") return token;
  try {
    const secret = await client.find<KubeObject>(SECRET, token.secret, namespace, signal);
    const value = Buffer.from(text(record(record(secret)["data"])[token.key]) ?? "", "base64").toString("utf8");
    return value.trim() === "" ? undefined : value.trim();
  } catch (error) {
    // Jupyter's own page asks for it, then.
    if (isApiError(error, "Forbidden")) return undefined;
    throw error;
  }
}
