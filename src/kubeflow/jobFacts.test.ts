import assert from "node:assert/strict";
import { describeReplicas, isActive } from "./jobFacts.ts";
import { job } from "./testing/objects.ts";

describe("what a job says without its pods", () => {
  it("GPUs of unlike replicas are added, not multiplied", () => {
    const { replicas } = job();
    const unlike = replicas.map((set, at) => ({ ...set, gpus: at * 2 }));
    assert.equal(describeReplicas(job({ replicas: unlike })), "2 nodes, 2 GPUs in all");
    assert.equal(describeReplicas(job()), "2 nodes × 1 GPU");
  });

  it("only a job that may still use the cluster is active", () => {
    assert.deepEqual(
      [
        job(),
        job({ condition: "Succeeded" }),
        job({ condition: "Failed" }),
        job({ suspended: true }),
        job({ deleting: true }),
        job({ condition: undefined }),
      ].map(isActive),
      [true, false, false, false, false, true],
    );
  });
});
