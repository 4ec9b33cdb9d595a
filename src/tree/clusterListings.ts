import { after, type Clock, systemClock, within } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import { isCancelled } from "../core/errors.ts";
import type { ShownNamespaces } from "../kubeflow/namespaceChoice.ts";

/** What is known of a cluster's namespaces. */
export type Listing =
  | { readonly kind: "pending" }
  | ({ readonly kind: "listed" } & ShownNamespaces)
  | { readonly kind: "failed"; readonly error: unknown; readonly notReady: boolean }
  /** The person did not want to wait, and nothing was known before. */
  | { readonly kind: "cancelled" };

export type Lister = (context: string, signal: AbortSignal) => Promise<ShownNamespaces>;

export interface ListingOptions {
  readonly list: Lister;
  /** What a listing is read through: it goes when this goes. Undefined where there is no such thing. */
  readonly cluster: (context: string) => object | undefined;
  /** Whether the cluster says that it needs a moment. */
  readonly isNotReady: (context: string) => boolean;
  /** Whether a person can see the rows below the cluster's. */
  readonly isSeen: (context: string) => boolean;
  /** The rows below the cluster's are to be drawn again. */
  readonly changed: (context: string) => void;
  /** Milliseconds that a look waits for the answer: a fast cluster is drawn once. */
  readonly graceMs?: number;
  /** Milliseconds between two questions to a cluster that is not ready yet. */
  readonly retryMs?: number;
  readonly clock?: Clock;
}

interface Run {
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

interface Entry {
  cluster: object | undefined;
  answer: Exclude<Listing, { kind: "pending" }> | undefined;
  /** The next look asks again. What is known stays on the screen till then: VS Code would forget which rows are open. */
  stale: boolean;
  run: Run | undefined;
  /** Drawn before the run has ended: it is to be drawn again when it has. */
  owed: boolean;
}

/** Namespaces of the clusters that were looked at. They are kept: drawing a row again must not ask the cluster again. */
export class ClusterListings implements Disposable {
  readonly #options: ListingOptions;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  /** At most one question to come per cluster. */
  readonly #timers = new Map<string, Disposable>();

