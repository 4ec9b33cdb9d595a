import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { readBody, readWhole, SilentStreamError } from "./body.ts";
import type { KubeClient } from "./client.ts";
import { ApiError } from "./errors.ts";
import type { KubeObject } from "./objects.ts";
import type { Rows } from "./rows.ts";
import type { KubeResponse } from "./transport.ts";
import { GarbledStreamError, isObject, isRecord, parseJson, type WatchEvent, watchEvents } from "./watchEvents.ts";
import { isExpired, refusesWatchList, SHORT_WATCH_MS, ShortWatchError } from "./watchFailures.ts";
import { PAGE_SIZE, type WatchRequests } from "./watchRequests.ts";

/** A live watch is heard every minute by its bookmarks; without any byte for this long, in ms, it is not believed. */
export const WATCH_SILENCE_MS = 90_000;
/** The same while a load runs: servers that ignore `sendInitialEvents` never say that it is over. */
export const LOAD_SILENCE_MS = 10_000;
const PAGE_SILENCE_MS = 60_000;

export interface ReflectorOptions<T> {
  readonly client: KubeClient;
  readonly requests: WatchRequests;
  readonly rows: Rows<T>;
  readonly clock: Clock;
  readonly log: Logger;
  /** The server answers and the rows are whole. */
  readonly onConnected: () => void;
  /** Something arrived. */
  readonly onHeard: () => void;
}

/** One connection's life. */
interface Stream {
  readonly startedAt: number;
  loading: boolean;
  /** `onConnected` was called for it. */
  announced: boolean;
  events: number;
}

