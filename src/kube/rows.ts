import type { Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import { errorText } from "../core/errors.ts";
import { Emitter } from "../core/events.ts";
import type { Logger } from "../core/log.ts";
import type { KubeObject } from "./objects.ts";
import type { StoreChange } from "./store.ts";
import { GarbledStreamError } from "./watchEvents.ts";

/** Changes are told at most this often, in ms; the first after a pause at once. */
export const CHANGE_INTERVAL_MS = 50;

interface RowSet<T> {
  readonly items: Map<string, T>;
  /** resourceVersion by uid: what comes again unchanged is no change. */
  readonly versions: Map<string, string>;
}

const emptySet = <T>(): RowSet<T> => ({ items: new Map(), versions: new Map() });

/** The projections of a store, by uid: loads swapped in at once, changes gathered into few events. */
export class Rows<T> implements Disposable {
  readonly #project: (object: KubeObject) => T;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #emitter = new Emitter<StoreChange<T>>();
  readonly onDidChange = this.#emitter.event;
  readonly #changed = new Map<string, T>();
  readonly #removed = new Map<string, T>();
  #current = emptySet<T>();
  #loading: RowSet<T> | undefined;
  #complete = false;
  #reset = false;
  #timer: AbortController | undefined;

  constructor(project: (object: KubeObject) => T, clock: Clock, log: Logger) {
    this.#project = project;
    this.#clock = clock;
    this.#log = log;
  }

  get items(): ReadonlyMap<string, T> {
    return this.#current.items;
  }

  /** True once a whole load has been seen. */
  get isComplete(): boolean {
    return this.#complete;
  }

  /** What is put from now on makes up a new whole set. Until it is complete for the first time, rows show as they come. */
  beginLoad(): void {
    this.#loading = emptySet();
  }

  /** The load failed; rows stay as they are. */
  abandonLoad(): void {
    this.#loading = undefined;
  }

  /** The load is whole: it replaces what there was, in one step. */
  finishLoad(): void {
    const next = this.#loading;
    if (next === undefined) return;
    const old = this.#current;
    this.#loading = undefined;
    this.#current = next;
    for (const [uid, item] of old.items) if (!next.items.has(uid)) this.#noteRemoved(uid, item);
    for (const [uid, item] of next.items)
      if (!sameVersion(old, uid, next.versions.get(uid))) this.#noteChanged(uid, item);
    if (this.#complete && this.#changed.size + this.#removed.size > 0) this.#reset = true;
    this.#complete = true;
  }

  /** Takes an object that exists. Throws GarbledStreamError for one without a uid, and what the projection throws. */
  put(object: KubeObject): void {
    const uid = uidOf(object);
    const version = object.metadata.resourceVersion;
    const known = sameVersion(this.#current, uid, version) ? this.#current.items.get(uid) : undefined;
    const item = known ?? this.#project(object);
    if (this.#loading !== undefined) {
      setRow(this.#loading, uid, item, version);
      if (this.#complete) return;
    }
    if (known !== undefined) return;
    setRow(this.#current, uid, item, version);
    this.#noteChanged(uid, item);
  }

  /** Takes an object that is no more. */
  remove(object: KubeObject): void {
    const uid = uidOf(object);
    if (this.#loading !== undefined) {
      deleteRow(this.#loading, uid);
      if (this.#complete) return;
    }
    const item = this.#current.items.get(uid);
    if (item === undefined) return;
    deleteRow(this.#current, uid);
    this.#noteRemoved(uid, item);
  }

  /** Forgets everything: what was there may not be read any more, or its kind has gone. */
  clear(): void {
    this.#loading = undefined;
    for (const [uid, item] of this.#current.items) this.#noteRemoved(uid, item);
    this.#current = emptySet();
    this.#complete = false;
    this.flush();
  }

  /** Tells what has changed: now, or when the interval since the last time is over. */
  flush(): void {
    if (this.#timer === undefined) this.#fire();
  }

  /** Tells what has changed now and leaves no timer behind. */
  settle(): void {
    this.#timer?.abort();
    this.#timer = undefined;
    this.#fire();
    this.#stopTimer();
  }

  dispose(): void {
    this.#stopTimer();
    this.#emitter.dispose();
    this.#changed.clear();
    this.#removed.clear();
  }

  #stopTimer(): void {
    this.#timer?.abort();
    this.#timer = undefined;
  }

  #fire(): void {
    if (this.#changed.size + this.#removed.size === 0) return;
    const change = { reset: this.#reset, changed: [...this.#changed.values()], removed: [...this.#removed.values()] };
    this.#changed.clear();
    this.#removed.clear();
    this.#reset = false;
    this.#timer = new AbortController();
    this.#clock.sleep(CHANGE_INTERVAL_MS, this.#timer.signal).then(
      () => {
        this.#timer = undefined;
        this.#fire();
      },
      () => undefined,
    );
    try {
      this.#emitter.fire(change);
    } catch (error) {
      // A listener's mistake is no failure of the watch.
      this.#log.error(`A listener to changes failed: ${errorText(error)}`);
    }
  }

  #noteChanged(uid: string, item: T): void {
    this.#removed.delete(uid);
    this.#changed.set(uid, item);
  }

  #noteRemoved(uid: string, item: T): void {
    this.#changed.delete(uid);
    this.#removed.set(uid, item);
  }
}

function uidOf(object: KubeObject): string {
  const { uid } = object.metadata;
  if (uid === undefined || uid === "") throw new GarbledStreamError("The server sent an object without a uid.");
  return uid;
}

function sameVersion<T>(set: RowSet<T>, uid: string, version: string | undefined): boolean {
  return version !== undefined && set.versions.get(uid) === version;
}

function setRow<T>(set: RowSet<T>, uid: string, item: T, version: string | undefined): void {
  set.items.set(uid, item);
  if (version === undefined) set.versions.delete(uid);
  else set.versions.set(uid, version);
}

function deleteRow<T>(set: RowSet<T>, uid: string): void {
  set.items.delete(uid);
  set.versions.delete(uid);
}
