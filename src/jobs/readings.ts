import type { Disposable } from "../core/dispose.ts";
import { isCancelled } from "../core/errors.ts";
import { followLog, type InstanceState } from "../kube/logStream.ts";
import type { JobPod, Source } from "../kubeflow/model.ts";
import type { FollowSink, FollowSources } from "./follow.ts";

/** One line of a replica; `text` is raw and hostile. */
export interface LogRecord {
  readonly source: Source;
  /** RFC 3339 with nanoseconds, by the node's clock. */
  readonly time: string;
  readonly text: string;
}

export interface ReadingsOptions extends Pick<FollowSources, "client" | "pods" | "clock" | "log"> {
  readonly sink: Pick<FollowSink, "lines" | "drawn" | "gap">;
  readonly onEnd: () => void;
}

/** One run of a container whose log is being read. */
export interface Reading {
  readonly source: Source;
  readonly pod: JobPod;
  readonly container: string;
  readonly restarts: number;
}

/** The log streams of one follow: one for each run of each replica's container. */
export class Readings implements Disposable {
  readonly #options: ReadingsOptions;
  readonly #stop = new AbortController();
  readonly #seen = new Set<string>();
  readonly #open = new Set<Reading>();
  #failure: unknown;
  #lastHeard: number;

  constructor(options: ReadingsOptions) {
    this.#options = options;
    this.#lastHeard = options.clock.monotonic();
  }

  /** Those that have not come to their end. */
  get open(): readonly Reading[] {
    return [...this.#open];
  }

  /** Why one could not be read; undefined while all can. A log with a hole would look complete. */
  get failure(): unknown {
    return this.#failure;
  }

  /** When a line last came, monotonic ms. */
  get lastHeard(): number {
    return this.#lastHeard;
  }

  /** Reads this run to its end. False where it is, or was, read already. */
  begin(reading: Reading): boolean {
    const key = `${reading.pod.uid}/${reading.container}/${reading.restarts}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    this.#open.add(reading);
    const end = (failure?: unknown): void => {
      this.#open.delete(reading);
      if (failure !== undefined && !isCancelled(failure)) this.#failure = failure;
      this.#options.onEnd();
    };
    this.#read(reading).then(() => end(), end);
    return true;
  }

  /** Whether this very run of the container may still write. */
  state({ pod, container, restarts }: Reading): InstanceState {
    const { pods } = this.#options;
    const now = pods.items.get(pod.uid);
    if (now === undefined) return pods.state.kind === "live" ? "gone" : "running";
    const state = now.containers.find((candidate) => candidate.name === container);
    if (state === undefined) return "gone";
    // One run back can still be read (`previous`); the ones before it are gone for good.
    if (state.restarts > restarts) return state.restarts === restarts + 1 ? "restarted" : "gone";
    return state.state === "terminated" ? "ended" : "running";
  }

  dispose(): void {
    this.#stop.abort();
  }

  async #read(reading: Reading): Promise<void> {
    const { client, clock, log, sink } = this.#options;
    const { source, pod, container } = reading;
    const events = followLog({
      client,
      namespace: pod.namespace,
      pod: pod.name,
      container,
      clock,
      log,
      signal: this.#stop.signal,
      isOver: () => Promise.resolve(this.state(reading)),
      onDrawn: (text) => sink.drawn?.({ source, time: "", text }),
    });
    for await (const batch of events) {
      const records: LogRecord[] = [];
      for (const event of batch) {
        if (event.type === "line") records.push({ source, time: event.time, text: event.text });
        else if (event.type === "gap") sink.gap(source, event.after, event.before);
        else log.debug(`log of ${pod.name}: ${event.why}, try ${event.attempt}`);
      }
      if (records.length === 0) continue;
      await sink.lines(records);
      this.#lastHeard = clock.monotonic();
    }
  }
}
