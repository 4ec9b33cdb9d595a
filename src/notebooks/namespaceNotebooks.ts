import type { Clock } from "../core/clock.ts";
import { type Disposable, DisposableStore } from "../core/dispose.ts";
import { Emitter } from "../core/events.ts";
import type { Store, StoreState } from "../kube/store.ts";
import { settledWithin } from "../kube/settledWithin.ts";
import { JOB_WARNINGS } from "../kubeflow/kinds/event.ts";
import { type Notebook, NOTEBOOK_PODS, NOTEBOOKS } from "../kubeflow/kinds/notebook.ts";
import type { ContainerRef, JobEvent, JobPod } from "../kubeflow/model.ts";
import type { JobSource } from "../kubeflow/namespaceJobs.ts";
import { containerOf } from "../kubeflow/replicas.ts";
import { StoreIndex } from "../kubeflow/storeIndex.ts";
import type { Reason } from "../kubeflow/why.ts";
import { type NotebookState, type NotebookSummary, notebookSummary, notebookWhy } from "./notebookStatus.ts";

export interface NotebooksChange {
  /** Uids of notebooks whose rows may say something else now. */
  readonly changed: readonly string[];
  /** Notebooks came or went. */
  readonly set: boolean;
}

/** The notebooks of one namespace, or of all, with their pods and warnings; live while this lives. */
export class NamespaceNotebooks implements Disposable {
  readonly #clock: Clock;
  readonly #held = new DisposableStore();
  readonly #notebooks: StoreIndex<Notebook>;
  readonly #pods: StoreIndex<JobPod>;
  readonly #warnings: StoreIndex<JobEvent>;
  readonly #changed = new Emitter<NotebooksChange>();
  readonly #stateChanged = new Emitter<StoreState>();
  readonly #uids = new Set<string>();

  readonly onDidChange = this.#changed.event;
  readonly onDidChangeState = this.#stateChanged.event;

  constructor(source: Pick<JobSource, "store">, namespace: string | undefined, clock: Clock) {
    this.#clock = clock;
    const onState = (): void => this.#stateChanged.fire(this.state);
    this.#notebooks = this.#held.add(
      new StoreIndex(source.store(NOTEBOOKS, namespace), keyOf, uidOf, (items) => this.#onNotebooks(items), onState),
    );
    this.#pods = this.#held.add(
      new StoreIndex(source.store(NOTEBOOK_PODS, namespace), podKey, uidOf, (items) =>
        this.#onParts(items?.map(podKey)),
      ),
    );
    this.#warnings = this.#held.add(
      new StoreIndex(source.store(JOB_WARNINGS, namespace), aboutKey, uidOf, (items) =>
        this.#onParts(items?.map(aboutKey)),
      ),
    );
    for (const { uid } of this.items) this.#uids.add(uid);
  }

  /** In no order. */
  get items(): Iterable<Notebook> {
    return this.#notebooks.store.items.values();
  }

  get size(): number {
    return this.#notebooks.store.items.size;
  }

  get(uid: string): Notebook | undefined {
    return this.#notebooks.store.items.get(uid);
  }

  /** Of the notebooks themselves: without pods or events they are still what they say of themselves. */
  get state(): StoreState {
    return this.#notebooks.store.state;
  }

  get counts(): ReadonlyMap<NotebookState, number> {
    const counts = new Map<NotebookState, number>();
    for (const notebook of this.items) {
      const { state } = this.summary(notebook);
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    return counts;
  }

  summary(notebook: Notebook): NotebookSummary {
    return notebookSummary(notebook, this.podOf(notebook), this.warningsOf(notebook), this.#clock.now());
  }

  why(notebook: Notebook): readonly Reason[] {
    return notebookWhy(this.summary(notebook), this.podOf(notebook), this.warningsOf(notebook));
  }

  /** The pod for logs and a shell: the newest, and not one that an earlier notebook of the same name has left. */
  podOf(notebook: Notebook): JobPod | undefined {
    const own = [...this.#pods.get(keyOf(notebook))].filter(({ created }) => isSince(created, notebook));
    return own.sort((a, b) => a.created - b.created).at(-1);
  }

  /** Where its log and a shell are. */
  containerOf(notebook: Notebook): ContainerRef | undefined {
    const pod = this.podOf(notebook);
    return pod && containerOf(pod);
  }

  /** About the notebook, its StatefulSet and its pod. */
  warningsOf(notebook: Notebook): readonly JobEvent[] {
    return [...this.#warnings.get(keyOf(notebook))].filter(({ time }) => isSince(time, notebook));
  }

  /** Resolves when every kind has answered, well or not, or `ms` milliseconds have passed. */
  answered(ms: number): Promise<void> {
    return settledWithin(() => this.#stores, this.#clock, ms);
  }

  /** Reads everything anew. */
  refresh(): void {
    for (const store of this.#stores) store.refresh();
  }

  dispose(): void {
    this.#held.dispose();
    this.#changed.dispose();
    this.#stateChanged.dispose();
  }

  get #stores(): readonly Store<object>[] {
    return [this.#notebooks.store, this.#pods.store, this.#warnings.store];
  }

  #onNotebooks(items: readonly Notebook[] | undefined): void {
    const changed = (items ?? [...this.items]).map(uidOf);
    let set = items === undefined;
    if (set) this.#uids.clear();
    for (const uid of changed) {
      const isThere = this.get(uid) !== undefined;
      if (isThere !== this.#uids.has(uid)) set = true;
      if (isThere) this.#uids.add(uid);
      else this.#uids.delete(uid);
    }
    this.#changed.fire({ changed, set });
  }

  #onParts(keys: readonly string[] | undefined): void {
    const found = keys?.flatMap((key) => [...this.#notebooks.get(key)]) ?? [...this.items];
    const changed = [...new Set(found.map(uidOf))];
    if (changed.length > 0) this.#changed.fire({ changed, set: false });
  }
}

type Named = Pick<Notebook, "namespace" | "name">;

function uidOf({ uid }: { readonly uid: string }): string {
  return uid;
}

function keyOf({ namespace, name }: Named): string {
  return `${namespace}/${name}`;
}

function podKey({ namespace, job }: JobPod): string {
  return `${namespace}/${job}`;
}

/** The notebook and its StatefulSet have one name, its pod the same with `-0`. */
function aboutKey({ namespace, aboutKind, aboutName }: JobEvent): string {
  return keyOf({ namespace, name: aboutKind === "Pod" ? aboutName.replace(/-0$/, "") : aboutName });
}

/** Clocks of the cluster's parts differ a little. */
function isSince(time: number, { created }: Notebook): boolean {
  return time >= created - 1000;
}
