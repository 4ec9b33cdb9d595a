import type { Clock } from "../core/clock.ts";
import { label } from "../core/sanitize.ts";
import type { StoreState } from "../kube/store.ts";
import { isFinished } from "../kubeflow/jobFacts.ts";
import { warningFor } from "../kubeflow/jobStatus.ts";
import type { JobEvent, JobPod, JobState, TrainingJob } from "../kubeflow/model.ts";
import { warningText } from "../kubeflow/podWords.ts";
import { replicasOf } from "../kubeflow/replicas.ts";

/** A launch begins suspended, and its store may hear a moment late that it may run. In ms. */
const SUSPENDED_AFTER_MS = 2_000;
/** The operator makes its pods within seconds; said where it takes longer than this, in ms. */
const NO_PODS_AFTER_MS = 15_000;

/** What is known when a follow looks around. */
export interface Sight {
  readonly job: TrainingJob | undefined;
  readonly pods: Iterable<JobPod>;
  readonly warnings: Iterable<JobEvent>;
  /** Of the stores of jobs and pods. */
  readonly states: readonly StoreState[];
}

interface Wait {
  /** The same for as long as it is one wait. */
  readonly key: string;
  readonly state: JobState;
  readonly text: string;
  /** Said only where it lasts this long, in ms. */
  readonly afterMs: number;
}

/** What a whole job waits for: one sentence at a time, each once. What its replicas wait for is said by their pods. */
export class JobWaits {
  readonly #clock: Clock;
  readonly #say: (state: JobState, text: string) => void;
  #now: { readonly key: string; readonly since: number; said: boolean } | undefined;
  #isSilent = false;

  constructor(clock: Clock, say: (state: JobState, text: string) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  /** Says what has to be said. Returns the ms after which to look again, where time alone can bring something. */
  look(sight: Sight): number | undefined {
    const wait = waitOf(sight);
    if (this.#isSilent && wait?.state !== "Unknown" && sight.states.every(({ kind }) => kind === "live")) {
      this.#isSilent = false;
      this.#say(sight.job?.condition === "Running" ? "Running" : "Waiting", "the cluster answers again");
    }
    if (wait === undefined) {
      this.#now = undefined;
      return undefined;
    }
    const now = this.#clock.monotonic();
    if (this.#now?.key !== wait.key) this.#now = { key: wait.key, since: now, said: false };
    if (this.#now.said) return undefined;
    const left = this.#now.since + wait.afterMs - now;
    if (left > 0) return left;
    this.#now.said = true;
    this.#isSilent ||= wait.state === "Unknown";
    this.#say(wait.state, wait.text);
    return undefined;
  }
}

function waitOf({ job, pods, warnings, states }: Sight): Wait | undefined {
  const stale = states.find((state) => state.kind === "stale");
  if (stale !== undefined) {
    // Its reason may change from try to try: it is one silence.
    const text = `no answer from the cluster since ${timeOfDay(stale.since)}: ${label(stale.why, 160)}`;
    return { key: "silence", state: "Unknown", text, afterMs: 0 };
  }
  if (job === undefined || isFinished(job) || job.deleting) return undefined;
  if (job.suspended) return suspended(job);
  const replicas = replicasOf(job, pods);
  const warning = warningFor(job, warnings);
  if (warning !== undefined && replicas.some((replica) => replica.pod === undefined))
    return waiting(warningText(warning));
  if (states.some(({ kind }) => kind !== "live") || replicas.some((replica) => replica.pod !== undefined))
    return undefined;
  const controller = job.kind === "TrainJob" ? "Kubeflow Trainer" : "the training operator";
  return waiting(`${controller} has made no pods yet`, NO_PODS_AFTER_MS);
}

function suspended({ queue }: TrainingJob): Wait {
  const text = queue === undefined ? "the job is suspended" : `waits in queue ${label(queue, 63)}`;
  return { key: text, state: queue === undefined ? "Suspended" : "Queued", text, afterMs: SUSPENDED_AFTER_MS };
}

function waiting(text: string, afterMs = 0): Wait {
  return { key: text, state: "Waiting", text, afterMs };
}

/** `HH:MM:SS` here. */
function timeOfDay(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 8);
}
