import { type Disposable, DisposableStore } from "../core/dispose.ts";
import { assertName } from "../kube/names.ts";
import type { Store } from "../kube/store.ts";
import { type JobKindInfo, kindOf } from "./jobKinds.ts";
import { JOB_WARNINGS } from "./kinds/event.ts";
import { BATCH_JOBS, type BatchJob, JOB_SETS, type JobSet, withParts, withPods } from "./kinds/trainJob.ts";
import { JOBSET_LABELS, podLabel } from "./labels.ts";
import { isKnown } from "./mergedState.ts";
import { type JobEvent, jobKey, type JobKind, type JobPod, type TrainingJob } from "./model.ts";
import type { JobSource } from "./namespaceJobs.ts";
import { StoreIndex } from "./storeIndex.ts";

/** Of more jobs than this in a namespace, pods are watched for those alone that a person looks at. */
const MOST_JOBS = 500;
/** Jobs looked at whose pods are watched at a time. */
const MOST_LOOKED_AT = 20;

/** What is watched of TrainJobs besides their pods. */
interface Below {
  readonly jobSets: StoreIndex<JobSet>;
  readonly batchJobs: StoreIndex<BatchJob>;
}

/** What is watched of one job alone, as far as it is not watched for all. */
interface LookedAt {
  readonly pods: StoreIndex<JobPod> | undefined;
  readonly below: Below | undefined;
  readonly held: DisposableStore;
}

/** The jobs of a kind. */
export interface JobsOfKind {
  readonly info: JobKindInfo;
  readonly jobs: Store<TrainingJob>;
}

