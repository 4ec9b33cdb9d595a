import { Backoff } from "../core/backoff.ts";
import { after, type Clock } from "../core/clock.ts";
import { type Disposable, toDisposable } from "../core/dispose.ts";
import { errorText } from "../core/errors.ts";
import type { Event } from "../core/events.ts";
import type { Logger } from "../core/log.ts";
import type { KubeClient } from "./client.ts";
import { ConnectError } from "./errors.ts";
import { Outage } from "./outage.ts";
import { readsObjects, type Reading } from "./reading.ts";
import { Reflector } from "./reflector.ts";
import type { RetryPace } from "./retryPace.ts";
import { Rows } from "./rows.ts";
import type { Store, StoreChange, StoreDefinition, StoreState } from "./store.ts";
import { StateCell } from "./storeState.ts";
import { onWake } from "./wake.ts";
import { isExpired, reactionTo } from "./watchFailures.ts";
import { WatchRequests } from "./watchRequests.ts";
import { WatchRun } from "./watchRun.ts";

export interface WatchStoreOptions<T> {
  readonly client: KubeClient;
  readonly definition: StoreDefinition<T>;
  /** Undefined: all namespaces, or a kind without any. */
  readonly namespace: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
  /** Milliseconds that the watch outlives its last holder. Default 30,000. */
  readonly lingerMs?: number;
  /** Shared by all stores of a cluster. */
  readonly pace?: RetryPace;
}

/** What makes a store a listing. */
export interface Printed<T> {
  readonly rows: Rows<T>;
  readonly table: Reading<T>;
  /** The object of this row has changed; without a name, any may have. */
  readonly onTouched: (name?: string) => void;
}

const LINGER_MS = 30_000;
/** A kind that was absent, or that may not be read, is tried again this often, in ms. */
export const ABSENT_RETRY_MS = 60_000;
export const FORBIDDEN_RETRY_MS = 300_000;
/** A watch that lasted this long, in ms, was no failure to connect. */
const STEADY_MS = 20_000;
/** The longest pause, in ms, after a watch that stood, however short. Twelve stores make fewer than five requests a second. */
const STOOD_CAP_MS = 4_000;
/** After a pause of up to this, in ms, an idle store tries to continue where it left off (etcd is compacted every 5 min). */
const CONTINUE_WITHIN_MS = 240_000;

/**
 * One collection of one cluster, kept up to date while somebody holds it. Calls nothing before the first holder.
 * Retries by itself what time can heal; what only a person can (sign-in, certificates) waits for `refresh` or for a
 * first holder. After the last holder has gone, the rows stay, and the state says `idle`.
 */
export class WatchStore<T> implements Store<T>, Disposable {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #path: string;
  readonly #random: () => number;
  readonly #lingerMs: number;
  readonly #pace: RetryPace | undefined;
  readonly #rows: Rows<T>;
  readonly #reflector: Reflector<T>;
  readonly #outage: Outage;
  readonly #state: StateCell;
  readonly onDidChange: Event<StoreChange<T>>;
  readonly onDidChangeState: Event<StoreState>;
  #backoff: Backoff;
  #holders = 0;
  #lingering: Disposable | undefined;
  #run: WatchRun | undefined;
  /** Settles when the loop of the last run has ended: two never work on the rows at a time. */
  #loops: Promise<void> = Promise.resolve();
  #wake: Disposable | undefined;
  #halted: Error | undefined;
  #idleSince = 0;
  /** Monotonic; set while a watch stands. */
  #connectedAt: number | undefined;
  #disposed = false;

