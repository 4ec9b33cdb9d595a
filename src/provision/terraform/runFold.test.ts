import assert from "node:assert/strict";
import { runEnd } from "./runEnd.ts";
import { RunFold } from "./runFold.ts";
import type { Run } from "./runs.ts";
import type { TerraformEvent } from "./stream.ts";

const cluster = { address: "google_container_cluster.this", type: "google_container_cluster", name: "this" };
const data = { address: "data.x.y", type: "x", name: "y" };
const RUN: Run = {
  ...{ number: 1, id: "a", kind: "apply", folder: "/f", planHash: "00", startedAt: 0 },
  ...{ owner: { pid: 5, start: "x" }, program: { kind: "terraform", version: "1.11.4" } },
};

type Phase = Extract<TerraformEvent, { kind: "apply" }>["phase"];
const planned = (action: string): TerraformEvent => ({ kind: "planned", resource: cluster, action });
const apply = (phase: Phase, action: string, at?: number, resource = cluster): TerraformEvent => ({
  ...{ kind: "apply", phase, action, resource, elapsedMs: 0, at },
});

function fold(...events: TerraformEvent[]): RunFold {
  const folded = new RunFold();
  for (const event of events) folded.add(event);
  return folded;
}

describe("what a run has told", () => {
  it("takes a replaced thing for done when it was removed and made", () => {
    const half = [planned("replace"), apply("start", "delete", 1_000), apply("complete", "delete")];
    assert.deepEqual(fold(...half).parts(61_000), [
      { address: cluster.address, what: "the control plane", action: "replace", state: "running", elapsedMs: 60_000 },
    ]);
    assert.equal(fold(...half, apply("start", "create", 5_000), apply("complete", "create")).done, 1);
  });

  it("says how far it is and since when the longest goes on; what is only read does not count", () => {
    const folded = fold(
      planned("create"),
      planned("no-op"),
      apply("start", "read", 0, data),
      apply("start", "create", 0),
    );
    assert.equal(folded.detail(200_000), "0 of 1 done · the control plane, 3 min 20 s");
    assert.deepEqual(folded.inFlight(), [cluster]);
  });

  it("tells every end: well, stopped, before it listened, killed, unseen, never begun", () => {
    const doing = fold(planned("create"), apply("start", "create", 0));
    const exit = (code: number | null, signal: string | null = null) => ({ exit: { code, signal, at: 9 } });
    const kinds = [
      runEnd({ ...RUN, ...exit(0) }, doing),
      runEnd({ ...RUN, ...exit(1), cancelledAt: 3 }, doing),
      runEnd({ ...RUN, ...exit(null, "SIGINT"), cancelledAt: 3 }, fold()),
      runEnd({ ...RUN, ...exit(null, "SIGTERM") }, doing),
      runEnd(RUN, doing),
      runEnd(RUN, fold({ kind: "summary", operation: "apply" })),
      runEnd({ ...RUN, exit: { code: null, signal: null, at: 9, notStarted: "EACCES" } }, fold()),
    ].map(({ kind }) => kind);
    assert.deepEqual(kinds, ["succeeded", "cancelled", "cancelled", "killed", "lost", "succeeded", "not-started"]);
    assert.match(
      runEnd(RUN, doing).message,
      /google_container_cluster\.this: they may exist without being in the state/,
    );
  });

  it("keeps to the last words of a crash", () => {
    const end = runEnd({ ...RUN, exit: { code: 2, signal: null, at: 9 } }, fold({ kind: "raw", text: "panic: x" }));
    assert.deepEqual([end.kind, end.message], ["failed", "panic: x"]);
  });
});
