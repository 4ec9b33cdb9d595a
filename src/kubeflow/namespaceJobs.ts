import type { Clock } from "../core/clock.ts";
import { type Disposable, DisposableStore } from "../core/dispose.ts";
import { Emitter } from "../core/events.ts";
import type { Listing, ListingDefinition, Store, StoreDefinition, StoreState } from "../kube/store.ts";
import { settledWithin } from "../kube/settledWithin.ts";
import type { NodeUse } from "./gpuUse.ts";
import { JOB_KINDS, type JobKindInfo, kindOf } from "./jobKinds.ts";
import { JobParts } from "./partsOfJobs.ts";
import { type Around, jobState, type JobSummary, jobSummary } from "./jobStatus.ts";
import { mergedState } from "./mergedState.ts";
import { type JobEvent, jobKey, type JobKind, type JobPod, type JobState, type TrainingJob } from "./model.ts";
import { replicasOf, type ShownReplica, shownReplica } from "./replicas.ts";
import { StoreIndex } from "./storeIndex.ts";
import { type Reason, whyOf } from "./why.ts";

/** Where the live objects come from: a cluster. */
export interface JobSource {
  /** All namespaces where `namespace` is undefined. */
  store<T extends object>(definition: StoreDefinition<T>, namespace: string | undefined): Store<T>;
  /** One that nobody else gets; it ends with its last holder. */
  own<T extends object>(definition: StoreDefinition<T>, namespace: string | undefined): Store<T>;
  listing<T extends object>(definition: ListingDefinition<T>, namespace: string): Listing<T>;
}

export interface JobsChange {
  /** Keys (`jobKey`) of jobs whose rows may say something else now. */
  readonly changed: readonly string[];
  /** Jobs came or went. */
  readonly set: boolean;
}

/**
 * The training jobs of one namespace, or of all, of every kind that the cluster serves: one set, live while this lives.
 * What an update costs does not depend on how many jobs there are.
 */
export class NamespaceJobs implements Disposable {
  readonly namespace: string | undefined;
  readonly #clock: Clock;
  readonly #held = new DisposableStore();
  readonly #kinds = new Map<JobKind, StoreIndex<TrainingJob>>();
  readonly #listings = new Map<JobKind, Listing<TrainingJob>>();
  readonly #parts: JobParts;
  readonly #changed = new Emitter<JobsChange>();
  readonly #stateChanged = new Emitter<StoreState>();
  readonly #keys = new Set<string>();
  /** Jobs with what their parts tell of them, by key, as long as nothing of it changes. */
  readonly #merged = new Map<string, TrainingJob>();
  /** Replicas of the jobs that were opened, by key and source, as long as nothing of them changes. */
  readonly #replicas = new Map<string, { podsKnown: boolean; bySource: ReadonlyMap<string, ShownReplica> }>();
  readonly #states = new Map<string, JobState>();
  readonly #counts = new Map<JobState, number>();
  /** Keys of jobs whose state is to be counted anew. */
  readonly #uncounted = new Set<string>();

  #staleSince: number | undefined;

  readonly onDidChange = this.#changed.event;
  readonly onDidChangeState = this.#stateChanged.event;

  constructor(source: JobSource, namespace: string | undefined, kinds: readonly JobKind[], clock: Clock) {
    this.namespace = namespace;
    this.#clock = clock;
    this.#parts = this.#held.add(new JobParts(source, namespace, (keys) => this.#onParts(keys)));
    for (const info of JOB_KINDS.filter(({ kind }) => kinds.includes(kind))) this.#watch(source, info);
    this.#countAll();
    this.#seeParts();
  }

  get size(): number {
    return this.#keys.size;
  }

  /** In no order. */
  get items(): Iterable<TrainingJob> {
    return this.#all();
  }

