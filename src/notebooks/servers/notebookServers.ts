import { after, type Clock } from "../../core/clock.ts";
import type { Disposable } from "../../core/dispose.ts";
import { errorCode, UserError } from "../../core/errors.ts";
import { Emitter, type Event } from "../../core/events.ts";
import { label } from "../../core/sanitize.ts";
import type { StateStore } from "../../core/storage.ts";
import { joined, plural } from "../../core/text.ts";
import { SECRET_HEADER } from "../../kube/httpForward/gate.ts";
import type { Cluster } from "../../kubeflow/cluster.ts";
import { type Notebook, NOTEBOOK, projectNotebook } from "../../kubeflow/kinds/notebook.ts";
import type { ShownNamespaces } from "../../kubeflow/namespaceChoice.ts";
import type { Parts } from "../../kubeflow/parts.ts";
import { CullingWatch } from "../cullingWatch.ts";
import type { NamespaceNotebooks } from "../namespaceNotebooks.ts";
import { isJupyter, NotebookForwards } from "../notebookForwards.ts";
import { allOf } from "../notebookVolumes.ts";
import { begin } from "./begin.ts";
import { reachJupyter, reachPage } from "./reach.ts";

/** Ids and labels of notebooks that were chosen as kernels: a later window knows them before it has looked. */
const CHOSEN = "trainyard.notebookServers";
const MOST_CHOSEN = 20;
/** Changes that come together are told once, after so many ms. */
const TELL_MS = 500;

/** A notebook that may run cells, for a list to choose from. */
export interface NotebookServer {
  /** Stands for the context, the namespace and the name. */
  readonly id: string;
  readonly label: string;
}

/** What a Jupyter client on this computer needs. */
export interface ServerConnection {
  /** Ours, on loopback, with the path under which Jupyter serves. */
  readonly baseUrl: string;
  /** Without these nobody is let in: a secret. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A notebook that a browser on this computer may be sent to. */
export interface OpenedNotebook {
  /** Works once, within five minutes. */
  readonly address: string;
  /** Another `host:port` by which the browser may come, such as what vscode.env.asExternalUri says. */
  allowHost(host: string): void;
}

/** The clusters, as far as notebooks are served from them. */
export interface ServedClusters {
  readonly clock: Clock;
  readonly onDidChangeCluster: Event<string>;
  load(): Promise<void>;
  contexts(): readonly { readonly name: string }[];
  connected(fits: (parts: Parts) => boolean): readonly { readonly context: string }[];
  cluster(context: string): Pick<Cluster, "connection" | "parts" | "readParts">;
  namespaces(context: string, signal?: AbortSignal): Promise<ShownNamespaces>;
  notebooks(context: string, namespace: string | undefined): NamespaceNotebooks;
}

/** Notebooks as what others on this computer use: pages of a browser, servers of a Jupyter client. */
export class NotebookServers implements Disposable {
  readonly #clusters: ServedClusters;
  readonly #state: StateStore;
  readonly #forwards: NotebookForwards;
  /** Those that are used from here. */
  readonly used: CullingWatch;
  readonly #changed = new Emitter<void>();
  readonly #heard: Disposable;
  /** Which clusters `list` asks. */
  #asked = "";
  #telling: Disposable | undefined;
  /** The list may be another now. */
  readonly onDidChange: Event<void> = this.#changed.event;

  constructor(clusters: ServedClusters, state: StateStore) {
    this.#clusters = clusters;
    this.#state = state;
    this.#forwards = new NotebookForwards(state);
    this.used = new CullingWatch(clusters.clock);
    this.#heard = clusters.onDidChangeCluster(() => {
      const asked = JSON.stringify(this.#connected());
      if (asked === this.#asked) return;
      this.#asked = asked;
      this.#changed.fire();
    });
  }