  constructor(options: ListingOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** What is known, without asking. */
  get(context: string): Listing {
    return this.#entries.get(context)?.answer ?? { kind: "pending" };
  }

  /** Contexts whose namespaces are known. */
  listed(): readonly string[] {
    return [...this.#entries].flatMap(([context, { answer }]) => (answer?.kind === "listed" ? [context] : []));
  }

  /** Whether the next look would ask the cluster. */
  isDue(context: string): boolean {
    const entry = this.#entries.get(context);
    return entry === undefined || (entry.run === undefined && (entry.stale || entry.answer === undefined));
  }

  /** Asks where nothing is known. Waits a moment for the answer, never for the network. */
  async look(context: string): Promise<Listing> {
    const entry = this.#entry(context);
    if (this.isDue(context)) this.#begin(context, entry, this.#options.list);
    if (entry.run === undefined) return this.get(context);
    await within(this.#clock, this.#options.graceMs ?? 150, entry.run.done);
    const now = this.#entries.get(context);
    if (now?.run === undefined) return this.get(context);
    now.owed = true;
    const keeps = now.answer?.kind === "listed" || (now.answer?.kind === "failed" && now.answer.notReady);
    return keeps && now.answer !== undefined ? now.answer : { kind: "pending" };
  }

  /** Resolves when no question is under way, or `ms` milliseconds have passed. */
  async settled(context: string, ms: number): Promise<void> {
    const run = this.#entries.get(context)?.run;
    if (run !== undefined) await within(this.#clock, ms, run.done);
  }

  /** Asks now, because a person wants it; rejects as `list` does. Cancelled, it leaves what was known before. */
  async connect(context: string, list: Lister, signal: AbortSignal): Promise<void> {
    const entry = this.#entry(context);
    const { done } = this.#begin(context, entry, list, signal);
    entry.owed = true;
    this.#options.changed(context);
    await done;
  }

  /** What is known may be wrong: asks again at the next look, and has it drawn. */
  again(context: string): void {
    if (this.#makeStale(context)) this.#options.changed(context);
  }

  /** The same for all, where everything is drawn anyway. */
  allAgain(): void {
    for (const context of this.#entries.keys()) this.#makeStale(context);
  }

  /** The cluster's row was closed: nobody waits for an answer any more. */
  leave(context: string): void {
    this.#stopTimer(context);
    const entry = this.#entries.get(context);
    if (entry === undefined) return;
    stop(entry);
    if (entry.answer === undefined || entry.answer.kind === "cancelled") this.#entries.delete(context);
    else if (entry.answer.kind === "failed" && entry.answer.notReady) entry.stale = true;
  }

  /** Forgets what was read through a cluster that is not in use any more. */
  keep(isCurrent: (context: string, cluster: object) => boolean): void {
    for (const [context, entry] of this.#entries) {
      if (entry.cluster !== undefined && isCurrent(context, entry.cluster)) continue;
      this.#stopTimer(context);
      stop(entry);
      this.#entries.delete(context);
    }
  }

  /** Nobody sees the view: a cluster that is not ready is left alone. */
  hide(): void {
    for (const context of [...this.#timers.keys()]) this.#stopTimer(context);
  }

  /** The view is seen again: asks those that were not ready. */
  show(): void {
    for (const [context, { answer, run }] of this.#entries)
      if (run === undefined && answer?.kind === "failed" && answer.notReady) this.again(context);
  }

  dispose(): void {
    this.hide();
    for (const entry of this.#entries.values()) stop(entry);
    this.#entries.clear();
  }

  #entry(context: string): Entry {
    const known = this.#entries.get(context);
    if (known !== undefined) return known;
    const entry: Entry = { cluster: undefined, answer: undefined, stale: false, run: undefined, owed: false };
    this.#entries.set(context, entry);
    return entry;
  }

  #makeStale(context: string): boolean {
    this.#stopTimer(context);
    const entry = this.#entries.get(context);
    if (entry === undefined) return false;
    stop(entry);
    entry.stale = true;
    return true;
  }

  #begin(context: string, entry: Entry, list: Lister, signal?: AbortSignal): Run {
    this.#stopTimer(context);
    stop(entry);
    const abort = new AbortController();
    const both = signal === undefined ? abort.signal : AbortSignal.any([abort.signal, signal]);
    const done = list(context, both).then(
      (listed) => this.#settle(context, entry, run, { kind: "listed", ...listed }),
      (error: unknown) => {
        const notReady = !isCancelled(error) && this.#options.isNotReady(context);
        this.#settle(context, entry, run, isCancelled(error) ? undefined : { kind: "failed", error, notReady });
        throw error;
      },
    );
    // Who waits for it hears of the failure; the row says it in any case.
    done.catch(() => undefined);
    const run: Run = { abort, done };
    entry.run = run;
    entry.cluster = this.#options.cluster(context);
    return run;
  }

  /** `answer` is undefined where the run was cancelled. */
  #settle(context: string, entry: Entry, run: Run, answer: Entry["answer"]): void {
    if (entry.run !== run || this.#entries.get(context) !== entry) return;
    entry.run = undefined;
    entry.stale = false;
    entry.answer = answer ?? entry.answer ?? { kind: "cancelled" };
    if (entry.answer.kind === "failed" && entry.answer.notReady && this.#options.isSeen(context))
      this.#askLater(context);
    const { owed } = entry;
    entry.owed = false;
    if (owed) this.#options.changed(context);
  }

  #askLater(context: string): void {
    this.#stopTimer(context);
    const ask = (): void => {
      this.#timers.delete(context);
      if (this.#options.isSeen(context)) this.again(context);
    };
    this.#timers.set(context, after(this.#clock, this.#options.retryMs ?? 2000, ask));
  }

  #stopTimer(context: string): void {
    this.#timers.get(context)?.dispose();
    this.#timers.delete(context);
  }
}

function stop(entry: Entry): void {
  const { run } = entry;
  // First forgotten, then aborted: what it says of its end is no answer.
  entry.run = undefined;
  run?.abort.abort();
}
