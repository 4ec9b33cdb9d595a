// Everything that talks to clusters, composed without vscode. This is the bundle dist/kube.js: a test, a benchmark or
// an agent's tool builds the same engine in plain Node.
import path from "node:path";
import type { Duplex } from "node:stream";
import { Clusters, type ClustersOptions } from "./clusters.ts";
import { type Clock, systemClock } from "./core/clock.ts";
import {
  type AdminNeeds,
  adminRequest,
  checkRun,
  type CheckSources,
  contributeSchemas,
  createJobDesk,
  type Finding,
  type FollowResult,
  type FollowSink,
  type FollowSources,
  type FollowTarget,
  followIntoFile,
  Follows,
  type MadePool,
  type JobDesk,
  type JobIdentity,
  latestLog,
  listClaims,
  type LaunchKind,
  LaunchedJobs,
  type LogWords,
  pruneLogs,
  readJob,
  resumeJob,
  type RunPlan,
  runSample,
  sampleWords,
  stopJob,
  type Taken,
} from "./jobs/index.ts";
import type { YamlApi } from "./core/yamlApi.ts";
import { whoAmI } from "./kube/access.ts";
import { deleteObject, type ObjectAt, objectYaml } from "./kube/anyObject.ts";
import { followLog, type LogEvent } from "./kube/logStream.ts";
import type { KubeClient } from "./kube/client.ts";
import type { Shell, ShellTarget } from "./kube/streams/index.ts";
import { containerState } from "./kubeflow/containerState.ts";
import { describeEvents, readEvents } from "./kubeflow/events.ts";
import { kindOrDefault } from "./kubeflow/jobKinds.ts";
import { describeReplicas, isActive } from "./kubeflow/jobFacts.ts";
import { RoomReader } from "./kubeflow/nodeRoom.ts";
import type { ContainerRef, TrainingJob } from "./kubeflow/model.ts";
import {
  NamespaceNotebooks,
  NotebookDesk,
  type NotebookIdentity,
  NotebookServers,
  readCulling,
  startNotebook,
  stopNotebook,
} from "./notebooks/index.ts";
import {
  type ClusterPipelinesOptions,
  createCompiler,
  type PipelineCompiler,
  PipelineDesk,
  type PythonPorts,
} from "./pipelines/index.ts";
import { ExistingClusters } from "./provision/index.ts";
import { TemplateDesk } from "./templates/index.ts";

export type { ClusterState } from "./clusters.ts";

export interface EngineOptions extends Omit<ClustersOptions, "clock"> {
  /** Stands for this installation; marks what it launched. No person's name. */
  readonly installation: string;
  /** Folder of our own for journals and logs. */
  readonly storage: string;
  readonly clock?: Clock;
  /** The GPU pool of the context's cluster, where it was made from here. */
  readonly gpuPool?: (context: string) => Promise<MadePool | undefined>;
  /** Left out where nobody has chosen a Python. */
  readonly pythonPlace?: PythonPorts["placeOf"];
}

