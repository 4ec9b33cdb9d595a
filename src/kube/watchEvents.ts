import type { ApiStatus } from "./errors.ts";
import { type Line, lineBatches } from "./lines.ts";
import type { KubeObject } from "./objects.ts";

export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: KubeObject }
  /** `initialEnd`: everything that existed has been sent (annotation `k8s.io/initial-events-end`). */
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string; readonly initialEnd: boolean }
  | { readonly type: "ERROR"; readonly status: ApiStatus };

/** The server's bytes make no sense: something may be missing, so that everything must be read anew. */
export class GarbledStreamError extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause });
    this.name = "GarbledStreamError";
  }
}

/** etcd takes objects of 1.5 MB by default; a longer line than this is no event. Bytes. */
const MAX_EVENT_BYTES = 32 * 1024 * 1024;
const INITIAL_END = "k8s.io/initial-events-end";

/** The events of a watch, as many at a time as one chunk completes. Throws GarbledStreamError, never skips. */
export async function* watchEvents(body: AsyncIterable<Buffer>): AsyncGenerator<readonly WatchEvent[]> {
  let rest: Line | undefined;
  for await (const lines of lineBatches(body, MAX_EVENT_BYTES, (line) => (rest = line))) {
    const events: WatchEvent[] = [];
    for (const line of lines) {
      if (line.more) throw new GarbledStreamError("The server sent a watch event without end.");
      if (line.text !== "") events.push(parseEvent(line.text));
    }
    yield events;
  }
  if (rest !== undefined) throw new GarbledStreamError("The server's watch ended in the middle of an event.");
}

function parseEvent(text: string): WatchEvent {
  const value = parseJson(text);
  if (!isRecord(value) || !isRecord(value["object"])) throw new GarbledStreamError("The server sent no watch event.");
  const { type, object } = value;
  if (type === "ERROR") return { type, status: object };
  if (!isObject(object)) throw new GarbledStreamError("The server sent a watch event without metadata.");
  if (type === "ADDED" || type === "MODIFIED" || type === "DELETED") return { type, object };
  if (type !== "BOOKMARK") throw new GarbledStreamError(`The server sent a watch event of the type ${String(type)}.`);
  const { resourceVersion, annotations } = object.metadata;
  if (resourceVersion === undefined) throw new GarbledStreamError("The server sent a bookmark without a version.");
  return { type, resourceVersion, initialEnd: annotations?.[INITIAL_END] === "true" };
}

/** Parses JSON of the server; throws GarbledStreamError. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new GarbledStreamError("The server sent JSON that cannot be read.", error);
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for anything with metadata; the rest of its fields are read defensively. */
export function isObject(value: unknown): value is KubeObject {
  return isRecord(value) && isRecord(value["metadata"]);
}
