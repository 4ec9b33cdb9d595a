import { type Disposable, DisposableStore } from "../core/dispose.ts";
import { Emitter } from "../core/events.ts";
import type { StateStore } from "../core/storage.ts";
import type { Store, StoreDefinition } from "../kube/store.ts";
import { isFinished } from "../kubeflow/jobFacts.ts";
import { kindOf } from "../kubeflow/jobKinds.ts";
import { OUR_LABELS } from "../kubeflow/labels.ts";
import type { TrainingJob } from "../kubeflow/model.ts";
import type { LaunchEntry } from "./journal.ts";
import { type LaunchKind, launchKind } from "./spec.ts";

/** A job that this installation launched, as far as is known. */
export interface LaunchedNow {
  readonly kind: LaunchKind;
  readonly context: string;
  readonly id: string;
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly state: "active" | "failed" | "unknown";
  /** Wall ms of the launch. */
  readonly launched: number;
  /** Since when its cluster has not been heard, wall ms; undefined while it is. */
  readonly staleSince: number | undefined;
}

export type LaunchedAt = Pick<LaunchedNow, "kind" | "context" | "id" | "uid" | "name" | "namespace" | "launched">;

export interface LaunchedJobsOptions {
  /** A store of these objects in a context, not shared; undefined where the context has gone. */
  readonly watch: (
    context: string,
    definition: StoreDefinition<TrainingJob>,
    namespace: string,
  ) => (Store<TrainingJob> & Disposable) | undefined;
  readonly state: StateStore;
  readonly now: () => number;
}

const ENDED_KEY = "trainyard.jobs.ended";
const KEEP_ENDED = 300;
/** A launch of which nothing was heard for so long is not looked for any more, in ms. */
const FORGET_MS = 7 * 24 * 3_600_000;
/** Launches watched at a time: each is a watch of one object. */
const MOST = 30;

/**
 * Jobs that were launched from here, each watched alone from its launch, which was the consent, until it has ended. One
 * that failed stays until the person has seen it.
 */
export class LaunchedJobs implements Disposable {
  readonly #options: LaunchedJobsOptions;
  readonly #watched = new Map<
    string,
    { readonly at: LaunchedAt; readonly store: Store<TrainingJob>; held: Disposable }
  >();
  readonly #failed = new Map<string, LaunchedAt>();
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;

  constructor(options: LaunchedJobsOptions) {
    this.#options = options;
  }

  /** Newest first. */
  get jobs(): readonly LaunchedNow[] {
    const active = [...this.#watched.values()].map(({ at, store }) => ({ ...at, ...stateOf(at, store) }));
    const failed = [...this.#failed.values()].map((at) => ({ ...at, state: "failed" as const, staleSince: undefined }));
    return [...active, ...failed].sort((a, b) => b.launched - a.launched);
  }

  /** Takes up launches of earlier windows whose end nobody has heard of. */
  takeUp(entries: readonly LaunchEntry[]): void {
    const ended = new Set(this.#ended());
    const oldest = this.#options.now() - FORGET_MS;
    const open = entries.filter((entry) => entry.step === "started" && entry.time > oldest && !ended.has(entry.id));
    for (const { id, context, namespace, name, uid, time, spec } of open.slice(0, MOST))
      if (uid !== undefined)
        this.add({ kind: launchKind(spec.kind), id, context, namespace, name, uid, launched: time });
  }

  add(at: LaunchedAt): void {
    if (this.#watched.has(at.id) || this.#watched.size >= MOST || this.#ended().includes(at.id)) return;
    const { resource, jobs } = kindOf(at.kind);
    const definition = { kind: resource, labelSelector: `${OUR_LABELS.launch}=${at.id}`, project: jobs.project };
    const store = this.#options.watch(at.context, definition, at.namespace);
    if (store === undefined) return;
    const held = new DisposableStore();
    this.#watched.set(at.id, { at, store, held });
    held.add(store);
    held.add(store.onDidChange(() => this.#look(at, store)));
    held.add(store.onDidChangeState(() => this.#look(at, store)));
    held.add(store.hold());
    this.#changed.fire();
  }

  /** The context's entry has changed or gone: what is watched through it is watched anew, where it can be. */
  replaced(context: string): void {
    for (const { at, held } of [...this.#watched.values()]) {
      if (at.context !== context) continue;
      held.dispose();
      this.#watched.delete(at.id);
      this.add(at);
    }
    this.#changed.fire();
  }

  /** The person has seen which ones failed. */
  async seen(): Promise<void> {
    const ids = [...this.#failed.keys()];
    if (ids.length === 0) return;
    this.#failed.clear();
    this.#changed.fire();
    await this.#remember(ids);
  }

  dispose(): void {
    for (const { held } of this.#watched.values()) held.dispose();
    this.#watched.clear();
    this.#changed.dispose();
  }

  #look(at: LaunchedAt, store: Store<TrainingJob>): void {
    const job = store.items.get(at.uid);
    const { kind } = store.state;
    const gone = job === undefined && (kind === "live" || kind === "absent");
    if (!gone && (job === undefined || !isFinished(job))) {
      this.#changed.fire();
      return;
    }
    this.#watched.get(at.id)?.held.dispose();
    this.#watched.delete(at.id);
    if (job?.condition === "Failed") this.#failed.set(at.id, at);
    else this.#remember([at.id]).catch(() => undefined); // Then it is looked for once more in the next window.
    this.#changed.fire();
  }

  #ended(): readonly string[] {
    const value = this.#options.state.get(ENDED_KEY);
    return Array.isArray(value) ? value.filter((id): id is string => typeof id === "string") : [];
  }

  async #remember(ids: readonly string[]): Promise<void> {
    await this.#options.state.set(ENDED_KEY, [...new Set([...this.#ended(), ...ids])].slice(-KEEP_ENDED));
  }
}

function stateOf(at: LaunchedAt, store: Store<TrainingJob>): Pick<LaunchedNow, "state" | "staleSince"> {
  const { state } = store;
  const staleSince = state.kind === "stale" ? state.since : undefined;
  return { state: store.items.has(at.uid) ? "active" : "unknown", staleSince };
}
