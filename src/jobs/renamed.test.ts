import assert from "node:assert/strict";
import { buildJob } from "./manifests/index.ts";
import { renamed } from "./renamed.ts";
import { SNAPSHOT, SPEC, TRAIN_SPEC } from "./testing/launches.ts";

describe("a job under another name", () => {
  for (const like of [SPEC, TRAIN_SPEC])
    for (const output of [{ claim: "results" }, { uri: "s3://bucket/$runs" }])
      it(`is as one that was planned under it: a ${like.kind} with ${JSON.stringify(output)}`, () => {
        const spec = { ...like, output };
        const other = { ...spec, id: "000000000000", name: "train-0000" };
        const packed = { ...SNAPSHOT, tier: "archive" as const, archive: { ...SNAPSHOT.archive, bytes: 1_000_000 } };
        for (const snapshot of [SNAPSHOT, packed])
          assert.deepEqual(
            renamed(buildJob(spec, snapshot, "1"), spec, other),
            JSON.parse(JSON.stringify(buildJob(other, snapshot, "1"))),
          );
      });
});