/** The clusters, with what is launched, followed and opened on them. */
export class Engine extends Clusters {
  readonly jobs: JobDesk;
  /** Jobs that were launched from here, until they have ended. */
  readonly launched: LaunchedJobs;
  readonly notebookDesk: NotebookDesk;
  readonly pipelineDesk = this.held.add(new PipelineDesk((context) => this.#pipelinesOf(context), this.clock));
  /** Clusters that the clouds' own programs know. */
  readonly existing: ExistingClusters;
  readonly compiler: PipelineCompiler;
  readonly notebookServers: NotebookServers;
  readonly templates: TemplateDesk;
  // Plain functions, for callers that load the engine lazily.
  readonly isActive = isActive;
  readonly describeReplicas = describeReplicas;
  readonly #options: EngineOptions;
  readonly #rooms = new RoomReader(this.clock);
  readonly #follows = this.held.add(new Follows());

  constructor(options: EngineOptions) {
    const clock = options.clock ?? systemClock;
    super({ ...options, clock });
    this.#options = options;
    this.jobs = createJobDesk({
      ...options,
      clock,
      folder: path.join(options.storage, "launches"),
      connect: ({ context, ...at }, signal) => this.#connectPod(context, at, signal),
    });
    this.templates = new TemplateDesk(this.jobs.owner, options.version);
    this.notebookDesk = new NotebookDesk({ ...options, clock, cluster: (context) => this.cluster(context) });
    this.existing = new ExistingClusters({ ...options, platform: process.platform });
    this.compiler = this.held.add(createCompiler({ ...options, clock }));
    this.notebookServers = this.held.add(new NotebookServers(this, options.state));
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
        this.pipelineDesk.replaced(name);
        this.notebookServers.replaced(name);
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

  /**
   * Kinds of job that can be launched there, the one that is preferred first: a PyTorchJob, where the cluster has both.
   * PyTorchJob alone where it has neither: the launch says so. Rejects with ApiError, ConnectError or CancelledError.
   */
  async launchKinds(context: string, signal?: AbortSignal): Promise<readonly LaunchKind[]> {
    const cluster = this.cluster(context);
    const parts = cluster.parts ?? (await cluster.readParts(signal));
    const both: readonly LaunchKind[] = ["PyTorchJob", "TrainJob"];
    // Not readable: the cluster itself refuses what it does not have.
    if (parts === undefined) return both;
    const kinds = both.filter((kind) =>
      kind === "TrainJob" ? parts.trainer !== undefined : parts.jobs.includes(kind),
    );
    return kinds.length === 0 ? ["PyTorchJob"] : kinds;
  }

  /** Hands the schemas of jobs, as connected clusters have them, to the YAML extension. Connects to none. */
  contributeSchemas(api: YamlApi, textOf: (resource: string) => string | undefined): void {
    const clusters = (kind: LaunchKind): ReturnType<Clusters["connected"]> =>
      this.connected(({ trainer, jobs }) => (kind === "TrainJob" ? trainer !== undefined : jobs.includes(kind)));
    contributeSchemas(api, { textOf, clusters, log: this.#options.log });
  }

  /**
   * Tells what is known of a run before it is sent, as it comes; see jobs/checks/checkRun.ts. `without` leaves out the dry
   * run, where the plan has passed it; `anew` reads nodes again that were read a moment ago. Rejects where the signal aborts.
   */
  async checkRun(
    plan: RunPlan,
    report: (finding: Finding) => void,
    signal: AbortSignal,
    { without, anew = false }: { readonly without?: "dry run"; readonly anew?: boolean } = {},
  ): Promise<void> {
    const { spec, snapshot, job } = plan;
    const { context, namespace } = spec;
    const { connection, rights } = this.cluster(context);
    const { client } = connection;
    const { gpuPool } = this.#options;
    const sources: CheckSources = {
      ...{ client, rooms: this.#rooms, anew },
      may: (right) => rights.in(namespace).ask(right, signal),
      ...(without === undefined && {
        dryRun: (running) => this.jobs.launcher.preflight(spec, snapshot, client, running, job),
      }),
      ...(gpuPool !== undefined && { gpuPool: () => gpuPool(context) }),
    };
    await checkRun(plan, sources, report, signal);
  }

  /** Dollars an hour of the GPU nodes that a run fills, where its cluster was made from here and their price is known. */
  async pricePerHour({ context, nodes, gpusPerNode }: RunPlan["spec"]): Promise<number | undefined> {
    const pool = gpusPerNode === 0 ? undefined : await this.#options.gpuPool?.(context);
    const podsPerNode = pool === undefined ? 0 : Math.floor(pool.perNode / gpusPerNode);
    return pool?.perHour === undefined || podsPerNode === 0 ? undefined : pool.perHour * Math.ceil(nodes / podsPerNode);
  }

  /** Volume claims of a namespace, with what they are in words; none where they may not be listed. */
  async claims(
    context: string,
    namespace: string,
    signal?: AbortSignal,
  ): Promise<readonly { readonly name: string; readonly words: string }[]> {
    return listClaims(this.client(context), namespace, signal);
  }

  /** Copies a job's results into a new folder; see jobs/mover/outputs.ts. UserError `no-output-place` where none was named. */
  async downloadOutputs(
    context: string,
    job: JobIdentity,
    into: string,
    tell: (text: string) => void,
    signal: AbortSignal,
  ): Promise<Taken> {
    return this.jobs.downloadOutputs(context, this.client(context), job, into, tell, signal);
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
    const [kind = "PyTorchJob"] = await this.launchKinds(context, signal);
    const last = this.jobs.lastRuns.latest();
    const { image } = this.jobs.chooseImage({
      ...(setting === "" ? {} : { workspaceSetting: setting }),
      ...(last === undefined ? {} : { last: last.image }),
    });
    const words = sampleWords(`${context} / ${at.namespace}`);
    const follow: Parameters<typeof runSample>[0]["follow"] = (target, sink, ending) =>
      this.follow(context, target, sink, ending, words);
    return runSample({ ...at, kind, desk: this.jobs, client, follow, file, image }, tell, signal);
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

  /** The log of a container from its last lines on, as followLog tells it; `onWait` hears what keeps it from its start. */
  podLog(
    context: string,
    at: ContainerRef,
    tailLines: number,
    signal: AbortSignal,
    onWait: (why: string) => void,
  ): AsyncGenerator<readonly LogEvent[]> {
    const client = this.client(context);
    const isOver = (): ReturnType<typeof containerState> => containerState(client, at, onWait);
    return followLog({ ...at, client, clock: this.clock, log: this.#options.log, signal, tailLines, isOver });
  }

  /** A shell in a container; see streams/shell.ts. */
  async openShell(context: string, target: Omit<ShellTarget, "connection">): Promise<Shell> {
    // A bundle of its own, needed only here and to forward ports.
    const { openShell } = await import("./kube/streams/index.ts");
    return openShell({ ...target, connection: this.cluster(context).connection });
  }

  /** Watches the notebooks of a namespace, or of all. Whoever asks for it ends it. */
  notebooks(context: string, namespace: string | undefined): NamespaceNotebooks {
    const cluster = this.cluster(context);
    const live = new NamespaceNotebooks(cluster, namespace, this.clock, () => readCulling(cluster.connection.client));
    this.notebookServers.follow(live);
    return live;
  }

  #pipelinesOf(context: string): ClusterPipelinesOptions {
    const { connection, parts } = this.cluster(context);
    const namespace = parts?.pipelines?.namespace ?? "kubeflow";
    const { client } = connection;
    const connect: ClusterPipelinesOptions["connect"] = (pod, port, signal, other) =>
      this.#connectPod(context, { namespace: other ?? namespace, pod, port }, signal);
    const gateway = this.gateway(context);
    return { client, namespace, clock: this.clock, log: this.#options.log, connect, ...(gateway && { gateway }) };
  }

  /** A stream to a port of a pod; see streams/portForward.ts. */
  async #connectPod(
    context: string,
    at: { readonly namespace: string; readonly pod: string; readonly port: number },
    signal: AbortSignal,
  ): Promise<Duplex> {
    const { connectPod } = await import("./kube/streams/index.ts");
    return connectPod({ ...at, connection: this.cluster(context).connection, signal });
  }

  async startNotebook(context: string, notebook: NotebookIdentity, signal?: AbortSignal): Promise<void> {
    await startNotebook(this.client(context), notebook, signal);
    this.notebookServers.changed();
  }

  async stopNotebook(context: string, notebook: NotebookIdentity, signal?: AbortSignal): Promise<void> {
    await stopNotebook(this.client(context), notebook, this.clock.now(), signal);
    this.notebookServers.stopped(notebook.uid);
  }

  /** Removes journal entries and log files that nobody needs any more. */
  async prune(): Promise<void> {
    await this.jobs.prune();
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

  isMine(job: Pick<TrainingJob, "owner">): boolean {
    return job.owner === this.jobs.owner;
  }
}

export function createEngine(options: EngineOptions): Engine {
  return new Engine(options);
}