  /** Those of clusters that a person has looked at in this window, and those that were chosen before. Asks no other cluster. */
  async list(signal: AbortSignal): Promise<readonly NotebookServer[]> {
    await this.#clusters.load();
    const asked = new Map<string, readonly string[]>();
    const found = await Promise.all(
      this.#connected().map(async (name) => {
        try {
          const { servers, shown } = await this.#of(name, signal);
          asked.set(name, shown);
          return servers;
        } catch {
          // A cluster that does not answer now says so in its own row.
          return [];
        }
      }),
    );
    const contexts = this.#clusters.contexts().map(({ name }) => name);
    const chosen = this.#chosen().filter(({ id }) => {
      const { context = "", namespace = "" } = parse(id) ?? {};
      return contexts.includes(context) && !asked.get(context)?.some((one) => one === "*" || one === namespace);
    });
    return [...found.flat(), ...chosen];
  }

  /** Contexts whose clusters nobody has looked at, or that have no notebooks. Asks none. */
  async places(): Promise<readonly string[]> {
    await this.#clusters.load();
    const connected = this.#connected();
    return this.#clusters.contexts().flatMap(({ name }) => (connected.includes(name) ? [] : [name]));
  }

  /** Looks at a cluster. Rejects with UserError `no-notebooks` where it has none, with ApiError, ConnectError or CancelledError. */
  async look(context: string, signal: AbortSignal): Promise<readonly NotebookServer[]> {
    await this.#clusters.load();
    const { servers } = await this.#of(context, signal);
    if (servers.length > 0) return servers;
    const parts = await this.#clusters.cluster(context).readParts(signal);
    throw new UserError("no-notebooks", `There is no notebook to choose in ${label(context, 60)}.`, {
      why:
        parts?.notebooks === false
          ? "The cluster has no Notebooks of Kubeflow (kubeflow.org/v1)."
          : "The namespaces that are shown have none with a Jupyter server.",
    });
  }

  /**
   * A way to the Jupyter of a listed notebook, which is started where it is stopped: at once the first time it is chosen,
   * later where `mayStart` agrees, since clients come back to it by themselves. Rejects as `begin` and `reachJupyter` do.
   */
  async connect(
    id: string,
    {
      tell,
      mayStart,
    }: { readonly tell: (text: string) => void; readonly mayStart: (name: string) => Promise<boolean> },
    signal: AbortSignal,
  ): Promise<ServerConnection> {
    const at = parse(id);
    await this.#clusters.load();
    if (at === undefined) throw new UserError("notebook-gone", "That notebook is not known.");
    const { connection } = this.#clusters.cluster(at.context);
    await connection.connect(signal);
    const isNew = this.#chosen().every((chosen) => chosen.id !== id);
    const notebook = await begin(
      at,
      {
        ...{ client: connection.client, clock: this.#clusters.clock, tell },
        watch: (namespace) => this.#clusters.notebooks(at.context, namespace),
        mayStart: (name) => (isNew ? Promise.resolve(true) : mayStart(name)),
      },
      signal,
    ).catch(async (error: unknown) => {
      if (errorCode(error) === "notebook-gone") await this.#forget(id);
      throw error;
    });
    const { client } = connection;
    const forward = await this.#forwards.get(connection, notebook, signal);
    const reach = { forward, client, notebook, clock: this.#clusters.clock };
    await reachJupyter(reach, signal).catch(async (error: unknown) => {
      // The Secret may hold another one since.
      if (errorCode(error) !== "token-unknown" || !(await this.#forwards.renew(notebook.uid, signal))) throw error;
      await reachJupyter(reach, signal);
    });
    this.#uses(at.context, notebook);
    await this.#remember({ id, label: words(at.context, notebook, false) });
    return {
      baseUrl: `http://127.0.0.1:${forward.port}${notebook.path}`,
      headers: { [SECRET_HEADER]: forward.secret },
    };
  }

  /** For a browser on this computer. Rejects as `reachPage` does. */
  async open(context: string, notebook: Notebook, signal: AbortSignal): Promise<OpenedNotebook> {
    const { connection } = this.#clusters.cluster(context);
    const forward = await this.#forwards.get(connection, notebook, signal);
    await reachPage({ forward, client: connection.client, notebook, clock: this.#clusters.clock }, signal);
    this.#uses(context, notebook);
    return { address: forward.address(notebook.path), allowHost: (host) => forward.allowHost(host) };
  }

  /** Whether a client on this computer keeps a WebSocket to it open. */
  isConnected(uid: string): boolean {
    return this.#forwards.isConnected(uid);
  }

  /** Its way stays, at the same port: who comes by it is told that nobody is there, and finds what is started again. */
  stopped(uid: string): void {
    this.#forwards.stopped(uid);
    this.used.close(uid);
    this.changed();
  }

  /** The notebook was deleted. */
  close(uid: string): void {
    this.#forwards.close(uid);
    this.used.close(uid);
    this.changed();
  }

  /** One was made or started: whoever lists them asks again. */
  changed(): void {
    this.#telling ??= after(this.#clusters.clock, TELL_MS, () => {
      this.#telling = undefined;
      this.#changed.fire();
    });
  }

  /** Hears of what is watched anyway: a notebook that is gone takes its forward with it. */
  follow(live: Pick<NamespaceNotebooks, "items" | "get" | "state" | "onDidChange" | "onDidChangeState">): void {
    const said = ({ stopped, ready }: Pick<Notebook, "stopped" | "ready">): string => `${stopped} ${ready}`;
    const known = new Map([...live.items].map((notebook) => [notebook.uid, said(notebook)]));
    const look = (uids: Iterable<string>): void => {
      for (const uid of uids) {
        const notebook = live.get(uid);
        const now = notebook && said(notebook);
        // While it is read anew, one that is missing may be there.
        if (now === known.get(uid) || (now === undefined && live.state.kind !== "live")) continue;
        if (now !== undefined) known.set(uid, now);
        else if (known.delete(uid)) this.close(uid);
        this.changed();
      }
    };
    live.onDidChange(({ changed, set }) => look(set ? new Set([...known.keys(), ...changed]) : changed));
    live.onDidChangeState(() => look([...known.keys()]));
  }

  /** The context's entry has changed or gone. */
  replaced(context: string): void {
    this.used.replaced(context);
    this.#forwards.replaced(context, () => {
      try {
        return this.#clusters.cluster(context).connection;
      } catch {
        // Gone, or its entry cannot be used: its own row says so.
        return undefined;
      }
    });
  }

  dispose(): void {
    this.#heard.dispose();
    this.#telling?.dispose();
    this.#forwards.dispose();
    this.used.dispose();
    this.#changed.dispose();
  }

  #uses(context: string, notebook: Notebook): void {
    const { connection } = this.#clusters.cluster(context);
    // Never the first to ask: that would run a credential plugin with nobody there.
    this.used.use({ context, notebook }, () => (connection.state.kind === "live" ? connection.client : undefined));
  }

  #connected(): readonly string[] {
    return this.#clusters.connected(({ notebooks }) => notebooks).map(({ context }) => context);
  }

  /** Its notebooks in the namespaces that are shown, `*` being all. */
  async #of(
    context: string,
    signal: AbortSignal,
  ): Promise<{ readonly servers: readonly NotebookServer[]; readonly shown: readonly string[] }> {
    const { shown } = await this.#clusters.namespaces(context, signal);
    const { client } = this.#clusters.cluster(context).connection;
    const chosen = new Set(this.#chosen().map(({ id }) => id));
    const lists = await Promise.all(
      // Not theirs to see, or there is no such kind: none.
      shown.map(async (one) => (await allOf(client, NOTEBOOK, one === "*" ? undefined : one, signal)) ?? []),
    );
    const servers = lists
      .flat()
      .map(projectNotebook)
      .filter((notebook) => isJupyter(notebook) && !notebook.deleting)
      .sort((a, b) => rank(a) - rank(b))
      .map((notebook) => {
        const id = idOf(context, notebook);
        return { id, label: words(context, notebook, !chosen.has(id)) };
      });
    return { servers, shown };
  }

  #chosen(): readonly NotebookServer[] {
    const kept = this.#state.get(CHOSEN);
    if (!Array.isArray(kept)) return [];
    return kept.filter(
      (one: Partial<NotebookServer> | null): one is NotebookServer =>
        typeof one?.id === "string" && typeof one.label === "string",
    );
  }

  async #forget(id: string): Promise<void> {
    await this.#state.set(
      CHOSEN,
      this.#chosen().filter((one) => one.id !== id),
    );
    this.changed();
  }

  async #remember(server: NotebookServer): Promise<void> {
    const others = this.#chosen();
    if (others[0]?.id === server.id && others[0].label === server.label) return;
    const kept = [server, ...others.filter(({ id }) => id !== server.id)].slice(0, MOST_CHOSEN);
    await this.#state.set(CHOSEN, kept);
  }
}

/** `starts`: one that is stopped is started without a question. */
function words(context: string, { name, namespace, gpus, stopped, ready }: Notebook, starts: boolean): string {
  const state = stopped ? (starts ? "stopped, starts when chosen" : "stopped") : ready ? "" : "not ready";
  const more = [gpus === 0 ? "" : plural(gpus, "GPU"), state];
  return joined([label(name), label(namespace, 63), label(context, 60), ...more]);
}

/** Those that can be used at once come first, and those that nothing may come of last. */
function rank({ stopped, ready }: Notebook): number {
  return stopped ? 1 : ready ? 0 : 2;
}

function idOf(context: string, { namespace, name }: Notebook): string {
  return Buffer.from(JSON.stringify([context, namespace, name])).toString("base64url");
}

function parse(
  id: string,
): { readonly context: string; readonly namespace: string; readonly name: string } | undefined {
  try {
    const said: unknown = JSON.parse(Buffer.from(id, "base64url").toString("utf8"));
    const [context, namespace, name] = Array.isArray(said) ? (said as unknown[]) : [];
    return typeof context === "string" && typeof namespace === "string" && typeof name === "string"
      ? { context, namespace, name }
      : undefined;
  } catch {
    // Another version's, perhaps.
    return undefined;
  }
}
