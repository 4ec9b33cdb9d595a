// Everything that talks to clusters, composed without vscode. This is the bundle dist/kube.js: a test, a benchmark or
// an agent's tool builds the same engine in plain Node.
import path from "node:path";
import { Clusters, type ClustersOptions } from "./clusters.ts";
import { type Clock, systemClock } from "./core/clock.ts";
import {
  type AdminNeeds,
  adminRequest,
  createJobDesk,
  type FollowResult,
  type FollowSink,
  type FollowSources,
  type FollowTarget,
  followIntoFile,
  Follows,
  type JobDesk,
  type JobIdentity,
  latestLog,
  LaunchedJobs,
  type LogWords,
  pruneLogs,
  readJob,
  resumeJob,
  runSample,
  stopJob,
} from "./jobs/index.ts";
import { whoAmI } from "./kube/access.ts";
import { deleteObject, type ObjectAt, objectYaml } from "./kube/anyObject.ts";
import { followLog, type LogEvent } from "./kube/logStream.ts";
import type { KubeClient } from "./kube/client.ts";
import type { Shell, ShellTarget } from "./kube/streams/index.ts";
import { containerState } from "./kubeflow/containerState.ts";
import { describeEvents, readEvents } from "./kubeflow/events.ts";
import { kindOrDefault } from "./kubeflow/jobKinds.ts";
import { describeReplicas, isActive } from "./kubeflow/jobFacts.ts";
import type { Notebook } from "./kubeflow/kinds/notebook.ts";
import type { ContainerRef, TrainingJob } from "./kubeflow/model.ts";
import {
  NamespaceNotebooks,
  NotebookForwards,
  type NotebookIdentity,
  type OpenedNotebook,
  startNotebook,
  stopNotebook,
} from "./notebooks/index.ts";
import { ClusterPipelines } from "./pipelines/index.ts";
import { ExistingClusters } from "./provision/index.ts";

export type { ClusterState } from "./clusters.ts";

export interface EngineOptions extends Omit<ClustersOptions, "clock"> {
  /** Stands for this installation; marks what it launched. No person's name. */
  readonly installation: string;
  /** Folder of our own for journals and logs. */
  readonly storage: string;
  readonly clock?: Clock;
}

/** The clusters, with what is launched, followed and opened on them. */
export class Engine extends Clusters {
  readonly jobs: JobDesk;
  /** Jobs that were launched from here, until they have ended. */
  readonly launched: LaunchedJobs;
  /** Clusters that the clouds' own programs know. */
  readonly existing: ExistingClusters;
  readonly #options: EngineOptions;
  readonly #follows = this.held.add(new Follows());
  readonly #notebooks = this.held.add(new NotebookForwards());

  constructor(options: EngineOptions) {
    const clock = options.clock ?? systemClock;
    super({ ...options, clock });
    this.#options = options;
    this.jobs = createJobDesk({ ...options, clock, folder: path.join(options.storage, "launches") });
    this.existing = new ExistingClusters({ ...options, platform: process.platform });
    this.launched = this.held.add(
      new LaunchedJobs({
        watch: (context, definition, namespace) => {
          try {
            return this.cluster(context).own(definition, namespace);
          } catch {
            // The context has gone, or its entry cannot be used: its own row says so.
            return undefined;
          }
        },
        state: options.state,
        now: () => clock.now(),
      }),
    );
    this.held.add(this.jobs.onDidLaunch((at) => this.launched.add(at)));
    this.held.add(
      this.onDidReplace((name) => {
        this.#follows.replaced(name);
        this.launched.replaced(name);
        this.#notebooks.prune((connection) => this.hasConnection(connection));
      }),
    );
  }

  /** Folder of the log files. */
  get logFolder(): string {
    return path.join(this.#options.storage, "logs");
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
    const sources: FollowSources = {
      client: cluster.connection.client,
      ...cluster.followed(kindOrDefault(target.kind), target),
      clock: this.clock,
      log: this.#options.log,
    };
    return this.#follows.run(context, target, signal, (ending) =>
      followIntoFile(target, sources, sink, ending, this.logFolder, words),
    );
  }

  /** A client of the context's cluster once it answers; the context may have been added a moment ago. */
  async connectedClient(context: string, signal: AbortSignal): Promise<KubeClient> {
    await this.load();
    const { connection } = this.cluster(context);
    await connection.connect(signal);
    return connection.client;
  }

  /** Runs a script of ours in the cluster to its end; see jobs/sample.ts. The image is the one of the person's last job. */
  async runSample(
    file: string,
    at: { readonly context: string; readonly namespace: string; readonly id: string; readonly setting: string },
    tell: (detail: string) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const { context, setting } = at;
    const client = await this.connectedClient(context, signal);
    const last = this.jobs.lastRuns.latest();
    const { image } = this.jobs.chooseImage({
      ...(setting === "" ? {} : { workspaceSetting: setting }),
      ...(last === undefined ? {} : { last: last.image }),
    });
    const words: LogWords = {
      header: `sample · ${context} / ${at.namespace}`,
      onLog: () => undefined,
      statusLine: (source, state, text) => `${source ?? "job"} ${state} ${text}`,
      gapText: (source) => `${source}: lines were lost on the node`,
    };
    const follow: Parameters<typeof runSample>[0]["follow"] = (target, sink, ending) =>
      this.follow(context, target, sink, ending, words);
    return runSample({ ...at, desk: this.jobs, client, follow, file, image }, tell, signal);
  }

