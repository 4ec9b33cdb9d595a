import type { Clock } from "../core/clock.ts";
import { type Disposable, DisposableStore } from "../core/dispose.ts";
import { Emitter } from "../core/events.ts";
import { settledWithin } from "../kube/settledWithin.ts";
import type { Store, StoreState } from "../kube/store.ts";
import { StoreIndex } from "./storeIndex.ts";

export interface ObjectsChange {
  /** Uids of objects whose rows may say something else now. */
  readonly changed: readonly string[];
  /** Objects came or went. */
  readonly set: boolean;
}

/** The objects of one kind in a namespace, or in all, and what belongs to them; live while this lives. */
export abstract class NamespaceObjects<Item extends { readonly uid: string }, State> implements Disposable {
  protected readonly clock: Clock;
  protected readonly held = new DisposableStore();
  protected readonly objects: StoreIndex<Item>;
  readonly #changed = new Emitter<ObjectsChange>();
  readonly #stateChanged = new Emitter<StoreState>();
  readonly #uids = new Set<string>();

  readonly onDidChange = this.#changed.event;
  readonly onDidChangeState = this.#stateChanged.event;

  constructor(store: Store<Item>, keyOf: (item: Item) => string, clock: Clock) {
    this.clock = clock;
    const onState = (): void => this.#stateChanged.fire(this.state);
    this.objects = this.held.add(new StoreIndex(store, keyOf, uidOf, (items) => this.onObjects(items), onState));
    for (const { uid } of this.items) this.#uids.add(uid);
  }

  /** In no order. */
  get items(): Iterable<Item> {
    return this.objects.store.items.values();
  }

  get size(): number {
    return this.objects.store.items.size;
  }

  get(uid: string): Item | undefined {
    return this.objects.store.items.get(uid);
  }

  /** Of the objects themselves: without what belongs to them they are still what they say. */
  get state(): StoreState {
    return this.objects.store.state;
  }

  get counts(): ReadonlyMap<State, number> {
    const counts = new Map<State, number>();
    for (const item of this.items) {
      const state = this.stateOf(item);
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    return counts;
  }

  /** Resolves when every kind has answered, well or not, or `ms` milliseconds have passed. */
  answered(ms: number): Promise<void> {
    return settledWithin(() => [this.objects.store, ...this.others], this.clock, ms);
  }

  /** Reads everything anew. */
  refresh(): void {
    for (const store of [this.objects.store, ...this.others]) store.refresh();
  }

  dispose(): void {
    this.held.dispose();
    this.#changed.dispose();
    this.#stateChanged.dispose();
  }

  protected abstract stateOf(item: Item): State;
  /** Of what belongs to the objects. */
  protected abstract get others(): readonly Store<object>[];

  protected onObjects(items: readonly Item[] | undefined): void {
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

  /** What belongs to these says something else. */
  protected told(items: Iterable<Item>): void {
    const changed = [...new Set([...items].map(uidOf))];
    if (changed.length > 0) this.#changed.fire({ changed, set: false });
  }
}

export function uidOf({ uid }: { readonly uid: string }): string {
  return uid;
}
