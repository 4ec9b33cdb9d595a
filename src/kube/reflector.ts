import { after, type Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import type { Logger } from "../core/log.ts";
import { readBody, readWhole, SilentStreamError } from "./body.ts";
import type { KubeClient } from "./client.ts";
import { ApiError } from "./errors.ts";
import type { Reading } from "./reading.ts";
import type { Entry, Rows } from "./rows.ts";
import type { KubeRequest, KubeResponse } from "./transport.ts";
import { GarbledStreamError, isRecord, parseJson, type WatchEvent, watchEvents } from "./watchEvents.ts";
import {
  isExpired,
  isForbidden,
  refusesTable,
  refusesWatchList,
  SHORT_WATCH_MS,
  ShortWatchError,
} from "./watchFailures.ts";
import { asTable, PAGE_SIZE, type WatchRequests } from "./watchRequests.ts";

/**
 * Without any byte for this long, in ms, a watch is opened again, unless its connection is probed: a dead one is found
 * before its rows are 45 s old. Bookmarks are no sign of life: of a quiet kind they come every minute, every other minute
 * or, of events, never (seen: Kubernetes 1.34). So such a watch is a short one, which the server ends before that.
 */
const UNPROBED_SILENCE_MS = 42_000;
/** The server ends a watch once its `timeoutSeconds` are over: a probed one that stays silent for so much longer is lost. */
const OVERDUE_MS = 10_000;
/** And for so long, in ms, where it goes on beyond them. */
const PROBED_SILENCE_MS = 90_000;
/** The same while a load runs: servers that ignore `sendInitialEvents` never say that it is over. */
export const LOAD_SILENCE_MS = 10_000;
const PAGE_SILENCE_MS = 60_000;
/** Who may list and not watch sees the collection read anew this often, in ms: it is never older than 45 s. */
export const POLL_MS = 30_000;
/** Polls until the watch is tried again: rights are given while people wait for them. */
const POLLS = 10;

export interface ReflectorOptions<T> {
  readonly client: KubeClient;
  readonly requests: WatchRequests;
  readonly rows: Rows<T>;
  readonly objects: Reading<T>;
  /** Given for a listing: how its printed rows are read. */
  readonly table?: Reading<T>;
  readonly clock: Clock;
  readonly log: Logger;
  /** The server answers and the rows are whole; `everyMs` is set where they are read again and again. */
  readonly onConnected: (everyMs?: number) => void;
  readonly onHeard: () => void;
  /** Of printed rows: the object of this one has changed; without a key, any may have. */
  readonly onTouched?: (key?: string) => void;
}

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
  #tableRefused = false;
  /** The rows are those of the table: there are too many objects. */
  #printed = false;
  #bookmarksSeen = false;
  #silentInARow = 0;
  /** Whether a dead connection is found by itself, as far as is known. */
  #probed = true;
  #shortInARow = 0;
  /** How often the collection is still polled before the watch is tried again. */
  #pollsLeft = 0;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
  }

  /** The next connection reads everything anew. */
  forget(): void {
    this.#version = undefined;
  }

  /** The next connection tries the watch, though it was forbidden. */
  hope(): void {
    this.#pollsLeft = 0;
  }

  /**
   * Connects once: loads where needed, then follows. Resolves when the server ended the watch, rejects with the failure.
   * After the signal has aborted, rows are not touched any more.
   */
  async connect(signal: AbortSignal): Promise<void> {
    const { rows } = this.#options;
    try {
      if (this.#version === undefined) this.#printed = await this.#tabled(signal);
      if (this.#pollsLeft === 0) {
        if (await this.#watched(signal)) return;
        this.#pollsLeft = POLLS;
      }
      await this.#poll(signal);
    } catch (error) {
      rows.abandonLoad();
      // Who gets the right to watch alone must not wait for the right to list.
      if (isForbidden(error)) this.hope();
      if (!this.#printed || !refusesTable(error)) throw error;
      // The next connection goes without tables.
      this.#refuseTable();
    }
  }

  /**
   * A listing begins with one page of its table, 30 KB: the first rows, and how many there are. Where they are more, all
   * are read at once without a limit: servers before 1.34 answer that from memory, and what follows a page from etcd.
   * @returns whether the rows are those of the table, all of them
   */
  async #tabled(signal: AbortSignal): Promise<boolean> {
    const { table, requests, rows, onTouched } = this.#options;
    if (table === undefined || this.#tableRefused) return false;
    try {
      if (!this.#printed) {
        const first = await this.#page(requests.table(PAGE_SIZE, signal), table, signal);
        // Rows that are shown already are better than these.
        if (!rows.isComplete) for (const entry of first.entries) rows.put(entry);
        rows.flush();
        if (first.next === undefined) return false;
      }
      const all = await this.#page(requests.table(undefined, signal), table, signal);
      if (all.entries.length <= PAGE_SIZE) return false;
      rows.beginLoad();
      for (const entry of all.entries) rows.put(entry);
      this.#loaded(all.version);
      onTouched?.();
      return true;
    } catch (error) {
      if (!refusesTable(error)) throw error;
      this.#refuseTable();
      return false;
    }
  }

  #refuseTable(): void {
    this.#tableRefused = true;
    this.#printed = false;
    this.#version = undefined;
    this.#options.rows.abandonLoad();
    this.#options.log.debug(`${this.#options.requests.path}: no tables, reading objects`);
  }

  /** Loads where needed and follows to the end of the watch; false where watching is forbidden. */
  async #watched(signal: AbortSignal): Promise<boolean> {
    const { requests, rows } = this.#options;
    try {
      if (this.#version === undefined && !this.#watchListRefused && (await this.#watchList(signal))) return true;
      const version = this.#version ?? (await this.#list(signal));
      const request = requests.watch(version, !this.#probed, signal);
      await this.#follow(this.#printed ? asTable(request) : request, false, signal);
      return true;
    } catch (error) {
      if (!isForbidden(error)) throw error;
      rows.abandonLoad();
      // It may be that of long ago.
      this.#version = undefined;
      return false;
    }
  }

  /** Reads everything again and again, for a while. Rejects with what the list says: that may be forbidden too. */
  async #poll(signal: AbortSignal): Promise<void> {
    const { clock, onConnected } = this.#options;
    for (; this.#pollsLeft > 0; this.#pollsLeft--) {
      this.#printed = await this.#tabled(signal);
      if (!this.#printed) await this.#list(signal);
      onConnected(POLL_MS);
      await clock.sleep(POLL_MS, signal);
      this.#version = undefined;
    }
  }

  /** Loads and follows by one stream; false where the server does not offer that. */
  async #watchList(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#follow(this.#options.requests.watchList(signal), true, signal);
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

  async #follow(request: KubeRequest, loading: boolean, signal: AbortSignal): Promise<void> {
    const { clock, rows } = this.#options;
    const response = await this.#stream(request);
    if (loading) rows.beginLoad();
    const stream: Stream = { startedAt: clock.monotonic(), loading, announced: false, events: 0 };
    const lifeMs = Number(request.query?.["timeoutSeconds"]) * 1000;
    const overdueAt = stream.startedAt + lifeMs + OVERDUE_MS;
    const silenceMs = (lastByte: number): number => {
      if (stream.loading) return LOAD_SILENCE_MS;
      return response.probed === true ? Math.max(PROBED_SILENCE_MS, overdueAt - lastByte) : UNPROBED_SILENCE_MS;
    };
    let later: Disposable | undefined;
    // Only a server that has just ended watches at once must first show that this one lasts.
    if (!loading && this.#shortInARow === 0 && !signal.aborted) this.#announce(stream);
    else if (!loading) later = after(clock, SHORT_WATCH_MS, () => this.#announce(stream));
    try {
      for await (const events of watchEvents(readBody(response, { signal, clock, silenceMs }))) {
        signal.throwIfAborted();
        this.#options.onHeard();
        for (const event of events) this.#take(event, stream);
        rows.flush();
      }
      this.#silentInARow = 0;
    } catch (error) {
      if (stream.loading || !(error instanceof SilentStreamError)) throw error;
      // Nothing says that the server is gone: the next watch will show.
      this.#silent();
    } finally {
      later?.dispose();
      if (!signal.aborted) rows.flush();
      // However it ended: the next one need not show that it lasts.
      if (this.#lasted(stream)) this.#shortInARow = 0;
    }
    this.#checkEnd(stream);
  }

  #lasted({ startedAt, loading }: Stream): boolean {
    return !loading && this.#options.clock.monotonic() - startedAt >= SHORT_WATCH_MS;
  }

  /** The server ended the stream. Throws where it should not have. */
  #checkEnd(stream: Stream): void {
    if (stream.loading) {
      this.#refused("it ended before the load was whole");
      throw new ShortWatchError();
    }
    if (this.#lasted(stream)) return;
    // Even with events in it: a server that ends every watch after one would be asked without a pause.
    this.#shortInARow++;
    if (stream.events === 0 || this.#shortInARow > 1) throw new ShortWatchError();
  }

  #announce(stream: Stream): void {
    if (stream.announced) return;
    stream.announced = true;
    this.#options.onConnected();
  }

  #take(event: WatchEvent, stream: Stream): void {
    const { rows, onTouched } = this.#options;
    stream.events++;
    if (event.type === "ERROR") throw new ApiError(event.status.code ?? 500, event.status);
    if (event.type === "BOOKMARK") {
      // The one that ends a load says nothing of others.
      if (!event.initialEnd) this.#bookmarksSeen = true;
      if (stream.loading && !event.initialEnd) return;
      this.#version = event.resourceVersion;
      if (stream.loading) rows.finishLoad();
      stream.loading = false;
      this.#announce(stream);
      return;
    }
    for (const entry of this.#reading.event(event.object)) {
      if (event.type === "DELETED") rows.remove(entry.key);
      else rows.put(entry);
      if (this.#printed) onTouched?.(entry.key);
    }
    if (stream.loading) return;
    // While a load runs there is no version yet that a watch could go on from. A table has its object's version.
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
    const { requests, rows, objects } = this.#options;
    rows.beginLoad();
    let token: string | undefined;
    for (;;) {
      const page = await this.#page(requests.page(token, limit, signal), objects, signal);
      for (const entry of page.entries) rows.put(entry);
      if (page.next === undefined) {
        this.#loaded(page.version);
        return page.version;
      }
      rows.flush();
      token = page.next;
    }
  }

  #loaded(version: string): void {
    const { rows } = this.#options;
    rows.finishLoad();
    rows.flush();
    this.#version = version;
  }

  async #page(request: KubeRequest, reading: Reading<T>, signal: AbortSignal): Promise<Page<T>> {
    const { clock, onHeard } = this.#options;
    const response = await this.#stream(request);
    const body = await readWhole(response, { signal, clock, silenceMs: () => PAGE_SILENCE_MS });
    signal.throwIfAborted();
    onHeard();
    const list = parseJson(body);
    if (!isRecord(list) || !isRecord(list["metadata"])) throw new GarbledStreamError("The server sent no list.");
    const entries = reading.list(list);
    const { resourceVersion: version, continue: next } = list["metadata"];
    if (typeof version !== "string") throw new GarbledStreamError("The server sent a list without a version.");
    return { entries, version, next: typeof next === "string" && next !== "" ? next : undefined };
  }

  async #stream(request: KubeRequest): Promise<KubeResponse> {
    const response = await this.#options.client.stream(request);
    this.#probed = response.probed === true;
    return response;
  }

  get #reading(): Reading<T> {
    const { table, objects } = this.#options;
    return this.#printed && table !== undefined ? table : objects;
  }

  /** A silent watch is tried again as it was; a second one in a row, where bookmarks should come, is not believed. */
  #silent(): void {
    this.#silentInARow++;
    if (!this.#bookmarksSeen || this.#silentInARow < 2) return;
    this.#silentInARow = 0;
    this.#version = undefined;
  }
}

interface Page<T> {
  readonly entries: readonly Entry<T>[];
  readonly version: string;
  readonly next: string | undefined;
}