  /** The job of a key (`jobKey`), also while only a row of a table is known of it. */
  get(key: string): TrainingJob | undefined {
    for (const index of this.#kinds.values()) for (const job of index.get(key)) return this.#whole(job);
    return undefined;
  }

  get state(): StoreState {
    const states = [...this.#kinds.values()].map(({ store }) => store.state);
    const state = mergedState(states, this.#staleSince ?? this.#clock.now());
    // It is read at every change of any of them.
    this.#staleSince = state.kind === "stale" ? state.since : undefined;
    return state;
  }

  /** Kinds that the person may not list, with the server's words. */
  get forbidden(): readonly { readonly kind: JobKind; readonly why: string }[] {
    return [...this.#kinds].flatMap(([kind, { store }]) =>
      store.state.kind === "forbidden" ? [{ kind, why: store.state.why }] : [],
    );
  }

  /**
   * False where pods may not be read, or were not yet: that the job has none means nothing then. Where there are very many
   * jobs, pods are watched for those alone that were looked at.
   */
  podsKnownOf(job: TrainingJob): boolean {
    return this.#parts.podsKnown(job.kind, jobKey(job));
  }

  /** How many jobs are in each state. */
  get counts(): ReadonlyMap<JobState, number> {
    for (const key of this.#uncounted) {
      const job = this.get(key);
      this.#count(key, job && jobState(job, this.podsOf(job), this.podsKnownOf(job)));
    }
    this.#uncounted.clear();
    return this.#counts;
  }

  podsOf(job: TrainingJob): readonly JobPod[] {
    return this.#parts.podsOf(job);
  }

  /** Warnings about the job, its pods, and what stands between. */
  warningsOf(job: TrainingJob): readonly JobEvent[] {
    return this.#parts.warningsOf(job);
  }

  /** There are jobs of more kinds than one. */
  get isMixed(): boolean {
    return [...this.#kinds.values()].filter(({ store }) => store.items.size > 0).length > 1;
  }

  /** `nodes` of the cluster, where it is known what all their pods hold. */
  summary(job: TrainingJob, nodes?: readonly NodeUse[]): JobSummary {
    const podsRefused = this.#parts.podsRefused(job.kind, jobKey(job));
    const around = { podsKnown: this.podsKnownOf(job), podsRefused, nodes };
    return jobSummary(job, this.podsOf(job), this.warningsOf(job), this.#clock.now(), around);
  }

  replicas(job: TrainingJob): readonly ShownReplica[] {
    return [...this.#replicasOf(job).values()];
  }

  /** The replica of a source, as text. */
  replica(job: TrainingJob, source: string): ShownReplica | undefined {
    return this.#replicasOf(job).get(source);
  }

  /** Why it does not run as it should. */
  why(job: TrainingJob, around: Around = {}): readonly Reason[] {
    const known = { podsKnown: this.podsKnownOf(job), ...around };
    return whyOf(job, this.podsOf(job), this.warningsOf(job), this.#clock.now(), known);
  }

  /**
   * A person looks at one job: reads it whole and watches its pods, where there are too many jobs to do so for all.
   * Undefined where it is gone. Rejects as KubeClient does.
   */
  async look(key: string, signal?: AbortSignal): Promise<TrainingJob | undefined> {
    const job = this.get(key);
    if (job === undefined) return undefined;
    this.#parts.look(job);
    if (job.partial === true) await this.#listings.get(job.kind)?.whole(job.name, signal);
    return this.get(key);
  }

  /** Resolves when there is an answer of every kind, well or not, or `ms` milliseconds have passed. */
  answered(ms: number): Promise<void> {
    // Pods are asked for once it is known that there are jobs, and not too many.
    const stores = (): readonly Store<object>[] => [
      ...[...this.#kinds.values()].map(({ store }) => store),
      ...this.#parts.stores,
    ];
    return settledWithin(stores, this.#clock, ms);
  }

  /** Reads everything anew. */
  refresh(): void {
    for (const { store } of this.#kinds.values()) store.refresh();
    for (const store of this.#parts.stores) store.refresh();
  }

  dispose(): void {
    this.#held.dispose();
    this.#changed.dispose();
    this.#stateChanged.dispose();
  }

  #watch(source: JobSource, { kind, jobs }: JobKindInfo): void {
    const listing = this.namespace === undefined ? undefined : source.listing(jobs, this.namespace);
    if (listing !== undefined) this.#listings.set(kind, listing);
    const store = listing ?? source.store(jobs, undefined);
    const index = new StoreIndex(
      store,
      jobKey,
      jobKey,
      (items) => this.#onJobs(items),
      () => {
        this.#seeParts();
        this.#stateChanged.fire(this.state);
      },
    );
    this.#kinds.set(kind, this.#held.add(index));
  }

  *#all(): Iterable<TrainingJob> {
    for (const { store } of this.#kinds.values()) for (const job of store.items.values()) yield this.#whole(job);
  }

  /** The job with what its parts tell. */
  #whole(job: TrainingJob): TrainingJob {
    if (job.kind !== "TrainJob" || job.partial === true) return job;
    const key = jobKey(job);
    const known = this.#merged.get(key);
    if (known?.uid === job.uid) return known;
    const whole = this.#parts.complete(job);
    this.#merged.set(key, whole);
    return whole;
  }

  #replicasOf(job: TrainingJob): ReadonlyMap<string, ShownReplica> {
    const key = jobKey(job);
    const podsKnown = this.podsKnownOf(job);
    const known = this.#replicas.get(key);
    if (known?.podsKnown === podsKnown) return known.bySource;
    const shown = replicasOf(job, this.podsOf(job)).map((replica) => shownReplica(replica, podsKnown));
    const bySource = new Map(shown.map((replica) => [String(replica.source), replica]));
    this.#replicas.set(key, { podsKnown, bySource });
    return bySource;
  }

  #onJobs(items: readonly TrainingJob[] | undefined): void {
    this.#seeParts();
    if (items === undefined) {
      this.#countAll();
      this.#changed.fire({ changed: [...this.#keys], set: true });
      return;
    }
    let set = false;
    for (const job of items) {
      const key = jobKey(job);
      this.#forget(key);
      const now = this.get(key);
      if ((now !== undefined) !== this.#keys.has(key)) set = true;
      if (now === undefined) this.#keys.delete(key);
      else this.#keys.add(key);
    }
    this.#changed.fire({ changed: [...new Set(items.map(jobKey))], set });
  }

  /** Pods, warnings or parts of these jobs have changed, or of any. */
  #onParts(changed: Iterable<string> | undefined): void {
    const jobs = changed === undefined ? [...this.#keys] : [...changed].filter((key) => this.#keys.has(key));
    for (const key of jobs) this.#forget(key);
    if (jobs.length > 0) this.#changed.fire({ changed: jobs, set: false });
  }

  /** Watches what belongs to jobs as soon as there can be some. */
  #seeParts(): void {
    this.#parts.see([...this.#kinds].map(([kind, { store }]) => ({ info: kindOf(kind), jobs: store })));
  }

  #countAll(): void {
    for (const known of [this.#keys, this.#merged, this.#replicas, this.#states, this.#counts, this.#uncounted])
      known.clear();
    for (const { store } of this.#kinds.values())
      for (const job of store.items.values()) {
        this.#keys.add(jobKey(job));
        this.#uncounted.add(jobKey(job));
      }
  }

  /** What was made of a job holds no more. */
  #forget(key: string): void {
    this.#merged.delete(key);
    this.#replicas.delete(key);
    this.#uncounted.add(key);
  }

  #count(key: string, state: JobState | undefined): void {
    const before = this.#states.get(key);
    if (before === state) return;
    if (before !== undefined) {
      const left = (this.#counts.get(before) ?? 1) - 1;
      if (left === 0) this.#counts.delete(before);
      else this.#counts.set(before, left);
    }
    if (state === undefined) {
      this.#states.delete(key);
      return;
    }
    this.#states.set(key, state);
    this.#counts.set(state, (this.#counts.get(state) ?? 0) + 1);
  }
}
