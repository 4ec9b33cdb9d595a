import type { KubeObject } from "../objects.ts";
import { FakeBody, type FakeReply, type FakeRequest, json, refusal, streaming } from "./fakeTransport.ts";

interface Change {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
}

/**
 * One collection of an API server, as far as list, paged list, watch and streamed list go. A double: it speaks the
 * real protocol (API concepts, "Efficient detection of changes") but holds nothing else of a server.
 */
export class FakeCollection {
  readonly objects = new Map<string, KubeObject>();
  readonly watches = new Set<FakeBody>();
  readonly #history: Change[] = [];
  /** Whether `sendInitialEvents` is offered. */
  watchList = true;
  /** Bytes per chunk of what is sent. */
  chunkSize = 65_536;
  #version = 100;
  #oldest = 100;

  get version(): number {
    return this.#version;
  }

  set(name: string, value: string): void {
    const type = this.objects.has(name) ? "MODIFIED" : "ADDED";
    this.#version++;
    const uid = this.objects.get(name)?.metadata.uid ?? `uid-${name}-${this.#version}`;
    const metadata = { name, uid, resourceVersion: String(this.#version), labels: { value } };
    this.objects.set(name, { metadata });
    this.#changed({ version: this.#version, type, object: { metadata } });
  }

  remove(name: string): void {
    const object = this.objects.get(name);
    if (object === undefined) return;
    this.#version++;
    this.objects.delete(name);
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    this.#changed({ version: this.#version, type: "DELETED", object: { metadata } });
  }

  /** History up to now is no longer to be had. */
  compact(): void {
    this.#history.length = 0;
    this.#oldest = this.#version;
  }

  bookmark(): void {
    for (const watch of this.live()) this.#send(watch, this.#bookmark(false));
  }

  live(): FakeBody[] {
    return [...this.watches].filter((watch) => !watch.isOver);
  }

  answer(request: FakeRequest): FakeReply {
    const { query } = request;
    if (query["watch"] === undefined) return this.#list(query);
    if (query["sendInitialEvents"] !== undefined) return this.#watchList();
    const from = Number(query["resourceVersion"]);
    if (from < this.#oldest) return refusal(410, "Expired", `too old resource version: ${from} (${this.#oldest})`);
    const body = this.#open();
    for (const change of this.#history) if (change.version > from) this.#send(body, event(change));
    return streaming(body);
  }

  #list(query: FakeRequest["query"]): FakeReply {
    const all = [...this.objects.values()];
    const limit = query["limit"] === undefined ? all.length : Number(query["limit"]);
    const [at, start] = (query["continue"] ?? `${this.#version}/0`).split("/").map(Number);
    const from = start ?? 0;
    if ((at ?? 0) < this.#oldest) return refusal(410, "Expired", "The provided continue parameter is too old");
    const items = all.slice(from, from + limit);
    const next = from + limit < all.length ? `${at ?? 0}/${from + limit}` : "";
    return json({ metadata: { resourceVersion: String(at), continue: next }, items });
  }

  #watchList(): FakeReply {
    if (!this.watchList) {
      const message =
        "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
      return refusal(422, "Invalid", message);
    }
    const body = this.#open();
    for (const object of this.objects.values()) this.#send(body, { type: "ADDED", object });
    this.#send(body, this.#bookmark(true));
    return streaming(body);
  }

  #open(): FakeBody {
    const body = new FakeBody();
    this.watches.add(body);
    return body;
  }

  #changed(change: Change): void {
    this.#history.push(change);
    for (const watch of this.live()) this.#send(watch, event(change));
  }

  #send(body: FakeBody, value: unknown): void {
    body.pushInChunks(`${JSON.stringify(value)}\n`, this.chunkSize);
  }

  #bookmark(initialEnd: boolean): unknown {
    const annotations = initialEnd ? { "k8s.io/initial-events-end": "true" } : {};
    return { type: "BOOKMARK", object: { metadata: { resourceVersion: String(this.#version), annotations } } };
  }
}

function event(change: Change): unknown {
  return { type: change.type, object: change.object };
}