/** What stands below the training jobs of a namespace: pods, warnings, and a TrainJob's JobSet and Jobs. By key of the job. */
export class JobParts implements Disposable {
  readonly #source: JobSource;
  readonly #namespace: string | undefined;
  readonly #onChange: (keys: Iterable<string> | undefined) => void;
  readonly #held = new DisposableStore();
  /** By definition: the v1 kinds share one. */
  readonly #pods = new Map<JobKindInfo["pods"], StoreIndex<JobPod>>();
  readonly #lookedAt = new Map<string, LookedAt>();
  #warnings: StoreIndex<JobEvent> | undefined;
  #below: Below | undefined;

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
    const own = [...this.#lookedAt.values()];
    const below = [this.#below, ...own.map((one) => one.below)].flatMap((one) =>
      one ? [one.jobSets, one.batchJobs] : [],
    );
    const indexes = [...this.#pods.values(), ...own.map(({ pods }) => pods), this.#warnings, ...below];
    return indexes.flatMap((index) => (index === undefined ? [] : [index.store as Store<object>]));
  }

  /** Begins to watch what jobs have, once it is known that those whose pods are watched together are not too many. */
  see(kinds: readonly JobsOfKind[]): void {
    for (const [pods, group] of Map.groupBy(kinds, ({ info }) => info.pods)) {
      const isTrain = group.some(({ info }) => info.kind === "TrainJob");
      if (this.#pods.has(pods) && (!isTrain || this.#below !== undefined)) continue;
      const count = group.reduce((sum, { jobs }) => sum + jobs.items.size, 0);
      if (count >= MOST_JOBS || group.some(({ jobs }) => !hasAnswered(jobs))) continue;
      if (isTrain && count > 0) this.#below ??= this.#watchBelow(this.#held);
      if (this.#pods.has(pods) || !group.some(({ jobs }) => isKnown(jobs.state))) continue;
      this.#pods.set(pods, this.#watchPods(this.#source.store(pods, this.#namespace), this.#held));
      this.#seeWarnings();
    }
  }

  /** A person looks at this job. */
  look(job: TrainingJob): void {
    const { pods } = kindOf(job.kind);
    const needsPods = !this.#pods.has(pods);
    const needsBelow = job.kind === "TrainJob" && this.#below === undefined;
    if (!needsPods && !needsBelow) return;
    this.#seeWarnings();
    const key = jobKey(job);
    const known = this.#lookedAt.get(key);
    // The one that was looked at last stands at the end.
    this.#lookedAt.delete(key);
    this.#lookedAt.set(key, known ?? this.#lookAt(job, needsPods, needsBelow));
    for (const [other, { held }] of this.#lookedAt) {
      if (this.#lookedAt.size <= MOST_LOOKED_AT) break;
      this.#lookedAt.delete(other);
      this.#held.release(held);
    }
  }

  /** Whether that a job of this kind has no pods means something. */
  podsKnown(kind: JobKind, key = ""): boolean {
    const index = this.#podsIndex(kind, key);
    return index !== undefined && isKnown(index.store.state);
  }

  /** Whether its pods may not or cannot be read. */
  podsRefused(kind: JobKind, key = ""): boolean {
    const state = this.#podsIndex(kind, key)?.store.state.kind;
    return state === "forbidden" || state === "failed";
  }

  podsOf(job: TrainingJob): readonly JobPod[] {
    const key = jobKey(job);
    return [...(this.#podsIndex(job.kind, key)?.get(key) ?? [])];
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
    const below = this.#below ?? this.#lookedAt.get(key)?.below;
    const [jobSet] = below?.jobSets.get(key) ?? [];
    return withPods(withParts(job, jobSet, [...(below?.batchJobs.get(key) ?? [])]), this.podsOf(job));
  }

  dispose(): void {
    this.#held.dispose();
  }

  #podsIndex(kind: JobKind, key: string): StoreIndex<JobPod> | undefined {
    return this.#lookedAt.get(key)?.pods ?? this.#pods.get(kindOf(kind).pods);
  }

  #lookAt(job: TrainingJob, needsPods: boolean, needsBelow: boolean): LookedAt {
    const held = this.#held.add(new DisposableStore());
    const { pods } = kindOf(job.kind);
    const own = { ...pods, labelSelector: `${podLabel(job.kind)}=${assertName(job.name)}` };
    return {
      held,
      pods: needsPods ? this.#watchPods(this.#source.own(own, job.namespace), held) : undefined,
      below: needsBelow ? this.#watchBelow(held, job) : undefined,
    };
  }

  #watchPods(store: Store<JobPod>, held: DisposableStore): StoreIndex<JobPod> {
    const keyOf = ({ kind, namespace, job }: JobPod): string => jobKey({ kind, namespace, name: job });
    const onChange = (pods: readonly JobPod[] | undefined): void => this.#onChange(pods && new Set(pods.map(keyOf)));
    return held.add(new StoreIndex(store, keyOf, uidOf, onChange, () => this.#onChange(undefined)));
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
      const pod = [...this.#pods.values(), ...[...this.#lookedAt.values()].map(({ pods }) => pods)]
        .map((index) => index?.store.items.get(aboutUid))
        .find((found) => found !== undefined);
      return pod === undefined ? [] : [jobKey({ kind: pod.kind, namespace, name: pod.job })];
    }
    if (aboutKind === "JobSet") return [trainJob(aboutName)];
    if (aboutKind !== "Job") return [`${aboutKind}/${namespace}/${aboutName}`];
    // `<TrainJob>-<replicated job>-0`: either may have hyphens.
    const parts = aboutName.split("-").slice(0, 20);
    return parts.slice(1).map((_, at) => trainJob(parts.slice(0, at + 1).join("-")));
  }

  /** JobSets and Jobs of all TrainJobs, or those of one. */
  #watchBelow(held: DisposableStore, job?: TrainingJob): Below {
    const keyOf = (namespace: string, name: string): string => jobKey({ kind: "TrainJob", namespace, name });
    const [jobSets, batchJobs] =
      job === undefined
        ? [this.#source.store(JOB_SETS, this.#namespace), this.#source.store(BATCH_JOBS, this.#namespace)]
        : [
            this.#source.own({ ...JOB_SETS, fieldSelector: `metadata.name=${assertName(job.name)}` }, job.namespace),
            this.#source.own(
              { ...BATCH_JOBS, labelSelector: `${JOBSET_LABELS.jobSet}=${assertName(job.name)}` },
              job.namespace,
            ),
          ];
    return {
      jobSets: held.add(this.#index(jobSets, ({ namespace, name }) => keyOf(namespace, name))),
      batchJobs: held.add(this.#index(batchJobs, ({ namespace, jobSet }) => keyOf(namespace, jobSet))),
    };
  }

  #index<T extends { readonly uid: string }>(store: Store<T>, keyOf: (item: T) => string): StoreIndex<T> {
    return new StoreIndex(store, keyOf, uidOf, (items) => this.#onChange(items && new Set(items.map(keyOf))));
  }
}

/** It has said how many there are, or that it will not. */
function hasAnswered({ state }: Store<object>): boolean {
  return state.kind !== "idle" && state.kind !== "loading";
}

function aboutKey(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

function uidOf({ uid }: { readonly uid: string }): string {
  return uid;
}
