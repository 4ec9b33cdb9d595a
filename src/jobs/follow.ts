import { type Clock, within } from "../core/clock.ts";
import { type Disposable, DisposableStore } from "../core/dispose.ts";
import { CancelledError, errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { label } from "../core/sanitize.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Store } from "../kube/store.ts";
import { isFinished } from "../kubeflow/jobFacts.ts";
import { POD, projectPod } from "../kubeflow/kinds/pod.ts";
import { withPods } from "../kubeflow/kinds/trainJob.ts";
import { podLabel } from "../kubeflow/labels.ts";
import type { JobEvent, JobKind, JobPod, JobState, Source, TrainingJob } from "../kubeflow/model.ts";
import { belongsTo, bySource, mainContainer, replicasOf, replicaSummary, sourceOf } from "../kubeflow/replicas.ts";
import { whyOf } from "../kubeflow/why.ts";
import { assertFollowable } from "./followable.ts";
import { readJob } from "./jobObjects.ts";
import { type LogRecord, Readings } from "./readings.ts";
import { type Attempts, isTransient, withRetries } from "./retry.ts";
import { type Outcome, type Verdict, verdictOf } from "./verdict.ts";
import { JobWaits } from "./waits.ts";

/** Milliseconds that a pod which goes on after its job has ended is still followed. */
const AFTERMATH_MS = 10_000;
/** What has ended is read to its end; given up where the node gives nothing for this long, in ms. */
const READING_PATIENCE_MS = 60_000;
/** A job that the server has and its store has not is asked for again after this, in ms. */
const LOOK_AGAIN_MS = 2_000;
const TRIES = 5;

export interface FollowSources {
  readonly client: KubeClient;
  readonly jobs: Store<TrainingJob>;
  readonly pods: Store<JobPod>;
  readonly warnings: Store<JobEvent>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface FollowTarget {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** PyTorchJob where left out: so it is in what was written down before there were other kinds. */
  readonly kind?: JobKind;
  /** Follows this one alone. */
  readonly source?: Source;
}

/** Where the log goes. A promise that `lines` returns holds the stream back until it settles. */
export interface FollowSink {
  lines(records: readonly LogRecord[]): Promise<void> | void;
  /** A bar that is drawn over with `\r`, as it stands in a line that is not complete yet; such are never among `lines`. */
  drawn?(bar: LogRecord): void;
  /** What a replica, or the job where `source` is undefined, waits for. Told once per change. */
  status(source: Source | undefined, state: JobState, text: string): void;
  /** Lines were lost on the node between two times. */
  gap(source: Source, after: string | undefined, before: string): void;
}

/**
 * Follows all replicas of a job to its end and says how it ended. New pods and restarted containers join by
 * themselves; nothing is shown twice. Rejects with CancelledError when the signal aborts; the job is left alone.
 */
export async function followJob(
  target: FollowTarget,
  sources: FollowSources,
  sink: FollowSink,
  signal: AbortSignal,
): Promise<Verdict> {
  const follower = new Follower(target, sources, sink, signal);
  try {
    return await follower.run();
  } finally {
    follower.dispose();
  }
}

class Follower implements Disposable {
  readonly #target: FollowTarget;
  readonly #sources: FollowSources;
  readonly #sink: FollowSink;
  readonly #signal: AbortSignal;
  readonly #held = new DisposableStore();
  readonly #readings: Readings;
  readonly #waits: JobWaits;
  readonly #said = new Map<Source | undefined, string>();
  readonly #started = new Set<Source>();
  #last: TrainingJob | undefined;
  #wasActive = false;
  #wake: () => void = () => undefined;

  constructor(target: FollowTarget, sources: FollowSources, sink: FollowSink, signal: AbortSignal) {
    this.#target = target;
    this.#sources = sources;
    this.#sink = sink;
    this.#signal = signal;
    const { client, pods, clock, log } = sources;
    this.#readings = this.#held.add(new Readings({ client, pods, clock, log, sink, onEnd: () => this.#wake() }));
    this.#waits = new JobWaits(clock, (state, text) => this.#say(undefined, state, text));
  }

  async run(): Promise<Verdict> {
    const { jobs, pods, warnings } = this.#sources;
    for (const store of [jobs, pods, warnings]) {
      this.#held.add(store.hold());
      this.#held.add(store.onDidChange(() => this.#wake()));
      this.#held.add(store.onDidChangeState(() => this.#wake()));
    }
    const onAbort = (): void => this.#wake();
    this.#signal.addEventListener("abort", onAbort, { once: true });
    this.#held.add({ dispose: () => this.#signal.removeEventListener("abort", onAbort) });
    for (const store of [jobs, pods]) await this.#settled(store);
    this.#assertFollowable();
    await this.#find();
    for (;;) {
      const changed = new Promise<void>((resolve) => (this.#wake = resolve));
      this.#goOn();
      this.#assertReadable();
      this.#assertFollowable();
      const job = this.#job();
      if (job !== undefined) this.#join(job);
      const ended = this.#ended(job);
      if (ended !== undefined) return await this.#finish(ended, job ?? this.#last);
      const lookAgainMs = this.#waits.look({
        job: job ?? this.#last,
        pods: pods.items.values(),
        warnings: warnings.items.values(),
        states: [jobs.state, pods.state],
      });
      await (lookAgainMs === undefined ? changed : within(this.#sources.clock, lookAgainMs, changed));
    }
  }

  dispose(): void {
    this.#held.dispose();
  }

  /** Waits for the first answer of a store. What time can heal is said and waited for: the job runs meanwhile. */
  async #settled(store: Store<unknown>): Promise<void> {
    for (;;) {
      const changed = new Promise<void>((resolve) => (this.#wake = resolve));
      try {
        await store.settled(this.#signal);
        return;
      } catch (error) {
        this.#goOn();
        if (!isTransient(error)) throw error;
        this.#say(undefined, "Waiting", label(errorText(error), 200));
      }
      await changed;
    }
  }

  /** A store that is open already may not have heard of a new job yet: its absence must not pass for a deletion. */
  async #find(): Promise<void> {
    const { jobs, client } = this.#sources;
    while (!jobs.items.has(this.#target.uid)) {
      const changed = new Promise<void>((resolve) => (this.#wake = resolve));
      const found = await withRetries(this.#attempts(), () => readJob(client, this.#target, this.#signal));
      if (found?.uid !== this.#target.uid) return;
      this.#last = found;
      await Promise.race([changed, this.#sources.clock.sleep(LOOK_AGAIN_MS, this.#signal)]);
    }
  }

  #attempts(): Attempts {
    return { clock: this.#sources.clock, log: this.#sources.log, signal: this.#signal, tries: TRIES };
  }

  #assertFollowable(): void {
    const { jobs, pods } = this.#sources;
    const isReading = this.#readings.open.length > 0;
    for (const { state } of [jobs, pods]) assertFollowable(this.#target, state, isReading);
  }

  #goOn(): void {
    if (this.#signal.aborted) throw new CancelledError();
  }

  #assertReadable(): void {
    const { failure } = this.#readings;
    if (failure === undefined) return;
    throw failure instanceof Error ? failure : new Error(errorText(failure));
  }

  #job(): TrainingJob | undefined {
    const found = this.#sources.jobs.items.get(this.#target.uid);
    if (found === undefined) return undefined;
    const pods = [...this.#sources.pods.items.values()].filter((pod) => belongsTo(found, pod));
    const job = found.kind === "TrainJob" ? withPods(found, pods) : found;
    this.#last = job;
    this.#wasActive ||= !job.suspended;
    return job;
  }

  #ended(job: TrainingJob | undefined): Outcome | undefined {
    if (job === undefined) return this.#sources.jobs.state.kind === "live" ? "deleted" : undefined;
    if (isFinished(job)) return job.condition === "Succeeded" ? "succeeded" : "failed";
    // A launch begins suspended: only a job that was seen active is one that somebody has stopped since.
    return job.suspended && this.#wasActive ? "suspended" : undefined;
  }

  /** Starts a stream for every container that has begun, and says what the others wait for. */
  #join(job: TrainingJob): void {
    for (const replica of replicasOf(job, this.#sources.pods.items.values())) {
      if (this.#target.source !== undefined && replica.source !== this.#target.source) continue;
      const { state, detail } = replicaSummary(replica.pod);
      if (replica.pod !== undefined && ["Waiting", "Starting", "Restarting"].includes(state) && detail !== "") {
        this.#say(replica.source, state, detail);
      }
    }
    for (const pod of this.#sources.pods.items.values()) {
      const source = belongsTo(job, pod) ? sourceOf(job, pod) : undefined;
      if (source === undefined || (this.#target.source !== undefined && source !== this.#target.source)) continue;
      const main = mainContainer(pod);
      if (main === undefined || (main.state !== "running" && main.state !== "terminated" && main.restarts === 0))
        continue;
      this.#started.add(source);
      const { name: container, restarts } = main;
      const isNew = this.#readings.begin({ source, pod, container, restarts });
      if (isNew && restarts > 0) this.#say(source, "Restarting", `restarted, ${restarts} so far`);
    }
  }

  #say(source: Source | undefined, state: JobState, text: string): void {
    if (this.#said.get(source) === text) return;
    this.#said.set(source, text);
    this.#sink.status(source, state, state === "Waiting" ? text + this.#hint(source, text) : text);
  }

  /** What a person can do about a wait, as *Why?* has it: ` → Change the image`; empty where it is waited out. */
  #hint(source: Source | undefined, text: string): string {
    const { pods, warnings, clock } = this.#sources;
    const reasons = this.#last && whyOf(this.#last, pods.items.values(), warnings.items.values(), clock.now());
    const own = reasons?.find((reason) => reason.source === source);
    // What is said of the job as a whole may be no wait of its own.
    const isMeant = source !== undefined || own?.text.toLowerCase().includes(text.toLowerCase()) === true;
    return own?.next === undefined || own.next.id === "wait" || !isMeant ? "" : ` → ${own.next.words}`;
  }

  /** Reads what has ended to its end, however long it is, and what goes on for a while. */
  async #finish(outcome: Outcome, job: TrainingJob | undefined): Promise<Verdict> {
    const { clock, pods } = this.#sources;
    const begun = clock.monotonic();
    const expected = job === undefined || outcome === "deleted" ? [] : await this.#podsNow(job);
    for (;;) {
      const changed = new Promise<void>((resolve) => (this.#wake = resolve));
      this.#goOn();
      if (outcome !== "deleted") this.#assertReadable();
      if (job !== undefined) this.#join(job);
      // While the pods' store hears nothing, what it calls running may have ended: that is waited for longer.
      const isDeaf = pods.state.kind === "stale" || pods.state.kind === "loading";
      const late = clock.monotonic() - begun >= (isDeaf ? READING_PATIENCE_MS : AFTERMATH_MS);
      const behind = expected.filter((pod) => isBehind(pod, pods.items.get(pod.uid)));
      const { open, lastHeard } = this.#readings;
      const reading = late ? open.filter((one) => this.#readings.state(one) !== "running") : open;
      const isRead = reading.length === 0 && (late || behind.length === 0);
      if (isRead || clock.monotonic() - Math.max(begun, lastHeard) > READING_PATIENCE_MS) {
        const unread = [...reading.map(({ source }) => source), ...this.#neverBegun(job, behind)];
        for (const source of new Set(unread)) this.#say(source, "Unknown", "the rest of its log could not be read");
        break;
      }
      await Promise.race([changed, clock.sleep(1000, this.#signal)]);
    }
    const stillRunning = [...new Set(this.#readings.open.map(({ source }) => source))].sort(bySource);
    const seen = { started: this.#started, stillRunning, source: this.#target.source };
    return verdictOf(outcome, job, pods.items.values(), seen, clock.now());
  }

  /** Of these pods' logs: which are followed, and no line was asked for. */
  #neverBegun(job: TrainingJob | undefined, pods: readonly JobPod[]): Source[] {
    const { source: only } = this.#target;
    return pods.flatMap((pod) => {
      const source = job && sourceOf(job, pod);
      return source === undefined || this.#started.has(source) || (only ?? source) !== source ? [] : [source];
    });
  }

  /** The job's pods as the server knows them now: their store may be a moment behind the job's own end. */
  async #podsNow(job: TrainingJob): Promise<readonly JobPod[]> {
    const { client, log } = this.#sources;
    const query = {
      namespace: job.namespace,
      labelSelector: `${podLabel(job.kind)}=${job.name}`,
      signal: this.#signal,
    };
    try {
      const { items } = await withRetries(this.#attempts(), () => client.list(POD, query));
      return items.map(projectPod);
    } catch (error) {
      this.#goOn();
      log.debug(`pods of ${job.name} at its end: ${errorText(error)}`);
      return [];
    }
  }
}

/** The store does not know yet that this pod's code has ended. */
function isBehind(now: JobPod, known: JobPod | undefined): boolean {
  const state = mainContainer(now)?.state;
  return state === "terminated" && (known === undefined || mainContainer(known)?.state !== "terminated");
}
