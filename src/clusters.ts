// The clusters of a person's kubeconfigs: which there are, how it stands with each, what is in them.
import path from "node:path";
import process from "node:process";
import type { Clock } from "./core/clock.ts";
import { type Disposable, DisposableStore } from "./core/dispose.ts";
import { errorCode, errorText } from "./core/errors.ts";
import { Emitter, type Event } from "./core/events.ts";
import type { Logger } from "./core/log.ts";
import type { SecretStore, StateStore } from "./core/storage.ts";
import type { KubeClient } from "./kube/client.ts";
import { Connections } from "./kube/connections.ts";
import type { ContextInfo } from "./kube/context.ts";
import { isApiError } from "./kube/errors.ts";
import type { PluginToAllow } from "./kube/pluginConsent.ts";
import { loadKubeconfig } from "./kube/kubeconfig.ts";
import { Cluster } from "./kubeflow/cluster.ts";
import { type Gateway, Gateways } from "./kubeflow/gateway/gateways.ts";
import { gpuWords } from "./kubeflow/gpuNames.ts";
import type { OfferedNamespaces, ShownNamespaces } from "./kubeflow/namespaceChoice.ts";
import { NamespaceDesk } from "./kubeflow/namespaceDesk.ts";
import { type Parts, partsWords } from "./kubeflow/parts.ts";

export interface ClustersOptions {
  /** Version of the extension; goes into User-Agent. */
  readonly version: string;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly state: StateStore;
  /** For what a person signs in with at a Kubeflow's gateway; without it nobody can. */
  readonly secrets?: SecretStore;
  /** Folder of our own; kubeconfigs that were written at the person's wish are in `kubeconfigs` in it. */
  readonly storage?: string;
  readonly kubeconfigPaths: () => readonly string[];
  readonly proxy: () => string | undefined;
  readonly log: Logger;
  readonly clock: Clock;
  /** Milliseconds that a sign-in program may take; 60,000 where left out. */
  readonly pluginTimeoutMs?: number;
  /**
   * Asks the person before the sign-in program of a kubeconfig outside the default places runs for the first time. Left
   * out only where nobody is there, and whoever composes this answers for the files.
   */
  readonly allowPlugin?: (plugin: PluginToAllow) => Promise<boolean>;
}

export type ClusterState =
  | { readonly kind: "not-connected" }
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly version: string }
  /** It answered before, and has not since `since` (wall ms). */
  | { readonly kind: "stale"; readonly since: number; readonly code: string; readonly why: string }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

/** What each context's cluster last said of itself. */
interface Known {
  version: string;
  /** Set while it does not answer, though it has. Wall ms. */
  silentSince: number | undefined;
}

export class Clusters implements Disposable {
  readonly clock: Clock;
  readonly namespaceDesk: NamespaceDesk;
  protected readonly held = new DisposableStore();
  readonly #log: Logger;
  readonly #connections: Connections;
  readonly #gateways: Gateways | undefined;
  readonly #clusters = new Map<string, Cluster>();
  readonly #known = new Map<string, Known>();
  /** Kind and code of the state that was told last. */
  readonly #told = new Map<string, string>();
  readonly #clusterChanged = new Emitter<string>();
  readonly #replaced = new Emitter<string>();
  /** The connection of this context, or what is known of its cluster, has changed. */
  readonly onDidChangeCluster = this.#clusterChanged.event;
  /** The context's entry has changed or gone: what was built on its cluster is over. */
  protected readonly onDidReplace = this.#replaced.event;

