import { type Disposable, DisposableStore } from "../core/dispose.ts";
import type { Store } from "../kube/store.ts";
import { jobKey, type JobKindInfo, kindOf } from "./jobKinds.ts";
import { JOB_WARNINGS } from "./kinds/event.ts";
import { BATCH_JOBS, type BatchJob, JOB_SETS, type JobSet, withParts, withPods } from "./kinds/trainJob.ts";
import { podLabel } from "./labels.ts";
import { isKnown } from "./mergedState.ts";
import type { JobEvent, JobKind, JobPod, TrainingJob } from "./model.ts";
import type { JobSource } from "./namespaceJobs.ts";
import { StoreIndex } from "./storeIndex.ts";

/** Of more jobs than this in a namespace, pods are watched for those alone that a person looks at. */
const MOST_JOBS = 500;
/** Jobs looked at whose pods are watched at a time. */
const MOST_LOOKED_AT = 20;

/** What stands below the training jobs of a namespace: pods, warnings, and a TrainJob's JobSet and Jobs. By key of the job. */
export class JobParts implements Disposable {
  readonly #source: JobSource;
  readonly #namespace: string | undefined;
  readonly #onChange: (keys: Iterable<string> | undefined) => void;
  readonly #held = new DisposableStore();
  /** By definition: the v1 kinds share one. */
  readonly #pods = new Map<JobKindInfo["pods"], StoreIndex<JobPod>>();
  readonly #lookedAt = new Map<string, StoreIndex<JobPod>>();
  #warnings: StoreIndex<JobEvent> | undefined;
  #jobSets: StoreIndex<JobSet> | undefined;
  #batchJobs: StoreIndex<BatchJob> | undefined;

  /** `onChange` gets the keys of jobs whose parts have changed; undefined where any may have. */
  constructor(
    source: JobSource,
    namespace: string | undefined,
    onChange: (keys: Iterable<string> | undefined) => void,
  ) {
    this.#source = source;
    this.#namespace = namespace;
    this.#onChange = onChange;
  }

  get stores(): readonly Store<object>[] {
    const indexes = [
      ...this.#pods.values(),
      ...this.#lookedAt.values(),
      this.#warnings,
      this.#jobSets,
      this.#batchJobs,
    ];
    return indexes.flatMap((index) => (index === undefined ? [] : [index.store as Store<object>]));
  }

