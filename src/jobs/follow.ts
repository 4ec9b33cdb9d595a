import type { Clock } from "../core/clock.ts";
import { type Disposable, DisposableStore } from "../core/dispose.ts";
import { CancelledError, errorText, isCancelled, UserError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { label } from "../core/sanitize.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import { followLog, type InstanceState } from "../kube/logStream.ts";
import type { Store } from "../kube/store.ts";
import { isFinished, warningFor, warningText } from "../kubeflow/jobStatus.ts";
import { POD, projectPod } from "../kubeflow/kinds/pod.ts";
import { PYTORCH_JOB, projectPyTorchJob } from "../kubeflow/kinds/pytorchJob.ts";
import { OPERATOR_LABELS } from "../kubeflow/labels.ts";
import type { JobEvent, JobPod, JobState, TrainingJob } from "../kubeflow/model.ts";
import { mainContainer, rankOf, replicasOf, replicaSummary } from "../kubeflow/replicas.ts";
import { type Attempts, isTransient, withRetries } from "./retry.ts";
import { type Outcome, type Verdict, verdictOf } from "./verdict.ts";

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
  /** Follows this rank alone. */
  readonly rank?: number;
}

/** One line of a replica; `text` is raw and hostile. */
export interface LogRecord {
  readonly rank: number;
  /** RFC 3339 with nanoseconds, by the node's clock. */
  readonly time: string;
  readonly text: string;
}

/** Where the log goes. A promise that `lines` returns holds the stream back until it settles. */
export interface FollowSink {
  lines(records: readonly LogRecord[]): Promise<void> | void;
  /** What a rank, or the job where `rank` is undefined, waits for. Told once per change. */
  status(rank: number | undefined, state: JobState, text: string): void;
  /** Lines were lost on the node between two times. */
  gap(rank: number, after: string | undefined, before: string): void;
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

/** One run of a container whose log is being read. */
interface Reading {
  readonly rank: number;
  readonly state: () => InstanceState;
  done: boolean;
  readonly stop: AbortController;
}

class Follower implements Disposable {
  readonly #target: FollowTarget;
  readonly #sources: FollowSources;
  readonly #sink: FollowSink;
  readonly #signal: AbortSignal;
  readonly #held = new DisposableStore();
  readonly #streams = new Map<string, Reading>();
  readonly #said = new Map<number | undefined, string>();
  readonly #started = new Set<number>();
  #last: TrainingJob | undefined;
  #wasActive = false;
  /** When a line last came, monotonic ms. */
  #lastHeard = 0;
  #failure: unknown;
  #wake: () => void = () => undefined;

