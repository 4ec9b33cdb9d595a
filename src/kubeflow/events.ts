import { label } from "../core/sanitize.ts";
import { age } from "../core/text.ts";
import type { KubeClient } from "../kube/client.ts";
import { EVENT, projectEvent } from "./kinds/event.ts";
import type { JobEvent } from "./model.ts";
import { fieldValue } from "./read.ts";

/** Events of one object that are read at most: they are kept for an hour (kube-apiserver's --event-ttl). */
const MOST = 500;
/** Objects that are asked for: the one itself, which stands first, and so many that belong to it. */
const MOST_OBJECTS = 21;
/** Requests at a time. */
const AT_A_TIME = 6;

/**
 * What the cluster tells of an object and of what belongs to it (`uids`, its own first), oldest first. An object without
 * a namespace has its events in `default`. Rejects with ApiError, ConnectError or CancelledError.
 */
export async function readEvents(
  client: KubeClient,
  about: { readonly namespace: string | undefined; readonly name: string },
  uids: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<readonly JobEvent[]> {
  const names = [...uids].filter((uid) => uid !== "").slice(0, MOST_OBJECTS);
  const selectors = names.map((uid) => `involvedObject.uid=${fieldValue(uid)}`);
  // The kubelet names a node by its name where others say a uid.
  if (about.namespace === undefined)
    selectors.push(`involvedObject.kind=Node,involvedObject.name=${fieldValue(about.name)}`);
  const found = new Map<string, JobEvent>();
  const left = selectors.values();
  const work = async (): Promise<void> => {
    for (const fieldSelector of left) {
      const options = { namespace: about.namespace ?? "default", limit: MOST, fieldSelector, signal };
      const { items } = await client.list(EVENT, options);
      for (const event of items.map(projectEvent)) found.set(event.uid, event);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return [...found.values()].sort((a, b) => a.time - b.time);
}

/** The events as a document: age, type, reason, object, message, in columns. */
export function describeEvents(name: string, events: readonly JobEvent[], now: number): string {
  if (events.length === 0)
    return `No events of ${label(name)}.\nA cluster keeps events for an hour, unless it is set up otherwise.\n`;
  const rows = events.map((event) => [
    age(now - event.time),
    label(event.type, 20),
    label(event.reason, 60),
    label(`${event.aboutKind}/${event.aboutName}`, 120),
    label(event.message, 1000),
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")).join("\n") + "\n";
}

/** The one that was seen last of those that fit. */
export function newestOf(
  events: Iterable<JobEvent>,
  fits: (event: JobEvent) => boolean = () => true,
): JobEvent | undefined {
  let newest: JobEvent | undefined;
  for (const event of events) if (fits(event) && event.time >= (newest?.time ?? -Infinity)) newest = event;
  return newest;
}
