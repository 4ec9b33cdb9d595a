import assert from "node:assert/strict";
import { CancelledError } from "../../core/errors.ts";
import { KubeClient } from "../../kube/client.ts";
import { ApiError, ConnectError } from "../../kube/errors.ts";
import { ManualClock } from "../../kube/testing/manualClock.ts";
import { RoomReader } from "../../kubeflow/nodeRoom.ts";
import type { LaunchSpec } from "../spec.ts";
import { SNAPSHOT, TRAIN_SPEC } from "../testing/launches.ts";
import { checkRun } from "./checkRun.ts";
import type { Finding } from "./finding.ts";

describe("the checks of a run together", () => {
  const run = async (failure: Error, signal = new AbortController().signal): Promise<string[]> => {
    const found: Finding[] = [];
    const client = new KubeClient({ send: () => Promise.reject(failure), dispose: () => undefined });
    const spec: LaunchSpec = { ...TRAIN_SPEC, output: { claim: "results" }, needs: { queue: "q" } };
    const rooms = new RoomReader(new ManualClock());
    const sources = { client, rooms, may: () => Promise.resolve("unknown" as const) };
    await checkRun({ file: "train.py", spec, snapshot: SNAPSHOT }, sources, (one) => found.push(one), signal);
    return found.map(({ field, level, text }) => `${level} ${field}: ${text}`);
  };

  it("tell a person without rights what cannot be told, and find nothing wrong or in order that is not", async () => {
    const found = await run(new ApiError(403, { message: "no", reason: "Forbidden" }));
    assert.ok(
      found.every((text) => /^(ok|unknown) /.test(text)),
      found.join("\n"),
    );
    assert.deepEqual(
      found.filter((text) => text.startsWith("ok ") && text.includes("cannot be told")),
      [],
    );
    const untold = found.flatMap((text) => /^unknown \S+: .* you may not (.*)\.$/.exec(text)?.[1] ?? []).sort();
    assert.deepEqual(untold, [
      "get localqueues",
      "get persistentvolumeclaims",
      "list limitranges",
      "list nodes",
      "list resourcequotas",
      "read ClusterTrainingRuntimes",
    ]);
  });

  it("say once that a cluster does not answer, and end where nobody waits", async () => {
    const silent = new ConnectError("unreachable", "team-a does not answer.");
    assert.deepEqual(worstOf(await run(silent)), ["warning cluster: Not all was checked: team-a does not answer."]);
    await assert.rejects(run(new CancelledError()), CancelledError);
  });

  const worstOf = (found: readonly string[]): readonly string[] => found.filter((text) => !text.startsWith("ok "));
});