  /** Begins to watch what jobs of this kind have, once it is known that they are not too many. */
  see(info: JobKindInfo, jobs: Store<TrainingJob>): void {
    const { items, state } = jobs;
    if (info.kind === "TrainJob" && items.size > 0) this.#seeTrainJobs();
    if (this.#pods.has(info.pods) || items.size >= MOST_JOBS) return;
    if (items.size === 0 && state.kind !== "live") return;
    this.#pods.set(info.pods, this.#watchPods(this.#source.store(info.pods, this.#namespace)));
    this.#seeWarnings();
  }

  /** A person looks at this job. */
  look(job: TrainingJob): void {
    const { pods } = kindOf(job.kind);
    if (this.#pods.has(pods)) return;
    this.#seeWarnings();
    const key = jobKey(job);
    const known = this.#lookedAt.get(key);
    const own = { ...pods, labelSelector: `${podLabel(job.kind)}=${job.name}` };
    // The one that was looked at last stands at the end.
    this.#lookedAt.delete(key);
    this.#lookedAt.set(key, known ?? this.#watchPods(this.#source.store(own, job.namespace)));
    for (const [other, index] of this.#lookedAt) {
      if (this.#lookedAt.size <= MOST_LOOKED_AT) break;
      this.#lookedAt.delete(other);
      this.#held.release(index);
    }
  }

  /** Whether that a job of this kind has no pods means something. */
  podsKnown(kind: JobKind, key = ""): boolean {
    const index = this.#lookedAt.get(key) ?? this.#pods.get(kindOf(kind).pods);
    return index !== undefined && isKnown(index.store.state);
  }

  podsOf(job: TrainingJob): readonly JobPod[] {
    const key = jobKey(job);
    const index = this.#lookedAt.get(key) ?? this.#pods.get(kindOf(job.kind).pods);
    return index === undefined ? [] : [...index.get(key)];
  }

  warningsOf(job: TrainingJob): readonly JobEvent[] {
    const warnings = this.#warnings;
    if (warnings === undefined) return [];
    const about = (kind: string, name: string): JobEvent[] => [...warnings.get(aboutKey(kind, job.namespace, name))];
    const own = [...about(job.kind, job.name), ...this.podsOf(job).flatMap(({ name }) => about("Pod", name))];
    if (job.kind !== "TrainJob") return own;
    // The first, and with the runtimes that there are the only, Job of a replicated job.
    const jobs = job.replicas.flatMap(({ role }) => about("Job", `${job.name}-${role}-0`));
    return [...own, ...about("JobSet", job.name), ...jobs];
  }

  /** A TrainJob with what its JobSet and Jobs tell, as far as they may be read. */
  complete(job: TrainingJob): TrainingJob {
    const key = jobKey(job);
    const [jobSet] = this.#jobSets?.get(key) ?? [];
    return withPods(withParts(job, jobSet, [...(this.#batchJobs?.get(key) ?? [])]), this.podsOf(job));
  }

  dispose(): void {
    this.#held.dispose();
  }

  #watchPods(store: Store<JobPod>): StoreIndex<JobPod> {
    const keyOf = ({ kind, namespace, job }: JobPod): string => jobKey({ kind, namespace, name: job });
    const onChange = (pods: readonly JobPod[] | undefined): void => this.#onChange(pods && new Set(pods.map(keyOf)));
    return this.#held.add(new StoreIndex(store, keyOf, uidOf, onChange, () => this.#onChange(undefined)));
  }

  #seeWarnings(): void {
    if (this.#warnings !== undefined) return;
    const store = this.#source.store(JOB_WARNINGS, this.#namespace);
    const keyOf = ({ aboutKind, namespace, aboutName }: JobEvent): string => aboutKey(aboutKind, namespace, aboutName);
    this.#warnings = this.#held.add(
      new StoreIndex(store, keyOf, uidOf, (events) =>
        this.#onChange(events && new Set(events.flatMap((event) => this.#keysOf(event)))),
      ),
    );
  }

  /** Keys of the jobs that a warning may be about. */
  #keysOf({ aboutKind, aboutName, aboutUid, namespace }: JobEvent): readonly string[] {
    const trainJob = (name: string): string => jobKey({ kind: "TrainJob", namespace, name });
    if (aboutKind === "Pod") {
      const pod = [...this.#pods.values(), ...this.#lookedAt.values()]
        .map(({ store }) => store.items.get(aboutUid))
        .find((found) => found !== undefined);
      return pod === undefined ? [] : [jobKey({ kind: pod.kind, namespace, name: pod.job })];
    }
    if (aboutKind === "JobSet") return [trainJob(aboutName)];
    if (aboutKind !== "Job") return [`${aboutKind}/${namespace}/${aboutName}`];
    // `<TrainJob>-<replicated job>-0`: either may have hyphens.
    const parts = aboutName.split("-").slice(0, 20);
    return parts.slice(1).map((_, at) => trainJob(parts.slice(0, at + 1).join("-")));
  }

  #seeTrainJobs(): void {
    if (this.#jobSets !== undefined) return;
    const source = this.#source;
    const keyOf = (namespace: string, name: string): string => jobKey({ kind: "TrainJob", namespace, name });
    this.#jobSets = this.#held.add(
      this.#index(source.store(JOB_SETS, this.#namespace), ({ namespace, name }) => keyOf(namespace, name)),
    );
    this.#batchJobs = this.#held.add(
      this.#index(source.store(BATCH_JOBS, this.#namespace), ({ namespace, jobSet }) => keyOf(namespace, jobSet)),
    );
  }

  #index<T extends { readonly uid: string }>(store: Store<T>, keyOf: (item: T) => string): StoreIndex<T> {
    return new StoreIndex(store, keyOf, uidOf, (items) => this.#onChange(items && new Set(items.map(keyOf))));
  }
}

function aboutKey(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

function uidOf({ uid }: { readonly uid: string }): string {
  return uid;
}
