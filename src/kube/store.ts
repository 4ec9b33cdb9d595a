import type { Disposable } from "../core/dispose.ts";
import type { Event } from "../core/events.ts";
import type { KubeObject, ResourceKind } from "./objects.ts";
import type { TableRow } from "./table.ts";

/** What a store knows about itself. A tree is never older than 45 s without its state saying so. */
export type StoreState =
  | { readonly kind: "idle" }
  | { readonly kind: "loading" }
  | {
      readonly kind: "live";
      /** Set where the person may list and not watch: read anew this often, in ms, so that it is no older than that. */
      readonly everyMs?: number;
    }
  /** Rows are kept, but the server has not been heard since `since` (wall time, ms). */
  | {
      readonly kind: "stale";
      readonly since: number;
      readonly why: string;
      /** Set where only a person can help, such as by a sign-in: nothing is tried again until asked. */
      readonly halted?: Error;
    }
  /** Nothing could be read yet. */
  | { readonly kind: "failed"; readonly error: Error }
  | { readonly kind: "forbidden"; readonly why: string }
  /** The cluster does not know the kind. */
  | { readonly kind: "absent" };

/** Which objects, and the small part of each that is kept. The projection must be plain data. */
export interface StoreDefinition<T> {
  readonly kind: ResourceKind;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly project: (object: KubeObject) => T;
}

/**
 * A kind whose collections may be large. Of each object there is either a projection of all of it, or one of the row
 * that the server prints of it.
 */
export interface ListingDefinition<T> extends StoreDefinition<T> {
  /** `whole`: the projection of the whole object as it was last read, where there is one; the row is never older. */
  readonly projectRow: (row: TableRow, whole: T | undefined) => T;
}

export interface StoreChange<T> {
  /** Everything may have changed: read `items` anew. */
  readonly reset: boolean;
  readonly changed: readonly T[];
  readonly removed: readonly T[];
}

/** A live set of objects, by uid (a listing's: by name). Watches while somebody holds it. */
export interface Store<T> {
  readonly items: ReadonlyMap<string, T>;
  readonly state: StoreState;
  readonly onDidChange: Event<StoreChange<T>>;
  readonly onDidChangeState: Event<StoreState>;
  /** Starts watching with the first holder and stops a short while after the last has let go. */
  hold(): Disposable;
  /** Resolves when the state is live, forbidden or absent; rejects with the error of `failed`, or when aborted. */
  settled(signal?: AbortSignal): Promise<void>;
  /** Reads everything anew now, also out of a back-off. */
  refresh(): void;
}

/**
 * A collection of one namespace, by name, however large it is. It begins with rows as the server prints them, which cost
 * a hundredth of the objects. Up to 500 objects are then read whole and watched, as in any store. Of more, the printed
 * rows are watched, and whole objects are read for those names alone that somebody asks for.
 */
export interface Listing<T> extends Store<T> {
  /**
   * The projection of the whole object: there already, or read now. From then on `items` holds it, and it is read again
   * whenever its row changes, at most once a second; the 500 that were asked for last are kept so. Undefined where there
   * is no such object. Rejects as KubeClient does.
   */
  whole(name: string, signal?: AbortSignal): Promise<T | undefined>;
}
