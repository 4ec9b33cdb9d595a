// Everything that talks to clusters, composed without vscode. This is the bundle dist/kube.js: a test, a benchmark or
// an agent's tool builds the same engine in plain Node.
import path from "node:path";
import { type Clock, systemClock } from "./core/clock.ts";
import { type Disposable, DisposableStore } from "./core/dispose.ts";
import { errorCode, errorText } from "./core/errors.ts";
import { Emitter, type Event } from "./core/events.ts";
import type { Logger } from "./core/log.ts";
import type { StateStore } from "./core/storage.ts";
import {
  adminRequest,
  createJobDesk,
  deleteJob,
  type FollowResult,
  type FollowSink,
  type FollowSources,
  type FollowTarget,
  followIntoFile,
  Follows,
  type JobDesk,
  type JobIdentity,
  latestLog,
  type LogWords,
  objectYaml,
  type ObjectName,
  pruneLogs,
  readJob,
  stopJob,
} from "./jobs/index.ts";
import type { KubeClient } from "./kube/client.ts";
import { whoAmI } from "./kube/access.ts";
import { Connections } from "./kube/connections.ts";
import type { ContextInfo } from "./kube/context.ts";
import { isApiError } from "./kube/errors.ts";
import { loadKubeconfig } from "./kube/kubeconfig.ts";
import { Cluster } from "./kubeflow/cluster.ts";
import { describeReplicas, isActive } from "./kubeflow/jobStatus.ts";
import type { TrainingJob } from "./kubeflow/model.ts";
import { replicasOf } from "./kubeflow/replicas.ts";
import { firstNamespaces, namespacesToChoose, type ShownNamespaces } from "./kubeflow/namespaceChoice.ts";
import { listNamespaces, type NamespaceList } from "./kubeflow/namespaces.ts";

export interface EngineOptions {
  /** Version of the extension; goes into User-Agent and annotations. */
  readonly version: string;
  /** Stands for this installation; marks what it launched. No person's name. */
  readonly installation: string;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** Folder of our own for journals and logs. */
  readonly storage: string;
  readonly state: StateStore;
  readonly kubeconfigPaths: () => readonly string[];
  readonly proxy: () => string | undefined;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Milliseconds that a sign-in program may take; 60,000 where left out. */
  readonly pluginTimeoutMs?: number;
}

export type ClusterState =
  | { readonly kind: "not-connected" }
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly version: string }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

export class Engine implements Disposable {
  readonly clock: Clock;
  readonly jobs: JobDesk;
  readonly #options: EngineOptions;
  readonly #connections: Connections;
  readonly #clusters = new Map<string, Cluster>();
  readonly #held = new DisposableStore();
  readonly #follows = this.#held.add(new Follows());
  readonly #clusterChanged = new Emitter<string>();
  readonly #namespacesChanged = new Emitter<string>();
  /** What each server said of its version when it was last asked. */
  readonly #versions = new Map<string, string>();