  constructor(target: FollowTarget, sources: FollowSources, sink: FollowSink, signal: AbortSignal) {
    this.#target = target;
    this.#sources = sources;
    this.#sink = sink;
    this.#signal = signal;
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
    this.#refusal();
    await this.#find();
    for (;;) {
      const changed = new Promise<void>((resolve) => (this.#wake = resolve));
      this.#goOn();
      if (this.#failure !== undefined) throw this.#asError(this.#failure);
      const job = this.#job();
      if (job !== undefined) this.#join(job);
      const ended = this.#ended(job);
      if (ended !== undefined) return await this.#finish(ended, job ?? this.#last);
      await changed;
    }
  }

  dispose(): void {
    this.#held.dispose();
    for (const stream of this.#streams.values()) stream.stop.abort();
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
    const { jobs } = this.#sources;
    const { namespace, name, uid } = this.#target;
    while (!jobs.items.has(uid)) {
      const changed = new Promise<void>((resolve) => (this.#wake = resolve));
      const found = await withRetries(this.#attempts(), () => this.#read(namespace, name));
      if (found?.uid !== uid) return;
      this.#last = found;
      await Promise.race([changed, this.#sources.clock.sleep(LOOK_AGAIN_MS, this.#signal)]);
    }
  }

  async #read(namespace: string, name: string): Promise<TrainingJob | undefined> {
    try {
      return projectPyTorchJob(await this.#sources.client.get(PYTORCH_JOB, name, namespace, this.#signal));
    } catch (error) {
      if (isApiError(error, "NotFound")) return undefined;
      throw error;
    }
  }

  #attempts(): Attempts {
    return { clock: this.#sources.clock, log: this.#sources.log, signal: this.#signal, tries: TRIES };
  }

  /** A store that may not be read makes following impossible: said at once, in the server's words. */
  #refusal(): void {
    for (const store of [this.#sources.jobs, this.#sources.pods]) {
      if (store.state.kind === "forbidden") throw new Error(store.state.why);
      if (store.state.kind === "absent") throw new UserError("no-operator", "No training operator in this cluster.");
    }
  }

  #goOn(): void {
    if (this.#signal.aborted) throw new CancelledError();
  }

  #asError(failure: unknown): Error {
    return failure instanceof Error ? failure : new Error(errorText(failure));
  }

  #job(): TrainingJob | undefined {
    const job = this.#sources.jobs.items.get(this.#target.uid);
    if (job !== undefined) {
      this.#last = job;
      this.#wasActive ||= !job.suspended;
    }
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
    const warning = warningFor(job, this.#sources.warnings.items.values());
    const replicas = replicasOf(job, this.#sources.pods.items.values());
    if (warning !== undefined && replicas.some((replica) => replica.pod === undefined) && !isFinished(job)) {
      this.#say(undefined, "Waiting", warningText(warning));
    }
    for (const replica of replicas) {
      if (this.#target.rank !== undefined && replica.rank !== this.#target.rank) continue;
      const { state, detail } = replicaSummary(replica.pod);
      if (replica.pod !== undefined && ["Waiting", "Starting", "Restarting"].includes(state) && detail !== "") {
        this.#say(replica.rank, state, detail);
      }
    }
    for (const pod of this.#sources.pods.items.values()) {
      const rank = pod.job === job.name ? rankOf(job, pod) : undefined;
      if (rank === undefined || (this.#target.rank !== undefined && rank !== this.#target.rank)) continue;
      const main = mainContainer(pod);
      if (main === undefined || (main.state !== "running" && main.state !== "terminated" && main.restarts === 0))
        continue;
      this.#started.add(rank);
      this.#open(pod, rank, main.name, main.restarts);
    }
  }

  #say(rank: number | undefined, state: JobState, text: string): void {
    if (this.#said.get(rank) === text) return;
    this.#said.set(rank, text);
    this.#sink.status(rank, state, text);
  }

  #open(pod: JobPod, rank: number, container: string, restarts: number): void {
    const key = `${pod.uid}/${container}/${restarts}`;
    if (this.#streams.has(key)) return;
    const stream: Reading = {
      rank,
      state: () => this.#instance(pod, container, restarts),
      done: false,
      stop: new AbortController(),
    };
    this.#streams.set(key, stream);
    if (restarts > 0) this.#say(rank, "Restarting", `restarted, ${restarts} so far`);
    const end = (failure?: unknown): void => {
      stream.done = true;
      // A stream that could not be read is a failure of the whole: a log with a hole would look complete.
      if (failure !== undefined && !isCancelled(failure)) this.#failure = failure;
      this.#wake();
    };
    this.#pump(pod, rank, container, restarts, stream.stop.signal).then(() => end(), end);
  }

  async #pump(pod: JobPod, rank: number, container: string, restarts: number, signal: AbortSignal): Promise<void> {
    const { client, clock, log } = this.#sources;
    const isOver = (): Promise<InstanceState> => Promise.resolve(this.#instance(pod, container, restarts));
    const events = followLog({
      client,
      namespace: pod.namespace,
      pod: pod.name,
      container,
      clock,
      log,
      signal,
      isOver,
    });
    for await (const batch of events) {
      const records: LogRecord[] = [];
      for (const event of batch) {
        if (event.type === "line") records.push({ rank, time: event.time, text: event.text });
        else if (event.type === "gap") this.#sink.gap(rank, event.after, event.before);
        else log.debug(`log of ${pod.name}: ${event.why}, try ${event.attempt}`);
      }
      if (records.length > 0) await this.#sink.lines(records);
      this.#lastHeard = clock.monotonic();
    }
  }

  /** Whether this very run of the container may still write. */
  #instance(pod: JobPod, container: string, restarts: number): InstanceState {
    const now = this.#sources.pods.items.get(pod.uid);
    if (now === undefined) return this.#sources.pods.state.kind === "live" ? "gone" : "running";
    const state = now.containers.find((candidate) => candidate.name === container);
    if (state === undefined) return "gone";
    // One run back can still be read (`previous`); the ones before it are gone for good.
    if (state.restarts > restarts) return state.restarts === restarts + 1 ? "restarted" : "gone";
    return state.state === "terminated" ? "ended" : "running";
  }

  /** Reads what has ended to its end, however long it is, and what goes on for a while. */
  async #finish(outcome: Outcome, job: TrainingJob | undefined): Promise<Verdict> {
    const { clock, pods } = this.#sources;
    const over = clock.monotonic() + AFTERMATH_MS;
    this.#lastHeard = clock.monotonic();
    const expected = job === undefined || outcome === "deleted" ? [] : await this.#podsNow(job);
    for (;;) {
      const changed = new Promise<void>((resolve) => (this.#wake = resolve));
      this.#goOn();
      if (this.#failure !== undefined && outcome !== "deleted") throw this.#asError(this.#failure);
      if (job !== undefined) this.#join(job);
      const late = clock.monotonic() >= over;
      const behind = !late && expected.some((pod) => isBehind(pod, pods.items.get(pod.uid)));
      const running = this.#running();
      const reading = late ? running.filter((stream) => stream.state() !== "running") : running;
      if (reading.length === 0 && !behind) break;
      if (late && clock.monotonic() - this.#lastHeard > READING_PATIENCE_MS) {
        for (const { rank } of reading) this.#say(rank, "Unknown", "the rest of its log could not be read");
        break;
      }
      await Promise.race([changed, clock.sleep(1000, this.#signal)]);
    }
    const stillRunning = [...new Set(this.#running().map((stream) => stream.rank))].sort((a, b) => a - b);
    const seen = { started: this.#started, stillRunning, rank: this.#target.rank };
    return verdictOf(outcome, job, pods.items.values(), seen, clock.now());
  }

  /** The job's pods as the server knows them now: their store may be a moment behind the job's own end. */
  async #podsNow(job: TrainingJob): Promise<readonly JobPod[]> {
    const { client, log } = this.#sources;
    const query = { namespace: job.namespace, labelSelector: `${OPERATOR_LABELS.job}=${job.name}`, signal: this.#signal };
    try {
      const { items } = await withRetries(this.#attempts(), () => client.list(POD, query));
      return items.map(projectPod);
    } catch (error) {
      this.#goOn();
      log.debug(`pods of ${job.name} at its end: ${errorText(error)}`);
      return [];
    }
  }

  #running(): readonly Reading[] {
    return [...this.#streams.values()].filter((stream) => !stream.done);
  }
}

/** The store does not know yet that this pod's code has begun, or ended. */
function isBehind(now: JobPod, known: JobPod | undefined): boolean {
  const state = mainContainer(now)?.state;
  return state === "terminated" && (known === undefined || mainContainer(known)?.state !== "terminated");
}
