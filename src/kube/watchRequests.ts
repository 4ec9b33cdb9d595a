import { collectionPath } from "./client.ts";
import type { StoreDefinition } from "./store.ts";
import { TABLE_TYPE } from "./table.ts";
import type { KubeRequest } from "./transport.ts";

/** Objects per page of a list, as kubectl has it. */
export const PAGE_SIZE = 500;

/** A watch as client-go's reflector sends it lives 5 to 10 min, so that not all of them end together. Seconds, and how many more chance may give. */
const WATCH_SECONDS = [300, 300] as const;
/** One whose end is its sign of life. Over a connection that is kept, the next costs no handshake. */
const SHORT_WATCH_SECONDS = [30, 10] as const;

type Query = NonNullable<KubeRequest["query"]>;

/** Builds what a watch store asks of one collection. */
export class WatchRequests {
  readonly #path: string;
  readonly #selectors: Query;
  readonly #random: () => number;

  constructor(definition: StoreDefinition<unknown>, namespace: string | undefined, random: () => number) {
    this.#path = collectionPath(definition.kind, namespace);
    this.#selectors = { labelSelector: definition.labelSelector, fieldSelector: definition.fieldSelector };
    this.#random = random;
  }

  /** For people's eyes in the log. */
  get path(): string {
    return this.#path;
  }

  /**
   * A page of a list. `resourceVersion` stays unset: with "0" servers before 1.31 ignore the limit and may answer from a
   * replica that is behind what we have already shown (API concepts, "resourceVersion in requests").
   */
  page(continueToken: string | undefined, limit: number | undefined, signal: AbortSignal): KubeRequest {
    return this.#get({ limit, continue: continueToken }, signal);
  }

  /** What the server prints of the objects, without them; the whole collection where no limit is given. */
  table(limit: number | undefined, signal: AbortSignal): KubeRequest {
    return asTable(this.#get({ limit }, signal));
  }

  /** One stream with everything that exists, a bookmark that says so, and then the changes (API concepts, streaming lists). */
  watchList(signal: AbortSignal): KubeRequest {
    return this.#get({ ...this.#watch(), sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" }, signal);
  }

  /** The changes after a version. `isShort`: the server ends it within 40 s. */
  watch(resourceVersion: string, isShort: boolean, signal: AbortSignal): KubeRequest {
    return this.#get({ ...this.#watch(isShort), resourceVersion }, signal);
  }

  #watch(isShort = false): Query {
    const [least, spread] = isShort ? SHORT_WATCH_SECONDS : WATCH_SECONDS;
    return { watch: 1, allowWatchBookmarks: true, timeoutSeconds: least + Math.floor(this.#random() * spread) };
  }

  #get(query: Query, signal: AbortSignal): KubeRequest {
    return { method: "GET", path: this.#path, query: { ...this.#selectors, ...query }, signal };
  }
}

/** The same as rows, without the objects. */
export function asTable(request: KubeRequest): KubeRequest {
  return { ...request, accept: TABLE_TYPE, query: { ...request.query, includeObject: "None" } };
}
