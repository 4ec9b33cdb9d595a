import type { Clock } from "../core/clock.ts";
import { type Disposable, DisposableStore, toDisposable } from "../core/dispose.ts";
import type { Cluster } from "../kubeflow/cluster.ts";
import { jobSummary } from "../kubeflow/jobStatus.ts";
import type { JobEvent, JobPod, TrainingJob } from "../kubeflow/model.ts";
import type { Store } from "../kube/store.ts";
import type { TreeNode } from "./nodes.ts";
import { folderWords } from "./rows.ts";
import { soon } from "./soon.ts";

/** Adds and removes are drawn together: a folder redraws all its rows. Milliseconds. */
const FOLDER_DELAY_MS = 250;

/** The live objects behind one open jobs folder; lives while it is open and seen. */
export class JobsFolder implements Disposable {
  readonly cluster: Cluster;
  readonly jobs: Store<TrainingJob>;
  readonly pods: Store<JobPod>;
  readonly warnings: Store<JobEvent>;
  readonly #clock: Clock;
  readonly #held = new DisposableStore();
  readonly #redrawFolder: () => void;
  #podsOfJob: Map<string, JobPod[]> | undefined;
  #pending: NodeJS.Timeout | undefined;
  #drawnWords = "";
  #folderDue = false;

  /** `redrawJobs` redraws the rows of these jobs; `redrawFolder` the folder with its set of rows. */
  constructor(
    cluster: Cluster,
    namespace: string,
    clock: Clock,
    redrawJobs: (uids: readonly string[]) => void,
    redrawFolder: () => void,
  ) {
    this.cluster = cluster;
    this.jobs = cluster.jobs(namespace);
    this.pods = cluster.pods(namespace);
    this.warnings = cluster.warnings(namespace);
    this.#clock = clock;
    this.#redrawFolder = redrawFolder;
    for (const store of [this.jobs, this.pods, this.warnings]) this.#held.add(store.hold());
    this.#held.add(toDisposable(() => clearTimeout(this.#pending)));
    this.#watchJobs(redrawJobs);
    const byName = (names: ReadonlySet<string>): void => {
      redrawJobs([...this.jobs.items.values()].filter((job) => names.has(job.name)).map((job) => job.uid));
      this.#countsSoon();
    };
    this.#held.add(
      this.pods.onDidChange(({ reset, changed, removed }) => {
        this.#podsOfJob = undefined;
        byName(new Set([...(reset ? this.pods.items.values() : changed), ...removed].map((pod) => pod.job)));
      }),
    );
    this.#held.add(
      this.warnings.onDidChange(({ changed }) => byName(new Set(changed.map((event) => event.aboutName)))),
    );
    for (const store of [this.jobs, this.pods]) this.#held.add(store.onDidChangeState(() => this.#folderSoon()));
    // The folder's row was drawn before it opened. Where its jobs are known already, nothing else would tell.
    if (this.jobs.state.kind === "live") this.#folderSoon();
  }

  /** False where pods may not be read, or were not yet: that a job has none means nothing then. */
  get podsKnown(): boolean {
    return this.pods.state.kind === "live" || this.pods.state.kind === "stale";
  }

  /** Resolves when there is an answer, well or not, or a short while has passed. */
  async answered(ms: number): Promise<void> {
    const asking = [this.jobs, this.pods].filter(({ state }) => state.kind === "idle" || state.kind === "loading");
    if (asking.length === 0) return;
    const abort = new AbortController();
    await soon(Promise.allSettled(asking.map((store) => store.settled(abort.signal))), ms);
    abort.abort();
  }

  refresh(): void {
    for (const store of [this.jobs, this.pods, this.warnings]) store.refresh();
  }

  podsOf(job: TrainingJob): readonly JobPod[] {
    this.#podsOfJob ??= Map.groupBy(this.pods.items.values(), (pod) => pod.job);
    return this.#podsOfJob.get(job.name) ?? [];
  }

  /** The folder's description as it is now. */
  words(): string {
    const now = this.#clock.now();
    const states = [...this.jobs.items.values()].map(
      (job) => jobSummary(job, this.podsOf(job), [], now, this.podsKnown).state,
    );
    return (this.#drawnWords = folderWords(this.jobs.state, states, now));
  }

  dispose(): void {
    this.#held.dispose();
  }

  #watchJobs(redrawJobs: (uids: readonly string[]) => void): void {
    let known = new Set(this.jobs.items.keys());
    this.#held.add(
      this.jobs.onDidChange(({ reset, changed }) => {
        const now = new Set(this.jobs.items.keys());
        const same = now.size === known.size && [...now].every((uid) => known.has(uid));
        known = now;
        if (reset || !same) this.#folderSoon();
        else {
          redrawJobs(changed.map((job) => job.uid));
          this.#countsSoon();
        }
      }),
    );
  }

  #folderSoon(): void {
    this.#folderDue = true;
    this.#countsSoon();
  }

  /** Redraws the folder only where its set of rows, or what it says, has changed. */
  #countsSoon(): void {
    this.#pending ??= setTimeout(() => {
      this.#pending = undefined;
      const drawn = this.#drawnWords;
      if (!this.#folderDue && drawn === this.words()) return;
      this.#folderDue = false;
      this.#redrawFolder();
    }, FOLDER_DELAY_MS);
  }
}

/** Redraws rows whose age still shows minutes, once a minute, while somebody may see them. */
export function tickAges(nodes: () => readonly TreeNode[], fire: (nodes: readonly TreeNode[]) => void): Disposable {
  const timer = setInterval(() => fire(nodes()), 60_000);
  return toDisposable(() => clearInterval(timer));
}

export function isYoung(job: TrainingJob, clock: Clock): boolean {
  return clock.now() - Math.max(job.created, job.finished ?? 0) < 3_600_000;
}