/** Brings the rows of one collection up to date and keeps them so, one connection at a time. Decides no retries. */
export class Reflector<T> {
  readonly #options: ReflectorOptions<T>;
  #version: string | undefined;
  #watchListRefused = false;
  #bookmarksSeen = false;
  #silentInARow = 0;
  #shortInARow = 0;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
  }

  /** The next connection reads everything anew. */
  forget(): void {
    this.#version = undefined;
  }

  /**
   * Connects once: loads where needed, then follows. Resolves when the server ended the watch, rejects with the failure.
   * After the signal has aborted, rows are not touched any more.
   */
  async connect(signal: AbortSignal): Promise<void> {
    try {
      if (this.#version === undefined && !this.#watchListRefused && (await this.#watchList(signal))) return;
      const version = this.#version ?? (await this.#list(signal));
      const response = await this.#options.client.stream(this.#options.requests.watch(version, signal));
      await this.#follow(response, false, signal);
    } catch (error) {
      this.#options.rows.abandonLoad();
      if (error instanceof SilentStreamError) this.#silent();
      throw error;
    }
  }

  /** Loads and follows by one stream; false where the server does not offer that. */
  async #watchList(signal: AbortSignal): Promise<boolean> {
    const { client, requests, rows } = this.#options;
    try {
      const response = await client.stream(requests.watchList(signal));
      rows.beginLoad();
      await this.#follow(response, true, signal);
      return true;
    } catch (error) {
      // Once the load was whole, the server does offer it, and this is a failure like any other.
      if (this.#version !== undefined || !(refusesWatchList(error) || error instanceof SilentStreamError)) throw error;
      this.#refused(error instanceof ApiError ? error.message : "no answer");
      return false;
    }
  }

  #refused(why: string): void {
    this.#watchListRefused = true;
    this.#options.rows.abandonLoad();
    this.#options.log.debug(`${this.#options.requests.path}: no streamed list (${why}), reading pages`);
  }

  async #follow(response: KubeResponse, loading: boolean, signal: AbortSignal): Promise<void> {
    const { clock, rows } = this.#options;
    const stream: Stream = { startedAt: clock.monotonic(), loading, announced: false, events: 0 };
    const silenceMs = (): number => (stream.loading ? LOAD_SILENCE_MS : WATCH_SILENCE_MS);
    const over = new AbortController();
    // Only a server that has just ended watches at once must first show that this one lasts.
    if (!loading && this.#shortInARow === 0 && !signal.aborted) this.#announce(stream);
    else if (!loading) void this.#announceLater(stream, over.signal);
    try {
      for await (const events of watchEvents(readBody(response, { signal, clock, silenceMs }))) {
        signal.throwIfAborted();
        this.#options.onHeard();
        for (const event of events) this.#take(event, stream);
        rows.flush();
      }
    } finally {
      over.abort();
      if (!signal.aborted) rows.flush();
    }
    this.#checkEnd(stream);
  }

  /** The server ended the stream. Throws where it should not have. */
  #checkEnd(stream: Stream): void {
    if (stream.loading) {
      this.#refused("it ended before the load was whole");
      throw new ShortWatchError();
    }
    this.#silentInARow = 0;
    if (this.#options.clock.monotonic() - stream.startedAt >= SHORT_WATCH_MS) {
      this.#shortInARow = 0;
      return;
    }
    // Even with events in it: a server that ends every watch after one would be asked without a pause.
    this.#shortInARow++;
    if (stream.events === 0 || this.#shortInARow > 1) throw new ShortWatchError();
  }

  #announce(stream: Stream): void {
    if (stream.announced) return;
    stream.announced = true;
    this.#options.onConnected();
  }

  async #announceLater(stream: Stream, over: AbortSignal): Promise<void> {
    try {
      await this.#options.clock.sleep(SHORT_WATCH_MS, over);
    } catch {
      return;
    }
    this.#announce(stream);
  }

  #take(event: WatchEvent, stream: Stream): void {
    const { rows } = this.#options;
    stream.events++;
    if (event.type === "ERROR") throw new ApiError(event.status.code ?? 500, event.status);
    if (event.type === "BOOKMARK") {
      this.#bookmarksSeen = true;
      if (stream.loading && !event.initialEnd) return;
      this.#version = event.resourceVersion;
      if (stream.loading) rows.finishLoad();
      stream.loading = false;
      this.#announce(stream);
      return;
    }
    if (event.type === "DELETED") rows.remove(event.object);
    else rows.put(event.object);
    if (stream.loading) return;
    // While a load runs there is no version yet that a watch could go on from.
    this.#version = event.object.metadata.resourceVersion ?? this.#version;
    this.#announce(stream);
  }

  async #list(signal: AbortSignal): Promise<string> {
    try {
      return await this.#pages(PAGE_SIZE, signal);
    } catch (error) {
      if (!isExpired(error)) throw error;
      // The pages took longer than the server keeps its history: once more, in one piece, as client-go's pager does.
      return await this.#pages(undefined, signal);
    }
  }

  /** Reads all pages; returns the version that a watch may start from. */
  async #pages(limit: number | undefined, signal: AbortSignal): Promise<string> {
    const { client, requests, rows, clock, onHeard } = this.#options;
    rows.beginLoad();
    let token: string | undefined;
    for (;;) {
      const response = await client.stream(requests.page(token, limit, signal));
      const body = await readWhole(response, { signal, clock, silenceMs: () => PAGE_SILENCE_MS });
      signal.throwIfAborted();
      onHeard();
      const page = parsePage(body.toString("utf8"));
      for (const object of page.items) rows.put(object);
      if (page.next === undefined) {
        rows.finishLoad();
        rows.flush();
        this.#version = page.resourceVersion;
        return page.resourceVersion;
      }
      rows.flush();
      token = page.next;
    }
  }

  /** A silent watch is tried again as it was; a second one in a row, where bookmarks should come, is not believed. */
  #silent(): void {
    this.#silentInARow++;
    if (!this.#bookmarksSeen || this.#silentInARow < 2) return;
    this.#silentInARow = 0;
    this.#version = undefined;
  }
}

interface Page {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  readonly next: string | undefined;
}

function parsePage(text: string): Page {
  const list = parseJson(text);
  if (!isRecord(list) || !isRecord(list["metadata"])) throw new GarbledStreamError("The server sent no list.");
  // Go writes an empty list as null.
  const items: unknown = list["items"] ?? [];
  if (!Array.isArray(items) || !items.every(isObject))
    throw new GarbledStreamError("The server sent a list of no objects.");
  const { resourceVersion, continue: next } = list["metadata"];
  if (typeof resourceVersion !== "string") throw new GarbledStreamError("The server sent a list without a version.");
  return { items, resourceVersion, next: typeof next === "string" && next !== "" ? next : undefined };
}
