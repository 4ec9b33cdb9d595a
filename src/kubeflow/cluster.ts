import type { Disposable } from "../core/dispose.ts";
import type { Connection } from "../kube/connection.ts";
import { assertName } from "../kube/names.ts";
import type { ResourceKind } from "../kube/objects.ts";
import type { Listing, ListingDefinition, Store, StoreDefinition, StoreState } from "../kube/store.ts";
import { Rights } from "../kube/rights.ts";
import { SingleFlight } from "../kube/singleFlight.ts";
import { Stores } from "../kube/stores.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { GpuUse } from "./gpuUse.ts";
import { JOB_WARNINGS } from "./kinds/event.ts";
import { type NodeInfo, NODES } from "./kinds/node.ts";
import { JOB_KINDS, kindOf } from "./jobKinds.ts";
import { podLabel } from "./labels.ts";
import { mergedState } from "./mergedState.ts";
import type { JobEvent, JobKind, JobPod, TrainingJob } from "./model.ts";
import { type JobSource, NamespaceJobs } from "./namespaceJobs.ts";
import { NamespaceWorkloads } from "./namespaceWorkloads.ts";
import { type Parts, readParts } from "./parts.ts";
import type { WorkloadKind } from "./workloadKinds.ts";
import { WORKLOADS } from "./workloads.ts";

/** One context in use: its connection, what the cluster has, and the live objects that a person looks at. */
export class Cluster implements JobSource, Disposable {
  readonly connection: Connection;
  readonly rights: Rights;
  readonly gpus: GpuUse;
  readonly #clock: Clock;
  readonly #stores: Stores;
  /** What follows watch, by the job's uid, as long as one holds it. */
  readonly #followed = new Map<string, { readonly jobs: Store<TrainingJob>; readonly pods: Store<JobPod> }>();
  readonly #readingParts = new SingleFlight<Parts | undefined>();
  #parts: Parts | undefined;

  /** `namespaces` are those that are read where a person may not read the pods of all. */
  constructor(connection: Connection, clock: Clock, log: Logger, namespaces: () => readonly string[] = () => []) {
    this.connection = connection;
    this.#clock = clock;
    const { client } = connection;
    this.#stores = new Stores({ client, clock, log });
    this.rights = new Rights(client, clock);
    const own: Cluster["own"] = (definition, namespace) => this.#stores.own(definition, namespace);
    this.gpus = new GpuUse({ clock, nodes: this.nodes(), own, namespaces });
  }

  /** Parts of Kubeflow as they were last read; undefined where nobody has, or they may not be read. */
  get parts(): Parts | undefined {
    return this.#parts;
  }

  /** Reads them anew. Rejects as `readParts` does. */
  async readParts(signal?: AbortSignal): Promise<Parts | undefined> {
    const { client } = this.connection;
    return (this.#parts = await this.#readingParts.join((running) => readParts(client, running), signal));
  }

  nodes(): Store<NodeInfo> {
    return this.#stores.get(NODES);
  }

  store<T extends object>(definition: StoreDefinition<T>, namespace?: string): Store<T> {
    return this.#stores.get(definition, namespace);
  }

  /** A store that nobody else gets, such as of one object; it ends at once with its last holder. */
  own<T>(definition: StoreDefinition<T>, namespace?: string): Store<T> & Disposable {
    return this.#stores.own(definition, namespace);
  }

  listing<T extends object>(definition: ListingDefinition<T>, namespace: string): Listing<T> {
    return this.#stores.listing(definition, namespace);
  }

  /** The training jobs of a namespace, or of all, of every kind that is served. Watches until it is disposed. */
  jobs(namespace: string | undefined): NamespaceJobs {
    return new NamespaceJobs(this, namespace, this.jobKinds, this.#clock);
  }

  /** The objects of a kind in a namespace, or in all. Watches until it is disposed. */
  workloads(kind: WorkloadKind, namespace: string | undefined): NamespaceWorkloads {
    return new NamespaceWorkloads(this, this.connection.client, WORKLOADS[kind], namespace, this.#clock);
  }

  /** Where the objects of a kind of training job are. */
  jobResource(kind: JobKind): ResourceKind {
    return kindOf(kind).resource;
  }

  /** Kinds of training job that are served; all where that is not known. */
  get jobKinds(): readonly JobKind[] {
    const parts = this.#parts;
    if (parts === undefined) return JOB_KINDS.map(({ kind }) => kind);
    return parts.trainer === undefined ? parts.jobs : ["TrainJob", ...parts.jobs];
  }

  /** What is known of a namespace's training jobs as a whole, without asking: idle where nobody looks at them. */
  jobsState(namespace: string): StoreState {
    const states = this.jobKinds.map((kind) => this.listing(kindOf(kind).jobs, namespace).state);
    // Since when it is stale is not asked of it.
    return mergedState(states, this.#clock.now());
  }

  /** What a follow of one job watches: that job and its pods alone, however many others there are. */
  followed(
    kind: JobKind,
    { namespace, name, uid }: Pick<TrainingJob, "namespace" | "name" | "uid">,
  ): { readonly jobs: Store<TrainingJob>; readonly pods: Store<JobPod>; readonly warnings: Store<JobEvent> } {
    const { jobs, pods } = kindOf(kind);
    const known = this.#followed.get(uid);
    const own = known ?? {
      jobs: this.own({ ...jobs, fieldSelector: `metadata.name=${assertName(name)}` }, namespace),
      pods: this.own({ ...pods, labelSelector: `${podLabel(kind)}=${assertName(name)}` }, namespace),
    };
    if (known === undefined) {
      this.#followed.set(uid, own);
      // Its last holder has gone: it has ended.
      own.jobs.onDidChangeState((state) => state.kind === "idle" && this.#followed.delete(uid));
    }
    return { ...own, warnings: this.warnings(namespace) };
  }

  warnings(namespace: string): Store<JobEvent> {
    return this.#stores.get(JOB_WARNINGS, namespace);
  }

  /** Reads anew what is being watched, also where it had given up. */
  refresh(): void {
    this.rights.forget();
    this.#stores.refresh();
    this.gpus.askAgain();
  }

  dispose(): void {
    this.gpus.dispose();
    this.#stores.dispose();
  }
}
