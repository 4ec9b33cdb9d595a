import type { Disposable } from "../core/dispose.ts";
import type { Event } from "../core/events.ts";
import type { KubeObject, ResourceKind } from "./objects.ts";

/** What a store knows about itself. A tree is never older than 45 s without its state saying so. */
export type StoreState =
  | { readonly kind: "idle" }
  | { readonly kind: "loading" }
  | { readonly kind: "live" }
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

export interface StoreChange<T> {
  /** Everything may have changed: read `items` anew. */
  readonly reset: boolean;
  readonly changed: readonly T[];
  readonly removed: readonly T[];
}

/** A live set of objects, by uid. Watches while somebody holds it. */
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
