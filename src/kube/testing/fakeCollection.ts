import type { KubeObject } from "../objects.ts";
import { TABLE_TYPE } from "../table.ts";
import { FakeBody, type FakeReply, type FakeRequest, json, refusal, streaming } from "./fakeTransport.ts";

interface Change {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
}

/**
 * One collection of an API server, as far as get, list, paged list, watch and streamed list go, each as objects or as a
 * table. A double: it speaks the real protocol (API concepts, "Efficient detection of changes") but holds nothing else
 * of a server.
 */
export class FakeCollection {
  readonly objects = new Map<string, KubeObject>();
  readonly watches = new Set<FakeBody>();
  readonly #history: Change[] = [];
  /** Watches of tables: whether nothing was sent yet. */
  readonly #tables = new WeakMap<FakeBody, boolean>();
  /** Whether `sendInitialEvents` is offered. */
  watchList = true;
  /** Whether tables are. The column State shows a value up to its first slash. */
  tables = true;
  /** What a table says of everybody's age. */
  age = "5m10s";
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
    const row = { cells: ["", null, null], object: null };
    for (const watch of this.live()) {
      const resourceVersion = String(this.#version);
      if (!this.#tables.has(watch)) this.#send(watch, this.#bookmark(false));
      else this.#send(watch, { type: "BOOKMARK", object: table({ resourceVersion }, null, [row]) });
    }
  }

  live(): FakeBody[] {
    return [...this.watches].filter((watch) => !watch.isOver);
  }

  answer(request: FakeRequest): FakeReply {
    const { query } = request;
    const name = /\/(?:pytorchjobs|pods)\/([^/]+)$/.exec(request.path)?.[1];
    if (name !== undefined) return this.#get(name);
    const asTable = request.raw.accept === TABLE_TYPE;
    if (asTable && !this.tables) return refusal(406, "NotAcceptable", "only the following media types are accepted");
    if (query["watch"] === undefined) return this.#list(query, asTable);
    if (query["sendInitialEvents"] !== undefined) return this.#watchList();
    const from = Number(query["resourceVersion"]);
    if (from < this.#oldest) return refusal(410, "Expired", `too old resource version: ${from} (${this.#oldest})`);
    const body = this.#open();
    if (asTable) this.#tables.set(body, true);
    for (const change of this.#history) if (change.version > from) this.#send(body, this.#event(change, body));
    return streaming(body);
  }

  #row({ metadata }: KubeObject): unknown {
    return { cells: [metadata.name, metadata.labels?.["value"]?.split("/")[0], this.age], object: null };
  }

  #get(name: string): FakeReply {
    const object = this.objects.get(name);
    return object === undefined ? refusal(404, "NotFound", `"${name}" not found`) : json(object);
  }

  #list(query: FakeRequest["query"], asTable: boolean): FakeReply {
    const all = [...this.objects.values()];
    const limit = query["limit"] === undefined ? all.length : Number(query["limit"]);
    const [at, start] = (query["continue"] ?? `${this.#version}/0`).split("/").map(Number);
    const from = start ?? 0;
    if ((at ?? 0) < this.#oldest) return refusal(410, "Expired", "The provided continue parameter is too old");
    const items = all.slice(from, from + limit);
    const next = from + limit < all.length ? `${at ?? 0}/${from + limit}` : "";
    const metadata = { resourceVersion: String(at), continue: next };
    if (asTable)
      return json(
        table(
          metadata,
          COLUMNS,
          items.map((item) => this.#row(item)),
        ),
      );
    return json({ metadata, items });
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
    for (const watch of this.live()) this.#send(watch, this.#event(change, watch));
  }

  /** Of a table's events only the first says what the columns are (seen: Kubernetes 1.34). */
  #event({ type, object }: Change, watch: FakeBody): unknown {
    const isFirst = this.#tables.get(watch);
    if (isFirst === undefined) return { type, object };
    this.#tables.set(watch, false);
    const { resourceVersion } = object.metadata;
    return { type, object: table({ resourceVersion }, isFirst ? COLUMNS : null, [this.#row(object)]) };
  }

  #send(body: FakeBody, value: unknown): void {
    body.pushInChunks(`${JSON.stringify(value)}\n`, this.chunkSize);
  }

  #bookmark(initialEnd: boolean): unknown {
    const annotations = initialEnd ? { "k8s.io/initial-events-end": "true" } : {};
    return { type: "BOOKMARK", object: { metadata: { resourceVersion: String(this.#version), annotations } } };
  }
}

const COLUMNS = [
  { name: "Name", type: "string", format: "name" },
  { name: "State", type: "string", format: "" },
  { name: "Age", type: "date", format: "" },
];

function table(metadata: object, columnDefinitions: unknown, rows: readonly unknown[]): unknown {
  return { kind: "Table", apiVersion: "meta.k8s.io/v1", metadata, columnDefinitions, rows };
}