  constructor(options: WatchStoreOptions<T>, printed?: Printed<T>) {
    const { client, definition, namespace, clock, log, random = Math.random, lingerMs = LINGER_MS } = options;
    const requests = new WatchRequests(definition, namespace, random);
    this.#clock = clock;
    this.#log = log;
    this.#path = requests.path;
    this.#random = random;
    this.#lingerMs = lingerMs;
    this.#pace = options.pace;
    this.#backoff = new Backoff(random);
    this.#state = new StateCell(log);
    this.#outage = new Outage(clock, () => this.#setStale());
    this.#rows = printed?.rows ?? new Rows(clock, log);
    this.onDidChange = this.#rows.onDidChange;
    this.onDidChangeState = this.#state.onDidChange;
    this.#reflector = new Reflector({
      ...{ client, requests, rows: this.#rows, clock, log, ...printed },
      objects: readsObjects(definition.project, printed === undefined ? "uid" : "name"),
      onConnected: (everyMs) => this.#connected(everyMs),
      onHeard: () => this.#outage.heard(),
    });
  }

  get items(): ReadonlyMap<string, T> {
    return this.#rows.items;
  }

  get state(): StoreState {
    return this.#state.value;
  }

  hold(): Disposable {
    if (this.#disposed) return toDisposable(() => undefined);
    this.#holders++;
    this.#lingering?.dispose();
    this.#lingering = undefined;
    if (this.state.kind === "idle") this.#wakeUp();
    let held = true;
    return toDisposable(() => {
      if (!held) return;
      held = false;
      this.#holders--;
      if (this.#holders === 0) this.#linger();
    });
  }

  refresh(): void {
    this.#reflector.forget();
    this.#reflector.hope();
    if (this.#disposed || this.state.kind === "idle") return;
    this.#backoff = new Backoff(this.#random);
    const shown = this.#rows.isComplete && this.#halted === undefined;
    if (!shown) this.#state.set({ kind: "loading" });
    this.#start();
    if (shown) this.#outage.begin("Reading everything anew.");
  }

  settled(signal?: AbortSignal): Promise<void> {
    return this.#state.settled(() => this.#halted, signal);
  }

  /** Ends every request and timer. Whoever waits in `settled` gets a CancelledError. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#stop();
    this.#state.dispose();
    this.#rows.dispose();
  }

  #wakeUp(): void {
    if (this.#clock.now() - this.#idleSince > CONTINUE_WITHIN_MS) this.#reflector.forget();
    this.#wake = onWake(this.#clock, () => this.#woke());
    this.#state.set({ kind: "loading" });
    this.#start();
  }

  #start(): void {
    this.#run?.stop();
    this.#halted = undefined;
    const run = new WatchRun(this.#clock);
    this.#run = run;
    this.#loops = this.#loops.then(() => this.#loop(run));
  }

  async #loop(run: WatchRun): Promise<void> {
    while (!run.isStopped()) {
      const failure = await run.attempt((signal) => this.#reflector.connect(signal));
      if (run.isStopped()) return;
      const waitMs = failure === undefined ? this.#ended() : this.#failed(failure);
      if (waitMs === undefined) return;
      if (waitMs > 0) await run.pause(waitMs);
      if (failure !== undefined) await run.attempt(async (signal) => this.#pace?.turn(signal));
    }
  }

  /** The server ended the watch as it should, it fell silent, or we ended it: the next begins at once. */
  #ended(): number {
    if (this.#rows.isComplete) this.#outage.begin("Connecting again.");
    return 0;
  }

  /** Takes a failure in; returns the ms until the next try, undefined where somebody must ask first. */
  #failed(error: Error): number | undefined {
    const reaction = reactionTo(error);
    this.#log.debug(`${this.#path}: ${errorText(error)} (${reaction.kind})`);
    if (reaction.kind === "forbidden")
      return this.#refused({ kind: "forbidden", why: error.message }, FORBIDDEN_RETRY_MS);
    if (reaction.kind === "absent") return this.#refused({ kind: "absent" }, ABSENT_RETRY_MS);
    const halt = reaction.kind === "halt";
    const anew = !halt && reaction.anew;
    if (halt) this.#halted = error;
    if (anew) this.#reflector.forget();
    if (!this.#rows.isComplete && this.#rows.items.size === 0) this.#state.set({ kind: "failed", error });
    else {
      this.#outage.begin(error.message, halt);
      if (this.#outage.isLong) this.#setStale();
    }
    const stood = isExpired(error) || (error instanceof ConnectError && this.#connectedAt !== undefined);
    return halt ? undefined : Math.max(reaction.atLeastMs, this.#nextPause(anew, stood));
  }

  #nextPause(anew: boolean, stood: boolean): number {
    const now = this.#clock.monotonic();
    const lasted = this.#connectedAt !== undefined && now - this.#connectedAt >= STEADY_MS;
    this.#connectedAt = undefined;
    // A proxy that resets every watch after half a minute must not leave the rows stale for the other half.
    if (lasted && !anew) this.#backoff = new Backoff(this.#random);
    const pause = this.#backoff.next(now);
    // A server that takes the watch, or knows its history, is not sick: a network that cuts it again and again must not leave the rows behind.
    return stood ? Math.min(pause, STOOD_CAP_MS * (1 + this.#random() / 4)) : pause;
  }

  /** The answer is clear, and it is that there is nothing to show. */
  #refused(state: StoreState, retryMs: number): number {
    this.#outage.end();
    this.#reflector.forget();
    this.#rows.clear();
    this.#state.set(state);
    return retryMs;
  }

  #setStale(): void {
    const { since, why } = this.#outage;
    this.#state.set({ kind: "stale", since, why, ...(this.#halted === undefined ? {} : { halted: this.#halted }) });
  }

  #connected(everyMs: number | undefined): void {
    this.#pace?.answered();
    this.#outage.heard();
    this.#outage.end();
    this.#connectedAt = this.#clock.monotonic();
    this.#backoff.healthy(this.#connectedAt);
    this.#state.set({ kind: "live", ...(everyMs === undefined ? {} : { everyMs }) });
  }

  /** The machine slept: the connection may be dead, and waiting out a back-off would help nobody. */
  #woke(): void {
    if (this.state.kind === "absent" || this.state.kind === "forbidden") return;
    this.#backoff = new Backoff(this.#random);
    this.#run?.kick();
  }

  #linger(): void {
    if (this.#lingerMs <= 0) this.#stop();
    else this.#lingering = after(this.#clock, this.#lingerMs, () => this.#stop());
  }

  #stop(): void {
    this.#lingering?.dispose();
    this.#lingering = undefined;
    this.#run?.stop();
    this.#run = undefined;
    this.#halted = undefined;
    this.#outage.end();
    this.#wake?.dispose();
    this.#rows.settle();
    this.#idleSince = this.#clock.now();
    this.#state.set({ kind: "idle" });
  }
}
