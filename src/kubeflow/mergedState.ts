import type { StoreState } from "../kube/store.ts";

/**
 * One state for several stores whose rows stand together. Those that may not be read, or whose kind the cluster has not,
 * count only where there are no others. `since` (wall ms) is when the set became stale, for where no store says so.
 */
export function mergedState(states: readonly StoreState[], since: number): StoreState {
  const asked = states.filter(({ kind }) => kind !== "absent" && kind !== "forbidden");
  if (asked.length === 0) return states.find(({ kind }) => kind === "forbidden") ?? { kind: "absent" };
  const stale = asked.filter((state) => state.kind === "stale").sort((a, b) => a.since - b.since);
  const oldest = stale.find(({ halted }) => halted !== undefined) ?? stale[0];
  if (oldest !== undefined) return { ...oldest, since: stale[0]?.since ?? oldest.since };
  const failed = asked.find((state) => state.kind === "failed");
  // Some rows can be seen, others cannot: the set is not what it should be.
  if (failed !== undefined && asked.some(({ kind }) => kind === "live"))
    return { kind: "stale", since, why: failed.error.message };
  if (failed !== undefined) return failed;
  const open = asked.find(({ kind }) => kind === "loading") ?? asked.find(({ kind }) => kind === "idle");
  if (open !== undefined) return open;
  const everyMs = Math.max(0, ...asked.map((state) => (state.kind === "live" ? (state.everyMs ?? 0) : 0)));
  return everyMs === 0 ? { kind: "live" } : { kind: "live", everyMs };
}

export function isKnown({ kind }: StoreState): boolean {
  return kind === "live" || kind === "stale";
}
