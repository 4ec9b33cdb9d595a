import { label } from "../core/sanitize.ts";
import { age } from "../core/text.ts";
import type { KubeClient } from "../kube/client.ts";
import { EVENT, projectEvent } from "./kinds/event.ts";
import type { JobEvent } from "./model.ts";

/** Events read at most: a namespace keeps them for an hour (kube-apiserver's --event-ttl). */
const MOST = 2_000;

/**
 * What the cluster tells of an object and of what belongs to it (`uids`), oldest first. An object without a namespace
 * has its events in `default`. Rejects with ApiError, ConnectError or CancelledError.
 */
export async function readEvents(
  client: KubeClient,
  about: { readonly namespace: string | undefined; readonly name: string },
  uids: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<readonly JobEvent[]> {
  const { items } = await client.list(EVENT, {
    namespace: about.namespace ?? "default",
    limit: MOST,
    ...(signal === undefined ? {} : { signal }),
  });
  return items
    .map(projectEvent)
    .filter((event) => uids.has(event.aboutUid) || (event.aboutKind === "Node" && event.aboutName === about.name))
    .sort((a, b) => a.time - b.time);
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