  constructor(options: EngineOptions) {
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    const { log, env, home } = options;
    this.#connections = this.#held.add(
      new Connections({
        load: () => loadKubeconfig({ paths: options.kubeconfigPaths(), env, home, platform: process.platform }),
        userAgent: `trainyard/${options.version}`,
        log,
        clock: this.clock,
        proxyOverride: options.proxy,
        env,
        ...(options.pluginTimeoutMs === undefined ? {} : { pluginTimeoutMs: options.pluginTimeoutMs }),
      }),
    );
    this.jobs = createJobDesk({ ...options, clock: this.clock, folder: path.join(options.storage, "launches") });
    this.#held.add(this.#connections.onDidChange(() => this.#dropStale()));
  }

  /** The set of contexts, or what one of them is, has changed. */
  get onDidChangeContexts(): Event<void> {
    return this.#connections.onDidChange;
  }

  /** The connection of this context has changed its state. */
  get onDidChangeCluster(): Event<string> {
    return this.#clusterChanged.event;
  }

  get onDidChangeNamespaces(): Event<string> {
    return this.#namespacesChanged.event;
  }

  /** Folder of the log files. */
  get logFolder(): string {
    return path.join(this.#options.storage, "logs");
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
    const cluster = new Cluster(connection, this.clock, this.#options.log);
    this.#clusters.set(name, cluster);
    this.#held.add(connection.onDidChangeState(() => this.#clusterChanged.fire(name)));
    return cluster;
  }

  clusterState(name: string): ClusterState {
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) return { kind: "not-connected" };
    const { state } = cluster.connection;
    if (state.kind === "live") return { kind: "live", version: this.#versions.get(name) ?? "" };
    if (state.kind !== "failed") return state;
    return { kind: "failed", code: codeOf(state.error), message: errorText(state.error) };
  }

  /** A person looks at the cluster: connects, and says which of its namespaces to show. */
  async namespaces(name: string, signal?: AbortSignal): Promise<ShownNamespaces> {
    const { connection } = this.cluster(name);
    await this.#connect(name, signal);
    const chosen = this.chosenNamespaces(name);
    if (chosen !== undefined) return { shown: chosen, more: true };
    return firstNamespaces(await listNamespaces(connection.client, signal), this.context(name).namespace);
  }

  /** All namespaces that the person may see, and those that were chosen; the context's own where listing is forbidden. */
  async allNamespaces(name: string, signal?: AbortSignal): Promise<NamespaceList> {
    const { connection } = this.cluster(name);
    await this.#connect(name, signal);
    const list = await listNamespaces(connection.client, signal);
    return namespacesToChoose(list, this.context(name).namespace, this.chosenNamespaces(name));
  }

  chosenNamespaces(name: string): readonly string[] | undefined {
    const value = this.#options.state.get(namespacesKey(name));
    return Array.isArray(value) && value.length > 0
      ? value.filter((item): item is string => typeof item === "string")
      : undefined;
  }

  /** Kept per context, by us: the kubeconfig is never written. */
  async chooseNamespaces(name: string, namespaces: readonly string[]): Promise<void> {
    await this.#options.state.set(namespacesKey(name), namespaces);
    this.#namespacesChanged.fire(name);
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
    for (const [context, cluster] of this.#clusters) if (name === undefined || name === context) cluster.refresh();
  }

  /** Whether this is still what stands for the context. Makes none. */
  hasCluster(name: string, cluster: object): boolean {
    return this.#clusters.get(name) === cluster;
  }

  async #connect(name: string, signal?: AbortSignal): Promise<void> {
    const { gitVersion } = await this.cluster(name).connection.connect(signal);
    this.#versions.set(name, gitVersion.replace(/^v/, ""));
    this.#clusterChanged.fire(name);
  }

  /**
   * Follows a job of this context into a log file and the sink; see followIntoFile. Rejects with UserError
   * `connection-replaced` once the context's entry in the kubeconfig has changed.
   */
  follow(
    context: string,
    target: FollowTarget,
    sink: FollowSink,
    signal: AbortSignal,
    words: LogWords,
  ): Promise<FollowResult> {
    const cluster = this.cluster(context);
    const { namespace } = target;
    const sources: FollowSources = {
      client: cluster.connection.client,
      jobs: cluster.jobs(namespace),
      pods: cluster.pods(namespace),
      warnings: cluster.warnings(namespace),
      clock: this.clock,
      log: this.#options.log,
    };
    return this.#follows.run(context, target, signal, (ending) =>
      followIntoFile(target, sources, sink, ending, this.logFolder, words),
    );
  }

  /** The job where it is still the same object; undefined where it is gone. */
  async findJob(context: string, job: JobIdentity, signal?: AbortSignal): Promise<TrainingJob | undefined> {
    const found = await readJob(this.#client(context), job, signal);
    return found?.uid === job.uid ? found : undefined;
  }

  /** Ends a job's pods and keeps the job; see jobObjects.ts. */
  stopJob(context: string, job: JobIdentity, signal?: AbortSignal): Promise<void> {
    return stopJob(this.#client(context), job, signal);
  }

  deleteJob(context: string, job: JobIdentity, signal?: AbortSignal): Promise<void> {
    return deleteJob(this.#client(context), job, signal);
  }

  #client(context: string): KubeClient {
    return this.cluster(context).connection.client;
  }

  /** A job or a pod as YAML. */
  objectYaml(context: string, at: ObjectName, signal?: AbortSignal): Promise<string> {
    return objectYaml(this.#client(context), at, signal);
  }

  /** Name of the pod that holds a rank, where the job is being watched. */
  podName(context: string, namespace: string, job: string, rank: number): string | undefined {
    const cluster = this.cluster(context);
    const found = cluster.jobs(namespace).items.get(job);
    return found && replicasOf(found, cluster.pods(namespace).items.values())[rank]?.pod?.name;
  }

  /** Removes journal entries and log files that nobody needs any more. */
  async prune(): Promise<void> {
    await this.jobs.journal.prune();
    await pruneLogs(this.logFolder, this.clock.now());
  }

  /** The newest log file of a job on this computer. */
  latestLog(name: string, uid: string): Promise<string | undefined> {
    return latestLog(this.logFolder, name, uid);
  }

  /** The text for an administrator: what is to be installed, and what this person needs in the namespace. */
  async adminRequest(
    context: string,
    namespace: string,
    needs: "operator" | "rights" | "both",
    signal?: AbortSignal,
  ): Promise<string> {
    const { server } = this.context(context);
    const user = await whoAmI(this.cluster(context).connection.client, signal);
    return adminRequest({ user, context, namespace, server, needs });
  }

  /** Files that contexts come from or would come from, in order. */
  kubeconfigFiles(): readonly string[] {
    return this.#connections.files;
  }

  isActive(job: TrainingJob): boolean {
    return isActive(job);
  }

  describeReplicas(job: TrainingJob): string {
    return describeReplicas(job);
  }

  isMine(job: TrainingJob): boolean {
    return job.owner === this.jobs.owner;
  }

  dispose(): void {
    for (const cluster of this.#clusters.values()) cluster.dispose();
    this.#clusters.clear();
    this.#held.dispose();
  }

  /** Connections whose entry has changed or gone were ended; what was built on them goes with them. */
  #dropStale(): void {
    for (const [name, cluster] of this.#clusters) {
      if (this.#connections.has(cluster.connection)) continue;
      cluster.dispose();
      this.#clusters.delete(name);
      this.#follows.replaced(name);
    }
  }
}

export function createEngine(options: EngineOptions): Engine {
  return new Engine(options);
}

function namespacesKey(context: string): string {
  return `namespaces/${context}`;
}

/** What stands in the way of a cluster, for its row. 503 is an API server, or what stands before it, that is not ready yet. */
function codeOf(error: Error): string {
  if (isApiError(error)) return error.status === 503 ? "not-ready" : "refused";
  return errorCode(error) ?? "";
}