  /** The job where it is still the same object, or any of that name where `uid` is empty; undefined where it is gone. */
  async findJob(context: string, job: JobIdentity, signal?: AbortSignal): Promise<TrainingJob | undefined> {
    const found = await readJob(this.client(context), job, signal);
    return job.uid === "" || found?.uid === job.uid ? found : undefined;
  }

  /** Lets a stopped job run again; see jobObjects.ts. */
  resumeJob(context: string, job: JobIdentity, signal?: AbortSignal): Promise<void> {
    return resumeJob(this.client(context), job, signal);
  }

  /** Ends a job's pods and keeps the job; see jobObjects.ts. */
  stopJob(context: string, job: JobIdentity, signal?: AbortSignal): Promise<void> {
    return stopJob(this.client(context), job, signal);
  }

  objectYaml(context: string, at: ObjectAt, signal?: AbortSignal): Promise<string> {
    return objectYaml(this.client(context), at, signal);
  }

  deleteObject(context: string, at: ObjectAt & { readonly uid: string }, signal?: AbortSignal): Promise<void> {
    return deleteObject(this.client(context), at, signal);
  }

  /** What the cluster tells of an object and of `uids`, which belong to it, as a text; oldest first. See events.ts. */
  async events(
    context: string,
    about: { readonly namespace: string | undefined; readonly name: string },
    uids: ReadonlySet<string>,
    signal?: AbortSignal,
  ): Promise<string> {
    const events = await readEvents(this.client(context), about, uids, signal);
    return describeEvents(about.name, events, this.clock.now());
  }

  /** The log of a container from its last lines on, as followLog tells it. */
  podLog(
    context: string,
    at: ContainerRef,
    tailLines: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly LogEvent[]> {
    const client = this.client(context);
    const isOver = (): ReturnType<typeof containerState> => containerState(client, at);
    return followLog({ ...at, client, clock: this.clock, log: this.#options.log, signal, tailLines, isOver });
  }

  /** A shell in a container; see streams/shell.ts. */
  async openShell(context: string, target: Omit<ShellTarget, "connection">): Promise<Shell> {
    // A bundle of its own, needed only here and to forward ports.
    const { openShell } = await import("./kube/streams/index.ts");
    return openShell({ ...target, connection: this.cluster(context).connection });
  }

  /** Forwards to a notebook, for a browser on this computer. Asks nothing of the cluster before the browser comes. */
  openNotebook(context: string, notebook: Notebook): Promise<OpenedNotebook> {
    return this.#notebooks.open(this.cluster(context).connection, notebook);
  }

  /** Watches the notebooks of a namespace, or of all. Whoever asks for it ends it. */
  notebooks(context: string, namespace: string | undefined): NamespaceNotebooks {
    return new NamespaceNotebooks(this.cluster(context), namespace, this.clock);
  }

  /** What reads the cluster's pipelines while somebody looks at them. Whoever asks for it ends it. */
  pipelines(context: string): ClusterPipelines {
    const { connection, parts } = this.cluster(context);
    const namespace = parts?.pipelines?.namespace ?? "kubeflow";
    return new ClusterPipelines({
      client: connection.client,
      namespace,
      clock: this.clock,
      log: this.#options.log,
      connect: async (pod, port, signal) => {
        const { connectPod } = await import("./kube/streams/index.ts");
        return connectPod({ connection, namespace, pod, port, signal });
      },
    });
  }

  startNotebook(context: string, notebook: NotebookIdentity, signal?: AbortSignal): Promise<void> {
    return startNotebook(this.client(context), notebook, signal);
  }

  async stopNotebook(context: string, notebook: NotebookIdentity, signal?: AbortSignal): Promise<void> {
    await stopNotebook(this.client(context), notebook, this.clock.now(), signal);
    this.#notebooks.close(notebook.uid);
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
    needs: AdminNeeds,
    signal?: AbortSignal,
    profile?: string,
  ): Promise<string> {
    const { server } = this.context(context);
    const user = await whoAmI(this.cluster(context).connection.client, signal);
    return adminRequest({ user, context, namespace, server, needs, ...(profile === undefined ? {} : { profile }) });
  }

  isActive(job: TrainingJob): boolean {
    return isActive(job);
  }

  describeReplicas(job: TrainingJob): string {
    return describeReplicas(job);
  }

  isMine(job: Pick<TrainingJob, "owner">): boolean {
    return job.owner === this.jobs.owner;
  }
}

export function createEngine(options: EngineOptions): Engine {
  return new Engine(options);
}
