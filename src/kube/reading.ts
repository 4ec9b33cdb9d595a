import type { Clock } from "../core/clock.ts";
import type { KubeObject } from "./objects.ts";
import type { Entry } from "./rows.ts";
import type { ListingDefinition } from "./store.ts";
import { type TableRow, TableReader } from "./table.ts";
import { GarbledStreamError, isObject } from "./watchEvents.ts";

type Answer = Readonly<Record<string, unknown>>;

/** How what a server says of a collection becomes rows. Throws GarbledStreamError for what makes no sense. */
export interface Reading<T> {
  list(answer: Answer): readonly Entry<T>[];
  /** The object of an event; one row but for odd servers. */
  event(object: KubeObject): readonly Entry<T>[];
}

/** Whole objects, by uid or by name. */
export function readsObjects<T>(project: (object: KubeObject) => T, by: "uid" | "name"): Reading<T> {
  const entry = (object: KubeObject): Entry<T> => {
    const { uid, name, resourceVersion } = object.metadata;
    // Servers differ, and these names are keys.
    if (uid === undefined || uid === "") throw new GarbledStreamError("The server sent an object without a uid.");
    return { key: by === "uid" ? uid : name, mark: resourceVersion, make: () => project(object) };
  };
  return {
    list(answer) {
      // Go writes an empty list as null.
      const items: unknown = answer["items"] ?? [];
      if (!Array.isArray(items) || !items.every(isObject))
        throw new GarbledStreamError("The server sent a list of no objects.");
      return items.map(entry);
    },
    event: (object) => [entry(object)],
  };
}

/** Rows of a table, by name. `whole` gives the projection of the whole object where there is one. */
export function readsTables<T>(
  projectRow: ListingDefinition<T>["projectRow"],
  whole: (name: string) => T | undefined,
  namespace: string,
  clock: Clock,
): Reading<T> {
  const reader = new TableReader(namespace);
  const entry = (row: TableRow): Entry<T> => ({
    key: row.name,
    mark: row,
    make: () => projectRow(row, whole(row.name)),
  });
  return {
    list: (answer) => reader.rows(answer, clock.now()).map(entry),
    event: (object) => reader.rows({ ...object }, clock.now()).map(entry),
  };
}
