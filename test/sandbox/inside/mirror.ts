// A copy of all objects of one kind, kept up to date by list and watch, as a controller wants it.
import * as v from "valibot";
import type { Api } from "../api.ts";

export const Mirrored = v.looseObject({
  metadata: v.looseObject({
    name: v.string(),
    namespace: v.string(),
    uid: v.string(),
    resourceVersion: v.string(),
    labels: v.optional(v.record(v.string(), v.string()), {}),
    annotations: v.optional(v.record(v.string(), v.string()), {}),
    deletionTimestamp: v.optional(v.string()),
  }),
});
export type Mirrored = v.InferOutput<typeof Mirrored>;

const List = v.object({
  metadata: v.object({ resourceVersion: v.string() }),
  items: v.array(v.looseObject({})),
});
const Event = v.object({ type: v.string(), object: v.looseObject({}) });
const Versioned = v.object({ metadata: v.object({ resourceVersion: v.string() }) });

/** Seconds after which the server ends a watch by itself. Of a kind that nobody touches there may be no word before. */
const WATCH_SECONDS = 60;
/** Milliseconds. */
const SILENCE = 90_000;
/** Milliseconds between tries; a server that is started again answers within seconds. */
const [SHORTEST_PAUSE, LONGEST_PAUSE] = [100, 2_000];

export class Mirror<T extends Mirrored> {
  readonly #api: Api;
  readonly #path: string;
  readonly #schema: v.GenericSchema<unknown, T>;
  readonly #onChange: (object: T) => void;
  readonly #log: (line: string) => void;
  #objects = new Map<string, T>();

  /** @param path of the collection, with a query or without @param onChange told what came, changed or went */
  constructor(
    api: Api,
    path: string,
    schema: v.GenericSchema<unknown, T>,
    onChange: (object: T) => void,
    log: (line: string) => void,
  ) {
    this.#api = api;
    this.#path = path;
    this.#schema = schema;
    this.#onChange = onChange;
    this.#log = log;
  }

  get(namespace: string, name: string): T | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  /** Brings the copy up to date. @returns the version that a watch goes on from */
  async list(): Promise<string> {
    const { metadata, items } = v.parse(List, await this.#api.get(this.#path));
    const before = this.#objects;
    const objects = items.flatMap((item) => this.#read(item) ?? []);
    this.#objects = new Map(objects.map((object) => [keyOf(object), object]));
    for (const [key, object] of before) if (!this.#objects.has(key)) this.#onChange(object);
    for (const object of objects) this.#onChange(object);
    return metadata.resourceVersion;
  }

  /** Follows all changes for ever, through every end of the API server. @param version that `list` returned */
  async follow(version: string | undefined): Promise<never> {
    for (let pause = SHORTEST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        version ??= await this.list();
        for (;;) {
          version = await this.#watch(version);
          pause = SHORTEST_PAUSE;
        }
      } catch (error) {
        // The next try lists: what is gone from the server's history (410) or was missed cannot be caught up with.
        version = undefined;
        this.#log(String(error));
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  /** @returns the version to go on from once the server has ended the watch */
  async #watch(from: string): Promise<string> {
    let version = from;
    let refused: string | undefined;
    const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=${WATCH_SECONDS}&resourceVersion=${from}`;
    await this.#api.lines(`${this.#path}${this.#path.includes("?") ? "&" : "?"}${query}`, SILENCE, (line) => {
      const { type, object } = v.parse(Event, JSON.parse(line));
      if (type === "ERROR") refused = line;
      else version = this.#take(type, object);
    });
    if (refused !== undefined) throw new Error(`the watch of ${this.#path} ended: ${refused}`);
    return version;
  }

  /** @returns the version of what was told */
  #take(type: string, content: unknown): string {
    const { resourceVersion } = v.parse(Versioned, content).metadata;
    const object = type === "BOOKMARK" ? undefined : this.#read(content);
    if (object === undefined) return resourceVersion;
    if (type === "DELETED") this.#objects.delete(keyOf(object));
    else this.#objects.set(keyOf(object), object);
    this.#onChange(object);
    return resourceVersion;
  }

  /** One odd object must not keep the others from being seen. */
  #read(content: unknown): T | undefined {
    const result = v.safeParse(this.#schema, content);
    if (result.success) return result.output;
    this.#log(`${this.#path}: ${v.summarize(result.issues)} in ${JSON.stringify(content).slice(0, 300)}`);
    return undefined;
  }
}

function keyOf({ metadata }: Mirrored): string {
  return `${metadata.namespace}/${metadata.name}`;
}