  constructor(options: ClustersOptions) {
    const { log, env, home, clock, proxy, pluginTimeoutMs, allowPlugin, state } = options;
    this.#log = log;
    this.#gateways = options.secrets && new Gateways(options.secrets);
    this.clock = clock;
    this.namespaceDesk = new NamespaceDesk(options.state, clock);
    this.#connections = this.held.add(
      new Connections({
        load: () =>
          loadKubeconfig({
            ...{ paths: options.kubeconfigPaths(), env, home, platform: process.platform },
            ...(options.storage === undefined ? {} : { own: path.join(options.storage, "kubeconfigs") }),
          }),
        userAgent: `trainyard/${options.version}`,
        log,
        clock,
        proxyOverride: proxy,
        env,
        ...(pluginTimeoutMs === undefined ? {} : { pluginTimeoutMs }),
        ...(allowPlugin === undefined ? {} : { consent: { allowPlugin, state } }),
      }),
    );
    this.held.add(this.#connections.onDidChange(() => this.#dropStale()));
    this.held.add(this.namespaceDesk.onDidChange((name) => this.#clusters.get(name)?.gpus.lookAgain()));
  }

  /** The set of contexts, or what one of them is, has changed. */
  get onDidChangeContexts(): Event<void> {
    return this.#connections.onDidChange;
  }

  /** Reads the kubeconfig if it was not read yet; asks no cluster. */
  load(): Promise<void> {
    return this.#connections.load();
  }

  /** Reads the kubeconfig again. */
  reload(): Promise<void> {
    return this.#connections.reload();
  }

  contexts(): readonly ContextInfo[] {
    return this.#connections.contexts();
  }

  problems(): readonly { readonly file: string; readonly message: string }[] {
    return this.#connections.problems;
  }

  /** Files that contexts come from or would come from, in order. */
  kubeconfigFiles(): readonly string[] {
    return this.#connections.files;
  }

  /** Of the cluster's Kubeflow; undefined where nothing can be kept of it. */
  gateway(context: string): Gateway | undefined {
    return this.#gateways?.of(this.cluster(context).connection);
  }

  context(name: string): ContextInfo {
    const context = this.contexts().find((candidate) => candidate.name === name);
    if (context === undefined) throw new Error(`There is no context ${name} in the kubeconfig any more.`);
    return context;
  }

  /** The cluster of a context. Asks nothing of it: only what is done with it does. */
  cluster(name: string): Cluster {
    const known = this.#clusters.get(name);
    if (known !== undefined) return known;
    const connection = this.#connections.get(name);
    const familiar = (): readonly string[] => this.namespaceDesk.familiar(this.context(name));
    const cluster = new Cluster(connection, this.clock, this.#log, familiar);
    this.#clusters.set(name, cluster);
    connection.onDidChangeState(() => this.#onState(name));
    return cluster;
  }

  clusterState(name: string): ClusterState {
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) return { kind: "not-connected" };
    const { state } = cluster.connection;
    const known = this.#known.get(name);
    if (state.kind === "live") return { kind: "live", version: known?.version ?? "" };
    if (state.kind !== "failed") return state;
    const code = codeOf(state.error);
    const message = errorText(state.error);
    return known?.silentSince === undefined
      ? { kind: "failed", code, message }
      : { kind: "stale", since: known.silentSince, code, why: message };
  }

  /** What the cluster has, for its row; empty where nobody has looked. */
  clusterFacts(name: string): { readonly parts: readonly string[]; readonly gpus: string } {
    const cluster = this.#clusters.get(name);
    const parts = cluster?.parts;
    // A number that nobody keeps up to date says so in its own row, and nothing here.
    const gpus = cluster?.gpus.state.kind === "live" ? gpuWords(cluster.gpus.totals) : "";
    return { parts: parts === undefined ? [] : partsWords(parts), gpus };
  }

  /** Which parts of Kubeflow the cluster has, as far as is known; a change is told by `onDidChangeCluster`. */
  parts(name: string): Parts | undefined {
    return this.#clusters.get(name)?.parts;
  }

  /** Clusters that answer, and whose parts are known and fit. Asks none. */
  connected(fits: (parts: Parts) => boolean): readonly { readonly context: string; readonly client: KubeClient }[] {
    return this.contexts().flatMap(({ name: context }) => {
      const parts = this.parts(context);
      const isFit = parts !== undefined && fits(parts) && this.clusterState(context).kind === "live";
      return isFit ? [{ context, client: this.client(context) }] : [];
    });
  }

  /** A person looks at the cluster: connects, and says which of its namespaces to show. */
  async namespaces(name: string, signal?: AbortSignal): Promise<ShownNamespaces> {
    await this.#connect(name, signal);
    return this.namespaceDesk.show(this.context(name), this.client(name), signal);
  }

  /** All namespaces that the person may see, and those that were chosen; the context's own where listing is forbidden. */
  async allNamespaces(name: string, signal?: AbortSignal): Promise<OfferedNamespaces> {
    await this.#connect(name, signal);
    return this.namespaceDesk.offer(this.context(name), this.client(name), signal);
  }

  /** As `namespaces`, where the person wants another try: credentials that were refused may be asked for again. */
  async retry(name: string, signal?: AbortSignal): Promise<ShownNamespaces> {
    this.cluster(name).connection.credentials.unblock();
    const namespaces = await this.namespaces(name, signal);
    this.refreshStores(name);
    return namespaces;
  }

  /** Reads anew what is being watched, of one context or of all: what waits for a person goes on. */
  refreshStores(name?: string): void {
    for (const [context, cluster] of this.#clusters) {
      if (name !== undefined && name !== context) continue;
      cluster.refresh();
      if (cluster.connection.state.kind === "live") void this.#readParts(context);
    }
  }

  /** Whether this is still what stands for the context. Makes none. */
  hasCluster(name: string, cluster: object): boolean {
    return this.#clusters.get(name) === cluster;
  }

  dispose(): void {
    for (const cluster of this.#clusters.values()) cluster.dispose();
    this.#clusters.clear();
    this.held.dispose();
  }

  protected client(name: string): KubeClient {
    return this.cluster(name).connection.client;
  }

  async #connect(name: string, signal?: AbortSignal): Promise<void> {
    const { gitVersion } = await this.cluster(name).connection.connect(signal);
    this.#known.set(name, { version: gitVersion.replace(/^v/, ""), silentSince: undefined });
    this.#clusterChanged.fire(name);
    void this.#readParts(name);
  }

  #onState(name: string): void {
    const known = this.#known.get(name);
    const kind = this.#clusters.get(name)?.connection.state.kind;
    if (known !== undefined && kind === "live") known.silentSince = undefined;
    if (known !== undefined && kind === "failed") known.silentSince ??= this.clock.now();
    const state = this.clusterState(name);
    // Every request that fails says so: what the row says is the same.
    const told = `${state.kind}/${"code" in state ? state.code : ""}`;
    if (this.#told.get(name) === told) return;
    this.#told.set(name, told);
    this.#clusterChanged.fire(name);
  }

  /** Nobody waits for it: rows that do not need it are there before. */
  async #readParts(name: string): Promise<void> {
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) return;
    const before = JSON.stringify(cluster.parts);
    try {
      await cluster.readParts();
    } catch (error) {
      // The connection's own state says what is wrong with it; a cluster without discovery shows what its stores say.
      this.#log.debug(`${name}: the parts of Kubeflow could not be read: ${errorText(error)}`);
      return;
    }
    if (JSON.stringify(cluster.parts) !== before && this.hasCluster(name, cluster)) this.#clusterChanged.fire(name);
  }

  /** Connections whose entry has changed or gone were ended; what was built on them goes with them. */
  #dropStale(): void {
    for (const [name, cluster] of this.#clusters) {
      if (this.#connections.has(cluster.connection)) continue;
      cluster.dispose();
      this.#clusters.delete(name);
      this.#known.delete(name);
      this.#told.delete(name);
      this.#replaced.fire(name);
    }
  }
}

/** What stands in the way of a cluster, for its row. 503 is an API server, or what stands before it, that is not ready yet. */
function codeOf(error: Error): string {
  if (isApiError(error)) return error.status === 503 ? "not-ready" : "refused";
  return errorCode(error) ?? "";
}
